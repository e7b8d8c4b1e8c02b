//! What callers say, as tables that read aloud: `tests/speech/when.txt` for days and hours, `tests/speech/names.txt` for who is meant.
//!
//! A phrase stands on a line; what follows `->` is what is understood, and is written anew with `UPDATE_EXPECT=1`.

use std::fs;
use std::path::{Path, PathBuf};

use holdfast::speech::names::{Meant, meant};
use holdfast::speech::{Days, Hours, Reckoning, When, say, when};
use jiff::civil::{Date, Time, date, datetime};
use proptest::prelude::*;

/// Where the arrows stand.
const ARROW_COLUMN: usize = 56;

fn table(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/speech")
        .join(name)
}

/// Runs a table: `understood` has the section's title and the phrase.
fn run(name: &str, understood: impl Fn(&str, &str) -> String) {
    let path = table(name);
    let text = fs::read_to_string(&path).expect("the table");
    let (mut section, mut written, mut faults) = ("", String::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(title) = line.strip_prefix("== ") {
            section = title;
        }
        let Some((phrase, expected)) = line.split_once("->") else {
            written += &format!("{line}\n");
            continue;
        };
        let (phrase, expected) = (phrase.trim(), expected.trim());
        let got = understood(section, phrase);
        if got != expected {
            faults.push(format!(
                "{name}:{number}: {phrase}\n  expected {expected}\n  got      {got}"
            ));
        }
        written += &format!("{phrase:<ARROW_COLUMN$} -> {got}\n");
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, written).expect("the table can be written");
    } else {
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }
}

fn shown(when: When) -> String {
    let clock = |time: Time| time.strftime("%H:%M").to_string();
    let days = match when.days {
        None => "-".to_owned(),
        Some(Days { first, last }) if first == last => first.to_string(),
        Some(Days { first, last }) => format!("{first}..{last}"),
    };
    let hours = match when.hours {
        None => "-".to_owned(),
        Some(Hours::At(time)) => clock(time),
        Some(Hours::Between(first, last)) => format!("{}..{}", clock(first), clock(last)),
    };
    format!("{days} {hours}")
}

/// "today Thursday 2026-11-26, day first".
fn reckoning(section: &str) -> Reckoning {
    let (today, order) = section.split_once(", ").expect("a day and an order");
    let today = today
        .rsplit(' ')
        .next()
        .expect("a date")
        .parse()
        .expect("a date");
    Reckoning {
        today,
        day_first: order == "day first",
    }
}

#[test]
fn days_and_hours_are_understood_as_they_are_said() {
    run("when.txt", |section, phrase| {
        shown(when(phrase, &reckoning(section)))
    });
}

#[test]
fn who_is_meant_is_found_and_never_guessed() {
    run("names.txt", |section, heard| {
        let names: Vec<_> = section.split(" | ").collect();
        match meant(heard, names.iter().copied()) {
            Meant::One(place) => names[place].to_owned(),
            Meant::Several(places) => {
                let places = places.iter().map(|place| names[*place].to_owned());
                format!("{}?", places.collect::<Vec<_>>().join(" or "))
            }
            Meant::Nobody => "nobody".to_owned(),
        }
    });
}

#[test]
fn times_are_said_with_their_weekday_and_what_is_said_is_understood_again() {
    let today = date(2026, 11, 26);
    assert_eq!(
        say::moment(datetime(2026, 12, 1, 14, 30, 0, 0), today),
        "Tuesday 1 December at 2:30 pm"
    );
    assert_eq!(
        say::moment(datetime(2027, 1, 4, 12, 0, 0, 0), today),
        "Monday 4 January at noon"
    );
    assert_eq!(say::day(date(2028, 1, 4), today), "Tuesday 4 January 2028");
    let reckoning = Reckoning {
        today,
        day_first: true,
    };
    for ahead in 0..400 {
        let day: Date = today
            .checked_add(jiff::Span::new().days(ahead))
            .expect("a date");
        for (hour, minute) in [(0, 30), (7, 0), (9, 5), (12, 0), (12, 45), (18, 15)] {
            let at = day.at(hour, minute, 0, 0);
            let understood = when(&say::moment(at, today), &reckoning);
            let days = Some(Days {
                first: day,
                last: day,
            });
            let expected = When {
                days,
                hours: Some(Hours::At(at.time())),
            };
            assert_eq!(understood, expected, "{}", say::moment(at, today));
        }
    }
}

/// Words that the readers know, and some that they do not.
const WORDS: &str = "a the next this on in at after before between and to half quarter past first second last monday tue week month \
    weekend day fortnight tomorrow today end early of may march december one twelve twenty thirty 3 14 31 99 2024 15:30 9.99 1/12 \
    2026-02-30 0/0 am pm p m o'clock oh noon midnight morning tonight thing 14th days from now time ü ’";

proptest! {
    #[test]
    fn whatever_is_said_is_read_without_end_or_panic(picks in proptest::collection::vec(0..80_usize, 0..12), year in 1..9999_i16) {
        let words: Vec<_> = WORDS.split_whitespace().collect();
        let phrase: Vec<_> = picks.iter().map(|pick| words[pick % words.len()]).collect();
        let reckoning = Reckoning { today: Date::new(year, 2, 28).expect("a date"), day_first: year % 2 == 0 };
        let understood = when(&phrase.join(" "), &reckoning);
        if let Some(days) = understood.days {
            prop_assert!(days.first <= days.last, "{phrase:?} {days:?}");
        }
        if let Some(Hours::Between(first, last)) = understood.hours {
            prop_assert!(first <= last, "{phrase:?} {first} {last}");
        }
    }

    #[test]
    fn any_text_at_all_is_borne(text in ".{0,400}") {
        when(&text, &Reckoning { today: date(2026, 11, 26), day_first: true });
        meant(&text, ["Dr Patel", text.as_str(), ""]);
    }
}
