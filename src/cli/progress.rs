//! How far long work has come: a line on a terminal that is written over, nothing in a pipe.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use crate::clock::Stopwatch;

/// How often the line changes at the most.
const PAUSE: Duration = Duration::from_millis(100);
/// Cells of the bar.
const CELLS: u64 = 24;

/// A progress line on stderr.
pub struct ProgressLine {
    what: &'static str,
    shown: Option<Mutex<Shown>>,
}

struct Shown {
    since: Stopwatch,
    width: usize,
}

impl ProgressLine {
    /// One for this work; it shows itself only on a terminal.
    pub fn of(what: &'static str) -> Self {
        let shown = std::io::stderr().is_terminal().then(|| {
            Mutex::new(Shown {
                since: Stopwatch::start(),
                width: 0,
            })
        });
        Self { what, shown }
    }

    /// So much of so much is done; `more` is said behind it.
    pub fn show(&self, done: u64, of: u64, more: &str) {
        // Whoever comes while another writes has nothing newer to say.
        let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::try_lock) else {
            return;
        };
        if shown.since.elapsed() < PAUSE && done < of {
            return;
        }
        let full = (done * CELLS / of.max(1)).min(CELLS) as usize;
        let (full, empty) = ("█".repeat(full), "░".repeat(CELLS as usize - full));
        let line = format!("{} {full}{empty} {done}/{of} {more}", self.what);
        let width = line.chars().count();
        // A terminal that is gone is no reason to stop.
        let _ = write!(std::io::stderr(), "\r{line:<before$}", before = shown.width);
        (shown.width, shown.since) = (width, Stopwatch::start());
    }
}

impl Drop for ProgressLine {
    /// The line is wiped: what comes of the work is said elsewhere.
    fn drop(&mut self) {
        if let Some(Ok(shown)) = self.shown.as_ref().map(Mutex::try_lock) {
            let _ = write!(std::io::stderr(), "\r{:width$}\r", "", width = shown.width);
        }
    }
}
