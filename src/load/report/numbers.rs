//! Numbers as they are shown, the same in the table and on the page.

use crate::load::outcome::{Goal, Outcome};

/// The percentiles that are shown, and what they are called.
pub const PERCENTILES: [(f64, &str); 4] =
    [(50.0, "p50"), (90.0, "p90"), (95.0, "p95"), (99.0, "p99")];

/// Milliseconds with as many figures as mean something.
pub fn millis(millis: f64) -> String {
    match millis {
        small if small < 10.0 => format!("{small:.2}"),
        middle if middle < 100.0 => format!("{middle:.1}"),
        large => format!("{large:.0}"),
    }
}

/// A goal, and whether it was reached.
pub fn goal(goal: &Goal) -> String {
    let met = if goal.is_met() { "met" } else { "MISSED" };
    let than = if goal.is_strict { "<" } else { "≤" };
    let measured = match goal.measured {
        Some(measured) => format!("{} ms", millis(measured)),
        None => "was not measured".to_owned(),
    };
    format!("{met}: {} {measured} ({than} {} ms)", goal.what, goal.limit)
}

/// How busy the machine was.
pub fn load(outcome: &Outcome) -> String {
    let [before, after] = outcome.load_average.map(|load| match load {
        Some(load) => format!("{load:.2}"),
        None => "unknown".to_owned(),
    });
    format!("load average {before} before, {after} after")
}

/// The machine.
pub fn machine(outcome: &Outcome) -> String {
    let machine = &outcome.machine;
    let processor = match machine.processor.as_str() {
        "" => "processor unknown",
        processor => processor,
    };
    format!(
        "{} cores ({processor}), {} MiB, {}",
        machine.cores, machine.memory_mib, machine.kernel
    )
}
