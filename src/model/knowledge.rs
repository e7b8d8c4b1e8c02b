//! What a clinic has written down about itself: a text in Markdown or in questions and answers.

use serde::{Deserialize, Serialize};

use crate::limits;

/// A clinic's text about itself, as its ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    /// Counts its changes from 1.
    pub version: u32,
    /// Markdown, or lines that begin with `Q:` and `A:`.
    pub text: KnowledgeText,
}

/// Such a text, of at most [`limits::KNOWLEDGE_BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnowledgeText(String);

/// The text is too long for one entry of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a clinic's text takes up to {} bytes; leave out what nobody asks on the telephone",
    limits::KNOWLEDGE_BYTES_MAX
)]
pub struct KnowledgeTooLong;

impl KnowledgeText {
    /// A text, unless it is too long.
    pub fn new(text: String) -> Result<Self, KnowledgeTooLong> {
        match text.len() <= limits::KNOWLEDGE_BYTES_MAX {
            true => Ok(Self(text)),
            false => Err(KnowledgeTooLong),
        }
    }

    /// What it says.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
