//! The calendar against an oracle that knows nothing of gaps and folds: it walks every minute of UTC around a date, asks jiff
//! what the wall clock shows then, and decides by that alone. Both transitions of several years and kinds of zone, and days
//! on which nothing happens.

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::LazyLock;

use holdfast::calendar::{Instants, OpenWindow, Zone, parse_date, parse_instant};
use holdfast::model::{Interval, MinuteOfDay, Timestamp, Window};
use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const MINUTE: i64 = 60_000;

/// Zones of every kind the world has come up with, and the years whose transitions are walked.
const ZONES: &[(&str, Range<i16>)] = &[
    ("Europe/London", 2023..2029),
    ("America/New_York", 2023..2029),
    // Half an hour.
    ("Australia/Lord_Howe", 2023..2029),
    // Two hours.
    ("Antarctica/Troll", 2025..2027),
    ("Asia/Kolkata", 2025..2026),
    // Winter time in Ramadan only.
    ("Africa/Casablanca", 2024..2027),
    ("America/St_Johns", 2024..2026),
    // Midnight is skipped in spring.
    ("America/Sao_Paulo", 2017..2020),
    ("Africa/Cairo", 2024..2027),
    ("America/Santiago", 2024..2026),
    // The repeated hour begins at midnight.
    ("America/Havana", 2024..2027),
    ("Atlantic/Azores", 2024..2027),
    // The repeated hour ends at midnight.
    ("America/Nuuk", 2024..2027),
    ("Asia/Beirut", 2024..2026),
    // A whole day is skipped.
    ("Pacific/Apia", 2011..2013),
    // The skipped half hour straddles midnight: 23:30 to 00:30.
    ("America/Toronto", 1919..1920),
    // 00:01 goes back to 23:01: the clock passes midnight twice.
    ("America/St_Johns", 2009..2011),
];

/// One date as the oracle sees it: every minute at which the clock shows that date, with what it shows.
#[derive(Debug)]
struct Walked {
    name: &'static str,
    zone: Zone,
    date: Date,
    minutes: Vec<(Timestamp, u16)>,
}

fn bundled(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled()
        .get(name)
        .expect("a zone of the bundled database")
}

fn walk(name: &'static str, date: Date) -> Walked {
    let rules = bundled(name);
    let noon = TimeZone::UTC
        .to_timestamp(date.at(12, 0, 0, 0))
        .expect("far from jiff's ends");
    let first = noon.as_second() / 60 - 40 * 60;
    let minutes = (first..first + 80 * 60).filter_map(|minute| {
        let at = jiff::Timestamp::from_second(minute * 60).expect("near a date");
        let shown = rules.to_datetime(at);
        let of_day = shown.hour() as u16 * 60 + shown.minute() as u16;
        (shown.date() == date).then_some((Timestamp(minute * MINUTE), of_day))
    });
    Walked {
        name,
        zone: Zone::named(name).expect("a zone"),
        date,
        minutes: minutes.collect(),
    }
}

/// The dates of all transitions of the zones above, their neighbours, and a day in between.
static DAYS: LazyLock<Vec<Walked>> = LazyLock::new(|| {
    let mut days = Vec::new();
    for (name, years) in ZONES {
        let rules = bundled(name);
        let midnight = |year| TimeZone::UTC.to_timestamp(date(year, 1, 1).at(0, 0, 0, 0));
        let from = midnight(years.start).expect("a year");
        let to = midnight(years.end).expect("a year");
        let mut dates = vec![date(years.start, 6, 15), date(years.start, 12, 30)];
        for jump in rules.following(from) {
            if jump.timestamp() >= to {
                break;
            }
            let day = rules.to_datetime(jump.timestamp()).date();
            let day_before = day.yesterday().expect("a date");
            dates.extend([
                day_before.yesterday().expect("a date"),
                day_before,
                day,
                day.tomorrow().expect("a date"),
            ]);
        }
        dates.sort_unstable();
        dates.dedup();
        days.extend(dates.into_iter().map(|date| walk(name, date)));
    }
    days
});

