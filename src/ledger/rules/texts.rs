//! Texts: handing one over again, and what became of it.

use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{Message, MessageId, MessageState, ProviderId, SendOutcome, TextKind};

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
    if let MessageState::Settled(outcome) = text.state {
        return Ok(Decision::quiet(Receipt::TextSettled(outcome)));
    }
    if text.attempts >= limits::TEXT_ATTEMPTS_MAX {
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

/// Writes down what became of a text. A code whose only text was certainly not sent is withdrawn in the same step; once an
/// earlier attempt may have reached the phone, "not sent" is no longer certain.
pub fn settle(
    ledger: &Ledger,
    message: MessageId,
    attempt: u32,
    outcome: SendOutcome,
    sid: Option<&ProviderId>,
) -> Result<Decision, Rejection> {
    let text = known(ledger, message)?;
    if let MessageState::Settled(outcome) = text.state {
        return Ok(Decision::quiet(Receipt::TextSettled(outcome)));
    }
    if attempt != text.attempts {
        return Ok(Decision::quiet(Receipt::Nothing));
    }
    let outcome = match outcome {
        SendOutcome::NotSent if text.attempts > 1 => SendOutcome::Unknown,
        outcome => outcome,
    };
    let mut events = vec![Event::TextSettled {
        message,
        outcome,
        sid: sid.cloned(),
    }];
    let TextKind::Code {
        hold,
        verification,
        generation,
        ..
    } = text.kind;
    let code = ledger.holds.get(&hold).and_then(|hold| hold.verification);
    // A text that is late may carry an earlier code than the newest; its failure says nothing of that one.
    let only_text = code.is_some_and(|code| {
        (code.id, code.generation) == (verification, generation) && code.texts == 1
    });
    if outcome == SendOutcome::NotSent && only_text {
        events.push(Event::CodeWithdrawn { hold });
    }
    Ok(Decision::new(events, Receipt::TextSettled(outcome)))
}
