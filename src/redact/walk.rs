//! The walk over the tokens of a slice: each is asked what begins there, and what was found becomes opaque.
//!
//! A value that is found is painted over and takes the place of its tokens, as a placeholder will in the redacted text.
//! Then the decisions before it that looked that far are made once more, now that they see the placeholder; only when
//! all of them stand is the stretch before it final. So every decision that stays was made on exactly what the redacted
//! text shows, and redacting twice changes nothing.
//! Findings come out sorted and disjoint because a stretch between two placeholders is never looked across, and time is
//! linear because a view, and so the way back, is bounded by [`LOOK_AHEAD_BYTES`]. Called by `scan`.

use super::cursor::{Cursor, Decision, Event, Found, Kept};
use super::entity::{Kind, Span};
use super::fold;
use super::lexicon::{BEFORE_SIGN, BEFORE_SPELLED, LEXICON, PLAIN};
use super::place::Place;
use super::policy::Policy;
use super::recognizers::{email, url};
use super::token::{Class, Mark, TOKEN_BYTES_MAX, Token, Tokens};
use super::triage::{self, Question};
use super::view::{self, LOOK_AHEAD_BYTES};
use super::window::{Finding, Frame, Window};

/// What a decision came to.
#[derive(Clone, Copy)]
enum Verdict {
    Nothing,
    Kept(Kept),
    Found(Found),
}

/// The walk over one slice.
pub(crate) struct Walk<'a> {
    pub(super) place: Place<'a>,
    pub(super) shadow: &'a mut [u8],
    pub(super) tokens: &'a mut Tokens,
    /// Values found whose surroundings are being decided once more; the nearest last.
    found: &'a mut Vec<Found>,
    /// What was decided since the last placeholder.
    pub(super) decisions: &'a mut Vec<Decision>,
    pub(super) last: bool,
    pub(super) policy: &'a Policy,
    pub(super) cursor: &'a mut Cursor,
    events: &'a mut Vec<Event>,
    /// The token in hand.
    pub(super) index: usize,
    /// The first token after the last placeholder, that placeholder's end, and its kind.
    pub(super) segment: usize,
    pub(super) segment_floor: usize,
    before_kind: Option<Kind>,
    /// End of the last stretch that was found or kept.
    pub(super) floor: usize,
    /// Places in the list of literal placeholders: the next one, and the next to announce.
    mark: usize,
    seen: usize,
}

