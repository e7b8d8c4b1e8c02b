//! `/v1/tenants/{t}/appointments`: confirmed bookings.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Id, Visit};
use super::wish::Wanted;
use super::words::{Instant, NewPerson, Nothing, Person, Reply, Taken, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{After, Limit, Moment, Params, RangeDefaults, open_range, page, range};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{AppointmentSearch, AppointmentView, Command, Page, Query, Receipt, View};
use crate::model::{AppointmentId, AppointmentStatus, Attendance, FreeText, Subject, Timestamp};
use crate::tenant::{Answer, Errand, Idempotency, Instruction, Seen};

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

/// Where to: `slot`, or `start` with or without `service` and `resource`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Which slot.
    slot: Option<String>,
    /// What for; as before, if absent.
    service: Option<String>,
    /// Whose time; the least loaded that day, if absent.
    resource: Option<String>,
    /// When it begins.
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Option<Instant>,
}

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appointment {
    /// Its id; rescheduling keeps it.
    id: String,
    /// `booked`, `arrived`, `no-show` or `cancelled`.
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
    /// When it was cancelled, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
    /// Whether that was later than the service's `cancel_notice_minutes` allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_cancellation: Option<bool>,
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
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It stands.
    Booked,
    /// The patient came.
    Arrived,
    /// The patient did not come.
    NoShow,
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
            cancelled_at: view.cancellation.map(|how| zone.rfc3339(how.at)),
            late_cancellation: view.cancellation.map(|how| how.late),
            reason: reason.map(|text| text.expose().to_owned()),
            replayed: None,
        }
    }
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
        .version(view.version)
        .replayed(answer.replayed)
        .json(&body)
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
        Status::Arrived => AppointmentStatus::Arrived,
        Status::NoShow => AppointmentStatus::NoShow,
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
        .version(view.version)
        .json(&Appointment::seen(view, &seen, &visit.zone())))
}

/// Marks that the patient is here. It may be said early, and of a no-show who came after all.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments/{id}/arrive", tag = "appointments", request_body(content = Option<Nothing>),
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id."), MatchHeader, KeyHeader),
    responses((status = 200, body = Appointment), (status = 409, description = "`appointment-cancelled`, `transition-not-allowed`"),
        (status = 412, description = "`version-mismatch`")))]
pub async fn arrive(
    visit: Visit,
    id: Id<AppointmentId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    mark(visit, id, Attendance::Arrived, if_match, key.of(&body)).await
}

/// Marks that the patient did not come. The time stays the appointment's.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments/{id}/no-show", tag = "appointments", request_body(content = Option<Nothing>),
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id."), MatchHeader, KeyHeader),
    responses((status = 200, body = Appointment), (status = 409, description = "`appointment-cancelled`, `transition-not-allowed`"),
        (status = 412, description = "`version-mismatch`")))]
pub async fn no_show(
    visit: Visit,
    id: Id<AppointmentId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    mark(visit, id, Attendance::NoShow, if_match, key.of(&body)).await
}

async fn mark(
    visit: Visit,
    id: Id<AppointmentId>,
    attendance: Attendance,
    if_match: IfMatch,
    idempotency: Option<Idempotency>,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::MarkAttendance {
        appointment: id.0,
        attendance,
        if_version: if_match.0,
    });
    let answer = visit.execute(instruction, idempotency).await?;
    changed(&visit, &answer)
}

/// Cancels an appointment; its time is free again.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments/{id}/cancel", tag = "appointments", request_body(content = Option<Cancellation>),
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id."), MatchHeader, KeyHeader),
    responses((status = 200, body = Appointment), (status = 409, description = "`transition-not-allowed`"),
        (status = 412, description = "`version-mismatch`")))]
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

/// Moves an appointment to another time, resource or service, in one step: it keeps its id, and its old time is free again.
#[utoipa::path(post, path = "/v1/tenants/{t}/appointments/{id}/reschedule", tag = "appointments", request_body = Move,
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The appointment's id."), MatchHeader, KeyHeader),
    responses((status = 200, body = Appointment), (status = 409, description = "`slot-taken`, with `alternatives`; `appointment-cancelled`, `transition-not-allowed`"),
        (status = 412, description = "`version-mismatch`")))]
pub async fn reschedule(
    visit: Visit,
    id: Id<AppointmentId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Move>,
) -> Result<HttpResponse, Problem> {
    let wanted = Wanted {
        slot: body.value.slot.as_deref(),
        service: body.value.service.as_deref(),
        resource: body.value.resource.as_deref(),
        start: body.value.start,
    };
    let instruction = Instruction::Plain(Command::Reschedule {
        appointment: id.0,
        to: wanted.destination()?,
        if_version: if_match.0,
    });
    let answer = visit.execute(instruction, key.of(&body)).await?;
    changed(&visit, &answer)
}
