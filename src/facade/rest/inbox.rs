//! `/v1/tenants/{t}/inbox`: the texts that the local inbox captured instead of sending them, and those that come in. Only
//! there with that provider.
//!
//! What someone writes is free text: it is read for what it means, and redacted before a line of it is remembered.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::appointments::Appointment;
use super::visit::Visit;
use super::words::{Person, Reply, in_field, next};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::params::{ListParams, Params};
use crate::facade::problem::Problem;
use crate::facade::redaction;
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::Receipt;
use crate::model::{Phone, Reply as Meaning};
use crate::tenant::{Answer, CapturedText, Instruction};

/// A captured text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Text {
    /// Who it was for.
    to: String,
    /// What it said.
    body: String,
    /// When it was sent.
    sent_at: String,
    /// What it was: `code`, `offer`, `follow-up`, `confirmation`, `cancellation`, `reschedule` or `reminder`.
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

/// A text that came in, as a provider would report it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncomingText {
    /// From which phone.
    from: String,
    /// What it says. A yes or a no is taken for what it means; of anything else a line is remembered, redacted.
    body: String,
}

/// What was understood of a text that came in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Understood {
    /// `taken`: an offer became an appointment; `declined`: it goes to the next; `nothing`: nothing has changed.
    #[schema(value_type = String)]
    understood: &'static str,
    /// Why nothing has changed: `not-an-answer`, it is neither a yes nor a no; `no-offer`, nothing is offered to this phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// The appointment, if an offer was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<Appointment>,
}

impl Understood {
    fn of(answer: &Answer, meant: Meaning, zone: &Zone) -> Result<Self, Problem> {
        let (understood, reason) = match (&answer.receipt, meant) {
            (Receipt::Appointment(_), _) => ("taken", None),
            (Receipt::Released(_), _) => ("declined", None),
            (Receipt::Nothing, Meaning::Unclear) => ("nothing", Some("not-an-answer")),
            (Receipt::Nothing, _) => ("nothing", Some("no-offer")),
            _ => return Err(Problem::internal()),
        };
        let appointment = match &answer.receipt {
            Receipt::Appointment(view) => {
                let person = answer.person.as_ref().map(Person::of);
                Some(Appointment::of(view, person, None, zone))
            }
            _ => None,
        };
        Ok(Self {
            understood,
            reason,
            appointment,
        })
    }
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

/// Takes in a text that came from a phone: a yes takes the newest offer to it, a no declines that.
#[utoipa::path(post, path = "/v1/tenants/{t}/inbox", tag = "inbox", request_body = IncomingText,
    params(("t" = String, Path, description = "The clinic's slug."), KeyHeader),
    responses((status = 200, body = Understood)))]
pub async fn take(
    visit: Visit,
    key: RequestKey,
    body: Body<IncomingText>,
) -> Result<HttpResponse, Problem> {
    let country = &visit.tenant.profile().country;
    let from = Phone::parse(&body.value.from, country).map_err(in_field("from"))?;
    let reply = Meaning::read(&body.value.body);
    let said = match reply {
        Meaning::Yes | Meaning::No => None,
        Meaning::Unclear => {
            let names = redaction::names_of(&visit.tenant, &from).await;
            let names = names.map_err(|refused| visit.refusal(&refused))?;
            redaction::remark(&visit.occasion(), &names, &body.value.body)
        }
    };
    let instruction = Instruction::TakeReply { from, reply, said };
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let understood = Understood::of(&answer, reply, &visit.zone())?;
    Ok(Reply::ok().replayed(answer.replayed).json(&understood))
}
