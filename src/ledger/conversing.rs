//! Calls and conversations as events leave them.
//!
//! A part of `apply`, which is the only caller: total, and without a clock.

use crate::limits;
use crate::model::{
    CallId, CallerId, Channel, Conversation, Hold, HoldId, HoldState, Standing, Timestamp, Wished,
};

use super::calls::{Ended, FollowUpHold};
use super::event::Event;
use super::state::{Forget, Ledger};

/// What an event says of calls and conversations, made so.
pub(super) fn apply_to_calls(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::CallEnded {
            call,
            report,
            wish,
            follow_up,
            until,
        } => {
            let had_ended = keep(ledger, *call, *until);
            assert!(!had_ended, "a call ends once");
            if let Some(record) = ledger.calls.get_mut(*call) {
                let booked = record.booked || report.booking_confirmed;
                record.ended = Some(Ended {
                    report: *report,
                    wish: *wish,
                    follow_up: *follow_up,
                    message: None,
                    hold: None,
                    planned_at: None,
                });
                let last_hold = record.last_hold;
                let conversation = ledger.conversations.get_mut(&report.party.caller);
                if let Some(conversation) = conversation {
                    conversation.last_hold = last_hold.or(conversation.last_hold);
                    if booked {
                        conversation.standing = Standing::Booked;
                    }
                }
            }
        }
        Event::FollowUpPlanned { call, at } => ledger.calls.plan(*call, *at),
        Event::FollowUpDecided { call, follow_up } => {
            ledger.calls.drop_plan(*call);
            ledger.calls.ended_mut(*call).follow_up = *follow_up;
        }
        Event::FollowUpMade {
            call,
            hold,
            offered,
            expires_at,
            at,
        } => {
            let ended = ledger.calls.ended_mut(*call);
            ended.hold = Some(*hold);
            let caller = ended.report.party.caller;
            let follow_up = FollowUpHold {
                call: *call,
                caller,
                at: *at,
            };
            ledger.calls.offer(*hold, follow_up);
            set_expiry(ledger, *hold, *expires_at);
            if let Some(conversation) = ledger.conversations.get_mut(&caller) {
                conversation.standing = Standing::Offered;
                conversation.offered_hold = Some(*hold);
                push(&mut conversation.offers, (*at, *offered));
            }
        }
        Event::Conversed {
            caller,
            channel,
            wish,
            at,
            until,
        } => converse(ledger, *caller, *channel, wish.as_ref(), *at, *until),
        _ => unreachable!("apply sends only events of calls here"),
    }
}

/// Keeps a call until then at least; whether it had ended.
fn keep(ledger: &mut Ledger, call: CallId, until: Timestamp) -> bool {
    let (record, before) = ledger.calls.record(call, until);
    let has_ended = record.ended.is_some();
    if let Some(before) = before {
        ledger.forgets.remove(&(before, Forget::Call(call)));
        ledger.forgets.insert((until, Forget::Call(call)));
    }
    has_ended
}

/// A hold lasts until then, sooner or later than before.
pub(super) fn set_expiry(ledger: &mut Ledger, id: HoldId, expires_at: Timestamp) {
    use super::occupancy::Owner;
    let hold = ledger.holds.get_mut(&id).expect("events name known holds");
    assert!(
        hold.state == HoldState::Held,
        "only an open hold's end is moved"
    );
    let owner = Owner::Hold(id);
    ledger
        .occupancy
        .hand_over(owner, &hold.claims, owner, expires_at);
    ledger.lapses.remove(&(hold.expires_at, id));
    ledger.lapses.insert((expires_at, id));
    hold.expires_at = expires_at;
    hold.lifetime_ends_at = hold.lifetime_ends_at.max(expires_at);
}

