//! From wall-clock words to instants: opening hours and a date become stretches of time and the starts within them.
//!
//! Pure, on jiff. The rule for the two nights a year on which the wall clock jumps: a wall-clock time in the gap does not
//! exist and is never offered; a wall-clock time that comes twice is offered twice. A window that opens in a gap opens when
//! the gap ends; one that closes in a repeated hour closes the second time.

use std::num::NonZeroU32;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::model::{Interval, Timestamp, Window};

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

/// A clinic's time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// What a wall-clock time is in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instants {
    /// The clock skips it; the instant of the jump.
    Skipped(Timestamp),
    /// It comes once.
    Once(Timestamp),
    /// The clock shows it twice.
    Twice(Timestamp, Timestamp),
}

/// A window of one date, in instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenWindow {
    /// From when to when.
    pub interval: Interval,
    /// The same on the wall clock.
    pub window: Window,
}

impl Zone {
    /// The zone of this IANA name, from the bundled database.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The date on this zone's calendar. Instants out of jiff's range are its ends.
    pub fn date_of(&self, at: Timestamp) -> Date {
        self.wall_clock(at).0.date()
    }

    /// The wall clock's reading and its offset from UTC in seconds.
    pub fn wall_clock(&self, at: Timestamp) -> (DateTime, i32) {
        let instant = instant(at);
        let offset = self.0.to_offset(instant);
        (offset.to_datetime(instant), offset.seconds())
    }

    /// The instant as RFC 3339 with this zone's offset: `2026-11-25T09:30:00+00:00`.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let (reading, seconds) = self.wall_clock(at);
        // RFC 3339 has offsets of whole minutes; every zone has had those since 1972.
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        format!("{reading}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// The stretch from midnight (or the first instant) of a date to that of the next.
    pub fn day(&self, date: Date) -> Option<Interval> {
        let start = self.first_instant(date)?;
        let end = self.first_instant(date.tomorrow().ok()?)?;
        Interval::new(start, end)
    }

    fn first_instant(&self, date: Date) -> Option<Timestamp> {
        let zoned = self.0.to_zoned(date.at(0, 0, 0, 0)).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }

    /// What a wall-clock minute of a date is: `minute` from 0 to 1440.
    pub fn instants(&self, date: Date, minute: u16) -> Option<Instants> {
        let reading = wall(date, minute)?;
        let at = |offset: Offset| {
            let instant = offset.to_timestamp(reading).ok()?;
            Some(Timestamp(instant.as_millisecond()))
        };
        match self.0.to_ambiguous_timestamp(reading).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset).map(Instants::Once),
            AmbiguousOffset::Fold { before, after } => {
                Some(Instants::Twice(at(before)?, at(after)?))
            }
            AmbiguousOffset::Gap { before, .. } => {
                // Read with the offset before the jump, a skipped time lies after it.
                let late = instant(at(before)?);
                let jump = self.0.preceding(
                    late.checked_add(jiff::SignedDuration::from_millis(1))
                        .ok()?,
                );
                let jump = jump.map(|transition| transition.timestamp()).next()?;
                Some(Instants::Skipped(Timestamp(jump.as_millisecond())))
            }
        }
    }

    /// A window of a date in instants; `None` if the clock skips all of it.
    pub fn open(&self, date: Date, window: Window) -> Option<OpenWindow> {
        let start = match self.instants(date, window.from().get())? {
            Instants::Skipped(at) | Instants::Once(at) | Instants::Twice(at, _) => at,
        };
        let end = match self.instants(date, window.to().get())? {
            Instants::Skipped(at) | Instants::Once(at) | Instants::Twice(_, at) => at,
        };
        let interval = Interval::new(start, end)?;
        Some(OpenWindow { interval, window })
    }

    /// The starts of appointments of `minutes` within a window, `step` apart on the wall clock from when it opens, in order.
    pub fn starts(
        &self,
        date: Date,
        open: OpenWindow,
        minutes: NonZeroU32,
        step: NonZeroU32,
    ) -> Vec<Timestamp> {
        let from = i64::from(open.window.from().get());
        let fits = |start: &Timestamp| {
            *start >= open.interval.start()
                && Interval::of_minutes(*start, minutes).end() <= open.interval.end()
        };
        let wall_minutes = i64::from(open.window.to().get()) - from;
        let step_minutes = i64::from(step.get());
        let places = 0..=wall_minutes / step_minutes;
        // The wall clock does not jump within this window: starts are plain arithmetic.
        if open.interval.millis() == wall_minutes * MINUTE_MILLIS {
            return places
                .map(|place| open.interval.start().plus_minutes(place * step_minutes))
                .filter(fits)
                .collect();
        }
        let mut starts = Vec::new();
        for place in places {
            let minute = from + place * step_minutes;
            if minute >= DAY_MINUTES {
                break;
            }
            match u16::try_from(minute)
                .ok()
                .and_then(|minute| self.instants(date, minute))
            {
                Some(Instants::Once(at)) => starts.push(at),
                Some(Instants::Twice(first, second)) => starts.extend([first, second]),
                Some(Instants::Skipped(_)) | None => {}
            }
        }
        starts.retain(fits);
        starts.sort_unstable();
        starts
    }
}

/// Reads an RFC 3339 instant; fractions finer than a millisecond are cut.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

/// Reads a calendar date, `2026-11-25`.
pub fn parse_date(text: &str) -> Option<Date> {
    // jiff would also take a date-time here and drop the time.
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

fn wall(date: Date, minute: u16) -> Option<DateTime> {
    if i64::from(minute) == DAY_MINUTES {
        return date.tomorrow().ok().map(|next| next.at(0, 0, 0, 0));
    }
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    Time::new(hour, minute, 0, 0)
        .ok()
        .map(|time| date.to_datetime(time))
}
