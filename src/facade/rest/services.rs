//! `/v1/tenants/{t}/services`: what is booked.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Id, Visit};
use super::words::{Reply, ids, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{ListParams, Params};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{Command, Query, Receipt, ServiceView, View};
use crate::ledger::{NewService as AddedService, ServiceChange as ChangedService};
use crate::limits::HORIZON_DAYS_DEFAULT;
use crate::model::{Slug, VerificationPolicy};
use crate::tenant::Instruction;

/// Whether a booking needs a code.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// A code, unless staff vouches.
    #[default]
    Required,
    /// None.
    Off,
}

/// A new service. Times are in minutes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewService {
    /// 1 to 64 of a-z, 0-9, - and _; drawn if absent.
    #[schema(value_type = Option<String>)]
    id: Option<Slug>,
    /// What patients call it.
    name: String,
    /// How long an appointment lasts.
    minutes: u32,
    /// Kept free before it.
    buffer_before_minutes: Option<u32>,
    /// Kept free after it.
    buffer_after_minutes: Option<u32>,
    /// How far apart starts are; length plus buffers if absent.
    step_minutes: Option<u32>,
    /// How long before its start a slot is last offered.
    notice_minutes: Option<u32>,
    /// Until how long before its start an appointment may be cancelled or moved by others than staff; until its start if absent.
    cancel_notice_minutes: Option<u32>,
    /// How many days ahead slots are offered.
    horizon_days: Option<u32>,
    /// Any one of these gives it.
    #[schema(value_type = Vec<String>)]
    resources: Vec<Slug>,
    /// One more of each of these lists stands by: a room, a device. The least loaded, chosen when it is held.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Vec<String>>>)]
    also: Vec<Vec<Slug>>,
    /// Whether a booking needs a code.
    #[serde(default)]
    verification: Policy,
}

/// What is to change of a service; lists replace what was there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceChange {
    /// A new name.
    name: Option<String>,
    /// A new length.
    minutes: Option<u32>,
    /// A new buffer before.
    buffer_before_minutes: Option<u32>,
    /// A new buffer after.
    buffer_after_minutes: Option<u32>,
    /// A new step.
    step_minutes: Option<u32>,
    /// A new notice.
    notice_minutes: Option<u32>,
    /// A new notice of cancellations.
    cancel_notice_minutes: Option<u32>,
    /// A new horizon.
    horizon_days: Option<u32>,
    /// New resources.
    #[schema(value_type = Option<Vec<String>>)]
    resources: Option<Vec<Slug>>,
    /// New lists of who stands by; an empty list of lists: nobody.
    #[schema(value_type = Option<Vec<Vec<String>>>)]
    also: Option<Vec<Vec<Slug>>>,
    /// A new policy.
    verification: Option<Policy>,
}

/// A service. Times are in minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Service {
    /// Its id.
    id: String,
    /// What patients call it.
    name: String,
    /// How long an appointment lasts.
    minutes: u32,
    /// Kept free before it.
    buffer_before_minutes: u32,
    /// Kept free after it.
    buffer_after_minutes: u32,
    /// How far apart starts are.
    step_minutes: u32,
    /// How long before its start a slot is last offered.
    notice_minutes: u32,
    /// Until how long before its start an appointment may be cancelled or moved by others than staff.
    cancel_notice_minutes: u32,
    /// How many days ahead slots are offered.
    horizon_days: u32,
    /// Any one of these gives it.
    resources: Vec<String>,
    /// One more of each of these lists stands by.
    also: Vec<Vec<String>>,
    /// `required` or `off`.
    #[schema(value_type = String)]
    verification: &'static str,
    /// Counts its changes from 1; the ETag.
    version: u32,
    /// When it was added.
    created_at: String,
}

/// Services in order of creation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceList {
    /// The services.
    services: Vec<Service>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Policy {
    fn policy(self) -> VerificationPolicy {
        match self {
            Self::Required => VerificationPolicy::Required,
            Self::Off => VerificationPolicy::Off,
        }
    }
}

