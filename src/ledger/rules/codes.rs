//! Codes: sending one, or sending it again.
//!
//! A re-send repeats the code; a new one begins only when the last one's time is over, its text was certainly not sent, or it
//! was tried too often. Wrong attempts are counted on the hold and on the phone too, where a new code never resets them.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::{CodeQueued, Receipt};
use crate::ledger::rejection::Rejection;
use crate::ledger::state::Ledger;
use crate::model::{
    Hold, HoldId, MessageId, MessageState, Route, TextKind, Verification, VerificationId,
    VerificationPolicy,
};

use super::channel;
use super::holds::live;

/// Sends the code of a hold, or sends it again.
pub fn send(
    ledger: &Ledger,
    hold: HoldId,
    route: Option<&Route>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let hold = live(ledger, hold, context)?;
    if !channel::is_there(ledger, context) {
        return Err(Rejection::SmsCredentialsMissing);
    }
    if ledger.texts_stopped(hold.party.caller) {
        return Err(Rejection::TextsStopped);
    }
    if ledger.service_of(hold).verification == VerificationPolicy::Off {
        return Err(Rejection::VerificationNotNeeded);
    }
    not_locked(ledger, hold, context)?;
    // Two requests at once are one wish: the second waits for the text that is already on its way.
    if let Some(code) = hold.verification
        && ledger
            .message(code.message)
            .is_some_and(|text| text.state == MessageState::HandedOver)
        && works_on(&code, context)
    {
        return Ok(Decision::quiet(queued(hold, code, context)));
    }
    let code = next_code(hold, route, context);
    channel::admits_code(ledger, hold, route, code.texts == 1, context)?;
    let text = Event::TextQueued {
        message: code.message,
        kind: TextKind::Code {
            hold: hold.id,
            verification: code.id,
            generation: code.generation,
            digits: code.digits,
            expires_at: code.expires_at.min(hold.expires_at),
        },
        to: hold.party.caller,
        at: context.now,
    };
    let issued = Event::CodeIssued {
        hold: hold.id,
        verification: code,
    };
    let sent = Hold {
        version: hold.version + 1,
        codes_sent: hold.codes_sent + 1,
        ..hold.clone()
    };
    let receipt = queued(&sent, code, context);
    Ok(Decision::new(vec![issued, text], receipt))
}

/// Whether this hold and its phone may still try codes.
pub(super) fn not_locked(
    ledger: &Ledger,
    hold: &Hold,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    if hold.locked || ledger.caller_is_locked(hold.party.caller, context.now) {
        return Err(Rejection::VerificationLocked);
    }
    Ok(())
}

/// Wrong codes that a hold still takes while a code is its newest that was tried so often.
pub(super) fn attempts_left(hold: &Hold, of_code: u32, context: &Context<'_>) -> u32 {
    let policy = context.policy;
    let of_hold = policy.attempts_per_hold_max;
    let of_code = policy.attempts_max.saturating_sub(of_code);
    of_code.min(of_hold.saturating_sub(hold.failed_attempts))
}

/// Whether a code can still be used: it is in time, and was not tried too often.
fn works_on(code: &Verification, context: &Context<'_>) -> bool {
    context.now < code.expires_at && code.failed_attempts < context.policy.attempts_max
}

fn next_code(hold: &Hold, route: Option<&Route>, context: &Context<'_>) -> Verification {
    let message = MessageId(context.fresh[0]);
    let expires_at = context
        .now
        .plus_seconds(context.policy.code_ttl_seconds.into());
    let begun = Verification {
        id: VerificationId(context.fresh[1]),
        generation: 1,
        digits: context.policy.code_digits,
        expires_at,
        message,
        texts: 1,
        failed_attempts: 0,
        prefix: route.map(|route| route.prefix),
    };
    match hold.verification {
        None => begun,
        Some(code) if works_on(&code, context) => Verification {
            message,
            texts: code.texts + 1,
            ..code
        },
        Some(code) => Verification {
            id: code.id,
            generation: code.generation + 1,
            ..begun
        },
    }
}

fn queued(hold: &Hold, code: Verification, context: &Context<'_>) -> Receipt {
    Receipt::CodeQueued(CodeQueued {
        message: code.message,
        hold_version: hold.version,
        party: hold.party,
        // Never beyond the hold; extending the hold gives the code its time back.
        expires_at: code.expires_at.min(hold.expires_at),
        attempts_left: attempts_left(hold, code.failed_attempts, context),
        resends_left: context
            .policy
            .resends_max
            .saturating_add(1)
            .saturating_sub(hold.codes_sent),
    })
}
