//! `/v1/tenants/{t}/persons`: whom the clinic knows. A phone is a caller; a person is a caller plus a name.
//!
//! Persons are made by holds and bookings, never here.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appointments::Appointment;
use super::visit::{Id, Visit};
use super::words::{Person, Reply, next};
use crate::calendar::Zone;
use crate::facade::params::{After, Dialled, Limit, Params, page};
use crate::facade::problem::Problem;
use crate::ledger::{Query, View};
use crate::model::PersonId;
use crate::replay::{PersonCard, PersonSearch};

/// Appointments that are shown with a person, to either side of now.
const APPOINTMENTS_SHOWN: usize = 20;

/// A person that the clinic knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownPerson {
    /// Who they are.
    #[serde(flatten)]
    person: Person,
    /// When they were first named.
    created_at: String,
}

/// Persons in order of creation.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonList {
    /// The persons.
    persons: Vec<KnownPerson>,
    /// Where the next page begins.
    next: Option<String>,
}

/// A person and the appointments nearest to now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonPage {
    /// Who they are.
    #[serde(flatten)]
    known: KnownPerson,
    /// Up to 20 that have not begun, cancelled ones too, the next one first.
    upcoming: Vec<Appointment>,
    /// Up to 20 that have begun, cancelled ones too, the latest first.
    past: Vec<Appointment>,
    /// Where all of them are, by start.
    all_appointments: String,
}

/// Which persons are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PersonParams {
    /// With this phone, as dialled in the clinic's country or with `+` and the country code; everyone, if absent.
    #[param(value_type = Option<String>)]
    phone: Option<Dialled>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl KnownPerson {
    fn of(card: &PersonCard, zone: &Zone) -> Self {
        Self {
            person: Person::of(card),
            created_at: zone.rfc3339(card.created_at),
        }
    }
}

/// Lists persons in order of creation: everyone, or those who share a phone.
#[utoipa::path(get, path = "/v1/tenants/{t}/persons", tag = "persons",
    params(("t" = String, Path, description = "The clinic's slug."), PersonParams),
    responses((status = 200, body = PersonList)))]
pub async fn list(visit: Visit, params: Params<PersonParams>) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let country = &visit.tenant.profile().country;
    let search = PersonSearch {
        phone: params.phone.map(|text| text.phone(country)).transpose()?,
        page: page(params.limit, params.cursor),
    };
    let found = visit.tenant.persons(search).await;
    let found = found.map_err(|refused| visit.refusal(&refused))?;
    let zone = visit.zone();
    let persons = found.items.iter().map(|card| KnownPerson::of(card, &zone));
    Ok(Reply::ok().json(&PersonList {
        persons: persons.collect(),
        next: next(found.next),
    }))
}

/// Erases a person, from the journal too: live holds released, future appointments cancelled, waits ended, and nobody is told.
/// What is over stays, with nobody's name. Erasing them again changes nothing.
#[utoipa::path(delete, path = "/v1/tenants/{t}/persons/{id}", tag = "persons",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The person's id.")),
    responses((status = 204, description = "Nobody knows them any more.")))]
pub async fn erase(visit: Visit, id: Id<PersonId>) -> Result<HttpResponse, Problem> {
    let erased = visit.tenant.erase(visit.principal, id.0).await;
    erased.map_err(|refused| visit.refusal(&refused))?;
    Ok(Reply::no_content().empty())
}

/// Which phone is to be erased.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PhoneParams {
    /// As dialled in the clinic's country or with `+` and the country code.
    #[param(value_type = String)]
    phone: Dialled,
}

/// Erases a phone and everyone on it, also one by which nobody was ever named. Nobody is told.
#[utoipa::path(delete, path = "/v1/tenants/{t}/persons", tag = "persons",
    params(("t" = String, Path, description = "The clinic's slug."), PhoneParams),
    responses((status = 204, description = "Nobody knows it any more.")))]
pub async fn erase_phone(
    visit: Visit,
    params: Params<PhoneParams>,
) -> Result<HttpResponse, Problem> {
    let phone = params.0.phone.phone(&visit.tenant.profile().country)?;
    let erased = visit.tenant.erase_phone(visit.principal, phone).await;
    erased.map_err(|refused| visit.refusal(&refused))?;
    Ok(Reply::no_content().empty())
}

/// Shows one person and their appointments nearest to now.
#[utoipa::path(get, path = "/v1/tenants/{t}/persons/{id}", tag = "persons",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The person's id.")),
    responses((status = 200, body = PersonPage)))]
pub async fn show(visit: Visit, id: Id<PersonId>) -> Result<HttpResponse, Problem> {
    let query = Query::OfPerson {
        person: id.0,
        limit: APPOINTMENTS_SHOWN,
    };
    let seen = visit.query(query).await?;
    let View::OfPerson { upcoming, past, .. } = &seen.view else {
        return Err(Problem::internal());
    };
    let card = seen.people.get(&id.0);
    let card = card.ok_or_else(|| Problem::not_found("person"))?;
    let zone = visit.zone();
    let appointment = |view| Appointment::seen(view, &seen, &zone);
    Ok(Reply::ok().json(&PersonPage {
        known: KnownPerson::of(card, &zone),
        upcoming: upcoming.iter().map(appointment).collect(),
        past: past.iter().map(appointment).collect(),
        all_appointments: visit.path(&format!("appointments?person={}", id.0)),
    }))
}
