//! Texts: handing one over again, and what became of it.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    HoldId, Message, MessageId, MessageState, ParkReason, ProviderId, SendOutcome, TextKind,
    Timestamp,
};

use super::{follow_ups, notices};

fn known(ledger: &Ledger, message: MessageId) -> Result<&Message, Rejection> {
    ledger
        .messages
        .get(&message)
        .ok_or(Rejection::NotFound(Missing::Message))
}

/// Hands a text to the outbox once more: its attempt was in flight when the process ended, so nobody knows whether it was
/// sent. After the last attempt it is settled as unknown instead.
pub fn hand_over(ledger: &Ledger, message: MessageId) -> Result<Decision, Rejection> {
    let text = known(ledger, message)?;
    match text.state {
        MessageState::HandedOver | MessageState::Waiting(_) => {}
        MessageState::Settled(outcome) => {
            return Ok(Decision::quiet(Receipt::TextSettled(outcome)));
        }
        MessageState::Parked(_) => return Ok(Decision::quiet(Receipt::Nothing)),
    }
    if text.attempts - text.refused >= limits::TEXT_ATTEMPTS_MAX {
        let outcome = SendOutcome::Unknown;
        let event = Event::TextSettled {
            message,
            outcome,
            sid: None,
        };
        return Ok(Decision::new(vec![event], Receipt::TextSettled(outcome)));
    }
    let attempt = text.attempts + 1;
    let event = Event::TextHandedOver { message, attempt };
    Ok(Decision::new(
        vec![event],
        Receipt::TextHandedOver { attempt },
    ))
}

/// Writes down what became of a text. A code whose only text was certainly not sent is withdrawn in the same step, and an
/// offer that nobody will hear of given back; once an earlier attempt may have reached the phone, "not sent" is no longer
/// certain.
pub fn settle(
    ledger: &Ledger,
    message: MessageId,
    attempt: u32,
    outcome: SendOutcome,
    sid: Option<&ProviderId>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let text = known(ledger, message)?;
    if let MessageState::Settled(outcome) = text.state {
        return Ok(Decision::quiet(Receipt::TextSettled(outcome)));
    }
    let is_over = matches!(text.state, MessageState::Parked(_));
    if is_over || attempt != text.attempts {
        return Ok(Decision::quiet(Receipt::Nothing));
    }
    let outcome = match outcome {
        SendOutcome::NotSent if text.attempts - text.refused > 1 => SendOutcome::Unknown,
        outcome => outcome,
    };
    let is_tried_again = matches!(
        text.kind,
        TextKind::Notice { .. } | TextKind::FollowUp { .. }
    );
    if is_tried_again && outcome == SendOutcome::NotSent {
        return Ok(again_or_never(ledger, text, context));
    }
    let mut events = vec![Event::TextSettled {
        message,
        outcome,
        sid: sid.cloned(),
    }];
    if outcome == SendOutcome::NotSent {
        events.extend(taken_back(ledger, text.kind, context));
    }
    Ok(Decision::new(events, Receipt::TextSettled(outcome)))
}

/// A notice or a follow-up that was certainly not sent is tried again, ever later, as long as it is of use and not for too long.
fn again_or_never(ledger: &Ledger, text: &Message, context: &Context<'_>) -> Decision {
    let message = text.id;
    let give_up = |reason| {
        let mut events = vec![Event::TextParked { message, reason }];
        events.extend(taken_back(ledger, text.kind, context));
        Decision::new(events, Receipt::TextSettled(SendOutcome::NotSent))
    };
    // Whoever says so of a text that only waits has found that there is no use in it.
    let waits = matches!(text.state, MessageState::Waiting(_));
    if waits || !ledger.is_of_use(text, context.now) {
        return give_up(ParkReason::OfNoUse);
    }
    let until = context.now.plus_seconds(pause(text, context));
    let tried_until = text.queued_at.plus_seconds(limits::NOTICE_TRIED_SECONDS);
    if until >= tried_until.min(text.kind.expires_at()) {
        return give_up(ParkReason::TriedTooLong);
    }
    let event = Event::TextDeferred { message, until };
    Decision::new(vec![event], Receipt::Nothing)
}

/// How long to wait: twice as long each time, and up to half of that more by chance, so that not all come back at once.
fn pause(text: &Message, context: &Context<'_>) -> i64 {
    let doubled = limits::NOTICE_PAUSE_SECONDS << text.refused.min(10);
    let pause = doubled.min(limits::NOTICE_PAUSE_SECONDS_MAX);
    let chance = i64::try_from(context.fresh[2] % (pause as u128 / 2)).unwrap_or(0);
    pause + chance
}

impl Ledger {
    /// Whether there is still any use in sending a text: it is wanted, its time is not over, and what it says stands.
    pub fn is_of_use(&self, text: &Message, now: Timestamp) -> bool {
        match text.kind {
            _ if self.texts_stopped(text.to) => false,
            TextKind::Code {
                expires_at, hold, ..
            } => now < expires_at && !self.is_of_erased(hold),
            // It may have been taken, declined, withdrawn or extended before anyone was told.
            TextKind::Offer { hold, .. } => self.offer_stands(hold, now),
            TextKind::FollowUp {
                ended_at,
                until,
                kept,
                ..
            } => {
                let stands = kept.is_none_or(|kept| self.follow_up_stands(kept.hold, now));
                now < until && stands && follow_ups::may_go(self, ended_at, now)
            }
            TextKind::Notice {
                notice,
                appointment,
                version,
                start,
                ..
            } => now < start && notices::stands(self, notice, appointment, version),
        }
    }
}

/// What a text that was certainly not sent takes with it.
pub(super) fn taken_back(ledger: &Ledger, kind: TextKind, context: &Context<'_>) -> Vec<Event> {
    match kind {
        TextKind::Code {
            hold,
            verification,
            generation,
            ..
        } => {
            let code = ledger.holds.get(&hold).and_then(|hold| hold.verification);
            // A text that is late may carry an earlier code than the newest; its failure says nothing of that one.
            let only_text = code.is_some_and(|code| {
                (code.id, code.generation) == (verification, generation) && code.texts == 1
            });
            match only_text {
                true => vec![Event::CodeWithdrawn { hold }],
                false => Vec::new(),
            }
        }
        TextKind::Offer { hold, .. } => unheard(ledger, hold, context),
        // Nobody will answer, so nobody has it.
        TextKind::FollowUp { kept, .. } => {
            let kept = kept.map(|kept| kept.hold);
            let stands = kept.filter(|hold| ledger.follow_up_stands(*hold, context.now));
            let released = stands.map(|hold| Event::HoldReleased { hold });
            released.into_iter().collect()
        }
        TextKind::Notice { .. } => Vec::new(),
    }
}

/// The offer that nobody heard of goes to the next; one whose caller came back for it all the same stays theirs.
fn unheard(ledger: &Ledger, hold: HoldId, context: &Context<'_>) -> Vec<Event> {
    let stands = ledger.offer_stands(hold, context.now);
    let known = ledger.holds.get(&hold).filter(|_| stands);
    let (Some(known), Some(entry)) = (known, ledger.waitlist.offered_by(hold)) else {
        return Vec::new();
    };
    let by_another_line = known.taken_up_by.iter().any(|by| *by != entry.created_by);
    if by_another_line || known.codes_sent > 0 {
        return Vec::new();
    }
    vec![Event::OfferUnsent { hold }, Event::HoldReleased { hold }]
}
