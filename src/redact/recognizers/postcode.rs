//! Full UK postcodes, written; the grammar of BS 7666 and the list of areas.
//!
//! Written small or without its blank it must look less like anything else: "W2 3rd floor", "B12 5gb" and hex digests
//! are no postcodes. Called by the scan for words, and the grammar by `spoken`.

use std::sync::LazyLock;

use crate::redact::entity::Kind;
use crate::redact::label::label_before;
use crate::redact::lexicon::STREET;
use crate::redact::window::{Finding, Label, Window};

static AREAS: LazyLock<[u32; 27]> = LazyLock::new(|| {
    // Row 0: areas of one letter; row n: second letters of the areas that begin with the n-th letter.
    let mut rows = [0; 27];
    for area in include_str!("../../../data/redact/postcode_areas.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
    {
        match *area.as_bytes() {
            [only] => rows[0] |= 1 << (only - b'A'),
            [first, second, ..] => rows[(first - b'A') as usize + 1] |= 1 << (second - b'A'),
            [] => {}
        }
    }
    rows
});

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
    if !(5..=7).contains(&code.len()) {
        return false;
    }
    let (outward, inward) = code.split_at(code.len() - 3);
    let upper = |byte: u8| byte.to_ascii_uppercase();
    let inward_letter =
        |byte: u8| upper(byte).is_ascii_uppercase() && !b"CIKMOV".contains(&upper(byte));
    if !inward[0].is_ascii_digit() || !inward_letter(inward[1]) || !inward_letter(inward[2]) {
        return false;
    }
    if outward.eq_ignore_ascii_case(b"GIR") {
        return inward.eq_ignore_ascii_case(b"0AA");
    }
    let letters = outward
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let area = match letters {
        1 => AREAS[0] & 1 << (upper(outward[0]) - b'A'),
        2 => AREAS[(upper(outward[0]) - b'A') as usize + 1] & 1 << (upper(outward[1]) - b'A'),
        _ => 0,
    };
    let district = match outward[letters..] {
        [digit] => digit.is_ascii_digit(),
        [tens, second] if second.is_ascii_digit() => (b'1'..=b'9').contains(&tens),
        [digit, letter] if letters == 1 => {
            digit.is_ascii_digit() && b"ABCDEFGHJKPSTUW".contains(&upper(letter))
        }
        [digit, letter] => digit.is_ascii_digit() && b"ABEHMNPRVWXY".contains(&upper(letter)),
        _ => false,
    };
    area != 0 && district
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
