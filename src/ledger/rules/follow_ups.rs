//! Follow-ups: whoever called and booked nothing is written to, with a time that is held until they answer.
//!
//! Decided in the step that takes in the call's end, so that the text is on its way at once; or in the morning, if the call
//! had ended too long ago to disturb anyone at night. Who wants none, cannot be reached or has booked meanwhile gets none,
//! and the reason is written down. At most one text a call. An answer is proof (docs/decisions/0010).

use crate::ledger::availability::alternatives;
use crate::ledger::command::{Context, Wish};
use crate::ledger::event::Event;
use crate::ledger::judgement::Asked;
use crate::ledger::receipt::SlotView;
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    AppointmentStatus, CallId, CallReport, FollowUp, Hold, HoldId, Kept, MessageId, Offered, Party,
    Route, Service, Suppression, TextKind, Timestamp, Wished,
};

use super::channel;
use super::claiming::{claim, clear_lapsed};
use super::holds::has_room;
use super::notices::after_quiet_hours;

/// What comes of a call's end: the answer, and what is written down for it.
pub(super) struct Plan {
    /// Whether its caller is written to.
    pub follow_up: FollowUp,
    /// What happens then.
    pub events: Vec<Event>,
    /// The hold that the text offers.
    pub hold: Option<HoldId>,
    /// The text.
    pub message: Option<MessageId>,
}

impl Plan {
    /// Nobody is written to.
    fn silent(follow_up: FollowUp, events: Vec<Event>) -> Self {
        Self {
            follow_up,
            events,
            hold: None,
            message: None,
        }
    }

    fn suppressed(why: Suppression) -> Self {
        Self::silent(FollowUp::Suppressed(why), Vec::new())
    }
}

/// A call that may be followed up.
pub(super) struct Occasion<'a> {
    /// Which call.
    pub call: CallId,
    /// How it ended.
    pub report: &'a CallReport,
    /// Its live hold that they may want to keep.
    pub held: Option<&'a Hold>,
    /// What they wished for, as far as it is known.
    pub wish: Wished,
}

/// Decides at a call's end. `route` is where a text to someone goes, if anywhere.
pub(super) fn plan<'r>(
    ledger: &Ledger,
    occasion: &Occasion<'_>,
    route: impl Fn(Party) -> Option<&'r Route>,
    context: &Context<'_>,
) -> Plan {
    if occasion.report.booking_confirmed {
        return Plan::silent(FollowUp::None, Vec::new());
    }
    let to = recipient(occasion);
    if let Some(why) = unwanted(ledger, occasion, to, context) {
        return Plan::suppressed(why);
    }
    match route(to) {
        None => return Plan::suppressed(Suppression::Landline),
        Some(route) if !route.takes_texts => return Plan::suppressed(Suppression::Landline),
        Some(route) if !channel::goes_where_it_may(ledger, route, context) => {
            return Plan::suppressed(Suppression::Country);
        }
        Some(_) => {}
    }
    if let Some(at) = morning(ledger, occasion.report, context) {
        let planned = Event::FollowUpPlanned {
            call: occasion.call,
            at,
        };
        let why = FollowUp::Suppressed(Suppression::QuietHours);
        return Plan::silent(why, vec![planned]);
    }
    written(ledger, occasion, to, context)
}

/// Decides the first follow-up that has waited for the morning, if it has come; one at a time, for each may hold a time.
pub(super) fn due(ledger: &Ledger, context: &Context<'_>) -> Vec<Event> {
    let first = ledger.calls.first_planned();
    let Some((_, call)) = first.filter(|(at, _)| *at <= context.now) else {
        return Vec::new();
    };
    let record = ledger.calls.get(call);
    let ended = record.and_then(|record| record.ended);
    let ended = ended.expect("what is planned has ended");
    let report = ended.report;
    if let Some(at) = morning(ledger, &report, context) {
        return vec![Event::FollowUpPlanned { call, at }];
    }
    let occasion = Occasion {
        call,
        report: &report,
        held: None,
        wish: ended.wish,
    };
    let to = recipient(&occasion);
    let latest = report
        .ended_at
        .plus_seconds(limits::FOLLOW_UP_LATEST_SECONDS);
    let plan = match unwanted(ledger, &occasion, to, context) {
        _ if latest < context.now => Plan::suppressed(Suppression::TooLate),
        // Of whoever was erased meanwhile nobody knows the number.
        _ if ledger.is_erased(to.person) => Plan::suppressed(Suppression::Landline),
        Some(why) => Plan::suppressed(why),
        None => written(ledger, &occasion, to, context),
    };
    let decided = Event::FollowUpDecided {
        call,
        follow_up: plan.follow_up,
    };
    std::iter::once(decided).chain(plan.events).collect()
}

/// Whoever has the hold that is to be kept: they may have called from another phone.
fn recipient(occasion: &Occasion<'_>) -> Party {
    occasion
        .held
        .map_or(occasion.report.party, |held| held.party)
}

