//! What a backup says of itself: how far it goes, what each segment's bytes come to, and which master key opens it.
//!
//! A segment's digest leaves personal parts out, whose own digests stand in their frames: so whoever is erased from a backup later changes
//! no line of its manifest. The manifest comes last; a backup without one is none. It names no one and holds no key.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The manifest's own name.
pub const MANIFEST: &str = "manifest.json";
/// What checkpoints are checked with.
pub const PUBLIC_KEY: &str = "checkpoint.pub";
/// Who was erased, for whoever restores an older copy.
pub const ERASED: &str = "erased.jsonl";
/// The files of a backup beside its segments.
pub const FILES: [&str; 3] = [MANIFEST, PUBLIC_KEY, ERASED];
/// The form of the manifest and of the directory that it describes.
pub const FORMAT: u32 = 1;
/// Far more than the manifest of ten thousand tenants has.
const BYTES_MAX: u64 = 64 << 20;

/// Why a manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, so the directory is no backup, or one that was not finished.
    #[error("cannot read {}: {source}; a backup without its manifest was never finished, make it again", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not say what a manifest says.
    #[error("{} is not the manifest of a backup: {source}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Written by a newer holdfast.
    #[error("{} has format {found}, this holdfast knows format {FORMAT}; use the newer holdfast that made it", path.display())]
    Newer {
        /// Which.
        path: PathBuf,
        /// The format it has.
        found: u32,
    },
}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this page.
    pub format: u32,
    /// The version that made it.
    pub holdfast: String,
    /// When.
    pub made_at: String,
    /// The journal's epoch. A restored state goes on with a higher one.
    pub epoch: u64,
    /// The position of its last entry.
    pub position: u64,
    /// The fingerprint of the master key that opens it, which it does not hold.
    pub master_key: String,
    /// What its checkpoints are checked with.
    pub checkpoint_key: String,
    /// What each tenant's chain comes to.
    pub tenants: Vec<TenantLine>,
    /// What each segment comes to.
    pub segments: Vec<SegmentLine>,
}

/// What a tenant's chain comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantLine {
    /// Its id.
    pub tenant: String,
    /// The sequence of its latest entry.
    pub sequence: u64,
    /// That entry's hash.
    pub hash: String,
}

/// What a segment comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentLine {
    /// Its file.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// The position of its first entry.
    pub first: u64,
    /// The position of its last entry.
    pub last: u64,
    /// The SHA-256 of its bytes without the personal parts.
    pub sha256: String,
}

impl Manifest {
    /// The page.
    pub fn text(&self) -> Vec<u8> {
        let mut text =
            serde_json::to_vec_pretty(self).expect("strings and numbers have a JSON form");
        text.push(b'\n');
        text
    }

    /// Reads that of a backup.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(MANIFEST);
        let io = |source| Error::Io {
            path: path.clone(),
            source,
        };
        let length = fs::metadata(&path).map_err(io)?.len();
        if length > BYTES_MAX {
            return Err(io(std::io::Error::other("it is far too long")));
        }
        let text = fs::read(&path).map_err(io)?;
        let malformed = |source| Error::Malformed {
            path: path.clone(),
            source,
        };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format: found } = serde_json::from_slice(&text).map_err(malformed)?;
        if found > FORMAT {
            return Err(Error::Newer { path, found });
        }
        serde_json::from_slice(&text).map_err(malformed)
    }

    /// The name of a segment's file.
    pub fn segment_file(number: u64) -> String {
        format!("journal/{number:010}.journal")
    }
}

/// Bytes as they stand on a manifest.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
