//! `/v1/tenants/{t}/series`: the same time of the week several times over, booked in one step. Its appointments are
//! appointments like any other afterwards.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::appointments::Appointment;
use super::visit::{Id, Visit};
use super::wish::Wanted;
use super::words::{Instant, NewPerson, Person, Reply};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{Query, Receipt, SeriesView, View};
use crate::model::SeriesId;
use crate::tenant::{Errand, Instruction};

/// A series on staff's word: the first one is `slot`, or `service` and `start` with or without `resource`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSeries {
    /// Which slot is the first.
    slot: Option<String>,
    /// What for.
    service: Option<String>,
    /// Whose time; one who can give all of it, if absent.
    resource: Option<String>,
    /// When the first begins; the others begin at the same time on the clinic's wall clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Option<Instant>,
    /// How many weeks from one to the next, 1 to 52; 1 if absent.
    every_weeks: Option<u32>,
    /// How many appointments, 2 to 53.
    occurrences: u32,
    /// Who for.
    person: NewPerson,
}

/// A series.
#[derive(Debug, Serialize, ToSchema)]
pub struct Series {
    /// Its id.
    id: String,
    /// How many weeks from one to the next.
    every_weeks: u32,
    /// Its appointments as they are now, in the order in which they were booked.
    appointments: Vec<Appointment>,
}

/// Books a series: all of it or nothing.
#[utoipa::path(post, path = "/v1/tenants/{t}/series", tag = "series", request_body = NewSeries,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 201, body = Series), (status = 409, description = "`series-not-possible`, with `occurrence`, `start` and `reason`")))]
pub async fn book(
    visit: Visit,
    key: RequestKey,
    body: Body<NewSeries>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let wanted = Wanted {
        slot: new.slot.as_deref(),
        service: new.service.as_deref(),
        resource: new.resource.as_deref(),
        start: new.start,
    };
    let contact = visit.contact(&new.person)?;
    let errand = Errand::BookSeries {
        wish: wanted.wish()?,
        every_weeks: new.every_weeks.unwrap_or(1),
        occurrences: new.occurrences,
    };
    let instruction = Instruction::For(contact, errand);
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::Series(view) = &answer.receipt else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let appointments = view.appointments.iter().map(|one| {
        let person = answer.person.as_ref().map(Person::of);
        Appointment::of(one, person, None, &zone)
    });
    let location = visit.path(&format!("series/{}", view.id));
    Ok(Reply::created(&location)
        .replayed(answer.replayed)
        .json(&series(view, appointments.collect())))
}

/// Shows a series with its appointments as they are now.
#[utoipa::path(get, path = "/v1/tenants/{t}/series/{id}", tag = "series",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The series' id.")),
    responses((status = 200, body = Series)))]
pub async fn show(visit: Visit, id: Id<SeriesId>) -> Result<HttpResponse, Problem> {
    let seen = visit.query(Query::Series(id.0)).await?;
    let View::Series(view) = &seen.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let appointments = view.appointments.iter();
    let appointments = appointments.map(|one| Appointment::seen(one, &seen, &zone));
    Ok(Reply::ok().json(&series(view, appointments.collect())))
}

fn series(view: &SeriesView, appointments: Vec<Appointment>) -> Series {
    Series {
        id: view.id.to_string(),
        every_weeks: view.every_weeks,
        appointments,
    }
}
