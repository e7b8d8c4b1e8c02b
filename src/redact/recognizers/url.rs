//! Web addresses: a scheme with `://`, or `www.`; a bare domain is none.
//!
//! An address runs to the next blank or quote, less the punctuation of the sentence around it. One longer than
//! [`URL_BYTES_MAX`] is cut and continued as a further span, so that nothing of it is let through and no look ahead
//! grows with it. Called by the scan for words.

use crate::redact::entity::Kind;
use crate::redact::fold;
use crate::redact::lexicon::SCHEME;
use crate::redact::window::{Finding, Window};

/// Longest piece of an address that becomes one span.
pub(crate) const URL_BYTES_MAX: usize = 192;

/// An address that begins with the word at `index`.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    let token = &window[index];
    let start = token.start as usize;
    let after = token.end as usize;
    let is_www = token.has(SCHEME) && window.is(index, "www");
    let body = if window.bytes(after, after + 3) == Some(b"://") {
        after + 3
    } else if is_www && window.byte(after) == b'.' {
        after + 1
    } else {
        return None;
    };
    if !belongs(window.byte(body))
        || matches!(window.byte(body), b'.' | b'/')
        || !window.starts_clean(start)
    {
        return None;
    }
    let end = tail(window.all_bytes(), start);
    (end > body).then_some(Finding::redact(Kind::Url, start, end))
}

/// Where the address that runs at `start` ends, at most [`URL_BYTES_MAX`] further.
pub(crate) fn tail(bytes: &[u8], start: usize) -> usize {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut end = start;
    let mut open = 0_i32;
    while end - start < URL_BYTES_MAX && belongs(byte(end)) {
        match byte(end) {
            b',' if bytes[end + 1..].starts_with(b"http") => break,
            b'(' | b'[' => open += 1,
            b')' | b']' => open -= 1,
            _ => {}
        }
        end += 1;
    }
    if is_cut(start, end) {
        return end;
    }
    while end > start {
        match byte(end - 1) {
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' => {}
            b')' | b']' if open < 0 => open += 1,
            _ => break,
        }
        end -= 1;
    }
    end
}

/// Whether an address goes on after a piece that was cut for its length.
pub(crate) const fn is_cut(start: usize, end: usize) -> bool {
    end - start == URL_BYTES_MAX
}

/// Whether a byte can stand in an address.
pub(crate) fn belongs(byte: u8) -> bool {
    !matches!(
        byte,
        0..=b' '
            | b'"'
            | b'<'
            | b'>'
            | b'`'
            | b'{'
            | b'}'
            | b'|'
            | b'\\'
            | b'^'
            | 0x7F
            | fold::IDEOGRAPH
            | fold::SYMBOL
            | fold::MARK
    )
}
