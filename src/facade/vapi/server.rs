//! `POST /vapi/{t}`: the door for everything that a voice platform says. 401 without proof, else 200, whatever it was.

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{Value, json};

use super::call::Call;
use super::line::Line;
use super::message::Message;
use super::turn::chat::get_ready;
use super::{assistant, documents, report, tools};
use crate::limits::VOICE_TIME_MAX;

/// Takes in a server message.
#[utoipa::path(post, path = "/vapi/{t}", tag = "vapi", security(()), operation_id = "hear",
    request_body(content = Object, description = "A Vapi server message, with the line's secret as a bearer or in `X-Vapi-Secret`, or signed with it."),
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, description = "What the message asks for; `{}` where it asks for nothing."), (status = 401, description = "`unauthorized`"),
        (status = 503, description = "`overloaded`: it was not looked at")))]
pub async fn hear(line: Line) -> HttpResponse {
    let message = line.body.as_deref().ok().and_then(Message::read);
    match message {
        None => nothing(),
        Some(message) => answer(&line, &message).await,
    }
}

async fn answer(line: &Line, message: &Message) -> HttpResponse {
    let call = Call::of(line, message);
    match message.kind() {
        "tool-calls" => ok(&tools::answer_all(&call, message).await),
        "function-call" => function(&call, message).await,
        "assistant-request" => {
            get_ready(line);
            ok(&assistant::answer(&call).await)
        }
        "transfer-destination-request" | "handoff-destination-request" => ok(
            &json!({ "error": "There is nobody to pass this call on to. Please call the clinic's desk." }),
        ),
        "knowledge-base-request" => ok(&documents::answer(&call, message).await),
        kind => {
            // No one waits for an answer to these, so none may keep the platform waiting.
            let heard = heard(&call, message, kind);
            let _ = tokio::time::timeout(VOICE_TIME_MAX, heard).await;
            nothing()
        }
    }
}

/// What is only told.
async fn heard(call: &Call<'_>, message: &Message, kind: &str) {
    if call.is_foreign {
        return;
    }
    match kind {
        "end-of-call-report" => report::ended(call, message).await,
        "status-update" if report::is_over(message) => {}
        "status-update"
        | "conversation-update"
        | "speech-update"
        | "transcript"
        | "user-interrupted"
        | "assistant.started"
        | "hang" => {
            get_ready(call.line);
            report::goes_on(call).await;
        }
        _ => {}
    }
}

/// The outdated event: one function, one result.
async fn function(call: &Call<'_>, message: &Message) -> HttpResponse {
    let Some((name, given)) = message.function_call() else {
        return nothing();
    };
    let said = tools::answer(call, name, None, given.as_ref(), VOICE_TIME_MAX).await;
    ok(&json!({ "result": said.words() }))
}

fn ok(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

fn nothing() -> HttpResponse {
    ok(&Value::Object(serde_json::Map::new()))
}
