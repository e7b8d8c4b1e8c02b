//! An outcome as one page: pictures, tables, and all that has to be known to read them. It fetches nothing, so it can be kept
//! and sent.

use std::fmt::Write;

use super::numbers::{PERCENTILES, goal, load, machine, millis};
use super::plot::{Row, plot};
use super::waterfall::{scale_end, waterfall};
use crate::load::figures::Timings;
use crate::load::outcome::{Group, Outcome, Step};

const PAGE: &str = include_str!("../../../data/load/report.html");

/// The page.
pub fn as_page(outcome: &Outcome) -> String {
    let mut page = String::with_capacity(PAGE.len() + (64 << 10));
    let mut rest = PAGE;
    // In one pass, so that nothing that was filled in is taken for a place to fill in.
    while let Some((before, place)) = rest.split_once("{{") {
        let (name, after) = place.split_once("}}").unwrap_or((place, ""));
        page.push_str(before);
        page.push_str(&part(outcome, name));
        rest = after;
    }
    page + rest
}

fn part(outcome: &Outcome, name: &str) -> String {
    match name {
        "scenario" => escaped(outcome.scenario),
        "began" => escaped(&outcome.began),
        "version" => env!("CARGO_PKG_VERSION").to_owned(),
        "verdict" => verdict(outcome),
        "goals" => goals(outcome),
        "notes" => outcome
            .notes
            .iter()
            .map(|note| element("p", note))
            .collect(),
        "groups" => outcome.groups.iter().map(|of| group(of, outcome)).collect(),
        "waterfalls" => waterfalls(outcome),
        "settings" => settings(outcome),
        _ => String::new(),
    }
}

fn verdict(outcome: &Outcome) -> String {
    match outcome.failures.as_slice() {
        [] => element("p", "Every request was answered as it should be."),
        failures => failures
            .iter()
            .map(|failure| format!(r#"<p class="failed">Failed: {}</p>"#, escaped(failure)))
            .collect(),
    }
}

fn goals(outcome: &Outcome) -> String {
    let mut list = String::new();
    for reached in &outcome.goals {
        let class = if reached.is_met() { "met" } else { "missed" };
        let _ = write!(
            list,
            r#"<li class="{class}">{}</li>"#,
            escaped(&goal(reached))
        );
    }
    list
}

fn group(group: &Group, outcome: &Outcome) -> String {
    let title = group.title;
    let disk = outcome.disk.as_ref().filter(|_| group.is_beside_disk);
    let mut rows: Vec<_> = group.steps.iter().map(row).collect();
    if let Some(disk) = disk {
        rows.push(Row {
            title: "fdatasync alone",
            times: &disk.times,
            beside: None,
        });
    }
    let has_old = group.steps.iter().any(|step| step.beside.is_some());
    let mut table = head(has_old);
    for step in &group.steps {
        let per_second = format!("{:.1}", step.per_second());
        let errors = step.error_count().to_string();
        let old = step.beside.map_or_else(String::new, millis);
        cells(
            &mut table,
            step.title,
            &step.times,
            &per_second,
            &errors,
            has_old.then_some(&old),
        );
    }
    let mut after = String::new();
    if let Some(disk) = disk {
        cells(
            &mut table,
            "fdatasync alone",
            &disk.times,
            "",
            "",
            has_old.then_some(&String::new()),
        );
        after = element(
            "p",
            &format!(
                "The disk by itself was probed meanwhile, in {}.",
                disk.folder
            ),
        );
    }
    for step in &group.steps {
        for (error, count) in &step.errors {
            after += &element("p", &format!("{count} × {}: {error}", step.name));
        }
    }
    let legend = match has_old {
        true => {
            "Dot: p50; ticks: p95 and p99; thin line: shortest to longest; diamond: the old system. Figures: p50 / p95 / p99."
        }
        false => {
            "Dot: p50; ticks: p95 and p99; thin line: shortest to longest; the scale is logarithmic. Figures: p50 / p95 / p99."
        }
    };
    format!(
        r#"<section><h2>{}</h2><p>{}</p><figure>{}<figcaption>{legend}</figcaption></figure><div class="wide"><table>{table}</tbody></table></div>{after}</section>"#,
        escaped(title),
        escaped(&group.about),
        plot(&rows, title)
    )
}

fn row(step: &Step) -> Row<'_> {
    Row {
        title: step.title,
        times: &step.times,
        beside: step.beside,
    }
}

fn head(has_old: bool) -> String {
    let percents = PERCENTILES.map(|(_, name)| element("th", name)).concat();
    let old = if has_old { "<th>old</th>" } else { "" };
    format!(
        "<thead><tr><th>ms</th><th>count</th><th>per s</th>{percents}<th>max</th><th>errors</th>{old}</tr></thead><tbody>"
    )
}

fn cells(
    table: &mut String,
    title: &str,
    times: &Timings,
    per_second: &str,
    errors: &str,
    old: Option<&String>,
) {
    let percents =
        PERCENTILES.map(|(percent, _)| element("td", &millis(times.percentile(percent))));
    let old = old.map_or_else(String::new, |old| element("td", old));
    let _ = write!(
        table,
        r#"<tr><th scope="row">{}</th><td>{}</td><td>{per_second}</td>{}<td>{}</td><td>{errors}</td>{old}</tr>"#,
        escaped(title),
        times.count(),
        percents.concat(),
        millis(times.longest())
    );
}

fn waterfalls(outcome: &Outcome) -> String {
    if outcome.waterfalls.is_empty() {
        return String::new();
    }
    let end = scale_end(&outcome.waterfalls);
    let figures = outcome.waterfalls.iter().map(|of| {
        let old = of.beside.map_or_else(String::new, |old| {
            format!(" · the old system is known for {} ms", millis(old))
        });
        format!(
            "<figure><h3>{}<small>{old}</small></h3>{}</figure>",
            escaped(of.title),
            waterfall(of, end)
        )
    });
    format!(
        r#"<section><h2>What a turn waits for</h2><p>The median turn of each mode, all on one scale, in milliseconds. <span class="key own"></span> holdfast <span class="key upstream"></span> upstreams <span class="key model"></span> model up to its first token. The dashed line is the old system’s published figure.</p>{}</section>"#,
        figures.collect::<String>()
    )
}

fn settings(outcome: &Outcome) -> String {
    let mut rows: Vec<(&str, String)> = outcome.settings.clone();
    rows.push(("machine", machine(outcome)));
    rows.push(("load", load(outcome)));
    let rows = rows
        .iter()
        .map(|(name, value)| format!("{}{}", element("dt", name), element("dd", value)));
    rows.collect()
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
