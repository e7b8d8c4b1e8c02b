//! Appointments: booking at once, whether the patient came, cancelling, rescheduling.

use crate::ledger::command::{Context, Destination, Wish};
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::made::booked;
use crate::ledger::occupancy::Owner;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::model::{
    Appointment, AppointmentId, AppointmentStatus, AppointmentVerb, Attendance, Cancellation,
    Notice, Party, Timestamp, Transition,
};

use super::claiming::{claim, clear_lapsed, overbook};
use super::notices;
use super::version;

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
    events.extend(notices::of(
        ledger,
        &appointment,
        Notice::Confirmation,
        context,
    ));
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
    version::check(appointment.version, if_version)?;
    Ok(appointment)
}

/// What the verb makes of an appointment; `None`: it is so already.
fn after(
    appointment: &Appointment,
    verb: AppointmentVerb,
) -> Result<Option<AppointmentStatus>, Rejection> {
    let status = appointment.status;
    match status.after(verb) {
        Transition::To(status) => Ok(Some(status)),
        Transition::Unchanged => Ok(None),
        Transition::Refused if status == AppointmentStatus::Cancelled => {
            Err(Rejection::AppointmentCancelled)
        }
        Transition::Refused => Err(Rejection::TransitionNotAllowed { status }),
    }
}

fn as_it_is(ledger: &Ledger, appointment: &Appointment) -> Decision {
    Decision::quiet(Receipt::Appointment(ledger.appointment_view(appointment)))
}

/// Writes down whether the patient came.
pub fn mark(
    ledger: &Ledger,
    id: AppointmentId,
    attendance: Attendance,
    if_version: Option<u32>,
) -> Result<Decision, Rejection> {
    let appointment = at_version(ledger, id, if_version)?;
    let Some(status) = after(appointment, attendance.verb())? else {
        return Ok(as_it_is(ledger, appointment));
    };
    let marked = Appointment {
        status,
        version: appointment.version + 1,
        ..appointment.clone()
    };
    let event = Event::AppointmentMarked {
        appointment: id,
        attendance,
    };
    let view = ledger.appointment_view(&marked);
    Ok(Decision::new(vec![event], Receipt::Appointment(view)))
}

/// Until when others than the house may cancel it.
pub(super) fn cancellable_until(ledger: &Ledger, appointment: &Appointment) -> Timestamp {
    let service = &ledger.services[appointment.service.0 as usize];
    service.cancellable_until(appointment.interval.start())
}

/// Whether it can still be called off: by the house always, by others until the service's notice.
fn in_time(
    ledger: &Ledger,
    appointment: &Appointment,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let until = cancellable_until(ledger, appointment);
    if context.now > until && !context.principal.is_of_the_house() {
        return Err(Rejection::CancelWindowPassed { until });
    }
    Ok(())
}

/// Cancels an appointment; one that is cancelled already stays so.
pub fn cancel(
    ledger: &Ledger,
    id: AppointmentId,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let appointment = at_version(ledger, id, if_version)?;
    let Some(status) = after(appointment, AppointmentVerb::Cancel)? else {
        return Ok(as_it_is(ledger, appointment));
    };
    in_time(ledger, appointment, context)?;
    let cancellation = Cancellation {
        at: context.now,
        by: context.principal,
        late: context.now > cancellable_until(ledger, appointment),
    };
    let cancelled = Appointment {
        cancellation: Some(cancellation),
        status,
        version: appointment.version + 1,
        ..appointment.clone()
    };
    let event = Event::AppointmentCancelled {
        appointment: id,
        late: cancellation.late,
        by: cancellation.by,
        at: cancellation.at,
    };
    let view = ledger.appointment_view(&cancelled);
    let mut events = vec![event];
    events.extend(notices::of(
        ledger,
        &cancelled,
        Notice::Cancellation,
        context,
    ));
    Ok(Decision::new(events, Receipt::Appointment(view)))
}

/// Moves an appointment in one step: its own time counts as free, its id stays, and if the new slot cannot be had nothing
/// has changed. The slot is judged by what its service is today, whatever that was when the appointment was booked.
pub fn reschedule(
    ledger: &Ledger,
    id: AppointmentId,
    to: &Destination,
    if_version: Option<u32>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let appointment = at_version(ledger, id, if_version)?;
    after(appointment, AppointmentVerb::Move)?;
    in_time(ledger, appointment, context)?;
    let own = || ledger.services[appointment.service.0 as usize].id.clone();
    let wish = &Wish {
        service: to.service.clone().unwrap_or_else(own),
        resource: to.resource.clone(),
        start: to.start,
    };
    let claimed = claim(ledger, wish, Some(Owner::Appointment(id)), context)?;
    let interval = claimed.service.interval(wish.start);
    let service = claimed.service.number;
    let is_there = (service, interval) == (appointment.service, appointment.interval)
        && claimed.claims == appointment.claims;
    // Whoever was overbooked and now has the time alone is moved to where they are: they are booked like anyone else then.
    if is_there && !appointment.overbooked {
        return Ok(as_it_is(ledger, appointment));
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
    events.extend(notices::of(ledger, &moved, Notice::Reschedule, context));
    let view = ledger.appointment_view(&moved);
    Ok(Decision::new(events, Receipt::Appointment(view)))
}
