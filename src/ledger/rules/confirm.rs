//! Confirming: a hold becomes an appointment, once, on a code's or on staff's word.
//!
//! Everything is judged again in the one step that books: that the hold is live, that its code is the newest, in time and
//! right. Its time is its own until it lapses, so nothing can have come in between.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::made::confirmed;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::model::{
    Appointment, AppointmentId, EnteredCode, Hold, HoldId, HoldState, Notice, Proof, Verification,
    VerificationPolicy,
};

use super::codes::{attempts_left, not_locked};
use super::holds::{at_version, live};
use super::notices;

/// Turns a hold into an appointment.
pub fn confirm(
    ledger: &Ledger,
    hold: HoldId,
    code: Option<&EnteredCode>,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let seen = at_version(ledger, hold, if_version, context)?;
    if let HoldState::Confirmed(appointment) = seen.state {
        return again(ledger, appointment, code, context);
    }
    let hold = live(ledger, hold, context)?;
    match proof(ledger, hold, code, context)? {
        Some(proof) => Ok(booked(ledger, hold, proof, context)),
        None => Ok(wrong_code(ledger, hold, context)),
    }
}

/// A confirmed hold gives its appointment to whoever could have confirmed it so; to anyone else it is just confirmed.
fn again(
    ledger: &Ledger,
    appointment: AppointmentId,
    code: Option<&EnteredCode>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let missing = Rejection::NotFound(Missing::Appointment);
    let appointment = ledger.appointments.get(&appointment).ok_or(missing)?;
    if !could_have_confirmed(appointment, code, context) {
        return Err(Rejection::HoldConfirmed);
    }
    let view = ledger.appointment_view(appointment);
    Ok(Decision::quiet(Receipt::AppointmentAgain(view)))
}

fn could_have_confirmed(
    appointment: &Appointment,
    code: Option<&EnteredCode>,
    context: &Context<'_>,
) -> bool {
    match (appointment.proof, code) {
        (Proof::NotNeeded, _) => true,
        (_, None) => context.principal.is_staff(),
        (Proof::Staff | Proof::Reply, Some(_)) => false,
        (
            Proof::Code {
                verification,
                generation,
                digits,
            },
            Some(code),
        ) => context
            .codes
            .matches(code.expose(), verification, generation, digits),
    }
}

/// On whose word this confirmation rests; `None`: the code is wrong.
fn proof(
    ledger: &Ledger,
    hold: &Hold,
    code: Option<&EnteredCode>,
    context: &Context<'_>,
) -> Result<Option<Proof>, Rejection> {
    if ledger.service_of(hold).verification == VerificationPolicy::Off {
        return Ok(Some(Proof::NotNeeded));
    }
    if code.is_some() || !context.principal.is_staff() {
        not_locked(ledger, hold, context)?;
    }
    let Some(code) = code else {
        return without_code(hold, context).map(Some);
    };
    let issued = hold.verification.ok_or(Rejection::VerificationRequired)?;
    if context.now >= issued.expires_at {
        return Err(Rejection::CodeExpired);
    }
    if issued.failed_attempts >= context.policy.attempts_max {
        return Err(Rejection::CodeUsedUp);
    }
    let Verification {
        id,
        generation,
        digits,
        ..
    } = issued;
    let right = context.codes.matches(code.expose(), id, generation, digits);
    Ok(right.then_some(Proof::Code {
        verification: id,
        generation,
        digits,
    }))
}

fn without_code(hold: &Hold, context: &Context<'_>) -> Result<Proof, Rejection> {
    if context.principal.is_staff() {
        return Ok(Proof::Staff);
    }
    Err(match hold.verification {
        None => Rejection::VerificationRequired,
        Some(_) => Rejection::CodeMissing,
    })
}

/// The hold becomes an appointment.
pub(super) fn booked(
    ledger: &Ledger,
    hold: &Hold,
    proof: Proof,
    context: &Context<'_>,
) -> Decision {
    let id = AppointmentId(context.fresh[0]);
    let appointment = confirmed(hold, id, proof, context.principal, context.now);
    let event = Event::HoldConfirmed {
        hold: hold.id,
        appointment: id,
        proof,
        by: context.principal,
        at: context.now,
    };
    let view = ledger.appointment_view(&appointment);
    let mut events = vec![event];
    events.extend(notices::of(
        ledger,
        &appointment,
        Notice::Confirmation,
        context,
    ));
    Decision::new(events, Receipt::Appointment(view))
}

/// A wrong code is no mere refusal: it happened, it is counted, and the count survives a crash.
fn wrong_code(ledger: &Ledger, hold: &Hold, context: &Context<'_>) -> Decision {
    let caller = hold.party.caller;
    let mut events = vec![Event::AttemptFailed {
        hold: hold.id,
        caller,
        at: context.now,
    }];
    let failed = hold.failed_attempts + 1;
    if failed >= context.policy.attempts_per_hold_max {
        events.push(Event::HoldLocked { hold: hold.id });
    }
    let of_code = hold.verification.map_or(0, |code| code.failed_attempts);
    let attempts_left = attempts_left(hold, of_code, context).saturating_sub(1);
    let written = u32::try_from(events.len()).unwrap_or(u32::MAX);
    // The phone may be closer to its own bound than the hold is.
    let of_phone = ledger
        .attempts_left_of(caller, context.now)
        .saturating_sub(1);
    Decision::new(
        events,
        Receipt::CodeMismatch {
            attempts_left: attempts_left.min(of_phone),
            hold_version: hold.version + written,
        },
    )
}
