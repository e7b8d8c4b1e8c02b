//! One walk over a text: each token is asked once what begins there, and what was found is never asked again.
//!
//! The walk sees a fixed stretch of the text beyond the token in hand and a bounded stretch before it, whatever of
//! the text is at hand; so a text cut into chunks gives the same findings as the whole, and time is linear in it.
//! Findings come out sorted and disjoint because the walk only moves forward: there is no overlap to resolve.
//! Invariant: everything before [`Progress::decided`] is final. Called by `redactor` (whole texts) and `streaming`.

use std::cell::Cell;

use super::entity::{Kind, Span};
use super::fold::fold_into;
use super::label::label_before;
use super::lexicon::{
    AT, DOB, DOT, FILLER, LETTER, LEXICON, Lexicon, MEDICAL_FIRST, MONTH, MULTIPLE, ORDINAL, PLUS,
    Roles, SCHEME, SPOKEN_NUMBER,
};
use super::number;
use super::policy::Policy;
use super::recognizers::{card, date, email, ip, medical, mrn, name, national_id, postcode, url};
use super::spoken;
use super::token::{Class, Token, tokenize};
use super::window::{Finding, LOOK_BACK_TOKENS, Label, Window};

/// How far beyond a token a decision may look at least, in bytes of the text.
const LOOK_AHEAD_BYTES: usize = 400;
/// The horizon moves in steps of this many bytes of the whole text, so that it is not computed anew for every word.
const HORIZON_STEP_BYTES: usize = 32;
/// How far a finding may begin before its first token: `+ (`.
const EDGE_BYTES: usize = 5;
/// Tokens and bytes that are kept before the cursor when a scan is taken up again.
const CONTEXT_TOKENS: usize = 20;
const CONTEXT_BYTES: usize = 160;
/// A blank stretch this long ends every thought.
const SILENCE_BYTES: usize = 64;
/// How many tokens before its at-sign an address may begin.
const SIGN_TOKENS_MAX: usize = 20;

/// Buffers that are kept from text to text, so that scanning allocates nothing once they have grown.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    map: Vec<u32>,
    tokens: Vec<Token>,
    notes: Vec<u32>,
}

/// What a scan found, in the order of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Personal data.
    Found(Span),
    /// A literal placeholder came into view: its number is taken.
    Seen(Span),
    /// A literal placeholder was reached.
    Reached(Span),
}

/// Where the walk stands; offsets count from the beginning of the whole text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    /// Tokens that begin before this have been decided.
    next: usize,
    /// End of the last finding.
    floor: usize,
    /// End of the last redacted value, and its kind.
    barrier: usize,
    last_kind: Option<Kind>,
    /// Placeholders before this have been announced.
    seen: usize,
    /// A web address longer than one span goes on at `floor`.
    in_address: bool,
}

/// How far a scan came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Everything before this offset is final.
    pub(crate) decided: usize,
    /// The next scan needs the text from this offset on.
    pub(crate) restart: usize,
}

/// Scans `text`, which stands at offset `base` of the whole; `last` says that nothing follows it.
pub(crate) fn scan(
    text: &str,
    base: usize,
    last: bool,
    policy: &Policy,
    cursor: &mut Cursor,
    scratch: &mut Scratch,
    events: &mut Vec<Event>,
) -> Progress {
    let Scratch {
        bytes,
        map,
        tokens,
        notes,
    } = scratch;
    let shadow: &[u8] = if text.is_ascii() {
        map.clear();
        text.as_bytes()
    } else {
        fold_into(text, bytes, map);
        bytes
    };
    let lexicon: &Lexicon = &LEXICON;
    tokenize(shadow, lexicon, tokens, notes);
    let place = Place {
        text,
        base,
        map,
        shadow_len: shadow.len(),
    };
    let cursor_kind = cursor.last_kind;
    let mut walk = Walk {
        place,
        shadow,
        tokens,
        notes,
        lexicon,
        last,
        policy,
        cursor,
        events,
        index: 0,
        horizon: 0,
        edge: 0,
        noted: 0,
        sign_note: 0,
        said_note: 0,
        sign: usize::MAX,
        spoken_sign: usize::MAX,
        floor: 0,
        barrier: 0,
        last_kind: cursor_kind,
        limit: 0,
        birth: usize::MAX,
    };
    walk.floor = walk.place.shadow(walk.cursor.floor);
    walk.barrier = walk.first_from(walk.cursor.barrier);
    walk.run();
    walk.progress()
}

