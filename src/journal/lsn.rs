//! A position in the journal: one number for every entry of every stream, without gaps.
//!
//! It is for waiting ("is what I saw durable?") and for finding damage (a gap is a lost entry). It is not the
//! sequence that a tenant's receipts show; that one belongs to the ledger.
//! Everything in this room and every holder of an `Unconfirmed` value uses it.

use std::fmt;

/// The position of an entry in the whole journal. The first entry has 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// What rests on nothing: durable from the start.
    pub const ZERO: Lsn = Lsn(0);

    /// The position that follows.
    #[must_use]
    pub fn next(self) -> Lsn {
        Lsn(self.0 + 1)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
