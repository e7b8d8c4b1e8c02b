//! Numbers and codes that are said rather than written: "oh seven seven double oh, nine hundred …", "S W one A …".
//!
//! Number words become digits, spelling alphabets become letters, and the same plans and checksums judge the result.
//! Fillers ("um", "and", a comma) may stand inside; one finding covers the whole phrase. Invariant: at most
//! [`PHRASE_TOKENS_MAX`] tokens are read from where a phrase begins. Called by the scan and by `recognizers::number`.

use super::entity::Kind;
use super::label::label_before;
use super::lexicon::{
    AREA, DASH, DOT, HUNDRED, LETTER, MULTIPLE, PLUS, SPOKEN_NUMBER, TEEN, TEN, THOUSAND, UM, UNIT,
};
use super::recognizers::{national_id, plan, postcode};
use super::window::{Finding, Label, Window};

/// Tokens of one phrase at most.
pub(crate) const PHRASE_TOKENS_MAX: usize = 44;
const CHARACTERS_MAX: usize = 19;
const FILLERS_MAX: usize = 3;
/// So many digits that follow each other are counting, unless a British number is made of them.
const COUNTED_DIGITS: usize = 7;

/// What was said, as characters, and after which tokens how many of them were complete.
struct Phrase {
    characters: [u8; CHARACTERS_MAX],
    len: usize,
    marks: [(u8, u16); PHRASE_TOKENS_MAX],
    mark_count: usize,
    words: usize,
    plus: bool,
}

impl Phrase {
    const fn new() -> Self {
        Self {
            characters: [0; CHARACTERS_MAX],
            len: 0,
            marks: [(0, 0); PHRASE_TOKENS_MAX],
            mark_count: 0,
            words: 0,
            plus: false,
        }
    }

    fn push(&mut self, text: &[u8]) -> bool {
        if self.len + text.len() > CHARACTERS_MAX {
            return false;
        }
        self.characters[self.len..self.len + text.len()].copy_from_slice(text);
        self.len += text.len();
        true
    }

    fn mark(&mut self, tokens: usize) {
        if self.mark_count < PHRASE_TOKENS_MAX {
            self.marks[self.mark_count] = (self.len as u8, tokens as u16);
            self.mark_count += 1;
        }
    }

    fn all(&self) -> &[u8] {
        &self.characters[..self.len]
    }

    /// The lengths at which the phrase may be cut, longest first, with the tokens they take.
    fn cuts(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.marks[..self.mark_count]
            .iter()
            .rev()
            .map(|&(len, tokens)| (&self.characters[..len as usize], tokens as usize))
    }
}

/// A number that is said from the token at `index` on, judged by `label`.
pub(crate) fn number(window: &Window<'_>, index: usize, label: Label) -> Option<Finding> {
    let phrase = hear(window, index, false);
    if phrase.len < 4 {
        return None;
    }
    let (kind, tokens) = phrase
        .cuts()
        .find_map(|(digits, tokens)| Some((judge(digits, &phrase, label)?, tokens)))?;
    let start = window[index].start as usize;
    let mut last = index + tokens - 1;
    if kind == Some(Kind::Phone) {
        last = extension(window, last);
    }
    let end = window[last].end as usize;
    // Number words may run into punctuation; digits that run into letters are part of something else.
    if window.is_number(last) && !window.ends_clean(end) {
        return None;
    }
    let start = if kind == Some(Kind::Phone) {
        super::recognizers::phone::opening(window, start).start
    } else {
        start
    };
    Some(Finding { start, end, kind })
}

/// What digits that were said are; `Some(None)` keeps them.
fn judge(digits: &[u8], phrase: &Phrase, label: Label) -> Option<Option<Kind>> {
    let len = digits.len();
    let kind = match label {
        Label::Nhs if (9..=11).contains(&len) => Kind::NhsNumber,
        Label::Ssn if (8..=10).contains(&len) => Kind::Ssn,
        Label::Card if (12..=19).contains(&len) => Kind::CreditCard,
        Label::Mrn if len >= 4 => Kind::Mrn,
        Label::Phone if (9..=16).contains(&len) => Kind::Phone,
        Label::Negative => return (len >= 4).then_some(None),
        Label::Number if phrase.words > 0 && (10..=15).contains(&len) => Kind::Phone,
        _ => unlabelled(digits, phrase)?,
    };
    Some(Some(kind))
}

