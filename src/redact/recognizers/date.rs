//! Calendar dates, in digits and words. A date is kept, unless a birth cue makes it a date of birth.
//!
//! Runs before telephone numbers, so that `2012-01-02 08:00` is never one. A cue counts before the date (also across a
//! question and its answer) or directly after it ("… is my date of birth"). Called by `number` and by the scan.

use crate::redact::entity::Kind;
use crate::redact::label::label_before;
use crate::redact::lexicon::{
    DOB, FILLER, HUNDRED, MONTH, ORDINAL, Roles, SPOKEN_NUMBER, TEEN, TEN, UNIT,
};
use crate::redact::token::Token;
use crate::redact::window::{Finding, Label, Window};

/// How far before a date its birth cue may stand, in tokens.
const CUE_TOKENS_MAX: usize = 9;

/// A date and where its year stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Date {
    /// One past its last byte.
    pub(crate) end: usize,
}

/// A date that begins at the token at `index`: kept, or found as a date of birth.
pub(crate) fn find(window: &Window<'_>, index: usize) -> Option<Finding> {
    let start = window[index].start as usize;
    let birth_near = window.birth_near(index);
    if !birth_near && is_lone(window, index) {
        return None;
    }
    let date = plain(window, index).filter(|_| window.starts_clean(start));
    let born = || {
        birth_near
            && is_birth(
                window,
                index,
                date.map_or(window[index].end as usize, |date| date.end),
            )
    };
    if let Some(date) = date {
        let kind = if born() {
            Some(Kind::Dob)
        } else {
            window.kinds.contains(Kind::Date).then_some(Kind::Date)
        };
        return Some(Finding {
            start,
            end: date.end,
            kind,
        });
    }
    let token = &window[index];
    let may_be = token.is_number() || token.has(ORDINAL | SPOKEN_NUMBER | MONTH);
    if !may_be || !birth_near || !window.starts_clean(start) {
        return None;
    }
    let end = loose(window, index).or_else(|| spoken(window, index))?;
    if !born() {
        return None;
    }
    window
        .ends_clean(end)
        .then_some(Finding::redact(Kind::Dob, start, end))
}

/// Most numbers are no part of a date that needs no birth near: too many or too few digits, or nothing behind them that a
/// date goes on with.
fn is_lone(window: &Window<'_>, index: usize) -> bool {
    let token = &window[index];
    let goes_on = |next: &Token| next.is_number() || next.has(MONTH) || next.len() <= 3;
    token.is_number()
        && match token.len() {
            1..=4 => !window.token(index + 1).is_some_and(goes_on),
            8 | 12 | 14 => false,
            _ => true,
        }
}

/// Whether birth words stand before token `index` or after byte `end`.
fn is_birth(window: &Window<'_>, index: usize, end: usize) -> bool {
    match label_before(window, index) {
        Label::Dob => return true,
        Label::None | Label::Number => {}
        _ => return false,
    }
    let mut at = index;
    let mut breaks = 0;
    while at > 0 && index - at < CUE_TOKENS_MAX {
        let gap = window.gap(at);
        breaks += gap.iter().filter(|&&byte| byte == b'\n').count();
        let sentence = gap.contains(&b'.') && gap.len() > 1 && window[at - 1].len() > 2;
        if gap.len() > 12
            || breaks > 1
            || sentence
            || gap.contains(&b';')
            || window.is_number(at - 1) && !window.glued(at)
        {
            break;
        }
        at -= 1;
        if window[at].has(DOB) && !window.is(at, "birthday") && !window.is(at, "birthdays") {
            return !is_other_birth(window, at);
        }
        if window[at].has(MONTH)
            && !window[at].has(FILLER)
            && window[at].word != 0
            && !window.is(at, "may")
        {
            break;
        }
    }
    birth_after(window, index, end)
}

/// "birth plan", "birth partner": a birth that is to come.
fn is_other_birth(window: &Window<'_>, at: usize) -> bool {
    const OTHER: [&str; 10] = [
        "plan", "plans", "partner", "rate", "weight", "control", "centre", "center", "story",
        "pool",
    ];
    window.is(at, "birth") && OTHER.iter().any(|word| window.is(at + 1, word))
}

/// "… is my date of birth", "… (DOB)".
fn birth_after(window: &Window<'_>, index: usize, end: usize) -> bool {
    let first = window.index_at(index, end);
    if !window.has(first) || first == index {
        return false;
    }
    let bracket = window.gap(first).contains(&b'(');
    let verb = window.is(first, "is")
        || window.is(first, "was")
        || window.is(first, "s")
        || window.is(first, "s");
    if !bracket && !verb {
        return false;
    }
    window
        .stretch(first, 7)
        .take_while(|&at| window[at].has(FILLER | DOB) || bracket && at == first)
        .any(|at| window[at].has(DOB))
}

