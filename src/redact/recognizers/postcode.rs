//! Full UK postcodes, written; the grammar of BS 7666 and the list of areas.
//!
//! Written small or without its blank it must look less like anything else: "W2 3rd floor", "B12 5gb" and hex digests
//! are no postcodes. Called by the scan for words, and the grammar by `spoken`.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::redact::entity::Kind;
use crate::redact::label::label_before;
use crate::redact::lexicon::STREET;
use crate::redact::window::{Finding, Label, Window};

/// A postcode without its blank, in either case: an area of the list, a district, and the inward code.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    let lines = include_str!("../../../data/redact/postcode_areas.txt").lines();
    let areas = lines
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace);
    let (one, two): (Vec<_>, Vec<_>) = areas.partition(|area| area.len() == 1);
    // One digit, two, or one and a letter that depends on the area.
    let district = "[0-9]|[1-9][0-9]|[0-9]";
    let pattern = format!(
        "^(?i-u:(?:(?:{one})(?:{district}[A-HJKPSTUW])|(?:{two})(?:{district}[ABEHMNPRVWXY]))[0-9][ABD-HJLNP-UW-Z]{{2}}|GIR0AA)$",
        one = one.join("|"),
        two = two.join("|"),
    );
    Regex::new(&pattern).expect("invariant: areas are plain letters")
});

/// Compiles the pattern, which the first candidate does otherwise.
pub(crate) fn load() {
    LazyLock::force(&CODE);
}

/// Inward codes that are units or ordinals when written small.
const UNITS: [&[u8; 2]; 22] = [
    b"rd", b"nd", b"th", b"st", b"hr", b"gb", b"tb", b"hz", b"ft", b"lb", b"px", b"hp", b"yr",
    b"pt", b"ph", b"pp", b"qt", b"bn", b"ns", b"us", b"yd", b"ds",
];

/// A postcode that begins with the letters at token `index`.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    let start = token.start as usize;
    // A district begins with a digit that touches the area's letters; only GIR 0AA has none.
    let district = window.glued(index + 1) || token.len() == 3;
    if token.len() > 3 || !district || !window.starts_clean(start) {
        return None;
    }
    let written = read(window, start)?;
    let touches = matches!(window.before(start), b'-' | b'/' | b'.' | b'#')
        && (window.before(start) == b'#'
            || start > 1 && window.byte(start - 2).is_ascii_alphanumeric());
    let goes_on = matches!(window.byte(written.end), b'-' | b'/' | b'@')
        && window.byte(written.end + 1).is_ascii_alphanumeric();
    let label = label_before(window, index);
    if label == Label::Negative || touches || goes_on {
        return None;
    }
    let told = label == Label::Postcode || plausible(window, index, start, &written);
    told.then_some(Finding::redact(Kind::Postcode, start, written.end))
}

/// A postcode as it stands in the text.
struct Written {
    code: [u8; 7],
    len: usize,
    spaced: bool,
    end: usize,
}

fn read(window: &Window<'_>, start: usize) -> Option<Written> {
    let mut written = Written {
        code: [0; 7],
        len: 0,
        spaced: false,
        end: start,
    };
    let mut gap_at = None;
    let mut at = start;
    loop {
        let byte = window.byte(at);
        if byte.is_ascii_alphanumeric() {
            if written.len == 7 {
                return None;
            }
            written.code[written.len] = byte;
            written.len += 1;
            at += 1;
            written.end = at;
            // With the blank seen, two letters end the inward code.
            if gap_at.is_some_and(|gap| written.len == gap + 3) {
                break;
            }
        } else {
            let mut next = at;
            while next - at < 3 && matches!(window.byte(next), b' ' | b'-' | b'.') {
                next += 1;
            }
            if next == at
                || gap_at.is_some()
                || written.len < 2
                || written.len > 4
                || !window.byte(next).is_ascii_digit()
            {
                break;
            }
            gap_at = Some(written.len);
            at = next;
        }
    }
    written.spaced = gap_at.is_some();
    let split = gap_at.unwrap_or(written.len.saturating_sub(3));
    let fits = written.len == split + 3
        && window.ends_clean(written.end)
        && is_postcode(&written.code[..written.len]);
    fits.then_some(written)
}

/// The grammar of a postcode without its blank, in either case.
pub(crate) fn is_postcode(code: &[u8]) -> bool {
    (5..=7).contains(&code.len()) && CODE.is_match(code)
}

fn plausible(window: &Window<'_>, index: usize, start: usize, written: &Written) -> bool {
    let code = &written.code[..written.len];
    let inward = [
        code[written.len - 2].to_ascii_lowercase(),
        code[written.len - 1].to_ascii_lowercase(),
    ];
    let small = code.iter().any(u8::is_ascii_lowercase);
    let large = code.iter().any(u8::is_ascii_uppercase);
    let unit = UNITS.contains(&&inward);
    let capitalised = code[0].is_ascii_uppercase() && !code[1..].iter().any(u8::is_ascii_uppercase);
    if small && unit || small && large && !(capitalised && written.spaced) {
        return false;
    }
    if !written.spaced {
        let hexadecimal = code.iter().all(u8::is_ascii_hexdigit);
        return written.len >= 6 && !(hexadecimal && small) && window.before(start) != b'_';
    }
    // "UNIT W2 3RD FLOOR": an ordinal in capitals.
    let next = window.index_at(index, written.end);
    let floor = unit
        && (window.roles(next) & STREET != 0
            || window.is(next, "floor")
            || window.is(next, "level"));
    !floor
}
