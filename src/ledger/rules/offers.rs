//! Offers: freed time goes to the first who waits for it, as a hold of theirs and a text that says so.
//!
//! One decision makes one offer at the most. First means by order of creation among those whom the time fits; the soonest
//! start first. A freed stretch stays noted until it fits nobody any more, so an hour may serve two half-hours. Nobody can
//! come in between: the house asks for these decisions in the same step of the tenant that freed the time.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::Rejection;
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    CallerId, Channel, Claim, HoldId, MessageId, Proof, Reply, TextKind, Timestamp,
};

use super::calls::conversed;
use super::channel;
use super::claiming::clear_lapsed;
use super::confirm::booked;
use super::search::{Fit, Found, Search};
use super::time_passed::time_passed;

/// Offers freed time to the first whom it fits, and drops what fits nobody.
pub fn offer_freed(ledger: &Ledger, context: &Context<'_>) -> Decision {
    // Whose offer has lapsed waits again, at their old place.
    let has_lapsed = |(at, _): &(Timestamp, HoldId)| *at <= context.now;
    if ledger.lapses.first().is_some_and(has_lapsed) {
        return time_passed(ledger, context);
    }
    if !channel::is_there(ledger, context) || channel::full_until(ledger, context).is_some() {
        // Nobody could be told of an offer.
        let all = ledger.waitlist.freed().map(|(freed, _)| freed);
        let some = all.take(limits::SWEEP_ROWS_MAX);
        return ended(some.collect(), Vec::new(), Vec::new());
    }
    let (mut dropped, mut kept) = (Vec::new(), Vec::new());
    let mut work = limits::OFFER_WORK_MAX;
    for (freed, after) in ledger.waitlist.freed().take(limits::FREED_LOOKS_MAX) {
        match Search::new(ledger, freed, &mut work, context).first_after(after) {
            Found::Fit(fit) => {
                // Nothing is left of it for anyone else.
                if fit.claims.iter().any(|claim| covers(claim, &freed)) {
                    dropped.push(freed);
                }
                return ended(dropped, kept, offered(ledger, fit, context));
            }
            Found::NobodyYet { up_to } => {
                let looked = Event::FreedLooked {
                    claim: freed,
                    up_to,
                };
                return ended(dropped, kept, vec![looked]);
            }
            // Whoever has an offer, or shares a phone with them, may want it when that offer has ended.
            Found::Nobody if freed.interval.end() > context.now && ledger.waitlist.has_offers() => {
                kept.push(freed);
            }
            Found::Nobody => dropped.push(freed),
        }
        if work == 0 {
            break;
        }
    }
    ended(dropped, kept, Vec::new())
}

fn covers(claim: &Claim, freed: &Claim) -> bool {
    claim.resource == freed.resource && claim.interval.contains(freed.interval)
}

fn ended(dropped: Vec<Claim>, kept: Vec<Claim>, mut events: Vec<Event>) -> Decision {
    if !kept.is_empty() {
        events.push(Event::FreedKept { claims: kept });
    }
    if !dropped.is_empty() {
        events.push(Event::FreedDropped { claims: dropped });
    }
    Decision::new(events, Receipt::Nothing)
}

/// The hold that is the offer, and the text that says so, in one step.
fn offered(ledger: &Ledger, fit: Fit<'_>, context: &Context<'_>) -> Vec<Event> {
    let Fit {
        entry,
        start,
        claims,
    } = fit;
    let service = &ledger.services[entry.service.0 as usize];
    let hold = HoldId(context.fresh[0]);
    let now = context.now;
    let expires_at = now
        .plus_seconds(context.policy.offer_seconds.into())
        .min(start);
    let lifetime = now.plus_seconds(context.policy.hold_lifetime_seconds_max.into());
    let mut events = clear_lapsed(ledger, &claims, context);
    events.push(Event::HoldPlaced {
        hold,
        service: service.number,
        interval: service.interval(start),
        claims,
        party: entry.party,
        call: None,
        by: context.principal,
        at: now,
        expires_at,
        lifetime_ends_at: lifetime.max(expires_at),
    });
    // The agent who put them on the waitlist may carry on what comes of it.
    if entry.created_by.is_agent() {
        let by = entry.created_by;
        events.push(Event::HoldTakenUp { hold, by });
    }
    events.extend([
        Event::OfferMade {
            entry: entry.id,
            hold,
        },
        Event::TextQueued {
            message: MessageId(context.fresh[1]),
            kind: TextKind::Offer {
                hold,
                start,
                expires_at,
            },
            to: entry.party.caller,
            at: now,
        },
    ]);
    events
}

/// Takes or declines the newest offer of a phone, be it of the waitlist or after a call, as its holder answered. Whoever answers from the phone has it in hand, so
/// no code is asked for (docs/decisions). What answers nothing changes nothing; what is unclear is
/// remembered as a contact.
pub fn answer(
    ledger: &Ledger,
    caller: Option<CallerId>,
    reply: Reply,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let offer = caller.and_then(|caller| ledger.answerable(caller, context.now));
    Ok(match (offer, reply) {
        (Some(hold), Reply::Yes) => booked(ledger, hold, Proof::Reply, context),
        (Some(hold), Reply::No) => {
            let event = Event::HoldReleased { hold: hold.id };
            Decision::new(vec![event], Receipt::Released(hold.id))
        }
        (_, Reply::Unclear) => {
            // It may be asked about in the next call.
            let said = caller.map(|caller| conversed(caller, Channel::Text, None, context));
            Decision::new(said.into_iter().collect(), Receipt::Nothing)
        }
        (None, _) => Decision::quiet(Receipt::Nothing),
    })
}
