//! Cuts the shadow into words, digit runs and the few marks that begin a value.
//!
//! One walk over the bytes; each word's roles are looked up on the way. What lies between two tokens is found by their
//! offsets, so blanks and punctuation cost nothing. Invariant: tokens are sorted, disjoint and at most
//! [`TOKEN_BYTES_MAX`] long; where they are cut depends only on the bytes since the last token's start.

use super::entity::Kind;
use super::fold;
use super::lexicon::{
    AT, DOB, DOT, FILLER, LETTER, Lexicon, MEDICAL_ENDING, MEDICAL_FIRST, MEDICAL_PART, MONTH,
    MULTIPLE, ORDINAL, PLAIN, PLUS, Roles, SCHEME, SPOKEN_NUMBER,
};

/// A longer run of letters or digits is cut here.
pub(crate) const TOKEN_BYTES_MAX: usize = 32;

/// The longest placeholder: `[CREDIT_CARD_4294967295]`.
const MARK_BYTES_MAX: usize = 24;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Letters.
    Word,
    /// Digits.
    Number,
    /// A single `@`.
    At,
    /// `::`, which may begin an IPv6 address.
    Colons,
    /// A placeholder such as `[PHONE_1]`: one that was in the text, or the place of a value that has been found.
    Mark(Kind),
}

/// One token of the shadow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// First byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
    /// The word's id in the lexicon, or 0.
    pub(crate) word: u16,
    /// What it is made of.
    pub(crate) class: Class,
    /// What the word may mean.
    pub(crate) roles: Roles,
}

impl Token {
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    #[inline]
    pub(crate) fn is_number(&self) -> bool {
        self.class == Class::Number
    }

    #[inline]
    pub(crate) fn is_word(&self) -> bool {
        self.class == Class::Word
    }

    #[inline]
    pub(crate) const fn has(&self, roles: Roles) -> bool {
        self.roles & roles != 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Other,
    Break,
    Letter,
    Digit,
    At,
    Colon,
    Bracket,
}

const BYTES: [Byte; 256] = {
    let mut table = [Byte::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | fold::LETTER => Byte::Letter,
            b'0'..=b'9' => Byte::Digit,
            b'@' => Byte::At,
            b'\n' => Byte::Break,
            b':' => Byte::Colon,
            b'[' => Byte::Bracket,
            _ => Byte::Other,
        };
        byte += 1;
    }
    table
};

/// The tokens of a text, and where those are that the walk looks ahead for.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Every token.
    pub(crate) all: Vec<Token>,
    /// At-signs, written or said.
    pub(crate) signs: Vec<Sign>,
    /// Words of birth, by index.
    pub(crate) births: Vec<u32>,
    /// Placeholders that were in the text.
    pub(crate) marks: Vec<Mark>,
    /// Offsets of line breaks.
    pub(crate) breaks: Vec<u32>,
}

/// A placeholder that was in the text. Its token has one byte, as that of a found value has, so that nobody can tell by
/// its length what stood there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// Its token.
    pub(crate) index: usize,
    /// One past its last byte.
    pub(crate) end: usize,
    /// The kind that it names.
    pub(crate) kind: Kind,
}

/// An at-sign, or the word "at".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sign {
    /// Its token.
    pub(crate) index: u32,
    /// It is the sign, not the word.
    pub(crate) written: bool,
    /// A dot, written or said, follows near enough for a domain.
    pub(crate) dotted: bool,
}

/// How many tokens after its at-sign the first dot of a spelled domain may stand.
const DOT_SAID_TOKENS: usize = 6;
const DOT_WRITTEN_TOKENS: usize = 3;

