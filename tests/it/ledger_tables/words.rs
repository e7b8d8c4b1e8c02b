//! The words of a table's left side: what a clerk would say, read against the clinic's wall clock.
//!
//! A step is a line of words. Words are taken off its front; an option (`call c1`) is taken out from wherever it stands.

use holdfast::calendar::{Instants, Zone, parse_date, parse_instant};
use holdfast::model::{Interval, MinuteOfDay, OpeningHours, Timestamp, Weekdays, Window};
use jiff::civil::Date;

pub const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The words of one step that have not been taken yet.
#[derive(Clone)]
pub struct Words<'a> {
    line: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub fn of(line: &'a str) -> Self {
        Self {
            line,
            rest: line.split_whitespace().collect(),
        }
    }

    pub fn wrong(&self, what: &str) -> ! {
        panic!("{what}: {:?}", self.line)
    }

    pub fn next(&mut self) -> &'a str {
        if self.rest.is_empty() {
            self.wrong("a word is missing");
        }
        self.rest.remove(0)
    }

    pub fn peek(&self) -> Option<&'a str> {
        self.rest.first().copied()
    }

    /// Takes the first word if it is this one.
    pub fn eat(&mut self, word: &str) -> bool {
        let there = self.peek() == Some(word);
        if there {
            self.rest.remove(0);
        }
        there
    }

    /// Takes a word from wherever it stands.
    pub fn flag(&mut self, name: &str) -> bool {
        let place = self.rest.iter().position(|word| *word == name);
        place.map(|place| self.rest.remove(place)).is_some()
    }

    /// Takes `name value` from wherever it stands.
    pub fn option(&mut self, name: &str) -> Option<&'a str> {
        let place = self.rest.iter().position(|word| *word == name)?;
        if place + 1 >= self.rest.len() {
            self.wrong("an option has no value");
        }
        self.rest.remove(place);
        Some(self.rest.remove(place))
    }

    pub fn number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.option(name)?;
        let number = text.trim_end_matches(['m', 's', 'd']).parse();
        Some(number.unwrap_or_else(|_| self.wrong("not a number")))
    }

    /// Takes what stands after the first such word, and the word.
    pub fn rest_after(&mut self, name: &str) -> Vec<&'a str> {
        let Some(place) = self.rest.iter().position(|word| *word == name) else {
            return Vec::new();
        };
        self.rest.split_off(place).split_off(1)
    }

    /// All that is left.
    pub fn all(&mut self) -> Vec<&'a str> {
        std::mem::take(&mut self.rest)
    }

    pub fn text(&self) -> String {
        self.rest.join(" ")
    }

    /// Everything was understood.
    pub fn done(&self) {
        if !self.rest.is_empty() {
            self.wrong("words too many");
        }
    }

    /// `2026-03-02`, `mon` (today or the next such day), `today`, `tomorrow`; `None` if the next word is no date.
    pub fn date(&mut self, today: Date) -> Option<Date> {
        let word = self.peek()?;
        let date = match word {
            "today" => Some(today),
            "tomorrow" => today.tomorrow().ok(),
            day => match DAY_NAMES.iter().position(|known| *known == day) {
                Some(place) => {
                    let now = i32::from(today.weekday().to_monday_zero_offset());
                    let ahead = (place as i32 - now).rem_euclid(7);
                    today.checked_add(jiff::Span::new().days(ahead)).ok()
                }
                None => parse_date(day),
            },
        }?;
        self.rest.remove(0);
        Some(date)
    }

    /// A date, if one stands there, and a time of it: `09:30`, `09:30:15`, `01:30+01:00` where the clock shows it twice.
    pub fn instant(&mut self, zone: &Zone, now: Timestamp) -> Timestamp {
        let end = match self.peek() {
            Some("beginning-of-time") => Some(Timestamp::MIN),
            Some("end-of-time") => Some(Timestamp::MAX),
            _ => None,
        };
        if let Some(end) = end {
            self.rest.remove(0);
            return end;
        }
        let today = zone.date_of(now);
        let date = self.date(today).unwrap_or(today);
        let word = self.next();
        if word.contains(['+', 'Z']) || word[1..].contains('-') {
            let (time, offset) = word.split_at(5);
            let at = parse_instant(&format!("{date}T{time}:00{offset}"));
            return at.unwrap_or_else(|| self.wrong("not an instant"));
        }
        let (minute, seconds) = match word.len() {
            8 => (&word[..5], word[6..].parse().expect("seconds")),
            _ => (word, 0),
        };
        let minute: MinuteOfDay = minute.parse().unwrap_or_else(|_| self.wrong("not a time"));
        match zone.instants(date, minute.get()) {
            Some(Instants::Once(at) | Instants::Twice(at, _)) => at.plus_seconds(seconds),
            Some(Instants::Skipped(_)) => self.wrong("the clock never shows this; write an offset"),
            None => self.wrong("beyond the calendar"),
        }
    }

    /// `[date] 10:00-11:00`, or from one instant to another: `mon 10:00 to tue 12:00`.
    pub fn stretch(&mut self, zone: &Zone, now: Timestamp) -> Interval {
        let today = zone.date_of(now);
        let words = self.clone();
        let date = self.date(today).unwrap_or(today);
        if let Some(window) = self.peek().and_then(window) {
            self.next();
            return zone.open(date, window).expect("hours").interval;
        }
        *self = words;
        let start = self.instant(zone, now);
        assert!(self.eat("to"), "a stretch goes from … to …");
        let end = self.instant(zone, now);
        Interval::new(start, end).unwrap_or_else(|| self.wrong("a stretch of nothing"))
    }

    /// `mon-fri 09:00-12:00 13:00-17:00 sat 10:00-12:00`, to the end of the line.
    pub fn hours(&mut self) -> Vec<OpeningHours> {
        let mut hours = Vec::new();
        let mut days = Weekdays::default();
        for word in self.all() {
            match window(word) {
                Some(window) => hours.push(OpeningHours { days, window }),
                None => days = day_range(word).unwrap_or_else(|| self.wrong("not days")),
            }
        }
        hours
    }
}

/// `10:00-11:00`.
pub fn window(word: &str) -> Option<Window> {
    let (from, to) = word.split_once('-')?;
    Window::new(from.parse().ok()?, to.parse().ok()?).ok()
}

fn day_range(word: &str) -> Option<Weekdays> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let place = |name: &str| DAY_NAMES.iter().position(|known| *known == name);
    Weekdays::named(DAY_NAMES[place(first)?..=place(last)?].iter().copied()).ok()
}
