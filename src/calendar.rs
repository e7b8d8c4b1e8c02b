//! From wall-clock words to instants: opening hours and a date become stretches of time and the starts within them.
//!
//! Pure, on jiff and the time zone rules compiled into this binary; a machine's own rules are never read, so the same words
//! mean the same instants everywhere. The rule for the two nights a year on which the wall clock jumps: a wall-clock time in
//! the gap does not exist and is never offered; a wall-clock time that comes twice is offered twice. A window reaches from
//! the first to the last instant at which the clock shows a time within it: one that opens in a gap opens when the gap ends,
//! one that closes in the middle of a repeated hour closes the second time, one that closes as that hour begins closes the
//! first time. Called by the ledger, and by the façade for texts of instants.

use std::num::NonZeroU32;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use crate::model::{Interval, Timestamp, Window};

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MINUTES: u16 = 24 * 60;

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
        // Not `TimeZone::get`, which prefers the machine's files. `Etc/Unknown` is a zone to jiff but no place on earth.
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        (!zone.is_unknown()).then_some(Self(zone))
    }

    /// UTC: where there is no clinic, or its zone is not known.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
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
        let instant = instant(at);
        // RFC 3339 has offsets of whole minutes; before 1972 zones had odd seconds. The reading gives way, not the instant.
        let minutes = self.0.to_offset(instant).seconds() / 60;
        let reading = Offset::from_seconds(minutes * 60)
            .unwrap_or(Offset::UTC)
            .to_datetime(instant);
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.abs();
        format!("{reading}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// The stretch from the first instant of a date (midnight, mostly) to that of the next; `None` if the clock skips the
    /// whole date, or at the ends of jiff's range.
    pub fn day(&self, date: Date) -> Option<Interval> {
        let start = self.first_instant(date)?;
        let end = self.first_instant(date.tomorrow().ok()?)?;
        Interval::new(start, end)
    }

    fn first_instant(&self, date: Date) -> Option<Timestamp> {
        match self.instants(date, 0)? {
            Instants::Skipped(at) | Instants::Once(at) | Instants::Twice(at, _) => Some(at),
        }
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
                // Read with the offset before the jump, a skipped time lies at the jump or after it.
                self.last_jump(at(before)?).map(Instants::Skipped)
            }
        }
    }

    /// The latest jump of the wall clock at or before an instant.
    fn last_jump(&self, at: Timestamp) -> Option<Timestamp> {
        // jiff looks strictly before.
        let jump = self.0.preceding(instant(Timestamp(at.0 + 1))).next()?;
        Some(Timestamp(jump.timestamp().as_millisecond()))
    }

    /// A window of a date in instants; `None` if the clock skips all of it.
    pub fn open(&self, date: Date, window: Window) -> Option<OpenWindow> {
        let start = match self.instants(date, window.from().get())? {
            Instants::Skipped(at) | Instants::Once(at) | Instants::Twice(at, _) => at,
        };
        let end = match self.instants(date, window.to().get())? {
            Instants::Skipped(at) | Instants::Once(at) => at,
            // `to` is where the repeated hour begins: nothing within the window comes twice.
            Instants::Twice(first, second) if self.last_jump(second) == Some(second) => first,
            Instants::Twice(_, second) => second,
        };
        let interval = Interval::new(start, end)?;
        Some(OpenWindow { interval, window })
    }

    /// The starts of appointments of `minutes` within a window, in order: the clock then shows a time of the window, whole
    /// steps after its `from`, and the appointment is over when it closes. `open.interval` may have been cut.
    pub fn starts(
        &self,
        date: Date,
        open: OpenWindow,
        minutes: NonZeroU32,
        step: NonZeroU32,
    ) -> Vec<Timestamp> {
        let (from, to) = (open.window.from().get(), open.window.to().get());
        let step = usize::try_from(step.get()).unwrap_or(usize::MAX);
        let places = (from..to.min(DAY_MINUTES)).step_by(step);
        let fits = |start: &Timestamp| {
            *start >= open.interval.start()
                && Interval::of_minutes(*start, minutes).end() <= open.interval.end()
        };
        // Most days the clock does not jump between the two: starts are plain arithmetic.
        if let Some(opens) = self.steady(date, open.window) {
            return places
                .map(|minute| opens.plus_minutes((minute - from).into()))
                .filter(fits)
                .collect();
        }
        let mut starts = Vec::new();
        for minute in places {
            match self.instants(date, minute) {
                Some(Instants::Once(at)) => starts.push(at),
                Some(Instants::Twice(first, second)) => starts.extend([first, second]),
                Some(Instants::Skipped(_)) | None => {}
            }
        }
        starts.retain(fits);
        starts.sort_unstable();
        starts
    }

    /// When a window opens, if the clock runs through it without a jump.
    fn steady(&self, date: Date, window: Window) -> Option<Timestamp> {
        let (from, to) = (window.from().get(), window.to().get());
        let (Instants::Once(opens), Instants::Once(closes)) =
            (self.instants(date, from)?, self.instants(date, to)?)
        else {
            return None;
        };
        (closes.0 - opens.0 == i64::from(to - from) * MINUTE_MILLIS).then_some(opens)
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
    if minute == DAY_MINUTES {
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
