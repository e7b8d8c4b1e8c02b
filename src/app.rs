//! Wires the rooms: journal, tenants, outbox, façade; and stops them in reverse order.
//!
//! The only place that knows all of them. Whatever differs between a clinic's server, a demo and a test comes in as
//! [`Parts`]: storage, clock, carrier of texts, keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::System;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Stopwatch};
use crate::config::{Config, SmsProvider};
use crate::erased::Copies;
use crate::facade::{self, Facade, Phase, Readiness, Server};
use crate::journal::{self, Journal, Storage};
use crate::ledger::{Countries, Policy, TextChannel, TextLimits};
use crate::limits;
use crate::metrics::Metrics;
use crate::offline::{BackupSource, ERASED, Label};
use crate::outbox::{Dispatcher, DispatcherOptions, SmsGateway};
use crate::redact;
use crate::seal::MasterKey;
use crate::snapshots::{self, Imager, Snapshots};
use crate::tenant::{self, Directory, Keyring, Shared, StartError};

/// A carrier is waited for a little longer than it gives itself, so that its own word counts.
const CARRIER_MARGIN: Duration = Duration::from_millis(250);
/// A request for a code waits a little longer than that.
const PATIENCE_MARGIN: Duration = Duration::from_millis(500);

/// Why the server does not start or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The tenants cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The address cannot be had.
    #[error(
        "cannot listen on {address}: {source}; choose another: http.listen in the settings, or the demo's --port"
    )]
    Listen {
        /// Which address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The thread that makes images cannot be started.
    #[error("the thread that makes images cannot be started: {0}")]
    Imager(#[source] std::io::Error),
    /// What was queued could not be made durable.
    #[error("the journal could not make its last entries durable")]
    Unsynced,
}

/// What differs between a clinic's server, a demo and a test.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// Where the journal is kept.
    pub storage: Box<dyn Storage>,
    /// The root of all keys.
    pub master: MasterKey,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What is kept of persons beside the journal, and has to follow when one is erased.
    pub copies: Arc<dyn Copies>,
    /// Who carries texts.
    pub gateway: Arc<dyn SmsGateway>,
    /// Where snapshots are kept; `None`: nowhere.
    pub snapshots: Option<PathBuf>,
    /// How long callers on kept connections have for a last answer when the server stops.
    pub farewell: Duration,
}

/// A running server.
pub struct App {
    directory: Directory,
    readiness: Readiness,
    server: Server,
    dispatcher: JoinHandle<()>,
    alarm: JoinHandle<()>,
    checkpoints: JoinHandle<()>,
    farewell: Duration,
    journal: Journal,
    entries: u64,
}

/// Runs a future on a thread that can host actors.
pub fn block_on<F: Future>(future: F) -> F::Output {
    System::new().block_on(future)
}

