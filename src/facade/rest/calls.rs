//! `/v1/tenants/{t}/calls/ended`: a call has ended, whoever led it. What was wished for is remembered, and whoever booked
//! nothing is written to at once.
//!
//! Transcript and summary are free text: wishes are recognised in them, then they are redacted, and only that is handed on.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::holds::call;
use super::refusal::not_offered;
use super::visit::Visit;
use super::words::{Instant, Reply, in_field};
use crate::facade::body::Body;
use crate::facade::call_words::{CallWords, Listener};
use crate::facade::problem::Problem;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::facade::slot_id;
use crate::facade::wishes::Wishes;
use crate::ledger::{Reason, Receipt};
use crate::model::{FollowUp, PersonName, Phone, Slug};
use crate::tenant::{EndedCall, Instruction};

/// A call that has ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EndedCall)]
pub struct CallEnd {
    /// What its platform calls it: the same call is taken in once.
    call_id: String,
    /// From which phone, as dialled in the clinic's country or with `+` and the country code.
    caller: String,
    /// What the caller is called, if they have said so.
    name: Option<String>,
    /// An appointment was made in it; then nobody is written to.
    booking_confirmed: bool,
    /// What was said. Wishes are recognised in it; of its words a line is kept at the most, redacted.
    transcript: Option<String>,
    /// What it was about. Its beginning is kept, redacted.
    summary: Option<String>,
    /// What was wished for.
    service: Option<String>,
    /// Which slot.
    slot: Option<String>,
    /// When it ended; just now, if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Instant>,
}

/// What comes of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallAnswer {
    /// `queued`: a text to the caller is on its way; `none`: they have booked; `suppressed`: there is none, and `reason` says why.
    #[schema(value_type = String)]
    follow_up: &'static str,
    /// `already-sent`, `booked`, `not-wanted`, `no-credentials`, `opted-out`, `landline`, `country`, `budget`, `too-many-holds`,
    /// or `quiet-hours`: then it is decided again in the morning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// The hold that is kept until the text is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The end of this call had been reported before.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<bool>,
}

/// Takes in that a call has ended. Once for each call: a report that comes again gets the same answer.
#[utoipa::path(post, path = "/v1/tenants/{t}/calls/ended", tag = "calls", request_body = CallEnd,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 202, body = CallAnswer)))]
pub async fn ended(
    visit: Visit,
    key: RequestKey,
    body: Body<CallEnd>,
) -> Result<HttpResponse, Problem> {
    let end = &body.value;
    let from = Phone::parse(&end.caller, &visit.tenant.profile().country);
    let from = from.map_err(in_field("caller"))?;
    let name = end.name.as_deref().map(PersonName::parse).transpose();
    let words = CallWords {
        transcript: end.transcript.clone(),
        summary: end.summary.clone(),
    };
    let listener = Listener {
        tenant: visit.tenant.clone(),
        principal: visit.principal,
        now: visit.now(),
    };
    let wishes = wished(&visit, end, (&listener, &words)).await?;
    let mut ended = EndedCall {
        reference: call(&end.call_id)?,
        name: name.map_err(in_field("name"))?,
        booking_confirmed: end.booking_confirmed,
        service: wishes.service,
        resource: wishes.resource,
        start: wishes.start,
        ended_at: end.ended_at.map(|at| at.0),
        said: None,
        from,
    };
    let said = listener.said(&words, &ended).await;
    ended.said = said.map_err(|refused| visit.refusal(&refused))?;
    let instruction = Instruction::EndCall(Box::new(ended));
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::CallEnded(view) = answer.receipt else {
        return Err(Problem::internal());
    };
    let (follow_up, reason) = match view.follow_up {
        FollowUp::None => ("none", None),
        FollowUp::Queued => ("queued", None),
        FollowUp::Suppressed(reason) => ("suppressed", Some(reason.as_str())),
    };
    Ok(Reply::accepted()
        .replayed(answer.replayed)
        .json(&CallAnswer {
            follow_up,
            reason,
            hold: view.hold.map(|id| id.to_string()),
            message: view.message.map(|id| id.to_string()),
            replayed: view.replayed.then_some(true),
        }))
}

/// What the report names; what it does not, as far as its words say so.
async fn wished(
    visit: &Visit,
    end: &CallEnd,
    (listener, words): (&Listener, &CallWords),
) -> Result<Wishes, Problem> {
    let unknown = || not_offered(Reason::Unknown);
    if let Some(slot) = &end.slot {
        let wish = slot_id::parse(slot).ok_or_else(unknown)?;
        return Ok(Wishes {
            service: Some(wish.service),
            resource: wish.resource,
            start: Some(wish.start),
        });
    }
    let service = end.service.as_deref().map(str::parse::<Slug>).transpose();
    let service = service.map_err(|_| unknown())?;
    let wishes = listener.wished(words).await;
    let mut wishes = wishes.map_err(|refused| visit.refusal(&refused))?;
    wishes.service = service.or(wishes.service);
    Ok(wishes)
}
