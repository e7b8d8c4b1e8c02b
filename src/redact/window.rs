//! What a recognizer may see: the tokens and bytes around the one it is asked about, and nothing further away.
//!
//! A window lies between two placeholders: its tokens begin after the one before and end with the one behind, whether
//! they stood in the text or took the place of a value just found. Its right side is cut at a fixed distance besides.
//! Reading past an edge gives 0, which nothing matches. So a decision depends neither on how the text was split into
//! chunks nor on what the values around it were, and a second redaction decides as the first did.
//! Each look ahead is noted: a decision that did not reach a value found later need not be made again.
//! Invariant: a recognizer looks back over at most [`LOOK_BACK_TOKENS`] tokens and claims nothing before `floor`.

use std::cell::Cell;
use std::ops::{Deref, Index};

use super::entity::{Kind, Kinds};
use super::fold;
use super::lexicon::{Entry, Lexicon, Roles};
use super::token::Token;

/// How many tokens before a value may speak for or against it.
pub(crate) const LOOK_BACK_TOKENS: usize = 14;
/// How many bytes may lie between two tokens of one thought.
pub(crate) const GAP_BYTES_MAX: usize = 12;

/// What a value is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// Nothing is said.
    None,
    /// "number": a number, of nobody knows what.
    Number,
    /// An order, a version, a room: to be kept.
    Negative,
    /// A telephone number.
    Phone,
    /// An NHS number.
    Nhs,
    /// A social security number.
    Ssn,
    /// A national insurance number.
    Nino,
    /// A medical record number.
    Mrn,
    /// A card number.
    Card,
    /// A bank account number of the international form.
    Iban,
    /// A date of birth.
    Dob,
    /// A postcode or ZIP code.
    Postcode,
    /// An e-mail address.
    Email,
    /// An IP address.
    Ip,
    /// A Medicare number.
    Mbi,
}

/// The view around one token.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    frame: Frame<'a>,
    /// The bytes before the horizon.
    bytes: &'a [u8],
    /// One past the last byte that was looked at, if it is beyond the token in hand.
    reach: Cell<usize>,
    /// The token that was last asked for its label, and the answer.
    pub(crate) label: Cell<(usize, Label)>,
    /// Everything before this offset has been decided.
    pub(crate) floor: usize,
}

/// What the windows between two placeholders have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The shadow.
    pub(crate) shadow: &'a [u8],
    /// The tokens from the placeholder before to the one behind, which is the last of them.
    pub(crate) tokens: &'a [Token],
    /// How many tokens stand before these.
    pub(crate) first: usize,
    /// Words of birth, counted from the first token of all.
    pub(crate) births: &'a [u32],
    /// Where the shadow ends, the text ends too.
    pub(crate) last: bool,
    /// One past the placeholder before the first token, or the first byte of the text.
    pub(crate) opening: usize,
    /// The kind of the placeholder that stands before the first token, if one does.
    pub(crate) before_kind: Option<Kind>,
    /// The roles of all words of the slice together: a label that is not among them need not be looked for.
    pub(crate) said: Roles,
    /// The kinds that are looked for.
    pub(crate) kinds: Kinds,
    /// The words.
    pub(crate) lexicon: &'a Lexicon,
}

/// What a recognizer found: bytes of the shadow and their kind, or none to keep them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// `None` keeps the bytes: a date, an order number.
    pub(crate) kind: Option<Kind>,
}

impl Finding {
    pub(crate) const fn redact(kind: Kind, start: usize, end: usize) -> Self {
        Self {
            start,
            end,
            kind: Some(kind),
        }
    }

    pub(crate) const fn keep(start: usize, end: usize) -> Self {
        Self {
            start,
            end,
            kind: None,
        }
    }
}

/// Bytes that make a value part of something longer, if they stand beside it.
const TOUCHING: [bool; 256] = {
    let mut touching = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        touching[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | fold::LETTER | fold::MARK);
        byte += 1;
    }
    touching
};

