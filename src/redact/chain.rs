//! Where a chain of values is cut that each are seen only once the one behind them is a placeholder.
//!
//! `IBAN GB29…IBAN GB29…IBAN GB29…`: each account runs into the next label, and what becomes of the first is said at the
//! end of the text. A stream cannot wait for that, and a second redaction would see what this one could not. So at each
//! checkpoint (a fixed distance from the last placeholder, thus the same for any split and for a second pass) it is asked
//! what a placeholder at any place from there on would change. If one would set off a chain that runs back out of reach,
//! it is taken as if it were there: its first value is found, and all before it follow by the ordinary rule.
//! Nothing is asked where no unbroken row of looks runs back that far, as in any ordinary text.
//! Invariant: what lies [`FINAL_BYTES`] before a checkpoint that was passed is never decided again. Called by the course.

use super::cursor::{Decision, Found};
use super::entity::Kind;
use super::fold;
use super::label::label_before;
use super::token::{Class, Token};
use super::triage::{self, Question};
use super::view::{self, CHECKPOINT_BYTES, EDGE_BYTES, FINAL_BYTES, LOOK_AHEAD_BYTES};
use super::walk::{Verdict, Walk};
use super::window::Label;

/// What repeats is asked about once, if it repeats after so many bytes at most, and has done so as far back as any decision
/// looks, and as far ahead.
const PERIOD_BYTES_MAX: usize = 64;
const CONTEXT_BYTES: usize = 1024;
const VIEW_BYTES: usize = 320;

/// A value that would be found.
#[derive(Clone, Copy)]
struct Link {
    question: Question,
    found: Found,
    reach: usize,
}

