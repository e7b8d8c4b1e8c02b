//! Texts: handing one over again, and what became of it.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{HoldId, Message, MessageId, MessageState, ProviderId, SendOutcome, TextKind};

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
    if outcome == SendOutcome::NotSent {
        events.extend(taken_back(ledger, text.kind, context));
    }
    Ok(Decision::new(events, Receipt::TextSettled(outcome)))
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
