//! How a call went and that it is over: `status-update`, `end-of-call-report`, and whatever shows that it goes on.
//!
//! Whether something was booked is the ledger's to know: a report's own word for it is a model's guess, and is not asked.

use std::time::Duration;

use super::call::Call;
use super::message::Message;
use crate::calendar::parse_instant;
use crate::facade::call_words::{CallWords, Listener};
use crate::limits::REPORT_TIME_MAX;
use crate::tenant::{EndedCall, Instruction, Refused, Request};

/// How soon a clinic that is busy is told again.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// The words of a call, from where they stand now or where they stood in older messages.
fn words(message: &Message) -> CallWords {
    let first = |paths: [&[&str]; 2]| {
        let mut found = paths.into_iter().filter_map(|path| message.text(path));
        let found = found.find(|text| !text.trim().is_empty());
        found.map(str::to_owned)
    };
    CallWords {
        transcript: first([&["artifact", "transcript"], &["transcript"]]),
        summary: first([&["analysis", "summary"], &["summary"]]),
    }
}

/// The call is over: what it was about is remembered, and who booked nothing is followed up. Of a call without a number or an id
/// nothing can be remembered.
pub async fn ended(call: &Call<'_>, message: &Message) {
    let (Some(from), Some(reference)) = (call.phone.clone(), call.id.clone()) else {
        return;
    };
    let now = call.line.facade.clock.now();
    let ended_at = message.text(&["endedAt"]).and_then(parse_instant);
    let listener = Listener {
        tenant: call.line.tenant.clone(),
        principal: call.line.principal(),
        now,
    };
    let ended = EndedCall {
        reference,
        from,
        name: None,
        booking_confirmed: false,
        service: None,
        resource: None,
        start: None,
        ended_at: ended_at.map(|at| at.min(now)),
        said: None,
    };
    // Not the request's own task: a platform that goes away, or a clinic that is slow, must not lose the report.
    let taken = tokio::spawn(tokio::time::timeout(
        REPORT_TIME_MAX,
        insist(listener, ended, words(message)),
    ));
    match taken.await {
        Ok(Ok(Ok(()))) => {}
        _ => tracing::warn!("the end of a call was not taken in; its caller is not written to"),
    }
}

async fn insist(listener: Listener, ended: EndedCall, words: CallWords) -> Result<(), Refused> {
    loop {
        match take_in(&listener, ended.clone(), &words).await {
            Err(Refused::TenantBusy | Refused::Overloaded) => {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            taken => return taken,
        }
    }
}

async fn take_in(
    listener: &Listener,
    mut ended: EndedCall,
    words: &CallWords,
) -> Result<(), Refused> {
    let wishes = listener.wished(words).await?;
    (ended.service, ended.resource) = (wishes.service, wishes.resource);
    ended.start = wishes.start;
    ended.said = listener.said(words, &ended).await?;
    let request = Request {
        principal: listener.principal,
        idempotency: None,
        instruction: Instruction::EndCall(Box::new(ended)),
    };
    listener.tenant.execute(request).await.map(|_| ())
}

/// The call goes on: what is held in it is held on.
pub async fn goes_on(call: &Call<'_>) {
    // If the clinic is too busy now, the next word will do.
    let _ = call.keep_holds().await;
}

/// Whether a status says that the call is over. Its report follows and says more.
pub fn is_over(message: &Message) -> bool {
    message.text(&["status"]) == Some("ended")
}
