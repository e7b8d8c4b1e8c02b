//! Hours in words: "half three", "quarter to four", "ten past nine", "3pm", `15:30`, "after lunch", "in the morning".
//!
//! A bare hour is one at which clinics are open: one to six is the afternoon, seven to eleven the morning, unless the words say
//! otherwise. "Half three" is half past three, as in Britain.

use jiff::civil::Time;

use super::words::Word;

/// What part of a day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// At this time.
    At(Time),
    /// From the first time on, before the second.
    Between(Time, Time),
}

/// A time on the clock's face, before it is known which half of the day it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Face {
    hour: u32,
    minute: u32,
    half: Option<Half>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

/// Parts of a day by name: from, before, and the half of the day they say.
const PARTS: [(&str, (i8, i8), Half); 7] = [
    ("morning", (0, 12), Half::Morning),
    ("mornings", (0, 12), Half::Morning),
    ("afternoon", (12, 18), Half::Afternoon),
    ("afternoons", (12, 18), Half::Afternoon),
    ("evening", (17, 23), Half::Afternoon),
    ("evenings", (17, 23), Half::Afternoon),
    ("tonight", (17, 23), Half::Afternoon),
];

/// The hours that these words say, wherever in them. A number alone is an hour only beside a day, and only if nothing else is.
pub fn hours(words: &[Word]) -> Option<Hours> {
    let part = words
        .iter()
        .find_map(|word| PARTS.iter().find(|(name, _, _)| word.is(name)));
    let half = part.map(|(_, _, half)| *half);
    let first = |alone_too: bool| {
        (0..words.len()).find_map(|place| {
            let beside_day = alone_too && stands_beside_day(words, place);
            let (face, used) = face(words, place, beside_day)?;
            Some((place, face.time(half)?, place + used))
        })
    };
    let said = first(false).or_else(|| first(true));
    if let Some((place, time, end)) = said {
        return Some(bounded(words, place, time, end, half));
    }
    if let Some((first, last)) = words.windows(2).find_map(named_stretch) {
        return Some(Hours::Between(at(first), at(last)));
    }
    if words
        .iter()
        .any(|word| word.is_any(&["lunchtime", "lunch"]))
    {
        let is_after = words.iter().any(|word| word.is("after"));
        return Some(if is_after {
            Hours::Between(at(13), at(18))
        } else {
            Hours::Between(at(12), at(14))
        });
    }
    part.map(|(_, (first, last), _)| Hours::Between(at(*first), at(*last)))
}

/// "first thing", "late morning", "early afternoon": hours of the day.
fn named_stretch(pair: &[Word]) -> Option<(i8, i8)> {
    let [first, second] = pair else { return None };
    let is = |one: &str, other: &[&str]| first.is(one) && second.is_any(other);
    if matches!(
        first,
        Word::Number {
            value: 1,
            ordinal: true
        }
    ) && second.is("thing")
    {
        return Some((0, 10));
    }
    [
        (is("early", &["morning"]), (0, 10)),
        (is("late", &["morning"]), (10, 12)),
        (is("early", &["afternoon"]), (12, 15)),
        (is("late", &["afternoon"]), (15, 18)),
        (is("early", &["evening"]), (17, 19)),
    ]
    .into_iter()
    .find_map(|(said, hours)| said.then_some(hours))
}

/// What the words before a time make of it: "after three", "by noon", "between two and four".
fn bounded(words: &[Word], place: usize, time: Time, end: usize, half: Option<Half>) -> Hours {
    let last = Time::MAX;
    let before = |back: usize| place.checked_sub(back).and_then(|place| words.get(place));
    let second = || {
        let next = words
            .get(end)
            .filter(|word| word.is_any(&["and", "to", "till", "until", "or"]))?;
        let _ = next;
        let (face, _) = face(words, end + 1, true)?;
        face.time(half).filter(|second| *second > time)
    };
    match before(1) {
        Some(word) if word.is_any(&["between", "from"]) => match second() {
            Some(second) => Hours::Between(time, second),
            None => Hours::Between(time, last),
        },
        Some(word) if word.is_any(&["after", "past", "since"]) => Hours::Between(time, last),
        Some(word) if word.is_any(&["before", "by", "until", "till"]) => {
            Hours::Between(Time::midnight(), time)
        }
        Some(word) if word.is("than") => match before(2) {
            Some(word) if word.is_any(&["later"]) => Hours::Between(time, last),
            Some(word) if word.is_any(&["earlier"]) => Hours::Between(Time::midnight(), time),
            _ => Hours::At(time),
        },
        _ if words.get(end).is_some_and(|word| word.is("onwards")) => Hours::Between(time, last),
        _ if words.get(end).is_some_and(|word| word.is("or"))
            && words.get(end + 1).is_some_and(|word| word.is("later")) =>
        {
            Hours::Between(time, last)
        }
        _ => Hours::At(time),
    }
}

fn at(hour: i8) -> Time {
    Time::new(hour, 0, 0, 0).unwrap_or(Time::MAX)
}

/// A time at this place, and how many words it takes; `alone`: a number without any mark of an hour counts.
fn face(words: &[Word], place: usize, alone: bool) -> Option<(Face, usize)> {
    named(words.get(place)?)
        .or_else(|| past_or_to(words, place))
        .or_else(|| on_the_clock(words, place, alone))
}

/// "noon", "midnight".
fn named(word: &Word) -> Option<(Face, usize)> {
    let (hour, half) = match word {
        word if word.is_any(&["noon", "midday"]) => (12, Some(Half::Afternoon)),
        word if word.is("midnight") => (0, None),
        _ => return None,
    };
    Some((
        Face {
            hour,
            minute: 0,
            half,
        },
        1,
    ))
}

