//! The one thread that writes: takes a group, writes it, syncs once, moves the watermark.
//!
//! Greedy: it never waits for company, a group is what queued while the last sync ran. Any failed or short write
//! and any failed sync is the end: it is not tried again, because the kernel reports a lost page once and then calls it clean.
//! Invariant: the watermark moves only after a sync that covers it has returned; nothing is written into a segment
//! before the one in front of it is synced.
//! Started by `handle.rs`; meets the rest of the room only through the queue, the durability and the failure.

use std::sync::Arc;

use super::durability::Durability;
use super::erase;
use super::error::Error;
use super::failure::Failure;
use super::queue::{Group, Queue, Roll};
use super::recovery::{Active, write};
use super::segment;
use super::storage::Storage;

/// What the writer shares with the handles.
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) durability: Arc<Durability>,
    pub(super) failure: Arc<Failure>,
}

impl Shared {
    fn end(&self) {
        self.queue.stop();
        self.durability.stop();
    }
}

pub(super) struct Writer {
    storage: Arc<dyn Storage>,
    shared: Arc<Shared>,
    active: Option<Active>,
    /// Goes into the header of every segment that is begun.
    epoch: u64,
}

impl Writer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        shared: Arc<Shared>,
        active: Option<Active>,
        epoch: u64,
    ) -> Writer {
        Writer {
            storage,
            shared,
            active,
            epoch,
        }
    }

    /// Writes until the queue is closed and drained, or until something fails.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _ending = Ending(&shared);
        let mut group = Group::default();
        while shared.queue.take(&mut group) {
            if let Err(error) = self.turn(&mut group) {
                tracing::error!(%error, first_lost = shared.durability.watermark().next().0, "the journal cannot write and stops");
                shared.queue.stop();
                shared.failure.set(error.to_string());
                return;
            }
        }
    }

    /// Commits a group, if there is anything in it, then does what is to be erased.
    fn turn(&mut self, group: &mut Group) -> Result<(), Error> {
        if group.entries > 0 {
            let retired = self.commit(group)?;
            self.shared.durability.advance(group.last);
            for Active { segment, end } in retired {
                self.shared.queue.seal(segment, end);
            }
        }
        match group.erasure.take() {
            Some(mut job) => {
                let done = erase::overwrite(&*self.storage, &mut job);
                if done.is_err() {
                    // Before whoever waits for the job is told: nothing is taken any more that they could see taken.
                    self.shared.queue.stop();
                }
                done
            }
            None => Ok(()),
        }
    }

    /// Makes a group durable and gives back the segments that it filled.
    fn commit(&mut self, group: &mut Group) -> Result<Vec<Active>, Error> {
        assert!(group.entries > 0);
        let mut retired = Vec::new();
        let mut from = 0;
        for roll in group.rolls.drain(..) {
            let at = roll.at;
            if let Some(active) = &mut self.active {
                put(&*self.storage, active, &group.bytes[from..at])?;
            }
            retired.extend(self.roll(roll)?);
            from = at;
        }
        let active = self
            .active
            .as_mut()
            .expect("invariant: the queue gives room only in a segment that exists");
        put(&*self.storage, active, &group.bytes[from..])?;
        self.sync()?;
        Ok(retired)
    }

    /// Goes on in a new segment, once everything in the old one is durable.
    fn roll(&mut self, roll: Roll) -> Result<Option<Active>, Error> {
        self.sync()?;
        let header = segment::encode(roll.segment.number(), roll.first, self.epoch);
        let mut next = Active {
            segment: roll.segment,
            end: 0,
        };
        put(&*self.storage, &mut next, &header)?;
        Ok(self.active.replace(next))
    }

    fn sync(&mut self) -> Result<(), Error> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        active.segment.sync().map_err(|source| {
            let file = self.storage.name(active.segment.number());
            Error::Io {
                action: "sync",
                file,
                source,
            }
        })
    }
}

fn put(storage: &dyn Storage, active: &mut Active, bytes: &[u8]) -> Result<(), Error> {
    assert!(bytes.len() as u64 <= active.room());
    let file = storage.name(active.segment.number());
    write(&mut *active.segment, &file, active.end, bytes)?;
    active.end += bytes.len() as u64;
    Ok(())
}

/// However the thread ends, by a panic too, nobody may wait for ever.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failure.set(
                "the journal's writer thread panicked; see the log, then start again".to_owned(),
            );
        }
        self.0.end();
    }
}
