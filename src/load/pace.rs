//! When a caller asks for the next thing: after as long as people think, and never before the last answer is there.
//!
//! What is due is drawn beforehand from a seed. A request whose instant has passed because the last answer was late counts from
//! that instant, not from when it could be sent at last: else a server that hangs for a second would look good, because
//! everyone waits politely and only one of them measures it (coordinated omission). Without thinking there is no instant at
//! which anything is due, so in a tight loop a request counts from when it is sent.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::figures::Timings;
use crate::clock::Stopwatch;

/// The pace of one caller.
#[derive(Debug)]
pub struct Pace {
    chance: StdRng,
    think: Duration,
    due: Duration,
    /// How much later than due this program itself was: the quality of the measurement.
    pub lateness: Timings,
}

impl Pace {
    /// One who thinks for so long on average, and begins at some instant of the first such stretch.
    pub fn new(seed: u64, think: Duration, now: Duration) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let due = now + think.mul_f64(chance.random_range(0.0..1.0));
        Self {
            chance,
            think,
            due,
            lateness: Timings::default(),
        }
    }

    /// Waits until the next request is due and gives the instant from which it counts. `answered` is when the last answer came.
    pub async fn next(&mut self, clock: &Stopwatch, answered: Duration) -> Duration {
        if self.think.is_zero() {
            return clock.elapsed();
        }
        let due = self.due;
        self.due += self.think.mul_f64(self.chance.random_range(0.5..1.5));
        let now = clock.elapsed();
        if now < due {
            tokio::time::sleep(due - now).await;
            let now = clock.elapsed();
            self.lateness.add(now - due);
            now
        } else if answered > due {
            due
        } else {
            now
        }
    }

    /// Forgets what was due meanwhile: the caller has something else to do, or hangs up and another calls.
    pub fn start_over(&mut self, now: Duration) {
        let pause = self.think.mul_f64(self.chance.random_range(0.5..1.5));
        self.due = self.due.max(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(future)
    }

    // Goal: a stall is counted in full. Method: an answer that came long after the next request was due.
    #[test]
    fn what_waited_for_a_late_answer_counts_from_when_it_was_due() {
        let clock = Stopwatch::start();
        let mut pace = Pace::new(1, Duration::from_nanos(100), Duration::ZERO);
        let due = pace.due;
        let counted = block_on(pace.next(&clock, clock.elapsed() + Duration::from_secs(1)));
        assert_eq!(counted, due);
        // Late for a reason of its own: from when it is sent.
        let own = block_on(pace.next(&clock, Duration::ZERO));
        assert!(own > due);
    }

    #[test]
    fn the_same_seed_thinks_the_same() {
        let due = |seed| Pace::new(seed, Duration::from_secs(1), Duration::ZERO).due;
        assert_eq!(due(7), due(7));
        assert_ne!(due(7), due(8));
    }
}
