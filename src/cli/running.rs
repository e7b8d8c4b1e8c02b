//! A server from the command line: starts one from settings, and runs it until a signal or the disk ends it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Parts};
use crate::clock::SystemClock;
use crate::config::{Config, LogLevel, SmsProvider};
use crate::erased::ErasedList;
use crate::outbox::{Inbox, SmsGateway, Twilio, TwilioOptions};
use crate::state_dir::{StateDir, write_secret};
use crate::telemetry;

/// How long callers on kept connections have for a last answer: many times what one takes.
const FAREWELL: Duration = Duration::from_millis(250);
/// EX_IOERR of sysexits.h: the disk failed a sync.
const SYNC_FAILED: u8 = 74;

/// The settings from a file (or ./config.toml, or the defaults) and the environment.
pub fn settings(file: Option<&Path>) -> anyhow::Result<Config> {
    let usual = PathBuf::from("config.toml");
    let file = file.or_else(|| usual.exists().then_some(usual.as_path()));
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        // Other programs' variables may hold anything; ours are text.
        Some((
            name.into_string().ok()?,
            value.to_string_lossy().into_owned(),
        ))
    });
    Ok(Config::read(file, variables)?)
}

/// The settings for a stopped state in this directory, which must be there.
pub fn state_settings(state: &Path) -> anyhow::Result<Config> {
    let mut config = settings(None)?;
    anyhow::ensure!(
        state.join("journal").is_dir(),
        "there is no state at {}: name the directory that holds journal/ and master.key",
        state.display()
    );
    config.storage.dir = state.to_owned();
    // What it would say as a server is of no interest here.
    config.log.level = LogLevel::Warn;
    Ok(config)
}

/// Starts a server on these settings; an admin key is written beside the state if the file is not there.
pub async fn start(config: Config) -> anyhow::Result<App> {
    telemetry::start(&config.log);
    let state = StateDir::open(&config)?;
    let admin_key_file = state.admin_key_file();
    let copies = ErasedList::of(state.dir());
    let snapshots = Some(state.snapshots_dir());
    let gateway: Arc<dyn SmsGateway> = match config.sms.provider {
        SmsProvider::Inbox => Arc::new(Inbox),
        SmsProvider::Twilio => Arc::new(twilio(&config)?),
    };
    let app = App::start(Parts {
        config,
        storage: Box::new(state.storage),
        master: state.master,
        clock: Arc::new(SystemClock),
        copies: Arc::new(copies),
        gateway,
        snapshots,
        farewell: FAREWELL,
    })
    .await?;
    if admin_key_file.exists() {
        // The key's own entry was durable before its file was written: a journal without any is not the one it belongs to.
        anyhow::ensure!(
            app.entries_found() > 0,
            "{} is there, but the journal is empty: put the journal back; for a fresh start on purpose take that file away",
            admin_key_file.display()
        );
    } else {
        let key = admin_key(&app, "made at start").await?;
        write_secret(&admin_key_file, &key)?;
    }
    app.open();
    Ok(app)
}

fn twilio(config: &Config) -> anyhow::Result<Twilio> {
    Ok(Twilio::new(TwilioOptions {
        base_url: config.sms.twilio.base_url.clone(),
        public_url: config.http.public_url.clone(),
        timeout: Duration::from_millis(config.sms.timeout_ms.into()),
    })?)
}

/// Makes an admin key.
pub async fn admin_key(app: &App, label: &str) -> anyhow::Result<String> {
    let made = app.directory().create_admin_key(label).await;
    let answer =
        made.map_err(|refused| anyhow::anyhow!("no admin key could be made: {refused:?}"))?;
    let secret = answer.secret.expect("a new key shows its secret");
    Ok(secret.to_string())
}

/// SIGTERM and SIGINT, listened for from before the server starts: whoever stops it while it starts stops it in order.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Serves until SIGTERM or SIGINT, or until the disk fails: then nothing more is acknowledged and the process ends at once.
pub async fn until_stopped(app: App, mut signals: Signals) -> anyhow::Result<ExitCode> {
    tokio::select! {
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
        failure = app.failed() => {
            eprintln!("holdfast: {failure}; nothing was acknowledged since, start again when the disk is well");
            std::process::exit(SYNC_FAILED.into());
        }
    }
    match app.stop().await {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!(
                "holdfast: {error}; nothing was acknowledged since, start again when the disk is well"
            );
            Ok(ExitCode::from(SYNC_FAILED))
        }
    }
}