impl Walked {
    /// When the clock shows each minute of the date.
    fn by_minute(&self) -> Vec<Vec<Timestamp>> {
        let mut shown = vec![Vec::new(); 1440];
        for (at, minute) in &self.minutes {
            shown[usize::from(*minute)].push(*at);
        }
        shown
    }

    /// From the first to the last minute shown within `from` and `to`.
    fn hull(&self, from: u16, to: u16) -> Option<Interval> {
        let mut within = self
            .minutes
            .iter()
            .filter(|(_, shown)| (from..to).contains(shown));
        let first = within.next()?.0;
        let last = within.next_back().map_or(first, |(at, _)| *at);
        Interval::new(first, Timestamp(last.0 + MINUTE))
    }

    fn starts(&self, from: u16, to: u16, length: u32, step: u32) -> Vec<Timestamp> {
        let Some(hull) = self.hull(from, to) else {
            return Vec::new();
        };
        let aligned = self.minutes.iter().filter(|(at, shown)| {
            (from..to).contains(shown)
                && u32::from(shown - from).is_multiple_of(step)
                && at.0 + i64::from(length) * MINUTE <= hull.end().0
        });
        aligned.map(|(at, _)| *at).collect()
    }

    fn told(
        &self,
        from: u16,
        to: u16,
        length: u32,
        step: u32,
    ) -> (Option<OpenWindow>, Vec<Timestamp>) {
        let open = self.zone.open(self.date, window(from, to));
        let count = |number| NonZeroU32::new(number).expect("at least 1");
        let starts = open.map(|open| {
            self.zone
                .starts(self.date, open, count(length), count(step))
        });
        (open, starts.unwrap_or_default())
    }

    /// Compares all that the calendar says of one window with the oracle.
    fn check(&self, from: u16, to: u16, length: u32, step: u32) -> Result<(), TestCaseError> {
        let (open, starts) = self.told(from, to, length, step);
        let place = format!(
            "{} {} {} {length}/{step}",
            self.name,
            self.date,
            window(from, to)
        );
        prop_assert_eq!(
            open.map(|open| open.interval),
            self.hull(from, to),
            "{}",
            place
        );
        prop_assert!(starts.is_sorted_by(|a, b| a < b), "{}", place);
        prop_assert_eq!(starts, self.starts(from, to, length, step), "{}", place);
        Ok(())
    }
}

fn minute(of_day: u16) -> MinuteOfDay {
    let text = format!("{:02}:{:02}", of_day / 60, of_day % 60);
    text.parse().expect("a minute of a day")
}

fn window(from: u16, to: u16) -> Window {
    Window::new(minute(from), minute(to)).expect("forwards")
}

fn zone(name: &str) -> Zone {
    Zone::named(name).expect("a zone")
}

/// What a clinic would write, and anything else; both edges often on a full quarter, where jumps are.
fn windows() -> impl Strategy<Value = (u16, u16)> {
    let edge = prop_oneof![
        3 => (0u16..=96).prop_map(|quarter| quarter * 15),
        1 => 0u16..=1440,
    ];
    (edge.clone(), edge)
        .prop_filter("a window is not empty", |(a, b)| a != b)
        .prop_map(|(a, b)| (a.min(b), a.max(b)))
}

