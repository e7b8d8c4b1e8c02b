//! Time as the ledger counts it: milliseconds since the Unix epoch, and half-open stretches of it.
//!
//! Calendars, zones and text forms are `calendar.rs`'s business; nothing here knows what day it is.

use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Before anything.
    pub const MIN: Self = Self(i64::MIN);
    /// After anything: "never".
    pub const MAX: Self = Self(i64::MAX);

    /// This instant moved by a number of seconds; saturates.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// This instant moved by a number of minutes; saturates.
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    /// Whole seconds from `earlier` to this instant, rounded up; 0 if it is not later.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        let millis = self.0.saturating_sub(earlier.0).max(0);
        millis.unsigned_abs().div_ceil(1000)
    }
}

/// A stretch of time, `start` included, `end` not. It is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// From `start` to `end`; `None` if nothing lies between them.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// `minutes` from `start`.
    pub fn of_minutes(start: Timestamp, minutes: std::num::NonZeroU32) -> Self {
        Self {
            start,
            end: start.plus_minutes(minutes.get().into()),
        }
    }

    /// The first instant of it.
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        self.end
    }

    /// Whether the two share any instant; neighbours do not.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `other` lies within this.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What the two share.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Widened by minutes on both sides: a service's buffers.
    pub fn padded(self, before_minutes: u32, after_minutes: u32) -> Self {
        Self {
            start: self.start.plus_minutes(-i64::from(before_minutes)),
            end: self.end.plus_minutes(after_minutes.into()),
        }
    }

    /// Its length in milliseconds.
    pub fn millis(self) -> i64 {
        self.end.0.saturating_sub(self.start.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(start: i64, end: i64) -> Interval {
        Interval::new(Timestamp(start), Timestamp(end)).expect("not empty")
    }

    #[test]
    fn neighbours_do_not_overlap_and_nothing_is_no_interval() {
        assert!(!interval(0, 10).overlaps(interval(10, 20)));
        assert!(interval(0, 11).overlaps(interval(10, 20)));
        assert_eq!(Interval::new(Timestamp(5), Timestamp(5)), None);
        assert_eq!(interval(0, 10).intersection(interval(10, 20)), None);
        assert_eq!(interval(60_000, 120_000).padded(1, 1), interval(0, 180_000));
    }

    #[test]
    fn seconds_are_rounded_up_so_that_a_retry_is_never_too_early() {
        assert_eq!(Timestamp(1_001).seconds_since(Timestamp(0)), 2);
        assert_eq!(Timestamp(0).seconds_since(Timestamp(5)), 0);
        assert_eq!(Timestamp::MAX.plus_seconds(1), Timestamp::MAX);
    }
}
