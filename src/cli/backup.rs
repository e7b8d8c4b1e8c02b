//! `holdfast backup`: copies the state of a running server, or of a stopped one, into a directory, and checks the copy.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use reqwest::Method;

use super::output::print;
use super::progress::ProgressLine;
use super::remote::Remote;
use super::verify::faults;
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::journal::{Copy, Storage};
use crate::offline::{Anchors, Backup, Checked, ERASED, Label, Unpacker, Verify, check};
use crate::seal::MasterKey;
use crate::state_dir::{StoppedState, read_master_key};

/// From where, to where.
#[derive(Clone, Args)]
pub struct Arguments {
    /// The directory to copy to; it must be empty or not be there.
    dest: PathBuf,
    /// Copy this state directory, whose server is stopped, instead of a running server's.
    #[arg(long)]
    state: Option<PathBuf>,
    /// The file with the master key: the copy is then also opened and replayed. With --state: master.key in it.
    #[arg(long)]
    master_key: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut unpacker = Unpacker::to(&arguments.dest)?;
    let copied = match &arguments.state {
        Some(dir) => of_state(dir, arguments.master_key.as_deref(), &mut unpacker).map(Some),
        None => of_server(arguments, &mut unpacker),
    };
    let master = match copied {
        Ok(master) => master,
        Err(error) => {
            unpacker.discard();
            return Err(error);
        }
    };
    unpacker.finish()?;
    let line = ProgressLine::of("check");
    let checked = check(&arguments.dest, master.as_ref(), &|done, of, entries| {
        line.show(done, of, &format!("segments, {entries} entries"));
    })?;
    drop(line);
    print(&said(&arguments.dest, &checked, master.is_some()))?;
    Ok(faults(&checked.report))
}

/// Takes what a running server sends; gives the master key that was named for the check.
fn of_server(arguments: &Arguments, unpacker: &mut Unpacker) -> anyhow::Result<Option<MasterKey>> {
    let key_file = arguments.master_key.as_deref();
    let master = key_file.map(read_master_key).transpose()?;
    app::block_on(async {
        let line = ProgressLine::of("backup");
        let remote = &arguments.remote;
        let mut answer = remote.answer(Method::POST, "/v1/backup", None).await?;
        let segments = answer.headers().get("holdfast-segments");
        let segments = segments.and_then(|count| count.to_str().ok()?.parse().ok());
        let segments: u64 = segments.unwrap_or(1);
        let mut bytes = 0;
        while let Some(piece) = answer.chunk().await.map_err(|error| {
            anyhow::anyhow!(
                "the server broke off: {error}; its log says why, make the backup again"
            )
        })? {
            unpacker.feed(&piece)?;
            bytes += piece.len() as u64;
            let done = unpacker.files().saturating_sub(1).min(segments);
            line.show(done, segments, &format!("segments, {} MiB", bytes >> 20));
        }
        anyhow::Ok(())
    })?;
    Ok(master)
}

/// Copies a stopped server's state, once it has been found whole.
fn of_state(
    dir: &Path,
    key_file: Option<&Path>,
    unpacker: &mut Unpacker,
) -> anyhow::Result<MasterKey> {
    let usual = dir.join("master.key");
    let state = StoppedState::open(dir, Some(key_file.unwrap_or(&usual)))?;
    let storage: Arc<dyn Storage> = Arc::new(state.storage);
    let master = state.master.expect("it was asked for");
    let line = ProgressLine::of("verify");
    let verify = Verify {
        storage: &*storage,
        master: Some(&master),
        public: state.public,
        anchors: &Anchors::default(),
        progress: &|done, of, entries| line.show(done, of, &format!("segments, {entries} entries")),
    };
    let report = verify.run()?;
    if let Some(fault) = report.faults.first() {
        anyhow::bail!(
            "this state has faults and is not copied: {fault}; `holdfast verify` lists all of them"
        );
    }
    drop(line);
    let line = ProgressLine::of("backup");
    let copy = Copy::of_stopped(storage, report.head);
    let label = Label::new(&master, dir.join(ERASED));
    let mut backup = Backup::begin(copy, label, SystemClock.now())?;
    while let Some(piece) = backup.next_piece()? {
        unpacker.feed(&piece)?;
        let done = unpacker.files().saturating_sub(1).min(backup.segments());
        line.show(done, backup.segments(), "segments");
    }
    Ok(master)
}

fn said(dest: &Path, checked: &Checked, with_key: bool) -> String {
    let manifest = &checked.manifest;
    let bytes: u64 = manifest.segments.iter().map(|segment| segment.bytes).sum();
    let how = match with_key {
        true => "checksums, chains, manifest, every entry opened and replayed",
        false => {
            "checksums, chains, manifest; name --master-key to have every entry opened and replayed"
        }
    };
    format!(
        "backup {} position={} epoch={} tenants={} segments={} bytes={bytes} master_key={}\n\
         checked: {how}\n\
         Keep the master key with this fingerprint apart from the backup: it is not in it, and nothing in it can be read without.\n\
         Keep {ERASED} of the running state too: whoever is erased after this backup is only known from there when it is restored.",
        dest.display(),
        manifest.position,
        manifest.epoch,
        manifest.tenants.len(),
        manifest.segments.len(),
        manifest.master_key,
    )
}
