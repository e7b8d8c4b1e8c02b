//! What an event means to those who wait: which time it gives back, and what becomes of an offer.
//!
//! `apply` calls this before the event changes anything else, so that what is given back can still be seen. Like `apply` it
//! is total and asks no clock. Freed time is only noted here; whom it is offered to is decided by `rules/offers.rs`.

use crate::limits;
use crate::model::{
    Claim, EndReason, HoldId, ServiceId, Timestamp, WaitlistEntry, WaitlistId, WaitlistState,
};

use super::event::Event;
use super::state::{Forget, Ledger};

/// Takes in what an event means to those who wait.
pub(super) fn follow(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::HoldReleased { hold } => give_back(ledger, *hold, false),
        Event::HoldExpired { hold } => give_back(ledger, *hold, true),
        Event::HoldConfirmed {
            hold,
            appointment,
            at,
            ..
        } => {
            if let Some(entry) = ledger.waitlist.book(*hold, *appointment, *at) {
                look_again(ledger);
                forget_later(ledger, entry, *at);
            }
        }
        Event::AppointmentCancelled { appointment, .. }
        | Event::AppointmentMoved { appointment, .. } => {
            let appointment = ledger.appointments.get(appointment);
            let claims = appointment.map(|appointment| appointment.claims.clone());
            note(ledger, &claims.unwrap_or_default());
        }
        Event::WaitlistJoined { .. } => {
            let entry = joined(event).expect("this event adds an entry");
            ledger.waitlist.join(entry);
        }
        Event::WaitlistWithdrawn { entry, at } => {
            leave(ledger, *entry, WaitlistState::Withdrawn, *at);
        }
        Event::WaitlistOver { entry, at } => {
            leave(
                ledger,
                *entry,
                WaitlistState::Over(EndReason::DatePassed),
                *at,
            );
        }
        Event::OfferMade { entry, hold } => ledger.waitlist.offer(*entry, *hold),
        Event::OfferUnsent { hold } => ledger.waitlist.count_unsent(*hold),
        Event::FreedLooked { claim, up_to } => ledger.waitlist.note_looked(*claim, *up_to),
        Event::FreedKept { claims } => ledger.waitlist.keep_freed(claims),
        Event::FreedDropped { claims } => ledger.waitlist.drop_freed(claims),
        _ => {}
    }
}

/// The entry that an event adds; `None` for any other event.
pub(super) fn joined(event: &Event) -> Option<WaitlistEntry> {
    let Event::WaitlistJoined {
        entry,
        service,
        resources,
        times,
        party,
        by,
        at,
        ends_at,
    } = event
    else {
        return None;
    };
    Some(WaitlistEntry {
        id: *entry,
        version: 1,
        service: *service,
        resources: resources.clone(),
        times: *times,
        party: *party,
        created_by: *by,
        created_at: *at,
        ends_at: *ends_at,
        state: WaitlistState::Waiting,
        passed_up: Vec::new(),
        unanswered: 0,
        ended_at: None,
    })
}

/// A hold ends without an appointment. If it was an offer its entry waits again before the time is noted: another time that
/// the same hold gives back may be one for it.
fn give_back(ledger: &mut Ledger, hold: HoldId, unanswered: bool) {
    let Some(hold) = ledger.holds.get(&hold).cloned() else {
        return;
    };
    let (start, at) = (hold.interval.start(), hold.expires_at);
    let was_offer = ledger.waitlist.offered_by(hold.id).is_some();
    if let Some(entry) = ledger.waitlist.pass_up(hold.id, start, unanswered, at) {
        forget_later(ledger, entry, at);
    }
    if was_offer {
        look_again(ledger);
    }
    note(ledger, &hold.claims);
}

/// Notes time that becomes free, as far as anyone might use it who waits, or who waits again if their offer is not taken.
fn note(ledger: &mut Ledger, claims: &[Claim]) {
    for claim in claims {
        let services = &ledger.services;
        let may_take = |service: ServiceId| services[service.0 as usize].may_take(claim.resource);
        if ledger.waitlist.awaited().any(may_take) {
            ledger.waitlist.note_freed(*claim);
        }
    }
}

/// An offer has ended, so someone may be offered what they were not before: whoever had it, or who shares their phone.
fn look_again(ledger: &mut Ledger) {
    let services = &ledger.services;
    let awaited: Vec<_> = ledger.waitlist.awaited().collect();
    let may_take = |resource| {
        let mut awaited = awaited.iter();
        awaited.any(|service| services[service.0 as usize].may_take(resource))
    };
    ledger.waitlist.look_again(may_take);
}

fn leave(ledger: &mut Ledger, entry: WaitlistId, state: WaitlistState, at: Timestamp) {
    ledger.waitlist.leave(entry, state, at);
    look_again(ledger);
    forget_later(ledger, entry, at);
}

fn forget_later(ledger: &mut Ledger, entry: WaitlistId, ended_at: Timestamp) {
    let at = ended_at.plus_seconds(limits::ENDED_KEPT_SECONDS);
    ledger.forgets.insert((at, Forget::WaitlistEntry(entry)));
}