impl Walk<'_> {
    /// Passes the checkpoints before the token in hand; true if a chain was cut there, and the walk goes on elsewhere.
    #[inline(never)]
    pub(super) fn cut_chain(&mut self) -> bool {
        let position = self.position(self.index);
        while self.checkpoint <= position {
            let (at, offset) = (self.checkpoint, self.cursor.checkpoint);
            let mut next = offset + CHECKPOINT_BYTES;
            if self.reached + EDGE_BYTES <= at {
                // No decision looked so far: no checkpoint before the next one has anything to ask.
                let ahead = self.place.whole(position).saturating_sub(offset);
                next += ahead / CHECKPOINT_BYTES * CHECKPOINT_BYTES;
            }
            self.set_checkpoint(next);
            let unbroken =
                self.reached + EDGE_BYTES > at && self.cursor.anchor + FINAL_BYTES <= offset;
            if unbroken && let Some((next, link)) = self.first_link(at, offset) {
                self.keep_label_of(next);
                let before = |index: usize| index < link.found.index;
                let stay = self
                    .decisions
                    .partition_point(|decision| before(decision.question.index));
                self.decisions.truncate(stay);
                self.settle(link.question, Verdict::Found(link.found), link.reach);
                return true;
            }
        }
        false
    }

    /// The first value of a chain that a placeholder at or after the checkpoint would set off, and that runs back out of
    /// reach; and the token where that placeholder would stand.
    fn first_link(&mut self, at: usize, offset: usize) -> Option<(usize, Link)> {
        if let Some(place) = self.repeats(at) {
            self.uncrossed(place);
            return None;
        }
        let mut harmless = Vec::new();
        let mut crossed = false;
        for index in self.tokens.from(at)..self.bound() {
            let first = self.tokens.all[index].start as usize;
            if first >= self.reached + EDGE_BYTES {
                break;
            }
            for start in self.earliest_start(index)..=first {
                let begins = start == first || matches!(self.shadow[start], b'+' | b'(' | b'_');
                if !begins || start >= self.reached {
                    continue;
                }
                let Some((_, link)) = self.if_covered(index, start) else {
                    continue;
                };
                crossed = true;
                if let Some(link) = link
                    && self.runs_back(link.found, offset, &mut harmless)
                {
                    return Some((index, link));
                }
            }
        }
        if !crossed {
            self.uncrossed(at);
        }
        None
    }

    /// Whatever is found from a place on changes nothing before it.
    fn uncrossed(&mut self, at: usize) {
        self.cursor.anchor = self.place.whole(at);
        self.watershed = at;
    }

    /// The last place before byte `at` where the text and what was decided are as they were at the last place that nothing
    /// crossed, because both repeat: what was answered there holds here.
    fn repeats(&self, at: usize) -> Option<usize> {
        let known = self.watershed;
        let from = known.checked_sub(CONTEXT_BYTES)?;
        if from < self.segment_floor || !self.place.map.is_empty() {
            return None;
        }
        let text = self.shadow.get(from..at + VIEW_BYTES)?;
        let period =
            (1..=PERIOD_BYTES_MAX).find(|&period| text[period..] == text[..text.len() - period])?;
        let place = known + (at - known) / period * period;
        let all = &self.tokens.all;
        let start = |decision: &Decision| all[decision.question.index].start as usize;
        let before = |end: usize| {
            let first = |end| {
                self.decisions
                    .partition_point(|decision| start(decision) < end)
            };
            &self.decisions[first(end - LOOK_AHEAD_BYTES)..first(end)]
        };
        let (then, now) = (before(known), before(place));
        let moved = place - known;
        let same = |(then, now): (&Decision, &Decision)| {
            let floor =
                then.floor + moved == now.floor || then.floor == now.floor && now.floor < from;
            floor
                && start(then) + moved == start(now)
                && then.question.idle == now.question.idle
                && then.question.spelled == now.question.spelled
                && then.kept.map(|kept| kept.end + moved) == now.kept.map(|kept| kept.end)
        };
        (then.len() == now.len() && then.iter().zip(now).all(same)).then_some(place)
    }

    /// Keeps what is said of the token after a chain that is cut: the words may become part of the value before it.
    fn keep_label_of(&mut self, index: usize) {
        let edge = view::edge(&self.place, self.tokens, &self.tokens.all[index]);
        let window = self.window(self.floor, self.bound(), edge);
        let label = label_before(&window, index - self.segment);
        if !matches!(label, Label::None | Label::Negative) {
            self.keep_label(index, label);
        }
    }

    /// The first byte at which a value may begin whose first token is the one at `index`.
    fn earliest_start(&self, index: usize) -> usize {
        let first = self.tokens.all[index].start as usize;
        let before = match index.checked_sub(1) {
            Some(before) if index > self.segment => self.tokens.all[before].end as usize,
            _ => self.segment_floor,
        };
        let opens = |&byte: &&u8| matches!(byte, b'+' | b'(' | b'_' | b' ');
        let span = &self.shadow[before.max(first.saturating_sub(EDGE_BYTES)).min(first)..first];
        first - span.iter().rev().take_while(opens).count()
    }

    /// Whether a value that would be found changes what was decided out of reach of the checkpoint, by itself or through
    /// those that it uncovers.
    fn runs_back(
        &mut self,
        mut found: Found,
        offset: usize,
        harmless: &mut Vec<(usize, usize)>,
    ) -> bool {
        loop {
            let known = (found.index, found.start);
            if harmless.contains(&known) {
                return false;
            }
            harmless.push(known);
            let Some((changed, link)) = self.if_covered(found.index, found.start) else {
                return false;
            };
            let start = self.tokens.all[changed].start as usize;
            if self.place.whole(start) + FINAL_BYTES <= offset {
                return true;
            }
            let Some(link) = link else {
                return false;
            };
            found = link.found;
        }
    }

    /// What would change if a placeholder stood at a token, from byte `start` on: the first token that is decided anew, and
    /// the first value that is then found.
    fn if_covered(&mut self, index: usize, start: usize) -> Option<(usize, Option<Link>)> {
        let (token, byte) = (self.tokens.all[index], self.shadow[start]);
        self.tokens.all[index] = Token {
            start: start as u32,
            end: start as u32 + 1,
            word: 0,
            class: Class::Mark(Kind::Phone),
            roles: 0,
            ..token
        };
        self.shadow[start] = fold::MARK;
        let change = self.first_change(index).map(|(at, verdict, reach)| {
            let decision = self.decisions[at];
            let link = self.follow(decision.question, decision.floor, verdict, reach, index);
            (decision.question.index, link)
        });
        self.tokens.all[index] = token;
        self.shadow[start] = byte;
        change
    }

    /// The first value that is found from a decision on, before the placeholder at token `bound`.
    fn follow(
        &self,
        mut question: Question,
        mut floor: usize,
        mut verdict: Verdict,
        mut reach: usize,
        bound: usize,
    ) -> Option<Link> {
        loop {
            let mut index = match verdict {
                Verdict::Found(found) => {
                    return Some(Link {
                        question,
                        found,
                        reach,
                    });
                }
                Verdict::Kept(kept) => {
                    floor = kept.end;
                    kept.after
                }
                Verdict::Nothing => question.index + 1,
            };
            question = loop {
                if index >= bound {
                    return None;
                }
                match self.question(index) {
                    Some(question) => break question,
                    None => index += 1,
                }
            };
            question.idle |=
                self.policy.is_plain() && triage::is_idle(self.tokens, self.shadow, index);
            let edge = view::edge(&self.place, self.tokens, &self.tokens.all[index]);
            (verdict, reach) = self.decide(question, floor, bound, edge);
        }
    }
}
