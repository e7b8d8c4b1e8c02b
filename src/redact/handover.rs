//! How one walk hands over to the next, where a text comes in slices.
//!
//! A walk ends where it cannot see far enough; what it decided shortly before may still change, so that the next one
//! needs the text from a little further back, and knows of what was kept there. Invariant: what has been given out is
//! never decided again. Called by `scan`.

use super::cursor::{Decision, Kept, Pending, Progress};
use super::triage::Question;
use super::view::{CHECKPOINT_BYTES, EDGE_BYTES, FINAL_BYTES};
use super::walk::Walk;

/// Tokens and bytes that are kept before the first undecided token when a scan is taken up again.
const CONTEXT_TOKENS: usize = 20;
const CONTEXT_BYTES: usize = 160;
/// A blank stretch this long ends every thought.
const SILENCE_BYTES: usize = 64;

impl Walk<'_> {
    /// Recalls what the scan before decided and may have to be decided again.
    pub(crate) fn recall(&mut self) {
        for pending in &self.cursor.decisions {
            let kept = pending.kept.map(|end| {
                let end = self.place.shadow(end);
                let after = self.tokens.from(end);
                Kept { after, end }
            });
            self.decisions.push(Decision {
                question: Question {
                    index: self.tokens.from(self.place.shadow(pending.start)),
                    idle: pending.idle,
                    spelled: pending.spelled,
                },
                floor: self.place.shadow(pending.floor),
                reach: self.place.shadow(pending.reach),
                kept,
            });
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
        let next = if self.cursor.in_address {
            self.floor
        } else {
            self.position(self.index)
        };
        // What lies far enough before the last checkpoint stands.
        let open = self.cursor.checkpoint - CHECKPOINT_BYTES;
        let open = self.place.shadow((open + 1).saturating_sub(FINAL_BYTES));
        let first = self.tokens.from(open).max(self.segment).min(self.index);
        let first_start = if self.cursor.in_address {
            next
        } else {
            self.position(first)
        };
        let place = &self.place;
        let whole_end = |end: usize| place.base + place.local_end(end);
        self.cursor.next = place.whole(next);
        self.cursor.floor = whole_end(self.floor);
        self.cursor.reached = place.whole(self.reached);
        let all = &self.tokens.all;
        let near = self
            .decisions
            .iter()
            .filter(|decision| decision.question.index >= first);
        self.cursor.decisions.clear();
        self.cursor.decisions.extend(near.map(|decision| Pending {
            start: place.whole(all[decision.question.index].start as usize),
            idle: decision.question.idle,
            spelled: decision.question.spelled,
            floor: whole_end(decision.floor),
            reach: place.whole(decision.reach),
            kept: decision.kept.map(|kept| whole_end(kept.end)),
        }));
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
