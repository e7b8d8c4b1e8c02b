//! `POST /vapi/{t}/chat/completions`: the door of a streamed turn. 401 without proof, 413 or 422 for what cannot be
//! read, else 200 and something to say.

use actix_web::{HttpResponse, rt, web};

use super::request::Request;
use super::speaker;
use super::stream::{self, Answer};
use crate::facade::problem::Problem;
use crate::facade::vapi::line::Line;

/// What a platform is told that it speaks with: which model it is, is the clinic's business.
const MODEL: &str = "holdfast";

/// Answers a conversation's last words, in OpenAI's form: as server-sent chunks, or whole with `stream: false`.
#[utoipa::path(post, path = "/vapi/{t}/chat/completions", tag = "vapi", security(()), operation_id = "speak",
    request_body(content = Object, description = "`messages` and `stream` in OpenAI's form, beside them Vapi's `call`, `customer` and `phoneNumber`; with the line's secret as a bearer or in `X-Vapi-Secret`, or signed with it."),
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, description = "Chunks as they are spoken, then `[DONE]`; a completion with `stream: false`. What fails is said.", content_type = "text/event-stream"),
        (status = 401, description = "`unauthorized`"), (status = 408, description = "`body-too-slow`"), (status = 413, description = "`body-too-large`"),
        (status = 422, description = "`invalid-body`: it is no JSON object"), (status = 503, description = "`overloaded`: it was not looked at")))]
pub async fn complete(mut line: Line) -> Result<HttpResponse, Problem> {
    let body = std::mem::replace(&mut line.body, Ok(web::Bytes::new()))?;
    let request = Request::read(&body).ok_or_else(|| {
        Problem::invalid_body("", "Send a JSON object with `messages` in OpenAI's form.")
    })?;
    let answer = Answer {
        id: format!("chatcmpl-{}", line.facade.new_request_id()),
        created: line.facade.clock.now().0 / 1000,
        model: MODEL.to_owned(),
    };
    let (mouth, ear) = stream::line(answer);
    let is_streamed = request.is_streamed;
    rt::spawn(speaker::run(line, request, mouth));
    match is_streamed {
        true => Ok(ear.streamed()),
        false => Ok(ear.whole().await),
    }
}

/// A call begins or goes on: a connection to the clinic's model is opened ahead, so that its next turn does not wait for one.
pub fn get_ready(line: &Line) {
    let (tenant, facade) = (line.tenant.clone(), line.facade.clone());
    rt::spawn(async move {
        if let Ok(Some(access)) = tenant.models().await {
            facade
                .upstream
                .open_ahead(&access.models, facade.clock.now());
        }
    });
}
