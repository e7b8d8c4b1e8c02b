//! `/v1/tenants/{t}/keys`: a clinic's keys. A secret is shown once, when its key is made, and never again.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::visit::{Id, Visit};
use super::words::{Instant, Reply, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{ListParams, Params};
use crate::facade::problem::Problem;
use crate::ledger::{Command, Query, Receipt, View};
use crate::model::{KeyId, KeyRecord, Scope};
use crate::tenant::Instruction;

/// What a clinic's key may do.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// All of the clinic.
    Staff,
    /// What a voice agent needs.
    Agent,
    /// Reading, without what is secret.
    Read,
}

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What it may do.
    scope: KeyScope,
    /// What the clinic calls it.
    label: String,
    /// From when on it is refused; never, if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
pub struct Key {
    /// Its id.
    id: String,
    /// The secret. It is shown this once and kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What it may do.
    #[schema(value_type = String)]
    scope: &'static str,
    /// What the clinic calls it.
    label: String,
    /// When it was made.
    created_at: String,
    /// From when on it is refused.
    expires_at: Option<String>,
    /// When it was taken back.
    revoked_at: Option<String>,
    /// When it was last used; null if it never was.
    last_used_at: Option<String>,
    /// 1; 2 once it is taken back. Its uses do not count.
    version: u32,
}

/// Keys in order of creation.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    /// The keys, without their secrets.
    keys: Vec<Key>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Key {
    fn of(record: &KeyRecord, zone: &Zone) -> Self {
        Self {
            id: record.id.to_string(),
            key: None,
            scope: record.scope.as_str(),
            label: record.label.clone(),
            created_at: zone.rfc3339(record.created_at),
            expires_at: record.expires_at.map(|at| zone.rfc3339(at)),
            revoked_at: record.revoked_at.map(|at| zone.rfc3339(at)),
            last_used_at: record.last_used_at.map(|at| zone.rfc3339(at)),
            version: 1 + u32::from(record.revoked_at.is_some()),
        }
    }
}

impl KeyScope {
    fn scope(self) -> Scope {
        match self {
            Self::Staff => Scope::Staff,
            Self::Agent => Scope::Agent,
            Self::Read => Scope::Read,
        }
    }
}

/// Makes a key. No Idempotency-Key is taken: the secret is shown once.
#[utoipa::path(post, path = "/v1/tenants/{t}/keys", tag = "keys", request_body = NewKey,
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 201, body = Key), (status = 409, description = "`limit-reached`")))]
pub async fn create(visit: Visit, body: Body<NewKey>) -> Result<HttpResponse, Problem> {
    let new = body.value;
    let instruction = Instruction::CreateKey {
        scope: new.scope.scope(),
        label: new.label,
        expires_at: new.expires_at.map(|at| at.0),
    };
    let answer = visit.execute(instruction, None).await?;
    let Receipt::Key(record) = answer.receipt else {
        return Err(Problem::internal());
    };
    let mut key = Key::of(&record, &visit.zone());
    key.key = answer.secret.map(|secret| secret.to_string());
    let location = visit.path(&format!("keys/{}", record.id));
    Ok(Reply::created(&location).json(&key))
}

/// Lists the keys, without their secrets.
#[utoipa::path(get, path = "/v1/tenants/{t}/keys", tag = "keys",
    params(("t" = String, Path, description = "The clinic's slug."), ListParams),
    responses((status = 200, body = KeyList)))]
pub async fn list(visit: Visit, params: Params<ListParams>) -> Result<HttpResponse, Problem> {
    let View::Keys(page) = visit.query(Query::Keys(params.0.page())).await?.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let keys = page
        .items
        .iter()
        .map(|record| Key::of(record, &zone))
        .collect();
    let next = next(page.next);
    Ok(Reply::ok().json(&KeyList { keys, next }))
}

/// Shows one key, without its secret.
#[utoipa::path(get, path = "/v1/tenants/{t}/keys/{id}", tag = "keys",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The key's id.")),
    responses((status = 200, body = Key)))]
pub async fn show(visit: Visit, id: Id<KeyId>) -> Result<HttpResponse, Problem> {
    let View::Key(record) = visit.query(Query::Key(id.0)).await?.view else {
        return Err(Problem::internal());
    };
    Ok(Reply::ok().json(&Key::of(&record, &visit.zone())))
}

/// Takes a key back; taking it back again changes nothing.
#[utoipa::path(delete, path = "/v1/tenants/{t}/keys/{id}", tag = "keys",
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The key's id.")),
    responses((status = 204, description = "It is refused from now on.")))]
pub async fn revoke(visit: Visit, id: Id<KeyId>) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::RevokeKey(id.0));
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}
