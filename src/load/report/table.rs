//! An outcome as a table, for a terminal.

use std::fmt::Write;

use super::numbers::{PERCENTILES, goal, load, machine, millis};
use crate::load::figures::Timings;
use crate::load::outcome::{Outcome, Step};

/// How wide text runs.
const WIDTH: usize = 110;

/// The table.
pub fn as_table(outcome: &Outcome) -> String {
    let mut out = String::new();
    for (name, value) in &outcome.settings {
        line(&mut out, &format!("{name}: {value}"));
    }
    line(&mut out, &machine(outcome));
    line(&mut out, &load(outcome));
    for group in &outcome.groups {
        out.push('\n');
        line(&mut out, &group.about);
        let has_old = group.steps.iter().any(|step| step.beside.is_some());
        head(&mut out, group.name, has_old);
        for step in &group.steps {
            row(&mut out, step);
        }
        for step in &group.steps {
            for (error, count) in &step.errors {
                line(&mut out, &format!("  {count} × {}: {error}", step.name));
            }
        }
        if let (true, Some(disk)) = (group.is_beside_disk, &outcome.disk) {
            times(&mut out, "fdatasync", &disk.times);
            out.push('\n');
            line(
                &mut out,
                &format!("  fdatasync alone, meanwhile, in {}", disk.folder),
            );
        }
    }
    out.push('\n');
    for reached in &outcome.goals {
        line(&mut out, &goal(reached));
    }
    for note in &outcome.notes {
        line(&mut out, note);
    }
    out.trim_end().to_owned()
}

fn head(out: &mut String, name: &str, has_old: bool) {
    let _ = write!(out, "{name:<28}{:>8}{:>9}", "count", "per s");
    for (_, percent) in PERCENTILES {
        let _ = write!(out, "{percent:>9}");
    }
    let old = if has_old { "old" } else { "" };
    let _ = writeln!(out, "{:>9}{:>8}{old:>8}   ms", "max", "errors");
}

fn row(out: &mut String, step: &Step) {
    let title = step.title;
    let _ = write!(
        out,
        "{title:<28}{:>8}{:>9.1}",
        step.times.count(),
        step.per_second()
    );
    percentiles(out, &step.times);
    let old = step.beside.map_or_else(String::new, millis);
    let _ = writeln!(out, "{:>8}{old:>8}", step.error_count());
}

fn times(out: &mut String, name: &str, times: &Timings) {
    let _ = write!(out, "{name:<28}{:>8}{:>9}", times.count(), "");
    percentiles(out, times);
}

fn percentiles(out: &mut String, times: &Timings) {
    for (percent, _) in PERCENTILES {
        let _ = write!(out, "{:>9}", millis(times.percentile(percent)));
    }
    let _ = write!(out, "{:>9}", millis(times.longest()));
}

/// A sentence, broken where a word ends.
fn line(out: &mut String, text: &str) {
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            out.push('\n');
            width = 0;
        }
        if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}
