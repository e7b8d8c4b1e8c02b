//! Calls that end: what was wished for is remembered, their holds are let go after a grace, and whoever booked nothing is
//! written to in the same step. Once a call: a report that comes again gets the answer of the first.

use crate::ledger::calls::Ended;
use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::drafts::CallEnd;
use crate::ledger::event::Event;
use crate::ledger::receipt::{FollowUpView, Receipt};
use crate::ledger::rejection::{Reason, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{CallReport, CallerId, Channel, FollowUp, Hold, Suppression, Timestamp, Wished};

use super::follow_ups::{self, Occasion, Plan};

/// Takes in that a call has ended.
pub fn end(ledger: &Ledger, end: &CallEnd, context: &Context<'_>) -> Result<Decision, Rejection> {
    let report = CallReport {
        party: end.party,
        booking_confirmed: end.booking_confirmed,
        wish: wished(ledger, end)?,
        // Nobody reports a call that has not ended.
        ended_at: end.ended_at.map_or(context.now, |at| at.min(context.now)),
    };
    let record = ledger.calls.get(end.call);
    if let Some(ended) = record.and_then(|record| record.ended) {
        return Ok(again(&ended, &report));
    }
    let held = follow_ups::held_in(ledger, end.call, &report.wish, context);
    let occasion = Occasion {
        call: end.call,
        report: &report,
        held,
        wish: remembered(ledger, end, report.wish),
    };
    let route = |party: crate::model::Party| end.reach.get(&party.caller);
    let plan = follow_ups::plan(ledger, &occasion, route, context);
    Ok(ended(ledger, &occasion, plan, context))
}

fn ended(ledger: &Ledger, occasion: &Occasion<'_>, plan: Plan, context: &Context<'_>) -> Decision {
    let now = context.now;
    let caller = occasion.report.party.caller;
    let wish = Some(occasion.wish).filter(|wish| !wish.is_nothing());
    let mut events = vec![conversed(caller, Channel::Call, wish, context)];
    events.push(Event::CallEnded {
        call: occasion.call,
        report: *occasion.report,
        wish: occasion.wish,
        follow_up: plan.follow_up,
        until: now.plus_seconds(limits::CALL_KEPT_SECONDS),
    });
    let kept = occasion.held.filter(|held| plan.hold == Some(held.id));
    if let Some(other) = kept.filter(|kept| kept.party.caller != caller) {
        events.push(conversed(other.party.caller, Channel::Call, None, context));
    }
    events.extend(let_go(ledger, occasion, kept, context));
    let view = FollowUpView {
        follow_up: plan.follow_up,
        hold: plan.hold,
        message: plan.message,
        replayed: false,
    };
    events.extend(plan.events);
    Decision::new(events, Receipt::CallEnded(view))
}

/// Someone was in contact, and is remembered for a while.
pub(super) fn conversed(
    caller: CallerId,
    channel: Channel,
    wish: Option<Wished>,
    context: &Context<'_>,
) -> Event {
    let kept = context.policy.conversation_seconds;
    Event::Conversed {
        caller,
        channel,
        wish,
        at: context.now,
        until: context.now.plus_seconds(kept),
    }
}

/// The same report gets the same answer. Another one for the same call changes nothing: who was written to is not again.
fn again(ended: &Ended, report: &CallReport) -> Decision {
    let is_repeated = ended.report.says_the_same(report);
    let follow_up = match ended.follow_up {
        FollowUp::Queued if !is_repeated => FollowUp::Suppressed(Suppression::AlreadySent),
        as_before => as_before,
    };
    Decision::quiet(Receipt::CallEnded(FollowUpView {
        follow_up,
        hold: ended.hold,
        message: ended.message,
        replayed: true,
    }))
}

/// What the report names.
fn wished(ledger: &Ledger, end: &CallEnd) -> Result<Wished, Rejection> {
    let unknown = Rejection::SlotNotOffered(Reason::Unknown);
    let service = end.service.as_ref().map(|id| {
        let service = ledger.service(id).map(|service| service.number);
        service.ok_or(unknown.clone())
    });
    let resource = end.resource.as_ref().map(|id| {
        let resource = ledger.resource(id).map(|resource| resource.number);
        resource.ok_or(unknown.clone())
    });
    Ok(Wished {
        service: service.transpose()?,
        resource: resource.transpose()?,
        start: end.start,
    })
}

/// What the report names, or else what was held in the call.
fn remembered(ledger: &Ledger, end: &CallEnd, named: Wished) -> Wished {
    let record = ledger.calls.get(end.call);
    let held = record.and_then(|record| record.held);
    let fits = |held: &Wished| {
        named.start.is_none() && named.service.is_none_or(|own| Some(own) == held.service)
    };
    held.filter(fits).unwrap_or(named)
}

/// The call's holds last a grace longer, but for the one that is kept, and those of another agent.
fn let_go(
    ledger: &Ledger,
    occasion: &Occasion<'_>,
    kept: Option<&Hold>,
    context: &Context<'_>,
) -> Vec<Event> {
    let grace: Timestamp = context
        .now
        .plus_seconds(context.policy.call_grace_seconds.into());
    let open = ledger.calls.open_holds(occasion.call).iter();
    let open = open.filter_map(|hold| ledger.holds.get(hold));
    let longer = open.filter(|hold| {
        hold.is_live(context.now)
            && hold.is_open_to(context.principal)
            && grace < hold.expires_at
            && kept.is_none_or(|kept| kept.id != hold.id)
    });
    longer
        .map(|hold| Event::HoldShortened {
            hold: hold.id,
            expires_at: grace,
        })
        .collect()
}
