//! Texts as events leave them: queued, handed over, settled, and what a text that was not sent no longer counts as; and those
//! that came in.
//!
//! A part of `apply`, which is the only caller: total, and without a clock.

use std::collections::BTreeMap;

use crate::limits;
use crate::model::{
    CallerId, Delivery, Message, MessageId, MessageState, Notice, ParkReason, Prefix, ProviderId,
    SendOutcome, SmsAccount, SmsCredentials, TextKind, Timestamp,
};

use super::conversing::followed_up;
use super::event::Event;
use super::state::{Forget, Ledger};

impl Ledger {
    /// What the clinic sends its texts with.
    pub fn sms_credentials(&self) -> Option<&SmsCredentials> {
        self.sms.as_ref()
    }

    /// The same without what is secret.
    pub(super) fn sms_account(&self) -> Option<&SmsAccount> {
        self.sms.as_ref().map(|credentials| &credentials.account)
    }

    /// Whether a phone's holder wants no texts.
    pub fn texts_stopped(&self, caller: CallerId) -> bool {
        self.replies.has_stopped(caller)
    }

    /// The text that its provider calls so.
    pub(super) fn text_of(&self, sid: &ProviderId) -> Option<&Message> {
        self.messages.get(self.texts_by_sid.get(sid)?)
    }

    /// The same by its id, for those outside.
    pub fn text_called(&self, sid: &ProviderId) -> Option<MessageId> {
        self.text_of(sid).map(|text| text.id)
    }
}

/// What an event says of texts, made so.
pub(super) fn apply_to_texts(ledger: &mut Ledger, event: &Event) {
    match event {
        Event::TextQueued {
            message,
            kind,
            to,
            at,
        } => {
            queue_text(ledger, *message, *kind, *to, *at);
        }
        Event::TextDeferred { message, until } => defer_text(ledger, *message, *until),
        Event::TextParked { message, reason } => park_text(ledger, *message, *reason),
        Event::TextHandedOver { message, attempt } => hand_over_text(ledger, *message, *attempt),
        Event::TextSettled {
            message,
            outcome,
            sid,
        } => settle_text(ledger, *message, *outcome, sid.clone()),
        Event::DeliveryNoted { message, delivery } => note_delivery(ledger, *message, *delivery),
        Event::TextTaken { text, until } => {
            ledger.replies.take(*text, *until);
            ledger.forgets.insert((*until, Forget::TakenText(*text)));
        }
        Event::TextAnswered { caller, until } => {
            if let Some(before) = ledger.replies.answer(*caller, *until) {
                ledger.forgets.remove(&(before, Forget::Answer(*caller)));
            }
            ledger.forgets.insert((*until, Forget::Answer(*caller)));
        }
        Event::TextsStopped { caller } => ledger.replies.set_stopped(*caller, true),
        Event::TextsStarted { caller } => ledger.replies.set_stopped(*caller, false),
        _ => unreachable!("apply sends only events of texts here"),
    }
}

/// A text was decided and its first attempt handed over.
fn queue_text(ledger: &mut Ledger, id: MessageId, kind: TextKind, to: CallerId, at: Timestamp) {
    let message = Message {
        id,
        kind,
        to,
        queued_at: at,
        attempts: 1,
        refused: 0,
        state: MessageState::HandedOver,
        sid: None,
        delivery: None,
    };
    ledger.messages.insert(id, message);
    ledger.unsettled.insert(id);
    ledger.budgets.count_text(at);
    if let TextKind::Notice {
        notice: Notice::Reminder,
        appointment,
        ..
    } = kind
    {
        ledger.reminders.drop(appointment);
    }
    if let TextKind::FollowUp { call, .. } = kind {
        ledger.calls.ended_mut(call).message = Some(id);
        followed_up(ledger, to, at);
    }
    if let TextKind::Code { hold, .. } = kind {
        // The code that it carries was issued in the same step.
        let code = ledger.holds.get(&hold).and_then(|hold| hold.verification);
        let is_new = code.is_some_and(|code| code.texts == 1);
        let prefix = code.and_then(|code| code.prefix);
        count_code(ledger, to, prefix.filter(|_| is_new), is_new, at);
    }
}

/// Counts a text with a code, and keeps the deadlines of the counts in step.
fn count_code(
    ledger: &mut Ledger,
    to: CallerId,
    prefix: Option<Prefix>,
    is_new: bool,
    at: Timestamp,
) {
    let mut moves = |(before, after): (Timestamp, Timestamp), row: Forget| {
        ledger.forgets.remove(&(before, row));
        ledger.forgets.insert((after, row));
    };
    let budgets = &mut ledger.budgets;
    moves(budgets.count_for_phone(to, is_new, at), Forget::TextsTo(to));
    if let Some(prefix) = prefix {
        moves(budgets.count_for_prefix(prefix, at), Forget::Prefix(prefix));
    }
}

/// A text is about to be sent again.
fn hand_over_text(ledger: &mut Ledger, id: MessageId, attempt: u32) {
    let text = ledger.messages.get_mut(&id);
    let text = text.expect("only a known text is sent");
    assert!(
        attempt == text.attempts + 1,
        "attempts are counted one by one"
    );
    if let MessageState::Waiting(until) = text.state {
        text.state = MessageState::HandedOver;
        ledger.deferred.remove(&(until, id));
        ledger.unsettled.insert(id);
    }
    text.attempts = attempt;
}