fn unlabelled(digits: &[u8], phrase: &Phrase) -> Option<Kind> {
    let len = digits.len();
    let international = |digits: &[u8]| {
        plan::country(digits).is_some_and(|country| {
            let national = digits.len() - country.code_len;
            (country.least..=country.most + 1).contains(&national)
        })
    };
    if len == 11 && plan::is_british(digits)
        || len == 10 && plan::is_british(digits) && phrase.words > 2
    {
        return Some(Kind::Phone);
    }
    if phrase.words == 0 {
        return None;
    }
    // Somebody counts.
    if digits
        .windows(COUNTED_DIGITS)
        .any(|run| run.windows(2).all(|pair| pair[1] == pair[0] + 1))
    {
        return None;
    }
    let american = len == 10 && plan::is_american(digits)
        || len == 11 && digits[0] == b'1' && plan::is_american(&digits[1..]);
    let abroad = phrase.plus && international(digits)
        || len == 12 && digits.starts_with(b"447")
        || len > 11 && digits.starts_with(b"00") && international(&digits[2..]);
    if american || abroad {
        return Some(Kind::Phone);
    }
    if len == 10 && plan::is_nhs(digits) {
        return Some(Kind::NhsNumber);
    }
    (plan::is_issuer(digits) && plan::is_luhn(digits)).then_some(Kind::CreditCard)
}

/// A code of letters and digits that is spelled from the token at `index` on: a postcode, a national insurance number.
pub(crate) fn code(window: &Window<'_>, index: usize) -> Option<Finding> {
    let first = window[index].start as usize;
    if !window.starts_clean(first) || window.before(first) == b'\'' {
        return None;
    }
    let token = &window[index];
    // A code begins with a letter.
    if token.has(SPOKEN_NUMBER)
        && !token.has(MULTIPLE | PLUS)
        && window.single_letter(index).is_none()
    {
        return None;
    }
    if !is_piece(window, index)
        || !is_piece(window, index + 1) && !is_spelling_aid(window, index + 1)
    {
        return None;
    }
    let phrase = hear(window, index, true);
    if phrase.len < 4 || !phrase.characters[0].is_ascii_alphabetic() {
        return None;
    }
    if !phrase.all().iter().any(u8::is_ascii_digit) {
        return None;
    }
    let label = label_before(window, index);
    let (kind, tokens) = phrase.cuts().find_map(|(code, tokens)| {
        let digits = code.iter().filter(|byte| byte.is_ascii_digit()).count();
        let kind = match label {
            Label::Negative => return None,
            Label::Mrn if code.len() >= 5 && digits >= 3 => Kind::Mrn,
            Label::Nino if is_nino(code, true) => Kind::NiNumber,
            _ if is_nino(code, false) => Kind::NiNumber,
            _ if postcode::is_postcode(code)
                && (label == Label::Postcode || tokens >= code.len().min(5)) =>
            {
                Kind::Postcode
            }
            _ => return None,
        };
        Some((kind, tokens))
    })?;
    let last = index + tokens - 1;
    let start = window[index].start as usize;
    let end = window[last].end as usize;
    (window.starts_clean(start) && window.before(start) != b'\'' && window.ends_clean(end))
        .then_some(Finding::redact(kind, start, end))
}

fn is_nino(code: &[u8], labelled: bool) -> bool {
    let digits = code.len() >= 8
        && code[2..8].iter().all(u8::is_ascii_digit)
        && code[..2].iter().all(u8::is_ascii_alphabetic);
    match code.len() {
        8 => digits && labelled,
        9 => {
            digits
                && (labelled
                    || national_id::is_nino_prefix(&code[..2])
                        && (b'A'..=b'D').contains(&code[8].to_ascii_uppercase()))
        }
        _ => false,
    }
}

/// Reads words from the token at `index` on, as digits and, if wanted, letters.
fn hear(window: &Window<'_>, index: usize, letters: bool) -> Phrase {
    let mut phrase = Phrase::new();
    let mut at = index;
    let mut fillers = 0;
    if window.roles(at) & PLUS != 0 {
        phrase.plus = true;
        at += 1;
    }
    while at - index < PHRASE_TOKENS_MAX && window.has(at) {
        if at > index {
            let gap = window.gap(at);
            if gap != b" " && !near(gap) {
                break;
            }
        }
        match piece(window, at, letters, &mut phrase) {
            0 if is_filler(window, at) && fillers < FILLERS_MAX && phrase.len > 0 => {
                fillers += 1;
                at += 1;
            }
            0 => break,
            taken => {
                fillers = 0;
                at += taken;
                phrase.mark(at - index);
            }
        }
    }
    phrase
}

/// Adds what the token at `at` says; how many tokens that took, 0 if it says nothing.
fn piece(window: &Window<'_>, at: usize, letters: bool, phrase: &mut Phrase) -> usize {
    let token = &window[at];
    if token.is_number() {
        return usize::from(token.len() <= 16 && phrase.push(window.text(token)));
    }
    if token.has(MULTIPLE) {
        return multiple(window, at, letters, phrase);
    }
    // In a code, a lone "o" is the letter; grammar decides later which it was.
    if token.has(SPOKEN_NUMBER) && !(letters && window.single_letter(at).is_some()) {
        phrase.words += 1;
        return said(window, at, phrase);
    }
    if !letters {
        return 0;
    }
    if let Some(letter) = window.single_letter(at) {
        return if phrase.push(&[letter.to_ascii_uppercase()]) {
            1 + aid(window, at, letter)
        } else {
            0
        };
    }
    if token.has(LETTER) {
        return usize::from(phrase.push(&[b'A' + window.entry(at).letter - 1]));
    }
    let text = window.text(token);
    let pair = text.len() == 2 && text.iter().all(u8::is_ascii_uppercase)
        || text.len() == 2 && window.glued(at + 1);
    usize::from(pair && phrase.push(text))
}

