//! `/v1/tenants/{t}/inbox`: the texts that the local inbox captured instead of sending them. Only there with that provider.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::visit::Visit;
use super::words::{Reply, next};
use crate::calendar::Zone;
use crate::facade::params::{ListParams, Params};
use crate::facade::problem::Problem;
use crate::tenant::CapturedText;

/// A captured text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Text {
    /// Who it was for.
    to: String,
    /// What it said.
    body: String,
    /// When it was sent.
    sent_at: String,
    /// What it was: `code`.
    #[schema(value_type = String)]
    kind: &'static str,
}

/// Captured texts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inbox {
    /// The texts.
    messages: Vec<Text>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Text {
    fn of(text: CapturedText, zone: &Zone) -> Self {
        Self {
            to: text.to.expose().to_owned(),
            body: text.body,
            sent_at: zone.rfc3339(text.sent_at),
            kind: text.kind.as_str(),
        }
    }
}

/// Lists captured texts, newest first.
#[utoipa::path(get, path = "/v1/tenants/{t}/inbox", tag = "inbox",
    params(("t" = String, Path, description = "The clinic's slug."), ListParams),
    responses((status = 200, body = Inbox)))]
pub async fn list(visit: Visit, params: Params<ListParams>) -> Result<HttpResponse, Problem> {
    let page = visit.tenant.inbox(params.0.page()).await;
    let page = page.map_err(|refused| visit.refusal(&refused))?;
    let zone = visit.zone();
    let texts = page.items.into_iter();
    Ok(Reply::ok().json(&Inbox {
        messages: texts.map(|text| Text::of(text, &zone)).collect(),
        next: next(page.next),
    }))
}
