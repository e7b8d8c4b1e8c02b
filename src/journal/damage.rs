//! Bytes that were once synced and are not whole any more: where, which entries are lost by it, and whose they can be.
//!
//! Damage hurts as few as possible: reading goes on behind it, and whoever keeps tenants puts those out of service that it
//! concerns. Not here: finding it (`walk.rs`) and judging whom it concerns (`replay/`).

use super::lsn::{Lsn, Place};

/// A stretch of a segment that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment's file.
    pub file: String,
    /// Where the stretch begins.
    pub place: Place,
    /// The first entry that is lost.
    pub first: Lsn,
    /// How many are lost, with positions in a row. None, if only bytes between the entries are damaged.
    pub lost: u64,
    /// Whose they are.
    pub owners: Owners,
    /// What was found there.
    pub reason: String,
}

/// Whose lost entries are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// All of these streams have lost something, and no other.
    Known(Vec<u128>),
    /// What is left of the frame names these. The true owner is among those of them that exist, if any does; else nobody can tell.
    Claimed(Vec<u128>),
}

impl Damage {
    /// The position after the last one that is lost.
    #[must_use]
    pub fn end(&self) -> Lsn {
        Lsn(self.first.0 + self.lost)
    }
}
