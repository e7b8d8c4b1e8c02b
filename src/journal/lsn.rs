//! A position in the journal: one number for every entry of every stream, without gaps.
//!
//! It is for waiting ("is what I saw durable?") and for finding damage (a gap is a lost entry). It is not the
//! sequence that a tenant's receipts show; that one belongs to the ledger. A [`Place`] says where an entry's bytes lie, and is for finding it again.
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

/// Where a frame lies: how one finds an entry again without reading those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The segment's number.
    pub segment: u64,
    /// The offset of the frame's first byte.
    pub offset: u64,
}

impl fmt::Display for Place {
    /// The segment by the name of its file.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:010}.journal, offset {}",
            self.segment, self.offset
        )
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
