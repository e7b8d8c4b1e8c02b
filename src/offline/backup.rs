//! `backup`: a consistent copy of a journal up to one position, as an archive that is made while it is read.
//!
//! Asked for a piece at a time by whoever sends it, so that nothing is held between pieces and a slow receiver holds up nobody.
//! Every frame is checked on its way; an error ends the archive without its manifest, and what has no manifest is no backup.
//! The facade sends it over HTTP, `cli/backup.rs` makes one of a stopped state.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ring::digest::{Context, SHA256};

use crate::calendar::Zone;
use crate::entry::{self, ChainHead};
use crate::journal::inspect::{FIRST_FRAME, Sight};
use crate::journal::{self, Copy, Extent, Journal};
use crate::model::{TenantId, Timestamp};
use crate::seal::MasterKey;
use crate::signing::Signer;

use super::archive;
use super::manifest::{self, Manifest, SegmentLine, TenantLine, hex};

/// Why a backup cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// An entry cannot be read.
    #[error(transparent)]
    Entry(#[from] entry::Error),
    /// The list of who was erased cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Erased {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a backup is labelled with.
#[derive(Debug, Clone)]
pub struct Label {
    master_key: String,
    checkpoint_key: String,
    erased: PathBuf,
}

impl Label {
    /// The label of an instance whose list of who was erased is this file.
    pub fn new(master: &MasterKey, erased: PathBuf) -> Self {
        Self {
            master_key: master.fingerprint().to_string(),
            checkpoint_key: Signer::of(master).public().to_string(),
            erased,
        }
    }
}

/// Where backups of a running journal come from. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BackupSource {
    journal: Journal,
    label: Label,
}

impl BackupSource {
    /// Backups of this journal.
    pub fn new(journal: Journal, label: Label) -> Self {
        Self { journal, label }
    }

    /// Begins one of everything that is durable at this moment.
    pub fn begin(&self, now: Timestamp) -> Result<Backup, Error> {
        Backup::begin(self.journal.copy(), self.label.clone(), now)
    }
}

/// A backup in the making.
pub struct Backup {
    copy: Copy,
    label: Label,
    seconds: u64,
    stage: Stage,
    chains: BTreeMap<TenantId, (u64, ChainHead)>,
    digest: Context,
    manifest: Manifest,
    segments: u64,
}

enum Stage {
    PublicKey,
    NextSegment,
    Segment(Extent),
    Erased,
    Manifest,
    Over,
}

impl Backup {
    /// Begins one of what this copies.
    pub fn begin(copy: Copy, label: Label, now: Timestamp) -> Result<Self, Error> {
        let manifest = Manifest {
            format: manifest::FORMAT,
            holdfast: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: Zone::utc().rfc3339(now),
            epoch: 0,
            position: copy.up_to().0,
            master_key: label.master_key.clone(),
            checkpoint_key: label.checkpoint_key.clone(),
            tenants: Vec::new(),
            segments: Vec::new(),
        };
        Ok(Self {
            segments: copy.segments()?,
            copy,
            label,
            seconds: u64::try_from(now.0 / 1000).unwrap_or(0),
            stage: Stage::PublicKey,
            chains: BTreeMap::new(),
            digest: Context::new(&SHA256),
            manifest,
        })
    }

    /// How many segments it is going to have, or one less.
    pub fn segments(&self) -> u64 {
        self.segments
    }

