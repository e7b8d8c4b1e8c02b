//! `/v1/tenants/{t}/resources`: whose time is booked, and when it is not.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Id, Visit};
use super::words::{Reply, next};
use crate::calendar;
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{ListParams, Params};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{Command, Query, Receipt, View};
use crate::ledger::{NewResource as AddedResource, ResourceChange as ChangedResource};
use crate::model::{
    DayException, OpeningHours, Resource as Record, ResourceKind, Slug, Weekdays, Window,
};
use crate::tenant::Instruction;

/// What a resource is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Someone who treats.
    Practitioner,
    /// Where it happens.
    Room,
    /// What it is done with.
    Device,
}

/// Hours that recur every week, on the clinic's wall clock.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// `mon` to `sun`.
    days: Vec<String>,
    /// HH:MM.
    from: String,
    /// HH:MM, up to 24:00.
    to: String,
}

/// A date on which it is otherwise: closed, or open from `from` to `to`.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DateHours {
    /// YYYY-MM-DD.
    date: String,
    /// All day.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<bool>,
    /// HH:MM.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// HH:MM, up to 24:00.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// A new resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// 1 to 64 of a-z, 0-9, - and _; drawn if absent.
    #[schema(value_type = Option<String>)]
    id: Option<Slug>,
    /// What it is.
    kind: Kind,
    /// What patients call it.
    name: String,
    /// The usual week.
    #[serde(default)]
    opening_hours: Vec<Hours>,
    /// Dates on which it is otherwise; these replace the usual hours.
    #[serde(default)]
    exceptions: Vec<DateHours>,
}

/// What is to change of a resource; lists replace what was there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceChange {
    /// A new name.
    name: Option<String>,
    /// A new usual week.
    opening_hours: Option<Vec<Hours>>,
    /// New exceptions.
    exceptions: Option<Vec<DateHours>>,
}

/// A resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resource {
    /// Its id.
    id: String,
    /// `practitioner`, `room` or `device`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// What patients call it.
    name: String,
    /// The usual week.
    opening_hours: Vec<Hours>,
    /// Dates on which it is otherwise.
    exceptions: Vec<DateHours>,
    /// Counts its changes from 1; the ETag.
    version: u32,
    /// When it was added.
    created_at: String,
}

/// Resources in order of creation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceList {
    /// The resources.
    resources: Vec<Resource>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Resource {
    fn of(record: &Record, zone: &Zone) -> Self {
        Self {
            id: record.id.to_string(),
            kind: record.kind.as_str(),
            name: record.name.clone(),
            opening_hours: record.opening_hours.iter().map(Hours::of).collect(),
            exceptions: record.exceptions.iter().map(DateHours::of).collect(),
            version: record.version,
            created_at: zone.rfc3339(record.created_at),
        }
    }
}

impl Kind {
    fn kind(self) -> ResourceKind {
        match self {
            Self::Practitioner => ResourceKind::Practitioner,
            Self::Room => ResourceKind::Room,
            Self::Device => ResourceKind::Device,
        }
    }
}

impl Hours {
    fn of(hours: &OpeningHours) -> Self {
        Self {
            days: hours.days.names().map(str::to_owned).collect(),
            from: hours.window.from().to_string(),
            to: hours.window.to().to_string(),
        }
    }

    fn hours(&self, path: &str) -> Result<OpeningHours, Problem> {
        if self.days.is_empty() {
            let detail = "Name at least one day of mon, tue, wed, thu, fri, sat, sun.";
            return Err(Problem::invalid_body(format!("{path}.days"), detail));
        }
        let days = Weekdays::named(self.days.iter().map(String::as_str));
        Ok(OpeningHours {
            days: days.map_err(at(format!("{path}.days")))?,
            window: window(&self.from, &self.to, path)?,
        })
    }
}

impl DateHours {
    fn of(exception: &DayException) -> Self {
        Self {
            date: exception.date.to_string(),
            closed: exception.window.is_none().then_some(true),
            from: exception.window.map(|window| window.from().to_string()),
            to: exception.window.map(|window| window.to().to_string()),
        }
    }

    fn exception(&self, path: &str) -> Result<DayException, Problem> {
        let date = calendar::parse_date(&self.date).ok_or_else(|| {
            let detail = "Write a date as in 2026-12-25.";
            Problem::invalid_body(format!("{path}.date"), detail)
        })?;
        let window = match (self.closed.unwrap_or(false), &self.from, &self.to) {
            (true, None, None) => None,
            (false, Some(from), Some(to)) => Some(window(from, to, path)?),
            _ => {
                let detail = "Give either `closed: true`, or `from` and `to`.";
                return Err(Problem::invalid_body(path, detail));
            }
        };
        Ok(DayException { date, window })
    }
}

