//! Recovery: from the journal's frames back to each tenant's ledger and contacts.
//!
//! One pass over the frames. Each entry must continue its tenant's sequence and chain, open, decode and apply; a tenant whose
//! entries do not, or that may lack one by damage, is left out with the first fault named, and the others are served.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::entry::{self, ChainHead, Decoded};
use crate::journal::{Damage, Found, Frame, Lsn, Owners, Place};
use crate::ledger::{Ledger, apply};
use crate::model::{KeyRecord, TenantId, Timestamp};
use crate::seal::{MasterKey, Opener};

use super::contacts::Contacts;
use super::gaps::Gaps;
use super::losses::Losses;
use super::trail::{Latest, Trail};

/// A tenant as its entries leave it.
pub struct Replayed {
    /// Its ledger.
    pub ledger: Ledger,
    /// Its contacts.
    pub contacts: Contacts,
    /// Where its entries lie.
    pub trail: Trail,
    /// The sequence of its latest entry; 0: none.
    pub sequence: u64,
    /// The hash of its latest entry.
    pub chain: ChainHead,
    /// Where its latest entry stands in the journal.
    pub head: Lsn,
    /// The instant of its latest entry.
    pub last_at: Timestamp,
    /// Personal parts that could not be read.
    pub(super) gaps: Gaps,
}

/// Why a tenant cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[error("tenant {tenant} cannot be replayed: entry {sequence} at journal position {} ({place}): {fault}", lsn.0)]
pub struct Fault {
    /// Whose entry.
    pub tenant: TenantId,
    /// The sequence it should have.
    pub sequence: u64,
    /// Where it stands.
    pub lsn: Lsn,
    /// Where it lies, or where the damage begins that took it.
    pub place: Place,
    /// What is wrong with it.
    pub fault: Box<FaultKind>,
    /// The tenant's keys, as far as its entries were read: who comes with one is told what is the matter.
    pub keys: Vec<KeyRecord>,
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum FaultKind {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] entry::Error),
    /// It stands in another tenant's stream.
    #[error("it belongs to another tenant")]
    OtherTenant,
    /// An entry is missing, or one is there twice.
    #[error("it has sequence {0}")]
    Sequence(u64),
    /// It does not continue the chain.
    #[error("it does not carry the hash of the entry before it")]
    Chain,
    /// What it says of persons is neither whole nor erased, or is erased though no entry says so.
    #[error("its personal part is damaged")]
    Personal,
    /// An entry whose personal part is erased by now has one that is not.
    #[error("it says that all is erased, but the personal part of entry {0} is damaged")]
    HalfErased(u64),
    /// Damage in the journal took it.
    #[error("it is lost, {file} is damaged: {reason}")]
    Lost {
        /// The segment.
        file: String,
        /// What was found there.
        reason: String,
    },
    /// Damage in the journal took an entry of nobody knows whom, and nothing later proves that it was not this tenant's.
    #[error("it may be lost, {file} is damaged: {reason}; whose entry lay there cannot be told")]
    PerhapsLost {
        /// The segment.
        file: String,
        /// What was found there.
        reason: String,
    },
    /// Its events contradict what came before.
    #[error("its events cannot be applied")]
    Apply,
}

