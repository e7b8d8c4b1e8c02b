//! Finding in a clinic's text: by its words at once, and by its meaning where the clinic has an embedding model that answers in time.
//!
//! The words are searched in memory and need nobody. A model is asked beside that, about redacted texts only, and is never waited
//! for longer than the caller allows: it adds to the order of passages or it does not (docs/knowledge.md). Every dialect that answers
//! a caller comes by [`Finder::of`].

mod breaker;
mod found;

mod health;

mod question;
mod text;

mod finder;

pub use finder::{Finder, Question};
pub use found::Passages;
