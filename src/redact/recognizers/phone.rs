//! Telephone numbers in digits: British, North American and international, with their extension.
//!
//! Decides by numbering plan and grouping; what looks like a number only because it has ten digits needs a telephone
//! word near it. Dates, prices and labelled identifiers were kept before this is asked. Called by `number`.

use super::groups::{Group, Groups, Join};
use super::plan;
use crate::redact::entity::Kind;
use crate::redact::fold;
use crate::redact::label::phone_nearby;
use crate::redact::window::{Finding, Label, Window};

/// A number's left edge: its opening bracket and plus belong to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    /// First byte.
    pub(crate) start: usize,
    /// An international prefix `+` stands there.
    pub(crate) plus: bool,
    /// A bracket opens there.
    pub(crate) bracket: bool,
}

/// The left edge of a number whose first digit is at `digit`.
pub(crate) fn opening(window: &Window<'_>, digit: usize) -> Opening {
    let mut edge = Opening {
        start: digit,
        plus: false,
        bracket: false,
    };
    let mut at = digit;
    while at > window.floor && digit - at < 4 {
        match window.byte(at - 1) {
            b'+' => edge.plus = true,
            b'(' if !edge.plus || window.byte(at) == b'+' => edge.bracket = true,
            b' ' if !edge.plus && at >= 2 && matches!(window.byte(at - 2), b'+') => {
                at -= 1;
                continue;
            }
            _ => break,
        }
        at -= 1;
        edge.start = at;
    }
    if edge.plus
        && (window.before(edge.start).is_ascii_digit() || window.before(edge.start) == fold::MARK)
    {
        edge = Opening {
            start: digit,
            plus: false,
            bracket: false,
        };
    }
    edge
}

/// Tries every national and international form on the groups at token `index`.
pub(crate) fn find(
    window: &Window<'_>,
    index: usize,
    edge: Opening,
    groups: &Groups,
    label: Label,
) -> Option<Finding> {
    let count = international(window, index, edge, groups, label)
        .or_else(|| british(window, edge, groups, label))
        .or_else(|| american(window, index, edge, groups, label))
        .or_else(|| labelled(window, groups, label))?;
    Some(Finding::redact(
        Kind::Phone,
        edge.start,
        with_extension(window, groups.end(count)),
    ))
}

/// Groups up to the first join that no telephone number has.
fn joined(groups: &Groups) -> usize {
    let all = groups.all();
    all.iter()
        .skip(1)
        .position(|group| matches!(group.join, Join::Loose | Join::Comma))
        .map_or(all.len(), |at| at + 1)
}

fn international(
    window: &Window<'_>,
    index: usize,
    edge: Opening,
    groups: &Groups,
    label: Label,
) -> Option<usize> {
    let usable = joined(groups);
    let digits = groups.digits(usable);
    if edge.plus {
        let all = groups.all();
        let decimal = usable >= 2
            && all[1].join == Join::Dot
            && all[0].len <= 3
            && all.get(2).is_none_or(|third| third.join != Join::Dot);
        if decimal && label != Label::Phone {
            // "+51.507412" is a coordinate; "+44.7700900142" is not, because it has a British number's length.
            return fitting(groups, 2, groups.digits(2), 0, true);
        }
        return fitting(groups, usable, digits, 0, false);
    }
    let prefix = if digits.starts_with(b"00") {
        2
    } else if digits.starts_with(b"011") {
        3
    } else {
        0
    };
    if prefix > 0 {
        let count = fitting(groups, usable, digits, prefix, true)?;
        let country = plan::country(&digits[prefix..])?;
        let national = &groups.digits(count)[prefix + country.code_len..];
        let total = groups.digits(count).len();
        let plain = match country.code {
            1 => plan::is_american(national) && count > 1,
            44 => true,
            _ => count > 1 && total > prefix + 8,
        };
        let told = plain
            || label == Label::Phone
            || window.is_whole_line(edge.start, groups.end(count)) && total > 11;
        return (told && total >= 11 && closes(window, groups, count)).then_some(count);
    }
    // "44 7700 900142": the prefix without its plus.
    let count = groups.count_for(12).filter(|&count| count <= usable)?;
    let written =
        digits.starts_with(b"44") && matches!(digits[2], b'1' | b'2' | b'3' | b'7' | b'8');
    let shaped = groups.all()[0].len == 2 && count > 1 && count <= 5;
    let told = shaped
        || label == Label::Phone
        || (digits[2] == b'7' && phone_nearby(window, index, index + count));
    let alone = digits[2] == b'7' && window.is_whole_line(edge.start, groups.end(count));
    (written && (told || alone) && closes(window, groups, count)).then_some(count)
}

