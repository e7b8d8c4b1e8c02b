//! A tenant's past: its entries read back from the journal, as changes that may be shown.
//!
//! One way for what is old and what is new: whoever follows a tenant waits for its head to move and then reads. Reading asks
//! nothing of the actor and opens event parts only, never a personal part; it is done on threads that may block. Invariant:
//! nothing is shown before it is durable, and every entry is the one that its sequence says.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::entry;
use crate::journal::{self, Journal, Place};
use crate::ledger::{Change, Names, change};
use crate::limits;
use crate::model::{Principal, TenantId, Timestamp};
use crate::seal::{MasterKey, Opener};

use super::messages::Refused;
use crate::replay::{Stretch, Trail};

/// An entry of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEntry {
    /// Its place among the tenant's entries, from 1 without gaps.
    pub sequence: u64,
    /// When it was decided; never earlier than the entry before it.
    pub at: Timestamp,
    /// Who asked.
    pub by: Principal,
    /// Its hash, which the next entry carries.
    pub hash: [u8; 32],
    /// What it changed, each with its event's place in the entry, from 1. A place never changes; those of events that the
    /// outside does not see are left out.
    pub changes: Vec<(u32, Change)>,
}

/// The past of one tenant. Cheap to clone.
#[derive(Clone)]
pub struct History(Arc<Inner>);

struct Inner {
    tenant: TenantId,
    trail: Trail,
    journal: Journal,
    master: Arc<MasterKey>,
    followers: Arc<Semaphore>,
}

/// Someone who follows a tenant; their place is given back when this is dropped.
pub struct Follower {
    head: watch::Receiver<u64>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// Resolves when there is an entry after this sequence. It may not be durable yet.
    pub async fn more_than(&mut self, sequence: u64) {
        let moved = self.head.wait_for(|head| *head > sequence).await;
        if moved.is_err() {
            // The trail is gone, and with it whatever could come.
            std::future::pending::<()>().await;
        }
    }
}

impl History {
    pub(super) fn new(
        tenant: TenantId,
        trail: Trail,
        journal: Journal,
        master: Arc<MasterKey>,
    ) -> Self {
        Self(Arc::new(Inner {
            tenant,
            trail,
            journal,
            master,
            followers: Arc::new(Semaphore::new(limits::EVENT_STREAMS_PER_TENANT_MAX)),
        }))
    }

    /// Where its entries lie.
    pub(super) fn trail(&self) -> &Trail {
        &self.0.trail
    }

    /// The sequence of the latest entry, once that is durable; 0: there is none.
    pub async fn head(&self) -> Result<u64, Refused> {
        Ok(self.stretch(u64::MAX, 0).await?.head)
    }

    /// Up to `limit` entries after this sequence; fewer only where the past ends or the page is full.
    pub async fn after(&self, sequence: u64, limit: usize) -> Result<Vec<PastEntry>, Refused> {
        let limit = limit.min(limits::HISTORY_ENTRIES_MAX);
        let stretch = self.stretch(sequence, limit).await?;
        if stretch.places.is_empty() {
            return Ok(Vec::new());
        }
        self.blocking(move |reader| reader.read(sequence, &stretch))
            .await
    }

    /// How many entries lie before this instant: times never decrease, so this is found by halving.
    pub async fn before(&self, at: Timestamp) -> Result<u64, Refused> {
        let head = self.head().await?;
        self.blocking(move |reader| {
            let (mut low, mut high) = (0, head);
            while low < high {
                let middle = low + (high - low) / 2;
                if reader.time_of(middle + 1)? < at {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            Ok(low)
        })
        .await
    }

    /// Follows the tenant, unless as many do as may.
    pub fn follow(&self) -> Result<Follower, Refused> {
        let place = Arc::clone(&self.0.followers).try_acquire_owned();
        Ok(Follower {
            head: self.0.trail.watch(),
            _place: place.map_err(|_| Refused::TenantBusy)?,
        })
    }

    /// A stretch of the trail, all of it durable.
    async fn stretch(&self, sequence: u64, limit: usize) -> Result<Stretch, Refused> {
        let stretch = self.0.trail.after(sequence, limit);
        let durable = self.0.journal.durability().reached(stretch.lsn).await;
        durable.map_err(|_| Refused::Stopped)?;
        Ok(stretch)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Unreadable> + Send + 'static,
    ) -> Result<T, Refused> {
        let history = Self(Arc::clone(&self.0));
        let done = tokio::task::spawn_blocking(move || {
            read(&mut Reader {
                opener: Opener::of(&history.0.master, history.0.tenant),
                of: &history.0,
            })
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Unreadable::Journal(journal::Error::Closed))) | Err(_) => Err(Refused::Stopped),
            Ok(Err(unreadable)) => {
                // It was whole when it was replayed or written: the disk has changed beneath us.
                tracing::error!(tenant = %self.0.tenant, error = %unreadable, "an entry of the past cannot be read");
                Err(Refused::Quarantined)
            }
        }
    }
}

/// Why an entry of the past cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Entry(#[from] entry::Error),
    #[error("entry {0} is not where it was put")]
    Misplaced(u64),
}

struct Reader<'a> {
    of: &'a Inner,
    opener: Opener,
}

impl Reader<'_> {
    fn read(&mut self, after: u64, stretch: &Stretch) -> Result<Vec<PastEntry>, Unreadable> {
        let mut entries = Vec::with_capacity(stretch.places.len());
        let (mut bytes, mut changes) = (0, 0);
        for (sequence, place) in (after + 1..).zip(&stretch.places) {
            if bytes > limits::HISTORY_BYTES_MAX || changes >= limits::HISTORY_CHANGES_MAX {
                break;
            }
            match self.entry(sequence, *place, &stretch.names) {
                Ok((entry, length)) => {
                    changes += entry.changes.len();
                    entries.push(entry);
                    bytes += length;
                }
                // What is whole before it is shown; the next page begins with the fault.
                Err(_) if !entries.is_empty() => break,
                Err(unreadable) => return Err(unreadable),
            }
        }
        Ok(entries)
    }

    fn entry(
        &mut self,
        sequence: u64,
        place: Place,
        names: &Names,
    ) -> Result<(PastEntry, usize), Unreadable> {
        let found = self.of.journal.recall(place)?;
        let decoded = entry::decode(
            &found.covered,
            None,
            found.personal_digest,
            &mut self.opener,
        )?;
        let header = decoded.header;
        if (header.tenant, header.sequence) != (self.of.tenant, sequence) {
            return Err(Unreadable::Misplaced(sequence));
        }
        let changes = (1..).zip(&decoded.events);
        let changes = changes.filter_map(|(place, event)| Some((place, change(event, names)?)));
        let entry = PastEntry {
            sequence,
            at: header.at,
            by: header.principal,
            hash: decoded.hash,
            changes: changes.collect(),
        };
        Ok((entry, found.covered.len()))
    }

    fn time_of(&self, sequence: u64) -> Result<Timestamp, Unreadable> {
        let stretch = self.of.trail.after(sequence - 1, 1);
        let place = stretch.places.first();
        let place = place.ok_or(Unreadable::Misplaced(sequence))?;
        let found = self.of.journal.recall(*place)?;
        Ok(entry::header(&found.covered)?.at)
    }
}