    /// The next piece of the archive; `None`: that was all. Reads the disk: call it off the async threads.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            match &self.stage {
                Stage::PublicKey => {
                    self.stage = Stage::NextSegment;
                    let text = format!("{}\n", self.label.checkpoint_key);
                    return Ok(Some(self.file(manifest::PUBLIC_KEY, text.as_bytes())));
                }
                Stage::NextSegment => {
                    let Some(extent) = self.copy.next_segment()? else {
                        self.stage = Stage::Erased;
                        continue;
                    };
                    self.stage = Stage::Segment(extent);
                    self.digest = Context::new(&SHA256);
                    self.manifest.epoch = self.manifest.epoch.max(extent.epoch);
                    let name = Manifest::segment_file(extent.number);
                    return Ok(Some(archive::header(&name, extent.bytes, self.seconds)));
                }
                Stage::Segment(extent) => {
                    let extent = *extent;
                    if let Some(piece) = self.piece(&extent)? {
                        return Ok(Some(piece));
                    }
                    self.stage = Stage::NextSegment;
                    self.note(&extent);
                    let padding = archive::padding(extent.bytes);
                    if !padding.is_empty() {
                        return Ok(Some(padding));
                    }
                }
                Stage::Erased => {
                    self.stage = Stage::Manifest;
                    if let Some(list) = self.erased()? {
                        return Ok(Some(self.file(manifest::ERASED, &list)));
                    }
                }
                Stage::Manifest => {
                    self.stage = Stage::Over;
                    let line =
                        |(tenant, (sequence, hash)): (&TenantId, &(u64, ChainHead))| TenantLine {
                            tenant: tenant.to_string(),
                            sequence: *sequence,
                            hash: hex(hash),
                        };
                    self.manifest.tenants = self.chains.iter().map(line).collect();
                    let mut last = self.file(manifest::MANIFEST, &self.manifest.text());
                    last.extend_from_slice(&archive::END);
                    return Ok(Some(last));
                }
                Stage::Over => return Ok(None),
            }
        }
    }

    /// The next piece of a segment, whose frames are taken in on the way.
    fn piece(&mut self, extent: &Extent) -> Result<Option<Vec<u8>>, Error> {
        let Self {
            copy,
            chains,
            digest,
            ..
        } = self;
        let mut taken = Ok(());
        let mut covered = Canonical::default();
        let piece = copy.next_piece(|sight| {
            covered.take(sight);
            let chained = chain(chains, sight);
            if taken.is_ok() {
                taken = chained;
            }
        })?;
        taken?;
        if let Some(piece) = &piece {
            covered.digest(piece, digest, extent);
        }
        Ok(piece)
    }

    /// Writes a segment down that was copied.
    fn note(&mut self, extent: &Extent) {
        let digest = std::mem::replace(&mut self.digest, Context::new(&SHA256));
        self.manifest.segments.push(SegmentLine {
            file: Manifest::segment_file(extent.number),
            bytes: extent.bytes,
            first: extent.first.0,
            last: extent.last.0,
            sha256: hex(digest.finish().as_ref()),
        });
    }

    fn erased(&self) -> Result<Option<Vec<u8>>, Error> {
        match fs::read(&self.label.erased) {
            Ok(list) => Ok(Some(list)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Erased {
                path: self.label.erased.clone(),
                source,
            }),
        }
    }

    /// A whole file of the archive.
    fn file(&self, name: &str, content: &[u8]) -> Vec<u8> {
        let bytes = content.len() as u64;
        let mut file = archive::header(name, bytes, self.seconds);
        file.extend_from_slice(content);
        file.extend_from_slice(&archive::padding(bytes));
        file
    }
}

/// Takes a frame into its tenant's chain.
fn chain(
    chains: &mut BTreeMap<TenantId, (u64, ChainHead)>,
    sight: &Sight<'_>,
) -> Result<(), Error> {
    let header = entry::header(sight.covered)?;
    let hash = entry::chain_hash(sight.covered, sight.digest);
    chains.insert(TenantId(sight.stream), (header.sequence, hash));
    Ok(())
}

/// The lengths of a piece's frames without and with their personal parts, to digest the piece without them.
#[derive(Default)]
pub struct Canonical(Vec<(usize, usize)>);

impl Canonical {
    /// The next frame of the piece.
    pub fn take(&mut self, sight: &Sight<'_>) {
        self.0
            .push((sight.bytes - sight.personal_bytes, sight.bytes));
    }

    /// Digests the piece; a segment's first has its header in front.
    pub fn digest(&self, piece: &[u8], digest: &mut Context, extent: &Extent) {
        let frames: usize = self.0.iter().map(|(_, whole)| whole).sum();
        let front = piece.len() - frames;
        assert!(
            front == 0 || front == FIRST_FRAME,
            "only a header stands before frames"
        );
        digest.update(&piece[..front]);
        let mut offset = front;
        for (without, whole) in &self.0 {
            digest.update(&piece[offset..offset + without]);
            offset += whole;
        }
        assert!(
            offset as u64 <= extent.bytes,
            "a piece is part of its segment"
        );
    }
}
