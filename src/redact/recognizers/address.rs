//! Street addresses, ZIP codes and great ages: what the stricter profiles redact and the default keeps.
//!
//! A street address is a house number, up to four words and a word such as "Road". A ZIP needs a state before it or a
//! label. Called by `number`; each is refused at once unless its kind is wanted.

use crate::redact::entity::Kind;
use crate::redact::label::label_before;
use crate::redact::lexicon::STREET;
use crate::redact::window::{Finding, Label, Window};

const STREET_WORDS_MAX: usize = 4;

/// States and territories as they stand before a ZIP code.
const STATES: &str = " AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR ";

/// An address, a ZIP code or an age that begins at the number at `index`.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    let wanted = |kind| window.kinds.contains(kind);
    if !(wanted(Kind::Address) || wanted(Kind::Zip) || wanted(Kind::Age))
        || !window.starts_clean(window[index].start as usize)
    {
        return None;
    }
    let street = || {
        wanted(Kind::Address)
            .then(|| street(window, index))
            .flatten()
    };
    let zip = || wanted(Kind::Zip).then(|| zip(window, index)).flatten();
    let age = || wanted(Kind::Age).then(|| age(window, index)).flatten();
    street().or_else(zip).or_else(age)
}

fn street(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    if window[index].len() > 5 {
        return None;
    }
    let first = index
        + 1
        + usize::from(
            window.glued(index + 1)
                && window
                    .token(index + 1)
                    .is_some_and(|token| token.len() == 1),
        );
    for at in window.stretch(first, STREET_WORDS_MAX + 1) {
        let token = &window[at];
        if !matches!(window.gap(at), b" " | b", " | b"'" | b". ") || !token.is_word() {
            return None;
        }
        if at > first && token.has(STREET) && window.byte(token.start as usize).is_ascii_uppercase()
        {
            return Some(Finding::redact(Kind::Address, start, token.end as usize));
        }
        if !window.byte(token.start as usize).is_ascii_uppercase() && window.gap(at) != b"'" {
            return None;
        }
    }
    None
}

fn zip(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    if token.len() != 5 {
        return None;
    }
    let mut end = token.end as usize;
    if window.byte(end) == b'-'
        && window
            .token(index + 1)
            .is_some_and(|next| next.is_number() && next.len() == 4)
    {
        end = window[index + 1].end as usize;
    }
    let state = index > 0 && window.gap(index) == b" " && {
        let text = window.text(&window[index - 1]);
        text.len() == 2 && std::str::from_utf8(text).is_ok_and(|text| STATES.contains(text))
    };
    let told = state || label_before(window, index) == Label::Postcode;
    (told && window.ends_clean(end)).then_some(Finding::redact(
        Kind::Zip,
        token.start as usize,
        end,
    ))
}

/// "aged 93", "93 years old", "93-year-old".
fn age(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    let value = window
        .text(token)
        .iter()
        .take(3)
        .fold(0u32, |value, &digit| value * 10 + u32::from(digit - b'0'));
    let said = index > 0
        && window.gap(index).len() <= 3
        && ["aged", "age"]
            .iter()
            .any(|word| window.is(index - 1, word))
        || ["years", "year", "yrs", "yo"]
            .iter()
            .any(|word| window.is(index + 1, word))
            && (window.is(index + 2, "old") || window.is(index + 1, "yo"));
    (token.len() <= 3 && (90..=130).contains(&value) && said).then_some(Finding::redact(
        Kind::Age,
        token.start as usize,
        token.end as usize,
    ))
}
