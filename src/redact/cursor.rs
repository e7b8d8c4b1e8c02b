//! What scans hand in and out and remember: slices, events, where the walk stands.
//!
//! Passive types; `walk` gives them meaning. Offsets in [`Cursor`] count from the beginning of the whole text, so that it
//! outlives the slice it was made on. Named by the walk, by `redactor` and by `streaming`.

use super::entity::{Kind, Span};
use super::token::Tokens;
use super::triage::Question;
use super::window::Label;

/// Buffers that are kept from text to text, so that scanning allocates nothing once they have grown.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) shadow: Vec<u8>,
    pub(crate) map: Vec<u32>,
    pub(crate) tokens: Tokens,
    pub(crate) found: Vec<Found>,
    pub(crate) decisions: Vec<Decision>,
}

/// What a scan found, in the order of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Personal data.
    Found(Span),
    /// A literal placeholder came into view: its number is taken.
    Seen(Span),
    /// A literal placeholder was reached.
    Reached(Span),
}

/// A value that was found; what was decided in view of it is being looked at once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The token that is now its mark.
    pub(crate) index: usize,
    /// The first token after it.
    pub(crate) after: usize,
    /// Its first shadow byte, and one past its last.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Its kind.
    pub(crate) kind: Kind,
}

/// A stretch that one recognizer took and left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The first token after it.
    pub(crate) after: usize,
    /// One past its last shadow byte.
    pub(crate) end: usize,
}

/// A decision about a token that found nothing to redact there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision {
    /// What was asked.
    pub(crate) question: Question,
    /// End of the last stretch that was found or kept before.
    pub(crate) floor: usize,
    /// One past the last shadow byte that was looked at.
    pub(crate) reach: usize,
    /// What it kept.
    pub(crate) kept: Option<Kept>,
}

/// Where the walk stands; offsets count from the beginning of the whole text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursor {
    /// Tokens that begin before this have been decided.
    pub(crate) next: usize,
    /// End of the last placeholder, found or literal, and its kind.
    pub(crate) barrier: usize,
    pub(crate) barrier_kind: Option<Kind>,
    /// Literal placeholders before this have been announced.
    pub(crate) seen: usize,
    /// A web address longer than one span goes on at `barrier`.
    pub(crate) in_address: bool,
    /// What was decided and may have to be decided again.
    pub(crate) decisions: Vec<Pending>,
    /// End of the last stretch that was found or kept.
    pub(crate) floor: usize,
    /// One past the last byte that any decision since the last placeholder looked at.
    pub(crate) reached: usize,
    /// From here on each decision was looked at by one before it.
    pub(crate) anchor: usize,
    /// Where the next checkpoint stands.
    pub(crate) checkpoint: usize,
    /// Where the tokens begin that stand behind the last two chains that were cut, and what labels they had.
    pub(crate) seams: [Option<(usize, Label)>; 2],
}

/// A decision between two scans; offsets count from the beginning of the whole text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    /// First byte of the token that was asked about.
    pub(crate) start: usize,
    /// What was asked, but for the token.
    pub(crate) idle: bool,
    pub(crate) spelled: bool,
    /// The rest of the decision; of what was kept, its end.
    pub(crate) floor: usize,
    pub(crate) reach: usize,
    pub(crate) kept: Option<usize>,
}

/// How far a scan came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Everything before this offset is final.
    pub(crate) decided: usize,
    /// The next scan needs the text from this offset on.
    pub(crate) restart: usize,
}

/// A slice of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice<'a> {
    /// The slice.
    pub(crate) text: &'a str,
    /// Where it begins in the whole text.
    pub(crate) base: usize,
    /// Nothing follows it.
    pub(crate) last: bool,
}
