//! How one walk hands over to the next, where a text comes in slices.
//!
//! A walk ends where it cannot see far enough; what it decided shortly before may still change, so that the next one
//! needs the text from a little further back, and knows of what was kept there. Invariant: what has been given out is
//! never decided again. Called by `scan`.

use std::ops::Range;

use super::cursor::{Kept, Progress};
use super::recognizers::email;
use super::token::TOKEN_BYTES_MAX;
use super::triage::Question;
use super::walk::Walk;

/// How far a finding may begin before its first token: `+ (`.
const EDGE_BYTES: usize = 5;
/// Tokens and bytes that are kept before the first undecided token when a scan is taken up again.
const CONTEXT_TOKENS: usize = 20;
const CONTEXT_BYTES: usize = 160;
/// A blank stretch this long ends every thought.
const SILENCE_BYTES: usize = 64;

impl Walk<'_> {
    /// Recalls what the scan before decided and may have to be decided again; nobody knows any more how far it looked.
    pub(crate) fn recall(&mut self) {
        let next = self.tokens.all.get(self.index);
        let next = next.map_or(self.shadow.len(), |token| token.start as usize);
        let mut at = self.first_that_sees(self.index, next.saturating_sub(EDGE_BYTES));
        for place in 0..self.cursor.kept.len() {
            let (start, end) = self.cursor.kept[place];
            let first = self.tokens.from(self.place.shadow(start));
            let end = self.place.shadow(end);
            let after = self.tokens.from(end);
            if first < at || start < self.place.base {
                // Too far back to be decided again, and perhaps no longer in the slice.
                self.floor = end;
                at = at.max(after);
                continue;
            }
            self.recall_plain(at..first);
            let question = Question {
                index: first,
                idle: false,
                spelled: email::may_be_spelled(self.tokens, self.shadow, first),
            };
            self.note(question, Some(Kept { after, end }), usize::MAX);
            at = after;
        }
        self.recall_plain(at..self.index);
    }

    /// Recalls that nothing was found at these tokens.
    fn recall_plain(&mut self, indices: Range<usize>) {
        for index in indices {
            if let Some(question) = self.question(index) {
                self.note(question, None, usize::MAX);
            }
        }
    }

    /// How far the walk came; remembers in the cursor what the next scan needs.
    pub(crate) fn progress(self) -> Progress {
        let whole = self.place.base + self.place.text.len();
        if self.last {
            return Progress {
                decided: whole,
                restart: whole,
            };
        }
        let all = &self.tokens.all;
        // Where no token is left one may have begun that the slice cuts: half of `::`, of a placeholder.
        let rest = self.shadow.len().saturating_sub(TOKEN_BYTES_MAX);
        let rest = all.last().map_or(rest, |last| rest.max(last.end as usize));
        let start_of = |index: usize| {
            let start = all.get(index).map_or(rest, |token| token.start as usize);
            start - usize::from(start > 0 && self.shadow[start - 1] == b'[')
        };
        let next = if self.cursor.in_address {
            self.floor
        } else {
            start_of(self.index)
        };
        let first = self.first_that_sees(self.index, next.saturating_sub(EDGE_BYTES));
        let first_start = if self.cursor.in_address {
            next
        } else {
            start_of(first)
        };
        self.cursor.next = self.place.whole(next);
        self.cursor.kept.clear();
        // The last of them counts however far away it is: it is the floor of what follows.
        let mut last = true;
        let near = self.decisions.iter().rev().filter_map(|decision| {
            let kept = decision.kept?;
            let counts = std::mem::take(&mut last) || kept.after > first;
            counts.then_some((decision.question.index, kept.end))
        });
        self.cursor.kept.extend(near.map(|(index, end)| {
            (
                self.place.whole(start_of(index)),
                self.place.base + self.place.local_end(end),
            )
        }));
        self.cursor.kept.reverse();
        let decided = self.place.whole(first_start.saturating_sub(EDGE_BYTES));
        Progress {
            decided: decided.max(self.cursor.barrier),
            restart: self.context_before(first, first_start),
        }
    }

    /// Where the text must begin so that the next scan sees what this one saw before the token at `first`.
    fn context_before(&self, first: usize, first_start: usize) -> usize {
        let mut at = first;
        let mut start = first_start
            .saturating_sub(EDGE_BYTES)
            .max(self.segment_floor);
        while at > self.segment {
            let token = &self.tokens.all[at - 1];
            if start.saturating_sub(token.end as usize) > SILENCE_BYTES {
                return self.place.whole(start - SILENCE_BYTES / 2);
            }
            if first - at >= CONTEXT_TOKENS && first_start - start >= CONTEXT_BYTES {
                return self.place.whole(start);
            }
            at -= 1;
            start = token.start as usize;
        }
        if start > self.segment_floor + SILENCE_BYTES {
            return self.place.whole(start - SILENCE_BYTES / 2);
        }
        // The last character before the stretch stays, so that it is seen that a placeholder stands there.
        let mut before =
            (self.cursor.barrier.max(self.place.base) - self.place.base).saturating_sub(1);
        while !self.place.text.is_char_boundary(before) {
            before -= 1;
        }
        self.place.base + before
    }
}
