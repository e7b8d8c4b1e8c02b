//! The course of the walk: from token to token and from placeholder to placeholder, as far as a slice allows.
//!
//! Findings come out sorted and disjoint because a stretch between two placeholders is never looked across, and time is
//! linear because a view, and so the way back, is bounded by [`LOOK_AHEAD_BYTES`]. Called by `scan`.

use super::cursor::Event;
use super::entity::Kind;
use super::fold;
use super::lexicon::{BEFORE_SIGN, BEFORE_SPELLED};
use super::recognizers::url;
use super::token::TOKEN_BYTES_MAX;
use super::view::{self, LOOK_AHEAD_BYTES};
use super::walk::Walk;

impl Walk<'_> {
    /// Walks as far as the slice allows.
    pub(crate) fn run(&mut self) {
        let plain = self.policy.is_plain();
        let sighted = self
            .tokens
            .all
            .partition_point(|token| self.can_see(token.start as usize));
        while !self.cursor.in_address || self.finish_address() {
            let bound = self.bound();
            let stop = bound.min(sighted);
            // Most tokens begin nothing and are far from any at-sign.
            while plain && self.index < stop && self.is_idle() && !self.is_before_sign() {
                self.index += 1;
            }
            let start = self.tokens.all.get(self.index).map(|token| token.start);
            if start.is_none_or(|start| start as usize >= self.checkpoint) && self.cut_chain() {
                continue;
            }
            if self.index >= sighted {
                break;
            }
            if self.index == bound {
                self.pass();
            } else {
                self.step(bound);
            }
        }
    }

    /// Whether enough of the text is at hand to decide what begins at shadow byte `start`: the view, and the whole of a
    /// token that begins in it.
    #[inline]
    fn can_see(&self, start: usize) -> bool {
        self.last
            || self.place.local(start) + LOOK_AHEAD_BYTES + TOKEN_BYTES_MAX <= self.place.text.len()
    }

    /// Where the token at `index` begins, or what may be one: where no token is left one may have begun that the slice cuts,
    /// half of `::`, of a placeholder.
    #[inline]
    pub(super) fn position(&self, index: usize) -> usize {
        let all = &self.tokens.all;
        let start = match all.get(index) {
            Some(token) => token.start as usize,
            None => {
                let rest = self.shadow.len().saturating_sub(TOKEN_BYTES_MAX);
                all.last().map_or(rest, |last| rest.max(last.end as usize))
            }
        };
        start - usize::from(start > 0 && self.shadow[start - 1] == b'[')
    }

    #[inline]
    fn is_before_sign(&self) -> bool {
        self.tokens.all[self.index].has(BEFORE_SIGN | BEFORE_SPELLED)
    }

    /// Decides what begins at the token in hand; of an idle one only whether it begins an address with an at-sign.
    fn step(&mut self, bound: usize) {
        let Some(question) = self.question(self.index) else {
            self.index += 1;
            return;
        };
        let edge = view::edge(&self.place, self.tokens, &self.tokens.all[self.index]);
        let (verdict, reach) = self.decide(question, self.floor, bound, edge);
        self.settle(question, verdict, reach);
    }

    /// The walk came to a placeholder: what lies before it is final.
    fn pass(&mut self) {
        let Some(found) = self.found.pop() else {
            let mark = self.tokens.marks[self.mark];
            let start = self.tokens.all[mark.index].start as usize;
            self.announce(self.place.local(start) + 1);
            self.mark += 1;
            let span = self.place.span(start, mark.end, mark.kind);
            self.events.push(Event::Reached(span));
            self.raise(mark.index + 1, mark.end, span);
            return;
        };
        let limit = self.place.local(found.start) + LOOK_AHEAD_BYTES;
        self.announce(limit);
        let span = self.place.span(found.start, found.end, found.kind);
        self.events.push(Event::Found(span));
        self.raise(found.after, found.end, span);
        self.cursor.in_address = found.kind == Kind::Url && url::is_cut(found.start, found.end);
    }

    /// Tells the numbers of the literal placeholders that begin before `limit` within the slice.
    fn announce(&mut self, limit: usize) {
        while let Some(mark) = self.tokens.marks.get(self.seen) {
            let start = self.tokens.all[mark.index].start as usize;
            if self.place.local(start) >= limit {
                break;
            }
            let span = self.place.span(start, mark.end, mark.kind);
            self.cursor.seen = span.end;
            self.events.push(Event::Seen(span));
            self.seen += 1;
        }
    }

    /// Takes the further pieces of a long web address; false if more of the text is needed.
    fn finish_address(&mut self) -> bool {
        while self.cursor.in_address {
            let start = self.floor;
            if !self.can_see(start) {
                return false;
            }
            // Invisible characters and foreign letters take more of the text than of the shadow: a piece ends with the view.
            let edge = view::edge_within(&self.place, start, usize::MAX);
            let end = url::tail(&self.shadow[..edge], start);
            self.cursor.in_address = end > start && (url::is_cut(start, end) || end == edge);
            if end > start {
                self.shadow[start..end].fill(fold::MARK);
                self.announce(self.place.local(start) + LOOK_AHEAD_BYTES);
                let span = self.place.span(start, end, Kind::Url);
                self.events.push(Event::Found(span));
                let all = &self.tokens.all;
                let mut after = self.index;
                while all
                    .get(after)
                    .is_some_and(|token| (token.start as usize) < end)
                {
                    after += 1;
                }
                self.raise(after, end, span);
            }
        }
        true
    }
}
