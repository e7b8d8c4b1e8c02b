//! What the house counts of itself: how many texts went how, how often a secret was at hand, how requests were answered.
//!
//! Numbers only: no clinic, no phone, no path is ever a label, so a scrape says nothing of anyone and never grows. Every room
//! that counts holds the same [`Metrics`]; the façade renders it. Nothing is decided upon by what stands here.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::SendOutcome;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that comes and goes.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more until what is given back is dropped.
    pub fn enter(&self) -> Inside<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Inside(self)
    }

    /// It is so many now.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that a gauge counts.
#[derive(Debug)]
pub struct Inside<'a>(&'a Gauge);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long things took, by bounds that they stay below.
#[derive(Debug, Default)]
pub struct Histogram {
    below: [Counter; HISTOGRAM_MILLIS.len()],
    all: Counter,
    micros: AtomicU64,
}

/// The bounds of a histogram, in milliseconds.
const HISTOGRAM_MILLIS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

impl Histogram {
    /// One more.
    pub fn add(&self, took: Duration) {
        let bounds = HISTOGRAM_MILLIS.iter().zip(&self.below);
        for (_, counter) in bounds.filter(|(bound, _)| took <= Duration::from_millis(**bound)) {
            counter.add_one();
        }
        self.all.add_one();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// What a turn on the telephone came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// The clinic's model spoke.
    Spoken,
    /// It was answered from what is known here.
    Known,
    /// The model did not, or not to its end.
    Failed,
    /// The platform went away.
    Unheard,
}

impl TurnEnd {
    /// All of them, in the order in which they are counted.
    const ALL: [Self; 4] = [Self::Spoken, Self::Known, Self::Failed, Self::Unheard];

    /// As it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spoken => "spoken",
            Self::Known => "known",
            Self::Failed => "failed",
            Self::Unheard => "unheard",
        }
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Attempts whose text a provider took.
    pub texts_sent: Counter,
    /// Attempts that were certainly not sent.
    pub texts_not_sent: Counter,
    /// Attempts of which nobody knows.
    pub texts_unknown: Counter,
    /// Attempts under way.
    pub texts_in_flight: Gauge,
    /// Opened credentials that were at hand.
    pub credential_hits: Counter,
    /// Credentials that had to be opened.
    pub credential_misses: Counter,
    /// Accounts to which nothing is sent for now.
    pub breakers_open: Gauge,
    /// How often that began.
    pub breakers_opened: Counter,
    /// Callbacks and inbound texts whose signature is right.
    pub callbacks_taken: Counter,
    /// Those whose signature is not.
    pub callbacks_refused: Counter,
    /// Turns on the telephone by what they came to.
    pub turns: [Counter; 4],
    /// Until their first word.
    pub turn_first: Histogram,
    /// The same without the time that passed with the model.
    pub turn_own: Histogram,
    /// Images of tenants that were made.
    pub images_made: Counter,
    /// How long the start took, in milliseconds.
    pub start_millis: Gauge,
    /// Requests by the first digit of their status, from 1.
    pub requests: [Counter; 5],
}

/// What is read off elsewhere when the numbers are shown.
#[derive(Debug, Clone, Copy)]
pub struct Readings {
    /// Clinics that are served.
    pub tenants: usize,
    /// Clinics that are out of service.
    pub tenants_out_of_service: usize,
    /// The journal's latest entry.
    pub journal_head: u64,
    /// The latest entry that is durable.
    pub journal_durable: u64,
}

impl Metrics {
    /// Counts what became of an attempt.
    pub fn count_text(&self, outcome: SendOutcome) {
        match outcome {
            SendOutcome::Sent => self.texts_sent.add_one(),
            SendOutcome::NotSent => self.texts_not_sent.add_one(),
            SendOutcome::Unknown => self.texts_unknown.add_one(),
        }
    }

    /// Counts a turn, and how long its first word took: in all, and without the model.
    pub fn count_turn(&self, end: TurnEnd, first: Option<(Duration, Duration)>) {
        self.turns[end as usize].add_one();
        if let Some((first, own)) = first {
            self.turn_first.add(first);
            self.turn_own.add(own);
        }
    }

    /// Counts an answered request.
    pub fn count_request(&self, status: u16) {
        let class = usize::from(status / 100).checked_sub(1);
        if let Some(counter) = class.and_then(|class| self.requests.get(class)) {
            counter.add_one();
        }
    }

