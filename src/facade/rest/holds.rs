//! `/v1/tenants/{t}/holds`: timed claims on slots. Their codes, and their becoming appointments, are `verification.rs`'s.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::HttpResponse;
use actix_web::http::header::{self, HttpDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Id, Visit};
use super::wish::Wanted;
use super::words::{Instant, NewPerson, Person, Reply, Taken, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{After, Limit, Params, page};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{Command, HoldView, Query, Receipt, View, WantedHolds};
use crate::model::{CallReference, HoldId, HoldStatus, Timestamp};
use crate::tenant::{Answer, Errand, Instruction};

/// A new hold: `slot`, or `service` and `start` with or without `resource`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
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
    /// For how long; the operator's default if absent.
    ttl_seconds: Option<u32>,
    /// In which call.
    call_id: Option<String>,
}

/// How much longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Seconds from now.
    ttl_seconds: u32,
}

/// A hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    /// Its id.
    id: String,
    /// Which time, of what.
    #[serde(flatten)]
    taken: Taken,
    /// `held`, `released`, `expired` or `confirmed`.
    #[schema(value_type = String)]
    status: &'static str,
    /// The instant at which it no longer holds.
    expires_at: String,
    /// The latest instant it can be extended to.
    lifetime_ends_at: String,
    /// Too many wrong codes, for it or by its phone; staff has to help.
    locked: bool,
    /// The appointment it became.
    appointment: Option<String>,
    /// Counts what happened to it from 1, codes and its end included; the ETag.
    version: u32,
    /// Who for; null if they were erased.
    person: Option<Person>,
    /// The same caller held this slot already.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<bool>,
}

/// Holds in order of creation; an agent sees its own.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldList {
    /// The holds.
    holds: Vec<Hold>,
    /// Where the next page begins.
    next: Option<String>,
}

/// What a hold is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Live.
    Held,
    /// Given back.
    Released,
    /// Its time is over.
    Expired,
    /// It became an appointment.
    Confirmed,
    /// Held or expired, and no further code is taken: staff has to help.
    Locked,
}

impl Status {
    fn wanted(self) -> WantedHolds {
        WantedHolds::Being(match self {
            Self::Held => HoldStatus::Held,
            Self::Released => HoldStatus::Released,
            Self::Expired => HoldStatus::Expired,
            Self::Confirmed => HoldStatus::Confirmed,
            Self::Locked => return WantedHolds::Locked,
        })
    }
}

/// Which holds are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HoldParams {
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

impl Hold {
    fn of(view: &HoldView, person: Option<Person>, zone: &Zone) -> Self {
        Self {
            id: view.id.to_string(),
            taken: Taken::of(&view.service, &view.resources, view.interval, zone),
            status: view.status.as_str(),
            expires_at: zone.rfc3339(view.expires_at),
            lifetime_ends_at: zone.rfc3339(view.lifetime_ends_at),
            locked: view.locked,
            appointment: view.appointment.map(|id| id.to_string()),
            version: view.version,
            person,
            replayed: None,
        }
    }
}

/// The answer of a request that ends in a hold: 201 for a new one, 200 for one that was there.
fn held(visit: &Visit, answer: &Answer, new: bool) -> Result<HttpResponse, Problem> {
    let (view, again) = match &answer.receipt {
        Receipt::Hold(view) => (view, false),
        Receipt::HoldAgain(view) => (view, true),
        _ => return Err(Problem::internal()),
    };
    let person = answer.person.as_ref().map(Person::of);
    let mut hold = Hold::of(view, person, &visit.zone());
    hold.replayed = again.then_some(true);
    let reply = match new && !again {
        true => Reply::created(&visit.path(&format!("holds/{}", view.id))),
        false => Reply::ok(),
    };
    Ok(reply
        .version(view.version)
        .header(header::EXPIRES, &http_date(view.expires_at))
        .replayed(answer.replayed)
        .json(&hold))
}

fn http_date(at: Timestamp) -> String {
    let since_epoch = Duration::from_millis(u64::try_from(at.0).unwrap_or(0));
    let date = UNIX_EPOCH.checked_add(since_epoch);
    HttpDate::from(date.unwrap_or(UNIX_EPOCH)).to_string()
}

