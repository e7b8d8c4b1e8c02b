//! The phrases of tests/speech/when.txt, said to `check_availability`: whatever is understood of them leads to times on those days
//! and in those hours, or to a reason and the next ones there are.

use std::path::Path;

use holdfast::calendar;
use holdfast::speech::{Hours, Reckoning, say, when};
use jiff::civil::{Date, date};
use serde_json::json;

use super::{ADA, Caller, connect};
use crate::support::World;

/// Phrases of the table's first section that say a day.
const PHRASES_MIN: usize = 50;

/// The day from which the first section is reckoned.
const TODAY: Date = date(2026, 11, 26);

fn phrases() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/speech/when.txt");
    let text = std::fs::read_to_string(path).expect("the table");
    let section = text.split("\n== ").nth(1).expect("a section");
    assert!(section.starts_with("today Thursday 2026-11-26"));
    let lines = section.lines().filter_map(|line| line.split_once(" ->"));
    lines.map(|(phrase, _)| phrase.trim().to_owned()).collect()
}

#[test]
fn fifty_phrases_lead_to_times_on_the_days_they_say() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let opening = calendar::parse_instant("2026-11-26T06:00:00Z").expect("an instant");
    world.clock.set(opening);
    let ada = Caller::of(&world, "north", ADA, "call-1");
    let reckoning = Reckoning {
        today: TODAY,
        day_first: true,
    };
    let mut offered = 0;
    for (number, phrase) in phrases().iter().enumerate() {
        let said = ada.asks(
            &format!("t{number}"),
            "check_availability",
            json!({ "service": "check-up", "date": phrase }),
        );
        let understood = when(phrase, &reckoning);
        let Some(days) = understood.days else {
            continue;
        };
        let mut dates = std::iter::successors(Some(days.first), |date| date.tomorrow().ok())
            .take_while(|date| *date <= days.last);
        let names_day = dates.any(|date| said.contains(&say::day(date, TODAY)));
        let names_hour = match understood.hours {
            Some(Hours::At(time)) => said.contains(&say::hour(time)),
            _ => true,
        };
        let is_offer = said.contains(" is free on ");
        let is_reasoned = [
            "closed",
            "not given",
            "over",
            "too far",
            "so far ahead",
            "outside",
            "is free.",
            "are free.",
            "The next free times",
            "nothing is free",
        ]
        .iter()
        .any(|words| said.contains(words));
        assert!(is_offer || is_reasoned, "{phrase}: {said}");
        if is_offer {
            assert!(names_day && names_hour, "{phrase}: {said}");
            offered += 1;
        }
    }
    assert!(offered >= PHRASES_MIN, "{offered} led to offers");
}
