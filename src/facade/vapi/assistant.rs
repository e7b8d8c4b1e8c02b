//! `assistant-request`: who answers a call, and what they know of it beforehand: which clinic this is, what day it is there, and
//! what the number that calls is holding.
//!
//! A clinic that has named nobody says so aloud. Nothing that a caller has not proved is theirs is said by name: a number can be
//! forged.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::tools::FOREIGN;
use crate::model::Assistant;
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

/// What the assistant's prompt may say: `{{clinicName}}`, `{{today}}`, `{{timeNow}}`, `{{callerIsKnown}}`, `{{holding}}`.
async fn variables(call: &Call<'_>) -> Value {
    let words = call.words();
    // A clinic that is too busy for this look is answered without it: the call must not wait.
    let remembered = remembered(call).await.unwrap_or_default();
    json!({
        "clinicName": call.line.tenant.profile().name,
        "today": words.day(words.today()),
        "timeNow": words.hour(words.now),
        "holding": remembered.holding,
        "callerIsKnown": if remembered.is_known { "yes" } else { "no" },
    })
}

/// What is remembered of whoever calls.
#[derive(Debug, Default)]
struct Remembered {
    is_known: bool,
    /// Which time is held for them.
    holding: String,
}

async fn remembered(call: &Call<'_>) -> Result<Remembered, Refused> {
    let theirs = call.theirs(None).await?;
    let words = call.words();
    let newest = theirs.holds.last();
    let holding = newest.map(|hold| words.moment(hold.interval.start()));
    Ok(Remembered {
        is_known: !theirs.holds.is_empty() || !theirs.upcoming.is_empty(),
        holding: holding.unwrap_or_default(),
    })
}