/// Why nobody is to be written to whatever their number is.
fn unwanted(
    ledger: &Ledger,
    occasion: &Occasion<'_>,
    to: Party,
    context: &Context<'_>,
) -> Option<Suppression> {
    let wanted = ledger
        .profile()
        .is_some_and(|profile| profile.texts.follow_ups);
    if has_booked(ledger, occasion, to, context) {
        Some(Suppression::Booked)
    } else if !wanted {
        Some(Suppression::NotWanted)
    } else if !channel::is_there(ledger, context) {
        Some(Suppression::NoCredentials)
    } else if ledger.texts_stopped(to.caller) {
        Some(Suppression::OptedOut)
    } else if channel::full_until(ledger, context).is_some() || is_full(ledger, to, context) {
        Some(Suppression::Budget)
    } else {
        None
    }
}

/// Whether they have an appointment that was made in the call or since.
fn has_booked(ledger: &Ledger, occasion: &Occasion<'_>, to: Party, context: &Context<'_>) -> bool {
    let record = ledger.calls.get(occasion.call);
    if record.is_some_and(|record| record.booked) {
        return true;
    }
    let since = occasion
        .report
        .ended_at
        .plus_seconds(-limits::CALL_LONGEST_SECONDS);
    let (now, end) = ((context.now, 0), (Timestamp::MAX, u64::MAX));
    let ahead = ledger.agenda.between(Some(to.person), now, end);
    let mut booked = ahead
        .take(limits::PAGE_ROWS_DEFAULT)
        .filter_map(|(_, serial)| ledger.appointments.by_serial(serial));
    booked.any(|one| one.status == AppointmentStatus::Booked && since <= one.booked_at)
}

/// Whether this phone has had as many follow-ups as it may.
fn is_full(ledger: &Ledger, to: Party, context: &Context<'_>) -> bool {
    let day_ago = context.now.plus_seconds(-limits::BUDGET_DAY_SECONDS);
    let lately = ledger.conversations.get(&to.caller).map(|conversation| {
        let all = conversation.follow_ups.iter();
        all.filter(|at| day_ago < **at).count()
    });
    lately.is_some_and(|count| count >= limits::FOLLOW_UPS_PER_PHONE_MAX)
}

/// When the quiet hours are over, if it is in them and the call is not fresh.
fn morning(ledger: &Ledger, report: &CallReport, context: &Context<'_>) -> Option<Timestamp> {
    let settings = &ledger.profile()?.texts;
    let fresh_until = report
        .ended_at
        .plus_seconds(limits::FOLLOW_UP_FRESH_SECONDS);
    let at = after_quiet_hours(&ledger.zone, settings, context.now);
    (fresh_until <= context.now && context.now < at).then_some(at)
}

/// Whether a follow-up may go at this hour: a late one disturbs nobody at night.
pub(super) fn may_go(ledger: &Ledger, ended_at: Timestamp, now: Timestamp) -> bool {
    let fresh_until = ended_at.plus_seconds(limits::FOLLOW_UP_FRESH_SECONDS);
    let settings = ledger.profile().map(|profile| &profile.texts);
    let is_quiet =
        settings.is_some_and(|settings| now < after_quiet_hours(&ledger.zone, settings, now));
    now < fresh_until || !is_quiet
}

/// The text, and the hold that it offers.
fn written(ledger: &Ledger, occasion: &Occasion<'_>, to: Party, context: &Context<'_>) -> Plan {
    let offer = match occasion.held {
        Some(held) => Some(kept(ledger, held, context)),
        None => match has_room(ledger, to, context) {
            Err(_) => return Plan::suppressed(Suppression::TooManyHolds),
            Ok(()) => placed(ledger, occasion, to, context),
        },
    };
    let message = MessageId(context.fresh[4]);
    let (kept, until, mut events) = match offer {
        Some(offer) => {
            let made = Event::FollowUpMade {
                call: occasion.call,
                hold: offer.kept.hold,
                offered: Offered {
                    service: offer.service,
                    resource: offer.kept.resource,
                    start: offer.kept.start,
                },
                expires_at: offer.expires_at,
                at: context.now,
            };
            let mut events = offer.events;
            events.push(made);
            (Some(offer.kept), offer.expires_at, events)
        }
        None => {
            let until = context.now.plus_seconds(limits::FOLLOW_UP_FRESH_SECONDS);
            (None, until, Vec::new())
        }
    };
    events.push(Event::TextQueued {
        message,
        kind: TextKind::FollowUp {
            call: occasion.call,
            ended_at: occasion.report.ended_at,
            until,
            kept,
        },
        to: to.caller,
        at: context.now,
    });
    Plan {
        follow_up: FollowUp::Queued,
        events,
        hold: kept.map(|kept| kept.hold),
        message: Some(message),
    }
}

/// A time that can be offered.
struct Offer {
    kept: Kept,
    service: crate::model::ServiceId,
    expires_at: Timestamp,
    events: Vec<Event>,
}

