//! Speech: what a caller's words mean to a clinic, and how a clinic's times are said.
//!
//! Days and hours in words, services and people called by half a name, answers that can be read aloud. Pure: it knows a date to
//! reckon from and lists to choose from, no ledger, no clock. It never guesses further than the words go, and whatever is understood
//! is said back in full (weekday, day, hour), so that a misunderstanding is heard.

mod words;

mod dates;

mod day;
mod hour;

pub mod names;
pub mod say;
mod when;

pub use dates::Reckoning;
pub use day::Days;
pub use hour::Hours;
pub use when::{When, when};
