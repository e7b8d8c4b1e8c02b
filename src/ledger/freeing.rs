//! What an event means to those who wait: which time it gives back, and what becomes of an offer.
//!
//! `apply` calls this before the event changes anything else, so that what is given back can still be seen. Like `apply` it
//! is total and asks no clock. Freed time is only noted here; whom it is offered to is decided by `rules/offers.rs`.

use jiff::civil::DateTime;

use crate::calendar::Zone;
use crate::limits;
use crate::model::{
    Claim, EndReason, HoldId, Interval, Service, ServiceId, Timestamp, WaitlistEntry, WaitlistId,
    WaitlistState,
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
                look_again(ledger, entry);
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
    let was_offer = ledger.waitlist.offered_by(hold.id).map(|entry| entry.id);
    if let Some(entry) = ledger.waitlist.pass_up(hold.id, start, unanswered, at) {
        forget_later(ledger, entry, at);
    }
    if let Some(entry) = was_offer {
        look_again(ledger, entry);
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

/// An offer to this entry has ended, so it may be offered what it was not before, and so may whoever shares its phone.
fn look_again(ledger: &mut Ledger, entry: WaitlistId) {
    let entry = ledger.waitlist.get(entry);
    let caller = entry.expect("events name known entries").party.caller;
    let (services, zone) = (&ledger.services, &ledger.zone);
    ledger.waitlist.look_again(caller, |entry, freed| {
        let service = &services[entry.service.0 as usize];
        let (first, last) = readings(service, zone, freed.interval);
        service.may_take(freed.resource) && entry.times.might_fit(first, last)
    });
}

/// Between which readings of the clinic's clock an appointment begins that can use this time.
pub(super) fn readings(service: &Service, zone: &Zone, freed: Interval) -> (DateTime, DateTime) {
    let reach = service.claimed(Timestamp(0));
    let read = |at: i64| zone.wall_clock(Timestamp(at)).0;
    (
        read(freed.start().0.saturating_sub(reach.end().0)),
        read(freed.end().0.saturating_sub(reach.start().0)),
    )
}

fn leave(ledger: &mut Ledger, entry: WaitlistId, state: WaitlistState, at: Timestamp) {
    ledger.waitlist.leave(entry, state, at);
    look_again(ledger, entry);
    forget_later(ledger, entry, at);
}

fn forget_later(ledger: &mut Ledger, entry: WaitlistId, ended_at: Timestamp) {
    let at = ended_at.plus_seconds(limits::ENDED_KEPT_SECONDS);
    ledger.forgets.insert((at, Forget::WaitlistEntry(entry)));
}
