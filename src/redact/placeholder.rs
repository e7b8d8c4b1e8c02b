//! Puts `[PHONE_1]` where a telephone number was, the same for the same value and never one that stood there already.
//!
//! Values are compared without case and punctuation. A literal placeholder in the input takes its number as soon as it
//! comes into the scan's view; one that comes into view only after its number was given out is itself replaced when it
//! is reached, so that two things never wear one name. Invariant: numbers are given in the order of the text.
//! Called by `redactor` and `streaming`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::entity::{KIND_COUNT, Kind, Span};
use super::fold::squash;
use super::policy::Policy;
use super::scan::Event;

/// Values that are remembered; later ones get a number of their own each time.
const VALUES_MAX: usize = 65_536;

/// The numbers given out in one text or one conversation.
#[derive(Debug, Default)]
pub(crate) struct Numbering {
    last: [u32; KIND_COUNT],
    given: HashMap<(Kind, String), u32>,
    taken: HashSet<(Kind, u32)>,
    clashing: HashSet<(Kind, u32)>,
}

impl Numbering {
    /// The number of a value.
    fn give(&mut self, kind: Kind, value: &str) -> u32 {
        let key = (kind, squash(value));
        if let Some(&number) = self.given.get(&key) {
            return number;
        }
        let last = &mut self.last[kind.index()];
        *last += 1;
        while self.taken.contains(&(kind, *last)) {
            *last += 1;
        }
        let number = *last;
        if self.given.len() < VALUES_MAX {
            self.given.insert(key, number);
        }
        number
    }

    /// A literal placeholder came into view.
    fn take(&mut self, kind: Kind, number: u32) {
        let given = number <= self.last[kind.index()] && number > 0 && !self.taken.contains(&(kind, number));
        if given {
            self.clashing.insert((kind, number));
        } else if self.taken.len() < VALUES_MAX {
            self.taken.insert((kind, number));
        }
    }
}

/// Writes a text with its findings replaced.
#[derive(Debug)]
pub(crate) struct Rendering<'a> {
    /// Numbers given so far.
    pub(crate) numbering: &'a mut Numbering,
    /// The rules.
    pub(crate) policy: &'a Policy,
    /// Offset of the text up to which everything was written.
    pub(crate) written: &'a mut usize,
}

impl Rendering<'_> {
    /// Applies `events` to `text`, which stands at offset `base` of the whole.
    pub(crate) fn apply(&mut self, events: &[Event], text: &str, base: usize, out: &mut String, spans: &mut Vec<Span>) {
        for event in events {
            match *event {
                Event::Seen(span) => self.numbering.take(span.kind, literal_number(&text[span.start - base..span.end - base])),
                Event::Found(span) => self.replace(span, text, base, out, spans),
                Event::Reached(span) => {
                    let number = literal_number(&text[span.start - base..span.end - base]);
                    if self.numbering.clashing.contains(&(span.kind, number)) {
                        self.replace(span, text, base, out, spans);
                    }
                }
            }
        }
    }

    fn replace(&mut self, span: Span, text: &str, base: usize, out: &mut String, spans: &mut Vec<Span>) {
        out.push_str(&text[*self.written - base..span.start - base]);
        let value = &text[span.start - base..span.end - base];
        match general(self.policy, span.kind, value) {
            Some(rest) => out.push_str(rest),
            None => {
                let number = self.numbering.give(span.kind, value);
                write!(out, "[{}_{number}]", span.kind).expect("writing to a string cannot fail");
            }
        }
        *self.written = span.end;
        spans.push(span);
    }
}

/// The number of a placeholder that stands in the text.
fn literal_number(literal: &str) -> u32 {
    literal.rsplit('_').next().and_then(|tail| tail.trim_end_matches(']').parse().ok()).unwrap_or(u32::MAX)
}

/// What a profile that generalises leaves of a value: a date's year, a ZIP code's first three digits.
fn general<'t>(policy: &Policy, kind: Kind, value: &'t str) -> Option<&'t str> {
    /// Three-digit areas of 20,000 people or fewer keep nothing (45 CFR 164.514(b)(2)(i)(B)).
    const SMALL_AREAS: [&str; 17] = [
        "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893",
    ];
    if !policy.generalises() {
        return None;
    }
    match kind {
        Kind::Zip => value.get(..3).map(|area| if SMALL_AREAS.contains(&area) { "000" } else { area }),
        Kind::Date => {
            let year = value.split(|character: char| !character.is_ascii_digit()).find(|digits| digits.len() == 4 || digits.len() == 8)?;
            year.get(..4)
        }
        _ => None,
    }
}
