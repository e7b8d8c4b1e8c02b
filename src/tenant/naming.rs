//! Names put back: what the ledger answers in ids, with the persons, reasons and phones that belong to them.
//!
//! Whoever was erased is simply not there. Nothing is decided; what a viewer may not see is left out here and nowhere else.

use std::collections::BTreeMap;

use crate::ledger::{AppointmentView, Decision, Receipt, View};
use crate::model::{Message, Principal, Subject, TextKind, Timestamp};
use crate::replay::Contacts;

use super::messages::{Answer, Seen};
use super::texts::Writer;

/// A decision's answer, with the names of those it is about.
pub fn answer(contacts: &Contacts, decision: Decision) -> Answer {
    let about = match &decision.receipt {
        // A reason that was given later is no part of an earlier answer that is given again.
        Receipt::Appointment(view) | Receipt::AppointmentAgain(view) => {
            view.cancellation.map(|_| Subject::Appointment(view.id))
        }
        Receipt::Block { block, .. } => Some(Subject::Block(block.id)),
        _ => None,
    };
    Answer {
        person: decision
            .receipt
            .party()
            .and_then(|party| contacts.card(party.person)),
        reason: about.and_then(|about| contacts.reason(about)).cloned(),
        receipt: decision.receipt,
        replayed: decision.replayed,
        secret: None,
    }
}

/// What was found, with the names, reasons, phones and words that belong to it and that this viewer may see.
pub fn seen(
    contacts: &Contacts,
    writer: &Writer<'_>,
    view: View,
    viewer: Principal,
    now: Timestamp,
) -> Seen {
    let (mut persons, mut subjects) = (Vec::new(), Vec::new());
    let mut appointment = |shown: &AppointmentView| {
        persons.push(shown.party.person);
        subjects.push(Subject::Appointment(shown.id));
    };
    match &view {
        View::Appointment(shown) => appointment(shown),
        View::Appointments(page) => page.items.iter().for_each(appointment),
        View::Series(series) => series.appointments.iter().for_each(appointment),
        View::Conflicts(page) => (page.items.iter()).for_each(|one| appointment(&one.appointment)),
        View::OfPerson {
            person,
            upcoming,
            past,
        } => {
            upcoming.iter().chain(past).for_each(appointment);
            persons.push(*person);
        }
        View::Hold(hold) => persons.push(hold.party.person),
        View::Holds(page) => persons.extend(page.items.iter().map(|hold| hold.party.person)),
        View::WaitlistEntry(entry) => persons.push(entry.party.person),
        View::Waitlist(page) => persons.extend(page.items.iter().map(|one| one.party.person)),
        View::Blocks(page) => {
            subjects.extend(page.items.iter().map(|block| Subject::Block(block.id)));
        }
        _ => {}
    }
    let people: BTreeMap<_, _> = persons
        .into_iter()
        .filter_map(|person| Some((person, contacts.card(person)?)))
        .collect();
    let reasons: BTreeMap<_, _> = subjects
        .into_iter()
        .filter_map(|about| Some((about, contacts.reason(about)?.clone())))
        .collect();
    let texts = match &view {
        View::Messages(page) => page.items.as_slice(),
        _ => &[],
    };
    let conversations = match &view {
        View::Conversations(page) => page.items.as_slice(),
        _ => &[],
    };
    let callers = texts.iter().map(|text| text.to);
    let callers = callers.chain(conversations.iter().map(|one| one.caller));
    let phones = callers.filter_map(|caller| Some((caller, contacts.phone(caller)?.clone())));
    // What someone said is shown to whoever may act on it.
    let may_hear = viewer.is_of_the_house() || viewer.is_agent();
    let heard = conversations.iter().filter(|_| may_hear);
    let remarks = heard.map(|one| (one.caller, contacts.remarks(one.caller, now)));
    let is_shown = |text: &&Message| !matches!(text.kind, TextKind::Code { .. });
    let shown = texts.iter().filter(|_| viewer.is_staff()).filter(is_shown);
    let bodies = shown.map(|text| (text.id, writer.words(text.kind, text.queued_at)));
    Seen {
        phones: phones.collect(),
        remarks: remarks.collect(),
        bodies: bodies.collect(),
        view,
        people,
        reasons,
    }
}