impl Service {
    fn of(view: &ServiceView, zone: &Zone) -> Self {
        let service = &view.service;
        Self {
            id: service.id.to_string(),
            name: service.name.clone(),
            minutes: service.minutes.get(),
            buffer_before_minutes: service.buffer_before_minutes,
            buffer_after_minutes: service.buffer_after_minutes,
            step_minutes: service.step().get(),
            notice_minutes: service.notice_minutes,
            cancel_notice_minutes: service.cancel_notice_minutes,
            horizon_days: service.horizon_days,
            resources: ids(&view.resources),
            also: view.also.iter().map(|list| ids(list)).collect(),
            verification: service.verification.as_str(),
            version: service.version,
            created_at: zone.rfc3339(service.created_at),
        }
    }
}

/// Adds a service.
#[utoipa::path(post, path = "/v1/tenants/{t}/services", tag = "services", request_body = NewService,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 201, body = Service), (status = 409, description = "`id-taken`, `limit-reached`")))]
pub async fn create(
    visit: Visit,
    key: RequestKey,
    body: Body<NewService>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let added = AddedService {
        id: new.id.clone(),
        name: new.name.clone(),
        minutes: new.minutes,
        buffer_before_minutes: new.buffer_before_minutes.unwrap_or(0),
        buffer_after_minutes: new.buffer_after_minutes.unwrap_or(0),
        step_minutes: new.step_minutes,
        notice_minutes: new.notice_minutes.unwrap_or(0),
        cancel_notice_minutes: new.cancel_notice_minutes.unwrap_or(0),
        horizon_days: new.horizon_days.unwrap_or(HORIZON_DAYS_DEFAULT),
        resources: new.resources.clone(),
        also: new.also.clone(),
        verification: new.verification.policy(),
    };
    let instruction = Instruction::Plain(Command::AddService(added));
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::Service(view) = answer.receipt else {
        return Err(Problem::internal());
    };
    let location = visit.path(&format!("services/{}", view.service.id));
    Ok(Reply::created(&location)
        .version(view.service.version)
        .replayed(answer.replayed)
        .json(&Service::of(&view, &visit.zone())))
}

/// Lists the services.
#[utoipa::path(get, path = "/v1/tenants/{t}/services", tag = "services",
    params(("t" = String, Path, description = "The clinic's slug."), ListParams),
    responses((status = 200, body = ServiceList)))]
pub async fn list(visit: Visit, params: Params<ListParams>) -> Result<HttpResponse, Problem> {
    let View::Services(page) = visit.query(Query::Services(params.0.page())).await?.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let services = page
        .items
        .iter()
        .map(|view| Service::of(view, &zone))
        .collect();
    let next = next(page.next);
    Ok(Reply::ok().json(&ServiceList { services, next }))
}

fn shown(view: &ServiceView, zone: &Zone) -> HttpResponse {
    Reply::ok()
        .version(view.service.version)
        .json(&Service::of(view, zone))
}

/// Shows one service; its version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}/services/{id}", tag = "services",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The service's id.")),
    responses((status = 200, body = Service)))]
pub async fn show(visit: Visit, id: Id<Slug>) -> Result<HttpResponse, Problem> {
    let View::Service(view) = visit.query(Query::Service(id.0)).await?.view else {
        return Err(Problem::internal());
    };
    Ok(shown(&view, &visit.zone()))
}

/// Changes a service. What is booked already stays as it is.
#[utoipa::path(patch, path = "/v1/tenants/{t}/services/{id}", tag = "services", request_body = ServiceChange,
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The service's id."), MatchHeader),
    responses((status = 200, body = Service), (status = 412, description = "`version-mismatch`")))]
pub async fn change(
    visit: Visit,
    id: Id<Slug>,
    if_match: IfMatch,
    body: Body<ServiceChange>,
) -> Result<HttpResponse, Problem> {
    let change = body.value;
    let changed = ChangedService {
        name: change.name,
        minutes: change.minutes,
        buffer_before_minutes: change.buffer_before_minutes,
        buffer_after_minutes: change.buffer_after_minutes,
        step_minutes: change.step_minutes,
        notice_minutes: change.notice_minutes,
        cancel_notice_minutes: change.cancel_notice_minutes,
        horizon_days: change.horizon_days,
        resources: change.resources,
        also: change.also,
        verification: change.verification.map(Policy::policy),
    };
    let instruction = Instruction::Plain(Command::ChangeService {
        service: id.0,
        change: changed,
        if_version: if_match.0,
    });
    let Receipt::Service(view) = visit.execute(instruction, None).await?.receipt else {
        return Err(Problem::internal());
    };
    Ok(shown(&view, &visit.zone()))
}