/// Translates shadow offsets into offsets of the whole text.
struct Place<'a> {
    text: &'a str,
    base: usize,
    map: &'a [u32],
    shadow_len: usize,
}

impl Place<'_> {
    /// Offset within this text of the shadow byte at `at`.
    fn local(&self, at: usize) -> usize {
        if self.map.is_empty() || at >= self.shadow_len {
            return if at >= self.shadow_len {
                self.text.len()
            } else {
                at
            };
        }
        self.map[at] as usize
    }

    /// Offset within this text of the end of the character before shadow byte `end`.
    fn local_end(&self, end: usize) -> usize {
        if self.map.is_empty() || end == 0 {
            return end;
        }
        let start = self.map[end - 1] as usize;
        start
            + match self.text.as_bytes()[start] {
                0..0xC0 => 1,
                0xC0..0xE0 => 2,
                0xE0..0xF0 => 3,
                0xF0.. => 4,
            }
    }

    /// The shadow offset of an offset of the whole text.
    fn shadow(&self, offset: usize) -> usize {
        let local = offset.saturating_sub(self.base);
        if self.map.is_empty() {
            local.min(self.shadow_len)
        } else {
            self.map.partition_point(|&start| (start as usize) < local)
        }
    }

    fn span(&self, start: usize, end: usize, kind: Kind) -> Span {
        Span {
            start: self.base + self.local(start),
            end: self.base + self.local_end(end),
            kind,
        }
    }
}