/// Whether a byte beside a value makes it part of something longer.
#[inline]
pub(crate) const fn touches(byte: u8) -> bool {
    TOUCHING[byte as usize]
}

impl<'a> Window<'a> {
    /// A window that ends before byte `edge`, of which nothing has been looked at.
    #[inline]
    pub(crate) fn new(frame: Frame<'a>, edge: usize, floor: usize) -> Self {
        Self {
            bytes: &frame.shadow[..edge],
            frame,
            reach: Cell::new(0),
            label: Cell::new((usize::MAX, Label::None)),
            floor,
        }
    }

    /// The same window with a label that is known without looking for it.
    pub(crate) fn told(mut self, index: usize, label: Label) -> Self {
        self.frame.said = Roles::MAX;
        self.label.set((index, label));
        self
    }

    /// One past the last byte that was looked at, if it is beyond the token in hand.
    #[inline]
    pub(crate) fn reach(&self) -> usize {
        self.reach.get()
    }

    /// Notes that the bytes before `end` were looked at. That there is no token beyond the horizon needs no note: a value
    /// that is found moves the horizon nearer, never further.
    #[inline]
    fn see(&self, end: usize) {
        self.reach.set(self.reach.get().max(end));
    }

    /// The byte at an offset; 0 beyond the horizon.
    #[inline]
    pub(crate) fn byte(&self, at: usize) -> u8 {
        self.see(at + 1);
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte before an offset that a token begins at or is reached by a look; a line break before the first.
    #[inline]
    pub(crate) fn before(&self, at: usize) -> u8 {
        match at.checked_sub(1) {
            Some(at) => self.bytes.get(at).copied().unwrap_or(0),
            None => b'\n',
        }
    }

    /// A stretch of bytes, if all of it lies before the horizon.
    #[inline]
    pub(crate) fn bytes(&self, start: usize, end: usize) -> Option<&'a [u8]> {
        self.see(end);
        self.bytes.get(start..end)
    }

