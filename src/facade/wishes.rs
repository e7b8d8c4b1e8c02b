//! What was wished for in a call, as far as its transcript says so: a service, who gives it, a time. Recognised before the
//! transcript is redacted and kept as ids and instants, so that redaction cannot swallow it.
//!
//! Deliberately little: names as the clinic writes them, a day and a time of day that are said together. What is said last
//! counts. Pure; linear in the text for each name.

use crate::calendar::{Instants, Zone};
use crate::model::{Slug, Timestamp};
use crate::speech::{Hours, Reckoning, When, when};

/// Parts of sentences between a day and the time of day that belongs to it.
const APART_PARTS_MAX: usize = 4;
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
    (zone, country): (&Zone, &str),
    now: Timestamp,
) -> Wishes {
    let words = words(transcript);
    Wishes {
        service: last_named(&words, services, false),
        resource: last_named(&words, resources, true),
        start: last_time(transcript, zone, country != "US", now),
    }
}

/// Lower-case words of letters or digits.
fn words(text: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '\'';
    let words = text.split(|letter: char| !is_part(letter));
    let tidy = words.map(|word| word.trim_matches('\'').to_lowercase());
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

/// The last day and time of day that were said together, or the time after the day.
fn last_time(transcript: &str, zone: &Zone, day_first: bool, now: Timestamp) -> Option<Timestamp> {
    let today = zone.date_of(now);
    let reckoning = Reckoning { today, day_first };
    // Else these would end a sentence.
    let transcript = transcript.replace("a.m.", "am").replace("p.m.", "pm");
    let parts = transcript.split(['.', ',', '?', '!', ';', '\n']);
    let parts = parts.filter(|words| !words.trim().is_empty());
    let said: Vec<_> = parts.map(|words| when(words, &reckoning)).collect();
    let day_in = |said: &When| said.days.filter(|days| days.first == days.last);
    (0..said.len()).rev().find_map(|place| {
        let Some(Hours::At(time)) = said[place].hours else {
            return None;
        };
        let near = said[place.saturating_sub(APART_PARTS_MAX)..=place].iter();
        let day = near.rev().find_map(day_in)?;
        let minute = u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()?;
        Some(match zone.instants(day.first, minute)? {
            Instants::Once(at) | Instants::Skipped(at) | Instants::Twice(at, _) => at,
        })
    })
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
            ("today at 3pm", "- - 2026-03-02T15:00:00+00:00"),
            ("Could I come on Wednesday? At half past two, please.", "- - 2026-03-04T14:30:00+00:00"),
            ("Thursday, twelve o'clock. No: Friday, eleven thirty", "- - 2026-03-06T11:30:00+00:00"),
            ("at 3 p.m. on Tuesday", "- - 2026-03-03T15:00:00+00:00"),
            ("two of us on Tuesday", "- - -"),
            ("this week at ten", "- - -"),
            ("xu", "- - -"),
            ("", "- - -"),
        ];
        for (text, expected) in table {
            let found = recognise(text, &services, &resources, (&zone, "GB"), now);
            let said = |id: Option<Slug>| id.map_or("-".to_owned(), |id| id.to_string());
            let start = found.start.map_or("-".to_owned(), |at| zone.rfc3339(at));
            let got = format!("{} {} {start}", said(found.service), said(found.resource));
            assert_eq!(got, expected, "{text}");
        }
    }
}