/// Until when an offer of a time lasts; `None`: nobody could answer so soon.
fn answer_until(start: Timestamp, context: &Context<'_>) -> Option<Timestamp> {
    let seconds = context.policy.follow_up_seconds.into();
    let until = context.now.plus_seconds(seconds).min(start);
    let soonest = context.now.plus_seconds(limits::OFFER_SECONDS_MIN);
    (soonest <= until).then_some(until)
}

/// The hold that they have, bound to a time to answer.
fn kept(ledger: &Ledger, held: &Hold, context: &Context<'_>) -> Offer {
    let start = held.interval.start();
    Offer {
        kept: Kept {
            hold: held.id,
            resource: held.resource(),
            start,
            as_wished: true,
            others: [None; 2],
        },
        service: ledger.service_of(held).number,
        expires_at: answer_until(start, context).unwrap_or(held.expires_at),
        events: Vec::new(),
    }
}

/// The hold of the call that they may want to keep: the newest one on the slot that was named, if any was.
pub(super) fn held_in<'a>(
    ledger: &'a Ledger,
    call: CallId,
    wish: &Wished,
    context: &Context<'_>,
) -> Option<&'a Hold> {
    let newest_first = ledger.calls.open_holds(call).iter().rev();
    let mut live = newest_first
        .filter_map(|hold| ledger.holds.get(hold))
        .filter(|hold| hold.is_live(context.now) && hold.is_open_to(context.principal));
    live.find(|hold| {
        let start = hold.interval.start();
        answer_until(start, context).is_some()
            && wish.start.is_none_or(|wished| wished == start)
            && wish.service.is_none_or(|wished| wished == hold.service)
            && wish.resource.is_none_or(|wished| wished == hold.resource())
    })
}

/// A new hold on the time that they wished for, or on the nearest to it.
fn placed(
    ledger: &Ledger,
    occasion: &Occasion<'_>,
    to: Party,
    context: &Context<'_>,
) -> Option<Offer> {
    let wish = occasion.wish;
    let service = match (wish.service, ledger.services.as_slice()) {
        (Some(number), services) => &services[number.0 as usize],
        // What else could they have meant?
        (None, [only]) => only,
        (None, _) => return None,
    };
    let resource = wish
        .resource
        .map(|number| ledger.numbered(number).id.clone());
    if let Some(start) = wish.start {
        let wished = Wish {
            service: service.id.clone(),
            resource: resource.clone(),
            start,
        };
        if let Some(offer) = offered(ledger, service, &wished, occasion, to, context) {
            return Some(offer);
        }
    }
    let near = wish.start.unwrap_or(context.now);
    let asked = Asked::new(ledger, service, near, context.now, None);
    let found = alternatives(asked, resource.as_ref());
    let mut nearest = found.iter().enumerate().filter_map(|(place, slot)| {
        let wished = Wish {
            service: slot.service.clone(),
            resource: Some(slot.resource.clone()),
            start: slot.interval.start(),
        };
        let offer = offered(ledger, service, &wished, occasion, to, context)?;
        Some((place, offer))
    });
    let (place, mut offer) = nearest.next()?;
    offer.kept.as_wished = false;
    offer.kept.others = others(&found[place + 1..], offer.kept.start);
    Some(offer)
}

/// Two more starts, each another time.
fn others(found: &[SlotView], first: Timestamp) -> [Option<Timestamp>; 2] {
    let mut starts: Vec<Timestamp> = found.iter().map(|slot| slot.interval.start()).collect();
    starts.retain(|start| *start != first);
    starts.sort_unstable();
    starts.dedup();
    [starts.first().copied(), starts.get(1).copied()]
}

fn offered(
    ledger: &Ledger,
    service: &Service,
    wish: &Wish,
    occasion: &Occasion<'_>,
    to: Party,
    context: &Context<'_>,
) -> Option<Offer> {
    let expires_at = answer_until(wish.start, context)?;
    let claimed = claim(ledger, wish, None, context).ok()?;
    let resource = claimed.claims.first()?.resource;
    let hold = HoldId(context.fresh[0]);
    let lifetime = context.policy.hold_lifetime_seconds_max.into();
    let lifetime_ends_at = context.now.plus_seconds(lifetime);
    let mut events = clear_lapsed(ledger, &claimed.claims, context);
    events.push(Event::HoldPlaced {
        hold,
        service: service.number,
        interval: service.interval(wish.start),
        claims: claimed.claims,
        party: to,
        call: Some(occasion.call),
        by: context.principal,
        at: context.now,
        expires_at,
        lifetime_ends_at: lifetime_ends_at.max(expires_at),
    });
    let kept = Kept {
        hold,
        resource,
        start: wish.start,
        as_wished: true,
        others: [None; 2],
    };
    Some(Offer {
        kept,
        service: service.number,
        expires_at,
        events,
    })
}
