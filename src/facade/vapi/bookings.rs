//! `find_appointment`, `cancel_appointment`, `reschedule_appointment`: what is booked for the number that calls.
//!
//! A number can be forged, so it opens little (docs/decisions/0015): days and times, no name, no service, nobody's appointment but
//! its own; whatever is changed is told to that number by text; and a clinic may close this door altogether.

use super::availability;
use super::call::Call;
use super::message::{Arguments, Asked};
use super::times::{is_among, said, wanted, wish};
use super::words::Said;
use crate::facade::redaction;
use crate::ledger::{AppointmentView, CallerView, Command, Destination, Receipt, Rejection, Wish};
use crate::model::{AppointmentId, AppointmentStatus, FreeText};
use crate::speech::say;
use crate::tenant::{Answer, Refused};

const APPOINTMENT: [&str; 3] = ["appointmentId", "appointment_id", "appointment"];
const REASON: [&str; 2] = ["reason", "cancellationReason"];

const NO_NUMBER: &str = "This call comes from no telephone number, so I cannot tell whose appointments to look for. Please ask the desk.";
const NONE: &str = "I find no appointment for the number that this call comes from.";
const CLOSED: &str = "On this line appointments cannot be looked up or changed. Please answer the text that was sent about the appointment, or call the desk.";

/// Why nothing can be said of anyone's appointments.
fn closed(call: &Call<'_>) -> Option<Said> {
    if !call.line.access.settings.caller_id_trusted {
        return Some(Said::refused(CLOSED));
    }
    call.phone.is_none().then(|| Said::refused(NO_NUMBER))
}

/// Says what is booked.
pub async fn find(call: &Call<'_>) -> Result<Said, Refused> {
    if let Some(closed) = closed(call) {
        return Ok(closed);
    }
    let theirs = call.theirs(None).await?;
    let words = call.words();
    let moments = |starts: &mut dyn Iterator<Item = crate::model::Timestamp>| {
        starts.map(|start| words.moment(start)).collect::<Vec<_>>()
    };
    let mut booked = theirs.upcoming.iter().map(|view| view.interval.start());
    let mut held = theirs.holds.iter().map(|view| view.interval.start());
    let (booked, held) = (moments(&mut booked), moments(&mut held));
    let of_booked = match booked.as_slice() {
        [] => NONE.to_owned(),
        [one] => format!("There is an appointment on {one}."),
        some => format!(
            "There are {} appointments: {}.",
            some.len(),
            say::all_of(some)
        ),
    };
    let of_held = match held.as_slice() {
        [] => String::new(),
        some => format!(" Held and not yet booked: {}.", say::all_of(some)),
    };
    Ok(Said::done(of_booked + &of_held))
}

/// The appointment that is meant; else what to say.
fn meant(
    call: &Call<'_>,
    given: &Arguments,
    theirs: &CallerView,
    by_date: bool,
) -> Result<(AppointmentId, Option<AppointmentView>), Said> {
    let named = given.words(&APPOINTMENT);
    if let Some(id) = named.as_deref().and_then(|id| id.parse().ok()) {
        let view = theirs.upcoming.iter().find(|view| view.id == id);
        return Ok((id, view.cloned()));
    }
    let words = call.words();
    let spoken = match named {
        Some(text) => Some(crate::speech::when(&text, &call.reckoning())),
        None if by_date => said(call, given),
        None => None,
    };
    let fits = |view: &&AppointmentView, by_hour: bool| {
        let Some(said) = spoken else { return true };
        let clock = words.clock(view.interval.start());
        let on_day = said
            .days
            .is_none_or(|days| days.first <= clock.date() && clock.date() <= days.last);
        let at_hour = said.hours.is_none_or(|hours| is_among(clock.time(), hours));
        on_day && (at_hour || !by_hour)
    };
    let of = |by_hour| {
        theirs
            .upcoming
            .iter()
            .filter(move |view| fits(view, by_hour))
    };
    let mut fitting: Vec<_> = of(true).collect();
    if fitting.is_empty() {
        // "The one on Tuesday" says no hour, though it sounds like one.
        fitting = of(false).collect();
    }
    // One that says a day on which there is none means another than the only one there is.
    match fitting.as_slice() {
        [one] => Ok((one.id, Some((*one).clone()))),
        [] => Err(Said::refused(NONE)),
        several => {
            let moments = several
                .iter()
                .map(|view| words.moment(view.interval.start()));
            let moments = say::any_of(&moments.collect::<Vec<_>>());
            Err(Said::refused(format!(
                "Which appointment is meant: {moments}?"
            )))
        }
    }
}

