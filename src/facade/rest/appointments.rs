//! `/v1/tenants/{t}/appointments`: confirmed bookings.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::{Id, Visit};
use super::wish::Wanted;
use super::words::{Instant, NewPerson, Person, Reply, Taken, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{After, Limit, Moment, Params, RangeDefaults, open_range, page, range};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{AppointmentSearch, AppointmentView, Command, Page, Query, Receipt, View};
use crate::model::{AppointmentId, AppointmentStatus, FreeText, Subject, Timestamp};
use crate::tenant::{Answer, Errand, Instruction, Seen};

/// How many days are looked at where `to` is absent.
const DAYS_DEFAULT: i64 = 90;

/// A booking on staff's word: `slot`, or `service` and `start` with or without `resource`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppointment {
    /// Which slot.
    slot: Option<String>,
    /// What for.
    service: Option<String>,
    /// Whose time; the least loaded that day, if absent.
    resource: Option<String>,
    /// When it begins.
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Option<Instant>,
    /// Who for.
    person: NewPerson,
    /// Where everyone is taken, book all the same: the appointment then says `overbooked`.
    #[serde(default)]
    overbook: bool,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Up to 500 characters.
    reason: Option<String>,
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The new slot.
    slot: String,
}

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appointment {
    /// Its id; rescheduling keeps it.
    id: String,
    /// `booked` or `cancelled`.
    #[schema(value_type = String)]
    status: &'static str,
    /// Counts its changes from 1; the ETag.
    version: u32,
    /// Which time, of what.
    #[serde(flatten)]
    taken: Taken,
    /// Who for; null if they were erased.
    person: Option<Person>,
    /// The hold it came from; null if staff booked at once.
    hold: Option<String>,
    /// Staff booked it into time that someone else had.
    overbooked: bool,
    /// The series it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<String>,
    /// When it was booked.
    booked_at: String,
    /// Why it was cancelled, if someone said.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The hold had been confirmed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<bool>,
}

/// Appointments by start.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppointmentList {
    /// The appointments.
    appointments: Vec<Appointment>,
    /// Where the next page begins.
    next: Option<String>,
}

/// What an appointment is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It stands.
    Booked,
    /// It was cancelled.
    Cancelled,
}

/// Which appointments are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AppointmentParams {
    /// An instant (RFC 3339) or a date; the start of today if absent, or the first one of the `person`.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// An instant, or a date, which means through its end; 90 days after `from` if absent, or the last one of the `person`.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Of this resource.
    resource: Option<String>,
    /// Of this person.
    person: Option<String>,
    /// That are so; all, if absent.
    #[param(inline)]
    status: Option<Status>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl Appointment {
    /// An appointment among what was looked up, with whom and what is filed under it.
    pub fn seen(view: &AppointmentView, seen: &Seen, zone: &Zone) -> Self {
        let person = Person::among(&seen.people, view.party);
        let reason = seen.reasons.get(&Subject::Appointment(view.id));
        Self::of(view, person, reason, zone)
    }

    /// An appointment as the clinic's wall clock shows it.
    pub fn of(
        view: &AppointmentView,
        person: Option<Person>,
        reason: Option<&FreeText>,
        zone: &Zone,
    ) -> Self {
        Self {
            id: view.id.to_string(),
            status: view.status.as_str(),
            version: view.version,
            taken: Taken::of(&view.service, &view.resources, view.interval, zone),
            person,
            hold: view.hold.map(|hold| hold.to_string()),
            overbooked: view.overbooked,
            series: view.series.map(|series| series.to_string()),
            booked_at: zone.rfc3339(view.booked_at),
            reason: reason.map(|text| text.expose().to_owned()),
            replayed: None,
        }
    }
}

/// The version that an appointment must have, from `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(Option<u32>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all(header::IF_MATCH);
        let lines = lines.map(|value| value.to_str().unwrap_or(""));
        ready(Ok(Self(version_wanted(lines))))
    }
}