/// How many groups make a number of the country whose code stands after `prefix` digits.
fn fitting(
    groups: &Groups,
    usable: usize,
    digits: &[u8],
    prefix: usize,
    strict: bool,
) -> Option<usize> {
    let country = plan::country(digits.get(prefix..)?);
    let (code, least, most) = country.map_or((2, 5, 12), |country| {
        (country.code_len, country.least, country.most)
    });
    // A trunk zero may be written after the code: +44 (0)20.
    let trunk = usize::from(digits.get(prefix + code) == Some(&b'0'));
    let most = prefix + code + most + trunk;
    let least = prefix + code + least;
    let within = |least: usize, most: usize| groups.longest(usable, least, most);
    if strict {
        country?;
        return within(least, most);
    }
    within(least, most).or_else(|| within(7, most)).or_else(|| {
        let one_run = groups.all()[0].total as usize;
        (7..=15).contains(&one_run).then_some(1)
    })
}

/// No digits are joined tightly after the number, and no letter touches it but an extension's.
fn closes(window: &Window<'_>, groups: &Groups, count: usize) -> bool {
    let end = groups.end(count);
    if groups.goes_on(count) && !groups.another_follows(count) {
        return false;
    }
    let next = window.byte(end);
    if matches!(next, b'%' | b'$') {
        return false;
    }
    window.ends_clean(end) || with_extension(window, end) > end
}

fn british(window: &Window<'_>, edge: Opening, groups: &Groups, label: Label) -> Option<usize> {
    if groups.digits(1).first() != Some(&b'0') {
        return None;
    }
    [11, 10].into_iter().find_map(|total| {
        let count = groups.count_for(total)?;
        let digits = groups.digits(count);
        let short = total == 10
            && digits[1] == b'1'
            && !(groups.shaped(&[5, 5]) || groups.shaped(&[6, 4]) || label == Label::Phone);
        let fits = plan::is_british(digits)
            && !short
            && (label == Label::Phone || british_shape(groups, count));
        (fits
            && (closes(window, groups, count)
                || edge.bracket && window.ends_clean(groups.end(count))))
        .then_some(count)
    })
}

/// Grouped as people write British numbers, or not grouped at all.
fn british_shape(groups: &Groups, count: usize) -> bool {
    let all = &groups.all()[..count];
    let first = all[0].len;
    let rest = &all[1..];
    let least = |len: u8| rest.iter().all(|group| group.len >= len);
    let has = |join: Join| rest.iter().any(|group| group.join == join);
    let torn = rest
        .iter()
        .any(|group| group.join == Join::Comma && group.len < 3);
    if torn
        || has(Join::Dot) && first < 3
        || has(Join::Slash) && first < 4
        || (has(Join::Loose) || has(Join::Comma)) && first < 3
    {
        return false;
    }
    match first {
        1 if rest.iter().all(|group: &Group| group.len == 1) => true,
        1 => {
            rest.first()
                .is_some_and(|group| group.join == Join::Bracket || group.len >= 3)
                && rest[1..].iter().all(|group| group.len >= 2)
        }
        2 => least(3),
        _ => least(2),
    }
}

