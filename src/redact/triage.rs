//! Which recognizer is asked about a token, and which tokens nobody needs to be asked about.
//!
//! The order is the precedence of kinds: addresses with an at-sign, a tenant's own terms, then by the token's class.
//! It holds no rule of any kind itself. Invariant: of a token with the role `PLAIN`, [`find`] finds nothing that
//! [`address`] does not, whatever stands around it. Called by the walk.

use super::entity::Kind;
use super::label::{label_before, may_be_labelled};
use super::lexicon::{
    BEFORE_SIGN, BESIDES, DATE_PART, FILLER, IBAN, LETTER, LEXICON, MEDICAL_ALONE, MEDICAL_ENDING,
    MEDICAL_FIRST, MEDICAL_PART, MONTH, MRN, MULTIPLE, ORDINAL, PLUS, RECORD, Roles, SCHEME,
    SPOKEN_NUMBER, UM,
};
use super::number;
use super::policy::Policy;
use super::recognizers::{card, date, email, ip, medical, mrn, name, national_id, postcode, url};
use super::spoken;
use super::token::{Class, STARTS, Token, Tokens, ends_quietly};
use super::window::{Finding, Label, Window, touches};

/// What is asked about a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The token.
    pub(crate) index: usize,
    /// Nothing begins there but perhaps an address with an at-sign.
    pub(crate) idle: bool,
    /// A spelled address may begin there.
    pub(crate) spelled: bool,
}

/// An address with an at-sign that begins at the token at `index`: all that a plain word can begin.
pub(crate) fn address(window: &Window<'_>, index: usize, spelled: bool) -> Option<Finding> {
    if window[index].has(BEFORE_SIGN)
        && let Some(found) = email::written(window, index)
    {
        return Some(found);
    }
    if spelled {
        email::spelled(window, index)
    } else {
        None
    }
}

/// Whether nothing begins at the token at `index` but perhaps an address with an at-sign, as far as the token and those
/// beside it tell. Most tokens are refused here, before a view is opened for them.
pub(crate) fn is_idle(tokens: &Tokens, bytes: &[u8], index: usize) -> bool {
    let token = &tokens.all[index];
    if token.is_word() {
        is_idle_word(tokens, bytes, index)
    } else {
        token.is_number() && is_idle_number(&tokens.all, bytes, index)
    }
}

fn is_idle_word(text: &Tokens, bytes: &[u8], index: usize) -> bool {
    let tokens = &text.all;
    let token = &tokens[index];
    let start = token.start as usize;
    if start > 0 && touches(bytes[start - 1]) && !token.has(SPOKEN_NUMBER | MULTIPLE | PLUS) {
        // Part of something longer that began before.
        return true;
    }
    let Some(next) = tokens.get(index + 1) else {
        return false;
    };
    if !ends_quietly(bytes, token.end as usize) {
        return false;
    }
    if matches!(next.class, Class::Mark(_)) {
        return !token.has(SCHEME | MEDICAL_ALONE | MEDICAL_ENDING);
    }
    if token.has(STARTS & !MEDICAL_FIRST | MEDICAL_ALONE)
        || token.has(MEDICAL_FIRST) && LEXICON.roles(next.word) & MEDICAL_PART != 0
    {
        return false;
    }
    match token.len() {
        1..=3 if next.is_number() => !may_begin_code(text, bytes, index),
        1 | 2 => {
            let little = token.has(FILLER) && token.len() == 2 && bytes[start].is_ascii_lowercase();
            little || next.is_word() && next.len() >= 3 && !spells_on(next, bytes)
        }
        _ => true,
    }
}

/// Whether up to three letters may be the front of the number after them: of an account, an insurance number, a postcode,
/// a record number.
fn may_begin_code(text: &Tokens, bytes: &[u8], index: usize) -> bool {
    let tokens = &text.all;
    let (token, next) = (&tokens[index], &tokens[index + 1]);
    let (start, end) = (token.start as usize, token.end as usize);
    if !token.has(FILLER) && may_be_labelled(tokens, index, MRN | RECORD) {
        return true;
    }
    let letters = &bytes[start..end];
    match letters {
        [_] => next.len() <= 6 && (start == 0 || bytes[start - 1] != b'\''),
        [_, _] => {
            letters.iter().all(u8::is_ascii_uppercase)
                || national_id::may_be_nino(tokens, index + 1)
                || token.end + 1 == next.start
                    && (card::may_be_iban(bytes, start)
                        || text.said & IBAN != 0 && may_be_labelled(tokens, index, IBAN))
        }
        _ => letters.eq_ignore_ascii_case(b"gir"),
    }
}

/// Whether a letter or two before this word of three letters or more may be the beginning of a code.
#[inline]
fn spells_on(next: &Token, bytes: &[u8]) -> bool {
    next.has(SPOKEN_NUMBER | MULTIPLE | LETTER)
        || next.len() == 3
            && bytes[next.start as usize..next.end as usize].eq_ignore_ascii_case(b"for")
}

