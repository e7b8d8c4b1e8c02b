//! The walk over the tokens of a slice: each is asked what begins there, and what was found becomes opaque.
//!
//! A value that is found is painted over and takes the place of its tokens, as a placeholder will in the redacted text.
//! Then the walk goes back to the tokens whose view reached that far and decides them once more, now that they see the
//! placeholder; only when it comes back to the value without having found anything is the stretch before it final.
//! So every decision that stays was made on exactly what the redacted text shows, and redacting twice changes nothing.
//! Findings come out sorted and disjoint because a stretch between two placeholders is never looked across, and time is
//! linear because a view, and so the way back, is bounded by [`LOOK_AHEAD_BYTES`]. Called by `scan`.

use std::cell::Cell;

use super::cursor::{Cursor, Event, Found, Kept, Progress};
use super::entity::{Kind, Span};
use super::fold;
use super::lexicon::{LEXICON, PLAIN};
use super::place::Place;
use super::policy::Policy;
use super::recognizers::url;
use super::token::{Class, Mark, TOKEN_BYTES_MAX, Token, Tokens};
use super::triage::{self, Signs};
use super::view::{self, LOOK_AHEAD_BYTES, SignPosts, View};
use super::window::{Finding, LOOK_BACK_TOKENS, Label, Window};

