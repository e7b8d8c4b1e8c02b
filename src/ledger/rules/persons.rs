//! Persons: erasing one, and forgetting by themselves those who never booked.
//!
//! Whoever is erased has nothing left that is still to come: what is held, awaited or booked for them ends in the same step.
//! They are not told of it: where to is what is erased. What is over stays, as an appointment of nobody.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    AppointmentVerb, CallerId, Erasure, Hold, Party, PersonId, Timestamp, Transition,
};

use super::appointments::cancellable_until;
use super::waitlist::withdrawn;

const SECONDS_OF_DAY: i64 = 24 * 60 * 60;

/// Erases a person, and their phone with them if nobody else is on it. `caller` is by whose phone they call; `None`: nobody
/// knows them. Whoever has more to come than one step takes is erased by as many steps as it needs.
pub fn erase(
    ledger: &Ledger,
    person: PersonId,
    caller: Option<CallerId>,
    is_alone: bool,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let erased = |is_done| Receipt::Erased { is_done };
    if ledger.is_erased(person) {
        return Ok(Decision::quiet(erased(true)));
    }
    let caller = caller.ok_or(Rejection::NotFound(Missing::Person))?;
    let mut events = ended(ledger, Party { caller, person }, context);
    if events.len() > limits::ERASED_ROWS_MAX {
        return Ok(Decision::new(events, erased(false)));
    }
    events.push(Event::PersonErased {
        person,
        caller,
        at: context.now,
    });
    events.extend(is_alone.then_some(Event::CallerErased {
        caller,
        at: context.now,
    }));
    Ok(Decision::new(events, erased(true)))
}

/// Erases a phone on which nobody is. `None`: nobody knows it. One that is being erased and came back meanwhile goes again.
pub fn erase_caller(
    caller: Option<CallerId>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let caller = caller.ok_or(Rejection::NotFound(Missing::Person))?;
    let at = context.now;
    Ok(Decision::new(
        vec![Event::CallerErased { caller, at }],
        Receipt::Erased { is_done: true },
    ))
}

/// Ends what is still to come for someone: up to a bounded number of things, and one that goes with the last.
fn ended(ledger: &Ledger, party: Party, context: &Context<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for entry in ledger.waitlist.open_entries_of(party.caller) {
        if entry.party.person == party.person {
            events.extend(withdrawn(ledger, entry, context));
        }
    }
    for hold in open_holds(ledger, party) {
        // An offer ends with the wait that it was made to.
        if ledger.waitlist.offered_by(hold.id).is_none() {
            events.push(match hold.is_live(context.now) {
                true => Event::HoldReleased { hold: hold.id },
                false => Event::HoldExpired { hold: hold.id },
            });
        }
    }
    let (now, last) = ((context.now, 0), (Timestamp::MAX, u64::MAX));
    for (_, serial) in ledger.agenda.between(Some(party.person), now, last) {
        if events.len() > limits::ERASED_ROWS_MAX {
            break;
        }
        let appointment = ledger.appointments.by_serial(serial);
        let appointment = appointment.expect("the agenda names known appointments");
        if let Transition::To(_) = appointment.status.after(AppointmentVerb::Cancel) {
            events.push(Event::AppointmentCancelled {
                appointment: appointment.id,
                late: context.now > cancellable_until(ledger, appointment),
                by: context.principal,
                at: context.now,
            });
        }
    }
    events
}

fn open_holds(ledger: &Ledger, party: Party) -> impl Iterator<Item = &Hold> {
    let of_phone = ledger.callers.get(&party.caller);
    let open = of_phone.into_iter().flat_map(|caller| &caller.open_holds);
    open.filter_map(|hold| ledger.holds.get(hold))
        .filter(move |hold| hold.party.person == party.person)
}

/// Says which entries are about to be overwritten for an erasure.
pub fn begin_erasure(ledger: &Ledger, of: Erasure, entries: &[u64]) -> Decision {
    match ledger.listed_for(of) {
        None => Decision::quiet(Receipt::Nothing),
        Some(_) => {
            let entries = entries.to_vec();
            let event = Event::PersonErasureBegun { of, entries };
            Decision::new(vec![event], Receipt::Nothing)
        }
    }
}

/// Says that everything that an erasure listed is overwritten.
pub fn complete_erasure(ledger: &Ledger, of: Erasure) -> Decision {
    match ledger.listed_for(of) {
        None => Decision::quiet(Receipt::Nothing),
        Some(_) => Decision::new(vec![Event::PersonErasureCompleted { of }], Receipt::Nothing),
    }
}

/// Those who never booked and of whom nothing was heard for as long as the operator keeps them: a bounded number of them.
/// Whoever still waits for something is looked at again as much later.
pub(super) fn forgotten(ledger: &Ledger, context: &Context<'_>) -> Vec<Event> {
    let at = context.now;
    let Some(kept) = kept_seconds(context.policy.unbooked_days) else {
        return Vec::new();
    };
    let silent = ledger.unbooked.since(at.plus_seconds(-kept));
    silent
        .take(limits::SWEEP_ROWS_MAX)
        .map(|party| {
            let Party { caller, person } = party;
            match awaits_something(ledger, party, at) {
                true => Event::PersonKept { person, at },
                false => Event::PersonErased { person, caller, at },
            }
        })
        .collect()
}

fn awaits_something(ledger: &Ledger, party: Party, now: Timestamp) -> bool {
    let mut awaited = ledger.waitlist.open_entries_of(party.caller);
    awaited.any(|entry| entry.party.person == party.person)
        || open_holds(ledger, party).any(|hold| hold.is_live(now))
}

fn kept_seconds(days: u32) -> Option<i64> {
    (days > 0).then_some(i64::from(days) * SECONDS_OF_DAY)
}

impl Ledger {
    /// When the next one who never booked has been kept for so many days; 0: they are kept for ever.
    pub fn next_unbooked(&self, days: u32) -> Option<Timestamp> {
        let kept = kept_seconds(days)?;
        Some(self.unbooked.first()?.plus_seconds(kept))
    }
}