    /// All bytes before the horizon, for those who go on over them as far as they like.
    #[inline]
    pub(crate) fn all_bytes(&self) -> &'a [u8] {
        self.see(self.bytes.len());
        self.bytes
    }

    /// The token at an index, if it is within the horizon.
    #[inline]
    pub(crate) fn token(&self, index: usize) -> Option<&'a Token> {
        let token = self.tokens.get(index)?;
        let start = token.start as usize;
        self.see(start + 1);
        (start < self.bytes.len()).then_some(token)
    }

    /// Whether there is a token at an index within the horizon.
    #[inline]
    pub(crate) fn has(&self, index: usize) -> bool {
        self.token(index).is_some()
    }

    /// Up to `count` indices of tokens within the horizon, from `first` on.
    #[inline]
    pub(crate) fn stretch(&self, first: usize, count: usize) -> impl Iterator<Item = usize> {
        (first..first + count).take_while(|&index| self.has(index))
    }

    /// Roles of the token at an index; none beyond the horizon.
    #[inline]
    pub(crate) fn roles(&self, index: usize) -> Roles {
        self.token(index).map_or(0, |token| token.roles)
    }

    /// What lies between a token and the one before it, or the last value found.
    #[inline]
    pub(crate) fn gap(&self, index: usize) -> &'a [u8] {
        let end = self.tokens[index].start as usize;
        let start = if index == 0 {
            self.opening
        } else {
            self.tokens[index - 1].end as usize
        };
        // A value may have ended in marks that are no token; they are not seen a second time.
        let start = if self.floor <= end {
            start.max(self.floor)
        } else {
            start
        };
        &self.bytes[start..end]
    }

    /// The bytes of a token.
    #[inline]
    pub(crate) fn text(&self, token: &Token) -> &'a [u8] {
        &self.shadow[token.start as usize..token.end as usize]
    }

    /// The eight bytes that begin with a token of no more, if there are so many.
    #[inline]
    pub(crate) fn text_of_eight(&self, token: &Token) -> Option<&'a [u8; 8]> {
        let eight = self.frame.shadow[token.start as usize..].first_chunk();
        eight.filter(|_| token.len() <= 8)
    }

    /// Whether the token is that word, ignoring case.
    #[inline]
    pub(crate) fn is(&self, index: usize, word: &str) -> bool {
        self.token(index)
            .is_some_and(|token| self.text(token).eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The lexicon entry of a token.
    #[inline]
    pub(crate) fn entry(&self, index: usize) -> &'a Entry {
        self.lexicon
            .entry(self.token(index).map_or(0, |token| token.word))
    }

    /// Whether two neighbouring tokens touch.
    #[inline]
    pub(crate) fn glued(&self, index: usize) -> bool {
        index > 0
            && self
                .token(index)
                .is_some_and(|token| token.start == self.tokens[index - 1].end)
    }

    /// The single letter that a token is, in lower case.
    #[inline]
    pub(crate) fn single_letter(&self, index: usize) -> Option<u8> {
        let token = self.token(index)?;
        let letter = self.byte(token.start as usize).to_ascii_lowercase();
        (token.is_word() && token.len() == 1 && letter.is_ascii_lowercase()).then_some(letter)
    }

    /// Index of the first token at or after an offset.
    #[inline]
    pub(crate) fn index_at(&self, from: usize, offset: usize) -> usize {
        let mut index = from;
        while self
            .token(index)
            .is_some_and(|token| (token.start as usize) < offset)
        {
            index += 1;
        }
        index
    }

    /// Whether the line that holds `start..end` holds nothing else but blanks and punctuation; only near neighbours are looked at.
    pub(crate) fn is_whole_line(&self, start: usize, end: usize) -> bool {
        let quiet = |byte: u8| {
            matches!(
                byte,
                b' ' | b'\t' | b'.' | b',' | b'"' | b'\'' | b'(' | b')' | b'+' | b'-' | b'\r'
            )
        };
        let mut left = start;
        while left > 0 && start - left < 8 && quiet(self.byte(left - 1)) {
            left -= 1;
        }
        let mut right = end;
        while right - end < 8 && quiet(self.byte(right)) {
            right += 1;
        }
        self.before(left) == b'\n'
            && (right >= self.shadow.len() && self.last || self.byte(right) == b'\n')
    }

    /// Whether a word of birth may stand near enough to the token at `index` for a date of birth. No decision depends on it
    /// alone: where none stands, none is found.
    pub(crate) fn birth_near(&self, index: usize) -> bool {
        let index = index + self.first;
        let next = self
            .births
            .partition_point(|&at| at as usize + LOOK_BACK_TOKENS < index);
        self.births.get(next).is_some_and(|&at| {
            let token = (at as usize)
                .checked_sub(self.first)
                .map(|at| self.tokens.get(at));
            token.is_none_or(|token| {
                token.is_some_and(|token| (token.start as usize) < self.bytes.len())
            })
        })
    }

    /// Whether a value may begin here: no letter, digit, joining mark or placeholder touches it from the left.
    #[inline]
    pub(crate) fn starts_clean(&self, start: usize) -> bool {
        !touches(self.before(start))
    }

    /// Whether a value may end here.
    #[inline]
    pub(crate) fn ends_clean(&self, end: usize) -> bool {
        !touches(self.byte(end))
    }

    /// Whether the token is a number and within the horizon.
    #[inline]
    pub(crate) fn is_number(&self, index: usize) -> bool {
        self.token(index).is_some_and(Token::is_number)
    }
}

impl Index<usize> for Window<'_> {
    type Output = Token;

    /// A token that was looked at before, or stands before one that was.
    #[inline]
    fn index(&self, index: usize) -> &Token {
        &self.tokens[index]
    }
}

impl<'a> Deref for Window<'a> {
    type Target = Frame<'a>;

    fn deref(&self) -> &Frame<'a> {
        &self.frame
    }
}
