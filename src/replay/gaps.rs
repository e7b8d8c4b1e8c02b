//! Personal parts that could not be read, until an erasure explains them.
//!
//! A part that is wholly overwritten without an entry that says so, or that matches no digest and is not being erased, is damage.
//! A part that an open erasure lists may be in any state: a crash came in between, and it is overwritten again.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Lsn, Place};
use crate::ledger::{Event, Ledger};

/// What could not be read.
#[derive(Debug, Default)]
pub struct Gaps {
    /// Whose reason is not known, by sequence: where they stand, and whether they are other than wholly overwritten.
    unexplained: BTreeMap<u64, (Place, Lsn, bool)>,
    /// Those other than wholly overwritten that are being erased.
    halves: BTreeSet<u64>,
}

impl Gaps {
    /// An entry's personal part could not be read.
    pub fn note(&mut self, sequence: u64, (place, lsn): (Place, Lsn), is_damaged: bool) {
        self.unexplained.insert(sequence, (place, lsn, is_damaged));
    }

    /// Takes in what an event explains, before the ledger does. The sequence of a part that is other than its erasure left it,
    /// if there is one.
    pub fn explain(&mut self, ledger: &Ledger, event: &Event) -> Result<(), u64> {
        match event {
            Event::PersonErasureBegun { entries, .. } => {
                for sequence in entries {
                    if let Some((_, _, true)) = self.unexplained.remove(sequence) {
                        self.halves.insert(*sequence);
                    }
                }
                Ok(())
            }
            Event::PersonErasureCompleted { of } => {
                let listed = ledger.listed_for(*of).unwrap_or_default();
                let half = listed.iter().find(|sequence| self.halves.remove(sequence));
                half.map_or(Ok(()), |sequence| Err(*sequence))
            }
            _ => Ok(()),
        }
    }

    /// Those that nothing explains, the first of them first: sequence, place and position.
    pub fn unexplained(&self) -> impl Iterator<Item = (u64, Place, Lsn)> {
        let rows = self.unexplained.iter();
        rows.map(|(sequence, (place, lsn, _))| (*sequence, *place, *lsn))
    }
}
