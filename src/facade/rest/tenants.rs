//! `/v1/tenants`: the clinics of the instance.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Operation, Visit, instance_query};
use super::words::{Reply, in_field, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{ListParams, Params};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{Command, ProfileChange, Query, Receipt, TextsChange, View};
use crate::model::{Principal, Profile, Slug, TenantRecord};
use crate::tenant::{Found, Instruction};

/// A new clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Its name in paths: 1 to 64 of a-z, 0-9, - and _.
    #[schema(value_type = String)]
    slug: Slug,
    /// What patients call it.
    name: String,
    /// Its IANA time zone, as in Europe/London.
    time_zone: String,
    /// ISO 3166-1 alpha-2; how its telephone numbers are read.
    country: String,
}

/// What is to change of a clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// A new name.
    name: Option<String>,
    /// A new zone.
    time_zone: Option<String>,
    /// A new country.
    country: Option<String>,
}

/// A clinic.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tenant {
    /// Its id.
    id: String,
    /// Its name in paths.
    slug: String,
    /// What patients call it.
    name: String,
    /// Its IANA time zone.
    time_zone: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// Counts its changes from 1; the ETag.
    version: u32,
    /// When it was created.
    created_at: String,
}

/// Clinics in order of creation.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantList {
    /// The clinics.
    tenants: Vec<Tenant>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Tenant {
    fn of(record: &TenantRecord, profile: &Profile) -> Result<Self, Problem> {
        let zone = Zone::named(&profile.time_zone).ok_or_else(Problem::internal)?;
        Ok(Self {
            id: record.id.to_string(),
            slug: record.slug.to_string(),
            name: profile.name.clone(),
            time_zone: profile.time_zone.clone(),
            country: profile.country.clone(),
            version: profile.version,
            created_at: zone.rfc3339(record.created_at),
        })
    }
}

/// Creates a clinic.
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", request_body = NewTenant,
    params(KeyHeader),
    responses((status = 201, body = Tenant), (status = 409, description = "`id-taken`, `limit-reached`")))]
pub async fn create(
    operation: Operation,
    key: RequestKey,
    body: Body<NewTenant>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let profile = profile(&new.name, &new.time_zone, &new.country)?;
    let slug = new.slug.clone();
    let command = Command::CreateTenant { slug, profile };
    let answer = operation.create_tenant(command, key.of(&body)).await?;
    let Receipt::Tenant(record) = answer.receipt else {
        return Err(Problem::internal());
    };
    Ok(Reply::created(&format!("/v1/tenants/{}", record.slug))
        .version(record.founding_profile.version)
        .replayed(answer.replayed)
        .json(&Tenant::of(&record, &record.founding_profile)?))
}

/// Lists the clinics.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", params(ListParams),
    responses((status = 200, body = TenantList)))]
pub async fn list(
    operation: Operation,
    params: Params<ListParams>,
) -> Result<HttpResponse, Problem> {
    let seen = operation.query(Query::Tenants(params.0.page())).await?;
    let View::Tenants(page) = seen.view else {
        return Err(Problem::internal());
    };
    let tenant = |record: &TenantRecord| {
        // The clinic's own ledger knows what it says of itself today.
        let today = match operation.facade().directory.tenant(&record.slug) {
            Found::Open(handle) => Some(handle.profile()),
            Found::OutOfService | Found::Nothing => None,
        };
        Tenant::of(record, today.as_deref().unwrap_or(&record.founding_profile))
    };
    let tenants = page.items.iter().map(tenant).collect::<Result<_, _>>()?;
    let next = next(page.next);
    Ok(Reply::ok().json(&TenantList { tenants, next }))
}

/// Shows one clinic; its version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}", tag = "tenants",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = Tenant)))]
pub async fn show(visit: Visit) -> Result<HttpResponse, Problem> {
    let View::Profile(profile) = visit.query(Query::Profile).await?.view else {
        return Err(Problem::internal());
    };
    shown(&visit, &profile).await
}

/// Changes what a clinic says of itself.
#[utoipa::path(patch, path = "/v1/tenants/{t}", tag = "tenants", request_body = TenantChange,
    params(("t" = String, Path, description = "The clinic's slug."), MatchHeader),
    responses((status = 200, body = Tenant), (status = 412, description = "`version-mismatch`")))]
pub async fn change(
    visit: Visit,
    if_match: IfMatch,
    body: Body<TenantChange>,
) -> Result<HttpResponse, Problem> {
    let change = body.value;
    let instruction = Instruction::Plain(Command::ChangeProfile {
        change: ProfileChange {
            name: change.name,
            time_zone: change.time_zone,
            country: change.country,
            texts: TextsChange::default(),
        },
        if_version: if_match.0,
    });
    let answer = visit.execute(instruction, None).await?;
    let Receipt::Profile(profile) = answer.receipt else {
        return Err(Problem::internal());
    };
    shown(&visit, &profile).await
}

/// The clinic, whose id and age tenant zero knows.
async fn shown(visit: &Visit, profile: &Profile) -> Result<HttpResponse, Problem> {
    let query = Query::Tenant(visit.tenant.slug().clone());
    // The house asks: the clinic's own key has no say in tenant zero, and was judged for this clinic already.
    let seen = instance_query(visit.facade(), Principal::System, query).await?;
    let View::Tenant(record) = seen.view else {
        return Err(Problem::internal());
    };
    Ok(Reply::ok()
        .version(profile.version)
        .json(&Tenant::of(&record, profile)?))
}

fn profile(name: &str, time_zone: &str, country: &str) -> Result<Profile, Problem> {
    Profile::new(name, time_zone, country).map_err(|error| in_field(error.field())(error))
}
