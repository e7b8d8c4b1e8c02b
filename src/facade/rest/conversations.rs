//! `/v1/tenants/{t}/conversations`: what is remembered of callers, for a while: wishes, offers, what came of them, and what
//! was said, redacted.
//!
//! Who may only read sees no words and no number in full; a voice agent asks after one phone.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit::Visit;
use super::words::{Reply, next};
use crate::calendar::Zone;
use crate::facade::params::{After, Dialled, Limit, Params, page};
use crate::facade::problem::Problem;
use crate::facade::slot_id;
use crate::ledger::{ConversationView, View, WishView};
use crate::model::Timestamp;
use crate::replay::Said;
use crate::tenant::Seen;

/// What is remembered of a caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    /// Their phone; masked for who may only read. Null: nobody knows any more.
    phone: Option<String>,
    /// By what they were last in contact: `call` or `text`.
    #[schema(value_type = String)]
    channel: &'static str,
    /// What came of it: `open`, `offered` (a time is held until they answer), `declined`, `lapsed` or `booked`.
    #[schema(value_type = String)]
    outcome: &'static str,
    /// What the last call was about, redacted; not for who may only read.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    /// All that was said of late, redacted, the oldest first; not for who may only read.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<Vec<Line>>,
    /// What they wished for, the oldest first.
    wishes: Vec<Wish>,
    /// What they were offered after calls, the oldest first.
    offers: Vec<Wish>,
    /// The hold that was last placed for them.
    last_hold: Option<String>,
    /// When they were last in contact.
    last_contact_at: String,
    /// When all of this is forgotten.
    expires_at: String,
}

/// Something that was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct Line {
    /// When.
    at: String,
    /// `call` or `text`.
    #[schema(value_type = String)]
    channel: &'static str,
    /// What, redacted.
    text: String,
}

/// A time that was wished for or offered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wish {
    /// When that was said.
    at: String,
    /// The slot, if all of it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<String>,
    /// What for.
    service: Option<String>,
    /// Whose time.
    resource: Option<String>,
    /// When it begins.
    start: Option<String>,
}

/// What is remembered of callers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationList {
    /// One for each caller, in order of their first contact.
    conversations: Vec<Conversation>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Which conversations are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversationParams {
    /// With this phone, as dialled in the clinic's country or with `+` and the country code; all, if absent, but not for a voice agent.
    #[param(value_type = Option<String>)]
    phone: Option<Dialled>,
    /// At most so many, 1 to 1000; 50 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl Wish {
    fn of((at, wish): &(Timestamp, WishView), zone: &Zone) -> Self {
        let whole = wish.service.as_ref().zip(wish.resource.as_ref());
        let whole = whole.zip(wish.start);
        Self {
            at: zone.rfc3339(*at),
            slot: whole.map(|((service, resource), start)| slot_id::text(service, resource, start)),
            service: wish.service.as_ref().map(ToString::to_string),
            resource: wish.resource.as_ref().map(ToString::to_string),
            start: wish.start.map(|start| zone.rfc3339(start)),
        }
    }
}

impl Line {
    fn of(said: &Said, zone: &Zone) -> Self {
        Self {
            at: zone.rfc3339(said.at),
            channel: said.channel.as_str(),
            text: said.remark.expose().to_owned(),
        }
    }
}

impl Conversation {
    fn of(view: &ConversationView, seen: &Seen, zone: &Zone) -> Self {
        let said = seen.remarks.get(&view.caller);
        let phone = seen.phones.get(&view.caller).map(|phone| match said {
            Some(_) => phone.expose().to_owned(),
            None => phone.masked(),
        });
        let wishes = |rows: &[(Timestamp, WishView)]| {
            let rows = rows.iter();
            rows.map(|row| Wish::of(row, zone)).collect()
        };
        let last_call = |said: &Vec<Said>| {
            let mut calls = said.iter().rev();
            calls
                .find(|said| said.channel == crate::model::Channel::Call)
                .map(|said| said.remark.expose().to_owned())
        };
        Self {
            phone,
            channel: view.channel.as_str(),
            outcome: view.standing.as_str(),
            summary: said.and_then(last_call),
            said: said.map(|said| said.iter().map(|line| Line::of(line, zone)).collect()),
            wishes: wishes(&view.wishes),
            offers: wishes(&view.offers),
            last_hold: view.last_hold.map(|id| id.to_string()),
            last_contact_at: zone.rfc3339(view.last_contact_at),
            expires_at: zone.rfc3339(view.expires_at),
        }
    }
}

/// Shows what is remembered of a caller, or of all.
#[utoipa::path(get, path = "/v1/tenants/{t}/conversations", tag = "conversations",
    params(("t" = String, Path, description = "The clinic's slug."), ConversationParams),
    responses((status = 200, body = ConversationList)))]
pub async fn list(
    visit: Visit,
    params: Params<ConversationParams>,
) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let country = &visit.tenant.profile().country;
    let phone = params.phone.map(|text| text.phone(country)).transpose()?;
    if phone.is_none() && visit.principal.is_agent() {
        let detail = "A voice agent asks after one caller; add their `phone`.";
        return Err(Problem::invalid_query("phone", detail));
    }
    let page = page(params.limit, params.cursor);
    let seen = visit.tenant.recall(visit.principal, phone, page).await;
    let seen = seen.map_err(|refused| visit.refusal(&refused))?;
    let View::Conversations(page) = &seen.view else {
        return Err(Problem::internal());
    };
    let zone = visit.zone();
    let conversations = page.items.iter();
    let shown = conversations.map(|view| Conversation::of(view, &seen, &zone));
    Ok(Reply::ok().json(&ConversationList {
        conversations: shown.collect(),
        next: next(page.next),
    }))
}