impl Tokens {
    /// Cuts `bytes` into tokens. Placeholders that stand in it are painted over with [`fold::MARK`], so that whoever
    /// looks at bytes sees the same opaque stretch there as where a value is found later.
    pub(crate) fn cut(&mut self, bytes: &mut [u8], lexicon: &Lexicon) {
        self.all.clear();
        self.signs.clear();
        self.births.clear();
        self.marks.clear();
        self.breaks.clear();
        let mut at = 0;
        while at < bytes.len() {
            let (end, class) = match BYTES[bytes[at] as usize] {
                Byte::Other => {
                    at += 1;
                    continue;
                }
                Byte::Break => {
                    self.breaks.push(at as u32);
                    at += 1;
                    continue;
                }
                Byte::Letter => {
                    let token = word(bytes, at, lexicon);
                    at = token.end as usize;
                    self.push_word(bytes, token);
                    continue;
                }
                Byte::Digit => (run(bytes, at, Byte::Digit), Class::Number),
                Byte::At => (at + 1, Class::At),
                Byte::Colon if bytes.get(at + 1) == Some(&b':') => (at + 2, Class::Colons),
                Byte::Colon => {
                    at += 1;
                    continue;
                }
                Byte::Bracket => match mark(&bytes[at..]) {
                    Some((length, kind)) => (at + length, Class::Mark(kind)),
                    None => {
                        at += 1;
                        continue;
                    }
                },
            };
            self.push_other(bytes, at, end, class, lexicon);
            at = end;
        }
    }

    /// Adds a token that is no word.
    fn push_other(
        &mut self,
        bytes: &mut [u8],
        at: usize,
        end: usize,
        class: Class,
        lexicon: &Lexicon,
    ) {
        let mut token = Token {
            start: at as u32,
            end: end as u32,
            word: 0,
            class,
            roles: 0,
        };
        let index = self.all.len() as u32;
        match class {
            Class::Number => {
                if end - at <= 2 {
                    token.word = lexicon.find(bytes, at, end - at);
                }
                self.note_dot(bytes, &token);
                if let Some(last) = self.all.last_mut()
                    && last.len() <= 3
                {
                    last.roles &= !PLAIN;
                }
            }
            Class::At => self.signs.push(Sign {
                index,
                written: true,
                dotted: false,
            }),
            Class::Mark(kind) => {
                bytes[at..end].fill(fold::MARK);
                token.end = token.start + 1;
                self.marks.push(Mark {
                    index: index as usize,
                    end,
                    kind,
                });
            }
            Class::Word | Class::Colons => {}
        }
        self.all.push(token);
    }

    #[inline]
    fn push_word(&mut self, bytes: &[u8], mut token: Token) {
        self.note_dot(bytes, &token);
        let len = token.len();
        let first = bytes[token.start as usize];
        if token.has(AT | DOB) || len == 1 && first | 0x20 == b'b' {
            self.note_word(&token);
        }
        let short = len == 2 && token.has(FILLER) && first.is_ascii_lowercase();
        if (len >= 3 || short) && is_dull(bytes, &token) {
            token.roles |= PLAIN;
        }
        // A letter or two before an everyday word are not the beginning of a code; before "for sugar" they may be.
        if let Some(last) = self.all.last_mut()
            && last.len() <= 2
            && len >= 3
            && last.is_word()
            && !token.has(SPOKEN_NUMBER | MULTIPLE | LETTER)
            && !(len == 3
                && bytes[token.start as usize..token.end as usize].eq_ignore_ascii_case(b"for"))
            && is_dull(bytes, last)
        {
            last.roles |= PLAIN;
        }
        self.all.push(token);
    }

    fn note_word(&mut self, token: &Token) {
        let index = self.all.len() as u32;
        if token.has(AT) {
            self.signs.push(Sign {
                index,
                written: false,
                dotted: false,
            });
        }
        if !token.has(AT) || token.has(DOB) {
            self.births.push(index);
        }
    }

    /// Tells the at-signs before the token that is about to be pushed that it is a dot, or follows one.
    fn note_dot(&mut self, bytes: &[u8], token: &Token) {
        if self.signs.is_empty() {
            return;
        }
        let index = self.all.len();
        let reach = if token.has(DOT) {
            DOT_SAID_TOKENS
        } else if self
            .all
            .last()
            .is_some_and(|last| bytes[last.end as usize..token.start as usize] == *b".")
        {
            DOT_WRITTEN_TOKENS
        } else {
            return;
        };
        for sign in self.signs.iter_mut().rev() {
            if sign.index as usize + reach < index {
                break;
            }
            sign.dotted = true;
        }
    }
}

