//! What the façade knows: the tenants, the clock, the operator's options, whether the house is ready.
//!
//! No state of a booking is here, and no request changes any of it but the counters. `app.rs` makes one and gives a clone of
//! the same `web::Data` to every worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::limits;
use crate::metrics::Metrics;
use crate::model::Timestamp;
use crate::offline::BackupSource;
use crate::tenant::Directory;

use super::throttle::{InFlight, Pace, Shares};
use super::upstream::{Reach, Upstream};

/// The operator's settings that the façade needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the world reaches this server; empty: nowhere, and no provider can call back.
    pub public_url: String,
    /// Texts are captured locally, so staff can read them at `/inbox`.
    pub inbox_enabled: bool,
    /// How long a request for a code waits to learn whether the text went out.
    pub text_patience: Duration,
    /// Requests a second of one key; 0: no limit.
    pub requests_per_second: u32,
    /// Requests in flight on the whole machine.
    pub requests_in_flight_max: usize,
    /// Digits of a code.
    pub code_digits: usize,
    /// Hosts that clinics' models may be at without TLS and at private addresses, by comma.
    pub model_hosts: String,
    /// How long such a model may say nothing.
    pub model_silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            inbox_enabled: false,
            text_patience: Duration::from_millis(3_500),
            requests_per_second: 0,
            requests_in_flight_max: limits::REQUESTS_IN_FLIGHT_MAX,
            code_digits: 6,
            model_hosts: String::new(),
            model_silence: Duration::from_secs(8),
        }
    }
}

/// How far the house is. It only ever goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Ledgers are being recovered: every request is told to come back.
    Starting,
    /// Requests are served.
    Open,
    /// It is about to stop: requests are still served, but each connection ends with its answer, so that no client sends
    /// one more into a closing door.
    Closing,
}

/// How far the house is, as whoever starts and stops it says.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    phase: AtomicU8,
    /// For those who wait; every request looks at the phase alone.
    closing: watch::Sender<bool>,
}

impl Readiness {
    /// It has come so far.
    pub fn set(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
        if phase == Phase::Closing {
            self.0.closing.send_replace(true);
        }
    }

    /// Resolves when it begins to close.
    pub async fn closing(&self) {
        let mut closing = self.0.closing.subscribe();
        // The sender lives as long as this borrows it.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Open,
            _ => Phase::Closing,
        }
    }
}

/// What every request can reach.
pub struct Facade {
    /// The tenants.
    pub directory: Directory,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The operator's settings.
    pub options: Options,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the house is ready.
    pub readiness: Readiness,
    pub(super) pace: Pace,
    /// Where clinics' models are asked.
    pub(super) upstream: Upstream,
    pub(super) in_flight: InFlight,
    /// Where backups come from.
    pub(super) backups: Option<BackupSource>,
    /// Backups that are being made.
    pub(super) backups_in_flight: InFlight,
    /// Streams of live events: they outlast their request's place above.
    pub(super) streams: InFlight,
    /// Turns that are being spoken: they outlast their request's place in the tenant.
    pub(super) turns: Shares,
    started_at: Timestamp,
    requests: AtomicU64,
}

impl Facade {
    /// A façade of these tenants; not ready until someone says so.
    pub fn new(
        directory: Directory,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        options: Options,
    ) -> Self {
        Self {
            metrics,
            upstream: Upstream::new(Reach::of(&options.model_hosts), options.model_silence),
            pace: Pace::per_second(options.requests_per_second),
            in_flight: InFlight::up_to(options.requests_in_flight_max),
            backups: None,
            backups_in_flight: InFlight::up_to(limits::BACKUPS_MAX),
            streams: InFlight::up_to(limits::EVENT_STREAMS_MAX),
            turns: Shares::up_to(limits::TURNS_PER_TENANT_MAX),
            started_at: clock.now(),
            requests: AtomicU64::new(0),
            readiness: Readiness::default(),
            directory,
            clock,
            options,
        }
    }

    /// The same, with backups to be had from here.
    pub fn with_backups(mut self, source: BackupSource) -> Self {
        self.backups = Some(source);
        self
    }

    /// An id for a request that brought none: when this process started, and which of its requests this is.
    pub(super) fn new_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.started_at.0)
    }
}
