//! IPv4 and IPv6 addresses, with prefix length or zone.
//!
//! Four octets up to 255, unless a word before says that it is a version; RFC 4291 forms as the standard library reads
//! them. Times, ratios, C++ scopes and MAC addresses are not addresses. Called by `number` and by the scan for words.

use std::net::Ipv6Addr;

use crate::redact::entity::Kind;
use crate::redact::fold;
use crate::redact::label::{label_before, version_before};
use crate::redact::window::{Finding, Label, Window};

/// Longest written IPv6 address.
const IPV6_BYTES_MAX: usize = 46;
const ZONE_BYTES_MAX: usize = 16;

/// An IPv4 address whose first octet is the number token at `index`.
pub(crate) fn version_four(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    let mut octets = [0; 4];
    for (place, octet) in octets.iter_mut().enumerate() {
        let at = index + place;
        let token = window
            .token(at)
            .filter(|token| token.is_number() && token.len() <= 3)?;
        if place > 0 && window.gap(at) != b"." {
            return None;
        }
        *octet = window
            .text(token)
            .iter()
            .fold(0u32, |value, &digit| value * 10 + u32::from(digit - b'0'));
    }
    let end = window[index + 3].end as usize;
    let valid = octets.iter().all(|&octet| octet <= 255);
    // Five parts are an address with a tail only if it begins like no outline or object identifier does.
    let five = window.byte(end) == b'.' && window.byte(end + 1).is_ascii_digit();
    let clean = window.starts_clean(start) && window.ends_clean(end) && !(five && octets[0] < 100);
    if !valid || !clean || preceded_by_part(window, start) {
        return None;
    }
    let told = !version_before(window, index) || label_before(window, index) == Label::Ip;
    told.then_some(Finding::redact(
        Kind::Ip,
        start,
        prefix_length(window, end, 32),
    ))
}

/// A dot and a digit before: this is the tail of something longer.
fn preceded_by_part(window: &Window<'_>, start: usize) -> bool {
    start > 1
        && matches!(window.byte(start - 1), b'.' | b'-')
        && (window.byte(start - 2).is_ascii_alphanumeric() || window.byte(start - 2) == fold::MARK)
}

/// An IPv6 address that begins at byte `start`, with the token at `index`.
pub(crate) fn version_six(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    if !window.starts_clean(start)
        || matches!(window.before(start), b':')
        || window.byte(start) == b':' && window.before(start) == b'.'
    {
        return None;
    }
    let mut end = start;
    while end - start < IPV6_BYTES_MAX
        && matches!(window.byte(end), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':' | b'.')
    {
        end += 1;
    }
    let (end, text) = parsed(window, start, end)?;
    if !window.ends_clean(end) || window.byte(end) == b':' {
        return None;
    }
    let length = prefix_length(window, end, 128);
    let groups = || text.split(':').filter(|group| !group.is_empty());
    let digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let long = groups().any(|group| group.len() >= 3);
    let shown = if text == "::" {
        length > end
    } else if let Some(short) = text.strip_prefix("::") {
        digit && !short.is_empty()
    } else {
        digit && (long || groups().count() >= 3 && text.contains("::"))
    };
    let told = shown || text != "::" && label_before(window, index) == Label::Ip;
    told.then(|| Finding::redact(Kind::Ip, start, zone(window, length)))
}

/// The longest front of the run that the standard library reads as an address.
fn parsed<'a>(window: &Window<'a>, start: usize, end: usize) -> Option<(usize, &'a str)> {
    let mut end = end;
    // A sentence's full stop or a label's colon may touch the address.
    for _ in 0..3 {
        let text = std::str::from_utf8(window.bytes(start, end)?).ok()?;
        if text.contains(':') && text.parse::<Ipv6Addr>().is_ok() {
            return Some((end, text));
        }
        if !matches!(text.as_bytes().last(), Some(b'.' | b':')) {
            return None;
        }
        end -= 1;
    }
    None
}

fn prefix_length(window: &Window<'_>, end: usize, most: u32) -> usize {
    if window.byte(end) != b'/' {
        return end;
    }
    let mut at = end + 1;
    let mut value = 0;
    while at - end <= 4 && window.byte(at).is_ascii_digit() {
        value = value * 10 + u32::from(window.byte(at) - b'0');
        at += 1;
    }
    if at > end + 1 && value <= most && window.ends_clean(at) {
        at
    } else {
        end
    }
}

fn zone(window: &Window<'_>, end: usize) -> usize {
    if window.byte(end) != b'%' {
        return end;
    }
    let mut at = end + 1;
    while at - end < ZONE_BYTES_MAX && window.byte(at).is_ascii_alphanumeric() {
        at += 1;
    }
    if at > end + 1 { at } else { end }
}
