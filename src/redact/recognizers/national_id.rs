//! Numbers that states give to people: NHS, social security, national insurance and, on request, Medicare.
//!
//! After their cue they go even with a wrong check digit or prefix (mis-typed, mis-heard); without it they must pass
//! their structure and, for NHS, the checksum and a 3-3-4 grouping. Called by `number` and by the scan for words.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::groups::{Groups, Join};
use super::plan;
use crate::redact::entity::Kind;
use crate::redact::label::label_before;
use crate::redact::token::Token;
use crate::redact::window::{Finding, Label, Window};

/// Compiles the pattern, which the first candidate does otherwise.
pub(crate) fn load() {
    LazyLock::force(&MBI);
}

/// An NHS number after its cue: ten digits however grouped, or one too few or too many.
pub(crate) fn nhs_labelled(window: &Window<'_>, start: usize, groups: &Groups) -> Option<Finding> {
    let count = groups
        .count_for(10)
        .or_else(|| groups.longest(usize::MAX, 9, 12))?;
    let end = groups.end(count);
    window
        .ends_clean(end)
        .then_some(Finding::redact(Kind::NhsNumber, start, end))
}

/// An NHS number without cue, by grouping and checksum.
pub(crate) fn nhs_shaped(window: &Window<'_>, start: usize, groups: &Groups) -> Option<Finding> {
    let grouped = groups.shaped(&[3, 3, 4])
        && groups.joined_by(3, &[Join::Space, Join::Dash])
        && groups.joined_evenly(3);
    let count = if grouped { 3 } else { 1 };
    let digits = groups.digits(count);
    let end = groups.end(count);
    let alone = !groups.spaced_on(count);
    let told = grouped && alone || window.is_whole_line(start, end);
    let clean = window.ends_clean(end) && !groups.goes_on(count);
    (plan::is_nhs(digits) && told && clean).then_some(Finding::redact(Kind::NhsNumber, start, end))
}

/// A social security number after its cue.
pub(crate) fn ssn_labelled(window: &Window<'_>, start: usize, groups: &Groups) -> Option<Finding> {
    let count = groups
        .count_for(9)
        .or_else(|| groups.longest(usize::MAX, 8, 10))?;
    let end = groups.end(count);
    window
        .ends_clean(end)
        .then_some(Finding::redact(Kind::Ssn, start, end))
}

/// A social security number by its 3-2-4 grouping.
pub(crate) fn ssn_shaped(window: &Window<'_>, start: usize, groups: &Groups) -> Option<Finding> {
    let grouped = groups.shaped(&[3, 2, 4])
        && groups.joined_by(3, &[Join::Space, Join::Dash, Join::Dot])
        && groups.joined_evenly(3);
    let end = groups.end(3.min(groups.all().len()));
    let clean = grouped && window.ends_clean(end) && !groups.goes_on(3);
    let goes_on = groups.spaced_on(3);
    (clean && !goes_on && plan::is_social_security(groups.digits(3))).then_some(Finding::redact(
        Kind::Ssn,
        start,
        end,
    ))
}

/// Whether the numbers from token `at` on may be the six digits of a national insurance number.
pub(crate) fn may_be_nino(tokens: &[Token], at: usize) -> bool {
    let mut digits = 0;
    for token in tokens[at..].iter().take_while(|token| token.is_number()) {
        digits += token.len();
        if digits >= 6 {
            break;
        }
    }
    digits == 6
}

/// A national insurance number that begins with the two letters at token `index`.
pub(crate) fn nino(window: &Window<'_>, index: usize) -> Option<Finding> {
    let prefix = &window[index];
    if prefix.len() != 2
        || !window.is_number(index + 1)
        || !window.starts_clean(prefix.start as usize)
    {
        return None;
    }
    let near = |at: usize| matches!(window.gap(at), b"" | b" " | b"-" | b"." | b"  ");
    let mut digits = 0;
    let mut at = index + 1;
    while digits < 6 && window.is_number(at) && near(at) {
        digits += window[at].len();
        at += 1;
    }
    if digits != 6 {
        return None;
    }
    let numbers_end = window[at - 1].end as usize;
    let suffix = window.single_letter(at).filter(|_| near(at));
    let letters = window.text(prefix);
    let structured = is_nino_prefix(letters)
        && suffix.is_some_and(|letter| (b'a'..=b'd').contains(&letter))
        && !an_article(window, letters, at);
    let label = if structured {
        label_or_none(window, index)
    } else {
        label_before(window, index)
    };
    let end = match (label, suffix) {
        (Label::Negative, _) => return None,
        (Label::Nino, None) => numbers_end,
        (Label::Nino, Some(_)) => window[at].end as usize,
        (_, Some(_)) if structured => window[at].end as usize,
        _ => return None,
    };
    window
        .ends_clean(end)
        .then_some(Finding::redact(Kind::NiNumber, prefix.start as usize, end))
}

fn label_or_none(window: &Window<'_>, index: usize) -> Label {
    label_before(window, index)
}

/// "no 123456 a day": a lower-case `a` after a blank is an article.
fn an_article(window: &Window<'_>, letters: &[u8], suffix: usize) -> bool {
    letters[0].is_ascii_lowercase() && !window.glued(suffix) && window[suffix - 1].len() == 6
}

/// Letters that begin issued numbers.
pub(crate) fn is_nino_prefix(letters: &[u8]) -> bool {
    let (first, second) = (
        letters[0].to_ascii_uppercase(),
        letters[1].to_ascii_uppercase(),
    );
    first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(&first)
        && !b"DFIQUVO".contains(&second)
        && !matches!(
            &[first, second],
            b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ"
        )
}

/// A Medicare identifier: eleven places of fixed kinds, with or without its two hyphens, as its issuer publishes them.
static MBI: LazyLock<Regex> = LazyLock::new(|| {
    let letter = "[AC-HJKMNP-RT-Y]";
    let either = "[0-9AC-HJKMNP-RT-Y]";
    let pattern = format!(
        "^(?i-u:[1-9]{letter}{either}[0-9][- ]?{letter}{either}[0-9][- ]?{letter}{{2}}[0-9]{{2}})"
    );
    Regex::new(&pattern).expect("invariant: the pattern is fixed")
});

/// A Medicare identifier that begins with the number of this token.
pub(crate) fn mbi(window: &Window<'_>, token: &Token) -> Option<Finding> {
    let start = token.start as usize;
    // Its second place is a letter, which few numbers have.
    if !window.byte(start + 1).is_ascii_alphabetic() {
        return None;
    }
    let mut places = (11..=13).rev();
    let written = places.find_map(|places| window.bytes(start, start + places))?;
    let end = start + MBI.find(written)?.end();
    (window.starts_clean(start) && window.ends_clean(end)).then_some(Finding::redact(
        Kind::Mbi,
        start,
        end,
    ))
}
