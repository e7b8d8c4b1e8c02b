//! Notices: what patients are told of their appointments, decided in the same step as what it is about.
//!
//! A notice is bound to the appointment's version, so that a change makes it void. Nothing here ever refuses: where a clinic
//! cannot send texts or wants none, nothing is written down, and the booking goes on.

use crate::calendar::{Instants, Zone};
use crate::ledger::command::Context;
use crate::ledger::event::Event;
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{
    Appointment, AppointmentId, MessageId, Notice, TextKind, TextSettings, Timestamp,
};

use super::channel;

/// What the clinic wants, if it can and wants to tell anyone anything.
fn settings<'a>(ledger: &'a Ledger, context: &Context<'_>) -> Option<&'a TextSettings> {
    let settings = &ledger.profile()?.texts;
    (settings.notices && channel::is_there(ledger, context)).then_some(settings)
}

/// Tells the patient, and sets or drops the reminder with it. `appointment` is as it will be.
pub(super) fn of(
    ledger: &Ledger,
    appointment: &Appointment,
    notice: Notice,
    context: &Context<'_>,
) -> Vec<Event> {
    let told = told(ledger, appointment, notice, 1, context);
    let reminded = match notice {
        Notice::Cancellation => None,
        _ => reminded(ledger, appointment, context),
    };
    told.into_iter().chain(reminded).collect()
}

/// Of a series: one text for all, a reminder for each.
pub(super) fn of_series(
    ledger: &Ledger,
    appointments: &[Appointment],
    context: &Context<'_>,
) -> Vec<Event> {
    let count = u32::try_from(appointments.len()).unwrap_or(u32::MAX);
    let first = appointments.first();
    let told = first.and_then(|first| told(ledger, first, Notice::Confirmation, count, context));
    let each = appointments.iter();
    let reminded = each.filter_map(|one| reminded(ledger, one, context));
    told.into_iter().chain(reminded).collect()
}

fn told(
    ledger: &Ledger,
    appointment: &Appointment,
    notice: Notice,
    appointments: u32,
    context: &Context<'_>,
) -> Option<Event> {
    settings(ledger, context)?;
    if channel::full_until(ledger, context).is_some() {
        return None;
    }
    let message = MessageId(context.fresh[0]);
    text(
        ledger,
        appointment,
        notice,
        appointments,
        message,
        context.now,
    )
}

/// The text, unless the appointment has begun or the patient wants no texts.
fn text(
    ledger: &Ledger,
    appointment: &Appointment,
    notice: Notice,
    appointments: u32,
    message: MessageId,
    now: Timestamp,
) -> Option<Event> {
    let start = appointment.interval.start();
    let kind = TextKind::Notice {
        notice,
        appointment: appointment.id,
        version: appointment.version,
        start,
        appointments,
    };
    let to = appointment.party.caller;
    (now < start && !ledger.texts_stopped(to)).then_some(Event::TextQueued {
        message,
        kind,
        to,
        at: now,
    })
}

/// When the patient is to be reminded; never where that instant is over.
fn reminded(ledger: &Ledger, appointment: &Appointment, context: &Context<'_>) -> Option<Event> {
    let settings = settings(ledger, context)?;
    let hours = i64::from(settings.reminder_hours);
    let start = appointment.interval.start();
    let due = start.plus_seconds(-hours * 3600);
    if hours == 0 || due <= context.now {
        return None;
    }
    let at = after_quiet_hours(&ledger.zone, settings, due);
    (at < start).then_some(Event::ReminderSet {
        appointment: appointment.id,
        at,
    })
}

/// The reminders that are due, a bounded number of them: sent, put off until the quiet hours are over, or dropped.
pub(super) fn due(ledger: &Ledger, context: &Context<'_>) -> Vec<Event> {
    let mut room = channel::room(ledger, context);
    let due = ledger.reminders.due_by(context.now);
    let due = due.take(limits::SWEEP_ROWS_MAX).zip(0..);
    due.map(|(id, number)| {
        let dropped = Event::ReminderDropped { appointment: id };
        let (Some(settings), Some(appointment)) =
            (settings(ledger, context), ledger.appointments.get(&id))
        else {
            return dropped;
        };
        // Whoever was down when it was due may come back in the night.
        let at = after_quiet_hours(&ledger.zone, settings, context.now);
        if at > context.now && at < appointment.interval.start() {
            return Event::ReminderSet {
                appointment: id,
                at,
            };
        }
        let message = MessageId(context.fresh[0].wrapping_add(number));
        let text = text(
            ledger,
            appointment,
            Notice::Reminder,
            1,
            message,
            context.now,
        );
        match text.filter(|_| at == context.now && room > 0) {
            Some(text) => {
                room -= 1;
                text
            }
            None => dropped,
        }
    })
    .collect()
}

/// The instant itself, or when the quiet hours around it are over.
pub(super) fn after_quiet_hours(zone: &Zone, settings: &TextSettings, at: Timestamp) -> Timestamp {
    let (from, to) = (settings.quiet_from.get(), settings.quiet_to.get());
    let (reading, _) = zone.wall_clock(at);
    let minute = reading.hour().unsigned_abs() as u16 * 60 + reading.minute().unsigned_abs() as u16;
    let over_midnight = to < from;
    let is_quiet = match over_midnight {
        true => minute >= from || minute < to,
        false => (from..to).contains(&minute),
    };
    if !is_quiet {
        return at;
    }
    let date = match over_midnight && minute >= from {
        true => reading.date().tomorrow().unwrap_or(reading.date()),
        false => reading.date(),
    };
    match zone.instants(date, to) {
        Some(Instants::Once(end) | Instants::Skipped(end)) => end.max(at),
        // Of an hour that comes twice the one that is still ahead.
        Some(Instants::Twice(first, second)) => match at < first {
            true => first,
            false => second.max(at),
        },
        None => at,
    }
}

/// Whether a text is still of use: what it says has not changed since.
pub fn stands(ledger: &Ledger, notice: Notice, id: AppointmentId, version: u32) -> bool {
    use crate::model::AppointmentStatus::{Booked, Cancelled};
    let expected = match notice {
        Notice::Cancellation => Cancelled,
        Notice::Confirmation | Notice::Reschedule | Notice::Reminder => Booked,
    };
    let appointment = ledger.appointments.get(&id);
    appointment.is_some_and(|own| own.version == version && own.status == expected)
}
