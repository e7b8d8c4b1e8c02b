//! Witnesses of what the chains had come to: checkpoints in the journal itself, and copies that were kept elsewhere.
//!
//! A checkpoint in the journal must be signed by the instance's key and agree with the chains before it; a copy must be signed and
//! agree with the entry that it names, which must still be there. Fed by `verify.rs` with every frame, after its chain.

use crate::entry::{Checkpoint, Head};
use crate::journal::inspect::Sight;
use crate::journal::{Place, Storage};
use crate::model::TenantId;
use crate::signing::PublicKey;

use super::anchors::{Anchor, Anchors};
use super::chains::{Chains, Judged};
use super::fault::{Fault, Faults};

/// Who vouches for the chains.
#[derive(Debug)]
pub struct Witnesses {
    /// The instance's key; learned from the first checkpoint if nobody knows it.
    public: Option<PublicKey>,
    /// Those whose entry was not met yet.
    anchors: Anchors,
    /// Checkpoints that agree.
    agreed: u64,
    /// Copies that are not signed by the instance's key.
    unsigned: Vec<Anchor>,
}

impl Witnesses {
    /// The witnesses of a journal.
    pub fn new(public: Option<PublicKey>, anchors: Anchors) -> Self {
        let is_unsigned =
            |anchor: &&Anchor| public.is_some_and(|public| !anchor.is_signed(&public));
        let unsigned = anchors.all().filter(is_unsigned).cloned().collect();
        Self {
            public,
            anchors,
            agreed: 0,
            unsigned,
        }
    }

    /// Checkpoints that are whole, signed and agree with the chains.
    pub fn agreed(&self) -> u64 {
        self.agreed
    }

    /// Compares an entry with what is said of it and, if it is a checkpoint, what it says with the chains.
    pub fn look(&mut self, chains: &Chains, sight: &Sight<'_>, judged: &mut Judged) {
        for anchor in self.anchors.take(judged.tenant, judged.sequence) {
            if anchor.head.hash != judged.hash {
                judged.faults.push(format!(
                    "its hash is not the one that the checkpoint in {} saw: history was rewritten",
                    anchor.line
                ));
            }
        }
        if judged.is_checkpoint {
            let faults = self.faults_of(chains, sight, judged.tenant);
            self.agreed += u64::from(faults.is_empty());
            judged.faults.extend(faults);
        }
    }

    fn faults_of(&mut self, chains: &Chains, sight: &Sight<'_>, tenant: TenantId) -> Vec<String> {
        let checkpoint = match Checkpoint::read(sight.covered) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return vec![error.to_string()],
        };
        let mut faults = Vec::new();
        if tenant != TenantId::INSTANCE {
            faults.push("a checkpoint stands outside the instance's stream".to_owned());
        }
        let public = *self.public.get_or_insert(checkpoint.public);
        if checkpoint.public != public {
            faults.push(format!(
                "the checkpoint is signed with key {}, this instance's is {public}",
                checkpoint.public
            ));
        } else if !checkpoint.is_signed(sight.covered) {
            faults.push("the checkpoint's signature does not hold".to_owned());
        }
        for head in &checkpoint.heads {
            let found = chains.get(head.tenant);
            let found = found.and_then(|chain| chain.hash_of(head.sequence));
            if found != Some(head.hash) {
                faults.push(format!(
                    "the checkpoint saw another entry {} of tenant {}, or the journal has none",
                    head.sequence, head.tenant
                ));
            }
        }
        faults
    }

    /// What is left to say once all entries were met.
    pub fn conclude(&self, storage: &dyn Storage, chains: &Chains, faults: &mut Faults) {
        for anchor in &self.unsigned {
            let what = "this copy of a checkpoint is not signed by this instance: it was changed, or is another's";
            faults.push(in_copy(anchor, what.to_owned()));
        }
        for anchor in self.anchors.all() {
            let Head {
                tenant, sequence, ..
            } = anchor.head;
            let Some(chain) = chains.get(tenant) else {
                let what = "this checkpoint saw a tenant of which the journal has no entry";
                faults.push(in_copy(anchor, what.to_owned()));
                continue;
            };
            let what = format!(
                "the checkpoint in {} saw entry {sequence}, but this tenant's entries end with {}: the journal was cut off, or is an older one",
                anchor.line, chain.sequence
            );
            faults.push(Fault::at(storage, chain.last, what).of(tenant, sequence));
        }
    }
}

/// A fault of which no place in the journal is known: the copy's own is named, behind all others.
fn in_copy(anchor: &Anchor, what: String) -> Fault {
    Fault {
        tenant: Some(anchor.head.tenant),
        sequence: Some(anchor.head.sequence),
        place: Place {
            segment: u64::MAX,
            offset: anchor.offset,
        },
        file: anchor.file.clone(),
        what,
    }
}