    /// All of it as Prometheus reads it (text format 0.0.4).
    pub fn text(&self, readings: &Readings) -> String {
        let mut page = Page::default();
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let requests = classes.iter().zip(&self.requests);
        page.counters(
            "holdfast_requests_total",
            "Requests answered, by status class.",
            "class",
            &requests
                .map(|(class, counter)| (*class, counter.get()))
                .collect::<Vec<_>>(),
        );
        page.counters(
            "holdfast_text_attempts_total",
            "Attempts to send a text, by outcome.",
            "outcome",
            &[
                ("sent", self.texts_sent.get()),
                ("not-sent", self.texts_not_sent.get()),
                ("unknown", self.texts_unknown.get()),
            ],
        );
        page.counters(
            "holdfast_sms_credentials_total",
            "Looks for opened credentials, by whether they were at hand.",
            "cache",
            &[
                ("hit", self.credential_hits.get()),
                ("miss", self.credential_misses.get()),
            ],
        );
        page.counters(
            "holdfast_provider_callbacks_total",
            "Callbacks and inbound texts, by what became of their signature.",
            "signature",
            &[
                ("right", self.callbacks_taken.get()),
                ("wrong", self.callbacks_refused.get()),
            ],
        );
        self.turns(&mut page);
        page.counter(
            "holdfast_sms_breakers_opened_total",
            "How often sending to an account was suspended.",
            self.breakers_opened.get(),
        );
        page.counter(
            "holdfast_images_made_total",
            "Images of clinics that were made.",
            self.images_made.get(),
        );
        #[rustfmt::skip] // One row a gauge: a table is read down its columns.
        let gauges = [
            ("holdfast_texts_in_flight", "Attempts to send a text that are under way.", self.texts_in_flight.get()),
            ("holdfast_sms_breakers_open", "Accounts to which nothing is sent for now.", self.breakers_open.get()),
            ("holdfast_tenants", "Clinics that are served.", readings.tenants as u64),
            ("holdfast_tenants_out_of_service", "Clinics that are out of service.", readings.tenants_out_of_service as u64),
            ("holdfast_start_milliseconds", "How long the start took.", self.start_millis.get()),
            ("holdfast_journal_head", "Position of the journal's latest entry.", readings.journal_head),
            ("holdfast_journal_durable", "Position of the latest entry that is durable.", readings.journal_durable),
        ];
        for (name, help, value) in gauges {
            page.gauge(name, help, value);
        }
        page.0
    }

    fn turns(&self, page: &mut Page) {
        let turns = TurnEnd::ALL.map(|end| (end.as_str(), self.turns[end as usize].get()));
        page.counters(
            "holdfast_turns_total",
            "Turns on the telephone, by what they came to.",
            "end",
            &turns,
        );
        page.histogram(
            "holdfast_turn_first_word_seconds",
            "How long turns took to their first word.",
            &self.turn_first,
        );
        page.histogram(
            "holdfast_turn_own_seconds",
            "The same without the time that passed with the model.",
            &self.turn_own,
        );
    }
}

/// A page in Prometheus' text format. Writing to a string cannot fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, rows: &[(&str, u64)]) {
        self.head(name, help, "counter");
        for (value, count) in rows {
            let _ = writeln!(self.0, "{name}{{{label}=\"{value}\"}} {count}");
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, help, "histogram");
        for (millis, counter) in HISTOGRAM_MILLIS.iter().zip(&histogram.below) {
            let (bound, count) = (Duration::from_millis(*millis).as_secs_f64(), counter.get());
            let _ = writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        let all = histogram.all.get();
        let sum = Duration::from_micros(histogram.micros.load(Ordering::Relaxed)).as_secs_f64();
        let _ = writeln!(self.0, "{name}_bucket{{le=\"+Inf\"}} {all}");
        let _ = writeln!(self.0, "{name}_sum {sum}\n{name}_count {all}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        let _ = writeln!(self.0, "{name} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_every_number_under_its_name() {
        let metrics = Metrics::default();
        metrics.count_text(SendOutcome::Unknown);
        metrics.count_request(204);
        metrics.count_request(999);
        let millis = Duration::from_millis;
        metrics.count_turn(TurnEnd::Spoken, Some((millis(300), millis(4))));
        metrics.count_turn(TurnEnd::Unheard, None);
        let inside = metrics.texts_in_flight.enter();
        let readings = Readings {
            tenants: 3,
            tenants_out_of_service: 0,
            journal_head: 9,
            journal_durable: 8,
        };
        let text = metrics.text(&readings);
        for line in [
            "holdfast_text_attempts_total{outcome=\"unknown\"} 1",
            "holdfast_requests_total{class=\"2xx\"} 1",
            "holdfast_requests_total{class=\"5xx\"} 0",
            "holdfast_turns_total{end=\"spoken\"} 1",
            "holdfast_turns_total{end=\"unheard\"} 1",
            "holdfast_turn_first_word_seconds_bucket{le=\"0.25\"} 0",
            "holdfast_turn_first_word_seconds_bucket{le=\"0.5\"} 1",
            "holdfast_turn_own_seconds_bucket{le=\"+Inf\"} 1",
            "holdfast_turn_own_seconds_sum 0.004",
            "holdfast_texts_in_flight 1",
            "holdfast_tenants 3",
            "holdfast_journal_durable 8",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} in {text}");
        }
        drop(inside);
        assert_eq!(metrics.texts_in_flight.get(), 0);
    }
}
