//! `restore`: a state directory from a backup, which is checked first.
//!
//! The restored journal goes on in a new epoch, so that a segment which was written after the backup is never taken for one of
//! its own; the first entry of that epoch is a checkpoint of what was restored. Nothing is written before the backup has been found
//! whole and the key the right one. Texts that were in flight when the backup was made are for the next start to settle; whoever
//! was erased since is for `cli/restore.rs` to erase again, which checks the state when all is done.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::entry::{self, Before, Head};
use crate::journal::{self, FileStorage, Journal, Options, Parts, Stopped};
use crate::model::{TenantId, Timestamp};
use crate::seal::MasterKey;

use super::archive::{self, empty_directory, make_directory, sync_directory};
use super::check::{self, Checked, check};
use super::fault::Fault;
use super::manifest::{ERASED, Manifest, PUBLIC_KEY};
use super::verify::{Progress, Tenant};

/// The next segment, which the restored state begins with; the server makes its own as its settings say.
const SEGMENT_BYTES: u64 = 1 << 20;

/// Why a state cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory is not empty or cannot be written.
    #[error(transparent)]
    Directory(#[from] archive::Error),
    /// The backup cannot be relied on.
    #[error(transparent)]
    Check(#[from] check::Error),
    /// Its journal has faults.
    #[error(
        "the backup has faults and was not restored: {0}; `holdfast verify --state` on it lists all of them"
    )]
    Faulty(Fault),
    /// A file cannot be copied.
    #[error("cannot copy {} to {}: {source}; check permissions and the free space", from.display(), to.display())]
    Copy {
        /// From.
        from: PathBuf,
        /// To.
        to: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The restored journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// It could not be written on.
    #[error(
        "the restored journal took no entry; check the disk, remove the directory and restore again"
    )]
    NotTaken,
}

impl From<Stopped> for Error {
    fn from(_: Stopped) -> Self {
        Self::NotTaken
    }
}

/// A restored state.
#[derive(Debug)]
pub struct Restored {
    /// The epoch that it goes on in.
    pub epoch: u64,
    /// The position of the backup's last entry.
    pub position: u64,
}

/// Makes the state directory from the backup.
pub fn restore(
    backup: &Path,
    state: &Path,
    master: &MasterKey,
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Restored, Error> {
    empty_directory(state)?;
    let Checked { manifest, report } = check(backup, Some(master), progress)?;
    if let Some(fault) = report.faults.into_iter().next() {
        return Err(Error::Faulty(fault));
    }
    copy_files(backup, state, &manifest)?;
    let epoch = manifest.epoch + 1;
    begin_epoch(&state.join("journal"), epoch, &report.tenants, master, now)?;
    Ok(Restored {
        epoch,
        position: manifest.position,
    })
}

fn copy_files(backup: &Path, state: &Path, manifest: &Manifest) -> Result<(), Error> {
    make_directory(&state.join("journal"))?;
    for (number, segment) in (1..).zip(&manifest.segments) {
        // The engine goes on with the last; the others are sealed.
        let mode = if number == manifest.segments.len() {
            0o600
        } else {
            0o440
        };
        copy_file(
            &backup.join(&segment.file),
            &state.join(&segment.file),
            mode,
        )?;
    }
    for name in [PUBLIC_KEY, ERASED] {
        let from = backup.join(name);
        if from.exists() {
            copy_file(&from, &state.join(name), 0o600)?;
        }
    }
    sync_directory(&state.join("journal"))?;
    sync_directory(state)?;
    Ok(())
}

fn copy_file(from: &Path, to: &Path, mode: u32) -> Result<(), Error> {
    let copy = || -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut options = OpenOptions::new();
        let mut out = options.write(true).create_new(true).mode(0o600).open(to)?;
        io::copy(&mut source, &mut out)?;
        fs::set_permissions(to, Permissions::from_mode(mode))?;
        out.sync_all()
    };
    copy().map_err(|source| Error::Copy {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    })
}

/// Opens the restored journal in its new epoch and signs what it holds.
fn begin_epoch(
    directory: &Path,
    epoch: u64,
    tenants: &[Tenant],
    master: &MasterKey,
    now: Timestamp,
) -> Result<(), Error> {
    let instance = tenants.iter().find(|one| one.id == TenantId::INSTANCE);
    let Some(instance) = instance else {
        // Nothing was ever written, so there is nothing to go on from.
        return Ok(());
    };
    let options = Options {
        segment_bytes: SEGMENT_BYTES,
        epoch_at_least: epoch,
        ..Options::default()
    };
    let (journal, _) = Journal::open(Box::new(FileStorage::open(directory)?), options)?;
    let head = |tenant: &Tenant| Head {
        tenant: tenant.id,
        sequence: tenant.sequence,
        hash: tenant.chain,
    };
    let heads: Vec<_> = tenants.iter().map(head).collect();
    let before = Before {
        sequence: instance.sequence,
        hash: instance.chain,
        at: instance.last_at,
    };
    for (header, encoded) in entry::encode_checkpoint(before, now, &heads, master) {
        let parts = Parts {
            stream: header.tenant.0,
            covered: &encoded.covered,
            personal: &encoded.personal,
        };
        journal.append(parts).map_err(|_| Error::NotTaken)?;
    }
    Ok(journal.close()?)
}