impl<'a> Walk<'a> {
    /// A walk that takes up where the cursor stands.
    #[expect(
        clippy::too_many_arguments,
        reason = "each buffer is borrowed by itself, for the walk changes some while it reads others"
    )]
    pub(crate) fn new(
        place: Place<'a>,
        shadow: &'a mut [u8],
        tokens: &'a mut Tokens,
        found: &'a mut Vec<Found>,
        decisions: &'a mut Vec<Decision>,
        last: bool,
        policy: &'a Policy,
        cursor: &'a mut Cursor,
        events: &'a mut Vec<Event>,
    ) -> Self {
        let floor = place.shadow(cursor.barrier);
        let index = tokens.from(place.shadow(cursor.next.max(cursor.barrier)));
        let seen = cursor.seen;
        let announced = |mark: &Mark| place.whole(tokens.all[mark.index].start as usize) < seen;
        Self {
            index,
            segment: 0,
            segment_floor: floor,
            before_kind: cursor.barrier_kind.filter(|_| cursor.barrier > place.base),
            floor,
            mark: tokens.marks.partition_point(|mark| mark.index < index),
            seen: tokens.marks.partition_point(announced),
            place,
            shadow,
            tokens,
            found,
            decisions,
            last,
            policy,
            cursor,
            events,
        }
    }

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

    /// The token of the next placeholder: a value found, or one that stood in the text.
    #[inline]
    fn bound(&self) -> usize {
        match (self.found.last(), self.tokens.marks.get(self.mark)) {
            (Some(found), _) => found.index,
            (None, Some(mark)) => mark.index,
            (None, None) => self.tokens.all.len(),
        }
    }

    /// Whether the token in hand begins nothing without an at-sign. Nothing that is found behind it changes that, so it is
    /// noted for when the walk comes back.
    #[inline]
    fn is_idle(&mut self) -> bool {
        if self.tokens.all[self.index].has(PLAIN) {
            return true;
        }
        let idle = triage::is_idle(self.tokens, self.shadow, self.index);
        if idle {
            self.tokens.all[self.index].roles |= PLAIN;
        }
        idle
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

    /// What there is to ask about a token; nothing of an idle one that no at-sign is near.
    #[inline]
    pub(super) fn question(&self, index: usize) -> Option<Question> {
        let token = &self.tokens.all[index];
        let idle = token.has(PLAIN) && self.policy.is_plain();
        let spelled = email::may_be_spelled(self.tokens, self.shadow, index);
        (!idle || spelled || token.has(BEFORE_SIGN)).then_some(Question {
            index,
            idle,
            spelled,
        })
    }

    /// Decides in a view that ends with the placeholder at token `bound`, or before byte `edge`; says how far it looked.
    fn decide(
        &self,
        question: Question,
        floor: usize,
        bound: usize,
        edge: usize,
    ) -> (Verdict, usize) {
        let all = &self.tokens.all;
        let (tokens, edge) = match all.get(bound) {
            Some(mark) => (&all[..=bound], edge.min(mark.start as usize + 1)),
            None => (&all[..], edge),
        };
        let frame = Frame {
            shadow: self.shadow,
            tokens: &tokens[self.segment..],
            first: self.segment,
            births: &self.tokens.births,
            last: self.last,
            opening: self.segment_floor,
            before_kind: self.before_kind,
            said: self.tokens.said,
            kinds: self.policy.kinds(),
            lexicon: &LEXICON,
        };
        let window = Window::new(frame, edge, floor);
        let index = question.index - self.segment;
        let found = if question.idle {
            triage::address(&window, index, question.spelled)
        } else {
            let text = |start: usize, end: usize| self.text(start, end);
            triage::find(&window, index, question.spelled, self.policy, text)
        };
        let verdict = match found {
            Some(finding) => self.judge(question.index, finding),
            None => Verdict::Nothing,
        };
        (verdict, window.reach())
    }

    /// The original of a stretch of the shadow.
    fn text(&self, start: usize, end: usize) -> &'a str {
        &self.place.text[self.place.local(start)..self.place.local_end(end)]
    }

    /// Whether a finding is redacted or kept, and where it ends.
    fn judge(&self, index: usize, finding: Finding) -> Verdict {
        let (start, mut end) = (finding.start, finding.end);
        let mut after = index + 1;
        let all = &self.tokens.all;
        while all
            .get(after)
            .is_some_and(|token| (token.start as usize) < end)
        {
            after += 1;
        }
        let cut = finding.kind == Some(Kind::Url) && url::is_cut(start, end);
        if !cut {
            // A value ends with a token, so that what follows is cut alike when it follows a placeholder.
            end = end.max(all[after - 1].end as usize);
        }
        let redacted = finding.kind.filter(|&kind| {
            self.policy.kinds().contains(kind) && !self.policy.excludes(|| self.text(start, end))
        });
        match redacted {
            Some(kind) => Verdict::Found(Found {
                index,
                after,
                start,
                end,
                kind,
            }),
            None => Verdict::Kept(Kept { after, end }),
        }
    }

    /// Acts on a verdict: goes on behind the token or what is kept, or makes a value opaque and comes to it once the
    /// decisions that looked so far are made again. Where one of them changes, the walk goes on from there.
    fn settle(&mut self, mut question: Question, mut verdict: Verdict, mut reach: usize) {
        loop {
            match verdict {
                Verdict::Nothing => {
                    self.note(question, None, reach);
                    self.index = question.index + 1;
                    return;
                }
                Verdict::Kept(kept) => {
                    self.note(question, Some(kept), reach);
                    self.index = kept.after;
                    return;
                }
                Verdict::Found(found) => {
                    self.cover(found);
                    let Some(changed) = self.look_again(found) else {
                        self.index = found.index;
                        return;
                    };
                    (question, verdict, reach) = changed;
                }
            }
        }
    }

    /// Remembers a decision.
    pub(super) fn note(&mut self, question: Question, kept: Option<Kept>, reach: usize) {
        self.decisions.push(Decision {
            question,
            floor: self.floor,
            reach,
            kept,
        });
        self.floor = kept.map_or(self.floor, |kept| kept.end);
    }

    /// Makes a value opaque.
    fn cover(&mut self, found: Found) {
        self.shadow[found.start..found.end].fill(fold::MARK);
        self.tokens.all[found.index] = Token {
            start: found.start as u32,
            end: found.start as u32 + 1,
            word: 0,
            class: Class::Mark(found.kind),
            roles: 0,
            ..self.tokens.all[found.index]
        };
        self.found.push(found);
    }

    /// Makes the decisions once more that looked as far as a value just found, up to the first that changes: that one and
    /// those behind it are taken back.
    fn look_again(&mut self, found: Found) -> Option<(Question, Verdict, usize)> {
        let all = &self.tokens.all;
        let near = |decision: &&Decision| {
            all[decision.question.index].start as usize + LOOK_AHEAD_BYTES > found.start
        };
        let near = self.decisions.iter().rev().take_while(near).count();
        // A value that was found because of another behind it changes nothing that did not see that other: what was out
        // of its sight may have been given out.
        let first = match self.found[..] {
            [_] => 0,
            _ => self.first_that_sees(found.index, self.found[0].start),
        };
        for at in self.decisions.len() - near..self.decisions.len() {
            let Decision {
                question,
                floor,
                reach,
                kept,
            } = self.decisions[at];
            if reach <= found.start || question.index < first {
                continue;
            }
            let (verdict, reach) = self.decide(question, floor, found.index, self.shadow.len());
            let stands = match verdict {
                Verdict::Nothing => kept.is_none(),
                Verdict::Kept(again) => kept == Some(again),
                Verdict::Found(_) => false,
            };
            if !stands {
                self.decisions.truncate(at);
                self.floor = floor;
                return Some((question, verdict, reach));
            }
            self.decisions[at].reach = reach;
        }
        None
    }

    /// The first token since the last placeholder, and not after the one at `index`, whose view holds shadow byte `start`.
    pub(super) fn first_that_sees(&self, index: usize, start: usize) -> usize {
        view::first_that_sees(&self.place, self.tokens, self.segment, index, start)
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

    /// Begins the stretch after a placeholder.
    fn raise(&mut self, first: usize, floor: usize, span: Span) {
        self.index = first;
        self.segment = first;
        self.segment_floor = floor;
        self.floor = floor;
        self.decisions.clear();
        self.before_kind = Some(span.kind);
        self.cursor.barrier = span.end;
        self.cursor.barrier_kind = Some(span.kind);
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
            let end = url::tail(self.shadow, start);
            self.cursor.in_address = url::is_cut(start, end);
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