fn value(window: &Window<'_>, index: usize) -> u32 {
    let digit = |digit: u8| u32::from(digit.saturating_sub(b'0'));
    match window.token(index).map(|token| window.text(token)) {
        Some([ones]) => digit(*ones),
        Some([tens, ones]) => digit(*tens) * 10 + digit(*ones),
        Some(text) => text
            .iter()
            .take(8)
            .fold(0, |value, &ones| value * 10 + digit(ones)),
        None => 0,
    }
}

fn len(window: &Window<'_>, index: usize) -> usize {
    if window.is_number(index) {
        window[index].len()
    } else {
        0
    }
}

/// A date that needs no cue to be one.
pub(crate) fn plain(window: &Window<'_>, index: usize) -> Option<Date> {
    let token = &window[index];
    if token.is_number() {
        return match token.len() {
            1 | 2 => three(window, index).or_else(|| day_month(window, index)),
            4 => year_first(window, index),
            8 => compact(window, index),
            12 | 14 => stamp(window, index),
            _ => None,
        };
    }
    token
        .has(MONTH)
        .then(|| month_first(window, index))
        .flatten()
}

fn is_year(value: u32) -> bool {
    (1880..=2099).contains(&value)
}

fn is_day_and_month(first: u32, second: u32) -> bool {
    (1..=31).contains(&first) && (1..=12).contains(&second)
        || (1..=12).contains(&first) && (1..=31).contains(&second)
}

/// `12/03/1984`, `12.3.84`, `12-03-1984`.
fn three(window: &Window<'_>, index: usize) -> Option<Date> {
    let mark = one_mark(window, index + 1)?;
    let year = len(window, index + 2);
    let fits = matches!(len(window, index + 1), 1 | 2)
        && one_mark(window, index + 2) == Some(mark)
        && matches!(year, 2 | 4);
    if !fits
        || !is_day_and_month(value(window, index), value(window, index + 1))
        || year == 4 && !is_year(value(window, index + 2))
    {
        return None;
    }
    let end = window[index + 2].end as usize;
    let goes_on = window.byte(end) == mark && window.byte(end + 1).is_ascii_digit();
    (!goes_on).then_some(Date { end })
}

/// The mark between a token and the one before it, if a date can have it.
fn one_mark(window: &Window<'_>, index: usize) -> Option<u8> {
    if !window.has(index) {
        return None;
    }
    match window.gap(index) {
        [mark @ (b'/' | b'-' | b'.')] | [b' ', mark @ (b'/' | b'-' | b'.'), b' '] => Some(*mark),
        _ => None,
    }
}

/// `1984-03-12`, `1984/03/12`, `2012-0102`.
fn year_first(window: &Window<'_>, index: usize) -> Option<Date> {
    if !is_year(value(window, index)) {
        return None;
    }
    let mark = one_mark(window, index + 1)?;
    if mark == b'-'
        && len(window, index + 1) == 4
        && is_day_and_month(
            value(window, index + 1) / 100,
            value(window, index + 1) % 100,
        )
    {
        return Some(Date {
            end: window[index + 1].end as usize,
        });
    }
    let fits = one_mark(window, index + 2) == Some(mark)
        && matches!(len(window, index + 1), 1 | 2)
        && matches!(len(window, index + 2), 1 | 2);
    (fits && is_day_and_month(value(window, index + 1), value(window, index + 2))).then(|| Date {
        end: window[index + 2].end as usize,
    })
}

/// `20120102`, perhaps with the time of day behind it.
fn compact(window: &Window<'_>, index: usize) -> Option<Date> {
    let digits = value(window, index);
    let (year, rest) = (digits / 10_000, digits % 10_000);
    let fits = (1900..=2099).contains(&year)
        && (1..=12).contains(&(rest / 100))
        && (1..=31).contains(&(rest % 100));
    fits.then(|| Date {
        end: window[index].end as usize,
    })
}

/// `20120102103000`, `201201021030`: a date and a time of day in one run.
fn stamp(window: &Window<'_>, index: usize) -> Option<Date> {
    let digits = window.text(&window[index]);
    let number = |from: usize, len: usize| {
        digits[from..from + len]
            .iter()
            .fold(0u32, |value, &digit| value * 10 + u32::from(digit - b'0'))
    };
    let seconds = if digits.len() == 14 { number(12, 2) } else { 0 };
    let fits = (1900..=2099).contains(&number(0, 4))
        && (1..=12).contains(&number(4, 2))
        && (1..=31).contains(&number(6, 2))
        && number(8, 2) < 24
        && number(10, 2) < 60
        && seconds < 60;
    fits.then(|| Date {
        end: window[index].end as usize,
    })
}