fn window(from: &str, to: &str, path: &str) -> Result<Window, Problem> {
    let from = from.parse().map_err(at(format!("{path}.from")))?;
    let to = to.parse().map_err(at(format!("{path}.to")))?;
    Window::new(from, to).map_err(at(format!("{path}.to")))
}

/// The schedule's own words say what to do and repeat nothing.
fn at<E: std::fmt::Display>(field: String) -> impl FnOnce(E) -> Problem {
    move |error| Problem::invalid_body(field, format!("This cannot be used: {error}."))
}

fn week(hours: &[Hours]) -> Result<Vec<OpeningHours>, Problem> {
    let places = hours.iter().enumerate();
    places
        .map(|(place, hours)| hours.hours(&format!("opening_hours[{place}]")))
        .collect()
}

fn dates(exceptions: &[DateHours]) -> Result<Vec<DayException>, Problem> {
    let places = exceptions.iter().enumerate();
    places
        .map(|(place, exception)| exception.exception(&format!("exceptions[{place}]")))
        .collect()
}

/// Adds a resource.
#[utoipa::path(post, path = "/v1/tenants/{t}/resources", tag = "resources", request_body = NewResource,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 201, body = Resource), (status = 409, description = "`id-taken`, `limit-reached`")))]
pub async fn create(
    visit: Visit,
    key: RequestKey,
    body: Body<NewResource>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let added = AddedResource {
        id: new.id.clone(),
        kind: new.kind.kind(),
        name: new.name.clone(),
        opening_hours: week(&new.opening_hours)?,
        exceptions: dates(&new.exceptions)?,
    };
    let instruction = Instruction::Plain(Command::AddResource(added));
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::Resource(record) = answer.receipt else {
        return Err(Problem::internal());
    };
    let location = visit.path(&format!("resources/{}", record.id));
    Ok(Reply::created(&location)
        .version(record.version)
        .replayed(answer.replayed)
        .json(&Resource::of(&record, &visit.zone())))
}

/// Lists the resources.
#[utoipa::path(get, path = "/v1/tenants/{t}/resources", tag = "resources",
    params(("t" = String, Path, description = "The clinic's slug."), ListParams),
    responses((status = 200, body = ResourceList)))]
pub async fn list(visit: Visit, params: Params<ListParams>) -> Result<HttpResponse, Problem> {
    let View::Resources(page) = visit.query(Query::Resources(params.0.page())).await?.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let resources = page
        .items
        .iter()
        .map(|record| Resource::of(record, &zone))
        .collect();
    let next = next(page.next);
    Ok(Reply::ok().json(&ResourceList { resources, next }))
}

fn shown(record: &Record, zone: &Zone) -> HttpResponse {
    Reply::ok()
        .version(record.version)
        .json(&Resource::of(record, zone))
}

/// Shows one resource; its version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}/resources/{id}", tag = "resources",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The resource's id.")),
    responses((status = 200, body = Resource)))]
pub async fn show(visit: Visit, id: Id<Slug>) -> Result<HttpResponse, Problem> {
    let View::Resource(record) = visit.query(Query::Resource(id.0)).await?.view else {
        return Err(Problem::internal());
    };
    Ok(shown(&record, &visit.zone()))
}

/// Changes a resource.
#[utoipa::path(patch, path = "/v1/tenants/{t}/resources/{id}", tag = "resources", request_body = ResourceChange,
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The resource's id."), MatchHeader),
    responses((status = 200, body = Resource), (status = 412, description = "`version-mismatch`")))]
pub async fn change(
    visit: Visit,
    id: Id<Slug>,
    if_match: IfMatch,
    body: Body<ResourceChange>,
) -> Result<HttpResponse, Problem> {
    let change = body.value;
    let changed = ChangedResource {
        name: change.name,
        opening_hours: change.opening_hours.as_deref().map(week).transpose()?,
        exceptions: change.exceptions.as_deref().map(dates).transpose()?,
    };
    let instruction = Instruction::Plain(Command::ChangeResource {
        resource: id.0,
        change: changed,
        if_version: if_match.0,
    });
    let Receipt::Resource(record) = visit.execute(instruction, None).await?.receipt else {
        return Err(Problem::internal());
    };
    Ok(shown(&record, &visit.zone()))
}
