//! `/v1/tenants/{t}/messages`: the texts of the last two days, and what became of each.
//!
//! What a text says is rendered anew for staff and shown to nobody else; what a code's text says is never shown here.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::Visit;
use super::words::{Reply, next};
use crate::calendar::Zone;
use crate::facade::params::{After, Limit, Params, page};
use crate::facade::problem::Problem;
use crate::ledger::{Query, View};
use crate::model::{Message, MessageState, MessageStatus};
use crate::tenant::Seen;

/// A text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct Shown {
    /// Its id.
    id: String,
    /// What it is: `code`, `offer`, `follow-up`, `confirmation`, `cancellation`, `reschedule` or `reminder`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// Whom it is for; masked for who may only read. Null: nobody knows any more.
    to: Option<String>,
    /// Where it stands: `handed-over`, `waiting` (to be tried again), `sent`, `not-sent`, `unknown` or `parked`.
    #[schema(value_type = String)]
    status: &'static str,
    /// How far the provider says that it came.
    #[schema(value_type = Option<String>)]
    delivery: Option<&'static str>,
    /// The provider's reason why it came no further.
    error: Option<u32>,
    /// How often it was handed to the provider, or was to be.
    attempts: u32,
    /// Why it was given up: `tried-too-long` or `of-no-use`.
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// When it was decided.
    queued_at: String,
    /// When it is tried again.
    next_attempt_at: Option<String>,
    /// The hold that it is about.
    hold: Option<String>,
    /// The appointment that it is about; of a series the first.
    appointment: Option<String>,
    /// What it says, for staff; never that of a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// Texts in order of creation.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageList {
    /// The texts.
    messages: Vec<Shown>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// On its way to the provider.
    HandedOver,
    /// To be tried again.
    Waiting,
    /// The provider took it.
    Sent,
    /// Certainly not sent.
    NotSent,
    /// Nobody knows.
    Unknown,
    /// Given up.
    Parked,
}

/// Which texts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessageParams {
    /// That stand so; all, if absent.
    #[param(inline)]
    status: Option<Status>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl Status {
    fn status(self) -> MessageStatus {
        match self {
            Self::HandedOver => MessageStatus::HandedOver,
            Self::Waiting => MessageStatus::Waiting,
            Self::Sent => MessageStatus::Sent,
            Self::NotSent => MessageStatus::NotSent,
            Self::Unknown => MessageStatus::Unknown,
            Self::Parked => MessageStatus::Parked,
        }
    }
}

impl Shown {
    fn of(text: &Message, seen: &Seen, in_full: bool, zone: &Zone) -> Self {
        let to = seen.phones.get(&text.to).map(|phone| match in_full {
            true => phone.expose().to_owned(),
            false => phone.masked(),
        });
        Self {
            id: text.id.to_string(),
            kind: text.kind.as_str(),
            to,
            status: text.state.status().as_str(),
            delivery: text.delivery.map(|delivery| delivery.status.as_str()),
            error: text.delivery.and_then(|delivery| delivery.error),
            attempts: text.attempts,
            reason: match text.state {
                MessageState::Parked(reason) => Some(reason.as_str()),
                _ => None,
            },
            queued_at: zone.rfc3339(text.queued_at),
            next_attempt_at: match text.state {
                MessageState::Waiting(until) => Some(zone.rfc3339(until)),
                _ => None,
            },
            hold: text.kind.hold().map(|id| id.to_string()),
            appointment: text.kind.appointment().map(|id| id.to_string()),
            body: seen.bodies.get(&text.id).cloned(),
        }
    }
}

/// Lists the texts of the last two days in order of creation, with what became of each.
#[utoipa::path(get, path = "/v1/tenants/{t}/messages", tag = "texts", operation_id = "list_messages",
    params(("t" = String, Path, description = "The clinic's slug."), MessageParams),
    responses((status = 200, body = MessageList)))]
pub async fn list(visit: Visit, params: Params<MessageParams>) -> Result<HttpResponse, Problem> {
    let status = params.0.status.map(Status::status);
    let page = page(params.0.limit, params.0.cursor);
    let seen = visit.query(Query::Messages { status, page }).await?;
    let View::Messages(found) = &seen.view else {
        return Err(Problem::internal());
    };
    let (zone, in_full) = (visit.zone(), visit.principal.is_staff());
    let texts = found.items.iter();
    let messages = texts.map(|text| Shown::of(text, &seen, in_full, &zone));
    Ok(Reply::ok().json(&MessageList {
        messages: messages.collect(),
        next: next(found.next),
    }))
}
