//! Tool calls: each is carried out in order and answered by one line, whatever happens, and all of them in time.
//!
//! What takes too long is answered as unknown; whoever asks again by the same tool call gets what became of it.

use std::time::Duration;

use serde::Serialize;

use super::call::Call;
use super::message::{Arguments, Asked, Message, ToolCall};
use super::schema::Tool;
use super::words::Said;
use super::{availability, bookings, clinic, holds, refusal};
use crate::clock::Stopwatch;
use crate::limits::{TOOL_CALLS_MAX, VOICE_TIME_MAX};
use crate::tenant::Refused;

const TOO_SLOW: &str = "That is taking too long, and I cannot tell yet whether it was done. Please ask again in a moment; it will not be done twice.";
const NOT_READ: &str = "I did not understand what was asked. Please say it again.";
const TOO_MANY: &str = "That was too much at once, and this part was not done. Please ask for one thing after the other.";
const NO_SUCH_TOOL: &str = "That cannot be done on this line.";
/// Said where a call came by a number that is not the clinic's.
pub const FOREIGN: &str =
    "This call did not come by a number of this clinic, so nothing can be done here.";

/// The answers to all tool calls of a message, in order.
#[derive(Debug, Serialize)]
pub struct Results {
    results: Vec<ToolResult>,
}

/// The answer to one: exactly one of `result` and `error`.
#[derive(Debug, Serialize)]
struct ToolResult {
    #[serde(rename = "toolCallId")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl ToolResult {
    fn of(call: ToolCall, said: Said) -> Self {
        let (result, error) = match said {
            Said::Done(words) => (Some(words), None),
            Said::Refused(words) => (None, Some(words)),
        };
        Self {
            id: call.id,
            name: call.name,
            result,
            error,
        }
    }
}

/// Answers every tool call of a message.
pub async fn answer_all(call: &Call<'_>, message: &Message) -> Results {
    let watch = Stopwatch::start();
    let mut results = Vec::new();
    for (place, asked) in message.tool_calls().into_iter().enumerate() {
        let said = if place < TOOL_CALLS_MAX {
            let left = VOICE_TIME_MAX.saturating_sub(watch.elapsed());
            answer(
                call,
                &asked.name,
                Some(&asked.id),
                asked.arguments.as_ref(),
                left,
            )
            .await
        } else {
            Said::refused(TOO_MANY)
        };
        results.push(ToolResult::of(asked, said));
    }
    Results { results }
}

/// Answers one within a time.
pub async fn answer(
    call: &Call<'_>,
    name: &str,
    id: Option<&str>,
    given: Option<&Arguments>,
    within: Duration,
) -> Said {
    if call.is_foreign {
        return Said::refused(FOREIGN);
    }
    let Some(tool) = Tool::named(name) else {
        return Said::refused(NO_SUCH_TOOL);
    };
    let Some(given) = given else {
        return Said::refused(NOT_READ);
    };
    let asked = Asked {
        tool: tool.name(),
        id,
        given,
    };
    match tokio::time::timeout(within, carried_out(call, tool, &asked)).await {
        Ok(Ok(said)) => said,
        Ok(Err(refused)) => Said::refused(refusal::words(&refused, &call.words())),
        Err(_) => Said::refused(TOO_SLOW),
    }
}

async fn carried_out(call: &Call<'_>, tool: Tool, asked: &Asked<'_>) -> Result<Said, Refused> {
    call.keep_holds().await?;
    match tool {
        Tool::CheckAvailability => availability::check(call, asked.given).await,
        Tool::ReserveSlot => holds::reserve(call, asked).await,
        Tool::SendOtp => holds::send_code(call, asked).await,
        Tool::VerifyOtp => holds::verify(call, asked).await,
        Tool::ExtendHold => holds::extend(call, asked).await,
        Tool::ReleaseHold => holds::release(call, asked).await,
        Tool::FindAppointment => bookings::find(call).await,
        Tool::CancelAppointment => bookings::cancel(call, asked).await,
        Tool::RescheduleAppointment => bookings::reschedule(call, asked).await,
        Tool::ClinicInfo => clinic::info(call, asked).await,
    }
}
