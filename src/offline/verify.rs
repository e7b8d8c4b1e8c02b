//! `verify`: reads a whole journal and believes nothing of it. Checksums, positions, groups, sequences, chains and checkpoints
//! without any key; with the master key also that every entry opens, decodes and replays, and what must hold of every ledger.
//!
//! One thread reads and checks what needs no key; others open and replay. Invariant: nothing is written, not even a torn tail
//! is cut. `cli/verify.rs` prints the report; a backup and a restored state go through the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use crate::entry::ChainHead;
use crate::journal::inspect::{Personal, Sight};
use crate::journal::{self, Lsn, Place, Storage};
use crate::model::{Slug, TenantId, Timestamp};
use crate::seal::MasterKey;
use crate::signing::PublicKey;

use super::anchors::Anchors;
use super::chains::{Chain, Chains};
use super::checkpoints::Witnesses;
use super::fault::{Fault, Faults};
use super::replaying::{Entry, Outcome, Outcomes, Threads};
use super::walk::{PERSONAL_PART, Torn, Visitor, Walked, walk};

/// Told how far it has come: segments done, segments, entries done.
pub type Progress<'a> = &'a (dyn Fn(u64, u64, u64) + Sync);

/// What is to be checked, and with what.
#[derive(Clone, Copy)]
pub struct Verify<'a> {
    /// The journal.
    pub storage: &'a dyn Storage,
    /// What opens it; `None`: only what needs no key is checked.
    pub master: Option<&'a MasterKey>,
    /// What its checkpoints are checked with; `None`: the key that they bring themselves.
    pub public: Option<PublicKey>,
    /// Copies of checkpoints that were kept elsewhere.
    pub anchors: &'a Anchors,
    /// Who is told how far it has come.
    pub progress: Progress<'a>,
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// Each tenant with entries; the instance first.
    pub tenants: Vec<Tenant>,
    /// What is wrong, the first of the journal first.
    pub faults: Vec<Fault>,
    /// How many faults are not listed any more.
    pub further: u64,
    /// Segments that hold anything.
    pub segments: u64,
    /// Entries that are whole.
    pub entries: u64,
    /// The position of the last.
    pub head: Lsn,
    /// Checkpoints that are whole, signed and agree with the chains.
    pub checkpoints: u64,
    /// The end of the journal that no sync ever covered.
    pub torn: Option<Torn>,
}

/// One tenant's summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Whose.
    pub id: TenantId,
    /// What it is called, if that is known.
    pub name: Option<Slug>,
    /// Entries that are there.
    pub entries: u64,
    /// The sequence of the latest.
    pub sequence: u64,
    /// The hash of the latest.
    pub chain: ChainHead,
    /// Its instant.
    pub last_at: Timestamp,
    /// Personal parts that were erased.
    pub erased: u64,
    /// What replaying it came to; `None` without a key.
    pub outcome: Option<Outcome>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Verify<'_> {
    /// Checks everything.
    pub fn run(&self) -> Result<Report, journal::Error> {
        let mut faults = Faults::default();
        let mut chains = Chains::default();
        let mut witnesses = Witnesses::new(self.public, self.anchors.clone());
        let (walked, outcomes) = thread::scope(|scope| {
            let threads = self.master.map(|master| {
                let count = thread::available_parallelism().map_or(1, usize::from);
                Threads::start(count, scope, self.storage, master)
            });
            let mut judge = Judge {
                storage: self.storage,
                chains: &mut chains,
                witnesses: &mut witnesses,
                found: Faults::default(),
                threads,
                entries: 0,
                progress: self.progress,
            };
            let walked = walk(self.storage, &mut judge, &mut faults);
            let Judge { found, threads, .. } = judge;
            faults.extend(found);
            (walked, threads.map(Threads::finish))
        });
        Ok(self.report(walked?, &chains, outcomes, faults, &witnesses))
    }

    fn report(
        &self,
        walked: Walked,
        chains: &Chains,
        outcomes: Option<Outcomes>,
        mut faults: Faults,
        witnesses: &Witnesses,
    ) -> Report {
        witnesses.conclude(self.storage, chains, &mut faults);
        let mut names = BTreeMap::new();
        let mut ends = None;
        if let Some(outcomes) = outcomes {
            faults.extend(outcomes.faults);
            if let Some(known) = outcomes.names {
                self.look_for_strangers(chains, &known, &mut faults);
                names = known;
            }
            ends = Some(outcomes.tenants);
        }
        let tenant = |(id, chain): (TenantId, &Chain)| Tenant {
            id,
            name: names.get(&id).cloned(),
            entries: chain.entries,
            sequence: chain.sequence,
            chain: chain.head,
            last_at: chain.last_at,
            erased: chain.erased,
            outcome: ends.as_ref().and_then(|ends| ends.get(&id).copied()),
        };
        let tenants = chains.all().map(tenant).collect();
        let (faults, further) = faults.in_order();
        Report {
            checkpoints: witnesses.agreed(),
            tenants,
            faults,
            further,
            segments: walked.segments,
            entries: walked.frames,
            head: walked.head,
            torn: walked.torn,
        }
    }

    /// A clinic is listed by the instance before it has an entry of its own.
    fn look_for_strangers(
        &self,
        chains: &Chains,
        known: &BTreeMap<TenantId, Slug>,
        faults: &mut Faults,
    ) {
        let is_stranger =
            |(id, _): &(TenantId, &Chain)| *id != TenantId::INSTANCE && !known.contains_key(id);
        for (id, chain) in chains.all().filter(is_stranger) {
            let what = "the instance does not know this tenant";
            faults.push(Fault::at(self.storage, chain.first, what).of(id, 1));
        }
    }
}

/// Judges each frame by its chain and hands it on to be replayed.
struct Judge<'a, 'scope> {
    storage: &'a dyn Storage,
    chains: &'a mut Chains,
    witnesses: &'a mut Witnesses,
    found: Faults,
    threads: Option<Threads<'scope>>,
    entries: u64,
    progress: Progress<'a>,
}

impl Visitor for Judge<'_, '_> {
    fn frame(&mut self, segment: &Arc<Vec<u8>>, place: Place, sight: &Sight<'_>) {
        self.entries += 1;
        let mut judged = self.chains.take(place, sight);
        self.witnesses.look(self.chains, sight, &mut judged);
        for what in judged.faults {
            let fault = Fault::at(self.storage, place, what);
            self.found.push(fault.of(judged.tenant, judged.sequence));
        }
        let is_damaged = sight.personal == Personal::Damaged;
        if let Some(threads) = &mut self.threads {
            let end = place.offset as usize + sight.bytes;
            let personal = end - sight.personal_bytes..end;
            let covered = personal.start - sight.covered.len()..personal.start;
            threads.take(
                segment,
                Entry {
                    tenant: judged.tenant,
                    place,
                    lsn: sight.lsn,
                    covered,
                    personal: matches!(sight.personal, Personal::Whole(_)).then_some(personal),
                    is_damaged,
                    digest: sight.digest,
                },
            );
        } else if is_damaged {
            let fault = Fault::at(self.storage, place, PERSONAL_PART);
            self.found.push(fault.of(judged.tenant, judged.sequence));
        }
    }

    fn expected_of(&self, stream: u128) -> Option<(TenantId, u64)> {
        let tenant = TenantId(stream);
        let chain = self.chains.get(tenant)?;
        Some((tenant, chain.sequence + 1))
    }

    fn passed(&mut self, done: u64, of: u64) {
        (self.progress)(done, of, self.entries);
    }
}
