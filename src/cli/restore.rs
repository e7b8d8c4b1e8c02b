//! `holdfast restore`: makes a state directory from a backup, once the backup has been checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::output::print;
use super::progress::ProgressLine;
use super::verify::faults;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::erased::{self, ErasedList, Whom};
use crate::journal::FileStorage;
use crate::model::TenantId;
use crate::offline::{Anchors, ERASED, Verify, restore};
use crate::seal::MasterKey;
use crate::state_dir::{StoppedState, keep_master_key, read_master_key};
use crate::stopped::{Parts, Stopped};

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
    let (backup, state) = (&arguments.src, &arguments.state);
    let master = read_master_key(&arguments.master_key)?;
    let list = erased_since(backup, &arguments.erased)?;
    let line = ProgressLine::of("restore");
    let show = |done, of, entries| line.show(done, of, &format!("segments, {entries} entries"));
    let restored = restore(backup, state, &master, SystemClock.now(), &show)?;
    keep_master_key(state, &master)?;
    let erased = erase_again(state, &master, &list)?;
    let opened = StoppedState::open(state, Some(&state.join("master.key")))?;
    let verify = Verify {
        storage: &opened.storage,
        master: opened.master.as_ref(),
        public: opened.public,
        anchors: &Anchors::default(),
        progress: &show,
    };
    let report = verify.run()?;
    drop(line);
    print(&format!(
        "restored {} position={} epoch={} tenants={} entries={} erased_again={erased}",
        state.display(),
        restored.position,
        restored.epoch,
        report.tenants.len(),
        report.entries,
    ))?;
    if arguments.erased.is_empty() {
        eprintln!(
            "holdfast: whoever was erased after this backup was made is back: if there is a later {ERASED}, restore again with --erased, or erase them with holdfast erase"
        );
    }
    Ok(faults(&report))
}

/// Who is on the backup's own list and on those that were named.
fn erased_since(backup: &Path, named: &[PathBuf]) -> anyhow::Result<Vec<(TenantId, Whom)>> {
    let own = backup.join(ERASED);
    let mut list = Vec::new();
    for file in named.iter().chain(own.exists().then_some(&own)) {
        anyhow::ensure!(
            file.exists(),
            "{} is not there; name the list of a later state with --erased",
            file.display()
        );
        let found = erased::read(file);
        list.extend(found.with_context(|| format!("cannot use {}", file.display()))?);
    }
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// Erases them again; gives how many the restored state still knew.
fn erase_again(
    state: &Path,
    master: &MasterKey,
    list: &[(TenantId, Whom)],
) -> anyhow::Result<usize> {
    if list.is_empty() {
        return Ok(0);
    }
    let mut config = Config::default();
    config.storage.dir = state.to_owned();
    let mut stopped = Stopped::open(Parts {
        config,
        storage: Box::new(FileStorage::open(state.join("journal"))?),
        master: master.clone(),
        clock: Arc::new(SystemClock),
        copies: Arc::new(ErasedList::of(state)),
    })?;
    let erased = stopped.erase_again(list);
    stopped.close()?;
    Ok(erased?)
}