impl App {
    /// Recovers, listens, and starts every tenant; requests are told to come back until [`App::open`].
    pub async fn start(parts: Parts) -> Result<Self, Error> {
        let watch = Stopwatch::start();
        // Word lists and patterns take a moment to load; the first caller should not wait for them.
        let _ = std::thread::Builder::new().spawn(redact::load);
        let config = &parts.config;
        let (journal, found) = Journal::open(parts.storage, journal_options(config))?;
        let master = Arc::new(parts.master);
        let snapshots = Snapshots::open(parts.snapshots, Arc::clone(&master));
        let recovered = snapshots::recover(&found, &snapshots, &master)?;
        let metrics = Arc::new(Metrics::default());
        let backups = backups(config, &journal, &master);
        let shared = Shared {
            journal: journal.clone(),
            policy: Arc::new(policy(config)),
            keyring: Arc::new(Keyring::default()),
            master,
            copies: parts.copies,
            clock: Arc::clone(&parts.clock),
            metrics: Arc::clone(&metrics),
            library: Arc::default(),
            credential_cache_seconds: config.sms.credential_cache_seconds,
        };
        let directory = directory(config, shared, snapshots)?;
        let facade = Facade::new(
            directory.clone(),
            Arc::clone(&parts.clock),
            Arc::clone(&metrics),
            options_of(config),
        )
        .with_backups(backups);
        let readiness = facade.readiness.clone();
        let server = listen(&config.http.listen, facade).await?;
        directory.start(server.arbiters.clone(), recovered).await?;
        let outbox = DispatcherOptions {
            gateway: parts.gateway,
            patience: timeout(config) + CARRIER_MARGIN,
            clock: parts.clock,
            metrics: Arc::clone(&metrics),
        };
        let dispatcher = actix_rt::spawn(Dispatcher::new(directory.clone(), outbox).run());
        let watched = directory.clone();
        let alarm = actix_rt::spawn(async move { watched.watch().await });
        let (tenants, out_of_service) = directory.count();
        let millis = watch.elapsed().as_millis() as u64;
        metrics.start_millis.set(millis);
        tracing::info!(
            entries = found.survey.frames,
            torn_bytes = found.survey.torn_bytes,
            tenants,
            asleep = directory.asleep(),
            out_of_service,
            millis,
            "recovered"
        );
        Ok(Self {
            checkpoints: actix_rt::spawn(sign_checkpoints(directory.clone())),
            directory,
            readiness,
            server,
            dispatcher,
            alarm,
            farewell: parts.farewell,
            journal,
            entries: found.survey.frames,
        })
    }

