//! What was wished for in a call, as far as its transcript says so: a service, who gives it, a time. Recognised before the
//! transcript is redacted and kept as ids and instants, so that redaction cannot swallow it.
//!
//! Deliberately little: names as the clinic writes them, a day and a time of day close to each other. What is said last
//! counts. Pure; linear in the text for each name.

use jiff::civil::{Date, Weekday};

use crate::calendar::{Instants, Zone};
use crate::model::{Slug, Timestamp};

/// Words between a day and the time of day that belongs to it.
const APART_WORDS_MAX: usize = 6;
/// Shortest part of a name by which someone is known.
const PART_CHARS_MIN: usize = 4;

/// What was recognised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// What for.
    pub service: Option<Slug>,
    /// Whose time.
    pub resource: Option<Slug>,
    /// When it was to begin.
    pub start: Option<Timestamp>,
}

/// A thing of the clinic's: its id, and its name as patients hear it.
pub type Named = (Slug, String);

/// Recognises wishes in a transcript.
pub fn recognise(
    transcript: &str,
    services: &[Named],
    resources: &[Named],
    zone: &Zone,
    now: Timestamp,
) -> Wishes {
    let words = words(transcript);
    Wishes {
        service: last_named(&words, services, false),
        resource: last_named(&words, resources, true),
        start: last_time(&words, zone, now),
    }
}

/// Lower-case words of letters or digits; `2:30` is one word.
fn words(text: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, ':' | '\'');
    let words = text.split(|letter: char| !is_part(letter));
    let tidy = words.map(|word| word.trim_matches([':', '\'']).to_lowercase());
    tidy.filter(|word| !word.is_empty()).collect()
}

/// Whose name is said last; of several at one place the longest. People go by the last part of their name too.
fn last_named(words: &[String], things: &[Named], by_part: bool) -> Option<Slug> {
    let mut best: Option<(usize, usize, &Slug)> = None;
    for (id, name) in things {
        let parts = self::words(name);
        let whole = parts.concat();
        let part = parts
            .last()
            .filter(|part| by_part && part.chars().count() >= PART_CHARS_MIN);
        let said = (0..words.len()).rev().find_map(|place| {
            let is_part = part.is_some_and(|part| *part == words[place]);
            let end = says(&words[place..], &whole).or(is_part.then_some(1))?;
            Some((place + end, whole.len()))
        });
        if let Some((end, length)) = said
            && best.is_none_or(|(known, size, _)| (known, size) < (end, length))
        {
            best = Some((end, length, id));
        }
    }
    best.map(|(_, _, id)| id.clone())
}

/// How many words from here say this name, however it is parted.
fn says(words: &[String], name: &str) -> Option<usize> {
    let mut rest = name;
    for (count, word) in (1..).zip(words) {
        rest = rest.strip_prefix(word.as_str())?;
        if rest.is_empty() {
            return Some(count);
        }
    }
    None
}

/// The last day and time of day that stand close to each other.
fn last_time(words: &[String], zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    let today = zone.date_of(now);
    let mut found = None;
    let mut day: Option<(usize, Day)> = None;
    let mut clock: Option<(usize, u16)> = None;
    for place in 0..words.len() {
        if let Some(said) = Day::of(&words[place]) {
            day = Some((place, said));
        } else if let Some(minute) = clock_at(words, place) {
            clock = Some((place, minute));
        } else {
            continue;
        }
        if let (Some((at, said)), Some((by, minute))) = (day, clock)
            && at.abs_diff(by) <= APART_WORDS_MAX
        {
            found = said.instant(today, minute, zone, now).or(found);
        }
    }
    found
}

/// A day as it is said.
#[derive(Debug, Clone, Copy)]
enum Day {
    Today,
    Tomorrow,
    On(Weekday),
}

impl Day {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "today" | "tonight" => Self::Today,
            "tomorrow" => Self::Tomorrow,
            "monday" => Self::On(Weekday::Monday),
            "tuesday" => Self::On(Weekday::Tuesday),
            "wednesday" => Self::On(Weekday::Wednesday),
            "thursday" => Self::On(Weekday::Thursday),
            "friday" => Self::On(Weekday::Friday),
            "saturday" => Self::On(Weekday::Saturday),
            "sunday" => Self::On(Weekday::Sunday),
            _ => return None,
        })
    }

    /// The next such instant.
    fn instant(self, today: Date, minute: u16, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
        let date = match self {
            Self::Today => today,
            Self::Tomorrow => today.tomorrow().ok()?,
            Self::On(weekday) => {
                let ahead = today.weekday().until(weekday);
                today.checked_add(jiff::Span::new().days(ahead)).ok()?
            }
        };
        let at = at(date, minute, zone)?;
        match self {
            Self::On(_) if at <= now => {
                let week_later = date.checked_add(jiff::Span::new().days(7)).ok()?;
                self::at(week_later, minute, zone)
            }
            _ => Some(at),
        }
    }
}

fn at(date: Date, minute: u16, zone: &Zone) -> Option<Timestamp> {
    Some(match zone.instants(date, minute)? {
        Instants::Once(at) | Instants::Skipped(at) | Instants::Twice(at, _) => at,
    })
}

