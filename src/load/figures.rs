//! How long things took: a histogram with three significant figures, from microseconds to minutes.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest time that is told apart from longer ones, in microseconds: five minutes.
const LONGEST_MICROS: u64 = 300_000_000;
/// Figures that count: a time is off by a thousandth at the most.
const SIGNIFICANT_FIGURES: u8 = 3;

/// Times of one kind.
#[derive(Clone, Debug)]
pub struct Timings(Histogram<u64>);

impl Default for Timings {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_MICROS, SIGNIFICANT_FIGURES);
        Self(histogram.expect("the bounds are in order and the figures are between 0 and 5"))
    }
}

impl Timings {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    /// Adds one of those that should have come in this rhythm, and for a long one those that it kept from coming: otherwise a disk that
    /// stands still for a second would count once.
    pub fn add_paced(&mut self, time: Duration, rhythm: Duration) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let time = micros(time).min(LONGEST_MICROS);
        let added = self.0.record_correct(time, micros(rhythm));
        added.expect("it is not longer than the longest");
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        let added = self.0.add(&other.0);
        added.expect("all of them have the same bounds");
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that so many percent of them do not exceed, in milliseconds; 0 if there are none.
    pub fn percentile(&self, percent: f64) -> f64 {
        millis(self.0.value_at_percentile(percent))
    }

    /// The longest, in milliseconds.
    pub fn longest(&self) -> f64 {
        millis(self.0.max())
    }

    /// The shortest, in milliseconds.
    pub fn shortest(&self) -> f64 {
        millis(if self.count() == 0 { 0 } else { self.0.min() })
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_kept_others_from_coming_counts_for_them() {
        let mut times = Timings::default();
        times.add_paced(Duration::from_millis(1), Duration::from_millis(20));
        times.add_paced(Duration::from_millis(100), Duration::from_millis(20));
        assert_eq!(times.count(), 1 + 5, "100, 80, 60, 40 and 20 ms");
        assert!((times.percentile(50.0) - 40.0).abs() < 0.1);
    }

    #[test]
    fn percentiles_are_of_all_that_was_added() {
        let mut times = Timings::default();
        assert_eq!((times.percentile(99.0), times.shortest()), (0.0, 0.0));
        let mut more = Timings::default();
        for millis in 1..=100 {
            times.add(Duration::from_millis(millis));
            more.add(Duration::from_millis(100 + millis));
        }
        times.merge(&more);
        assert_eq!(times.count(), 200);
        assert!((times.percentile(50.0) - 100.0).abs() < 0.2);
        assert!((times.percentile(99.0) - 198.0).abs() < 0.3);
        times.add(Duration::from_secs(100_000));
        assert!(times.longest() >= 300_000.0, "it is the longest there is");
    }
}
