//! `POST /twilio/{t}/status`: how far a text has come. States come in any order, twice, and before the answer that named the
//! text; which of them says something new is the ledger's to judge.

use std::time::Duration;

use actix_web::HttpResponse;

use super::signed::Signed;
use crate::facade::problem::{Code, Problem};
use crate::model::DeliveryStatus;
use crate::tenant::DeliveryNote;

/// How long a state is offered to a clinic that is busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes in how far a text has come.
#[utoipa::path(post, path = "/twilio/{t}/status", tag = "twilio", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "Twilio's status callback, with `X-Twilio-Signature` over `http.public_url`."),
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, description = "It is in the journal, or says nothing new."), (status = 403, description = "`invalid-signature`"),
        (status = 503, description = "`overloaded`: it was not taken")))]
pub async fn note(signed: Signed) -> Result<HttpResponse, Problem> {
    let Some(note) = understood(&signed) else {
        // A state that is not known here, or a text that has no name, is nothing that could be written down.
        return Ok(HttpResponse::Ok().finish());
    };
    let noted = tokio::time::timeout(PATIENCE, signed.tenant.note_delivery(note)).await;
    match noted {
        Ok(Ok(())) => Ok(HttpResponse::Ok().finish()),
        _ => {
            let detail =
                "This clinic has too much in flight; the state was not taken. Call back again.";
            Err(Problem::new(Code::Overloaded, detail).retry_after(1))
        }
    }
}

fn understood(signed: &Signed) -> Option<DeliveryNote> {
    let either = |name: &str, older: &str| signed.field(name).or_else(|| signed.field(older));
    let error = signed.field("ErrorCode").and_then(|code| code.parse().ok());
    let attempt = signed
        .parameter("attempt")
        .and_then(|count| count.parse().ok());
    let message = signed.parameter("message").and_then(|id| id.parse().ok());
    Some(DeliveryNote {
        sid: either("MessageSid", "SmsSid")?.parse().ok()?,
        status: status(either("MessageStatus", "SmsStatus")?)?,
        error: error.filter(|code| *code != 0),
        attempt: message.zip(attempt),
    })
}

/// Twilio's word for a state. `None`: it is not one of a text that goes out.
fn status(word: &str) -> Option<DeliveryStatus> {
    Some(match word {
        "accepted" | "scheduled" | "queued" => DeliveryStatus::Queued,
        "sending" => DeliveryStatus::Sending,
        "sent" | "partially_delivered" => DeliveryStatus::Sent,
        "failed" | "canceled" => DeliveryStatus::Failed,
        "undelivered" => DeliveryStatus::Undelivered,
        "delivered" => DeliveryStatus::Delivered,
        "read" => DeliveryStatus::Read,
        _ => return None,
    })
}
