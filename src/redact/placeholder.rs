//! Puts `[PHONE_1]` where a telephone number was, the same for the same value and never one that stood there already.
//!
//! Values are compared without case and punctuation. A literal placeholder in the input takes its number as soon as it
//! comes into the scan's view; one that comes into view only after its number was given out is itself replaced when it
//! is reached, so that two things never wear one name. Invariant: numbers are given in the order of the text.
//! Called by `redactor` and `streaming`.

use std::collections::{HashMap, HashSet};

use super::cursor::Event;
use super::entity::{KIND_COUNT, Kind, Span};
use super::fold::squash_into;
use super::policy::Policy;

/// Values that are remembered; later ones get a number of their own each time.
const VALUES_MAX: usize = 65_536;

/// Up to this many values are found by looking at each, which is quicker than any table.
const FEW_VALUES: usize = 32;

/// The numbers given out in one text or one conversation.
#[derive(Debug, Default)]
pub(crate) struct Numbering {
    last: [u32; KIND_COUNT],
    /// Kind and squashed value of the first few, one after the other, and for each its hash, end and number.
    arena: Vec<u8>,
    few: Vec<(u32, u32, u32)>,
    /// Which hashes there are, modulo 64: most values are new.
    hashes: u64,
    /// All of them, once they are many.
    many: HashMap<Box<[u8]>, u32>,
    /// The key in the making.
    key: Vec<u8>,
    taken: HashSet<(Kind, u32)>,
    clashing: HashSet<(Kind, u32)>,
}

impl Numbering {
    /// Forgets all numbers and keeps the room, for a text that stands by itself.
    pub(crate) fn clear(&mut self) {
        self.last = [0; KIND_COUNT];
        self.arena.clear();
        self.few.clear();
        self.hashes = 0;
        self.many.clear();
        self.taken.clear();
        self.clashing.clear();
    }

    /// Makes room for the values of an ordinary text at once.
    fn reserve(&mut self) {
        if self.arena.capacity() == 0 {
            self.arena.reserve(512);
            self.few.reserve(FEW_VALUES);
            self.key.reserve(64);
        }
    }

    /// The number of a value.
    fn give(&mut self, kind: Kind, value: &str) -> u32 {
        self.key.clear();
        self.key.push(kind as u8);
        squash_into(value, &mut self.key);
        let hash = hash(&self.key);
        if let Some(number) = self.known(hash) {
            return number;
        }
        let last = &mut self.last[kind.index()];
        *last += 1;
        while !self.taken.is_empty() && self.taken.contains(&(kind, *last)) {
            *last += 1;
        }
        let number = *last;
        self.hashes |= 1 << (hash % 64);
        if self.few.len() < FEW_VALUES {
            self.arena.extend_from_slice(&self.key);
            self.few.push((hash, self.arena.len() as u32, number));
        } else if self.many.len() < VALUES_MAX {
            self.many.insert(self.key.as_slice().into(), number);
        }
        number
    }

    /// The number that the value in `key` has already.
    fn known(&self, hash: u32) -> Option<u32> {
        if self.hashes & 1 << (hash % 64) == 0 {
            return None;
        }
        let mut start = 0;
        for &(known, end, number) in &self.few {
            if known == hash && self.arena[start as usize..end as usize] == *self.key {
                return Some(number);
            }
            start = end;
        }
        if self.many.is_empty() {
            return None;
        }
        self.many.get(&*self.key).copied()
    }

    /// A literal placeholder came into view.
    fn take(&mut self, kind: Kind, number: u32) {
        let given = number <= self.last[kind.index()]
            && number > 0
            && !self.taken.contains(&(kind, number));
        if given {
            self.clashing.insert((kind, number));
        } else if self.taken.len() < VALUES_MAX {
            self.taken.insert((kind, number));
        }
    }
}

/// A hash of a value, eight bytes at a time.
fn hash(key: &[u8]) -> u32 {
    let mix = |hash: u64, part: u64| {
        (hash ^ part)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
    };
    let (parts, rest) = key.as_chunks::<8>();
    let hash = parts.iter().fold(key.len() as u64, |hash, part| {
        mix(hash, u64::from_le_bytes(*part))
    });
    let rest = rest
        .iter()
        .fold(0, |rest, &byte| rest << 8 | u64::from(byte));
    (mix(hash, rest) >> 32) as u32
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
    pub(crate) fn apply(
        &mut self,
        events: &[Event],
        text: &str,
        base: usize,
        out: &mut String,
        spans: &mut Vec<Span>,
    ) {
        for event in events {
            match *event {
                Event::Seen(span) => self.numbering.take(
                    span.kind,
                    literal_number(&text[span.start - base..span.end - base]),
                ),
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

    fn replace(
        &mut self,
        span: Span,
        text: &str,
        base: usize,
        out: &mut String,
        spans: &mut Vec<Span>,
    ) {
        if out.capacity() == 0 {
            out.reserve(text.len() + 64);
            spans.reserve(32);
            self.numbering.reserve();
        }
        out.push_str(&text[*self.written - base..span.start - base]);
        let value = &text[span.start - base..span.end - base];
        match general(self.policy, span.kind, value) {
            Some(rest) => {
                out.push('[');
                out.push_str(span.kind.name());
                out.push(' ');
                out.push_str(rest);
                out.push(']');
            }
            None => {
                let number = self.numbering.give(span.kind, value);
                out.push_str(span.kind.opening());
                push_number(out, number);
                out.push(']');
            }
        }
        *self.written = span.end;
        spans.push(span);
    }
}

/// Appends a number in decimal digits.
fn push_number(out: &mut String, number: u32) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push((b'0' + (number % 10) as u8) as char);
}

/// The number of a placeholder that stands in the text.
fn literal_number(literal: &str) -> u32 {
    literal
        .rsplit('_')
        .next()
        .and_then(|tail| tail.trim_end_matches(']').parse().ok())
        .unwrap_or(u32::MAX)
}

/// What a profile that generalises leaves of a value: a date's year, a ZIP code's first three digits.
fn general<'t>(policy: &Policy, kind: Kind, value: &'t str) -> Option<&'t str> {
    /// Three-digit areas of 20,000 people or fewer keep nothing (45 CFR 164.514(b)(2)(i)(B)).
    const SMALL_AREAS: [&str; 17] = [
        "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878",
        "879", "884", "890", "893",
    ];
    if !policy.generalises() {
        return None;
    }
    match kind {
        Kind::Zip => value.get(..3).map(|area| {
            if SMALL_AREAS.contains(&area) {
                "000"
            } else {
                area
            }
        }),
        Kind::Date => {
            let year = value
                .split(|character: char| !character.is_ascii_digit())
                .find(|digits| digits.len() == 4 || digits.len() == 8)?;
            year.get(..4)
        }
        _ => None,
    }
}
