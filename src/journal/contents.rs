//! What a segment holds: whose entries, at which positions and offsets.
//!
//! It is what one needs to find a tenant's entries without reading everybody's. Not here: how it is found (`reader.rs`).
//! Invariant: positions ascend within a stream.

use std::collections::BTreeMap;

use super::lsn::{Lsn, Place};

/// An entry of a stream, to be read when it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its position.
    pub lsn: Lsn,
    /// Where it lies.
    pub place: Place,
}

/// The frames of one segment by their streams.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) segment: u64,
    /// Position and offset; an offset fits by the bound on a segment's length.
    streams: BTreeMap<u128, Vec<(Lsn, u32)>>,
}

impl Contents {
    pub(super) fn new(segment: u64) -> Contents {
        Contents {
            segment,
            streams: BTreeMap::new(),
        }
    }

    /// Adds the frame that follows.
    pub(super) fn push(&mut self, stream: u128, lsn: Lsn, offset: usize) {
        let offset =
            u32::try_from(offset).expect("invariant: a segment is shorter than 2^32 bytes");
        let rows = self.streams.entry(stream).or_default();
        assert!(rows.last().is_none_or(|(last, _)| *last < lsn));
        rows.push((lsn, offset));
    }

    /// Whose entries there are, ascending.
    pub(super) fn streams(&self) -> impl Iterator<Item = u128> {
        self.streams.keys().copied()
    }

    /// The entries of a stream after a position, in order.
    pub(super) fn rows(&self, stream: u128, after: Lsn) -> impl Iterator<Item = Row> {
        let rows = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let begin = rows.partition_point(|(lsn, _)| *lsn <= after);
        rows[begin..].iter().map(|(lsn, offset)| Row {
            lsn: *lsn,
            place: Place {
                segment: self.segment,
                offset: (*offset).into(),
            },
        })
    }
}
