//! Cuts the shadow into words, digit runs and the few marks that begin a value.
//!
//! One walk over the bytes; each word's roles are looked up on the way. What lies between two tokens is found by their
//! offsets, so blanks and punctuation cost nothing. Invariant: tokens are sorted, disjoint and at most
//! [`TOKEN_BYTES_MAX`] long; where they are cut depends only on the bytes since the last token's start.

use super::entity::Kind;
use super::fold;
use super::lexicon::{
    AT, BEFORE_SIGN, BEFORE_SPELLED, DOB, DOT, LETTER, Lexicon, MEDICAL_ENDING, MEDICAL_FIRST,
    MEDICAL_PART, MONTH, MULTIPLE, ORDINAL, PLAIN, PLUS, Roles, SCHEME, SPOKEN_NUMBER, Word,
};
use super::table::{short_number, short_word};

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
    /// How many line breaks stand before it.
    pub(crate) line: u32,
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

/// What a byte is, as bits: which comes next cannot be foretold, and a jump to one of many costs most when it is wrong.
const LETTER_BYTE: u8 = 1;
const DIGIT_BYTE: u8 = 2;
/// It begins a token of another class, or a line.
const MARK_BYTE: u8 = 4;

const BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | fold::LETTER => LETTER_BYTE,
            b'0'..=b'9' => DIGIT_BYTE,
            b'@' | b'\n' | b':' | b'[' => MARK_BYTE,
            _ => 0,
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
    /// The tokens that are at-signs, written or said, and no dot is known for.
    signs: Vec<u32>,
    /// Words of birth, by index.
    pub(crate) births: Vec<u32>,
    /// Placeholders that were in the text.
    pub(crate) marks: Vec<Mark>,
    /// Offsets of line breaks.
    pub(crate) breaks: Vec<u32>,
    /// The roles of all words together.
    pub(crate) said: Roles,
    /// The last token that a dot for the last at-sign may be.
    dot_until: usize,
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
        self.said = 0;
        self.dot_until = 0;
        let mut at = 0;
        while at < bytes.len() {
            let byte = BYTES[bytes[at] as usize];
            at = if byte & LETTER_BYTE != 0 {
                self.push_word(bytes, at, lexicon)
            } else if byte & DIGIT_BYTE != 0 {
                self.push_number(bytes, at, lexicon)
            } else if byte & MARK_BYTE != 0 {
                self.push_mark(bytes, at)
            } else {
                at + 1
            };
        }
    }

    /// The first token at or after an offset.
    pub(crate) fn from(&self, offset: usize) -> usize {
        self.all
            .partition_point(|token| (token.start as usize) < offset)
    }

    /// Adds the word that begins at byte `at`; where to go on.
    #[inline]
    fn push_word(&mut self, bytes: &[u8], at: usize, lexicon: &Lexicon) -> usize {
        let end = run(bytes, at, LETTER_BYTE);
        let len = end - at;
        let word = meaning(bytes, at, len, lexicon);
        let behind = bytes.get(end).copied().unwrap_or(b' ');
        let plain = (len >= 3) & (word.roles & STARTS == 0) & QUIET[behind as usize];
        let token = Token {
            start: at as u32,
            end: end as u32,
            line: self.breaks.len() as u32,
            word: word.id,
            class: Class::Word,
            roles: word.roles | Roles::from(plain) << PLAIN.trailing_zeros(),
        };
        self.said |= word.roles;
        if self.all.len() <= self.dot_until {
            self.note_dot(bytes, &token);
        }
        if token.has(AT | DOB) | ((len == 1) & (bytes[at] | 0x20 == b'b')) {
            self.note_word(&token);
        }
        self.all.push(token);
        past_blank(bytes, end)
    }

    /// Adds the number that begins at byte `at`; where to go on.
    #[inline]
    fn push_number(&mut self, bytes: &[u8], at: usize, lexicon: &Lexicon) -> usize {
        let end = run(bytes, at, DIGIT_BYTE);
        let token = Token {
            start: at as u32,
            end: end as u32,
            line: self.breaks.len() as u32,
            word: lexicon.number(&bytes[at..end]),
            class: Class::Number,
            roles: 0,
        };
        if self.all.len() <= self.dot_until {
            self.note_dot(bytes, &token);
        }
        // A short word before a number may be the beginning of a code.
        if let Some(last) = self.all.last_mut() {
            last.roles &= !(Roles::from(last.len() <= 3) << PLAIN.trailing_zeros());
        }
        self.all.push(token);
        past_blank(bytes, end)
    }

    /// Adds what begins at a byte that is neither letter nor digit, if anything does; where to go on.
    #[inline(never)]
    fn push_mark(&mut self, bytes: &mut [u8], at: usize) -> usize {
        let index = self.all.len();
        if bytes[at] == b'\n' {
            self.breaks.push(at as u32);
            return at + 1;
        }
        let (end, class) = if bytes[at] == b'@' {
            self.note_local(bytes, at);
            self.push_sign(index as u32);
            (at + 1, Class::At)
        } else if bytes[at..].starts_with(b"::") {
            (at + 2, Class::Colons)
        } else if let Some((length, kind)) = mark(&bytes[at..]) {
            let end = at + length;
            bytes[at..end].fill(fold::MARK);
            self.marks.push(Mark { index, end, kind });
            (end, Class::Mark(kind))
        } else {
            return at + 1;
        };
        // The token of a placeholder has one byte.
        let shown = if matches!(class, Class::Mark(_)) {
            at + 1
        } else {
            end
        };
        self.all.push(Token {
            start: at as u32,
            end: shown as u32,
            line: self.breaks.len() as u32,
            word: 0,
            class,
            roles: if bytes[..at].ends_with(b"_") && class == Class::At {
                BEFORE_SIGN
            } else {
                0
            },
        });
        end
    }

    fn note_word(&mut self, token: &Token) {
        let index = self.all.len() as u32;
        if token.has(AT) {
            self.push_sign(index);
        }
        if !token.has(AT) || token.has(DOB) {
            self.births.push(index);
        }
    }

    /// Tells the tokens that only an address's local part lies between them and the `@` at byte `sign`.
    fn note_local(&mut self, bytes: &[u8], sign: usize) {
        let front = &bytes[sign.saturating_sub(LOCAL_BYTES_MAX + 1)..sign];
        let local = front.strip_suffix(b" ").unwrap_or(front);
        let local = local.iter().rev().take_while(|&&byte| is_local(byte));
        let first = sign - usize::from(front.last() == Some(&b' ')) - local.count();
        let within = |token: &&mut Token| token.start as usize >= first;
        for token in self.all.iter_mut().rev().take_while(within) {
            token.roles |= BEFORE_SIGN;
        }
    }

    fn push_sign(&mut self, index: u32) {
        self.signs.push(index);
        self.dot_until = index as usize + DOT_SAID_TOKENS;
    }

    /// Tells the tokens before the last at-signs that the token about to be pushed is a dot, or follows one.
    fn note_dot(&mut self, bytes: &[u8], token: &Token) {
        let index = self.all.len();
        let reach = if token.has(DOT) {
            DOT_SAID_TOKENS
        } else if self
            .all
            .last()
            .is_some_and(|last| last.end + 1 == token.start && bytes[last.end as usize] == b'.')
        {
            DOT_WRITTEN_TOKENS
        } else {
            return;
        };
        while let Some(&sign) = self.signs.last()
            && sign as usize + reach >= index
        {
            let first = (sign as usize).saturating_sub(SPELLED_TOKENS_MAX - 1);
            for token in &mut self.all[first..sign as usize] {
                token.roles |= BEFORE_SPELLED;
            }
            self.signs.pop();
        }
    }
}

