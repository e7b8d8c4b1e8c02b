//! `POST /twilio/{t}/sms`: a text that came in. Its words are read for what they mean and go no further; the answer to its
//! sender, if there is one, is the answer to the request, as TwiML.

use std::time::Duration;

use actix_web::HttpResponse;
use ring::digest::{SHA256, digest};

use super::signed::Signed;
use crate::facade::problem::{Code, Problem};
use crate::facade::redaction::{self, Occasion};
use crate::ledger::{Reaction, Receipt};
use crate::model::{Heard, Phone, Principal, Remark, Timestamp};
use crate::tenant::{Handle, Instruction, Refused, Request};

/// How long a text is offered to a clinic that is busy.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Takes in a text.
#[utoipa::path(post, path = "/twilio/{t}/sms", tag = "twilio", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "Twilio's inbound text, with `X-Twilio-Signature` over `http.public_url`."),
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, description = "TwiML: the answer to the sender, or none.", content_type = "text/xml"), (status = 403, description = "`invalid-signature`"),
        (status = 503, description = "`overloaded`: it was not taken")))]
pub async fn hear(signed: Signed) -> Result<HttpResponse, Problem> {
    let Some(instruction) = understood(&signed).await else {
        return Ok(twiml(None));
    };
    let taken = tokio::time::timeout(PATIENCE, insist(&signed.tenant, instruction)).await;
    match taken {
        Ok(Ok(Receipt::TextTaken(reaction))) => {
            Ok(twiml(words(reaction, &signed.tenant).as_deref()))
        }
        Ok(Ok(_)) => Err(Problem::internal()),
        Ok(Err(_)) | Err(_) => {
            let detail =
                "This clinic has too much in flight; the text was not taken. Call back again.";
            Err(Problem::new(Code::Overloaded, detail).retry_after(1))
        }
    }
}

/// `None`: a text without a name or from what is no phone cannot be taken in.
async fn understood(signed: &Signed) -> Option<Instruction> {
    let sid = signed
        .field("MessageSid")
        .or_else(|| signed.field("SmsSid"))?;
    let from = Phone::parse(signed.field("From")?, &signed.tenant.profile().country).ok()?;
    let mut text = [0; 32];
    text.copy_from_slice(digest(&SHA256, sid.as_bytes()).as_ref());
    let body = signed.field("Body").unwrap_or_default();
    let heard = Heard::read(body, signed.field("OptOutType"));
    let said = match heard {
        Heard::Other => remembered(signed, &from, body).await,
        _ => None,
    };
    Some(Instruction::TakeText {
        text,
        from,
        heard,
        said,
    })
}

/// Words that are no command, as they may be remembered. If the clinic is too busy to say who its sender is, they are not.
async fn remembered(signed: &Signed, from: &Phone, body: &str) -> Option<Remark> {
    let names = redaction::names_of(&signed.tenant, from).await.ok()?;
    let tenant = &signed.tenant;
    let occasion = Occasion {
        principal: Principal::System,
        tenant: tenant.slug().clone(),
        when: tenant.zone().rfc3339(signed.now),
    };
    redaction::remark(&occasion, &names, body)
}

async fn insist(tenant: &Handle, instruction: Instruction) -> Result<Receipt, Refused> {
    loop {
        let request = Request {
            principal: Principal::System,
            idempotency: None,
            instruction: instruction.clone(),
        };
        match tenant.execute(request).await {
            Err(Refused::TenantBusy | Refused::Overloaded) => {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            answer => return answer.map(|answer| answer.receipt),
        }
    }
}

/// What its sender is told. No text names a clinic or who treats there.
fn words(reaction: Reaction, tenant: &Handle) -> Option<String> {
    let when = |start: Timestamp| {
        let (reading, _) = tenant.zone().wall_clock(start);
        reading.strftime("%a %-d %b, %H:%M").to_string()
    };
    Some(match reaction {
        Reaction::Nothing => return None,
        Reaction::Help => "This number sends codes and news of your appointments. Reply STOP to get no more texts. To speak to someone, call us.".to_owned(),
        Reaction::Booked(start) => format!("Thank you. Your appointment is booked: {}.", when(start)),
        Reaction::Declined => "Thank you. We have let that time go.".to_owned(),
        Reaction::Cancelled(start) => format!("Your appointment on {} is cancelled.", when(start)),
        Reaction::TooLate => "It is too late to cancel by text. Please call us.".to_owned(),
        Reaction::CodeWrong => "That code does not work. Please check it, or call us.".to_owned(),
        Reaction::Awaited(start) => format!("Sorry, we cannot read that. Reply YES to keep {}, or NO to let it go. For anything else please call us.", when(start)),
        Reaction::NotUnderstood => "Sorry, we cannot read replies to this number. Please call us.".to_owned(),
    })
}

/// An answer in TwiML; without words its sender gets none.
fn twiml(words: Option<&str>) -> HttpResponse {
    let message = words.map_or(String::new(), |words| {
        format!("<Message><Body>{}</Body></Message>", escaped(words))
    });
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body(format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>"#
        ))
}

fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&apos;"),
            // XML 1.0 has no spelling for the other control characters.
            control if control.is_control() && !matches!(control, '\n' | '\t') => text.push(' '),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_markup_is_escaped() {
        assert_eq!(
            escaped("<a href=\"x\">&'\u{0}é"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&apos; é"
        );
    }
}
