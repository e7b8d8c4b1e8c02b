//! Holds: placing, extending, releasing.

use crate::ledger::command::{Context, Wish};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::made::placed;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::model::{CallId, Hold, HoldId, HoldStatus, Party};

use super::claiming::{claim, clear_lapsed};
use super::version;

/// A hold of no time would hold nothing.
const NO_TIME: Rejection = Rejection::Invalid {
    field: "ttl_seconds",
    detail: "at least 1 second",
};

/// Claims a slot for a while; the same caller asking again gets the hold it has.
pub fn place(
    ledger: &Ledger,
    wish: &Wish,
    party: Party,
    ttl_seconds: Option<u32>,
    call: Option<CallId>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if ttl_seconds == Some(0) {
        return Err(NO_TIME);
    }
    if let Some(hold) = same_wish(ledger, wish, party, call, context) {
        return Ok(again(ledger, hold, context));
    }
    let claimed = claim(ledger, wish, None, context)?;
    has_room(ledger, party, context)?;

    let lifetime_ends_at = context
        .now
        .plus_seconds(context.policy.hold_lifetime_seconds_max.into());
    let ttl_seconds = ttl_seconds.unwrap_or(context.policy.hold_ttl_seconds);
    let mut events = clear_lapsed(ledger, &claimed.claims, context);
    let event = Event::HoldPlaced {
        hold: HoldId(context.fresh[0]),
        service: claimed.service.number,
        interval: claimed.service.interval(wish.start),
        claims: claimed.claims,
        party,
        call,
        by: context.principal,
        at: context.now,
        expires_at: context
            .now
            .plus_seconds(ttl_seconds.into())
            .min(lifetime_ends_at),
        lifetime_ends_at,
    };
    let hold = placed(&event).expect("this event places a hold");
    events.push(event);
    Ok(Decision::new(
        events,
        Receipt::Hold(ledger.hold_view(&hold, context.now)),
    ))
}

/// The hold that the caller has. If they come back over another agent's line, it is open to that agent from now on.
fn again(ledger: &Ledger, hold: &Hold, context: &Context<'_>) -> Decision {
    if hold.is_open_to(context.principal) {
        let view = ledger.hold_view(hold, context.now);
        return Decision::quiet(Receipt::HoldAgain(view));
    }
    let taken_up = Hold {
        version: hold.version + 1,
        ..hold.clone()
    };
    let event = Event::HoldTakenUp {
        hold: hold.id,
        by: context.principal,
    };
    let view = ledger.hold_view(&taken_up, context.now);
    Decision::new(vec![event], Receipt::HoldAgain(view))
}

/// The live hold that this caller, by phone or by call, already has on the wished slot. Where any resource will do, a hold
/// at any of them is it, if it is for the same person: a parent may bring two children at one time.
fn same_wish<'a>(
    ledger: &'a Ledger,
    wish: &Wish,
    party: Party,
    call: Option<CallId>,
    context: &Context<'_>,
) -> Option<&'a Hold> {
    let of_phone = ledger
        .callers
        .get(&party.caller)
        .map(|caller| &caller.open_holds);
    let of_call = call.map_or(&[][..], |call| ledger.calls.open_holds(call));
    let open = of_phone.into_iter().flatten().chain(of_call);
    open.filter_map(|hold| ledger.holds.get(hold)).find(|hold| {
        hold.is_live(context.now)
            && hold.interval.start() == wish.start
            && ledger.service_of(hold).id == wish.service
            && match &wish.resource {
                Some(resource) => ledger.numbered(hold.resource()).id == *resource,
                None => hold.party.person == party.person,
            }
    })
}

/// Whether this phone may hold one more.
pub(super) fn has_room(
    ledger: &Ledger,
    party: Party,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let Some(caller) = ledger.callers.get(&party.caller) else {
        return Ok(());
    };
    let open = caller
        .open_holds
        .iter()
        .filter_map(|hold| ledger.holds.get(hold));
    let lapses: Vec<_> = open
        .filter(|hold| hold.is_live(context.now))
        .map(|hold| hold.expires_at)
        .collect();
    match lapses.iter().min() {
        Some(first) if lapses.len() >= context.policy.live_holds_per_phone_max as usize => {
            Err(Rejection::TooManyHolds { retry_at: *first })
        }
        _ => Ok(()),
    }
}

/// The hold, if this principal may carry it on; to another agent it is not there.
pub(super) fn known<'a>(
    ledger: &'a Ledger,
    hold: HoldId,
    context: &Context<'_>,
) -> Result<&'a Hold, Rejection> {
    let hold = ledger.holds.get(&hold);
    hold.filter(|hold| hold.is_open_to(context.principal))
        .ok_or(Rejection::NotFound(Missing::Hold))
}

/// The hold, if this principal may carry it on and it is as they have seen it.
pub(super) fn at_version<'a>(
    ledger: &'a Ledger,
    hold: HoldId,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<&'a Hold, Rejection> {
    let hold = known(ledger, hold, context)?;
    version::check(hold.version_at(context.now), if_version)?;
    Ok(hold)
}

/// The hold, if it is still live; what it became otherwise.
pub(super) fn live<'a>(
    ledger: &'a Ledger,
    hold: HoldId,
    context: &Context<'_>,
) -> Result<&'a Hold, Rejection> {
    let hold = known(ledger, hold, context)?;
    match hold.status(context.now) {
        HoldStatus::Held => Ok(hold),
        HoldStatus::Confirmed => Err(Rejection::HoldConfirmed),
        HoldStatus::Released | HoldStatus::Expired => Err(Rejection::HoldExpired),
    }
}

/// Keeps a hold until `ttl_seconds` from now, never shorter than it already lasts and never beyond its lifetime.
pub fn extend(
    ledger: &Ledger,
    hold: HoldId,
    ttl_seconds: u32,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    at_version(ledger, hold, if_version, context)?;
    let hold = live(ledger, hold, context)?;
    if ttl_seconds == 0 {
        return Err(NO_TIME);
    }
    if hold.expires_at >= hold.lifetime_ends_at {
        return Err(Rejection::HoldLifetimeReached);
    }
    let wished = context
        .now
        .plus_seconds(ttl_seconds.into())
        .min(hold.lifetime_ends_at);
    if wished <= hold.expires_at {
        return Ok(Decision::quiet(Receipt::Hold(
            ledger.hold_view(hold, context.now),
        )));
    }
    let extended = Hold {
        expires_at: wished,
        version: hold.version + 1,
        ..hold.clone()
    };
    let event = Event::HoldExtended {
        hold: hold.id,
        expires_at: wished,
    };
    Ok(Decision::new(
        vec![event],
        Receipt::Hold(ledger.hold_view(&extended, context.now)),
    ))
}

/// Gives a hold's time back. Repeating it, or releasing what has lapsed, changes nothing; what was booked is cancelled, not
/// released.
pub fn release(
    ledger: &Ledger,
    hold: HoldId,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    at_version(ledger, hold, if_version, context)?;
    match live(ledger, hold, context) {
        Ok(hold) => {
            let event = Event::HoldReleased { hold: hold.id };
            Ok(Decision::new(vec![event], Receipt::Released(hold.id)))
        }
        Err(Rejection::HoldExpired) => Ok(Decision::quiet(Receipt::Released(hold))),
        Err(rejection) => Err(rejection),
    }
}
