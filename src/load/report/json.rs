//! An outcome as JSON. Its fields are described in docs/load.md; times are milliseconds.

use serde_json::{Map, Value, json};

use super::numbers::PERCENTILES;
use crate::load::figures::Timings;
use crate::load::outcome::{Goal, Group, Outcome, Step, Waterfall};

/// The document.
pub fn as_json(outcome: &Outcome) -> Value {
    let settings: Map<_, _> = outcome
        .settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let groups: Map<_, _> = outcome
        .groups
        .iter()
        .map(|of| (of.name.to_owned(), group(of)))
        .collect();
    let disk = outcome.disk.as_ref();
    let disk = disk.map(|disk| json!({ "folder": disk.folder, "fdatasync": times(&disk.times) }));
    let [before, after] = outcome.load_average;
    json!({
        "scenario": outcome.scenario,
        "version": env!("CARGO_PKG_VERSION"),
        "began": outcome.began,
        "ok": outcome.failures.is_empty(),
        "failures": outcome.failures,
        "notes": outcome.notes,
        "settings": settings,
        "machine": {
            "cores": outcome.machine.cores, "processor": outcome.machine.processor,
            "memory_mib": outcome.machine.memory_mib, "kernel": outcome.machine.kernel,
        },
        "load_average": { "before": before, "after": after },
        "disk": disk,
        "groups": groups,
        "goals": outcome.goals.iter().map(goal).collect::<Vec<_>>(),
        "waterfalls": outcome.waterfalls.iter().map(waterfall).collect::<Vec<_>>(),
    })
}

fn group(group: &Group) -> Value {
    json!({ "about": group.about, "steps": group.steps.iter().map(step).collect::<Vec<_>>() })
}

fn step(step: &Step) -> Value {
    let mut shown = times(&step.times);
    shown["name"] = json!(step.name);
    shown["per_second"] = json!(rounded(step.per_second()));
    shown["errors"] = json!(step.errors);
    if let Some(beside) = step.beside {
        shown["old_system_ms"] = json!(beside);
    }
    shown
}

fn times(times: &Timings) -> Value {
    let mut shown = json!({ "count": times.count(), "max_ms": rounded(times.longest()) });
    for (percent, name) in PERCENTILES {
        shown[format!("{name}_ms")] = json!(rounded(times.percentile(percent)));
    }
    shown
}

fn goal(goal: &Goal) -> Value {
    json!({ "what": goal.what, "measured_ms": goal.measured.map(rounded), "limit_ms": goal.limit, "met": goal.is_met() })
}

fn waterfall(waterfall: &Waterfall) -> Value {
    let millis = |time: std::time::Duration| rounded(time.as_secs_f64() * 1000.0);
    let bars = waterfall.bars.iter().map(|bar| {
        json!({ "name": bar.name, "start_ms": millis(bar.start), "length_ms": millis(bar.length), "own": bar.is_own })
    });
    json!({
        "name": waterfall.name, "first_byte_ms": millis(waterfall.first_byte), "bars": bars.collect::<Vec<_>>(),
    })
}

/// To the microsecond, which is what was measured.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
