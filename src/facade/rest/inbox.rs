//! `/v1/tenants/{t}/inbox`: the texts that the local inbox captured instead of sending them. Only there with that provider.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::Visit;
use super::words::Reply;
use crate::calendar::Zone;
use crate::facade::params::{Limit, Params, page};
use crate::facade::problem::Problem;
use crate::tenant::CapturedText;

/// How many texts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxParams {
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
}

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
    /// Always null: the inbox has one page.
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
    params(("t" = String, Path, description = "The clinic's slug."), InboxParams),
    responses((status = 200, body = Inbox)))]
pub async fn list(visit: Visit, params: Params<InboxParams>) -> Result<HttpResponse, Problem> {
    let limit = page(params.0.limit, None).limit;
    let texts = visit.tenant.inbox(limit).await;
    let texts = texts.map_err(|refused| visit.refusal(&refused))?;
    let zone = visit.zone();
    let messages = texts
        .into_iter()
        .map(|text| Text::of(text, &zone))
        .collect();
    Ok(Reply::ok().json(&Inbox {
        messages,
        next: None,
    }))
}
