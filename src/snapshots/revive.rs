//! Reviving: a tenant as the journal has it, from its image and the entries after that, or from its entries alone.
//!
//! What wakes a sleeper, rebuilds a tenant whose actor panicked, and makes image n+1 from image n: one way, so that every image
//! proves that replay gives what was live.

use crate::journal::{self, Journal};
use crate::model::TenantId;
use crate::replay::{Fault, Replayed, Trail};
use crate::seal::{MasterKey, Opener};

use super::shelf::Snapshots;

/// Entries whose places are asked for at once.
const STRETCH_ENTRIES: usize = 256;

/// Why a tenant cannot be revived.
#[derive(Debug, thiserror::Error)]
pub enum Unrevivable {
    /// An entry cannot be read.
    #[error("entry {sequence} cannot be read: {error}")]
    Unreadable {
        /// Its sequence.
        sequence: u64,
        /// Why.
        error: journal::Error,
    },
    /// An entry does not continue what came before.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

/// A tenant with every entry that its trail has now, once they are durable: what is not written yet looks like damage. `rest` is called now and then, for whoever is in no hurry.
pub fn revive(
    snapshots: &Snapshots,
    journal: &Journal,
    master: &MasterKey,
    trail: &Trail,
    tenant: TenantId,
    mut rest: impl FnMut(),
) -> Result<Replayed, Unrevivable> {
    let latest = trail.latest();
    let durable = journal.durability().reached(latest.lsn).wait_blocking();
    durable.map_err(|_| Unrevivable::Closed)?;
    let state = snapshots.load(tenant);
    let mut state = state.unwrap_or_else(|| Replayed::new(tenant));
    let mut opener = Opener::of(master, tenant);
    while state.sequence < latest.sequence {
        let left = usize::try_from(latest.sequence - state.sequence).unwrap_or(usize::MAX);
        let stretch = trail.after(state.sequence, left.min(STRETCH_ENTRIES));
        assert!(
            !stretch.places.is_empty(),
            "a trail has all places up to its latest"
        );
        for place in stretch.places {
            let sequence = state.sequence + 1;
            let frame = match journal.read(place) {
                Ok(frame) => frame,
                Err(journal::Error::Closed) => return Err(Unrevivable::Closed),
                Err(error) => return Err(Unrevivable::Unreadable { sequence, error }),
            };
            let taken = state.take_in(&frame, &mut opener);
            taken.map_err(|fault| {
                Box::new(Fault {
                    tenant,
                    sequence,
                    lsn: frame.lsn,
                    place: frame.place,
                    fault: Box::new(fault),
                    keys: state.ledger.keys().cloned().collect(),
                })
            })?;
        }
        rest();
    }
    state.trail = trail.clone();
    Ok(state.finish()?)
}
