//! A streamed turn: one answer of a conversation, spoken by the clinic's model while it is thought of.
//!
//! What is known here is looked up at once, what goes to the model wears placeholders, its words are passed on as they come, and
//! the tools that it calls are carried out as those of a server message are. docs/voice.md has the whole, decisions/0016 why
//! placeholders.

mod request;
mod stream;
mod veil;

mod names;

mod known;

mod prompt;

mod speaker;

pub mod chat;