/// The most bytes of an address's local part.
pub(crate) const LOCAL_BYTES_MAX: usize = 64;
/// The most tokens of a spelled local part, and its at-sign.
pub(crate) const SPELLED_TOKENS_MAX: usize = 16;

/// Whether a byte may stand in the local part of an address.
pub(crate) fn is_local(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'&' | b'=' | b'~' | b'!' | b'*' | b'/' | b'$' | b'^' | fold::LETTER | fold::IDEOGRAPH)
}

/// A blank follows most tokens; it is passed without asking what it is.
#[inline]
fn past_blank(bytes: &[u8], at: usize) -> usize {
    at + usize::from(bytes.get(at) == Some(&b' '))
}

/// The end of the letters or digits that begin at `start`, at most [`TOKEN_BYTES_MAX`] of them.
#[inline]
fn run(bytes: &[u8], start: usize, class: u8) -> usize {
    let short = if class == DIGIT_BYTE {
        short_number(bytes, start)
    } else {
        short_word(bytes, start)
    };
    if let Some(len) = short {
        return start + len;
    }
    let limit = bytes.len().min(start + TOKEN_BYTES_MAX);
    let rest = &bytes[start + 1..limit];
    let more = rest.iter().position(|&byte| BYTES[byte as usize] != class);
    start + 1 + more.unwrap_or(rest.len())
}

/// What a word means.
#[inline]
fn meaning(bytes: &[u8], start: usize, len: usize, lexicon: &Lexicon) -> Word {
    let mut word = lookup(bytes, start, len, lexicon);
    let unknown = (len >= 8) & (word.roles == 0);
    if unknown && lexicon.has_medical_ending(&bytes[start..start + len]) {
        word.roles = MEDICAL_ENDING;
    }
    word
}

/// The word itself, else the singular of a medical word.
#[inline]
fn lookup(bytes: &[u8], start: usize, len: usize, lexicon: &Lexicon) -> Word {
    let word = lexicon.find(bytes, start, len);
    // The rarer first: whether a word is known cannot be foretold.
    if bytes[start + len - 1] | 0x20 != b's' || word.id != 0 || len < 4 {
        return word;
    }
    let singular = match lexicon.find(bytes, start, len - 1) {
        Word { id: 0, .. } if bytes[start + len - 2] | 0x20 == b'e' => {
            lexicon.find(bytes, start, len - 2)
        }
        singular => singular,
    };
    if singular.roles & MEDICAL_PART != 0 {
        singular
    } else {
        word
    }
}

/// Roles that let a word begin a value by itself.
pub(crate) const STARTS: Roles = SPOKEN_NUMBER
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

/// Whether a word that ends before byte `at` does not go on over what stands there.
#[inline]
pub(crate) fn ends_quietly(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        // "https:" and "fe80:" go on without a blank.
        Some(b':') => matches!(bytes.get(at + 1), None | Some(b' ' | b'\n')),
        Some(&behind) => QUIET[behind as usize],
        None => true,
    }
}

/// Length and kind of a placeholder at the front of `bytes`: `[PHONE_1]`, or `[DATE 1984]` where a value was made general.
fn mark(bytes: &[u8]) -> Option<(usize, Kind)> {
    if bytes[0] != b'[' || !bytes.get(1)?.is_ascii_uppercase() {
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