impl Replayed {
    /// A tenant without entries.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            ledger: Ledger::new(tenant),
            contacts: Contacts::default(),
            trail: Trail::default(),
            sequence: 0,
            chain: [0; 32],
            head: Lsn::ZERO,
            last_at: Timestamp::MIN,
            gaps: Gaps::default(),
        }
    }

    /// All entries are taken in: now every personal part that could not be read must be one that was erased.
    pub fn finish(self) -> Result<Self, Box<Fault>> {
        let first = self.gaps.unexplained().next();
        match first {
            None => Ok(self),
            Some((sequence, place, lsn)) => Err(Box::new(Fault {
                sequence,
                ..Fault::of(&self, lsn, place, FaultKind::Personal)
            })),
        }
    }

    /// Entries taken in so far whose personal part could not be read though nothing says that it was erased: sequence and place.
    pub fn unexplained(&self) -> impl Iterator<Item = (u64, Place)> {
        let rows = self.gaps.unexplained();
        rows.map(|(sequence, place, _)| (sequence, place))
    }

    /// Takes in the next entry, and where it lies.
    pub fn replay(&mut self, frame: &Frame, opener: &mut Opener) -> Result<(), FaultKind> {
        let digest = frame.personal_digest;
        let entry = entry::decode(&frame.covered, frame.personal.as_deref(), digest, opener)?;
        self.take(entry, frame.personal_is_damaged, frame.place, frame.lsn)
    }

    /// Takes in the next entry, which was opened before, whether its personal part is there but not whole, and where it lies.
    pub fn take(
        &mut self,
        entry: Decoded,
        is_damaged: bool,
        place: Place,
        lsn: Lsn,
    ) -> Result<(), FaultKind> {
        let entry = self.enter(entry, is_damaged, (place, lsn))?;
        let latest = self.latest();
        match entry.checkpoint {
            Some(_) => self.trail.push_checkpoint(place, latest),
            None => self.trail.push(place, latest, &entry.events),
        }
        Ok(())
    }

    /// Takes in the next entry; the trail knows of it already, or is of no interest.
    pub fn take_in(&mut self, frame: &Frame, opener: &mut Opener) -> Result<(), FaultKind> {
        let digest = frame.personal_digest;
        let entry = entry::decode(&frame.covered, frame.personal.as_deref(), digest, opener)?;
        let is_damaged = frame.personal_is_damaged;
        self.enter(entry, is_damaged, (frame.place, frame.lsn))
            .map(|_| ())
    }

    /// The latest entry.
    pub fn latest(&self) -> Latest {
        Latest {
            sequence: self.sequence,
            hash: self.chain,
            at: self.last_at,
            lsn: self.head,
        }
    }

    fn enter(
        &mut self,
        entry: Decoded,
        is_damaged: bool,
        (place, lsn): (Place, Lsn),
    ) -> Result<Decoded, FaultKind> {
        if entry.header.tenant != self.ledger.tenant() {
            return Err(FaultKind::OtherTenant);
        }
        if entry.header.sequence != self.sequence + 1 {
            return Err(FaultKind::Sequence(entry.header.sequence));
        }
        if entry.header.previous != self.chain {
            return Err(FaultKind::Chain);
        }
        if entry.facts.is_none() {
            self.gaps
                .note(entry.header.sequence, (place, lsn), is_damaged);
        }
        // `apply` asserts; what fails an assertion here was never decided by us, and must stop this tenant only.
        let ledger = AssertUnwindSafe(&mut self.ledger);
        let (events, gaps) = (&entry.events, AssertUnwindSafe(&mut self.gaps));
        let applied = catch_unwind(move || {
            let (ledger, gaps) = (ledger, gaps);
            let (AssertUnwindSafe(ledger), AssertUnwindSafe(gaps)) = (ledger, gaps);
            events.iter().try_for_each(|event| {
                gaps.explain(ledger, event)?;
                apply(ledger, event);
                Ok(())
            })
        });
        let explained: Result<(), u64> = applied.map_err(|_| FaultKind::Apply)?;
        explained.map_err(FaultKind::HalfErased)?;
        let header = entry.header;
        self.contacts.take_in(
            &self.ledger,
            &entry.events,
            entry.facts.as_deref().unwrap_or_default(),
            (header.at, header.sequence),
        );
        self.sequence = header.sequence;
        self.chain = entry.hash;
        self.head = lsn;
        self.last_at = header.at;
        Ok(entry)
    }
}

