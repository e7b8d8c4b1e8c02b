//! Payment cards and international bank accounts: issuer, length and checksum, or a cue.
//!
//! A card without cue must have an issuer's beginning and length and pass Luhn; an account must have its country's
//! length and pass mod 97. Called by `number` (cards) and by the scan for words (accounts).

use std::sync::LazyLock;

use super::groups::{Groups, Join};
use super::plan;
use crate::redact::entity::Kind;
use crate::redact::label::label_before;
use crate::redact::lexicon::IBAN;
use crate::redact::window::{Finding, Label, Window};

/// Longest account number of any country.
const IBAN_CHARACTERS_MAX: usize = 34;

/// Length of an account number by the two letters of its country; 0 where there are none.
static IBAN_LENGTHS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut lengths = vec![0; 26 * 26];
    let list = include_str!("../../../data/redact/iban_lengths.txt");
    for item in list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
    {
        let length = item[2..]
            .parse()
            .expect("an item of the list is a country and its length");
        lengths[country(item.as_bytes()).expect("an item begins with two letters")] = length;
    }
    lengths
});

/// Place of a country's two letters in the table.
fn country(letters: &[u8]) -> Option<usize> {
    let place = |letter: u8| {
        letter
            .is_ascii_alphabetic()
            .then(|| usize::from(letter.to_ascii_uppercase() - b'A'))
    };
    Some(place(*letters.first()?)? * 26 + place(*letters.get(1)?)?)
}

/// A card after its cue: any number of card length.
pub(crate) fn labelled(window: &Window<'_>, start: usize, groups: &Groups) -> Option<Finding> {
    let count = [16, 15, 14, 19, 13, 18, 17, 12]
        .into_iter()
        .find_map(|total| groups.count_for(total))?;
    let end = groups.end(count);
    window
        .ends_clean(end)
        .then_some(Finding::redact(Kind::CreditCard, start, end))
}

/// A card by issuer, length, grouping and Luhn.
pub(crate) fn shaped(window: &Window<'_>, start: usize, groups: &Groups) -> Option<Finding> {
    let all = groups.all();
    let joins = [Join::Space, Join::Dash, Join::Dot];
    let fits = |count: usize| {
        let digits = groups.digits(count);
        if digits.len() < 12 || !plan::is_issuer(digits) || !plan::is_luhn(digits) {
            return false;
        }
        let grouped = || {
            count == 1
                || all[0].len == 4 && all[..count].iter().skip(1).all(|group| group.len >= 3)
                || all[..count].iter().all(|group| group.len == 1)
        };
        grouped()
            && groups.joined_by(count, &joins)
            && groups.joined_evenly(count)
            && window.ends_clean(groups.end(count))
            && !groups.goes_on(count)
    };
    let count = (1..=all.len()).rev().find(|&count| fits(count))?;
    Some(Finding::redact(Kind::CreditCard, start, groups.end(count)))
}

/// Length of the account numbers of the country of two letters.
fn length_in(letters: &[u8]) -> Option<usize> {
    let length = usize::from(IBAN_LENGTHS[country(letters)?]);
    (length > 0).then_some(length)
}

/// Whether bytes that begin with two letters are an account number as far as length and checksum tell.
pub(crate) fn may_be_iban(bytes: &[u8], start: usize) -> bool {
    let byte_at = |at: usize| bytes.get(at).copied().unwrap_or(0);
    length_in(&bytes[start..start + 2]).is_some_and(|length| {
        collect(byte_at, start, length)
            .is_some_and(|(_, characters)| characters.len == length && characters.remainder() == 1)
    })
}

/// An account number that begins with the two letters at token `index`.
pub(crate) fn iban(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    let start = token.start as usize;
    if token.len() != 2 || !window.starts_clean(start) || !window.is_number(index + 1) {
        return None;
    }
    let gap = window.gap(index + 1);
    let digits = window[index + 1].len();
    if !(gap.is_empty() || gap == b" ") || digits < 2 {
        return None;
    }
    let length = length_in(window.text(token));
    if let Some(length) = length
        && let Some((end, characters)) = collect(|at| window.byte(at), start, length)
        && characters.len == length
        && window.ends_clean(end)
        && characters.remainder() == 1
        && label_before(window, index) != Label::Negative
    {
        return Some(Finding::redact(Kind::Iban, start, end));
    }
    if window.said & IBAN == 0 || label_before(window, index) != Label::Iban {
        return None;
    }
    let exact = length
        .and_then(|length| collect(|at| window.byte(at), start, length))
        .filter(|(end, _)| window.ends_clean(*end));
    let (end, characters) =
        exact.or_else(|| collect(|at| window.byte(at), start, IBAN_CHARACTERS_MAX))?;
    (characters.len >= 12 && window.ends_clean(end)).then_some(Finding::redact(
        Kind::Iban,
        start,
        end,
    ))
}

/// Letters and digits of an account number.
struct Characters {
    bytes: [u8; IBAN_CHARACTERS_MAX],
    len: usize,
}

impl Characters {
    /// The number with its first four characters moved to the end, modulo 97.
    fn remainder(&self) -> u32 {
        let bytes = &self.bytes[..self.len];
        bytes[4..]
            .iter()
            .chain(&bytes[..4])
            .fold(0, |rest, &byte| match byte {
                b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
                _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
            })
    }
}

/// Up to `most` letters and digits with single blanks or hyphens between them, and where they end.
fn collect(
    byte_at: impl Fn(usize) -> u8,
    start: usize,
    most: usize,
) -> Option<(usize, Characters)> {
    let mut characters = Characters {
        bytes: [0; IBAN_CHARACTERS_MAX],
        len: 0,
    };
    let mut at = start;
    while characters.len < most {
        let byte = byte_at(at);
        if byte.is_ascii_alphanumeric() {
            characters.bytes[characters.len] = byte.to_ascii_uppercase();
            characters.len += 1;
        } else if !matches!(byte, b' ' | b'-' | b'.') || !byte_at(at + 1).is_ascii_alphanumeric() {
            break;
        } else if byte_at(start).is_ascii_uppercase() && byte_at(at + 1).is_ascii_lowercase() {
            // An ordinary word follows.
            break;
        }
        at += 1;
    }
    (characters.len > 4).then_some((at, characters))
}