/// A few digits by themselves or two times a few, a time of day, digits inside a word; and no word behind that a date or
/// a dictated number goes on with.
fn is_idle_number(tokens: &[Token], bytes: &[u8], index: usize) -> bool {
    const GOES_ON: Roles = SPOKEN_NUMBER | MULTIPLE | UM | ORDINAL | MONTH | DATE_PART;
    const SAID: Roles = SPOKEN_NUMBER | MULTIPLE | UM;
    let token = &tokens[index];
    if is_inside_word(tokens, bytes, index) {
        return true;
    }
    let Some(next) = tokens.get(index + 1).filter(|_| token.len() <= 3) else {
        return false;
    };
    let behind = bytes[token.end as usize];
    let roles = |at: usize| tokens.get(at).map_or(0, |token| token.roles);
    let mut last = index;
    if next.is_number() {
        if matches!(behind, b'-' | b'/') {
            return false;
        }
        let gap = &bytes[token.end as usize..next.start as usize];
        if gap.contains(&b'\n') {
            // No number goes on over a line break.
            return roles(index + 2) & SAID == 0;
        }
        let after = bytes.get(next.end as usize);
        let time = gap.len() == 1 && !matches!(after, Some(b':' | b'a'..=b'f' | b'A'..=b'F'));
        if behind == b':' && !time || token.len() + next.len() >= 6 {
            return false;
        }
        last += 1;
    } else if behind == b'/' || !ends_quietly(bytes, token.end as usize) {
        return false;
    }
    tokens.get(last + 1).is_some_and(|after| match after.class {
        Class::Mark(_) => true,
        Class::Word => !after.has(GOES_ON) && roles(last + 2) & SAID == 0,
        Class::Number | Class::At | Class::Colons => false,
    })
}

/// Whether a number touches a short word before it that is no label, as in a digest or the name of a thing.
fn is_inside_word(tokens: &[Token], bytes: &[u8], index: usize) -> bool {
    let start = tokens[index].start as usize;
    index > 0
        && tokens[index - 1].end as usize == start
        && tokens[index - 1].is_word()
        && tokens[index - 1].len() < 6
        && bytes.get(start + 8) != Some(&b'-')
        && !may_be_labelled(tokens, index, !BESIDES)
}

/// What begins at the token at `index`.
pub(crate) fn find<'t>(
    window: &Window<'_>,
    index: usize,
    spelled: bool,
    policy: &Policy,
    text: impl Fn(usize, usize) -> &'t str,
) -> Option<Finding> {
    let token = &window[index];
    if let Some(found) = address(window, index, spelled) {
        return Some(found);
    }
    let start = token.start as usize;
    if policy.has_terms()
        && let Some((end, kind)) = policy.term_at(window, index, |end| text(start, end))
    {
        return Some(Finding::redact(kind, start, end));
    }
    if token.is_word() {
        word(window, index, token)
    } else if token.is_number() {
        number::find(window, index)
    } else if token.class == Class::Colons {
        ip::version_six(window, index)
    } else {
        None
    }
}

fn word(window: &Window<'_>, index: usize, token: &Token) -> Option<Finding> {
    const NUMBER: Roles = SPOKEN_NUMBER | MULTIPLE | ORDINAL | MONTH | PLUS;
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
    if (next.is_ascii_digit() || next == b'-' || token.len() <= 3 && window.is_number(index + 1))
        && let Some(found) = mixed(window, index)
    {
        return Some(found);
    }
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
    if token.has(MEDICAL_FIRST | MEDICAL_ENDING)
        && let Some(found) = medical::find(window, index)
    {
        return Some(found);
    }
    if window.kinds.contains(Kind::Person) {
        name::find(window, index)
    } else {
        None
    }
}

/// Values of letters and digits: accounts, insurance numbers, postcodes, record numbers.
fn mixed(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    if let Some(end) = number::uuid(window, start).filter(|_| window.starts_clean(start)) {
        return Some(Finding::keep(start, end));
    }
    let record = || {
        // "number is a 12 …": a lone article is no prefix, one that touches the digits is.
        let asked = (!window[index].has(FILLER) || window.glued(index + 1))
            && window.is_number(index + 1)
            && window.starts_clean(start)
            && label_before(window, index) == Label::Mrn;
        if asked {
            mrn::labelled(window, index)
        } else {
            None
        }
    };
    card::iban(window, index)
        .or_else(|| national_id::nino(window, index))
        .or_else(|| postcode::find(window, index))
        .or_else(record)
}

fn spoken_number(window: &Window<'_>, index: usize, token: &Token) -> Option<Finding> {
    let follows = (index + 1..index + 4)
        .any(|at| window.is_number(at) || window.roles(at) & (SPOKEN_NUMBER | MULTIPLE) != 0);
    if !follows || !token.has(SPOKEN_NUMBER | MULTIPLE | PLUS) {
        return None;
    }
    spoken::number(window, index, label_before(window, index))
}
