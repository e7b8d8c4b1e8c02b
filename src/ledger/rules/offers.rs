//! Offers: freed time goes to the first who waits for it, as a hold of theirs and a text that says so.
//!
//! One decision makes one offer at the most. First means by order of creation among those whom the time fits; the soonest
//! start first. A freed stretch stays noted until it fits nobody any more, so an hour may serve two half-hours. Nobody can
//! come in between: the house asks for these decisions in the same step of the tenant that freed the time.

use std::cell::OnceCell;

use jiff::civil::DateTime;

use crate::ledger::availability::free_within;
use crate::ledger::choosing::choose;
use crate::ledger::command::{Context, TextChannel};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::judgement::Asked;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::Rejection;
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    CallerId, Claim, Hold, HoldId, MessageId, Proof, Reply, ResourceId, Service, TextKind, Times,
    Timestamp, WaitlistEntry,
};

use super::claiming::clear_lapsed;
use super::confirm::booked;
use super::holds;
use super::time_passed::time_passed;

/// A free time that takes some of a freed stretch.
struct Opening {
    start: Timestamp,
    /// The same on the clinic's wall clock.
    reading: DateTime,
    /// The resource under which it is listed.
    first: ResourceId,
    /// What it takes, once someone has asked; `None`: it cannot be had, or not with the freed time.
    claims: OnceCell<Option<Vec<Claim>>>,
}

/// What someone who waits can have.
struct Fit<'a> {
    entry: &'a WaitlistEntry,
    start: Timestamp,
    claims: Vec<Claim>,
}

/// Offers freed time to the first whom it fits, and drops what fits nobody.
pub fn offer_freed(ledger: &Ledger, context: &Context<'_>) -> Decision {
    // Whose offer has lapsed waits again, at their old place.
    let has_lapsed = |(at, _): &(Timestamp, HoldId)| *at <= context.now;
    if ledger.lapses.first().is_some_and(has_lapsed) {
        return time_passed(ledger, context);
    }
    if context.policy.texts == TextChannel::Provider && ledger.sms.is_none() {
        // Without credentials nobody could be told of an offer.
        let all = ledger.waitlist.freed().take(limits::SWEEP_ROWS_MAX);
        return ended(all.collect(), Vec::new(), Vec::new());
    }
    let (mut dropped, mut kept) = (Vec::new(), Vec::new());
    let mut walked = 0;
    for freed in ledger.waitlist.freed().take(limits::FREED_LOOKS_MAX) {
        if walked >= limits::OFFER_ENTRIES_MAX {
            break;
        }
        match first_fit(ledger, freed, &mut walked, context) {
            // Whoever has an offer, or shares a phone with them, may want it when that offer has ended.
            None if freed.interval.end() > context.now && ledger.waitlist.has_offers() => {
                kept.push(freed);
            }
            None => dropped.push(freed),
            Some(fit) => {
                let covers = |claim: &Claim| {
                    claim.resource == freed.resource && claim.interval.contains(freed.interval)
                };
                // Nothing is left of it for anyone else.
                if fit.claims.iter().any(covers) {
                    dropped.push(freed);
                }
                return ended(dropped, kept, offered(ledger, fit, context));
            }
        }
    }
    ended(dropped, kept, Vec::new())
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

/// The first in order of creation who can have some of a freed stretch, and the soonest they can have.
fn first_fit<'a>(
    ledger: &'a Ledger,
    freed: Claim,
    walked: &mut usize,
    context: &Context<'_>,
) -> Option<Fit<'a>> {
    if freed.interval.end() <= context.now {
        return None;
    }
    let mut awaited = Vec::new();
    for (number, queue) in ledger.waitlist.queues() {
        let service = &ledger.services[number.0 as usize];
        let openings = openings_of(ledger, service, freed, walked, context);
        if !openings.is_empty() {
            *walked += queue.len();
            let mut readings: Vec<_> = openings.iter().map(|opening| opening.reading).collect();
            readings.dedup();
            awaited.push((openings, readings, queue));
        }
    }
    let suited = awaited.iter().map(|(openings, readings, queue)| {
        let suits = |times: &Times| readings.iter().any(|reading| times.fit(*reading));
        let queue = queue.iter().filter(move |(_, times)| suits(times));
        queue.map(move |(serial, _)| (*serial, openings)).peekable()
    });
    let mut queues: Vec<_> = suited.collect();
    // Order is by creation over all queues: whoever stands first at the head of any is next.
    loop {
        let heads = queues.iter_mut().enumerate();
        let heads = heads.filter_map(|(place, queue)| Some((queue.peek()?.0, place)));
        let (serial, place) = heads.min()?;
        let (_, openings) = queues[place].next().expect("it has a head");
        let entry = ledger.waitlist.by_serial(serial);
        let entry = entry.expect("queues name known entries");
        if let Some(fit) = take(ledger, entry, freed, openings, context) {
            return Some(fit);
        }
    }
}

