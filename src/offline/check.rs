//! Checks a backup against its own manifest and, like any journal, by `verify`: with the master key also that it replays.
//!
//! Done after each backup is written and before each is restored. Nothing is changed.

use std::path::Path;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use crate::journal::{self, Copy, FileStorage, Lsn, Storage};
use crate::seal::MasterKey;
use crate::signing::PublicKey;

use super::anchors::{Anchors, from_hex};
use super::backup::Canonical;
use super::manifest::{self, Manifest, SegmentLine, TenantLine, hex};
use super::verify::{Progress, Report, Tenant, Verify};

/// Why a backup cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its manifest is missing or says nothing.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// Its segments cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// It is not what its manifest says.
    #[error("the backup is not what its manifest says: {0}; it was changed since, use another")]
    Differs(String),
    /// The master key at hand is not the one it was made under.
    #[error(
        "the backup was made under master key {wanted}, the key file holds master key {given}; name the right key file with --master-key"
    )]
    OtherMasterKey {
        /// The fingerprint on the manifest.
        wanted: String,
        /// That of the key at hand.
        given: String,
    },
}

/// A backup that was checked.
#[derive(Debug)]
pub struct Checked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What reading it came to. It may list faults.
    pub report: Report,
}

/// Checks the backup in this directory.
pub fn check(
    directory: &Path,
    master: Option<&MasterKey>,
    progress: Progress<'_>,
) -> Result<Checked, Error> {
    let manifest = Manifest::read(directory)?;
    if let Some(given) = master.map(|master| master.fingerprint().to_string())
        && given != manifest.master_key
    {
        let wanted = manifest.master_key.clone();
        return Err(Error::OtherMasterKey { wanted, given });
    }
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::open_to_read(directory.join("journal"))?);
    let verify = Verify {
        storage: &*storage,
        master,
        public: public_key(&manifest.checkpoint_key),
        anchors: &Anchors::default(),
        progress,
    };
    let report = verify.run()?;
    if let Some(torn) = &report.torn {
        let what = format!("{} goes on behind its last entry", torn.file);
        return Err(Error::Differs(what));
    }
    // What is wrong with the journal itself says more than that it differs.
    if report.is_good() {
        compare_tenants(&manifest, &report)?;
        compare_segments(&manifest, storage)?;
    }
    Ok(Checked { manifest, report })
}

fn compare_tenants(manifest: &Manifest, report: &Report) -> Result<(), Error> {
    let line = |tenant: &Tenant| TenantLine {
        tenant: tenant.id.to_string(),
        sequence: tenant.sequence,
        hash: hex(&tenant.chain),
    };
    let found: Vec<_> = report.tenants.iter().map(line).collect();
    if let Some((_, line)) = found
        .iter()
        .zip(&manifest.tenants)
        .find(|(found, line)| found != line)
    {
        let what = format!("tenant {} does not end as it says", line.tenant);
        return Err(Error::Differs(what));
    }
    if (found.len(), report.head.0) != (manifest.tenants.len(), manifest.position) {
        let what = format!(
            "it ends at position {} with {} tenants",
            report.head,
            found.len()
        );
        return Err(Error::Differs(what));
    }
    Ok(())
}

fn compare_segments(manifest: &Manifest, storage: Arc<dyn Storage>) -> Result<(), Error> {
    let numbers = storage.segments();
    let numbers = numbers.map_err(journal::Error::io("list", "the backup's directory"))?;
    if numbers.len() != manifest.segments.len() {
        let what = format!("it has {} segments", numbers.len());
        return Err(Error::Differs(what));
    }
    let mut copy = Copy::of_stopped(storage, Lsn(manifest.position));
    let mut lines = manifest.segments.iter();
    while let Some(extent) = copy.next_segment()? {
        let mut digest = Context::new(&SHA256);
        loop {
            let mut canonical = Canonical::default();
            let Some(piece) = copy.next_piece(|sight| canonical.take(sight))? else {
                break;
            };
            canonical.digest(&piece, &mut digest, &extent);
        }
        let found = SegmentLine {
            file: Manifest::segment_file(extent.number),
            bytes: extent.bytes,
            first: extent.first.0,
            last: extent.last.0,
            sha256: hex(digest.finish().as_ref()),
        };
        if lines.next() != Some(&found) {
            let what = format!("{} differs", found.file);
            return Err(Error::Differs(what));
        }
    }
    Ok(())
}

fn public_key(text: &str) -> Option<PublicKey> {
    from_hex(text).map(PublicKey)
}
