//! Codes: sending one, or sending it again.
//!
//! A re-send repeats the code; a new one begins only when the last one's time is over or its text was certainly not sent.
//! Wrong attempts are counted on the hold and on the phone, so a new code never resets them.

use crate::ledger::command::{Context, TextChannel};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::{CodeQueued, Receipt};
use crate::ledger::rejection::Rejection;
use crate::ledger::state::Ledger;
use crate::model::{
    Hold, HoldId, MessageId, MessageState, TextKind, Verification, VerificationId,
    VerificationPolicy,
};

use super::holds::live;

/// Sends the code of a hold, or sends it again.
pub fn send(ledger: &Ledger, hold: HoldId, context: &Context<'_>) -> Result<Decision, Rejection> {
    let hold = live(ledger, hold, context)?;
    if context.policy.texts == TextChannel::Provider && ledger.sms.is_none() {
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
        && context.now < code.expires_at
    {
        return Ok(Decision::quiet(queued(hold, code, context)));
    }
    if hold.codes_sent > context.policy.resends_max {
        return Err(Rejection::TooManyCodes {
            retry_at: hold.expires_at,
        });
    }
    let code = next_code(hold, context);
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

fn next_code(hold: &Hold, context: &Context<'_>) -> Verification {
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
    };
    match hold.verification {
        None => begun,
        Some(code) if context.now < code.expires_at => Verification {
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
        attempts_left: context
            .policy
            .attempts_max
            .saturating_sub(hold.failed_attempts),
        resends_left: context
            .policy
            .resends_max
            .saturating_add(1)
            .saturating_sub(hold.codes_sent),
    })
}