/// The openings of a service in a freed stretch, soonest first; of one start by the listed resource's number.
fn openings_of(
    ledger: &Ledger,
    service: &Service,
    freed: Claim,
    walked: &mut usize,
    context: &Context<'_>,
) -> Vec<Opening> {
    if !service.may_take(freed.resource) {
        return Vec::new();
    }
    // Whoever may stand by does so for any of those under whom the service is listed.
    let firsts = match service.may_stand_by(freed.resource) {
        true => service.resources.as_slice(),
        false => std::slice::from_ref(&freed.resource),
    };
    // A look at a resource's hours costs as much as walking so many entries.
    *walked += firsts.len() * limits::OFFER_ENTRIES_PER_LOOK;
    let soonest = context.now.plus_seconds(limits::OFFER_SECONDS_MIN);
    let mut openings = Vec::new();
    for first in firsts {
        let resource = ledger.numbered(*first);
        let starts = free_within(ledger, service, resource, freed.interval, context.now);
        let starts = starts.into_iter().filter(|start| *start >= soonest);
        openings.extend(starts.map(|start| Opening {
            start,
            reading: ledger.zone.wall_clock(start).0,
            first: *first,
            claims: OnceCell::new(),
        }));
    }
    openings.sort_unstable_by_key(|opening| (opening.start, opening.first));
    openings.truncate(limits::OFFER_CHOICES_MAX);
    openings
}

impl Opening {
    /// What it takes, if it can be had and needs the freed time; asked once, whoever wants it.
    fn claims(
        &self,
        ledger: &Ledger,
        service: &Service,
        freed: Claim,
        now: Timestamp,
    ) -> Option<&Vec<Claim>> {
        let claims = self.claims.get_or_init(|| {
            let asked = Asked::new(ledger, service, self.start, now, None);
            let chosen = choose(asked, Some(&ledger.numbered(self.first).id), false).ok()?;
            // What is chosen may do without the freed time; then it could have been had before.
            let uses = |claim: &Claim| {
                claim.resource == freed.resource && claim.interval.overlaps(freed.interval)
            };
            chosen.claims.iter().any(uses).then_some(chosen.claims)
        });
        claims.as_ref()
    }
}

fn fits(entry: &WaitlistEntry, opening: &Opening) -> bool {
    entry.times.fit(opening.reading)
        && (entry.resources.is_empty() || entry.resources.contains(&opening.first))
        && !entry.passed_up.contains(&opening.start)
}

/// Claims the first of the openings that fit this entry, if it waits still and its phone may hold more.
fn take<'a>(
    ledger: &'a Ledger,
    entry: &'a WaitlistEntry,
    freed: Claim,
    openings: &[Opening],
    context: &Context<'_>,
) -> Option<Fit<'a>> {
    let fitting = openings.iter().filter(|opening| fits(entry, opening));
    let mut fitting = fitting.peekable();
    fitting.peek()?;
    if entry.ends_at <= context.now
        || ledger.texts_stopped(entry.party.caller)
        || holds::has_room(ledger, entry.party, context).is_err()
    {
        return None;
    }
    // One offer at a time for each phone: whoever answers YES must know to what.
    if standing_offer(ledger, entry.party.caller, context).is_some() {
        return None;
    }
    let service = &ledger.services[entry.service.0 as usize];
    fitting.find_map(|opening| {
        let claims = opening.claims(ledger, service, freed, context.now)?.clone();
        let start = opening.start;
        Some(Fit {
            entry,
            start,
            claims,
        })
    })
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

/// Takes or declines the newest offer of a phone, as its holder answered. Whoever answers from the phone has it in hand, so
/// no code is asked for (docs/decisions). What is unclear, or answers nothing, changes nothing.
pub fn answer(
    ledger: &Ledger,
    caller: Option<CallerId>,
    reply: Reply,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let offer = caller.and_then(|caller| standing_offer(ledger, caller, context));
    // An answer that comes before the text has gone out is one to an earlier text.
    let offer = offer.filter(|hold| !ledger.is_untold(hold.id));
    Ok(match (offer, reply) {
        (Some(hold), Reply::Yes) => booked(ledger, hold, Proof::Reply, context),
        (Some(hold), Reply::No) => {
            let event = Event::HoldReleased { hold: hold.id };
            Decision::new(vec![event], Receipt::Released(hold.id))
        }
        (None, _) | (_, Reply::Unclear) => Decision::quiet(Receipt::Nothing),
    })
}

/// The offer that a phone has; it has one at a time.
fn standing_offer<'a>(
    ledger: &'a Ledger,
    caller: CallerId,
    context: &Context<'_>,
) -> Option<&'a Hold> {
    let open = ledger.callers.get(&caller)?.open_holds.iter();
    open.filter_map(|hold| ledger.holds.get(hold))
        .find(|hold| ledger.offer_stands(hold.id, context.now))
}