/// A hold was placed in a call.
pub(super) fn held_in_call(ledger: &mut Ledger, call: CallId, hold: &Hold) {
    let until = hold
        .lifetime_ends_at
        .plus_seconds(limits::CALL_KEPT_SECONDS);
    keep(ledger, call, until);
    if let Some(record) = ledger.calls.get_mut(call) {
        record.open_holds.push(hold.id);
        record.last_hold = Some(hold.id);
        record.held = Some(slot_of(hold));
    }
}

fn slot_of(hold: &Hold) -> Wished {
    Wished {
        service: Some(hold.service),
        resource: Some(hold.resource()),
        start: Some(hold.interval.start()),
    }
}

/// A hold has ended so: it leaves its call, and what it offered is answered.
pub(super) fn hold_ended(ledger: &mut Ledger, hold: &Hold, state: HoldState) {
    let follow_up = ledger.calls.close(hold.call, hold.id);
    let record = hold.call.and_then(|call| ledger.calls.get_mut(call));
    if let Some(record) = record {
        match state {
            HoldState::Confirmed(_) => record.booked = true,
            // Whoever gave it back does not wish for it any more.
            HoldState::Released if record.held == Some(slot_of(hold)) => record.held = None,
            HoldState::Held | HoldState::Released | HoldState::Expired => {}
        }
    }
    let standing = match (state, follow_up) {
        (HoldState::Confirmed(_), _) => Standing::Booked,
        (HoldState::Released, Some(_)) => Standing::Declined,
        (HoldState::Expired, Some(_)) => Standing::Lapsed,
        _ => return,
    };
    let caller = follow_up.map_or(hold.party.caller, |follow_up| follow_up.caller);
    if let Some(conversation) = ledger.conversations.get_mut(&caller) {
        conversation.standing = standing;
    }
}

/// Someone was in contact.
fn converse(
    ledger: &mut Ledger,
    caller: CallerId,
    channel: Channel,
    wish: Option<&Wished>,
    at: Timestamp,
    until: Timestamp,
) {
    if ledger.conversations.get(&caller).is_none() {
        let conversation = Conversation {
            caller,
            channel,
            standing: Standing::Open,
            wishes: Vec::new(),
            offers: Vec::new(),
            last_hold: None,
            offered_hold: None,
            follow_ups: Vec::new(),
            last_contact_at: at,
            expires_at: until,
        };
        ledger.conversations.insert(caller, conversation);
    }
    let conversation = ledger.conversations.get_mut(&caller);
    let conversation = conversation.expect("it is there now");
    let row = |at| (at, Forget::Conversation(caller));
    ledger.forgets.remove(&row(conversation.expires_at));
    ledger.forgets.insert(row(until));
    conversation.channel = channel;
    conversation.last_contact_at = at;
    conversation.expires_at = until;
    if let Some(wish) = wish {
        // A new wish is a new beginning.
        conversation.standing = Standing::Open;
        push(&mut conversation.wishes, (at, *wish));
    }
}

/// What is remembered of a caller is forgotten, be it that its time is over or that they are erased.
pub(super) fn forget_conversation(ledger: &mut Ledger, caller: CallerId) {
    if let Some(conversation) = ledger.conversations.remove(&caller) {
        let row = Forget::Conversation(caller);
        ledger.forgets.remove(&(conversation.expires_at, row));
    }
}

/// A follow-up goes to this phone.
pub(super) fn followed_up(ledger: &mut Ledger, caller: CallerId, at: Timestamp) {
    if let Some(conversation) = ledger.conversations.get_mut(&caller) {
        push(&mut conversation.follow_ups, at);
    }
}

/// A hold was placed for whoever is in a conversation.
pub(super) fn note_hold(ledger: &mut Ledger, caller: CallerId, hold: HoldId) {
    if let Some(conversation) = ledger.conversations.get_mut(&caller) {
        conversation.last_hold = Some(hold);
    }
}

/// Adds a row at the end; of too many the oldest gives way.
fn push<T>(rows: &mut Vec<T>, row: T) {
    if rows.len() >= limits::CONVERSATION_ROWS_MAX {
        rows.remove(0);
    }
    rows.push(row);
}
