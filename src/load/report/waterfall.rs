//! How the median turn of each kind passed: a bar for each thing that took its time, all kinds on one scale, so that what was
//! saved is what is shorter.

use std::fmt::Write;
use std::time::Duration;

use super::numbers::millis;
use crate::load::outcome::{Bar, Waterfall};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 220.0;
const RIGHT: f64 = 70.0;
const ROW: f64 = 21.0;
const HEAD: f64 = 30.0;

/// One kind's picture, on a scale that ends at so many milliseconds.
pub fn waterfall(of: &Waterfall, end: f64) -> String {
    let height = HEAD + ROW * of.bars.len() as f64 + 8.0;
    let x = |at: f64| LEFT + (at / end).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{}"><g class="axis">"#,
        of.title
    );
    let steps = [50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0];
    let step = steps.into_iter().find(|step| end / step <= 12.0);
    let step = step.unwrap_or(end);
    for tick in (0..=12).map(|number| f64::from(number) * step) {
        if tick <= end {
            let x = x(tick);
            let _ = write!(
                svg,
                r#"<line x1="{x:.1}" x2="{x:.1}" y1="{HEAD}" y2="{height}"/><text x="{x:.1}" y="{height}" dy="-1" class="tick">{tick}</text>"#
            );
        }
    }
    svg.push_str("</g>");
    for (place, bar) in of.bars.iter().enumerate() {
        let y = HEAD + ROW * place as f64;
        let (start, length) = (in_millis(bar.start), in_millis(bar.length));
        let (from, to) = (x(start), x(start + length));
        let wide = (to - from).max(2.0);
        let class = class(bar);
        let (base, name) = (y + 14.0, bar.name);
        // Inside where there is room, else behind it.
        let (place, kind) = match wide > 60.0 {
            true => (from + 6.0, "inside"),
            false => (from + wide + 5.0, "figure"),
        };
        let _ = write!(
            svg,
            r#"<text class="name" x="{}" y="{base}" text-anchor="end">{name}</text><rect class="{class}" x="{from:.1}" y="{:.1}" width="{wide:.1}" height="{}" rx="2"/><text class="{kind}" x="{place:.1}" y="{base}">{}</text>"#,
            LEFT - 12.0,
            y + 2.0,
            ROW - 4.0,
            millis(length)
        );
    }
    let first = in_millis(of.first_byte);
    mark(
        &mut svg,
        "first",
        x(first),
        height,
        &format!("first byte {}", millis(first)),
    );
    if let Some(old) = of.beside {
        let _ = write!(
            svg,
            r#"<line class="oldline" x1="{0:.1}" x2="{0:.1}" y1="{HEAD}" y2="{height}"/>"#,
            x(old)
        );
    }
    svg + "</svg>"
}

fn mark(svg: &mut String, class: &str, x: f64, height: f64, text: &str) {
    let _ = write!(
        svg,
        r#"<line class="{class}" x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{height}"/><text class="{class}text" x="{x:.1}" y="14" text-anchor="middle">{text} ms</text>"#,
        HEAD - 12.0
    );
}

fn class(bar: &Bar) -> &'static str {
    match bar.name {
        _ if bar.is_own => "own",
        "model" => "model",
        _ => "upstream",
    }
}

/// Where the scale of all of them ends.
pub fn scale_end(all: &[Waterfall]) -> f64 {
    let ends = all.iter().flat_map(|of| {
        let bars = of.bars.iter().map(|bar| in_millis(bar.start + bar.length));
        bars.chain([in_millis(of.first_byte), of.beside.unwrap_or_default()])
    });
    ends.fold(1.0, f64::max) * 1.03
}

fn in_millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
