//! Medical record, hospital and patient numbers: whatever stands after their cue.
//!
//! There is no shape to know them by, so without a cue nothing is found. Called by the scan for numbers and words.

use crate::redact::entity::Kind;
use crate::redact::lexicon::FILLER;
use crate::redact::window::{Finding, Window};

const VALUE_BYTES_MAX: usize = 24;

/// The value at token `index`, which a record label precedes.
pub(crate) fn labelled(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    let mut end = piece(window, start);
    if window[index].has(FILLER) && !window.glued(index + 1) {
        return None;
    }
    let prefix = window[index].is_word() && end - start <= 3;
    if prefix && window.byte(end) == b' ' && window.byte(end + 1).is_ascii_digit() {
        end = piece(window, end + 1);
    }
    // Digits in groups: "123 456 7890".
    for _ in 0..5 {
        let further = window.byte(end) == b' '
            && window.byte(end + 1).is_ascii_digit()
            && window.byte(end + 2).is_ascii_digit();
        let next = if further { piece(window, end + 1) } else { end };
        let digits = window
            .bytes(end + 1, next)
            .is_some_and(|text| text.iter().all(u8::is_ascii_digit));
        if !further
            || !digits
            || !window.byte(end - 1).is_ascii_digit()
            || next - start > VALUE_BYTES_MAX
        {
            break;
        }
        end = next;
    }
    if window.byte(end) == b' '
        && window.byte(end + 1).is_ascii_uppercase()
        && !window.byte(end + 2).is_ascii_alphanumeric()
        && window.byte(end + 2) != b'\''
        && window.byte(end + 1) != b'I'
    {
        end += 2;
    }
    let digits = window
        .bytes(start, end)?
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .count();
    (digits >= 3 && window.starts_clean(start) && window.ends_clean(end))
        .then_some(Finding::redact(Kind::Mrn, start, end))
}

/// Letters and digits with single hyphens or slashes inside.
fn piece(window: &Window<'_>, start: usize) -> usize {
    let mut end = start;
    while end - start < VALUE_BYTES_MAX {
        let joins = matches!(window.byte(end), b'-' | b'/' | b'.')
            && window.byte(end + 1).is_ascii_alphanumeric()
            && end > start;
        if !joins && !window.byte(end).is_ascii_alphanumeric() {
            break;
        }
        end += 1;
    }
    end
}
