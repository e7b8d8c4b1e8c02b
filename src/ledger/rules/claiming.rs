//! Claiming a slot: what holds, staff bookings and reschedulings have in common.

use crate::ledger::availability::alternatives;
use crate::ledger::choosing::{Chosen, choose};
use crate::ledger::command::{Context, Wish};
use crate::ledger::event::Event;
use crate::ledger::judgement::{Asked, Verdict};
use crate::ledger::occupancy::Owner;
use crate::ledger::rejection::{Bound, Reason, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{Claim, Service};

/// A slot that can be had, and what it takes.
pub(super) struct Claimed<'a> {
    /// What for.
    pub service: &'a Service,
    /// Of whom and when, buffers included.
    pub claims: Vec<Claim>,
    /// Someone else has part of it.
    pub overbooked: bool,
}

/// Finds the claims for a wish, or says why it cannot be had, with what can be had instead.
pub(super) fn claim<'a>(
    ledger: &'a Ledger,
    wish: &Wish,
    except: Option<Owner>,
    context: &Context<'_>,
) -> Result<Claimed<'a>, Rejection> {
    had(ledger, wish, except, false, context)
}

/// The same, also of time that someone else has where nobody is free: on staff's word.
pub(super) fn overbook<'a>(
    ledger: &'a Ledger,
    wish: &Wish,
    context: &Context<'_>,
) -> Result<Claimed<'a>, Rejection> {
    let claimed = had(ledger, wish, None, true, context)?;
    let is_full = |claim: &Claim| {
        let counted = ledger
            .occupancy
            .overbookings(claim.resource, claim.interval);
        counted >= limits::OVERBOOKINGS_PER_DAY_MAX
    };
    if claimed.overbooked && claimed.claims.iter().any(is_full) {
        return Err(Rejection::LimitReached(Bound::Overbookings));
    }
    Ok(claimed)
}

fn had<'a>(
    ledger: &'a Ledger,
    wish: &Wish,
    except: Option<Owner>,
    overbook: bool,
    context: &Context<'_>,
) -> Result<Claimed<'a>, Rejection> {
    let unknown = Rejection::SlotNotOffered(Reason::Unknown);
    let service = ledger.service(&wish.service).ok_or(unknown)?;
    let resource = wish.resource.as_ref();
    let asked = Asked::new(ledger, service, wish.start, context.now, except);
    match choose(asked, resource, overbook) {
        Ok(Chosen { claims, overbooked }) => Ok(Claimed {
            service,
            claims,
            overbooked,
        }),
        Err(Verdict::NotOffered(reason)) => Err(Rejection::SlotNotOffered(reason)),
        Err(Verdict::Taken(_) | Verdict::Free) => {
            Err(Rejection::SlotTaken(alternatives(asked, resource)))
        }
    }
}

/// Writes down the lapse of every hold that stands in the way of these claims: its time is over, it was only not swept yet.
pub(super) fn clear_lapsed(ledger: &Ledger, claims: &[Claim], context: &Context<'_>) -> Vec<Event> {
    let in_the_way = claims
        .iter()
        .flat_map(|claim| ledger.occupancy.overlapping(claim.resource, claim.interval));
    let mut lapsed: Vec<_> = in_the_way
        .filter(|entry| entry.lapses_at <= context.now)
        .filter_map(|entry| match entry.owner {
            Owner::Hold(hold) => Some(hold),
            Owner::Appointment(_) => None,
        })
        .collect();
    // A hold over midnight stands on two days, and may stand in the way of two claims.
    lapsed.sort_unstable();
    lapsed.dedup();
    lapsed
        .into_iter()
        .map(|hold| Event::HoldExpired { hold })
        .collect()
}