/// "double seven", "triple oh", in codes also "double A".
fn multiple(window: &Window<'_>, at: usize, letters: bool, phrase: &mut Phrase) -> usize {
    let times = window.entry(at).value as usize;
    let Some(next) = window.token(at + 1) else {
        return 0;
    };
    let one = if next.is_number() && next.len() == 1 {
        window.byte(next.start as usize)
    } else if next.has(UNIT) && !(letters && window.single_letter(at + 1).is_some()) {
        b'0' + window.entry(at + 1).value
    } else if let Some(letter) = window.single_letter(at + 1).filter(|_| letters) {
        letter.to_ascii_uppercase()
    } else {
        return 0;
    };
    phrase.words += 1;
    if phrase.push(&[one; 4][..times.min(4)]) {
        2
    } else {
        0
    }
}

/// Number words: "seven", "forty two", "nine hundred", "nine hundred and one".
fn said(window: &Window<'_>, at: usize, phrase: &mut Phrase) -> usize {
    let token = &window[at];
    let value = window.entry(at).value;
    if token.has(HUNDRED) && window.is(at + 1, "and") {
        let rest = window.entry(at + 2);
        let unit = window.entry(at + 3).value;
        if window.roles(at + 2) & TEN != 0 && window.roles(at + 3) & UNIT != 0 && unit > 0 {
            return if phrase.push(&[b'0' + rest.value / 10, b'0' + unit]) {
                4
            } else {
                0
            };
        }
        if window.roles(at + 2) & (TEN | TEEN | UNIT) != 0 {
            return if phrase.push(&[b'0' + rest.value / 10, b'0' + rest.value % 10]) {
                3
            } else {
                0
            };
        }
    }
    if token.has(HUNDRED) {
        return usize::from(phrase.push(b"00"));
    }
    if token.has(THOUSAND) {
        return usize::from(phrase.push(b"000"));
    }
    if token.has(TEN)
        && window.roles(at + 1) & UNIT != 0
        && window.entry(at + 1).value > 0
        && matches!(window.gap(at + 1), b" " | b"-")
    {
        return if phrase.push(&[b'0' + value / 10, b'0' + window.entry(at + 1).value]) {
            2
        } else {
            0
        };
    }
    if token.has(TEEN | TEN) {
        return usize::from(phrase.push(&[b'0' + value / 10, b'0' + value % 10]));
    }
    usize::from(phrase.push(&[b'0' + value]))
}

/// "S for sugar", "S as in sugar": how many tokens the aid takes.
fn aid(window: &Window<'_>, at: usize, letter: u8) -> usize {
    let words = if window.is(at + 1, "for") {
        2
    } else if window.is(at + 1, "as") && window.is(at + 2, "in") {
        3
    } else {
        return 0;
    };
    let helps = window.token(at + words).is_some_and(|token| {
        token.is_word()
            && window
                .byte(token.start as usize)
                .eq_ignore_ascii_case(&letter)
    });
    if helps { words } else { 0 }
}

fn is_spelling_aid(window: &Window<'_>, at: usize) -> bool {
    window.is(at, "for") || window.is(at, "as")
}

fn is_piece(window: &Window<'_>, at: usize) -> bool {
    let Some(token) = window.token(at) else {
        return false;
    };
    let text = window.text(token);
    token.is_number() && token.len() <= 6
        || token.has(SPOKEN_NUMBER | MULTIPLE | LETTER)
        || window.single_letter(at).is_some()
        || text.len() == 2 && (text.iter().all(u8::is_ascii_uppercase) || window.glued(at + 1))
}

fn is_filler(window: &Window<'_>, at: usize) -> bool {
    let roles = window.roles(at);
    roles & (UM | DASH | DOT | AREA) != 0
        || roles & SPOKEN_NUMBER == 0
            && ["and", "then", "space", "so", "like", "code"]
                .iter()
                .any(|word| window.is(at, word))
}

fn near(gap: &[u8]) -> bool {
    gap.len() <= 5
        && gap
            .iter()
            .all(|byte| matches!(byte, b' ' | b',' | b'-' | b'.' | b'(' | b')' | 0x82))
}

/// "… extension four two": the last token of the extension, or `last` itself.
fn extension(window: &Window<'_>, last: usize) -> usize {
    let word = (1..3).find(|ahead| {
        ["extension", "ext"]
            .iter()
            .any(|word| window.is(last + ahead, word))
    });
    let Some(ahead) = word else { return last };
    if !near(window.gap(last + 1)) {
        return last;
    }
    let said = hear(window, last + ahead + 1, false);
    match said.cuts().next() {
        Some((digits, tokens)) if (1..=7).contains(&digits.len()) && said.all().len() <= 7 => {
            last + ahead + tokens
        }
        _ => last,
    }
}