/// Cancels one.
pub async fn cancel(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    if let Some(closed) = closed(call) {
        return Ok(closed);
    }
    let names = call.names(asked.tool, asked.id, asked.given, None);
    let theirs = call.theirs(names).await?;
    let receipt = match &theirs.remembered {
        Some(receipt) => receipt.clone(),
        None => {
            let appointment = match meant(call, asked.given, &theirs, true) {
                Ok((appointment, _)) => appointment,
                Err(said) => return Ok(said),
            };
            let deed = Command::CancelAppointment {
                appointment,
                if_version: None,
            };
            let reason = reason(call, asked.given);
            call.to_theirs(deed, reason, names).await?.receipt
        }
    };
    let Some(view) = appointment(&receipt) else {
        return Ok(Said::refused(NONE));
    };
    let moment = call.words().moment(view.interval.start());
    Ok(match view.status {
        AppointmentStatus::Cancelled => Said::done(format!(
            "The appointment on {moment} is cancelled. A text says so to the number that this call comes from."
        )),
        _ => Said::refused(NONE),
    })
}

/// The reason as it may be kept: redacted, if it can be kept at all.
fn reason(call: &Call<'_>, given: &Arguments) -> Option<FreeText> {
    let text = FreeText::parse(&given.words(&REASON)?).ok()?;
    FreeText::parse(redaction::free_text(&call.occasion(), text.expose()).as_str()).ok()
}

fn appointment(receipt: &Receipt) -> Option<&AppointmentView> {
    match receipt {
        Receipt::Appointment(view) | Receipt::AppointmentAgain(view) => Some(view),
        _ => None,
    }
}

/// Moves one.
pub async fn reschedule(call: &Call<'_>, asked: &Asked<'_>) -> Result<Said, Refused> {
    if let Some(closed) = closed(call) {
        return Ok(closed);
    }
    let names = call.names(asked.tool, asked.id, asked.given, None);
    let theirs = call.theirs(names).await?;
    if let Some(receipt) = &theirs.remembered {
        return Ok(moved(call, receipt));
    }
    let (id, view) = match meant(call, asked.given, &theirs, false) {
        Ok(meant) => meant,
        Err(said) => return Ok(said),
    };
    let wanted = match wanted(call, asked.given) {
        Ok(wanted) => wanted,
        Err(said) => return Ok(said),
    };
    // One that is not among the caller's own: the ledger says that it is not there, and nothing else is said of it.
    let service = view.as_ref().map(|view| view.service.clone());
    let service = service.unwrap_or_else(|| "unknown".parse().expect("this is a slug"));
    let Some(to) = wish(call, wanted, &service, None).await? else {
        return Ok(Said::refused("That date is too far away."));
    };
    let with_whom = view
        .as_ref()
        .and_then(|view| view.resources.first().cloned());
    // With whom it was, if that can be had; else with anyone.
    let mut tried = Err(Refused::Rejected(Rejection::SlotTaken(Vec::new())));
    for resource in [to.resource.clone().or(with_whom), to.resource.clone()] {
        let destination = Destination {
            service: (to.service != service).then(|| to.service.clone()),
            resource,
            start: to.start,
        };
        let deed = Command::Reschedule {
            appointment: id,
            to: destination,
            if_version: None,
        };
        tried = call.to_theirs(deed, None, names).await;
        if !is_about_the_time(&tried) {
            break;
        }
    }
    match tried {
        Ok(answer) => Ok(moved(call, &answer.receipt)),
        Err(Refused::Rejected(Rejection::SlotNotOffered(reason))) => {
            let wish = Wish {
                resource: None,
                ..to
            };
            let instead = availability::instead(call, wish).await?;
            let why = super::refusal::not_offered(reason);
            Ok(Said::refused(format!("{why}{instead}")))
        }
        Err(refused) => Err(refused),
    }
}

fn is_about_the_time(tried: &Result<Answer, Refused>) -> bool {
    matches!(
        tried,
        Err(Refused::Rejected(
            Rejection::SlotTaken(_) | Rejection::SlotNotOffered(_)
        ))
    )
}

fn moved(call: &Call<'_>, receipt: &Receipt) -> Said {
    let Some(view) = appointment(receipt) else {
        return Said::refused(NONE);
    };
    Said::done(format!(
        "The appointment is moved to {}. A text says so to the number that this call comes from.",
        call.words().moment(view.interval.start()),
    ))
}