    /// Lets requests in. Whatever a first start has to make is made before.
    pub fn open(&self) {
        self.readiness.set(Phase::Open);
        tracing::info!(address = %self.server.address, "ready");
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// How many entries the journal held when it was opened.
    pub fn entries_found(&self) -> u64 {
        self.entries
    }

    /// The tenants.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Resolves with what failed once the journal can no longer make anything durable. Nothing is acknowledged after
    /// that; the process has to end and read its journal anew.
    pub async fn failed(&self) -> String {
        self.journal.failure().await.to_string()
    }

    /// Stops in reverse order: kept connections end with their next answer, no new ones are taken, requests in flight end,
    /// then the outbox; what all chains came to is signed, then the journal ends.
    pub async fn stop(self) -> Result<(), Error> {
        self.readiness.set(Phase::Closing);
        // Callers on kept connections have their next answer, and with it the word that it is the last.
        tokio::time::sleep(self.farewell).await;
        self.directory.close();
        self.server.stop().await;
        self.dispatcher.abort();
        self.alarm.abort();
        self.checkpoints.abort();
        if let Err(refused) = self.directory.last_checkpoint().await {
            tracing::warn!(?refused, "the last checkpoint was not taken");
        }
        let (journal, imager) = (self.journal, self.directory.imager().clone());
        let closing = tokio::task::spawn_blocking(move || {
            imager.stop();
            journal.close()
        });
        let closed = closing.await;
        closed
            .map_err(|_| Error::Unsynced)?
            .map_err(|_| Error::Unsynced)
    }
}

fn directory(config: &Config, shared: Shared, snapshots: Snapshots) -> Result<Directory, Error> {
    let imager = Imager::start(
        snapshots,
        shared.journal.clone(),
        Arc::clone(&shared.master),
        Arc::clone(&shared.metrics),
        snapshots::Options {
            tail_entries_min: config.storage.snapshot_entries.into(),
            ..snapshots::Options::default()
        },
    );
    let idle = u64::from(config.storage.idle_minutes) * 60;
    let options = tenant::Options {
        in_flight_max: config.limits.tenant_in_flight_max,
        idle_seconds: (idle > 0).then_some(idle),
    };
    let imager = imager.map_err(Error::Imager)?;
    Ok(Directory::new(shared, imager, options))
}

/// Where backups come from. The list of who was erased lies in the state directory.
fn backups(config: &Config, journal: &Journal, master: &MasterKey) -> BackupSource {
    let label = Label::new(master, config.storage.dir.join(ERASED));
    BackupSource::new(journal.clone(), label)
}

async fn listen(address: &str, facade: Facade) -> Result<Server, Error> {
    let server = Server::start(address, facade).await;
    server.map_err(|source| Error::Listen {
        address: address.to_owned(),
        source,
    })
}

/// Every hour; one that is not taken is made up for by the next.
async fn sign_checkpoints(directory: Directory) {
    loop {
        tokio::time::sleep(limits::CHECKPOINT_PAUSE).await;
        if let Err(refused) = directory.checkpoint().await {
            tracing::warn!(?refused, "a checkpoint was not taken");
        }
    }
}

/// How the journal is kept.
pub fn journal_options(config: &Config) -> journal::Options {
    journal::Options {
        segment_bytes: u64::from(config.storage.segment_mib) << 20,
        ..journal::Options::default()
    }
}

/// The settings that decisions rest on.
pub fn policy(config: &Config) -> Policy {
    Policy {
        hold_ttl_seconds: config.holds.ttl_seconds,
        hold_lifetime_seconds_max: config.holds.lifetime_seconds_max,
        live_holds_per_phone_max: config.holds.live_per_phone_max,
        code_digits: config.verification.digits,
        code_ttl_seconds: config.verification.ttl_seconds,
        attempts_max: config.verification.attempts_max,
        attempts_per_hold_max: config.verification.attempts_per_hold_max,
        resends_max: config.verification.resends_max,
        offer_seconds: config.waitlist.offer_seconds,
        unbooked_days: config.retention.unbooked_days,
        follow_up_seconds: config.conversations.follow_up_seconds,
        call_grace_seconds: config.conversations.call_grace_seconds,
        conversation_seconds: i64::from(config.conversations.kept_days) * 24 * 60 * 60,
        texts: match config.sms.provider {
            SmsProvider::Inbox => TextChannel::Inbox,
            SmsProvider::Twilio => TextChannel::Provider,
        },
        limits: text_limits(config),
    }
}

/// What a provider that is paid may cost. What the inbox captures costs nothing, so only what is set counts there.
fn text_limits(config: &Config) -> TextLimits {
    let is_paid = config.sms.provider == SmsProvider::Twilio;
    let bound = |set: u32, paid: u32| match set {
        0 => is_paid.then_some(paid),
        set => Some(set),
    };
    let listed = config.sms.countries.split(',').map(str::to_owned);
    TextLimits {
        resend_delay_seconds: bound(config.verification.resend_delay_seconds, 30).unwrap_or(0),
        code_texts_per_phone_max: bound(config.sms.code_texts_per_phone_max, 3),
        codes_per_phone_max: bound(config.sms.codes_per_phone_max, 5),
        texts_per_day_max: bound(config.sms.texts_per_day_max, 1000),
        unused_codes_per_prefix_max: bound(config.sms.unused_codes_per_prefix_max, 20),
        countries: match config.sms.countries.as_str() {
            "*" => Countries::Any,
            "" if is_paid => Countries::OfClinic,
            "" => Countries::Any,
            _ => Countries::Listed(listed.collect()),
        },
    }
}

fn timeout(config: &Config) -> Duration {
    Duration::from_millis(config.sms.timeout_ms.into())
}

fn options_of(config: &Config) -> facade::Options {
    facade::Options {
        public_url: config.http.public_url.clone(),
        code_digits: config.verification.digits.into(),
        model_hosts: config.voice.model_hosts.clone(),
        model_silence: Duration::from_millis(config.voice.model_silence_ms.into()),
        embedding_deadline: Duration::from_millis(config.voice.embedding_deadline_ms.into()),
        inbox_enabled: config.sms.provider == SmsProvider::Inbox,
        text_patience: timeout(config) + PATIENCE_MARGIN,
        requests_per_second: config.limits.requests_per_second,
        ..facade::Options::default()
    }
}
