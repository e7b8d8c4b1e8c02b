//! The waitlist: joining and leaving it. Whom a freed time is offered to is `offers.rs`'s business.

use jiff::Span;
use jiff::civil::Date;

use crate::ledger::command::{Awaited, Context};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::freeing::joined;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    Party, ResourceId, Service, Times, Timestamp, WaitlistEntry, WaitlistId, WaitlistState,
};

use super::practice::invalid;
use super::version;

/// Puts someone at the end of the waitlist.
pub fn join(
    ledger: &Ledger,
    awaited: &Awaited,
    party: Party,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let unknown = invalid("service", "there is no such service here");
    let service = ledger.service(&awaited.service).ok_or(unknown)?;
    let resources = resources(ledger, service, awaited)?;
    let ends_at = ends_at(ledger, service, &awaited.times, context)?;
    if ledger.waitlist.open_of(party.caller) >= limits::WAITLIST_ENTRIES_PER_PHONE_MAX {
        return Err(Rejection::LimitReached(Bound::WaitlistOfPhone));
    }
    if ledger.waitlist.open() >= limits::WAITLIST_ENTRIES_MAX {
        return Err(Rejection::LimitReached(Bound::Waitlist));
    }
    let event = Event::WaitlistJoined {
        entry: WaitlistId(context.fresh[0]),
        service: service.number,
        resources,
        times: awaited.times,
        party,
        by: context.principal,
        at: context.now,
        ends_at,
    };
    let entry = joined(&event).expect("this event adds an entry");
    let view = ledger.waitlist_view(&entry, context.now);
    Ok(Decision::new(vec![event], Receipt::WaitlistEntry(view)))
}

/// The wished resources by number, each of which must give the service; none if any will do.
fn resources(
    ledger: &Ledger,
    service: &Service,
    awaited: &Awaited,
) -> Result<Vec<ResourceId>, Rejection> {
    let Some(wished) = &awaited.resources else {
        return Ok(Vec::new());
    };
    if wished.is_empty() {
        let detail = "name at least one, or leave the field out if any will do";
        return Err(invalid("resources", detail));
    }
    let mut numbers = Vec::new();
    for id in wished.iter().take(limits::SERVICE_RESOURCES_MAX + 1) {
        let number = ledger.resource(id).map(|resource| resource.number);
        let number = number.filter(|number| service.resources.contains(number));
        let detail = "each must be a resource that gives this service";
        numbers.push(number.ok_or(invalid("resources", detail))?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    match numbers.len() <= limits::SERVICE_RESOURCES_MAX {
        true => Ok(numbers),
        false => Err(invalid("resources", "at most 200")),
    }
}

/// When the wait is over: after the last date that is wished, or else when the service could not be booked further ahead on
/// the first one.
fn ends_at(
    ledger: &Ledger,
    service: &Service,
    times: &Times,
    context: &Context<'_>,
) -> Result<Timestamp, Rejection> {
    let today = ledger.zone.date_of(context.now);
    let ahead = |date: Date, days: u32| date.checked_add(Span::new().days(days)).ok();
    let furthest = ahead(today, limits::HORIZON_DAYS_MAX).unwrap_or(Date::MAX);
    let first = times.from.unwrap_or(today).max(today);
    if first > furthest {
        return Err(invalid("from", "at most two years ahead"));
    }
    let last = match times.to {
        Some(last) if last < today => return Err(invalid("to", "that date is over")),
        Some(last) if last < first => return Err(invalid("to", "no earlier than `from`")),
        Some(last) if last > furthest => return Err(invalid("to", "at most two years ahead")),
        Some(last) => last,
        None => ahead(first, service.horizon_days).unwrap_or(Date::MAX),
    };
    let day = ledger.zone.day(last).map(|day| day.end());
    // A date that the clock skips, or at the end of the calendar.
    day.filter(|end| *end > context.now)
        .ok_or(invalid("to", "there is no such day"))
}

/// Takes an entry back, and its offer with it. Taking back what has ended changes nothing.
pub fn withdraw(
    ledger: &Ledger,
    id: WaitlistId,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let entry = ledger.waitlist.get(id);
    let entry: &WaitlistEntry = entry
        .filter(|entry| entry.is_open_to(context.principal))
        .ok_or(Rejection::NotFound(Missing::WaitlistEntry))?;
    version::check(ledger.waitlist_version(entry, context.now), if_version)?;
    let events = withdrawn(ledger, entry, context);
    Ok(Decision::new(events, Receipt::Withdrawn(id)))
}

/// What taking an entry back comes to; nothing, if it has ended.
pub(super) fn withdrawn(
    ledger: &Ledger,
    entry: &WaitlistEntry,
    context: &Context<'_>,
) -> Vec<Event> {
    let withdrawn = Event::WaitlistWithdrawn {
        entry: entry.id,
        at: context.now,
    };
    match entry.state {
        WaitlistState::Waiting => vec![withdrawn],
        WaitlistState::Offered(hold) => {
            let given_back = match ledger.offer_stands(hold, context.now) {
                true => Event::HoldReleased { hold },
                false => Event::HoldExpired { hold },
            };
            vec![withdrawn, given_back]
        }
        WaitlistState::Booked(_) | WaitlistState::Withdrawn | WaitlistState::Over(_) => Vec::new(),
    }
}