/// Tags are versions, quoted or bare; `*` and no header at all take any. Versions only grow, so of several the highest is the
/// only one that can still be current. What is no version of ours matches none: versions count from 1.
fn version_wanted<'a>(lines: impl Iterator<Item = &'a str>) -> Option<u32> {
    let tags: Vec<_> = lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    if tags.is_empty() || tags.contains(&"*") {
        return None;
    }
    let version = |tag: &&str| {
        let bare = tag
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        bare.unwrap_or(tag).parse::<u32>().ok()
    };
    Some(tags.iter().filter_map(version).max().unwrap_or(0))
}

/// The answer of a request that ends in a booking: 201 for a new one, 200 for one that was there.
pub fn booked(visit: &Visit, answer: &Answer) -> Result<HttpResponse, Problem> {
    let (view, again) = match &answer.receipt {
        Receipt::Appointment(view) => (view, false),
        Receipt::AppointmentAgain(view) => (view, true),
        _ => return Err(Problem::internal()),
    };
    let reply = match again {
        true => Reply::ok(),
        false => Reply::created(&visit.path(&format!("appointments/{}", view.id))),
    };
    Ok(shown(visit, reply, answer, view, again))
}

/// The answer of a request that changed an appointment.
fn changed(visit: &Visit, answer: &Answer) -> Result<HttpResponse, Problem> {
    match &answer.receipt {
        Receipt::Appointment(view) => Ok(shown(visit, Reply::ok(), answer, view, false)),
        _ => Err(Problem::internal()),
    }
}

fn shown(
    visit: &Visit,
    reply: Reply,
    answer: &Answer,
    view: &AppointmentView,
    again: bool,
) -> HttpResponse {
    let person = answer.person.as_ref().map(Person::of);
    let mut body = Appointment::of(view, person, answer.reason.as_ref(), &visit.zone());
    body.replayed = again.then_some(true);
    reply
        .header(header::ETAG, &etag(view.version))
        .replayed(answer.replayed)
        .json(&body)
}

fn etag(version: u32) -> String {
    format!("\"{version}\"")
}

/// Books at once, on staff's word.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments", tag = "appointments", request_body = NewAppointment,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 201, body = Appointment), (status = 409, description = "`slot-taken`, with `alternatives`")))]
pub async fn book(
    visit: Visit,
    key: RequestKey,
    body: Body<NewAppointment>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let wanted = Wanted {
        slot: new.slot.as_deref(),
        service: new.service.as_deref(),
        resource: new.resource.as_deref(),
        start: new.start,
    };
    let contact = visit.contact(&new.person)?;
    let errand = Errand::BookDirectly {
        wish: wanted.wish()?,
        overbook: new.overbook,
    };
    let instruction = Instruction::For(contact, errand);
    let answer = visit.execute(instruction, key.of(&body)).await?;
    booked(&visit, &answer)
}

/// Lists appointments by start.
#[utoipa::path(get, path = "/v1/tenants/{t}/appointments", tag = "appointments",
    params(("t" = String, Path, description = "The clinic's slug."), AppointmentParams),
    responses((status = 200, body = AppointmentList)))]
pub async fn list(
    visit: Visit,
    params: Params<AppointmentParams>,
) -> Result<HttpResponse, Problem> {
    let zone = visit.zone();
    let Some(search) = search(&params.0, &visit)? else {
        let (appointments, next) = (Vec::new(), None);
        return Ok(Reply::ok().json(&AppointmentList { appointments, next }));
    };
    let seen = visit.query(Query::Appointments(search)).await?;
    let View::Appointments(Page { items, next: after }) = &seen.view else {
        return Err(Problem::internal());
    };
    let appointment = |view| Appointment::seen(view, &seen, &zone);
    let appointments = items.iter().map(appointment).collect();
    let next = next(*after);
    Ok(Reply::ok().json(&AppointmentList { appointments, next }))
}