struct Walk<'a, 'c> {
    place: Place<'a>,
    shadow: &'a [u8],
    tokens: &'a [Token],
    notes: &'a [u32],
    lexicon: &'a Lexicon,
    last: bool,
    policy: &'a Policy,
    cursor: &'c mut Cursor,
    events: &'c mut Vec<Event>,
    /// The token in hand.
    index: usize,
    /// Tokens before this are in view.
    horizon: usize,
    /// Shadow bytes before this are in view.
    edge: usize,
    /// The next `@`.
    sign: usize,
    /// The next "at" that a spelled domain seems to follow.
    spoken_sign: usize,
    /// Places in `notes`: of the horizon, of the next `@`, of the next "at".
    noted: usize,
    sign_note: usize,
    said_note: usize,
    /// The cursor's floor as a shadow offset.
    floor: usize,
    /// The first token after the last redacted value, and that value's kind.
    barrier: usize,
    last_kind: Option<Kind>,
    /// The limit for which `horizon` and `edge` were computed.
    limit: usize,
    /// The last token in view that speaks of a birth.
    birth: usize,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self) {
        while self.tokens.get(self.index).is_some_and(|token| {
            self.place.base + self.place.local(token.start as usize)
                < self.cursor.next.max(self.cursor.floor)
        }) {
            self.index += 1;
        }
        if self.cursor.in_address && !self.finish_address() {
            return;
        }
        while self.index < self.tokens.len() && !self.cursor.in_address {
            let token = self.tokens[self.index];
            let start = self.place.local(token.start as usize);
            // Within one step of the horizon nothing new comes into view.
            if start + LOOK_AHEAD_BYTES >= self.limit {
                if !self.can_see(start) {
                    break;
                }
                self.look(start);
            }
            self.horizon = self.horizon.max(self.index + 1);
            self.step(&token);
        }
    }

    /// Index of the first token that begins at or after an offset of the whole text.
    fn first_from(&self, offset: usize) -> usize {
        self.tokens.partition_point(|token| {
            self.place.base + self.place.local(token.start as usize) < offset
        })
    }

    /// Notes that a value of `kind` was redacted and the token in hand is the first after it.
    fn bar(&mut self, kind: Kind) {
        self.barrier = self.index;
        self.last_kind = Some(kind);
        self.cursor.barrier = self.cursor.floor;
        self.cursor.last_kind = Some(kind);
    }

    /// Whether enough of the text is at hand to decide what begins at `start`.
    fn can_see(&self, start: usize) -> bool {
        self.last || self.limit(start) <= self.place.text.len()
    }

    /// The offset before which a decision at `start` may look; counted from the whole text, so that slices agree.
    fn limit(&self, start: usize) -> usize {
        let whole = self.place.base + start;
        whole - whole % HORIZON_STEP_BYTES + HORIZON_STEP_BYTES + LOOK_AHEAD_BYTES - self.place.base
    }

    /// Moves the horizon for a decision at `start`, and announces the placeholders that came into view.
    fn look(&mut self, start: usize) {
        let limit = self.limit(start);
        if limit != self.limit {
            self.limit = limit;
            self.advance(limit);
        }
        self.horizon = self.horizon.max(self.index + 1);
    }

    fn advance(&mut self, limit: usize) {
        if self.place.map.is_empty() {
            self.edge = self.shadow.len().min(limit);
        } else if limit > self.place.text.len() {
            self.edge = self.shadow.len();
        } else {
            self.edge += self.place.map[self.edge..]
                .iter()
                .position(|&start| start as usize >= limit)
                .unwrap_or(self.shadow.len() - self.edge);
        }
        // A token that reaches the edge may go on beyond it, unless the text ends there.
        let end = self.edge + usize::from(self.last && self.edge == self.shadow.len());
        while self
            .tokens
            .get(self.horizon)
            .is_some_and(|token| (token.end as usize) < end)
        {
            self.horizon += 1;
        }
        while let Some(&note) = self
            .notes
            .get(self.noted)
            .filter(|&&note| (note as usize) < self.horizon)
        {
            self.noted += 1;
            self.announce(note as usize);
        }
    }

    /// A noted token came into view.
    fn announce(&mut self, index: usize) {
        let token = &self.tokens[index];
        let Class::Mark(kind) = token.class else {
            if token.is_word() && !token.has(AT) || token.has(DOB) {
                self.birth = index;
            }
            return;
        };
        let span = self
            .place
            .span(token.start as usize, token.end as usize, kind);
        if span.start >= self.cursor.seen {
            self.cursor.seen = span.end;
            self.events.push(Event::Seen(span));
        }
    }

    fn window<'w>(&self, label: &'w Cell<(usize, Label)>) -> Window<'w>
    where
        'a: 'w,
    {
        Window {
            bytes: &self.shadow[..self.edge.max(
                self.tokens
                    .get(self.index)
                    .map_or(0, |token| token.end as usize),
            )],
            tokens: &self.tokens[..self.horizon],
            floor: self.floor,
            birth_near: self.birth != usize::MAX && self.birth + LOOK_BACK_TOKENS >= self.index,
            label,
            barrier: self.barrier,
            last_kind: self.last_kind,
            closed: self.last && self.edge == self.shadow.len(),
            kinds: self.policy.kinds(),
            lexicon: self.lexicon,
        }
    }

    /// Decides what begins at the token in hand.
    fn step(&mut self, token: &Token) {
        if let Class::Mark(kind) = token.class {
            let span = self
                .place
                .span(token.start as usize, token.end as usize, kind);
            self.events.push(Event::Reached(span));
            self.cursor.floor = span.end;
            self.floor = token.end as usize;
            self.index += 1;
            self.bar(kind);
            return;
        }
        self.find_signs();
        if self.is_plain(token) {
            self.index += 1;
            return;
        }
        let label = Cell::new((usize::MAX, Label::None));
        let window = self.window(&label);
        let found = self.recognise(&window, token);
        let Some(found) = found else {
            self.index += 1;
            return;
        };
        self.settle(&window, found);
    }

    /// An everyday word with nothing near it that could make it part of a value: most words of most texts.
    fn is_plain(&self, token: &Token) -> bool {
        const STARTS: Roles =
            SPOKEN_NUMBER | MULTIPLE | ORDINAL | MONTH | PLUS | SCHEME | LETTER | MEDICAL_FIRST;
        let next = self.shadow.get(token.end as usize).copied().unwrap_or(b' ');
        token.is_word()
            && !token.has(STARTS)
            && matches!(
                next,
                b' ' | b'\n' | b',' | b'.' | b'?' | b'!' | b'\'' | b')'
            )
            && (token.len() >= 3
                || token.len() == 2
                    && token.has(FILLER)
                    && self.shadow[token.start as usize].is_ascii_lowercase())
            && (token.len() < 8 || token.roles != 0)
            && !(token.len() <= 3
                && self
                    .tokens
                    .get(self.index + 1)
                    .is_some_and(Token::is_number))
            && self.policy.is_plain()
            && !self.sign_near(next)
    }

    /// An at-sign, written or said, is near enough for an address that begins with the word in hand, which `next` follows.
    fn sign_near(&self, next: u8) -> bool {
        let said = self.spoken_sign < self.horizon.min(self.index + email::SPELLED_TOKENS_MAX);
        let written = self.sign < self.horizon && self.tokens[self.sign].class == Class::At;
        said || written
            && (self.sign == self.index + 1 || !matches!(next, b' ' | b'\n' | b',' | b'?' | b')'))
    }

    fn settle(&mut self, window: &Window<'_>, found: Finding) {
        let mut redacted = None;
        if let Some(kind) = found.kind
            && window.kinds.contains(kind)
        {
            let span = self.place.span(found.start, found.end, kind);
            let local = span.start - self.place.base..span.end - self.place.base;
            if !self.policy.excludes(&self.place.text[local]) {
                self.events.push(Event::Found(span));
                redacted = Some(kind);
            }
            self.cursor.in_address = redacted.is_some()
                && kind == Kind::Url
                && url::is_cut(window, found.start, found.end);
        }
        self.cursor.floor = self.place.base + self.place.local_end(found.end);
        self.floor = found.end;
        while self
            .tokens
            .get(self.index)
            .is_some_and(|token| (token.start as usize) < found.end)
        {
            self.index += 1;
        }
        if let Some(kind) = redacted {
            self.bar(kind);
        }
        if self.cursor.in_address {
            self.finish_address();
        }
    }

    /// Takes the further pieces of a long web address; false if more of the text is needed.
    fn finish_address(&mut self) -> bool {
        while self.cursor.in_address {
            let start = self.floor;
            let local = self.place.local(start);
            if !self.can_see(local) {
                return false;
            }
            self.look(local);
            let label = Cell::new((usize::MAX, Label::None));
            let window = self.window(&label);
            let end = url::tail(&window, start);
            self.cursor.in_address = url::is_cut(&window, start, end);
            if end > start {
                let span = self.place.span(start, end, Kind::Url);
                self.events.push(Event::Found(span));
                self.cursor.floor = span.end;
                self.floor = end;
            }
            while self
                .tokens
                .get(self.index)
                .is_some_and(|token| (token.start as usize) < end)
            {
                self.index += 1;
            }
            self.bar(Kind::Url);
        }
        true
    }

    /// Moves the pointers to the next at-signs.
    fn find_signs(&mut self) {
        if self.sign < self.index || self.sign == usize::MAX {
            self.sign = usize::MAX;
            while let Some(&note) = self.notes.get(self.sign_note) {
                let at = note as usize;
                if at >= self.index && self.tokens[at].class == Class::At {
                    self.sign = at;
                    break;
                }
                self.sign_note += 1;
            }
        }
        if self.spoken_sign < self.index {
            self.spoken_sign = usize::MAX;
        }
        let limit = self.horizon.min(self.index + SIGN_TOKENS_MAX);
        while self.spoken_sign == usize::MAX {
            let Some(at) = self
                .notes
                .get(self.said_note)
                .map(|&note| note as usize)
                .filter(|&at| at < limit)
            else {
                break;
            };
            self.said_note += 1;
            let sign =
                at >= self.index && (self.tokens[at].has(AT) || self.tokens[at].class == Class::At);
            let ahead = at + 1..(at + 7).min(self.horizon);
            if sign
                && (self.tokens[ahead].iter().any(|token| token.has(DOT)) || self.dotted(at + 1))
            {
                self.spoken_sign = at;
            }
        }
    }

    /// "at example.com": two words with a dot between them follow.
    fn dotted(&self, at: usize) -> bool {
        (at + 1..at + 3).any(|next| {
            next < self.horizon
                && self.shadow[self.tokens[next - 1].end as usize..self.tokens[next].start as usize]
                    == *b"."
        })
    }

    fn recognise(&self, window: &Window<'_>, token: &Token) -> Option<Finding> {
        if self.sign < self.horizon
            && self.tokens[self.sign].class == Class::At
            && let Some(found) = email::written(window, self.index, self.sign)
        {
            return Some(found);
        }
        if self.spoken_sign < self.horizon.min(self.index + email::SPELLED_TOKENS_MAX)
            && let Some(found) = email::spelled(window, self.index)
        {
            return Some(found);
        }
        if !self.policy.is_plain()
            && let Some((end, kind)) = self.policy.term_at(window, self.index, |end| {
                &self.place.text[self.place.local(token.start as usize)..self.place.local_end(end)]
            })
        {
            return Some(Finding::redact(kind, token.start as usize, end));
        }
        match token.class {
            Class::Number => number::find(window, self.index),
            Class::Colons => ip::version_six(window, self.index),
            Class::Word => self.word(window, token),
            Class::At | Class::Mark(_) => None,
        }
    }

    fn word(&self, window: &Window<'_>, token: &Token) -> Option<Finding> {
        let index = self.index;
        let next = window.byte(token.end as usize);
        if (next == b':' || token.has(SCHEME))
            && let Some(found) = url::find(window, index)
        {
            return Some(found);
        }
        if token.len() <= 4
            && (next == b':' || next.is_ascii_digit())
            && let Some(found) = ip::version_six(window, index)
        {
            return Some(found);
        }
        if (next.is_ascii_digit()
            || next == b'-'
            || token.len() <= 3 && window.is_number(index + 1))
            && let Some(found) = mixed(window, index)
        {
            return Some(found);
        }
        const NUMBER: u64 = SPOKEN_NUMBER | MULTIPLE | ORDINAL | MONTH | PLUS;
        if token.has(NUMBER)
            && let Some(found) =
                date::find(window, index).or_else(|| spoken_number(window, index, token))
        {
            return Some(found);
        }
        if (token.len() <= 2 || token.has(LETTER | MULTIPLE))
            && let Some(found) = spoken::code(window, index)
        {
            return Some(found);
        }
        if (token.has(MEDICAL_FIRST) || token.len() >= 8)
            && let Some(found) = medical::find(window, index)
        {
            return Some(found);
        }
        name::find(window, index)
    }

    fn progress(self) -> Progress {
        let end = self.place.base + self.place.text.len();
        if self.last {
            return Progress {
                decided: end,
                restart: end,
            };
        }
        let next = if self.cursor.in_address {
            self.floor
        } else {
            self.tokens
                .get(self.index)
                .map_or(self.shadow.len(), |token| token.start as usize)
        };
        self.cursor.next = self.place.base + self.place.local(next);
        let decided = (self.place.base + self.place.local(next.saturating_sub(EDGE_BYTES)))
            .max(self.cursor.floor);
        Progress {
            decided,
            restart: self.place.base + self.place.local(self.context_before(next)),
        }
    }

    /// Where the text must begin so that the next scan sees what this one saw before `next`.
    fn context_before(&self, next: usize) -> usize {
        let mut at = self.index.min(self.tokens.len());
        let mut start = next.saturating_sub(EDGE_BYTES).max(self.floor).min(next);
        let first = at;
        while at > 0 {
            let token = &self.tokens[at - 1];
            let silence = start.saturating_sub(token.end as usize) > SILENCE_BYTES;
            if silence {
                return start - SILENCE_BYTES / 2;
            }
            if first - at >= CONTEXT_TOKENS && next - start >= CONTEXT_BYTES {
                break;
            }
            at -= 1;
            start = token.start as usize;
        }
        start
    }
}

/// Values of letters and digits: accounts, insurance numbers, postcodes, record numbers.
fn mixed(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window.tokens[index].start as usize;
    if let Some(end) = number::uuid(window, start).filter(|_| window.starts_clean(start)) {
        return Some(Finding::keep(start, end));
    }
    card::iban(window, index)
        .or_else(|| national_id::nino(window, index))
        .or_else(|| postcode::find(window, index))
        .or_else(|| {
            let record = !window.tokens[index].has(FILLER)
                && window.is_number(index + 1)
                && window.starts_clean(start)
                && label_before(window, index) == Label::Mrn;
            if record {
                mrn::labelled(window, index)
            } else {
                None
            }
        })
}

fn spoken_number(window: &Window<'_>, index: usize, token: &Token) -> Option<Finding> {
    let follows = (index + 1..index + 4)
        .any(|at| window.is_number(at) || window.roles(at) & (SPOKEN_NUMBER | MULTIPLE) != 0);
    if !follows || !token.has(SPOKEN_NUMBER | MULTIPLE | PLUS) {
        return None;
    }
    spoken::number(window, index, label_before(window, index))
}
