//! Conditions, drugs and procedures, by the lists of `data/redact/` and by endings that only medical words have.
//!
//! An everyday word ("cold", "shot", "stroke") counts only in clinical company, which the list of such words spells
//! out. Called by the scan for words that begin a term, and for long words in no list.

use crate::redact::entity::Kind;
use crate::redact::lexicon::{
    COMPANY, Company, MEDICAL_ALONE, MEDICAL_ENDING, MEDICAL_FIRST, MEDICAL_PART,
};
use crate::redact::token::Class;
use crate::redact::window::{Finding, Window};

/// How far before an everyday word its company may stand, and how far after.
const COMPANY_BEFORE: usize = 6;
const COMPANY_AFTER: usize = 4;
const COMPANY_BYTES_MAX: usize = 60;

/// A medical term that begins at the word at `index`.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    let start = token.start as usize;
    if !window.starts_clean(start) {
        return None;
    }
    if token.has(MEDICAL_FIRST) {
        let next = window.token(index + 1).map_or(0, |next| next.word);
        if !token.has(MEDICAL_ALONE) && window.lexicon.roles(next) & MEDICAL_PART == 0 {
            return None;
        }
        for phrase in &window.entry(index).phrases {
            let Some(last) = matches(window, index, &phrase.rest) else {
                continue;
            };
            let end = window[last].end as usize;
            let clean = window.ends_clean(end) && !is_code(window, start, end);
            if clean
                && phrase
                    .company
                    .as_ref()
                    .is_none_or(|company| keeps(window, index, last, company))
            {
                return Some(Finding::redact(Kind::Medical, start, end));
            }
        }
        return None;
    }
    let end = token.end as usize;
    (token.has(MEDICAL_ENDING) && window.ends_clean(end) && !is_code(window, start, end))
        .then_some(Finding::redact(Kind::Medical, start, end))
}

/// Index of the phrase's last word, if the words after `index` are the rest of it.
fn matches(window: &Window<'_>, index: usize, rest: &[u16]) -> Option<usize> {
    let mut at = index;
    for &word in rest {
        at += 1;
        if window.token(at)?.word != word || !joins(window.gap(at)) {
            return None;
        }
    }
    Some(at)
}

fn joins(gap: &[u8]) -> bool {
    gap.len() <= 2
        && gap
            .iter()
            .all(|byte| matches!(byte, b' ' | b'-' | b'\'' | b'/' | b'\n' | b'.'))
}

/// The word is part of a file name, an address or a variable.
fn is_code(window: &Window<'_>, start: usize, end: usize) -> bool {
    let dotted = window.byte(end) == b'.' && window.byte(end + 1).is_ascii_lowercase();
    let joined = matches!(window.before(start), b'_' | b'@' | b'#' | b'\\')
        || matches!(window.byte(end), b'_' | b'@' | b'=');
    dotted && window.byte(end + 2).is_ascii_lowercase() || joined
}

fn keeps(window: &Window<'_>, first: usize, last: usize, company: &Company) -> bool {
    let word = |at: usize| window.token(at).map_or(0, |token| token.word);
    let neighbour = |at: usize| window.gap(at).len() <= 2 && !window.gap(at).contains(&b'.');
    if window.has(last + 1) && neighbour(last + 1) && company.not_after.contains(&word(last + 1)) {
        return false;
    }
    if first > 0 && neighbour(first) && company.not_before.contains(&word(first - 1)) {
        return false;
    }
    let before = first.saturating_sub(COMPANY_BEFORE)..first;
    let after = window.stretch(last + 1, COMPANY_AFTER);
    let (start, end) = (window[first].start as usize, window[last].end as usize);
    let within = |at: usize| {
        let token = &window[at];
        start.saturating_sub(token.end as usize) <= COMPANY_BYTES_MAX
            && (token.start as usize).saturating_sub(end) <= COMPANY_BYTES_MAX
    };
    // A placeholder stands for words that were there: no company is counted across it.
    let open = |at: &usize| !matches!(window[*at].class, Class::Mark(_));
    let told =
        |at: usize| window[at].has(COMPANY) && within(at) && company.near.contains(&word(at));
    company.near.is_empty()
        || before.rev().take_while(open).any(told)
        || after.take_while(open).any(told)
}