impl Fault {
    /// A tenant has lost the entry after its latest, or may have.
    pub fn lost(state: &Replayed, damage: &Damage) -> Self {
        let (file, reason) = (damage.file.clone(), damage.reason.clone());
        let fault = match damage.owners {
            Owners::Known(_) => FaultKind::Lost { file, reason },
            Owners::Claimed(_) => FaultKind::PerhapsLost { file, reason },
        };
        Self::of(state, damage.first, damage.place, fault)
    }

    fn of(state: &Replayed, lsn: Lsn, place: Place, fault: FaultKind) -> Self {
        Self {
            tenant: state.ledger.tenant(),
            sequence: state.sequence + 1,
            lsn,
            place,
            fault: Box::new(fault),
            keys: state.ledger.keys().cloned().collect(),
        }
    }
}

/// All tenants of a journal, taken in frame by frame.
pub struct Recovery<'a> {
    master: &'a MasterKey,
    tenants: BTreeMap<TenantId, (Opener, Result<Replayed, Fault>)>,
    losses: Losses,
}

impl<'a> Recovery<'a> {
    /// Nothing taken in yet.
    pub fn new(master: &'a MasterKey) -> Self {
        Self {
            master,
            tenants: BTreeMap::new(),
            losses: Losses::default(),
        }
    }

    /// Takes in what the journal holds next.
    pub fn take(&mut self, found: Found) {
        match found {
            Found::Frame(frame) => self.take_frame(&frame),
            Found::Damage(damage) => self.losses.note(damage),
        }
    }

    fn take_frame(&mut self, frame: &Frame) {
        let tenant = TenantId(frame.stream);
        let (opener, replayed) = self
            .tenants
            .entry(tenant)
            .or_insert_with(|| (Opener::of(self.master, tenant), Ok(Replayed::new(tenant))));
        let Ok(state) = replayed else { return };
        let Err(fault) = state.replay(frame, opener) else {
            return;
        };
        let missing = match &fault {
            FaultKind::Sequence(found) => found.saturating_sub(state.sequence + 1),
            _ => 0,
        };
        let lost = (missing > 0)
            .then(|| self.losses.explain(state.head, frame.lsn, missing))
            .flatten();
        *replayed = Err(match lost {
            None => Fault::of(state, frame.lsn, frame.place, fault),
            Some(damage) => {
                let (file, reason) = (damage.file.clone(), damage.reason.clone());
                let fault = FaultKind::Lost { file, reason };
                Fault::of(state, damage.first, damage.place, fault)
            }
        });
    }

    /// What came of each tenant that has entries, or had some before they were lost.
    pub fn finish(self) -> BTreeMap<TenantId, Result<Replayed, Fault>> {
        let tenants = self.tenants.into_iter();
        let mut tenants: BTreeMap<_, _> = tenants
            .map(|(tenant, (_, replayed))| {
                let whole = match replayed.map(Replayed::finish) {
                    Ok(Ok(state)) => Ok(state),
                    Ok(Err(fault)) => Err(*fault),
                    Err(fault) => Err(fault),
                };
                (tenant, whole)
            })
            .collect();
        let mut all: BTreeSet<_> = tenants.keys().copied().collect();
        all.insert(TenantId::INSTANCE);
        if let Some(Ok(instance)) = tenants.get(&TenantId::INSTANCE) {
            all.extend(instance.ledger.tenants().map(|tenant| tenant.id));
        }
        let head = |tenant: &TenantId| match tenants.get(tenant) {
            None => Some(Lsn::ZERO),
            Some(Ok(state)) => Some(state.head),
            Some(Err(_)) => None,
        };
        let heads = all.iter().map(|tenant| (*tenant, head(tenant))).collect();
        for (tenant, damage) in self.losses.suspects(&heads) {
            let state = tenants.remove(&tenant).and_then(Result::ok);
            let state = state.unwrap_or_else(|| Replayed::new(tenant));
            tenants.insert(tenant, Err(Fault::lost(&state, damage)));
        }
        tenants
    }
}