/// An attempt was certainly not sent; the next one goes then.
fn defer_text(ledger: &mut Ledger, id: MessageId, until: Timestamp) {
    let text = ledger.messages.get_mut(&id);
    let text = text.expect("only a known text is deferred");
    assert!(
        text.state == MessageState::HandedOver,
        "only what was handed over is known not to be sent"
    );
    text.state = MessageState::Waiting(until);
    text.refused += 1;
    ledger.unsettled.remove(&id);
    ledger.deferred.insert((until, id));
}

/// A text that was certainly never sent is given up.
fn park_text(ledger: &mut Ledger, id: MessageId, reason: ParkReason) {
    let text = ledger.messages.get_mut(&id);
    let text = text.expect("only a known text is given up");
    let open = match text.state {
        MessageState::HandedOver => ledger.unsettled.remove(&id),
        MessageState::Waiting(until) => ledger.deferred.remove(&(until, id)),
        MessageState::Settled(_) | MessageState::Parked(_) => false,
    };
    assert!(open, "only what is not settled is given up");
    text.state = MessageState::Parked(reason);
    let (kind, to, queued_at) = (text.kind, text.to, text.queued_at);
    let forget_at = queued_at.plus_seconds(limits::ENDED_KEPT_SECONDS);
    ledger.forgets.insert((forget_at, Forget::Message(id)));
    take_back(ledger, kind, to, queued_at);
}

/// It is known what became of a text.
fn settle_text(ledger: &mut Ledger, id: MessageId, outcome: SendOutcome, sid: Option<ProviderId>) {
    let message = ledger
        .messages
        .get_mut(&id)
        .expect("only a known text settles");
    match message.state {
        // What was unknown may become known later.
        MessageState::HandedOver | MessageState::Settled(SendOutcome::Unknown) => {}
        // Whoever said that it was not sent may take that back.
        MessageState::Waiting(until) => {
            ledger.deferred.remove(&(until, id));
        }
        MessageState::Settled(SendOutcome::Sent | SendOutcome::NotSent)
        | MessageState::Parked(_) => unreachable!("a text settles once"),
    }
    message.state = MessageState::Settled(outcome);
    let (kind, to, queued_at) = (message.kind, message.to, message.queued_at);
    if let Some(sid) = sid {
        name(message, &mut ledger.texts_by_sid, sid);
    }
    ledger.unsettled.remove(&id);
    let forget_at = queued_at.plus_seconds(limits::ENDED_KEPT_SECONDS);
    ledger.forgets.insert((forget_at, Forget::Message(id)));
    if outcome == SendOutcome::NotSent {
        take_back(ledger, kind, to, queued_at);
    }
}

/// What was certainly not sent counts as no text: neither as a re-send, nor as one that carries the code, nor as a cost.
fn take_back(ledger: &mut Ledger, kind: TextKind, to: CallerId, queued_at: Timestamp) {
    ledger.budgets.give_text_back(queued_at);
    let TextKind::Code {
        hold,
        verification,
        generation,
        ..
    } = kind
    else {
        return;
    };
    let Some(hold) = ledger.holds.get_mut(&hold) else {
        return;
    };
    hold.codes_sent = hold.codes_sent.saturating_sub(1);
    let code = hold.verification.as_mut();
    let code = code.filter(|code| (code.id, code.generation) == (verification, generation));
    let (mut was_new, mut prefix) = (false, None);
    if let Some(code) = code {
        code.texts = code.texts.saturating_sub(1);
        (was_new, prefix) = (code.texts == 0, code.prefix);
    }
    let budgets = &mut ledger.budgets;
    budgets.give_code_back(to, prefix, was_new, queued_at);
}

/// A text is called so by its provider. An earlier attempt's name is given up, and with it what was heard of that attempt,
/// unless it has arrived.
fn name(text: &mut Message, names: &mut BTreeMap<ProviderId, MessageId>, sid: ProviderId) {
    if let Some(before) = text.sid.take_if(|before| *before != sid) {
        names.remove(&before);
        text.delivery = text.delivery.filter(|known| known.status.has_arrived());
    }
    names.insert(sid.clone(), text.id);
    text.sid = Some(sid);
}

/// A text has come further.
fn note_delivery(ledger: &mut Ledger, id: MessageId, delivery: Delivery) {
    let message = ledger.messages.get_mut(&id);
    let message = message.expect("only of a known text is anything heard");
    let known = message.delivery.map_or(0, |known| known.status.rank());
    assert!(known < delivery.status.rank(), "a text only comes further");
    message.delivery = Some(delivery);
}

/// A text is no longer kept.
pub(super) fn forget_text(ledger: &mut Ledger, id: MessageId) {
    let sid = ledger.messages.get(&id).and_then(|text| text.sid.as_ref());
    if let Some(sid) = sid {
        ledger.texts_by_sid.remove(sid);
    }
    ledger.messages.remove(&id);
}
