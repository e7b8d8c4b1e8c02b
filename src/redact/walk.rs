//! The desk of the walk: what is asked about a token, what is decided, and what is decided once more.
//!
//! A value that is found is painted over and takes the place of its tokens, as a placeholder will in the redacted text.
//! Then the decisions before it that looked that far are made once more, now that they see the placeholder; only when
//! all of them stand is the stretch before it final. So every decision that stays was made on exactly what the redacted
//! text shows, and redacting twice changes nothing. How far such changes may run back is for `chain` to say; `course`
//! goes from token to token.

use super::cursor::{Cursor, Decision, Event, Found, Kept};
use super::entity::{Kind, Span};
use super::fold;
use super::lexicon::{BEFORE_SIGN, LEXICON, PLAIN};
use super::place::Place;
use super::policy::Policy;
use super::recognizers::{email, url};
use super::token::{Class, Mark, Token, Tokens};
use super::triage::{self, Question};
use super::view::{self, EDGE_BYTES, FIRST_CHECKPOINT_BYTES, LOOK_AHEAD_BYTES};
use super::window::{Finding, Frame, Label, Window};

/// What a decision came to.
#[derive(Clone, Copy)]
pub(super) enum Verdict {
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
    pub(super) found: &'a mut Vec<Found>,
    /// What was decided since the last placeholder.
    pub(super) decisions: &'a mut Vec<Decision>,
    pub(super) last: bool,
    pub(super) policy: &'a Policy,
    pub(super) cursor: &'a mut Cursor,
    pub(super) events: &'a mut Vec<Event>,
    /// The token in hand.
    pub(super) index: usize,
    /// The first token after the last placeholder, that placeholder's end, and its kind.
    pub(super) segment: usize,
    pub(super) segment_floor: usize,
    before_kind: Option<Kind>,
    /// End of the last stretch that was found or kept.
    pub(super) floor: usize,
    /// One past the last byte that any decision since the last placeholder looked at.
    pub(super) reached: usize,
    /// Where the next checkpoint stands.
    pub(super) checkpoint: usize,
    /// The last place that nothing found behind it crosses, since the last placeholder.
    pub(super) watershed: usize,
    /// The tokens behind the last two chains that were cut, and the labels that they had.
    seams: [Option<(usize, Label)>; 2],
    /// Places in the list of literal placeholders: the next one, and the next to announce.
    pub(super) mark: usize,
    pub(super) seen: usize,
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
        let segment_floor = place.shadow(cursor.barrier);
        let index = tokens.from(place.shadow(cursor.next.max(cursor.barrier)));
        let seen = cursor.seen;
        let announced = |mark: &Mark| place.whole(tokens.all[mark.index].start as usize) < seen;
        let mut walk = Self {
            index,
            segment: 0,
            segment_floor,
            before_kind: cursor.barrier_kind.filter(|_| cursor.barrier > place.base),
            floor: place.shadow(cursor.floor.max(cursor.barrier)),
            reached: place.shadow(cursor.reached),
            checkpoint: 0,
            watershed: 0,
            seams: [None; 2],
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
        };
        walk.set_checkpoint(
            walk.cursor
                .checkpoint
                .max(walk.cursor.barrier + FIRST_CHECKPOINT_BYTES),
        );
        walk.recall_labels();
        walk
    }

    /// The next checkpoint stands at this offset of the whole text.
    pub(super) fn set_checkpoint(&mut self, offset: usize) {
        self.cursor.checkpoint = offset;
        self.checkpoint = if offset > self.place.base + self.place.text.len() {
            usize::MAX
        } else {
            self.place.shadow(offset)
        };
    }

    /// The token of the next placeholder: a value found, or one that stood in the text.
    #[inline]
    pub(super) fn bound(&self) -> usize {
        match (self.found.last(), self.tokens.marks.get(self.mark)) {
            (Some(found), _) => found.index,
            (None, Some(mark)) => mark.index,
            (None, None) => self.tokens.all.len(),
        }
    }

    /// Whether the token in hand begins nothing without an at-sign. Nothing that is found behind it changes that, so it is
    /// noted for when the walk comes back.
    #[inline]
    pub(super) fn is_idle(&mut self) -> bool {
        if self.tokens.all[self.index].has(PLAIN) {
            return true;
        }
        let idle = triage::is_idle(self.tokens, self.shadow, self.index);
        if idle {
            self.tokens.all[self.index].roles |= PLAIN;
        }
        idle
    }

    /// What there is to ask about a token; nothing of an idle one that no at-sign is near.
    #[inline]
    pub(super) fn question(&self, index: usize) -> Option<Question> {
        let token = &self.tokens.all[index];
        let idle = token.has(PLAIN) && self.policy.is_plain() && self.label_kept(index).is_none();
        let spelled = email::may_be_spelled(self.tokens, self.shadow, index);
        (!idle || spelled || token.has(BEFORE_SIGN)).then_some(Question {
            index,
            idle,
            spelled,
        })
    }

    /// Decides in a view that ends with the placeholder at token `bound`, or before byte `edge`; says how far it looked.
    pub(super) fn decide(
        &self,
        question: Question,
        floor: usize,
        bound: usize,
        edge: usize,
    ) -> (Verdict, usize) {
        let window = self.window(floor, bound, edge);
        let verdict = self.ask(&window, question);
        let kept = self.label_kept(question.index);
        let Some(label) = kept.filter(|_| !matches!(verdict, Verdict::Found(_))) else {
            return (verdict, window.reach());
        };
        let told = self
            .window(floor, bound, edge)
            .told(question.index - self.segment, label);
        let again = self.ask(&told, question);
        let reach = window.reach().max(told.reach());
        match again {
            Verdict::Found(_) => (again, reach),
            Verdict::Nothing | Verdict::Kept(_) => (verdict, reach),
        }
    }

    /// The label that a token had before a chain was cut before it.
    #[inline]
    fn label_kept(&self, index: usize) -> Option<Label> {
        // No chain was cut in most texts.
        self.seams[1]?;
        let seam = self.seams.iter().flatten().find(|seam| seam.0 == index)?;
        Some(seam.1)
    }

    /// The view that ends with the placeholder at token `bound`, or before byte `edge`.
    #[inline]
    pub(super) fn window(&self, floor: usize, bound: usize, edge: usize) -> Window<'_> {
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
        Window::new(frame, edge, floor)
    }

    /// Keeps the label of the token at `index` beyond the value before it. The token of the chain that was cut before may
    /// yet be asked, no earlier one.
    pub(super) fn keep_label(&mut self, index: usize, label: Label) {
        let start = self.tokens.all[index].start as usize;
        self.cursor.seams = [self.cursor.seams[1], Some((self.place.whole(start), label))];
        self.seams = [self.seams[1], Some((index, label))];
        // So it is asked about, whatever it looks like without its label.
        self.tokens.all[index].roles |= BEFORE_SIGN;
    }

    /// Finds the tokens again whose labels were kept.
    fn recall_labels(&mut self) {
        for (place, seam) in self.cursor.seams.into_iter().enumerate() {
            let Some((start, label)) = seam.filter(|seam| seam.0 >= self.place.base) else {
                continue;
            };
            let at = self.place.shadow(start);
            let index = self.tokens.from(at);
            if let Some(token) = self.tokens.all.get_mut(index)
                && token.start as usize == at
            {
                token.roles |= BEFORE_SIGN;
                self.seams[place] = Some((index, label));
            }
        }
    }

    /// What begins at a token, in its window.
    #[inline]
    fn ask(&self, window: &Window<'_>, question: Question) -> Verdict {
        let index = question.index - self.segment;
        let found = if question.idle {
            triage::address(window, index, question.spelled)
        } else {
            let text = |start: usize, end: usize| self.text(start, end);
            triage::find(window, index, question.spelled, self.policy, text)
        };
        match found {
            Some(finding) => self.judge(question.index, finding),
            None => Verdict::Nothing,
        }
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
    pub(super) fn settle(
        &mut self,
        mut question: Question,
        mut verdict: Verdict,
        mut reach: usize,
    ) {
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
    fn note(&mut self, question: Question, kept: Option<Kept>, reach: usize) {
        let start = self.tokens.all[question.index].start as usize;
        if start >= self.reached + EDGE_BYTES {
            self.cursor.anchor = self.place.whole(start);
        }
        self.reached = self.reached.max(reach);
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
        let (at, verdict, reach) = self.first_change(found.index)?;
        let Decision {
            question, floor, ..
        } = self.decisions[at];
        self.decisions.truncate(at);
        self.floor = floor;
        Some((question, verdict, reach))
    }

    /// The first decision that another replaces, now that a placeholder stands at token `bound`.
    pub(super) fn first_change(&self, bound: usize) -> Option<(usize, Verdict, usize)> {
        let all = &self.tokens.all;
        let start = all[bound].start as usize;
        let near = |decision: &&Decision| {
            all[decision.question.index].start as usize + LOOK_AHEAD_BYTES > start
        };
        let near = self.decisions.iter().rev().take_while(near).count();
        for at in self.decisions.len() - near..self.decisions.len() {
            let decision = self.decisions[at];
            let index = decision.question.index;
            if decision.reach <= start || index >= bound {
                continue;
            }
            let edge = view::edge(&self.place, self.tokens, &all[index]);
            if edge <= start {
                continue;
            }
            let (verdict, reach) = self.decide(decision.question, decision.floor, bound, edge);
            let stands = match verdict {
                Verdict::Nothing => decision.kept.is_none(),
                Verdict::Kept(again) => decision.kept == Some(again),
                Verdict::Found(_) => false,
            };
            if !stands {
                return Some((at, verdict, reach));
            }
        }
        None
    }

    /// Begins the stretch after a placeholder.
    pub(super) fn raise(&mut self, first: usize, floor: usize, span: Span) {
        self.index = first;
        self.segment = first;
        self.segment_floor = floor;
        self.floor = floor;
        self.decisions.clear();
        self.before_kind = Some(span.kind);
        self.cursor.barrier = span.end;
        self.cursor.barrier_kind = Some(span.kind);
        self.reached = 0;
        self.watershed = 0;
        self.set_checkpoint(span.end + FIRST_CHECKPOINT_BYTES);
    }
}