fn american(
    window: &Window<'_>,
    index: usize,
    edge: Opening,
    groups: &Groups,
    label: Label,
) -> Option<usize> {
    let first = groups.digits(1).first()?;
    let lead = usize::from(*first == b'1');
    let count = groups
        .count_for(10 + lead)
        .or_else(|| groups.count_for(10))?;
    let digits = groups.digits(count);
    let lead = digits.len() - 10;
    let number = &digits[lead..];
    let valid = plan::is_american(number);
    let prefixed = lead == 1 && groups.all()[0].len == 1;
    let shape: &[Group] = &groups.all()[usize::from(prefixed)..count];
    let lens = |wanted: &[u8]| {
        shape.len() == wanted.len()
            && shape
                .iter()
                .zip(wanted)
                .all(|(group, &len)| group.len == len)
    };
    let inner = |join: &[Join]| shape.iter().skip(1).all(|group| join.contains(&group.join));
    let tight = inner(&[Join::Dash, Join::Dot, Join::Slash, Join::Bracket]);
    let end = groups.end(count);
    let loose = valid && lens(&[3, 3, 4]) && inner(&[Join::Loose]);
    if !closes(window, groups, count)
        || !loose
            && !inner(&[
                Join::Dash,
                Join::Dot,
                Join::Slash,
                Join::Bracket,
                Join::Space,
            ])
    {
        return None;
    }
    let bracketed = edge.bracket || shape.iter().any(|group| group.join == Join::Bracket);
    let plain = if lens(&[3, 3, 4]) {
        let misdialled = inner(&[Join::Dash]) && number[3] >= b'2' && number[0] > b'0';
        let spaced = valid
            && spaced_alone(window, index, groups, count)
            && inner(&[Join::Space, Join::Dash]);
        (valid && (tight || bracketed || prefixed)) || loose || misdialled || spaced
    } else {
        valid && (lens(&[3, 7]) || lens(&[6, 4])) && (bracketed || tight)
    };
    let told = || {
        label == Label::Phone
            || label == Label::Number && valid
            || phone_nearby(window, index, index + count)
    };
    let year = shape[0].len == 4 && matches!(&number[..2], b"19" | b"20");
    let alone = valid
        && !year
        && shape[0].len >= 3
        && window.is_whole_line(edge.start, with_extension(window, end));
    let extended = valid && shape.len() == 1 && with_extension(window, end) > end;
    (plain || alone || extended || (valid && !year && told())).then_some(count)
}

/// Three groups with blanks between them, and no further number beside them.
fn spaced_alone(window: &Window<'_>, index: usize, groups: &Groups, count: usize) -> bool {
    let follows = groups.spaced_on(count);
    let precedes = index > 0
        && window.is_number(index - 1)
        && window.gap(index) == b" "
        && window.floor <= window[index - 1].start as usize;
    !follows && !precedes
}

/// A telephone word stands directly before: then any form of enough digits goes.
fn labelled(window: &Window<'_>, groups: &Groups, label: Label) -> Option<usize> {
    let least = match label {
        Label::Phone => 9,
        Label::Number => 10,
        _ => return None,
    };
    let count = groups.longest(joined(groups), least, 15)?;
    window.ends_clean(groups.end(count)).then_some(count)
}

/// The end of a number with its extension, or the number's own end.
pub(crate) fn with_extension(window: &Window<'_>, end: usize) -> usize {
    let blanks = |mut at: usize, most: usize| {
        let limit = at + most;
        while at < limit && window.byte(at) == b' ' {
            at += 1;
        }
        at
    };
    let mut at = blanks(end, 2);
    if matches!(window.byte(at), b',' | b';') {
        at = blanks(at + 1, 2);
    }
    if window.byte(at) == b'(' {
        at += 1;
    }
    if !matches!(
        window.byte(at),
        b'e' | b'E' | b'x' | b'X' | b'i' | b'I' | b'#' | b'~'
    ) {
        return end;
    }
    let words: [&[u8]; 8] = [
        b"extension",
        b"extn",
        b"xtn",
        b"ext",
        b"int",
        b"x",
        b"#",
        b"~",
    ];
    let Some(word) = words.iter().find(|word| {
        window
            .bytes(at, at + word.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(word))
    }) else {
        return end;
    };
    at += word.len();
    if matches!(window.byte(at), b'.' | b':' | b'=') {
        at += 1;
    }
    at = blanks(at, 2);
    if window.byte(at) == b'#' {
        at += 1;
    }
    let first = at;
    while at - first < 8 && window.byte(at).is_ascii_digit() {
        at += 1;
    }
    let ended = (1..=7).contains(&(at - first)) && window.ends_clean(at);
    if ended { at } else { end }
}
