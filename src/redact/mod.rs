//! Free text in, text without personal data out, before it is logged, stored, remembered or sent to a model.
//!
//! One walk over the tokens of a text asks small pure recognizers what begins at each: labels and cues first, then
//! shapes with checksums, numbering plans and word lists. What is found is replaced by `[PHONE_1]` and the like. What is
//! found, what is kept and the limits are in `docs/redaction.md`. This room knows no other room of ours, no clock, no
//! file and no network. Invariant: linear time and bounded memory on any input, and never a panic.
//! Rooms ground up; each names only those above it.

mod entity;
mod fold;
mod table;

mod lexicon;
mod token;
mod window;

mod label;
mod recognizers;
mod spoken;

mod number;
mod policy;
mod triage;

mod cursor;
mod place;
mod view;
mod walk;

mod chain;

mod course;

mod handover;

mod scan;

mod audit;
mod placeholder;
mod text;

mod redactor;
mod streaming;

mod json;

mod run;

pub use audit::AuditRecord;
pub use entity::{Kind, Kinds, Span};
pub use policy::{POLICY_TERM_BYTES_MAX, POLICY_TERMS_MAX, Policy, PolicyError, Profile};
pub use redactor::{Conversation, Outcome, Redactor, load};
pub use run::{LINE_BYTES_MAX, Measured, RunError, Witness, run};
pub use streaming::{HOLD_BACK_BYTES_MAX, Stream};
pub use text::Redacted;