/// A time of day that begins with this word, as minutes of the day: `2:30`, `14:30`, `3 pm`, `half past two`.
fn clock_at(words: &[String], place: usize) -> Option<u16> {
    let word = words[place].as_str();
    let next = words.get(place + 1).map(String::as_str);
    if matches!(word, "half" | "quarter") {
        let hour = hour_of(words.get(place + 2)?)?;
        let minutes = match (word, next?) {
            ("half", "past") => 30,
            ("quarter", "past") => 15,
            ("quarter", "to") => -15,
            _ => return None,
        };
        let half = words.get(place + 3).map(String::as_str);
        return u16::try_from(i32::from(of_day(hour, half) * 60) + minutes).ok();
    }
    if let Some((hour, minute)) = word.split_once(':') {
        let (hour, minute) = (hour.parse().ok()?, minute.parse::<u16>().ok()?);
        let fits = (0..24).contains(&hour) && minute < 60;
        return fits.then(|| of_day(hour, next) * 60 + minute);
    }
    for (suffix, half) in [("am", "am"), ("pm", "pm")] {
        if let Some(hour) = word.strip_suffix(suffix).and_then(hour_of) {
            return Some(of_day(hour, Some(half)) * 60);
        }
    }
    let hour = hour_of(word)?;
    let minutes = match next? {
        "am" | "pm" | "o'clock" | "oclock" => 0,
        "thirty" => 30,
        "fifteen" => 15,
        "forty" if words.get(place + 2).is_some_and(|word| word == "five") => 45,
        _ => return None,
    };
    let half = if minutes == 0 {
        next
    } else {
        words.get(place + 2).map(String::as_str)
    };
    Some(of_day(hour, half) * 60 + minutes)
}

/// One to twelve, in words or digits.
fn hour_of(word: &str) -> Option<u16> {
    const WORDS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let said = WORDS.iter().position(|own| *own == word);
    let hour = match said {
        Some(place) => u16::try_from(place + 1).ok()?,
        None => word.parse().ok()?,
    };
    (1..=12).contains(&hour).then_some(hour)
}

/// The hour of the day. Without a word of the half of the day, clinics are open from eight to eight.
fn of_day(hour: u16, half: Option<&str>) -> u16 {
    match (hour, half) {
        (12, Some("am")) => 0,
        (1..=11, Some("pm")) => hour + 12,
        (_, Some("am" | "pm")) => hour,
        (1..=7, _) => hour + 12,
        _ => hour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_instant;

    fn named(things: &[(&str, &str)]) -> Vec<Named> {
        let thing = |(id, name): &(&str, &str)| (id.parse().expect("a slug"), (*name).to_owned());
        things.iter().map(thing).collect()
    }

    #[test]
    fn what_was_wished_for_last_is_recognised() {
        let services = named(&[
            ("checkup", "Check-up"),
            ("long", "Long check-up"),
            ("scan", "Scan"),
        ]);
        let resources = named(&[
            ("dr-p", "Dr Patel"),
            ("dr-o", "Dr Anna Osei"),
            ("dr-x", "Dr Xu"),
        ]);
        let zone = Zone::named("Europe/London").expect("a zone");
        // A Monday.
        let now = parse_instant("2026-03-02T08:00:00Z").expect("now");
        #[rustfmt::skip] // One row a transcript.
        let table = [
            ("I'd like a scan, or rather a checkup on Tuesday at half past two with Patel", "checkup dr-p 2026-03-03T14:30:00+00:00"),
            ("User: a long check up please\nAI: with Dr Osei, tomorrow at 9:15?", "long dr-o 2026-03-03T09:15:00+00:00"),
            ("Monday 8:00 am", "- - 2026-03-09T08:00:00+00:00"),
            ("today at 3pm", "- - 2026-03-02T15:00:00+00:00"),
            ("quarter to eleven on Wednesday", "- - 2026-03-04T10:45:00+00:00"),
            ("Thursday, twelve o'clock. No: Friday, eleven thirty", "- - 2026-03-06T11:30:00+00:00"),
            ("Friday, four forty five", "- - 2026-03-06T16:45:00+00:00"),
            ("Sunday 29 March at 1:30 am", "- - 2026-03-08T01:30:00+00:00"),
            ("two of us on Tuesday", "- - -"),
            ("at 14:30 one of these days, whichever day of the week suits, even Tuesday", "- - -"),
            ("Tuesday 25:00, 9:99, 12345678901234567890 pm, 0 am", "- - -"),
            ("xu", "- - -"),
            ("", "- - -"),
        ];
        for (text, expected) in table {
            let found = recognise(text, &services, &resources, &zone, now);
            let said = |id: Option<Slug>| id.map_or("-".to_owned(), |id| id.to_string());
            let start = found.start.map_or("-".to_owned(), |at| zone.rfc3339(at));
            let got = format!("{} {} {start}", said(found.service), said(found.resource));
            assert_eq!(got, expected, "{text}");
        }
    }
}
