//! Each tenant's sequence and chain, recomputed from what entries say in clear: no key is needed for it.
//!
//! The hash covers ciphertext, so whoever has the files can check that nothing was changed, left out, repeated, moved or put
//! in between. What this cannot see is a history whose end was cut off or that was written anew by someone who has the master key;
//! checkpoints kept elsewhere show that. Fed by `verify.rs` with every whole frame in order.

use std::collections::{BTreeMap, VecDeque};

use crate::entry::{self, ChainHead, Outline};
use crate::journal::Place;
use crate::journal::inspect::{Personal, Sight};
use crate::model::{TenantId, Timestamp};

/// Hashes kept of each tenant's latest entries. A checkpoint vouches for a head that was the latest shortly before it was
/// appended: at most as many entries lie between as the journal queues.
const HASHES_KEPT: usize = 1 << 15;

/// A tenant's chain so far.
#[derive(Debug)]
pub struct Chain {
    /// Entries that are there.
    pub entries: u64,
    /// The sequence of the latest.
    pub sequence: u64,
    /// Its hash.
    pub head: ChainHead,
    /// Its instant.
    pub last_at: Timestamp,
    /// Personal parts that were erased.
    pub erased: u64,
    /// Where its first entry lies.
    pub first: Place,
    /// Where its latest entry lies.
    pub last: Place,
    /// The latest hashes, that of `sequence` last; emptied by a gap.
    recent: VecDeque<ChainHead>,
}

/// All tenants' chains.
#[derive(Debug, Default)]
pub struct Chains(BTreeMap<TenantId, Chain>);

/// An entry of which sequence it is, and what is wrong with it.
#[derive(Debug)]
pub struct Judged {
    /// The tenant whose stream it stands in.
    pub tenant: TenantId,
    /// The sequence that it says it has, or should have.
    pub sequence: u64,
    /// Its hash.
    pub hash: ChainHead,
    /// It says that it is a checkpoint.
    pub is_checkpoint: bool,
    /// What is wrong.
    pub faults: Vec<String>,
}

impl Chains {
    /// The tenant of this stream, if it has entries.
    pub fn get(&self, tenant: TenantId) -> Option<&Chain> {
        self.0.get(&tenant)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (TenantId, &Chain)> {
        self.0.iter().map(|(tenant, chain)| (*tenant, chain))
    }

    /// Takes in the next frame.
    pub fn take(&mut self, place: Place, sight: &Sight<'_>) -> Judged {
        let tenant = TenantId(sight.stream);
        let chain = self.0.entry(tenant).or_insert_with(|| Chain::new(place));
        let mut faults = Vec::new();
        let hash = entry::chain_hash(sight.covered, sight.digest);
        let expected = chain.sequence + 1;
        let mut sequence = expected;
        let (mut follows, mut is_checkpoint) = (true, false);
        match entry::outline(sight.covered) {
            Err(error) => faults.push(error.to_string()),
            Ok(Outline { header, .. }) if header.tenant != tenant => {
                faults.push(format!(
                    "the entry is tenant {}'s and stands in another tenant's stream",
                    header.tenant
                ));
            }
            Ok(outline) => {
                let header = outline.header;
                chain.last_at = header.at;
                is_checkpoint = outline.is_checkpoint;
                if outline.has_personal != sight.digest.is_some() {
                    faults.push(
                        "it says otherwise than its frame whether it has a personal part"
                            .to_owned(),
                    );
                }
                sequence = header.sequence;
                follows = sequence == expected;
                if !follows {
                    faults.push(format!(
                        "the entry has sequence {sequence} where {expected} is next: entries are missing, repeated or out of order"
                    ));
                } else if header.previous != chain.head {
                    faults.push("it does not carry the hash of the entry before it".to_owned());
                }
            }
        }
        chain.add(sequence, hash, follows, place);
        chain.erased += u64::from(sight.personal == Personal::Erased);
        Judged {
            tenant,
            sequence,
            hash,
            is_checkpoint,
            faults,
        }
    }
}

impl Chain {
    fn new(first: Place) -> Self {
        Self {
            entries: 0,
            sequence: 0,
            head: [0; 32],
            last_at: Timestamp::MIN,
            erased: 0,
            first,
            last: first,
            recent: VecDeque::new(),
        }
    }

    fn add(&mut self, sequence: u64, hash: ChainHead, follows: bool, place: Place) {
        if !follows {
            self.recent.clear();
        }
        if self.recent.len() == HASHES_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(hash);
        self.entries += 1;
        self.sequence = sequence;
        self.head = hash;
        self.last = place;
    }

    /// The hash of one of the latest entries; `None`: it is not among them.
    pub fn hash_of(&self, sequence: u64) -> Option<ChainHead> {
        let back = usize::try_from(self.sequence.checked_sub(sequence)?).ok()?;
        let place = self.recent.len().checked_sub(back + 1)?;
        self.recent.get(place).copied()
    }
}
