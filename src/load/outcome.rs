//! What a run has found, whichever the scenario: steps with their times and errors, goals, and how a typical turn passed.
//!
//! Numbers, names of steps and settings only: no text that anyone said, no number that anyone called from.

use std::collections::BTreeMap;
use std::time::Duration;

use super::figures::Timings;
use super::machine::Machine;

/// What a run has found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which scenario.
    pub scenario: &'static str,
    /// When it began, as RFC 3339.
    pub began: String,
    /// What it was asked for, in the order in which it is shown.
    pub settings: Vec<(&'static str, String)>,
    /// What has to be said beside the figures.
    pub notes: Vec<String>,
    /// Groups of steps.
    pub groups: Vec<Group>,
    /// What was to be reached.
    pub goals: Vec<Goal>,
    /// How the median turn of each kind passed.
    pub waterfalls: Vec<Waterfall>,
    /// The disk by itself.
    pub disk: Option<Disk>,
    /// On what.
    pub machine: Machine,
    /// How many wanted to run before and after.
    pub load_average: [Option<f64>; 2],
    /// Why the run has failed, each in a sentence.
    pub failures: Vec<String>,
}

/// Steps that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they have in common, for programs.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// Whether the disk by itself is shown beside them.
    pub is_beside_disk: bool,
    /// What has to be known to read them.
    pub about: String,
    /// In the order in which they are shown.
    pub steps: Vec<Step>,
}

/// One kind of request.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Its name, for programs too.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// What was answered, and how long that took.
    pub times: Timings,
    /// What went wrong, and how often. A request that went wrong has no time.
    pub errors: BTreeMap<String, u64>,
    /// Over how long.
    pub length: Duration,
    /// What another system is known for, in milliseconds.
    pub beside: Option<f64>,
}

impl Step {
    /// Nothing yet.
    pub fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            ..Self::default()
        }
    }

    /// Adds what another caller found.
    pub fn merge(&mut self, other: &Self) {
        self.times.merge(&other.times);
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
    }

    /// Writes down what came of one request.
    pub fn note(&mut self, came: Result<Duration, String>) {
        match came {
            Ok(time) => self.times.add(time),
            Err(error) => *self.errors.entry(error).or_default() += 1,
        }
    }

    /// The time that so many percent of its answers do not exceed, in milliseconds; `None` if nothing was answered.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        (self.times.count() > 0).then(|| self.times.percentile(percent))
    }

    /// Requests that went wrong.
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Answered, each second.
    pub fn per_second(&self) -> f64 {
        match self.length.is_zero() {
            true => 0.0,
            false => self.times.count() as f64 / self.length.as_secs_f64(),
        }
    }
}

/// Something to be reached.
#[derive(Debug, Clone)]
pub struct Goal {
    /// What, in words.
    pub what: String,
    /// What was measured, in milliseconds; `None` if nothing was.
    pub measured: Option<f64>,
    /// What it must not exceed, or be below if it is strict.
    pub limit: f64,
    /// Whether the limit itself is too much.
    pub is_strict: bool,
}

impl Goal {
    /// Whether it was reached; nothing is by a run that measured nothing.
    pub fn is_met(&self) -> bool {
        self.measured.is_some_and(|measured| match self.is_strict {
            true => measured < self.limit,
            false => measured <= self.limit,
        })
    }
}

/// How one turn passed.
#[derive(Debug, Clone)]
pub struct Waterfall {
    /// Of which kind, for programs.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// What happened, by start.
    pub bars: Vec<Bar>,
    /// When its first byte was there.
    pub first_byte: Duration,
    /// What the old system is known for, in milliseconds.
    pub beside: Option<f64>,
}

/// One thing that took its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What.
    pub name: &'static str,
    /// Since the turn's start.
    pub start: Duration,
    /// For how long.
    pub length: Duration,
    /// Whether it is the server's own, not an upstream's.
    pub is_own: bool,
}

/// The disk by itself.
#[derive(Debug, Clone)]
pub struct Disk {
    /// Which folder was probed, and why.
    pub folder: String,
    /// Small writes made durable.
    pub times: Timings,
}
