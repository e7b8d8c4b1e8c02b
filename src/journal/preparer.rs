//! The thread beside the writer: makes the next segment ahead of need, seals the ones that are full and gives them an index.
//!
//! Both cost many syncs of a growing or shrinking file, which would stall every caller if the writer did them.
//! A disk that is full here is no failure: it is logged once, and tried again until there is space. Segments become smaller before
//! that, so that the journal never takes the last of a disk.
//! Invariant: a segment belongs to one thread at a time; it is handed over, never shared.
//! Started by `handle.rs`; ends after the writer.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::error::Error;
use super::index;
use super::queue::{Job, Queue};
use super::reader::examine;
use super::storage::{Segment, Storage};

/// No segment takes more than this part of what is free: others write to the disk too.
const SHARE_OF_FREE: u64 = 4;
/// A segment that is smaller for want of space has at least this, so that its reserve is worth something.
const SMALL_SEGMENT_BYTES: u64 = 1 << 20;
/// Sizes are whole blocks of the disk.
const BLOCK_BYTES: u64 = 4096;

/// Makes segments of one size, in the order of their numbers.
pub(super) struct Preparer {
    storage: Arc<dyn Storage>,
    segment_bytes: u64,
    next_number: u64,
    /// Segments of zeros that a former process prepared.
    unused: BTreeSet<u64>,
}

impl Preparer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        segment_bytes: u64,
        next_number: u64,
        unused: Vec<u64>,
    ) -> Preparer {
        Preparer {
            storage,
            segment_bytes,
            next_number,
            unused: unused.into_iter().collect(),
        }
    }

    /// True if the next segment lies ready, but for being opened.
    pub(super) fn has_unused(&self) -> bool {
        self.unused.contains(&self.next_number)
    }

    /// Makes the next segment, or takes the one that a former process made, if it is not larger than it should be.
    pub(super) fn prepare(&mut self) -> Result<Box<dyn Segment>, Error> {
        let number = self.next_number;
        let failed = |action| Error::io(action, self.storage.name(number));
        if self.unused.contains(&number) {
            let segment = self.storage.open(number).map_err(failed("open"))?;
            if (self.least()..=self.segment_bytes).contains(&segment.bytes()) {
                self.next_number += 1;
                return Ok(segment);
            }
        }
        let bytes = self.affordable().map_err(failed("create"))?;
        let segment = self
            .storage
            .create(number, bytes)
            .map_err(failed("create"))?;
        assert_eq!(segment.bytes(), bytes);
        self.next_number += 1;
        Ok(segment)
    }

    fn least(&self) -> u64 {
        self.segment_bytes.min(SMALL_SEGMENT_BYTES)
    }

    /// How large the next segment may be.
    fn affordable(&self) -> io::Result<u64> {
        let Some(free) = self.storage.free_bytes()? else {
            return Ok(self.segment_bytes);
        };
        let share = free / SHARE_OF_FREE / BLOCK_BYTES * BLOCK_BYTES;
        let bytes = self.segment_bytes.min(share);
        if bytes >= self.least() {
            return Ok(bytes);
        }
        let said =
            format!("{free} bytes are free, and a segment takes no more than a quarter of that");
        Err(io::Error::new(io::ErrorKind::StorageFull, said))
    }

    /// Works until the writer has ended.
    pub(super) fn run(mut self, queue: &Queue) {
        while let Some(job) = queue.job() {
            match job {
                Job::Prepare => self.prepare_for(queue),
                Job::Seal(segment, end) => self.seal(segment, end),
                Job::Index(number, bytes) => self.keep(number, &bytes),
            }
        }
    }

    fn prepare_for(&mut self, queue: &Queue) {
        match self.prepare() {
            Ok(segment) => {
                if queue.prepared(segment) {
                    tracing::info!("there is space on the disk again; everything is taken");
                }
            }
            Err(error) => {
                if queue.not_prepared() {
                    tracing::error!(%error, "the disk is full; once this journal segment is full too, only what frees time or ends something is taken");
                }
            }
        }
    }

    /// Nothing durable hangs on sealing: its frames were synced before, and the next start seals what is left.
    fn seal(&self, mut segment: Box<dyn Segment>, end: u64) {
        let file = self.storage.name(segment.number());
        match segment.seal(end) {
            Ok(()) => {
                tracing::info!(file, bytes = end, "journal segment sealed");
                self.index(segment.number());
            }
            Err(error) => {
                tracing::warn!(file, %error, "a full journal segment could not be sealed; the next start tries again")
            }
        }
    }

    /// Reads the segment again for it: that costs nobody who waits, and what is wrong with it is found early.
    fn index(&self, number: u64) {
        match examine(&*self.storage, number) {
            Ok(Some(contents)) => self.keep(number, &index::encode(&contents)),
            Ok(None) => {
                let file = self.storage.name(number);
                tracing::error!(
                    file,
                    "a segment that was just sealed is damaged; the disk is failing"
                );
            }
            Err(error) => {
                tracing::warn!(%error, "a sealed segment could not be read for its index")
            }
        }
    }

    /// An index that is not there only makes the next start slower.
    fn keep(&self, number: u64, bytes: &[u8]) {
        if let Err(error) = self.storage.write_index(number, bytes) {
            let file = self.storage.name(number);
            tracing::warn!(file, %error, "the index of this journal segment could not be written; the next start reads the segment and tries again");
        }
    }
}
