//! What events mean to those who are erased, and to those who are forgotten by themselves because they never booked.
//!
//! A part of `apply`, which alone changes anything by it: total, and without a clock. Also whom an entry is about: what its
//! personal part belongs to, if that does not say so itself.

use crate::model::{AppointmentId, Erasure, HoldId, Party, PersonId, Timestamp};

use super::conversing::forget_conversation;
use super::event::Event;
use super::state::{Forget, Ledger};

impl Ledger {
    /// Whom these events are about, as the ledger knows it after them. One request is made for one person, so the events of an entry
    /// name one party at the most, those aside that another one's lapsed hold adds.
    pub fn party(&self, events: &[Event]) -> Option<Party> {
        let answered = events.iter().find_map(|event| match event {
            Event::RequestRemembered { receipt, .. } => receipt.party(),
            _ => None,
        });
        answered.or_else(|| events.iter().find_map(|event| named(self, event)))
    }

    /// Whose appointment it is.
    pub fn person_of(&self, appointment: AppointmentId) -> Option<PersonId> {
        let appointment = self.appointments.get(&appointment);
        appointment.map(|appointment| appointment.party.person)
    }

    /// A person's appointments, by start.
    pub fn appointments_of(&self, person: PersonId) -> impl Iterator<Item = AppointmentId> {
        let (first, last) = ((Timestamp::MIN, 0), (Timestamp::MAX, u64::MAX));
        let places = self.agenda.between(Some(person), first, last);
        places.filter_map(|(_, serial)| Some(self.appointments.by_serial(serial)?.id))
    }

    /// Whether a person was erased.
    pub fn is_erased(&self, person: PersonId) -> bool {
        self.erasures.persons.contains(&person)
    }

    /// The erasures that are not completed, with the entries listed for each so far.
    pub fn open_erasures(&self) -> impl Iterator<Item = (Erasure, &[u64])> {
        let open = self.erasures.open.iter();
        open.map(|(of, entries)| (*of, entries.as_slice()))
    }

    /// The entries listed for an erasure; `None`: it is not open.
    pub fn listed_for(&self, of: Erasure) -> Option<&[u64]> {
        self.erasures.open.get(&of).map(Vec::as_slice)
    }

    /// Whether a hold is of someone who was erased.
    pub(super) fn is_of_erased(&self, hold: HoldId) -> bool {
        let hold = self.holds.get(&hold);
        hold.is_some_and(|hold| self.is_erased(hold.party.person))
    }
}

/// What an event says of erasures, made so. A part of `apply`.
pub(super) fn apply_to_erasures(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::PersonErased { person, caller, .. } => {
            ledger.erasures.persons.insert(*person);
            let of = Erasure::of_person(*person, *caller);
            ledger.erasures.open.entry(of).or_default();
            ledger.unbooked.drop(*person);
            // Nobody can tell with whom on that phone it was.
            forget_conversation(ledger, *caller);
            for (key, until) in ledger.requests.forget_those_of(*person) {
                ledger.forgets.remove(&(until, Forget::Request(key)));
            }
        }
        Event::CallerErased { caller, .. } => {
            let of = Erasure::of_caller(*caller);
            ledger.erasures.open.entry(of).or_default();
            forget_conversation(ledger, *caller);
        }
        Event::PersonErasureBegun { of, entries } => {
            let listed = ledger.erasures.open.get_mut(of);
            let listed = listed.expect("only an open erasure lists entries");
            listed.extend(entries);
        }
        Event::PersonErasureCompleted { of } => {
            let open = ledger.erasures.open.remove(of);
            assert!(open.is_some(), "an erasure is completed once");
        }
        Event::PersonKept { person, at } => ledger.unbooked.keep(*person, *at),
        _ => unreachable!("apply sends only events of erasures here"),
    }
}

/// Takes in what an event says of those who have not booked. Called by `apply` before anything else changes.
pub(super) fn follow_unbooked(ledger: &mut Ledger, event: &Event) {
    let (party, at) = match event {
        Event::HoldPlaced { party, at, .. } | Event::WaitlistJoined { party, at, .. } => {
            (Some(*party), *at)
        }
        Event::WaitlistWithdrawn { entry, at } | Event::WaitlistOver { entry, at } => {
            (ledger.waitlist.get(*entry).map(|entry| entry.party), *at)
        }
        Event::AppointmentBooked { party, .. } => return ledger.unbooked.drop(party.person),
        Event::HoldConfirmed { hold, .. } => {
            if let Some(hold) = ledger.holds.get(hold) {
                ledger.unbooked.drop(hold.party.person);
            }
            return;
        }
        _ => return,
    };
    let Some(party) = party else { return };
    let (first, last) = ((Timestamp::MIN, 0), (Timestamp::MAX, u64::MAX));
    let mut booked = ledger.agenda.between(Some(party.person), first, last);
    if booked.next().is_none() {
        drop(booked);
        ledger.unbooked.hear(party, at);
    }
}

fn named(ledger: &Ledger, event: &Event) -> Option<Party> {
    match event {
        Event::HoldPlaced { party, .. }
        | Event::AppointmentBooked { party, .. }
        | Event::WaitlistJoined { party, .. } => Some(*party),
        Event::HoldConfirmed { appointment, .. }
        | Event::AppointmentMarked { appointment, .. }
        | Event::AppointmentCancelled { appointment, .. }
        | Event::AppointmentMoved { appointment, .. } => {
            let appointment = ledger.appointments.get(appointment);
            appointment.map(|appointment| appointment.party)
        }
        _ => None,
    }
}
