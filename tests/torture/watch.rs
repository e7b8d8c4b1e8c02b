//! The only file here that reads a clock.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Wall-clock time, as the server's answers have it.
#[expect(
    clippy::disallowed_methods,
    reason = "this program measures; it is not the engine"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A running stopwatch.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Instant);

impl Watch {
    /// Starts one.
    #[expect(
        clippy::disallowed_methods,
        reason = "this program measures; it is not the engine"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Microseconds since the start.
    pub fn micros(self) -> u64 {
        u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