fn steps() -> impl Strategy<Value = u32> {
    prop_oneof![Just(5), Just(15), Just(20), Just(30), Just(45), 1u32..=1440]
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        // A failing case becomes a named test below, not a file of seeds.
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn windows_and_starts_are_those_of_the_wall_clock(
        day in any::<prop::sample::Index>(),
        (from, to) in windows(),
        length in steps(),
        step in steps(),
    ) {
        day.get(&DAYS).check(from, to, length, step)?;
    }

    #[test]
    fn what_was_cut_from_a_window_changes_no_other_start(
        day in any::<prop::sample::Index>(),
        (from, to) in windows(),
        length in steps(),
        step in steps(),
        cut in (0i64..1500, 1i64..1500),
    ) {
        let day = day.get(&DAYS);
        let (open, all) = day.told(from, to, length, step);
        let Some(open) = open else { return Ok(()) };
        let start = Timestamp(open.interval.start().0 + cut.0 * MINUTE);
        let end = Timestamp(start.0 + cut.1 * MINUTE);
        let rest = Interval::new(start, end).and_then(|rest| rest.intersection(open.interval));
        let Some(rest) = rest else { return Ok(()) };
        let count = |number| NonZeroU32::new(number).expect("at least 1");
        let open = OpenWindow { interval: rest, ..open };
        let starts = day.zone.starts(day.date, open, count(length), count(step));
        let fits = |at: &Timestamp| rest.contains(Interval::of_minutes(*at, count(length)));
        prop_assert_eq!(starts, all.into_iter().filter(fits).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn ordinary_dates_of_any_year_agree_too(
        name in prop::sample::select(ZONES).prop_map(|(name, _)| name),
        days in 0i32..47_000,
        (from, to) in windows(),
        length in steps(),
        step in steps(),
    ) {
        // From 1975, since when offsets are whole minutes, into the years for which only the rule is known.
        let date = date(1975, 1, 1).checked_add(jiff::Span::new().days(days)).expect("a date");
        walk(name, date).check(from, to, length, step)?;
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn instants_survive_their_text(
        name in prop::sample::select(ZONES).prop_map(|(name, _)| name),
        // 1847, when towns had times of their own down to the second, to 2096.
        millis in -3_881_000_000_000i64..4_000_000_000_000,
    ) {
        let text = zone(name).rfc3339(Timestamp(millis));
        prop_assert_eq!(parse_instant(&text), Some(Timestamp(millis)), "{}", text);
    }

    #[test]
    fn no_instant_date_or_text_panics(
        name in prop::sample::select(ZONES).prop_map(|(name, _)| name),
        millis in any::<i64>(),
        of_day in any::<u16>(),
        (from, to) in windows(),
        step in steps(),
        text in "[-+0-9TZ:.W ]{0,24}|\\PC*",
    ) {
        let zone = zone(name);
        for at in [millis, i64::MIN, i64::MAX, 0].map(Timestamp) {
            let _ = (zone.wall_clock(at), zone.rfc3339(at));
            let date = zone.date_of(at);
            let _ = (zone.day(date), zone.instants(date, of_day));
            if let Some(open) = zone.open(date, window(from, to)) {
                let _ = zone.starts(date, open, NonZeroU32::MAX, NonZeroU32::MAX);
                let step = NonZeroU32::new(step).expect("at least 1");
                prop_assert!(zone.starts(date, open, step, step).len() <= 2 * 1440);
            }
        }
        let _ = parse_instant(&text);
        if let Some(date) = parse_date(&text) {
            prop_assert_eq!(date.to_string(), text);
        }
    }
}

#[test]
fn every_minute_of_every_walked_date_is_what_the_clock_shows() {
    let (mut skipped, mut twice) = (0, 0);
    for day in DAYS.iter() {
        for (minute, shown) in (0u16..).zip(day.by_minute()) {
            let told = day.zone.instants(day.date, minute);
            let place = format!("{} {} minute {minute}", day.name, day.date);
            match shown[..] {
                [] => {
                    let Some(Instants::Skipped(jump)) = told else {
                        panic!("{place}: {told:?} for a time in a gap")
                    };
                    let before = day.zone.wall_clock(Timestamp(jump.0 - 1));
                    let after = day.zone.wall_clock(jump);
                    assert!(before.1 < after.1, "{place}: no jump at {jump:?}");
                    let read = day.date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
                    assert!(before.0 < read && read < after.0, "{place}: another jump");
                    skipped += 1;
                }
                [at] => assert_eq!(told, Some(Instants::Once(at)), "{place}"),
                [first, second] => {
                    assert_eq!(told, Some(Instants::Twice(first, second)), "{place}");
                    let offset = |at| day.zone.wall_clock(at).1;
                    assert_ne!(offset(first), offset(second), "{place}");
                    twice += 1;
                }
                _ => panic!("{place}: the clock shows it more than twice"),
            }
        }
        assert_eq!(day.zone.instants(day.date, 1441), None);
    }
    assert!(skipped > 2_000 && twice > 1_000, "{skipped} {twice}");
}

#[test]
fn the_days_of_a_zone_tile_the_time_line() {
    for (name, years) in ZONES {
        let zone = zone(name);
        let mut next = None;
        let mut day = date(years.start, 1, 1);
        while day.year() < years.end {
            if let Some(stretch) = zone.day(day) {
                assert!(
                    next.is_none_or(|next| next == stretch.start()),
                    "{name} {day}"
                );
                // The first instant is of the date, and the clock is past it when the stretch is over.
                assert_eq!(zone.date_of(stretch.start()), day, "{name}");
                assert!(zone.date_of(stretch.end()) > day, "{name} {day}");
                next = Some(stretch.end());
            } else {
                assert_eq!((*name, day), ("Pacific/Apia", date(2011, 12, 30)));
            }
            day = day.tomorrow().expect("a date");
        }
    }
}

#[test]
fn a_day_is_all_that_the_clock_shows_of_its_date() {
    for day in DAYS.iter() {
        // Where 00:01 goes back to 23:01 the two midnights' minutes lie among each other: no stretch can hold one date only.
        let passes_midnight_twice = day.name == "America/St_Johns" && day.date.year() < 2012;
        if !passes_midnight_twice {
            let told = day.zone.day(day.date);
            assert_eq!(told, day.hull(0, 1440), "{} {}", day.name, day.date);
        }
    }
}

/// What the ledger may take for granted: in no zone of the bundled database does the date ever run backwards from now on.
#[test]
fn dates_do_not_run_backwards_any_more() {
    let start: jiff::Timestamp = "2024-01-01T00:00Z".parse().expect("an instant");
    for name in TimeZoneDatabase::bundled().available() {
        let Some(zone) = Zone::named(name.as_str()) else {
            assert_eq!(name.as_str(), "Etc/Unknown");
            continue;
        };
        for jump in bundled(name.as_str()).following(start).take(40) {
            let at = jump.timestamp().as_millisecond();
            let (before, after) = (zone.date_of(Timestamp(at - 1)), zone.date_of(Timestamp(at)));
            assert!(before <= after, "{} at {}", name.as_str(), jump.timestamp());
        }
    }
}

#[test]
fn the_spring_gap_is_not_offered_and_the_autumn_hour_is_offered_twice() {
    let offered = |name: &str, day: Date, from: u16, to: u16, step: u32| {
        let zone = zone(name);
        let open = zone.open(day, window(from, to)).expect("open");
        let step = NonZeroU32::new(step).expect("at least 1");
        let starts = zone.starts(day, open, step, step);
        let texts = starts
            .into_iter()
            .map(|at| zone.rfc3339(at)[11..].to_owned());
        texts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        offered("Europe/London", date(2026, 3, 29), 0, 180, 30),
        "00:00:00+00:00 00:30:00+00:00 02:00:00+01:00 02:30:00+01:00"
    );
    assert_eq!(
        offered("Europe/London", date(2026, 10, 25), 0, 150, 30),
        "00:00:00+01:00 00:30:00+01:00 01:00:00+01:00 01:30:00+01:00 01:00:00+00:00 01:30:00+00:00 02:00:00+00:00"
    );
    assert_eq!(
        offered("Australia/Lord_Howe", date(2026, 10, 4), 60, 180, 30),
        "01:00:00+10:30 01:30:00+10:30 02:30:00+11:00"
    );
    assert_eq!(
        offered("Australia/Lord_Howe", date(2026, 4, 5), 60, 150, 30),
        "01:00:00+11:00 01:30:00+11:00 01:30:00+10:30 02:00:00+10:30"
    );
}

#[test]
fn a_window_that_closes_as_the_repeated_hour_begins_closes_the_first_time() {
    let london = zone("Europe/London");
    let night = date(2026, 10, 25);
    let hours = |from, to| {
        london
            .open(night, window(from, to))
            .expect("open")
            .interval
            .millis()
    };
    assert_eq!(hours(0, 60), 60 * MINUTE);
    assert_eq!(hours(0, 61), 121 * MINUTE);
    // Midnight is where Havana's repeated hour begins: the evening before is no longer for it.
    let havana = zone("America/Havana");
    let evening = havana
        .open(date(2026, 10, 31), window(20 * 60, 24 * 60))
        .expect("open");
    assert_eq!(evening.interval.millis(), 240 * MINUTE);
}

#[test]
fn no_start_shows_the_closing_time() {
    // 01:30 comes twice; the first of them is before the window closes but not within it.
    let london = zone("Europe/London");
    let night = date(2026, 10, 25);
    let half_hour = NonZeroU32::new(30).expect("at least 1");
    let open = london.open(night, window(60, 90)).expect("open");
    let starts = london.starts(night, open, half_hour, half_hour);
    let minutes = starts.iter().map(|at| london.wall_clock(*at).0.minute());
    assert_eq!(minutes.collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn a_window_that_the_clock_skips_is_not_open() {
    let spring = date(2026, 3, 29);
    assert_eq!(zone("Europe/London").open(spring, window(60, 120)), None);
    assert_eq!(zone("Europe/London").open(spring, window(70, 80)), None);
    let skipped = date(2011, 12, 30);
    assert_eq!(zone("Pacific/Apia").open(skipped, window(0, 1440)), None);
    assert_eq!(zone("Pacific/Apia").day(skipped), None);
}

#[test]
fn the_ends_of_the_calendar_are_no_days_but_no_panic_either() {
    let hour = NonZeroU32::new(60).expect("at least 1");
    for (name, _) in ZONES {
        let zone = zone(name);
        for day in [Date::MIN, Date::MAX] {
            for day in [
                day,
                day.tomorrow().unwrap_or(day),
                day.yesterday().unwrap_or(day),
            ] {
                let _ = zone.day(day);
                for of_day in [0, 1, 720, 1439, 1440, 1441, u16::MAX] {
                    let _ = zone.instants(day, of_day);
                }
                if let Some(open) = zone.open(day, window(0, 1440)) {
                    let _ = zone.starts(day, open, hour, hour);
                }
            }
        }
        assert_eq!(zone.day(Date::MAX), None);
        assert_eq!(zone.instants(Date::MAX, 1440), None);
    }
}

#[test]
fn zones_have_iana_names_and_texts_are_read_strictly() {
    for name in [
        "",
        "Europe",
        "Europe/Londinium",
        "Etc/Unknown",
        "../Europe/London",
        "posix/Europe/London",
    ] {
        assert_eq!(Zone::named(name), None, "{name}");
    }
    for text in [
        "2026-11-25",
        "2026-11-25T09:30",
        "09:30",
        "2026-02-29T00:00Z",
        "tomorrow",
        "",
    ] {
        assert_eq!(parse_instant(text), None, "{text}");
    }
    for text in [
        "2026-11-25T",
        "2026-W48-3",
        "20261125",
        "2026-11-31",
        "2026-1-255",
        "26-11-25",
    ] {
        assert_eq!(parse_date(text), None, "{text}");
    }
    assert_eq!(
        parse_instant("2026-11-25T09:30:00.0019+00:00"),
        parse_instant("2026-11-25T10:30:00.001+01:00")
    );
}
