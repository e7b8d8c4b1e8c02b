//! What is known here when a turn begins, looked up all at once: the clinic's models with their keys, what can be booked, what the
//! caller has and what is remembered of them, and what the clinic's own text says to the question.
//!
//! Nothing of it is waited for longer than a look may take: a clinic that is busy is spoken for with less.

use std::sync::Arc;

use super::names::names_told;
use super::request::Request;
use crate::facade::redaction;
use crate::facade::vapi::assistant::{self, Remembered};
use crate::facade::vapi::call::Call;
use crate::facade::vapi::clinic::{self, Read};
use crate::ledger::Catalogue;
use crate::limits::{LOOK_TIME_MAX, TURN_QUESTION_WORDS_MAX};
use crate::model::PersonName;
use crate::speech::when;
use crate::tenant::{ModelAccess, Refused};

/// What is known.
pub struct Known {
    /// The clinic's models, if it has any.
    pub models: Option<Arc<ModelAccess>>,
    /// What can be booked and with whom.
    pub catalogue: Catalogue,
    /// What is remembered of the caller.
    pub remembered: Option<Remembered>,
    /// Passages that fit the question, best first.
    pub passages: Vec<String>,
    /// What answers the question by itself.
    pub answer: Option<String>,
    /// What the persons are called that may be spoken of.
    pub names: Vec<PersonName>,
    /// Whether a time is held for the caller.
    pub is_holding: bool,
}

/// Words of whoever wants something done, or wants to know more than a text says.
const OF_BOOKING: [&str; 13] = [
    "book",
    "appointment",
    "cancel",
    "move",
    "change",
    "reschedul",
    "available",
    "availability",
    "free",
    "slot",
    "see ",
    "come in",
    "code",
];

impl Known {
    /// Looks it all up at once.
    pub async fn of(call: &Call<'_>, request: &Request) -> Self {
        let question = request.question();
        let (models, catalogue, theirs, remembered, read, names) = tokio::join!(
            soon(call.line.tenant.models()),
            soon(call.catalogue()),
            soon(call.theirs(None)),
            soon(assistant::remembered(call)),
            soon(clinic::read(call, question)),
            soon(known_names(call)),
        );
        let Read { answer, passages } = read.unwrap_or_default();
        let mut names = names.unwrap_or_default();
        names.extend(names_told(request));
        Self {
            models: models.flatten(),
            catalogue: catalogue.unwrap_or_else(|| Catalogue {
                services: Vec::new(),
                resources: Vec::new(),
            }),
            remembered: remembered.filter(|remembered| remembered.is_known),
            passages,
            answer,
            names,
            is_holding: theirs.is_some_and(|theirs| !theirs.holds.is_empty()),
        }
    }

    /// What can be said at once, without a model: a passage of the clinic's text that answers a short question by itself, where
    /// nothing else is wished for: no day and no hour is named, nothing is held, and nobody speaks of booking.
    pub fn at_once(&self, call: &Call<'_>, request: &Request) -> Option<&str> {
        let question = request.question();
        let lower = format!("{} ", question.to_lowercase());
        let wishes = OF_BOOKING.iter().any(|word| lower.contains(word));
        let is_short = question.split_whitespace().count() <= TURN_QUESTION_WORDS_MAX;
        let time = when(question, &call.reckoning());
        let is_timeless = time.days.is_none() && time.hours.is_none();
        let is_idle = !wishes && !self.is_holding && is_short && is_timeless;
        self.answer.as_deref().filter(|_| is_idle)
    }
}

async fn known_names(call: &Call<'_>) -> Result<Vec<PersonName>, Refused> {
    match &call.phone {
        Some(phone) => redaction::names_of(&call.line.tenant, phone).await,
        None => Ok(Vec::new()),
    }
}

/// What a look finds, if it finds it in time.
async fn soon<T>(look: impl Future<Output = Result<T, Refused>>) -> Option<T> {
    tokio::time::timeout(LOOK_TIME_MAX, look).await.ok()?.ok()
}