/// What to look for; `None` if there can be no such resource or person.
fn search(params: &AppointmentParams, visit: &Visit) -> Result<Option<AppointmentSearch>, Problem> {
    let zone = visit.zone();
    let defaults = RangeDefaults {
        from: visit.start_of_today(),
        days: DAYS_DEFAULT,
    };
    // One person's appointments are few: all of them, unless a range is asked for.
    let (from, to) = match params.person {
        None => range(params.from, params.to, &zone, defaults)?,
        Some(_) => open_range(params.from, params.to, &zone, Timestamp::MIN)?,
    };
    let resource = params.resource.as_deref().map(str::parse).transpose();
    let person = params.person.as_deref().map(str::parse).transpose();
    let (Ok(resource), Ok(person)) = (resource, person) else {
        return Ok(None);
    };
    let status = params.status.map(|status| match status {
        Status::Booked => AppointmentStatus::Booked,
        Status::Cancelled => AppointmentStatus::Cancelled,
    });
    Ok(Some(AppointmentSearch {
        from,
        to,
        resource,
        person,
        status,
        page: page(params.limit, params.cursor),
    }))
}

/// Shows one appointment; its version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}/appointments/{id}", tag = "appointments",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id.")),
    responses((status = 200, body = Appointment)))]
pub async fn show(visit: Visit, id: Id<AppointmentId>) -> Result<HttpResponse, Problem> {
    let seen = visit.query(Query::Appointment(id.0)).await?;
    let View::Appointment(view) = &seen.view else {
        return Err(Problem::internal());
    };
    Ok(Reply::ok()
        .header(header::ETAG, &etag(view.version))
        .json(&Appointment::seen(view, &seen, &visit.zone())))
}

/// Cancels an appointment; its time is free again.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments/{id}/cancel", tag = "appointments", request_body(content = Option<Cancellation>),
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id."),
        ("If-Match" = Option<String>, Header, description = "The version it must have."), KeyHeader),
    responses((status = 200, body = Appointment), (status = 412, description = "`version-mismatch`")))]
pub async fn cancel(
    visit: Visit,
    id: Id<AppointmentId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Cancellation>,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::CancelAppointment {
        appointment: id.0,
        reason: visit.free_text("reason", body.value.reason.as_deref())?,
        if_version: if_match.0,
    };
    let answer = visit.execute(instruction, key.of(&body)).await?;
    changed(&visit, &answer)
}

/// Moves an appointment to another slot, in one step: it keeps its id, and its old time is free again.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments/{id}/reschedule", tag = "appointments", request_body = Move,
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id."),
        ("If-Match" = Option<String>, Header, description = "The version it must have."), KeyHeader),
    responses((status = 200, body = Appointment), (status = 409, description = "`slot-taken`, with `alternatives`; `appointment-cancelled`"),
        (status = 412, description = "`version-mismatch`")))]
pub async fn reschedule(
    visit: Visit,
    id: Id<AppointmentId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Move>,
) -> Result<HttpResponse, Problem> {
    let wanted = Wanted {
        slot: Some(&body.value.slot),
        service: None,
        resource: None,
        start: None,
    };
    let instruction = Instruction::Plain(Command::Reschedule {
        appointment: id.0,
        wish: wanted.wish()?,
        if_version: if_match.0,
    });
    let answer = visit.execute(instruction, key.of(&body)).await?;
    changed(&visit, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_quoted_or_bare() {
        let wanted = |line: &str| version_wanted([line].into_iter());
        assert_eq!(wanted("\"3\""), Some(3));
        assert_eq!(wanted("3"), Some(3));
        assert_eq!(wanted("*"), None);
        assert_eq!(wanted("\"2\", \"3\""), Some(3));
        for never in ["W/\"3\"", "\"abc\"", "", "\"3", "-1"] {
            assert_eq!(wanted(never), Some(0), "{never}");
        }
        assert_eq!(version_wanted(std::iter::empty()), None);
    }
}
