//! Percentiles as a picture: a row for each step, its name beside it, so that no legend has to be looked up and a page printed
//! in black says as much.
//!
//! The thin line runs from the shortest time to the longest, the thick one from p50 to p99; p50, p95 and p99 are marked.

use std::fmt::Write;

use super::numbers::millis;
use crate::load::figures::Timings;

const WIDTH: f64 = 860.0;
/// Where the axis begins, and how much is left behind its end for figures.
const LEFT: f64 = 220.0;
const RIGHT: f64 = 150.0;
const ROW: f64 = 34.0;
const AXIS: f64 = 26.0;

/// A row of a plot.
pub struct Row<'a> {
    /// Its name.
    pub title: &'a str,
    /// Its times.
    pub times: &'a Timings,
    /// What another system is known for, in milliseconds.
    pub beside: Option<f64>,
}

/// How milliseconds are laid out.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Scale {
    fn of(rows: &[Row<'_>]) -> Self {
        let timed = rows.iter().filter(|row| row.times.count() > 0);
        let ends = timed.map(|row| (row.times.shortest(), row.times.longest()));
        let (low, high) = ends.fold((f64::MAX, 0.1_f64), |(low, high), (short, long)| {
            (low.min(short), high.max(long))
        });
        let beside = rows.iter().filter_map(|row| row.beside).fold(0.0, f64::max);
        // What is compared with figures of others is seen from zero; else what is small must be seen beside what is large.
        match beside > 0.0 {
            true => Self {
                low: 0.0,
                high: high.max(beside) * 1.02,
                is_logarithmic: false,
            },
            false => Self {
                low: (low.min(high) * 0.9).max(0.01),
                high: high * 1.1,
                is_logarithmic: true,
            },
        }
    }

    fn x(self, millis: f64) -> f64 {
        let share = match self.is_logarithmic {
            true => (millis.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
            false => (millis - self.low) / (self.high - self.low),
        };
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn ticks(self) -> Vec<f64> {
        if self.is_logarithmic {
            let decades = (-2..=6).map(|power| 10_f64.powi(power));
            let steps: &[f64] = match self.high / self.low > 2_000.0 {
                true => &[1.0],
                false => &[1.0, 2.0, 5.0],
            };
            let ticks = decades.flat_map(|decade| steps.iter().map(move |step| step * decade));
            return ticks
                .filter(|tick| (self.low..=self.high).contains(tick))
                .collect();
        }
        let steps = [
            50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0, 20_000.0, 100_000.0,
        ];
        let step = steps.into_iter().find(|step| self.high / step <= 12.0);
        let step = step.unwrap_or(self.high);
        (0..=12)
            .map(|number| f64::from(number) * step)
            .filter(|tick| *tick <= self.high)
            .collect()
    }
}

/// The picture, as SVG that takes its colours from the page.
pub fn plot(rows: &[Row<'_>], label: &str) -> String {
    let scale = Scale::of(rows);
    let height = AXIS + ROW * rows.len() as f64 + 6.0;
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}"><g class="axis">"#
    );
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let _ = write!(
            svg,
            r#"<line x1="{x:.1}" x2="{x:.1}" y1="{AXIS}" y2="{height}"/><text x="{x:.1}" y="16" text-anchor="middle">{tick}</text>"#
        );
    }
    let unit = WIDTH - RIGHT + 30.0;
    let _ = write!(svg, r#"<text x="{unit}" y="16">ms</text></g>"#);
    for (place, row) in rows.iter().enumerate() {
        let y = AXIS + ROW * (place as f64 + 0.5);
        draw(&mut svg, row, scale, y);
    }
    svg + "</svg>"
}

fn draw(svg: &mut String, row: &Row<'_>, scale: Scale, y: f64) {
    let (title, times) = (row.title, row.times);
    let text = LEFT - 12.0;
    let base = y + 4.0;
    let _ = write!(
        svg,
        r#"<text class="name" x="{text}" y="{base}" text-anchor="end">{title}</text>"#
    );
    if times.count() == 0 {
        let _ = write!(
            svg,
            r#"<text class="figure" x="{}" y="{base}">nothing was measured</text>"#,
            LEFT + 8.0
        );
        return;
    }
    let at = |percent| scale.x(times.percentile(percent));
    let (low, high) = (scale.x(times.shortest()), scale.x(times.longest()));
    let (p50, p95, p99) = (at(50.0), at(95.0), at(99.0));
    let wide = (p99 - p50).max(1.5);
    let _ = write!(
        svg,
        r#"<line class="range" x1="{low:.1}" x2="{high:.1}" y1="{y}" y2="{y}"/><rect class="most" x="{p50:.1}" y="{:.1}" width="{wide:.1}" height="10"/><circle class="median" cx="{p50:.1}" cy="{y}" r="5"/><line class="mark" x1="{p95:.1}" x2="{p95:.1}" y1="{:.1}" y2="{:.1}"/><line class="mark" x1="{p99:.1}" x2="{p99:.1}" y1="{:.1}" y2="{:.1}"/>"#,
        y - 5.0,
        y - 8.0,
        y + 8.0,
        y - 8.0,
        y + 8.0
    );
    if let Some(beside) = row.beside {
        // Above the line, so that it hides nothing where both are near.
        let (x, top) = (scale.x(beside), y - 16.0);
        let _ = write!(
            svg,
            r#"<path class="old" d="M {x:.1} {top:.1} l 5 5 l -5 5 l -5 -5 z"/>"#
        );
    }
    let figures = format!(
        "{} / {} / {}",
        millis(times.percentile(50.0)),
        millis(times.percentile(95.0)),
        millis(times.percentile(99.0))
    );
    let x = WIDTH - RIGHT + 30.0;
    let _ = write!(
        svg,
        r#"<text class="figure" x="{x}" y="{base}">{figures}</text>"#
    );
}