/// "half three", "quarter past nine", "twenty to five".
fn past_or_to(words: &[Word], place: usize) -> Option<(Face, usize)> {
    let is = |offset: usize, names: &[&str]| {
        words
            .get(place + offset)
            .is_some_and(|word| word.is_any(names))
    };
    let hour = |offset: usize| {
        let hour = words.get(place + offset).and_then(Word::number);
        hour.filter(|hour| (1..=12).contains(hour))
    };
    let face = |hour, minute, used| {
        half_after(
            words,
            place,
            Face {
                hour,
                minute,
                half: None,
            },
            used,
        )
    };
    if is(0, &["half"]) {
        let skip = 1 + usize::from(is(1, &["past", "after"]));
        return Some(face(hour(skip)?, 30, skip + 1));
    }
    let minutes = match words.get(place)? {
        word if word.is("quarter") => 15,
        Word::Number {
            value: minutes @ 1..=29,
            ordinal: false,
        } => *minutes,
        _ => return None,
    };
    let skip = 1 + usize::from(is(1, &["minutes", "minute"]));
    let hour = hour(skip + 1)?;
    if is(skip, &["past", "after"]) {
        return Some(face(hour, minutes, skip + 2));
    }
    // "between two and four" and "from 2 to 4" are stretches; minutes to an hour are said in fives, or as a quarter.
    let is_to =
        is(skip, &["to", "till", "before"]) && minutes % 5 == 0 && !stands_in_stretch(words, place);
    let before = if hour == 1 { 12 } else { hour - 1 };
    is_to.then(|| face(before, 60 - minutes, skip + 2))
}

/// `15:30`, "3 pm", "three thirty", "nine oh five", "at 1530".
fn on_the_clock(words: &[Word], place: usize, alone: bool) -> Option<(Face, usize)> {
    let next = words.get(place + 1);
    let number = |offset: usize| words.get(place + offset).and_then(Word::number);
    let face = |hour, minute, used| {
        half_after(
            words,
            place,
            Face {
                hour,
                minute,
                half: None,
            },
            used,
        )
    };
    let before = place.checked_sub(1).and_then(|before| words.get(before));
    let is_announced = before.is_some_and(announces);
    match words.get(place)? {
        Word::Clock(hour @ 0..=23, minute @ 0..=59) => Some(face(*hour, *minute, 1)),
        Word::Number {
            value: hour @ 0..=23,
            ordinal: false,
        } => {
            let minute = number(1).filter(|minute| (10..=59).contains(minute));
            let has_oh = next.is_some_and(|next| next.is_any(&["oh", "o"]));
            let after_oh = number(2).filter(|minute| has_oh && *minute < 10);
            let (minute, used) = match (minute, after_oh) {
                (Some(minute), _) => (minute, 2),
                (None, Some(minute)) => (minute, 3),
                (None, None) => (0, 1),
            };
            let marks = ["o'clock", "oclock", "am", "pm", "a", "p", "onwards"];
            let is_marked =
                used > 1 || is_announced || next.is_some_and(|next| next.is_any(&marks));
            (is_marked || alone).then(|| face(*hour, minute, used))
        }
        Word::Number {
            value: clock @ 100..=2359,
            ordinal: false,
        } => {
            let is_time = clock % 100 < 60 && (alone || is_announced);
            is_time.then(|| face(clock / 100, clock % 100, 1))
        }
        _ => None,
    }
}

fn stands_beside_day(words: &[Word], place: usize) -> bool {
    let is_day = |word: Option<&Word>| word == Some(&Word::Day);
    is_day(words.get(place + 1))
        || place
            .checked_sub(1)
            .is_some_and(|before| is_day(words.get(before)))
}

fn stands_in_stretch(words: &[Word], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|before| words.get(before));
    before.is_some_and(|word| word.is_any(&["between", "from"]))
}

fn announces(word: &Word) -> bool {
    word.is_any(&[
        "at", "around", "about", "after", "before", "by", "until", "till", "between", "from",
        "than",
    ])
}

/// A face with what follows it: "o'clock", "pm", "p m".
fn half_after(words: &[Word], place: usize, face: Face, mut used: usize) -> (Face, usize) {
    let is = |offset: usize, names: &[&str]| {
        words
            .get(place + offset)
            .is_some_and(|word| word.is_any(names))
    };
    used += usize::from(is(used, &["o'clock", "oclock"]));
    let half = if is(used, &["am"]) || is(used, &["a"]) && is(used + 1, &["m"]) {
        Some(Half::Morning)
    } else if is(used, &["pm"]) || is(used, &["p"]) && is(used + 1, &["m"]) {
        Some(Half::Afternoon)
    } else {
        None
    };
    used += match half {
        None => 0,
        Some(_) => 1 + usize::from(is(used, &["a", "p"])),
    };
    (
        Face {
            half: half.or(face.half),
            ..face
        },
        used,
    )
}

impl Face {
    /// The time, in the half of the day that is said with it, or about it, or in which clinics are open.
    fn time(self, about: Option<Half>) -> Option<Time> {
        let hour = match (self.hour, self.half.or(about)) {
            (12, Some(Half::Morning)) => 0,
            (hour @ 1..=11, Some(Half::Afternoon)) => hour + 12,
            (hour @ 1..=6, None) => hour + 12,
            (hour, _) => hour,
        };
        Time::new(
            i8::try_from(hour).ok()?,
            i8::try_from(self.minute).ok()?,
            0,
            0,
        )
        .ok()
    }
}
