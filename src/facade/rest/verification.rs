//! `/v1/tenants/{t}/holds/{id}/verification` and `…/confirm`: a hold's code, and the hold's becoming an appointment.
//!
//! What became of a text is waited for here, outside the tenant, for as long as the operator's patience lasts; whether a
//! code is right is the ledger's word.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::appointments;
use super::if_match::{IfMatch, MatchHeader};
use super::visit::{Id, Visit};
use super::words::{Nothing, Reply};
use crate::calendar::Zone;
use crate::facade::body::Body;
use crate::facade::problem::{Code, Problem};
use crate::facade::request_key::{KeyHeader, RequestKey};
use crate::ledger::{CodeQueued, Command, Receipt};
use crate::model::{EnteredCode, HoldId, SendOutcome};
use crate::tenant::{Answer, Instruction};

/// The code, if one was said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The digits; staff may leave it out.
    code: Option<String>,
}

/// What became of a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verification {
    /// `sent`, or `unknown`: it may arrive, and works if it does.
    #[schema(value_type = String)]
    status: &'static str,
    /// Where to, masked.
    to: Option<String>,
    /// Until when the code works.
    expires_at: String,
    /// Wrong codes that are still taken.
    attempts_left: u32,
    /// How often it can be sent again.
    resends_left: u32,
    /// The version that the hold has now.
    hold_version: u32,
}

/// Sends the hold's code, or sends it again: the same code, unless its time is over.
#[utoipa::path(post, path = "/v1/tenants/{t}/holds/{id}/verification", tag = "holds", request_body(content = Option<Nothing>),
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The hold's id."), KeyHeader),
    responses((status = 200, body = Verification), (status = 202, body = Verification, description = "Not known in time; the code works if it arrives."),
        (status = 409, description = "`sms-credentials-missing`, `country-not-allowed`, `verification-not-needed`, `hold-confirmed`"), (status = 410, description = "`hold-expired`"),
        (status = 423, description = "`verification-locked`"), (status = 429, description = "`too-many-codes`"), (status = 502, description = "`sms-not-sent`: nothing was stored, so it may be asked for again")))]
pub async fn send_code(
    visit: Visit,
    id: Id<HoldId>,
    key: RequestKey,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::SendCode {
        hold: id.0,
        route: None,
    });
    let answer = visit.execute(instruction, key.of(&body)).await?;
    let Receipt::CodeQueued(code) = answer.receipt else {
        return Err(Problem::internal());
    };
    let patience = visit.facade().options.text_patience;
    // The code is in the journal by now; if nobody can say what became of its text, that is what the answer says.
    let outcome = visit.tenant.settled(code.message, patience).await;
    let outcome = outcome.ok().flatten().unwrap_or(SendOutcome::Unknown);
    code_answer(&code, outcome, &answer, &visit.zone())
}

fn code_answer(
    code: &CodeQueued,
    outcome: SendOutcome,
    answer: &Answer,
    zone: &Zone,
) -> Result<HttpResponse, Problem> {
    let (reply, status) = match outcome {
        SendOutcome::Sent => (Reply::ok(), "sent"),
        SendOutcome::Unknown => (Reply::accepted(), "unknown"),
        SendOutcome::NotSent => {
            return Err(Problem::new(
                Code::SmsNotSent,
                "The text was certainly not sent and its code is void; ask for the code again.",
            ));
        }
    };
    let person = answer.person.as_ref();
    Ok(reply.replayed(answer.replayed).json(&Verification {
        status,
        to: person.map(|card| card.contact.phone.masked()),
        expires_at: zone.rfc3339(code.expires_at),
        attempts_left: code.attempts_left,
        resends_left: code.resends_left,
        hold_version: code.hold_version,
    }))
}

/// Turns a hold into an appointment.
#[utoipa::path(post, path = "/v1/tenants/{t}/holds/{id}/confirm", tag = "holds", request_body(content = Option<Confirmation>),
    params(("t" = String, Path, description = "The clinic's slug."), ("id" = String, Path, description = "The hold's id."), MatchHeader, KeyHeader),
    responses((status = 201, body = appointments::Appointment), (status = 200, body = appointments::Appointment, description = "It had been confirmed before."),
        (status = 409, description = "`verification-required`, `hold-confirmed`"), (status = 410, description = "`hold-expired`, `code-expired`"),
        (status = 412, description = "`version-mismatch`"),
        (status = 423, description = "`verification-locked`")))]
pub async fn confirm(
    visit: Visit,
    id: Id<HoldId>,
    if_match: IfMatch,
    key: RequestKey,
    body: Body<Confirmation>,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::Confirm {
        hold: id.0,
        code: entered(&visit, body.value.code.as_deref())?,
        if_version: if_match.0,
    });
    let answer = visit.execute(instruction, key.of(&body)).await?;
    if let Receipt::CodeMismatch {
        attempts_left,
        hold_version,
    } = answer.receipt
    {
        return Err(mismatch(attempts_left, hold_version).replayed(answer.replayed));
    }
    appointments::booked(&visit, &answer)
}

/// The code that was said. An empty one is none, which staff may not say by accident: without a code they book on their word.
fn entered(visit: &Visit, code: Option<&str>) -> Result<Option<EnteredCode>, Problem> {
    let entered = code.and_then(EnteredCode::new);
    if code.is_some() && entered.is_none() && visit.principal.is_staff() {
        let detail = "The code is empty; give its digits, or leave `code` out to book on the desk's own word.";
        return Err(Problem::new(Code::DigitsMissing, detail));
    }
    Ok(entered)
}

fn mismatch(attempts_left: u32, hold_version: u32) -> Problem {
    let detail = match attempts_left {
        0 => "That is not the code, and no further one is taken; staff can confirm instead.",
        _ => "That is not the newest code of this hold; ask the caller to read it again.",
    };
    Problem::new(Code::DigitsWrong, detail)
        .with("attempts_left", attempts_left)
        .with("hold_version", hold_version)
}