/// Claims a slot for a while.
#[utoipa::path(post, path = "/v1/tenants/{t}/holds", tag = "holds", request_body = NewHold,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 201, body = Hold), (status = 200, body = Hold, description = "The same caller held this slot already."),
        (status = 409, description = "`slot-taken`, with `alternatives`")))]
pub async fn place(
    visit: Visit,
    key: RequestKey,
    body: Body<NewHold>,
) -> Result<HttpResponse, Problem> {
    let new = &body.value;
    let wanted = Wanted {
        slot: new.slot.as_deref(),
        service: new.service.as_deref(),
        resource: new.resource.as_deref(),
        start: new.start,
    };
    let call = new.call_id.as_deref().map(call).transpose()?;
    let contact = visit.contact(&new.person)?;
    let errand = Errand::PlaceHold {
        wish: wanted.wish()?,
        ttl_seconds: new.ttl_seconds,
        call,
    };
    let instruction = Instruction::For(contact, errand);
    let answer = visit.execute(instruction, key.of(&body)).await?;
    held(&visit, &answer, true)
}

/// What a voice platform calls a conversation.
pub fn call(text: &str) -> Result<CallReference, Problem> {
    CallReference::new(text).ok_or_else(|| {
        let detail = "A call id is 1 to 128 visible ASCII characters without blanks.";
        Problem::invalid_body("call_id", detail)
    })
}

/// Lists holds; an agent sees its own.
#[utoipa::path(get, path = "/v1/tenants/{t}/holds", tag = "holds",
    params(("t" = String, Path, description = "The clinic's slug."), HoldParams),
    responses((status = 200, body = HoldList)))]
pub async fn list(visit: Visit, params: Params<HoldParams>) -> Result<HttpResponse, Problem> {
    let status = params.0.status.map(Status::wanted);
    let page = page(params.0.limit, params.0.cursor);
    let seen = visit.query(Query::Holds { status, page }).await?;
    let View::Holds(page) = seen.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let hold = |view: &HoldView| Hold::of(view, Person::among(&seen.people, view.party), &zone);
    let holds = page.items.iter().map(hold).collect();
    let next = next(page.next);
    Ok(Reply::ok().json(&HoldList { holds, next }))
}

/// Shows one hold; its version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}/holds/{id}", tag = "holds",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The hold's id.")),
    responses((status = 200, body = Hold)))]
pub async fn show(visit: Visit, id: Id<HoldId>) -> Result<HttpResponse, Problem> {
    let seen = visit.query(Query::Hold(id.0)).await?;
    let View::Hold(view) = seen.view else {
        return Err(Problem::internal());
    };
    let person = Person::among(&seen.people, view.party);
    Ok(Reply::ok()
        .version(view.version)
        .header(header::EXPIRES, &http_date(view.expires_at))
        .json(&Hold::of(&view, person, &visit.zone())))
}

/// Gives a hold's time back; giving it back again changes nothing.
#[utoipa::path(delete, path = "/v1/tenants/{t}/holds/{id}", tag = "holds",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The hold's id."), MatchHeader),
    responses((status = 204, description = "It holds nothing."), (status = 409, description = "`hold-confirmed`"),
        (status = 412, description = "`version-mismatch`")))]
pub async fn release(
    visit: Visit,
    id: Id<HoldId>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::ReleaseHold {
        hold: id.0,
        if_version: if_match.0,
    });
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}

/// Keeps a hold longer, up to its lifetime.
#[utoipa::path(post, path = "/v1/tenants/{t}/holds/{id}/extend", tag = "holds", request_body = Extension,
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The hold's id."), MatchHeader, KeyHeader),
    responses((status = 200, body = Hold), (status = 409, description = "`hold-confirmed`, `hold-lifetime-reached`"),
        (status = 410, description = "`hold-expired`"), (status = 412, description = "`version-mismatch`")))]
pub async fn extend(
    visit: Visit,
    id: Id<HoldId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Extension>,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::ExtendHold {
        hold: id.0,
        ttl_seconds: body.value.ttl_seconds,
        if_version: if_match.0,
    });
    let answer = visit.execute(instruction, key.of(&body)).await?;
    held(&visit, &answer, false)
}
