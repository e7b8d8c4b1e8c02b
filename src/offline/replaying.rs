//! Opens, decodes and replays entries on threads of their own, and asserts of every tenant what must hold of it.
//!
//! One tenant's entries all go to one thread, in order; different tenants do not wait for each other. Whatever is asserted and
//! does not hold is a finding here, not a crash. `verify.rs` feeds it and takes the findings; chains were judged there before.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use crate::entry;
use crate::journal::{Lsn, Place, Storage};
use crate::model::{Slug, TenantId};
use crate::replay::{FaultKind, Replayed};
use crate::seal::{MasterKey, Opener};

use super::claims::Claims;
use super::fault::{Fault, Faults};
use super::walk::PERSONAL_PART;

/// Batches that wait for one thread: what is read ahead of it is bounded by so many segments.
const BATCHES_MAX: usize = 8;
/// Entries after which a batch goes off.
const BATCH_ENTRIES_MAX: usize = 1_024;

/// Of a personal part that is not there. What an open erasure lists may be in any state: the next start overwrites it again.
const UNEXPLAINED: &str = "its personal part is damaged or overwritten, and no erasure says so";

/// Where an entry lies in a segment's bytes.
pub struct Entry {
    /// Whose.
    pub tenant: TenantId,
    /// Where in the journal.
    pub place: Place,
    /// Its position.
    pub lsn: Lsn,
    /// Its covered bytes.
    pub covered: Range<usize>,
    /// Its personal bytes, if they are there and whole.
    pub personal: Option<Range<usize>>,
    /// They are there, but neither whole nor erased.
    pub is_damaged: bool,
    /// Their digest, if there ever were any.
    pub digest: Option<[u8; 32]>,
}

struct Batch {
    segment: Arc<Vec<u8>>,
    entries: Vec<Entry>,
}

/// What came of one tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Appointments that were ever booked.
    pub appointments: u64,
    /// Holds that have not ended.
    pub holds: u64,
}

/// What came of all.
#[derive(Default)]
pub struct Outcomes {
    /// Of each tenant with entries.
    pub tenants: BTreeMap<TenantId, Outcome>,
    /// What tenants are called; `None`: the instance itself was not read.
    pub names: Option<BTreeMap<TenantId, Slug>>,
    /// What was wrong.
    pub faults: Faults,
}

/// The threads, as whoever feeds them sees them.
pub struct Threads<'scope> {
    lanes: Vec<Lane<'scope>>,
}

struct Lane<'scope> {
    sender: SyncSender<Batch>,
    filling: Option<Batch>,
    thread: ScopedJoinHandle<'scope, Outcomes>,
}

impl<'scope> Threads<'scope> {
    /// Starts so many.
    pub fn start<'env>(
        count: usize,
        scope: &'scope Scope<'scope, 'env>,
        storage: &'env dyn Storage,
        master: &'env MasterKey,
    ) -> Self {
        let lane = |_| {
            let (sender, receiver) = sync_channel(BATCHES_MAX);
            let thread = scope.spawn(move || Replaying::new(storage, master).run(&receiver));
            Lane {
                sender,
                filling: None,
                thread,
            }
        };
        Self {
            lanes: (0..count.max(1)).map(lane).collect(),
        }
    }

    /// Hands an entry to its tenant's thread.
    pub fn take(&mut self, segment: &Arc<Vec<u8>>, entry: Entry) {
        let count = self.lanes.len() as u128;
        let lane = &mut self.lanes[(entry.tenant.0 % count) as usize];
        let is_full = lane.filling.as_ref().is_some_and(|batch| {
            batch.entries.len() >= BATCH_ENTRIES_MAX || !Arc::ptr_eq(&batch.segment, segment)
        });
        if is_full {
            lane.flush();
        }
        let batch = lane.filling.get_or_insert_with(|| Batch {
            segment: Arc::clone(segment),
            entries: Vec::with_capacity(BATCH_ENTRIES_MAX),
        });
        batch.entries.push(entry);
    }

    /// Waits for them and gathers what they found.
    pub fn finish(self) -> Outcomes {
        let mut all = Outcomes::default();
        for mut lane in self.lanes {
            lane.flush();
            drop(lane.sender);
            let found = lane.thread.join();
            let found = found.expect("a replaying thread catches what its tenants' ledgers assert");
            all.tenants.extend(found.tenants);
            all.faults.extend(found.faults);
            all.names = all.names.or(found.names);
        }
        all
    }
}

