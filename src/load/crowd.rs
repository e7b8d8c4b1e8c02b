//! So many callers at once, on one thread, and how far they have come.

use std::time::Duration;

use tokio::task::JoinSet;

use super::asked::Progress;
use crate::clock::Stopwatch;

/// How often it is told how far a run has come.
const PAUSE: Duration = Duration::from_millis(250);

/// How far a run has come, on its own clock.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    /// The run's clock.
    pub clock: Stopwatch,
    /// How long it will take.
    pub whole: Duration,
    /// Who is told.
    pub progress: Progress<'a>,
}

impl Course<'_> {
    /// Says so.
    pub fn tell(&self, what: &str) {
        let done = self.clock.elapsed().min(self.whole);
        (self.progress)(done.as_secs(), self.whole.as_secs(), what);
    }

    /// Lets callers do what they do, until the last has done it.
    pub async fn all<T: 'static, C: Future<Output = T> + 'static>(
        &self,
        callers: impl Iterator<Item = C>,
        what: &str,
    ) -> Vec<T> {
        let mut set = JoinSet::new();
        for caller in callers {
            set.spawn_local(caller);
        }
        let mut found = Vec::with_capacity(set.len());
        loop {
            self.tell(what);
            match tokio::time::timeout(PAUSE, set.join_next()).await {
                Ok(Some(came)) => {
                    found.push(came.expect("callers do not panic and nobody stops them"))
                }
                Ok(None) => return found,
                Err(_) => {}
            }
        }
    }
}