/// `12 March 1984`, `12th of March, 1984`, `12-Mar-84`, `12Mar1984`.
fn day_month(window: &Window<'_>, index: usize) -> Option<Date> {
    if !(1..=31).contains(&value(window, index)) {
        return None;
    }
    let mut at = index + 1;
    if window.glued(at)
        && ["st", "nd", "rd", "th"]
            .iter()
            .any(|ending| window.is(at, ending))
    {
        at += 1;
    }
    if window.is(at, "day") && window.is(at + 1, "of") {
        at += 1;
    }
    if window.is(at, "of") {
        at += 1;
    }
    if window.roles(at) & MONTH == 0 || window.gap(at).len() > 2 {
        return None;
    }
    Some(Date {
        end: year_after(window, at)?,
    })
}

/// The end of the year that follows the month at `index`.
fn year_after(window: &Window<'_>, index: usize) -> Option<usize> {
    let at = index + 1;
    let near = window.has(at)
        && window.gap(at).len() <= 2
        && window
            .gap(at)
            .iter()
            .all(|byte| matches!(byte, b' ' | b',' | b'.' | b'-' | b'/' | b'\''));
    let year = near
        && match len(window, at) {
            4 => is_year(value(window, at)),
            2 => !matches!(window.byte(window[at].end as usize), b':'),
            _ => false,
        };
    year.then(|| window[at].end as usize)
}

/// `March 12, 1984`, `Mar 12th 1984`.
fn month_first(window: &Window<'_>, index: usize) -> Option<Date> {
    let at = index + 1;
    if !matches!(len(window, at), 1 | 2)
        || window.gap(at).len() > 2
        || !(1..=31).contains(&value(window, at))
    {
        return None;
    }
    let suffixed = window.glued(at + 1)
        && ["st", "nd", "rd", "th"]
            .iter()
            .any(|ending| window.is(at + 1, ending));
    Some(Date {
        end: year_after(window, at + usize::from(suffixed))?,
    })
}

/// Forms that only a birth cue makes dates: `12 03 1984`, `120384`, `12031984`, `12th March`, `03/1984`.
fn loose(window: &Window<'_>, index: usize) -> Option<usize> {
    let end = |at: usize| window[at].end as usize;
    let spaced = |at: usize| {
        window.has(at)
            && matches!(
                window.gap(at),
                b" " | b", " | b"  " | b"/" | b" / " | b"-" | b" - " | b"." | b". "
            )
    };
    match len(window, index) {
        8 if is_day_and_month(
            value(window, index) / 1_000_000,
            value(window, index) / 10_000 % 100,
        ) =>
        {
            Some(end(index))
        }
        6 if is_day_and_month(
            value(window, index) / 10_000,
            value(window, index) / 100 % 100,
        ) =>
        {
            Some(end(index))
        }
        1 | 2
            if spaced(index + 1)
                && spaced(index + 2)
                && matches!(len(window, index + 1), 1 | 2)
                && matches!(len(window, index + 2), 2 | 4) =>
        {
            is_day_and_month(value(window, index), value(window, index + 1)).then(|| end(index + 2))
        }
        4 if is_year(value(window, index))
            && spaced(index + 1)
            && spaced(index + 2)
            && matches!(len(window, index + 1), 1 | 2) =>
        {
            (matches!(len(window, index + 2), 1 | 2)
                && is_day_and_month(value(window, index + 1), value(window, index + 2)))
            .then(|| end(index + 2))
        }
        _ => None,
    }
}

/// A date in words: "the twelfth of March nineteen eighty four", "March the third seventy nine", "12th of March eighty four".
fn spoken(window: &Window<'_>, index: usize) -> Option<usize> {
    const PARTS: Roles = ORDINAL | SPOKEN_NUMBER | MONTH;
    let mut last = None;
    let (mut month, mut numbers) = (false, 0);
    let mut at = index;
    while at - index < 14 && window.has(at) {
        let token = &window[at];
        if at > index && (window.gap(at).len() > 3 || window.gap(at).contains(&b'\n')) {
            break;
        }
        let joins = token.has(FILLER)
            && ["of", "the", "and", "in", "um", "uh", "er", "erm"]
                .iter()
                .any(|word| window.is(at, word));
        let ending = window.glued(at)
            && ["st", "nd", "rd", "th"]
                .iter()
                .any(|ending| window.is(at, ending));
        if token.has(MONTH) && !month {
            month = true;
            last = Some(at);
        } else if token.is_number() && token.len() <= 4 || token.has(PARTS & !MONTH) {
            numbers += 1;
            last = Some(at);
        } else if window.is(at, "oh") || token.has(UNIT | TEEN | TEN | HUNDRED) || ending {
            last = Some(at);
        } else if !joins {
            break;
        }
        at += 1;
    }
    let enough = month && numbers >= 1 || numbers >= 3;
    last.filter(|_| enough)
        .map(|last| window[last].end as usize)
}
