//! E-mail addresses, written or spelled out: `jane@example.com`, "jane dot doe at example dot com".
//!
//! Written: a local part of at most 64 bytes and a domain that ends in letters. Spelled: the same with words for the
//! marks, and a last word that is a known top-level domain, because "meet me at noon" is everywhere. Called by the
//! scan for every token; both forms are refused in a few steps where no at-sign is near.

use crate::redact::entity::Kind;
use crate::redact::fold;
use crate::redact::label::{label_before, may_be_labelled};
use crate::redact::lexicon::{
    AT, BEFORE_SPELLED, DASH, DOT, EMAIL, FILLER, PLUS, SPOKEN_NUMBER, TLD, UNDERSCORE,
};
use crate::redact::token::{Class, LOCAL_BYTES_MAX, SPELLED_TOKENS_MAX, Token, Tokens, is_local};
use crate::redact::window::{Finding, Label, Window};

const DOMAIN_BYTES_MAX: usize = 128;

/// A written address that begins at the token at `index`.
pub(crate) fn written(window: &Window<'_>, index: usize) -> Option<Finding> {
    let mut start = window[index].start as usize;
    // Before a local part of underscores alone, the sign is the first token.
    let mut tokens = (index..).map_while(|at| window.token(at));
    let sign = tokens.find(|token| token.class == Class::At)?.start as usize;
    while start > window.floor
        && window.byte(start - 1) == b'_'
        && window[index].start as usize - start < 4
    {
        start -= 1;
    }
    let local = window.bytes(start, sign)?;
    let spaced = local.last() == Some(&b' ') || window.byte(sign + 1) == b' ';
    let body = local.strip_suffix(b" ").unwrap_or(local);
    if body.is_empty() || body.len() > LOCAL_BYTES_MAX || !body.iter().all(|&byte| is_local(byte)) {
        return None;
    }
    let domain_start = sign + 1 + usize::from(window.byte(sign + 1) == b' ');
    let end = domain(window, domain_start).filter(|&end| window.byte(end) != fold::MARK)?;
    let told = !spaced || label_before(window, index) == Label::Email || body.contains(&b'.');
    told.then_some(Finding::redact(Kind::Email, start, end))
}

/// The end of a domain: labels of letters, digits and hyphens, the last of letters only.
fn domain(window: &Window<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    let mut label = start;
    let mut best = None;
    while at - start < DOMAIN_BYTES_MAX {
        match window.byte(at) {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | fold::LETTER | fold::IDEOGRAPH => {
                at += 1
            }
            other => {
                if label > start && window.bytes(label, at).is_some_and(is_top) {
                    best = Some(at);
                }
                if other != b'.' || at == label || at - label > 63 {
                    break;
                }
                at += 1;
                label = at;
            }
        }
    }
    best
}

fn is_top(label: &[u8]) -> bool {
    let letters = label
        .iter()
        .all(|&byte| byte.is_ascii_alphabetic() || matches!(byte, fold::LETTER | fold::IDEOGRAPH));
    (2..=24).contains(&label.len()) && letters
        || label.len() > 4 && label[..4].eq_ignore_ascii_case(b"xn--")
}

/// Whether a spelled address may begin at the token at `index`, as far as it and the next token tell.
pub(crate) fn may_be_spelled(tokens: &Tokens, bytes: &[u8], index: usize) -> bool {
    let token = &tokens.all[index];
    let Some(next) = tokens
        .all
        .get(index + 1)
        .filter(|_| token.has(BEFORE_SPELLED))
    else {
        return false;
    };
    let gap = &bytes[token.end as usize..next.start as usize];
    if !near(gap) {
        return false;
    }
    let spells = |token: &Token| token.is_number() || token.len() == 1 || token.has(SPOKEN_NUMBER);
    match next.class {
        Class::At => true,
        Class::Word | Class::Number => {
            next.has(AT | DOT | UNDERSCORE | DASH | PLUS)
                || matches!(gap, b"" | b".")
                || spells(token) && spells(next)
                || !token.has(FILLER)
                    && tokens.said & EMAIL != 0
                    && may_be_labelled(&tokens.all, index, EMAIL)
        }
        Class::Colons | Class::Mark(_) => false,
    }
}

/// A spelled address that begins at the token at `index`.
pub(crate) fn spelled(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    if window.before(start) == b'\'' || !window.starts_clean(start) {
        return None;
    }
    let sign = spelled_local(window, index)?;
    let end = spelled_domain(window, sign + 1)?;
    Some(Finding::redact(
        Kind::Email,
        start,
        window[end].end as usize,
    ))
}

/// Index of the at-sign after a local part. Connectors must hold the part together, unless it is said to be an address.
fn spelled_local(window: &Window<'_>, index: usize) -> Option<usize> {
    let mut after_mark = true;
    let mut marked = false;
    let mut told = false;
    for at in window.stretch(index, SPELLED_TOKENS_MAX) {
        if at > index && !near(window.gap(at)) {
            return None;
        }
        let token = &window[at];
        match token.class {
            Class::At if at > index => return Some(at),
            Class::Word if at > index && token.has(AT) && !after_mark => return Some(at),
            Class::Word if at > index && token.has(DOT | UNDERSCORE | DASH | PLUS) => {
                (after_mark, marked) = (true, true)
            }
            Class::Word | Class::Number => {
                let joins = told
                    || after_mark
                    || marked && spells(window, at)
                    || window.glued(at)
                    || window.gap(at) == b"."
                    || spells(window, at - 1) && spells(window, at);
                if !joins {
                    told =
                        !window[index].has(FILLER) && label_before(window, index) == Label::Email;
                    if !told {
                        return None;
                    }
                }
                after_mark = false;
            }
            _ => return None,
        }
    }
    None
}

/// One letter, a digit group or a number word: pieces that people string together when they spell.
fn spells(window: &Window<'_>, at: usize) -> bool {
    window.single_letter(at).is_some()
        || window.is_number(at)
        || window.roles(at) & SPOKEN_NUMBER != 0
}

/// Index of the last token of a domain that begins at the token at `index`.
fn spelled_domain(window: &Window<'_>, index: usize) -> Option<usize> {
    let mut last = None;
    let mut after_dot = false;
    let mut words = 0;
    for at in window.stretch(index, 14) {
        let token = &window[at];
        if !near(window.gap(at)) || !(token.is_word() || token.is_number()) {
            break;
        }
        if token.has(DOT) {
            if words == 0 {
                break;
            }
            (after_dot, words) = (true, 0);
            continue;
        }
        after_dot |= window.gap(at) == b".";
        words += 1;
        if after_dot && token.has(TLD) && words == 1 {
            last = Some(at);
        } else if last.is_some() && !after_dot || words > 5 {
            break;
        }
        if last.is_some_and(|last| last < at) && !after_dot {
            break;
        }
        after_dot = false;
    }
    last
}

/// Blanks, a bracket or a mark: what may stand between the pieces of a spelled address.
fn near(gap: &[u8]) -> bool {
    gap.len() <= 3
        && gap.iter().all(|byte| {
            matches!(
                byte,
                b' ' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'-' | b'.' | b'_' | b',' | b'\''
            )
        })
}
