//! Deliveries: how far a text has come, as its provider calls back. In any order, twice, and about texts of which it is not
//! known yet whether they were sent: then a state settles that too.
//!
//! Only what ranks higher than what is known says anything new, so repeats and late-comers change nothing. A failure counts
//! for the newest attempt alone: an earlier one that failed says nothing of the one after it.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::state::Ledger;
use crate::model::{
    Delivery, DeliveryStatus, Message, MessageId, MessageState, ProviderId, SendOutcome,
};

use super::texts::taken_back;

/// Writes down how far a text has come; `attempt` names the text and which attempt the state is about. A text that is not
/// known here changes nothing.
pub fn note(
    ledger: &Ledger,
    sid: &ProviderId,
    delivery: Delivery,
    attempt: Option<(MessageId, u32)>,
    context: &Context<'_>,
) -> Decision {
    let named = attempt.and_then(|(message, _)| ledger.messages.get(&message));
    let Some(text) = named.or_else(|| ledger.text_of(sid)) else {
        return Decision::quiet(Receipt::Nothing);
    };
    let is_newest = attempt.is_none_or(|(_, number)| number == text.attempts)
        && text.sid.as_ref().is_none_or(|known| known == sid);
    let mut events = Vec::new();
    let known = text.delivery.map_or(0, |known| known.status.rank());
    if known < delivery.status.rank() && (is_newest || delivery.status.has_arrived()) {
        events.push(Event::DeliveryNoted {
            message: text.id,
            delivery,
        });
    }
    if let Some(outcome) = settles(text, delivery.status, is_newest) {
        events.push(Event::TextSettled {
            message: text.id,
            outcome,
            sid: is_newest.then(|| sid.clone()),
        });
        if outcome == SendOutcome::NotSent {
            events.extend(taken_back(ledger, text.kind, context));
        }
    }
    Decision::new(events, Receipt::Nothing)
}

/// What a state says of a text whose fate is open: whoever has a state for it has taken it; one that failed reached nobody, if
/// it was the only attempt. That it was not delivered is a carrier's word, and such words have been wrong: the code stays.
fn settles(text: &Message, status: DeliveryStatus, is_newest: bool) -> Option<SendOutcome> {
    let is_open = matches!(
        text.state,
        MessageState::HandedOver | MessageState::Settled(SendOutcome::Unknown)
    );
    let failed = status == DeliveryStatus::Failed;
    match (is_open, failed) {
        (false, _) => None,
        (true, false) => Some(SendOutcome::Sent),
        (true, true) => (is_newest && text.attempts == 1).then_some(SendOutcome::NotSent),
    }
}
