//! Lines of JSON for `run`: a question in, an answer out, without a look at each byte by itself.
//!
//! serde_json reads the line; only the text's escapes and the answer are done by hand, because a text dense with findings
//! is mostly spans, and its text mostly line breaks. Invariant: whatever is not the plainest form is left to serde_json,
//! so that both agree on what is JSON. Called by `run`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::redactor::Outcome;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// A question as it stands in its line.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    text: &'a RawValue,
}

/// A question as serde_json understands all of it.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// The id and the text of a question, or what is wrong with it; `room` holds the text where it cannot be borrowed from
/// the line.
pub(crate) fn question<'a>(
    line: &'a [u8],
    room: &'a mut String,
) -> Result<(&'a str, &'a str), String> {
    let raw: Raw<'a> = serde_json::from_slice(line).map_err(reason)?;
    let body = raw.text.get().strip_prefix('"');
    let body = body.and_then(|body| body.strip_suffix('"'));
    if let Some(body) = body.filter(|body| find(body.as_bytes(), b'\\').is_none()) {
        return Ok((raw.id.get(), body));
    }
    if !body.is_some_and(|body| unescape(body, room)) {
        let read: Read<'a> = serde_json::from_slice(line).map_err(reason)?;
        *room = read.text.into_owned();
    }
    Ok((raw.id.get(), room))
}

/// What is wrong with a line, without quoting it: the parser's own words may hold a piece of the text.
fn reason(error: serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Syntax => "no valid JSON",
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field is missing or of the wrong type",
        serde_json::error::Category::Io => "it cannot be read",
    };
    format!("{what} at column {}", error.column())
}

/// Writes a string's content without its escapes; false if there are others than those of one letter.
fn unescape(mut body: &str, out: &mut String) -> bool {
    out.clear();
    while let Some(at) = find(body.as_bytes(), b'\\') {
        out.push_str(&body[..at]);
        out.push(match body.as_bytes().get(at + 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            _ => return false,
        });
        body = &body[at + 2..];
    }
    out.push_str(body);
    true
}

/// Writes the answer to a question.
pub(crate) fn answer(output: &mut Vec<u8>, id: &str, outcome: &Outcome<'_>, nanoseconds: u128) {
    output.extend_from_slice(b"{\"id\":");
    output.extend_from_slice(id.as_bytes());
    output.extend_from_slice(b",\"redacted\":\"");
    escape(&outcome.text, output);
    output.extend_from_slice(b"\",\"spans\":[");
    for (place, span) in outcome.spans.iter().enumerate() {
        output.extend_from_slice(if place == 0 {
            b"{\"start\":"
        } else {
            b",{\"start\":"
        });
        number(output, span.start as u64);
        output.extend_from_slice(b",\"end\":");
        number(output, span.end as u64);
        output.extend_from_slice(b",\"kind\":\"");
        output.extend_from_slice(span.kind.name().as_bytes());
        output.extend_from_slice(b"\"}");
    }
    let tenths = u64::try_from((nanoseconds + 50) / 100).unwrap_or(u64::MAX);
    output.extend_from_slice(b"],\"us\":");
    number(output, tenths / 10);
    output.extend_from_slice(&[b'.', b'0' + (tenths % 10) as u8, b'}', b'\n']);
}

/// Writes a string's content with its escapes.
fn escape(text: &str, output: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let special = |eight: u64| {
        zeros(eight ^ (ONES * b'"' as u64))
            | zeros(eight ^ (ONES * b'\\' as u64))
            | (eight.wrapping_sub(ONES * 0x20) & !eight & HIGH)
    };
    let mut rest = text.as_bytes();
    while let Some(at) = first(rest, special) {
        output.extend_from_slice(&rest[..at]);
        let byte = rest[at];
        let letter = match byte {
            b'\n' => b'n',
            b'\t' => b't',
            b'\r' => b'r',
            0x08 => b'b',
            0x0C => b'f',
            b'"' | b'\\' => byte,
            _ => {
                output.extend_from_slice(b"\\u00");
                output
                    .extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
                rest = &rest[at + 1..];
                continue;
            }
        };
        output.extend_from_slice(&[b'\\', letter]);
        rest = &rest[at + 1..];
    }
    output.extend_from_slice(rest);
}

/// Writes a number in decimal digits.
fn number(output: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    output.extend_from_slice(&digits[first..]);
}

/// Where a byte stands first.
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    first(bytes, |eight| zeros(eight ^ (ONES * u64::from(byte))))
}

/// Where the first byte stands that `flags` flags, eight at a time; the lowest flag of eight must be right, others need not.
fn first(bytes: &[u8], flags: impl Fn(u64) -> u64) -> Option<usize> {
    let (eights, rest) = bytes.as_chunks::<8>();
    for (place, eight) in eights.iter().enumerate() {
        let found = flags(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let found = flags(u64::from_le_bytes(last));
    let at = found.trailing_zeros() as usize / 8;
    (found != 0 && at < rest.len()).then_some(eights.len() * 8 + at)
}

/// The highest bit of each byte that is zero.
fn zeros(eight: u64) -> u64 {
    eight.wrapping_sub(ONES) & !eight & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_serde_json() {
        let text: String = (0..0x180).filter_map(char::from_u32).collect();
        let text = format!("{text}\"\\/é𝟕{text}");
        let mut written = Vec::from(b"\"");
        escape(&text, &mut written);
        written.push(b'"');
        assert_eq!(written, serde_json::to_vec(&text).expect("a text is JSON"));
    }

    #[test]
    fn every_escape_is_read() {
        let mut room = String::new();
        for (body, text) in [
            (r#"plain"#, "plain"),
            (r#"a\nb\t\"\\\/c"#, "a\nb\t\"\\/c"),
            (r#"\u00e9\b\f \ud835\udfd5"#, "é\u{8}\u{c} 𝟕"),
        ] {
            let line = format!(r#"{{"id":7,"text":"{body}","more":[1]}}"#);
            let read = question(line.as_bytes(), &mut room).expect("the line is a question");
            assert_eq!(read, ("7", text));
        }
        for bad in [
            r#"{"id":1,"text":"\ud835"}"#,
            r#"{"id":1,"text":7}"#,
            r#"{"text":""}"#,
        ] {
            assert!(question(bad.as_bytes(), &mut room).is_err(), "{bad}");
        }
    }
}
