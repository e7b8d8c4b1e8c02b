//! The thread beside the writer: makes the next segment ahead of need, seals the ones that are full and gives them an index.
//!
//! Both cost many syncs of a growing or shrinking file, which would stall every caller if the writer did them.
//! A disk that is full here is no failure yet: it is logged, and tried again when an append finds no room.
//! Invariant: a segment belongs to one thread at a time; it is handed over, never shared.
//! Started by `handle.rs`; ends after the writer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::error::Error;
use super::index;
use super::queue::{Job, Queue};
use super::reader::examine;
use super::storage::{Segment, Storage};

/// Trying to fill a full disk is work for the disk; a flood of refused appends must not become a flood of attempts.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);

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

    /// Makes the next segment, or takes the one that a former process made if it has the right size.
    pub(super) fn prepare(&mut self) -> Result<Box<dyn Segment>, Error> {
        let number = self.next_number;
        let failed = |action| Error::io(action, self.storage.name(number));
        if self.unused.contains(&number) {
            let segment = self.storage.open(number).map_err(failed("open"))?;
            if segment.bytes() == self.segment_bytes {
                self.next_number += 1;
                return Ok(segment);
            }
        }
        let segment = self
            .storage
            .create(number, self.segment_bytes)
            .map_err(failed("create"))?;
        assert_eq!(segment.bytes(), self.segment_bytes);
        self.next_number += 1;
        Ok(segment)
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
            Ok(segment) => queue.prepared(segment),
            Err(error) => {
                tracing::warn!(%error, "the next journal segment could not be prepared; appends are refused once this one is full");
                queue.not_prepared(PAUSE_AFTER_FAILURE);
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
