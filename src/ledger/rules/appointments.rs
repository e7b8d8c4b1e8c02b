//! Appointments: booking at once, cancelling, rescheduling.

use crate::ledger::command::{Context, Wish};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::made::booked;
use crate::ledger::occupancy::Owner;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::model::{Appointment, AppointmentId, AppointmentStatus, Party};

use super::claiming::{claim, clear_lapsed, overbook};

/// Books at once, on staff's word: no hold, no code. If they say so, also into time that someone else has; the appointment
/// then says that it is overbooked.
pub fn book(
    ledger: &Ledger,
    wish: &Wish,
    party: Party,
    into_taken: bool,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let claimed = match into_taken {
        true => overbook(ledger, wish, context)?,
        false => claim(ledger, wish, None, context)?,
    };
    let mut events = clear_lapsed(ledger, &claimed.claims, context);
    let event = Event::AppointmentBooked {
        appointment: AppointmentId(context.fresh[0]),
        service: claimed.service.number,
        interval: claimed.service.interval(wish.start),
        claims: claimed.claims,
        overbooked: claimed.overbooked,
        series: None,
        party,
        by: context.principal,
        at: context.now,
    };
    let appointment = booked(&event).expect("this event books");
    events.push(event);
    let view = ledger.appointment_view(&appointment);
    Ok(Decision::new(events, Receipt::Appointment(view)))
}

fn at_version(
    ledger: &Ledger,
    id: AppointmentId,
    if_version: Option<u32>,
) -> Result<&Appointment, Rejection> {
    let missing = Rejection::NotFound(Missing::Appointment);
    let appointment = ledger.appointments.get(&id).ok_or(missing)?;
    match if_version {
        Some(version) if version != appointment.version => Err(Rejection::VersionMismatch {
            current: appointment.version,
        }),
        _ => Ok(appointment),
    }
}

/// Cancels an appointment; one that is cancelled already stays so.
pub fn cancel(
    ledger: &Ledger,
    id: AppointmentId,
    if_version: Option<u32>,
) -> Result<Decision, Rejection> {
    let appointment = at_version(ledger, id, if_version)?;
    let cancelled = match appointment.status {
        AppointmentStatus::Cancelled => {
            let view = ledger.appointment_view(appointment);
            return Ok(Decision::quiet(Receipt::Appointment(view)));
        }
        AppointmentStatus::Booked => Appointment {
            status: AppointmentStatus::Cancelled,
            version: appointment.version + 1,
            ..appointment.clone()
        },
    };
    let event = Event::AppointmentCancelled { appointment: id };
    let view = ledger.appointment_view(&cancelled);
    Ok(Decision::new(vec![event], Receipt::Appointment(view)))
}

/// Moves an appointment in one step: its own time counts as free, its id stays, and if the new slot cannot be had nothing
/// has changed.
pub fn reschedule(
    ledger: &Ledger,
    id: AppointmentId,
    wish: &Wish,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let appointment = at_version(ledger, id, if_version)?;
    if appointment.status == AppointmentStatus::Cancelled {
        return Err(Rejection::AppointmentCancelled);
    }
    let claimed = claim(ledger, wish, Some(Owner::Appointment(id)), context)?;
    let interval = claimed.service.interval(wish.start);
    let service = claimed.service.number;
    if (service, interval, &claimed.claims)
        == (
            appointment.service,
            appointment.interval,
            &appointment.claims,
        )
    {
        let view = ledger.appointment_view(appointment);
        return Ok(Decision::quiet(Receipt::Appointment(view)));
    }
    let moved = Appointment {
        service,
        interval,
        claims: claimed.claims.clone(),
        overbooked: false,
        version: appointment.version + 1,
        ..appointment.clone()
    };
    let mut events = clear_lapsed(ledger, &claimed.claims, context);
    events.push(Event::AppointmentMoved {
        appointment: id,
        service,
        interval,
        claims: claimed.claims,
    });
    let view = ledger.appointment_view(&moved);
    Ok(Decision::new(events, Receipt::Appointment(view)))
}
