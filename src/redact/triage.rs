//! Which recognizer is asked about a token, and which tokens nobody needs to be asked about.
//!
//! The order is the precedence of kinds: addresses with an at-sign, a tenant's own terms, then by the token's class.
//! It holds no rule of any kind itself. Invariant: of a token with the role `PLAIN`, [`find`] finds nothing that
//! [`address`] does not, whatever stands around it. Called by the walk.

use super::entity::Kind;
use super::label::label_before;
use super::lexicon::{
    FILLER, LETTER, MEDICAL_ENDING, MEDICAL_FIRST, MONTH, MULTIPLE, ORDINAL, PLUS, Roles, SCHEME,
    SPOKEN_NUMBER,
};
use super::number;
use super::policy::Policy;
use super::recognizers::{card, date, email, ip, medical, mrn, name, national_id, postcode, url};
use super::spoken;
use super::token::{Class, Token};
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
