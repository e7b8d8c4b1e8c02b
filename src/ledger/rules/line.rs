//! The voice line: what it is, and what someone on the telephone may do by it: to their own holds and appointments alone.
//!
//! Whose a hold or an appointment is rests on the number that the platform reports and on the call, never on what was said
//! (docs/decisions/0015). What may be done to it is the other rules' word; this one only comes before them.

use crate::ledger::command::{Command, Context};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{CodeBound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::model::{
    AppointmentId, CallId, CallerId, HoldId, KeyId, SealedToken, TenantId, VoiceLine, VoiceSettings,
};

use super::channel;

/// The clinic's voice line, from now on. The secret comes sealed; whether it is the same cannot be seen, so every setting of
/// it is a change.
pub fn set(
    ledger: &Ledger,
    settings: &VoiceSettings,
    secret: &SealedToken,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if ledger.tenant() == TenantId::INSTANCE {
        return Err(Rejection::NotFound(Missing::Tenant));
    }
    settings.check().map_err(|error| Rejection::Invalid {
        field: error.field(),
        detail: error.advice(),
    })?;
    let known = ledger.voice.as_ref();
    let event = Event::VoiceLineSet(VoiceLine {
        version: known.map_or(0, |line| line.version) + 1,
        key: known.map_or(KeyId(context.fresh[0]), |line| line.key),
        settings: settings.clone(),
        secret: secret.clone(),
    });
    Ok(Decision::new(vec![event], Receipt::Nothing))
}

/// Whether what is to be done is done to something of the caller's own. To anyone else it is not there.
pub fn owns(
    ledger: &Ledger,
    caller: Option<CallerId>,
    call: Option<CallId>,
    deed: &Command,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    match deed {
        Command::SendCode { hold, .. }
        | Command::Confirm { hold, .. }
        | Command::ExtendHold { hold, .. }
        | Command::ReleaseHold { hold, .. } => owns_hold(ledger, caller, call, *hold),
        Command::CancelAppointment { appointment, .. }
        | Command::Reschedule { appointment, .. } => {
            owns_appointment(ledger, caller, *appointment)?;
            can_be_told(ledger, caller, context)
        }
        // Nothing else is anyone's own.
        _ => Err(Rejection::NotFound(Missing::Hold)),
    }
}

fn owns_hold(
    ledger: &Ledger,
    caller: Option<CallerId>,
    call: Option<CallId>,
    hold: HoldId,
) -> Result<(), Rejection> {
    let own = ledger.holds.get(&hold).is_some_and(|hold| {
        let of_phone = caller == Some(hold.party.caller);
        let of_call = call.is_some() && hold.call == call;
        of_phone || of_call
    });
    own.then_some(()).ok_or(Rejection::NotFound(Missing::Hold))
}

fn owns_appointment(
    ledger: &Ledger,
    caller: Option<CallerId>,
    appointment: AppointmentId,
) -> Result<(), Rejection> {
    let appointment = ledger.appointments.get(&appointment);
    let own = appointment.is_some_and(|appointment| caller == Some(appointment.party.caller));
    own.then_some(())
        .ok_or(Rejection::NotFound(Missing::Appointment))
}

/// What is changed on a number's word alone is told to that number at once, so that whoever has it can object. Where it
/// cannot be told, it is not changed.
fn can_be_told(
    ledger: &Ledger,
    caller: Option<CallerId>,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    if !channel::is_there(ledger, context) {
        return Err(Rejection::SmsCredentialsMissing);
    }
    if caller.is_some_and(|caller| ledger.texts_stopped(caller)) {
        return Err(Rejection::TextsStopped);
    }
    match channel::full_until(ledger, context) {
        Some(retry_at) => Err(Rejection::TooManyCodes {
            bound: CodeBound::Clinic,
            retry_at,
        }),
        None => Ok(()),
    }
}