/// How far a finding may begin before its first token: `+ (`.
const EDGE_BYTES: usize = 5;
/// Tokens and bytes that are kept before the first undecided token when a scan is taken up again.
const CONTEXT_TOKENS: usize = 20;
const CONTEXT_BYTES: usize = 160;
/// A blank stretch this long ends every thought.
const SILENCE_BYTES: usize = 64;
/// The walk over one slice.
pub(crate) struct Walk<'a> {
    place: Place<'a>,
    shadow: &'a mut [u8],
    tokens: &'a mut Tokens,
    /// Values found whose surroundings are being decided once more; the nearest last.
    found: &'a mut Vec<Found>,
    /// What was kept since the last placeholder.
    kept: &'a mut Vec<Kept>,
    last: bool,
    policy: &'a Policy,
    cursor: &'a mut Cursor,
    events: &'a mut Vec<Event>,
    /// The token in hand.
    index: usize,
    /// The first token after the last placeholder, that placeholder's end, and its kind.
    segment: usize,
    segment_floor: usize,
    before_kind: Option<Kind>,
    /// End of the last stretch that was found or kept.
    floor: usize,
    view: View,
    signs: SignPosts,
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
        kept: &'a mut Vec<Kept>,
        last: bool,
        policy: &'a Policy,
        cursor: &'a mut Cursor,
        events: &'a mut Vec<Event>,
    ) -> Self {
        let floor = place.shadow(cursor.barrier);
        let from = |offset: usize| {
            let at = place.shadow(offset);
            tokens
                .all
                .partition_point(|token| (token.start as usize) < at)
        };
        let index = from(cursor.next.max(cursor.barrier));
        kept.extend(cursor.kept.iter().map(|&(start, end)| Kept {
            first: from(start),
            after: from(end),
            end: place.shadow(end),
        }));
        let seen = cursor.seen;
        let announced = |mark: &Mark| place.whole(tokens.all[mark.index].start as usize) < seen;
        Self {
            index,
            segment: 0,
            segment_floor: floor,
            before_kind: cursor.barrier_kind.filter(|_| cursor.barrier > place.base),
            floor: kept.last().map_or(floor, |kept| kept.end),
            view: View::default(),
            signs: SignPosts::default(),
            mark: tokens.marks.partition_point(|mark| mark.index < index),
            seen: tokens.marks.partition_point(announced),
            place,
            shadow,
            tokens,
            found,
            kept,
            last,
            policy,
            cursor,
            events,
        }
    }

    /// Walks as far as the slice allows.
    pub(crate) fn run(&mut self) {
        let plain_words = self.policy.is_plain();
        let sighted = self
            .tokens
            .all
            .partition_point(|token| self.can_see(token.start as usize));
        while !self.cursor.in_address || self.finish_address() {
            let bound = self.bound();
            if plain_words {
                // Most tokens are plain words far from any at-sign.
                let stop = bound.min(self.signs.from).min(sighted);
                while self.index < stop && self.tokens.all[self.index].has(PLAIN) {
                    self.index += 1;
                }
            }
            if self.index >= sighted {
                break;
            }
            if self.index == bound {
                self.pass();
            } else {
                let token = self.tokens.all[self.index];
                self.step(&token, plain_words);
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

    /// Decides what begins at the token in hand.
    fn step(&mut self, token: &Token, plain_words: bool) {
        let signs = self.signs.near(self.index, self.tokens);
        let plain = plain_words && token.has(PLAIN);
        if plain && !signs.said && !self.sign_near(signs, token) {
            self.index += 1;
            return;
        }
        self.view
            .move_to(token.start as usize, &self.place, self.tokens);
        let label = Cell::new((usize::MAX, Label::None));
        let window = self.window(&label);
        let signs = Signs {
            written: signs
                .written
                .map(|sign| sign - self.segment)
                .filter(|&sign| sign < window.tokens.len()),
            said: signs.said,
        };
        let index = self.index - self.segment;
        let found = if plain {
            triage::address(&window, index, signs)
        } else {
            let place = &self.place;
            let text =
                |start: usize, end: usize| &place.text[place.local(start)..place.local_end(end)];
            triage::find(&window, index, signs, self.policy, text)
        };
        match found {
            Some(found) => self.settle(found),
            None => self.index += 1,
        }
    }

    /// Whether a plain word may begin an address that goes on to the next `@`.
    #[inline]
    fn sign_near(&self, signs: Signs, token: &Token) -> bool {
        let next = self.shadow.get(token.end as usize).copied().unwrap_or(b' ');
        let joins = !matches!(next, b' ' | b'\n' | b',' | b'?' | b')');
        signs
            .written
            .is_some_and(|sign| joins || sign == self.index + 1)
    }

    /// What the token in hand sees: from the placeholder before to the horizon, or to the placeholder behind.
    fn window<'w>(&'w self, label: &'w Cell<(usize, Label)>) -> Window<'w> {
        let bound = self.bound();
        let all = &self.tokens.all;
        let (tokens, bytes) = if bound < self.view.horizon {
            (bound + 1, all[bound].start as usize + 1)
        } else {
            let end = all[self.view.horizon - 1].end as usize;
            (self.view.horizon, self.view.edge.max(end))
        };
        let birth = self
            .view
            .births
            .checked_sub(1)
            .map(|at| self.tokens.births[at]);
        Window {
            bytes: &self.shadow[..bytes],
            tokens: &all[self.segment..tokens],
            opening: self.segment_floor,
            floor: self.floor,
            before_kind: self.before_kind,
            label,
            closed: self.last && bytes == self.shadow.len(),
            birth_near: birth.is_some_and(|at| at as usize + LOOK_BACK_TOKENS >= self.index),
            kinds: self.policy.kinds(),
            lexicon: &LEXICON,
        }
    }

    /// Takes a finding: keeps its bytes and goes on behind it, or makes it opaque and goes back.
    fn settle(&mut self, finding: Finding) {
        let (start, mut end) = (finding.start, finding.end);
        let mut after = self.index + 1;
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
            let text = || &self.place.text[self.place.local(start)..self.place.local_end(end)];
            self.policy.kinds().contains(kind) && !self.policy.excludes(text)
        });
        let Some(kind) = redacted else {
            self.kept.push(Kept {
                first: self.index,
                after,
                end,
            });
            self.floor = end;
            self.index = after;
            return;
        };
        self.shadow[start..end].fill(fold::MARK);
        self.tokens.all[self.index] = Token {
            start: start as u32,
            end: start as u32 + 1,
            word: 0,
            class: Class::Mark(kind),
            roles: 0,
        };
        self.found.push(Found {
            index: self.index,
            after,
            start,
            end,
            kind,
        });
        self.retreat(start);
    }

    /// Goes back to the first token since the last placeholder that sees shadow byte `start`.
    fn retreat(&mut self, start: usize) {
        self.index = self.first_that_sees(start);
        while self
            .kept
            .last()
            .is_some_and(|kept| kept.first >= self.index)
        {
            self.kept.pop();
        }
        if let Some(kept) = self.kept.last() {
            self.index = self.index.max(kept.after);
        }
        self.floor = self.kept.last().map_or(self.segment_floor, |kept| kept.end);
        self.signs.retreat(self.index, self.tokens);
    }

    /// The first token since the last placeholder, and not after the one in hand, whose view holds shadow byte `start`.
    fn first_that_sees(&self, start: usize) -> usize {
        view::first_that_sees(&self.place, self.tokens, self.segment, self.index, start)
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
        self.kept.clear();
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
        let first = self.first_that_sees(next.saturating_sub(EDGE_BYTES));
        let first_start = if self.cursor.in_address {
            next
        } else {
            start_of(first)
        };
        self.cursor.next = self.place.whole(next);
        self.cursor.kept.clear();
        let near = self
            .kept
            .iter()
            .enumerate()
            .filter(|(place, kept)| kept.after > first || place + 1 == self.kept.len());
        self.cursor.kept.extend(near.map(|(_, kept)| {
            (
                self.place.whole(start_of(kept.first)),
                self.place.base + self.place.local_end(kept.end),
            )
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
