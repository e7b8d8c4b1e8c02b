//! `holdfast verify`: checks a stopped server's journal, prints a line for each tenant, and every fault there is.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::output::print;
use super::progress::ProgressLine;
use super::running::settings;
use crate::clock::Stopwatch;
use crate::model::TenantId;
use crate::offline::{Anchors, Report, Tenant, Verify};
use crate::state_dir::StoppedState;

/// Which journal, and how far.
#[derive(Clone, Args)]
pub struct Arguments {
    /// The state directory, or a backup; without it that of the settings.
    #[arg(long)]
    state: Option<PathBuf>,
    /// The settings; without it ./config.toml if it is there, else the defaults.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The file with the master key; without it that of the settings, or master.key in the state directory.
    #[arg(long)]
    master_key: Option<PathBuf>,
    /// Compare with checkpoints that were kept elsewhere: lines of the server's log, in either format.
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// Check what can be checked without the master key: checksums, positions, sequences, chains.
    #[arg(long, conflicts_with = "master_key")]
    keyless: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut config = settings(arguments.config.as_deref())?;
    if let Some(dir) = &arguments.state {
        config.storage.dir.clone_from(dir);
    }
    let key_file = arguments.master_key.clone();
    let key_file = key_file.unwrap_or_else(|| config.master_key_file());
    let key_file = (!arguments.keyless).then_some(key_file);
    let state = StoppedState::open(&config.storage.dir, key_file.as_deref())?;
    // What a ledger asserts becomes a fault with its place; the panic's own words on stderr would only be in the way.
    std::panic::set_hook(Box::new(|_| {}));
    let anchors = arguments.checkpoints.as_deref().map(Anchors::read);
    let anchors = anchors.transpose()?.unwrap_or_default();
    let watch = Stopwatch::start();
    let line = ProgressLine::of("verify");
    let verify = Verify {
        storage: &state.storage,
        master: state.master.as_ref(),
        public: state.public,
        anchors: &anchors,
        progress: &|done, of, entries| line.show(done, of, &format!("segments, {entries} entries")),
    };
    let report = verify.run()?;
    let elapsed = watch.elapsed();
    drop(line);
    print(&summary(&report, elapsed))?;
    Ok(faults(&report))
}

/// A line for each tenant and one for all.
pub fn summary(report: &Report, elapsed: Duration) -> String {
    let mut text = String::new();
    for tenant in &report.tenants {
        text += &line(tenant);
        text.push('\n');
    }
    if let Some(torn) = &report.torn {
        let (file, offset, bytes) = (&torn.file, torn.offset, torn.bytes);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "torn file={file} offset={offset} bytes={bytes}: the last write was cut short and never acknowledged; the next start cuts it off, nothing was changed"
        );
    }
    let per_second = report.entries as f64 / elapsed.as_secs_f64().max(1e-9);
    let _ = write!(
        text,
        "total tenants={} entries={} position={} segments={} checkpoints={} faults={} seconds={:.3} entries_per_second={per_second:.0}",
        report.tenants.len(),
        report.entries,
        report.head,
        report.segments,
        report.checkpoints,
        report.faults.len() as u64 + report.further,
        elapsed.as_secs_f64(),
    );
    text
}

fn line(tenant: &Tenant) -> String {
    let name = match &tenant.name {
        Some(name) => name.as_str(),
        None if tenant.id == TenantId::INSTANCE => "(instance)",
        None => "(unnamed)",
    };
    let hash: String = tenant
        .chain
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut line = format!(
        "{name} tenant={} entries={} sequence={} chain={hash}",
        tenant.id, tenant.entries, tenant.sequence
    );
    if let Some(outcome) = tenant.outcome {
        line += &format!(
            " appointments={} holds={}",
            outcome.appointments, outcome.holds
        );
    }
    line += &format!(" erased={}", tenant.erased);
    line
}

/// Says what is wrong, the first first.
pub fn faults(report: &Report) -> ExitCode {
    for (number, fault) in report.faults.iter().enumerate() {
        let which = if number == 0 { "first fault" } else { "fault" };
        eprintln!("holdfast: {which}: {fault}");
    }
    if report.further > 0 {
        eprintln!("holdfast: and {} further faults", report.further);
    }
    match report.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
