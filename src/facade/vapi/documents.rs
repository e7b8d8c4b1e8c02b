//! `knowledge-base-request`: the passages of the clinic's text that what was said last finds, for the platform's own model.
//!
//! An assistant whose knowledge base is this server asks here by itself. Whatever happens it has an answer in time; without a text, or on a
//! call that is not the clinic's, that is an empty one.

use serde::Serialize;
use serde_json::Value;

use super::call::Call;
use super::message::Message;
use crate::facade::knowledge::{Passages, Question};
use crate::limits::{DOCUMENTS_MAX, LOOK_TIME_MAX};

/// What was found, best first.
#[derive(Debug, Serialize)]
pub struct Documents {
    documents: Vec<Document>,
}

/// A passage.
#[derive(Debug, Serialize)]
struct Document {
    content: String,
    /// By its place: scores of searches that are joined have no scale in common.
    similarity: f64,
}

/// The passages for what the caller said last.
pub async fn answer(call: &Call<'_>, message: &Message) -> Documents {
    let found = tokio::time::timeout(LOOK_TIME_MAX, found(call, message)).await;
    let found = found.ok().flatten().unwrap_or_default();
    let documents = found.iter().take(DOCUMENTS_MAX).zip(1_u32..);
    let documents = documents.map(|(passage, place)| Document {
        content: passage.whole(),
        similarity: 1.0 / f64::from(place),
    });
    Documents {
        documents: documents.collect(),
    }
}

async fn found(call: &Call<'_>, message: &Message) -> Option<Passages> {
    if call.is_foreign {
        return None;
    }
    let question = Question {
        words: said_last(message)?,
        occasion: &call.occasion(),
        phone: call.phone.as_ref(),
    };
    let facade = &call.line.facade;
    let knowledge = facade.finder.of(&call.line.tenant);
    let patience = facade.options.embedding_deadline;
    knowledge.find(&question, patience).await.ok()
}

/// The caller's last words.
fn said_last(message: &Message) -> Option<&str> {
    let messages = message.at(&["messages"])?.as_array()?;
    let of_caller = |said: &&Value| said["role"] == "user";
    let last = messages.iter().rev().find(of_caller)?;
    last["content"].as_str().or(last["message"].as_str())
}
