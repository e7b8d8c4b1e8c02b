//! The front of the room: a whole text in, the redacted text and its spans out.
//!
//! A `Redactor` is a policy ready for use; it is cheap to share and keeps nothing of the texts. Long texts are scanned in
//! slices, so that working memory is bounded by the slice; buffers are kept per thread, so that a clean text costs no
//! allocation and comes back borrowed. Invariant: spans are sorted, disjoint and on character boundaries.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::audit::{self, AuditRecord};
use super::cursor::{Cursor, Event, Scratch, Slice};
use super::entity::Span;
use super::lexicon::LEXICON;
use super::placeholder::{Numbering, Rendering};
use super::policy::Policy;
use super::recognizers::{national_id, postcode};
use super::scan::scan;
use super::text::Redacted;

/// How much of a long text is scanned at a time.
const SLICE_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// What a thread keeps from text to text.
#[derive(Debug, Default)]
struct Buffers {
    scratch: Scratch,
    events: Vec<Event>,
    numbering: Numbering,
}

/// Loads the word lists and patterns, which the first text does otherwise.
pub fn load() {
    LazyLock::force(&LEXICON);
    national_id::load();
    postcode::load();
}

/// A policy ready for use.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    policy: Policy,
}

/// Placeholders that stay the same over the texts of one conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    numbering: Numbering,
}

/// A redacted text and what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'t> {
    /// The text, borrowed where nothing was found.
    pub text: Cow<'t, str>,
    /// What was found, in bytes of the text as it was given.
    pub spans: Vec<Span>,
    bytes_in: usize,
}

impl Redactor {
    /// A redactor for that policy.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// Its policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Redacts one text by itself.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Outcome<'t> {
        BUFFERS.with_borrow_mut(|buffers| {
            buffers.numbering.clear();
            let (scratch, events) = (&mut buffers.scratch, &mut buffers.events);
            self.run(&mut buffers.numbering, scratch, events, text)
        })
    }

    /// Redacts one text of a conversation: values known from earlier texts keep their placeholders.
    #[must_use]
    pub fn redact_in<'t>(&self, conversation: &mut Conversation, text: &'t str) -> Outcome<'t> {
        BUFFERS.with_borrow_mut(|buffers| {
            let (scratch, events) = (&mut buffers.scratch, &mut buffers.events);
            self.run(&mut conversation.numbering, scratch, events, text)
        })
    }

    fn run<'t>(
        &self,
        numbering: &mut Numbering,
        scratch: &mut Scratch,
        events: &mut Vec<Event>,
        text: &'t str,
    ) -> Outcome<'t> {
        let mut cursor = Cursor::default();
        let (mut spans, mut out, mut written) = (Vec::new(), String::new(), 0);
        let mut from = 0;
        loop {
            let end = slice_end(text, from);
            events.clear();
            let slice = Slice {
                text: &text[from..end],
                base: from,
                last: end == text.len(),
            };
            let progress = scan(slice, &self.policy, &mut cursor, scratch, events);
            let mut rendering = Rendering {
                numbering: &mut *numbering,
                policy: &self.policy,
                written: &mut written,
            };
            rendering.apply(events, text, 0, &mut out, &mut spans);
            if end == text.len() {
                break;
            }
            from = progress.restart;
        }
        if spans.is_empty() {
            return Outcome {
                text: Cow::Borrowed(text),
                spans,
                bytes_in: text.len(),
            };
        }
        out.push_str(&text[written..]);
        Outcome {
            text: Cow::Owned(out),
            spans,
            bytes_in: text.len(),
        }
    }
}

fn slice_end(text: &str, from: usize) -> usize {
    let mut end = text.len().min(from + SLICE_BYTES);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

impl Outcome<'_> {
    /// The text as the type that may be logged and stored.
    #[must_use]
    pub fn into_redacted(self) -> Redacted {
        Redacted::of(self.text.into_owned())
    }

    /// How many spans of each kind were found.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        audit::count(&self.spans)
    }

    /// The record of this redaction; the caller says who, when and how long.
    #[must_use]
    pub fn audit(&self, policy: &Policy, who: &str, when: &str, micros: u64) -> AuditRecord {
        AuditRecord {
            who: who.to_owned(),
            when: when.to_owned(),
            policy: policy.version(),
            counts: self.counts(),
            bytes_in: self.bytes_in,
            bytes_out: self.text.len(),
            micros,
        }
    }
}
