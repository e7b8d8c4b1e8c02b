//! Which recognizer is asked about a token, and which tokens nobody needs to be asked about.
//!
//! The order is the precedence of kinds: addresses with an at-sign, a tenant's own terms, then by the token's class.
//! It holds no rule of any kind itself. Invariant: of a token with the role `PLAIN`, [`find`] finds nothing that
//! [`address`] does not, whatever stands around it. Called by the walk.

use super::entity::Kind;
use super::label::label_before;
use super::lexicon::{
    DATE_PART, FILLER, LETTER, LEXICON, MEDICAL_ALONE, MEDICAL_ENDING, MEDICAL_FIRST, MEDICAL_PART,
    MONTH, MULTIPLE, ORDINAL, PLUS, Roles, SCHEME, SPOKEN_NUMBER, UM,
};
use super::number;
use super::policy::Policy;
use super::recognizers::{card, date, email, ip, medical, mrn, name, national_id, postcode, url};
use super::spoken;
use super::token::{Class, STARTS, Token, ends_quietly};
use super::window::{Finding, Label, Window};

/// The at-signs that a token may belong to the address of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signs {
    /// Index in the window of the next `@`.
    pub(crate) written: Option<usize>,
    /// An at-sign with a dot behind it is near enough for a spelled address.
    pub(crate) said: bool,
}

/// An address with an at-sign that begins at the token at `index`: all that a plain word can begin.
pub(crate) fn address(window: &Window<'_>, index: usize, signs: Signs) -> Option<Finding> {
    signs
        .written
        .and_then(|sign| email::written(window, index, sign))
        .or_else(|| {
            if signs.said {
                email::spelled(window, index)
            } else {
                None
            }
        })
}

/// Whether nothing begins at the token at `index` but perhaps an address with an at-sign, as far as the token and the two
/// behind it tell. Most tokens are refused here, before a view is opened for them.
pub(crate) fn is_idle(tokens: &[Token], bytes: &[u8], index: usize) -> bool {
    match tokens[index].class {
        Class::Word => is_idle_word(tokens, bytes, index),
        Class::Number => is_idle_number(tokens, bytes, index),
        _ => false,
    }
}

fn is_idle_word(tokens: &[Token], bytes: &[u8], index: usize) -> bool {
    let token = &tokens[index];
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
        1 | 2 => {
            let little = token.has(FILLER)
                && token.len() == 2
                && bytes[token.start as usize].is_ascii_lowercase();
            little && !next.is_number()
                || next.is_word() && next.len() >= 3 && !spells_on(next, bytes)
        }
        3 => !next.is_number(),
        _ => true,
    }
}

/// Whether a letter or two before this word of three letters or more may be the beginning of a code.
#[inline]
fn spells_on(next: &Token, bytes: &[u8]) -> bool {
    next.has(SPOKEN_NUMBER | MULTIPLE | LETTER)
        || next.len() == 3
            && bytes[next.start as usize..next.end as usize].eq_ignore_ascii_case(b"for")
}

/// A few digits by themselves, a decimal or a time of day, and no word behind that a date or a dictated number goes on with.
fn is_idle_number(tokens: &[Token], bytes: &[u8], index: usize) -> bool {
    const GOES_ON: Roles = SPOKEN_NUMBER | MULTIPLE | UM | ORDINAL | MONTH | DATE_PART;
    let token = &tokens[index];
    let Some(next) = tokens.get(index + 1) else {
        return false;
    };
    let behind = bytes[token.end as usize];
    let mut last = index;
    if next.is_number() {
        let mark = match behind {
            b'.' => true,
            b':' => !matches!(
                bytes.get(next.end as usize),
                Some(b':' | b'a'..=b'f' | b'A'..=b'F')
            ),
            _ => false,
        };
        if !mark || next.start != token.end + 1 || token.len() > 3 || token.len() + next.len() >= 6
        {
            return false;
        }
        last += 1;
    } else if token.len() > 3 || behind == b'/' || !ends_quietly(bytes, token.end as usize) {
        return false;
    }
    tokens.get(last + 1).is_some_and(|after| match after.class {
        Class::Mark(_) => true,
        Class::Word => {
            let further = tokens.get(last + 2).map_or(0, |further| further.roles);
            !after.has(GOES_ON) && further & (SPOKEN_NUMBER | MULTIPLE | UM) == 0
        }
        Class::Number | Class::At | Class::Colons => false,
    })
}

/// What begins at the token at `index`.
pub(crate) fn find<'t>(
    window: &Window<'_>,
    index: usize,
    signs: Signs,
    policy: &Policy,
    text: impl Fn(usize, usize) -> &'t str,
) -> Option<Finding> {
    let token = &window.tokens[index];
    if let Some(found) = address(window, index, signs) {
        return Some(found);
    }
    let start = token.start as usize;
    if policy.has_terms()
        && let Some((end, kind)) = policy.term_at(window, index, |end| text(start, end))
    {
        return Some(Finding::redact(kind, start, end));
    }
    match token.class {
        Class::Number => number::find(window, index),
        Class::Colons => ip::version_six(window, index),
        Class::Word => word(window, index, token),
        Class::At | Class::Mark(_) => None,
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
    let start = window.tokens[index].start as usize;
    if let Some(end) = number::uuid(window, start).filter(|_| window.starts_clean(start)) {
        return Some(Finding::keep(start, end));
    }
    let record = || {
        // "number is a 12 …": a lone article is no prefix, one that touches the digits is.
        let asked = (!window.tokens[index].has(FILLER) || window.glued(index + 1))
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
