//! When a resource is open, in wall-clock words: weekly hours and the dates on which it is otherwise.
//!
//! Turning these words into instants is `calendar.rs`'s business.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why hours cannot be used; each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not a wall-clock time.
    #[error("a time is HH:MM from 00:00 to 24:00")]
    Time,
    /// Not a day of the week.
    #[error("a day is one of mon, tue, wed, thu, fri, sat, sun")]
    Day,
    /// Ends before it begins.
    #[error("`to` must be later than `from`; split hours that pass midnight into two entries")]
    Backwards,
    /// Two windows of one day share time.
    #[error("the windows {0} and {1} of one day overlap; join them or move one")]
    Overlap(String, String),
}

/// A wall-clock time to the minute; 24:00 ends a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MinuteOfDay(u16);

impl MinuteOfDay {
    /// The full hour, 0 to 24.
    pub(super) fn of_hour(hour: u16) -> Self {
        assert!(hour <= 24, "a day has 24 hours");
        Self(hour * 60)
    }

    /// Minutes since 00:00, 0 to 1440.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for MinuteOfDay {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let (hour, minute) = text.split_once(':').ok_or(ScheduleError::Time)?;
        let number = |part: &str| match part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())
        {
            true => part.parse::<u16>().map_err(|_| ScheduleError::Time),
            false => Err(ScheduleError::Time),
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        let total = hour * 60 + minute;
        (minute < 60 && total <= 24 * 60)
            .then_some(Self(total))
            .ok_or(ScheduleError::Time)
    }
}

impl fmt::Display for MinuteOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// One stretch of a day on the wall clock, `from` included, `to` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    from: MinuteOfDay,
    to: MinuteOfDay,
}

impl Window {
    /// Refuses windows that are empty or pass midnight.
    pub fn new(from: MinuteOfDay, to: MinuteOfDay) -> Result<Self, ScheduleError> {
        (from < to)
            .then_some(Self { from, to })
            .ok_or(ScheduleError::Backwards)
    }

    /// When it opens.
    pub fn from(self) -> MinuteOfDay {
        self.from
    }

    /// When it closes.
    pub fn to(self) -> MinuteOfDay {
        self.to
    }
}

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}–{}", self.from, self.to)
    }
}

/// A set of days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Weekdays(u8);

impl Weekdays {
    const NAMES: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// The set of the named days (`mon` … `sun`).
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ScheduleError> {
        names.into_iter().try_fold(Self::default(), |days, name| {
            let place = Self::NAMES.iter().position(|known| *known == name);
            let place = place.ok_or(ScheduleError::Day)?;
            Ok(Self(days.0 | 1 << place))
        })
    }

    /// The names of its days, Monday first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..7)
            .filter(move |place| self.0 >> place & 1 == 1)
            .map(|place| Self::NAMES[place])
    }

    /// Whether the day is in the set.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 >> day.to_monday_zero_offset() & 1 == 1
    }

    /// Whether two sets share a day.
    pub fn shares(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Hours that recur every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningHours {
    /// On which days.
    pub days: Weekdays,
    /// From when to when.
    pub window: Window,
}

/// A date on which the usual hours do not hold. Several windows of one date add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayException {
    /// Which date, in the clinic's zone.
    pub date: Date,
    /// The hours of that date; `None`: closed all day.
    pub window: Option<Window>,
}

// jiff writes dates as text; stored, a date is three small numbers.
impl Serialize for DayException {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let date = (self.date.year(), self.date.month(), self.date.day());
        (date, self.window).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DayException {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ((year, month, day), window) = Deserialize::deserialize(deserializer)?;
        let date = Date::new(year, month, day).map_err(serde::de::Error::custom)?;
        Ok(Self { date, window })
    }
}

/// Refuses two windows that share time on a day; neighbours are fine.
pub fn check_windows(windows: &mut [Window]) -> Result<(), ScheduleError> {
    windows.sort_unstable();
    for pair in windows.windows(2) {
        if pair[1].from < pair[0].to {
            return Err(ScheduleError::Overlap(
                pair[0].to_string(),
                pair[1].to_string(),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(
            "24:00".parse::<MinuteOfDay>().expect("midnight").get(),
            1440
        );
        for text in ["24:01", "9:00", "09:60", "0900", "", "+1:00", "aa:bb"] {
            assert!(text.parse::<MinuteOfDay>().is_err(), "{text}");
        }
    }

    #[test]
    fn overlapping_windows_are_refused_and_neighbours_are_not() {
        let window = |from: &str, to: &str| {
            Window::new(from.parse().expect("from"), to.parse().expect("to")).expect("window")
        };
        assert!(check_windows(&mut [window("12:00", "13:00"), window("09:00", "12:00")]).is_ok());
        assert!(check_windows(&mut [window("12:00", "13:00"), window("09:00", "12:01")]).is_err());
    }
}
