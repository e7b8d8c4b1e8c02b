//! `holdfast restore`: makes a state directory from a backup, once the backup has been checked.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output::print;
use super::progress::ProgressLine;
use super::verify::faults;
use crate::clock::{Clock, SystemClock};
use crate::offline::restore;
use crate::state_dir::{keep_master_key, read_master_key};

/// From where, to where.
#[derive(Clone, Args)]
pub struct Arguments {
    /// The backup.
    src: PathBuf,
    /// The state directory to make; it must be empty or not be there.
    #[arg(long)]
    state: PathBuf,
    /// The file with the master key that the backup was made under; a copy goes into the state directory.
    #[arg(long)]
    master_key: PathBuf,
    /// A list of who was erased since, as erased.jsonl of a later state; may be given several times.
    #[arg(long)]
    erased: Vec<PathBuf>,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let master = read_master_key(&arguments.master_key)?;
    let line = ProgressLine::of("restore");
    let restored = restore(
        &arguments.src,
        &arguments.state,
        &master,
        SystemClock.now(),
        &|done, of, entries| line.show(done, of, &format!("segments, {entries} entries")),
    )?;
    drop(line);
    keep_master_key(&arguments.state, &master)?;
    let state = arguments.state.display();
    print(&format!(
        "restored {state} position={} epoch={} tenants={} entries={}",
        restored.report.head,
        restored.epoch,
        restored.report.tenants.len(),
        restored.report.entries,
    ))?;
    Ok(faults(&restored.report))
}
