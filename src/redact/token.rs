//! Cuts the shadow into words, digit runs and the few marks that begin a value.
//!
//! One walk over the bytes; each word's roles are looked up on the way. What lies between two tokens is found by their
//! offsets, so blanks and punctuation cost nothing. Invariant: tokens are sorted, disjoint and at most
//! [`TOKEN_BYTES_MAX`] long; where they are cut depends only on the bytes since the last token's start.

use super::entity::Kind;
use super::fold;
use super::lexicon::{
    AT, DOB, HASH_START, Lexicon, MEDICAL_PART, Roles, WORD_BYTES_MAX, hash_step,
};

/// A longer run of letters or digits is cut here.
pub(crate) const TOKEN_BYTES_MAX: usize = 32;

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
    /// A placeholder such as `[PHONE_1]` that was in the text already.
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
    pub(crate) const fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub(crate) fn is_number(&self) -> bool {
        self.class == Class::Number
    }

    pub(crate) fn is_word(&self) -> bool {
        self.class == Class::Word
    }

    pub(crate) const fn has(&self, roles: Roles) -> bool {
        self.roles & roles != 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Other,
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
            b':' => Byte::Colon,
            b'[' => Byte::Bracket,
            _ => Byte::Other,
        };
        byte += 1;
    }
    table
};

/// Fills `tokens` with the tokens of `bytes`, and `notes` with the indices of those that the scan looks ahead for: at-signs,
/// placeholders, words of birth.
pub(crate) fn tokenize(
    bytes: &[u8],
    lexicon: &Lexicon,
    tokens: &mut Vec<Token>,
    notes: &mut Vec<u32>,
) {
    tokens.clear();
    notes.clear();
    let mut at = 0;
    while at < bytes.len() {
        let (end, class) = match BYTES[bytes[at] as usize] {
            Byte::Other => {
                at += 1;
                continue;
            }
            Byte::Letter => {
                let token = word(bytes, at, lexicon);
                if token.has(AT | DOB) || token.len() == 1 && matches!(bytes[at], b'b' | b'B') {
                    notes.push(tokens.len() as u32);
                }
                at = token.end as usize;
                tokens.push(token);
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
        let id = if class == Class::Number && end - at <= 2 {
            number_word(&bytes[at..end], lexicon)
        } else {
            0
        };
        if matches!(class, Class::At | Class::Mark(_)) {
            notes.push(tokens.len() as u32);
        }
        tokens.push(Token {
            start: at as u32,
            end: end as u32,
            word: id,
            class,
            roles: 0,
        });
        at = end;
    }
}

fn run(bytes: &[u8], start: usize, class: Byte) -> usize {
    let limit = bytes.len().min(start + TOKEN_BYTES_MAX);
    let mut end = start + 1;
    while end < limit && BYTES[bytes[end] as usize] == class {
        end += 1;
    }
    end
}

fn word(bytes: &[u8], start: usize, lexicon: &Lexicon) -> Token {
    let limit = bytes.len().min(start + TOKEN_BYTES_MAX);
    let mut hash = HASH_START;
    let mut end = start;
    // The hash of all but the last letter finds a plural's singular without a second walk.
    let mut hash_before = hash;
    while end < limit && BYTES[bytes[end] as usize] == Byte::Letter {
        hash_before = hash;
        hash = hash_step(hash, bytes[end]);
        end += 1;
    }
    let letters = &bytes[start..end];
    let id = if letters.len() > WORD_BYTES_MAX {
        0
    } else {
        lookup(letters, hash, hash_before, lexicon)
    };
    Token {
        start: start as u32,
        end: end as u32,
        word: id,
        class: Class::Word,
        roles: lexicon.entry(id).roles,
    }
}

/// The word itself, else the singular of a medical word.
fn lookup(letters: &[u8], hash: u32, hash_before: u32, lexicon: &Lexicon) -> u16 {
    let id = lexicon.find(hash, letters);
    if id != 0 || letters.len() < 4 || !matches!(letters[letters.len() - 1], b's' | b'S') {
        return id;
    }
    let singular = &letters[..letters.len() - 1];
    let id = match lexicon.find(hash_before, singular) {
        0 if matches!(singular[singular.len() - 1], b'e' | b'E') => {
            let stem = &singular[..singular.len() - 1];
            lexicon.find(
                stem.iter()
                    .fold(HASH_START, |hash, &byte| hash_step(hash, byte)),
                stem,
            )
        }
        id => id,
    };
    if lexicon.entry(id).roles & MEDICAL_PART != 0 {
        id
    } else {
        0
    }
}

fn number_word(digits: &[u8], lexicon: &Lexicon) -> u16 {
    lexicon.find(
        digits
            .iter()
            .fold(HASH_START, |hash, &byte| hash_step(hash, byte)),
        digits,
    )
}

/// Length and kind of a placeholder at the front of `bytes`.
fn mark(bytes: &[u8]) -> Option<(usize, Kind)> {
    let close = bytes.iter().take(24).position(|&byte| byte == b']')?;
    let inner = std::str::from_utf8(&bytes[1..close]).ok()?;
    let (name, number) = inner.rsplit_once('_')?;
    let written =
        !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    let kind = Kind::from_name(name)?;
    written.then_some((close + 1, kind))
}
