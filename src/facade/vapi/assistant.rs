//! `assistant-request`: who answers a call, and what they know of it beforehand: which clinic this is, what day it is there, and
//! what the number that calls is holding.
//!
//! A clinic that has named nobody says so aloud. Nothing that a caller has not proved is theirs is said by name: a number can be
//! forged.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::tools::FOREIGN;
use super::words::service;
use crate::ledger::{ConversationView, PageRequest, View};
use crate::limits::LOOK_TIME_MAX;
use crate::model::Assistant;
use crate::speech::say;
use crate::tenant::Refused;

const NOBODY: &str = "This line is not set up yet. Please call the clinic's desk.";

/// Who answers.
pub async fn answer(call: &Call<'_>) -> Value {
    if call.is_foreign {
        return json!({ "error": FOREIGN });
    }
    let mut body = Map::new();
    match &call.line.access.settings.assistant {
        Assistant::Nobody => return json!({ "error": NOBODY }),
        Assistant::Stored(id) => body.insert("assistantId".to_owned(), json!(id)),
        Assistant::Inline(text) => {
            let settings = serde_json::from_str(text).unwrap_or(Value::Null);
            body.insert("assistant".to_owned(), settings)
        }
    };
    let variables = json!({ "variableValues": variables(call).await });
    body.insert("assistantOverrides".to_owned(), variables);
    Value::Object(body)
}

/// What the assistant's prompt may say: `{{clinicName}}`, `{{today}}`, `{{timeNow}}`, `{{callerIsKnown}}`, `{{holding}}`,
/// `{{lastWish}}`, `{{lastOutcome}}`, `{{lastSummary}}`.
async fn variables(call: &Call<'_>) -> Value {
    let words = call.words();
    // A clinic that is too busy for this look is answered without it: the call must not wait.
    let looking = tokio::time::timeout(LOOK_TIME_MAX, remembered(call)).await;
    let remembered = looking.ok().and_then(Result::ok).unwrap_or_default();
    json!({
        "clinicName": call.line.tenant.profile().name,
        "today": words.day(words.today()),
        "timeNow": words.hour(words.now),
        "callerIsKnown": if remembered.is_known { "yes" } else { "no" },
        "holding": remembered.holding,
        "lastWish": remembered.wish,
        "lastOutcome": remembered.outcome,
        "lastSummary": remembered.summary,
    })
}

/// What is remembered of whoever calls; empty where nothing is.
#[derive(Debug, Default)]
pub struct Remembered {
    /// Whether anything is.
    pub is_known: bool,
    /// Which time is held for them.
    pub holding: String,
    /// What they last wished for.
    pub wish: String,
    /// What came of it.
    pub outcome: &'static str,
    /// What they last said, redacted.
    pub summary: String,
}

/// What is remembered of whoever calls; of a number that proves nothing, nothing.
pub async fn remembered(call: &Call<'_>) -> Result<Remembered, Refused> {
    let Some(phone) = call
        .phone
        .clone()
        .filter(|_| call.line.access.settings.caller_id_trusted)
    else {
        return Ok(Remembered::default());
    };
    let theirs = call.theirs(None).await?;
    let words = call.words();
    let newest = theirs.holds.last();
    let holding = newest.map(|hold| words.moment(hold.interval.start()));
    let mut remembered = Remembered {
        is_known: !theirs.holds.is_empty() || !theirs.upcoming.is_empty(),
        holding: holding.unwrap_or_default(),
        ..Remembered::default()
    };
    let page = PageRequest {
        after: None,
        limit: 1,
    };
    let principal = call.line.principal();
    let seen = call
        .line
        .tenant
        .recall(principal, Some(phone), page)
        .await?;
    let View::Conversations(found) = &seen.view else {
        unreachable!("a look at conversations is answered with them")
    };
    if let Some(conversation) = found.items.first() {
        let said = seen
            .remarks
            .get(&conversation.caller)
            .and_then(|said| said.last());
        remembered.is_known = true;
        remembered.wish = last_wish(call, conversation).await?;
        remembered.outcome = conversation.standing.as_str();
        remembered.summary = said
            .map(|said| say::line(said.remark.expose()))
            .unwrap_or_default();
    }
    Ok(remembered)
}

/// "Check-up on Tuesday 1 December at 10 am", as far as it was understood.
async fn last_wish(call: &Call<'_>, conversation: &ConversationView) -> Result<String, Refused> {
    let Some((_, wish)) = conversation.wishes.last() else {
        return Ok(String::new());
    };
    let catalogue = call.catalogue().await?;
    let service = wish.service.as_ref().and_then(|id| service(&catalogue, id));
    let service = service
        .map(|service| service.name.clone())
        .unwrap_or_default();
    let moment = wish.start.map(|start| call.words().moment(start));
    Ok(match moment {
        Some(moment) if service.is_empty() => moment,
        Some(moment) => format!("{service} on {moment}"),
        None => service,
    })
}