impl Lane<'_> {
    fn flush(&mut self) {
        if let Some(batch) = self.filling.take() {
            // It ends only when this sender is gone.
            let _ = self.sender.send(batch);
        }
    }
}

struct Replaying<'a> {
    storage: &'a dyn Storage,
    master: &'a MasterKey,
    tenants: BTreeMap<TenantId, Tenant>,
    faults: Faults,
}

struct Tenant {
    opener: Opener,
    /// `None`: an entry was at fault, and those behind it cannot be judged.
    replayed: Option<Replayed>,
    claims: Claims,
    last: Place,
    sequence: u64,
}

impl<'a> Replaying<'a> {
    fn new(storage: &'a dyn Storage, master: &'a MasterKey) -> Self {
        Self {
            storage,
            master,
            tenants: BTreeMap::new(),
            faults: Faults::default(),
        }
    }

    fn run(mut self, batches: &Receiver<Batch>) -> Outcomes {
        while let Ok(batch) = batches.recv() {
            for entry in &batch.entries {
                self.replay(&batch.segment, entry);
            }
        }
        self.conclude()
    }

    fn replay(&mut self, segment: &[u8], entry: &Entry) {
        let tenant = self.tenants.entry(entry.tenant).or_insert_with(|| Tenant {
            opener: Opener::of(self.master, entry.tenant),
            replayed: Some(Replayed::new(entry.tenant)),
            claims: Claims::default(),
            last: entry.place,
            sequence: 0,
        });
        if let Err(what) = tenant.replay(segment, entry) {
            let fault = Fault::at(self.storage, entry.place, what);
            self.faults.push(fault.of(entry.tenant, tenant.sequence));
        }
    }

    fn conclude(mut self) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for (id, tenant) in self.tenants {
            let claims = &tenant.claims;
            let outcome = Outcome {
                appointments: claims.appointments(),
                holds: claims.holds(),
            };
            outcomes.tenants.insert(id, outcome);
            let Some(replayed) = tenant.replayed else {
                continue;
            };
            let ledger = AssertUnwindSafe(&replayed.ledger);
            let checked = catch_unwind(move || ledger.check_invariants());
            if let Err(panic) = checked {
                let what = format!("its ledger contradicts itself: {}", words(&*panic));
                let fault = Fault::at(self.storage, tenant.last, what);
                self.faults.push(fault.of(id, tenant.sequence));
            }
            for (sequence, place) in replayed.unexplained() {
                let fault = Fault::at(self.storage, place, UNEXPLAINED);
                self.faults.push(fault.of(id, sequence));
            }
            if id == TenantId::INSTANCE {
                let tenants = replayed.ledger.tenants();
                let names = tenants.map(|tenant| (tenant.id, tenant.slug.clone()));
                outcomes.names = Some(names.collect());
            }
        }
        outcomes.faults = self.faults;
        outcomes
    }
}

impl Tenant {
    /// Takes in an entry; an error says what is wrong with it.
    fn replay(&mut self, segment: &[u8], entry: &Entry) -> Result<(), String> {
        let Some(replayed) = &mut self.replayed else {
            return match entry.is_damaged {
                true => Err(PERSONAL_PART.to_owned()),
                false => Ok(()),
            };
        };
        self.last = entry.place;
        self.sequence = replayed.sequence + 1;
        let covered = &segment[entry.covered.clone()];
        let personal = entry.personal.clone().map(|range| &segment[range]);
        let decoded = entry::decode(covered, personal, entry.digest, &mut self.opener);
        let taken = decoded.map_err(FaultKind::from).and_then(|decoded| {
            let at = decoded.header.at;
            let mut overlap = None;
            for event in &decoded.events {
                overlap = overlap.or(self.claims.take(event, at).err());
            }
            replayed.take(decoded, entry.is_damaged, entry.place, entry.lsn)?;
            Ok(overlap)
        });
        match taken {
            Ok(None) => Ok(()),
            Ok(Some(overlap)) => Err(overlap.to_string()),
            Err(fault) => {
                self.replayed = None;
                match fault {
                    // Whoever handed the entry over has said so already.
                    FaultKind::OtherTenant | FaultKind::Sequence(_) | FaultKind::Chain => Ok(()),
                    fault => Err(fault.to_string()),
                }
            }
        }
    }
}

/// What an assertion says. Ledgers hold ids and times only, so their words quote nobody.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("an assertion does not hold")
}