#[inline]
fn run(bytes: &[u8], start: usize, class: Byte) -> usize {
    let limit = bytes.len().min(start + TOKEN_BYTES_MAX);
    let rest = &bytes[start + 1..limit];
    let more = rest.iter().position(|&byte| BYTES[byte as usize] != class);
    start + 1 + more.unwrap_or(rest.len())
}

fn word(bytes: &[u8], start: usize, lexicon: &Lexicon) -> Token {
    let end = run(bytes, start, Byte::Letter);
    let len = end - start;
    let word = lookup(bytes, start, len, lexicon);
    let mut roles = lexicon.roles(word);
    if len >= 8 && (word == 0 || roles == 0) && lexicon.has_medical_ending(&bytes[start..end]) {
        roles |= MEDICAL_ENDING;
    }
    Token {
        start: start as u32,
        end: end as u32,
        word,
        class: Class::Word,
        roles,
    }
}

/// The word itself, else the singular of a medical word.
#[inline]
fn lookup(bytes: &[u8], start: usize, len: usize, lexicon: &Lexicon) -> u16 {
    let id = lexicon.find(bytes, start, len);
    if id != 0 || len < 4 || bytes[start + len - 1] | 0x20 != b's' {
        return id;
    }
    let id = match lexicon.find(bytes, start, len - 1) {
        0 if bytes[start + len - 2] | 0x20 == b'e' => lexicon.find(bytes, start, len - 2),
        id => id,
    };
    if lexicon.roles(id) & MEDICAL_PART != 0 {
        id
    } else {
        0
    }
}

/// Roles that let a word begin a value by itself.
const STARTS: Roles = SPOKEN_NUMBER
    | MULTIPLE
    | ORDINAL
    | MONTH
    | PLUS
    | SCHEME
    | LETTER
    | MEDICAL_FIRST
    | MEDICAL_ENDING;

/// Bytes behind a word that it does not go on over.
const QUIET: [bool; 256] = {
    let mut table = [false; 256];
    let quiet = b" \n,.?!');\"/";
    let mut at = 0;
    while at < quiet.len() {
        table[quiet[at] as usize] = true;
        at += 1;
    }
    table[fold::SYMBOL as usize] = true;
    table
};

/// Whether a word of three letters or more begins nothing, as far as itself and the byte behind it tell. Of shorter ones
/// the token behind decides as well: [`Tokens::push_word`].
#[inline]
fn is_dull(bytes: &[u8], token: &Token) -> bool {
    if token.has(STARTS) {
        return false;
    }
    let at = token.end as usize;
    match bytes.get(at) {
        // "https:" and "fe80:" go on without a blank.
        Some(b':') => matches!(bytes.get(at + 1), None | Some(b' ' | b'\n')),
        Some(&behind) => QUIET[behind as usize],
        None => true,
    }
}

/// Length and kind of a placeholder at the front of `bytes`: `[PHONE_1]`, or `[DATE 1984]` where a value was made general.
fn mark(bytes: &[u8]) -> Option<(usize, Kind)> {
    if !bytes.get(1)?.is_ascii_uppercase() {
        return None;
    }
    let close = bytes
        .iter()
        .take(MARK_BYTES_MAX)
        .position(|&byte| byte == b']')?;
    let inner = std::str::from_utf8(&bytes[1..close]).ok()?;
    let digits = inner.len()
        - inner
            .trim_end_matches(|byte: char| byte.is_ascii_digit())
            .len();
    let (name, tail) = inner.split_at(inner.len() - digits);
    let general = [Kind::Date, Kind::Zip];
    let kind = match name.strip_suffix('_') {
        Some(name) => Kind::from_name(name),
        None => general
            .into_iter()
            .find(|kind| name.strip_suffix(' ') == Some(kind.name())),
    };
    (1..=9).contains(&tail.len()).then_some(close + 1).zip(kind)
}
