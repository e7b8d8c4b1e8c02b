//! What segments hold: whose entries, at which positions and offsets.
//!
//! It is what one needs to find a tenant's entries without reading everybody's, and to tell whose an entry was that cannot be
//! read any more. Not here: how it is found (`reader.rs`) and kept (`index.rs`).
//! Invariant: positions and offsets ascend within a stream.

use std::collections::{BTreeMap, BTreeSet};

use super::damage::{Damage, Owners};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) segment: u64,
    pub(super) epoch: u64,
    /// The position of its first frame.
    pub(super) first: Lsn,
    /// Its length in bytes.
    pub(super) length: u64,
    pub(super) frames: u32,
    /// Position, counted from the first, and offset. Both fit by the bound on a segment's length.
    pub(super) streams: BTreeMap<u128, Vec<(u32, u32)>>,
}

impl Contents {
    pub(super) fn new(segment: u64, epoch: u64, first: Lsn) -> Contents {
        Contents {
            segment,
            epoch,
            first,
            length: 0,
            frames: 0,
            streams: BTreeMap::new(),
        }
    }

    /// Adds the frame that follows.
    pub(super) fn push(&mut self, stream: u128, lsn: Lsn, offset: usize) {
        let (Ok(place), Ok(offset)) = (u32::try_from(lsn.0 - self.first.0), u32::try_from(offset))
        else {
            unreachable!(
                "a segment is shorter than 2^32 bytes and cannot lose more frames than that"
            );
        };
        let rows = self.streams.entry(stream).or_default();
        assert!(rows.last().is_none_or(|last| *last < (place, offset)));
        rows.push((place, offset));
        self.frames += 1;
    }

    /// The position after its last frame, if none is missing.
    pub(super) fn end(&self) -> Lsn {
        Lsn(self.first.0 + u64::from(self.frames))
    }

    /// The entries of a stream after a position, in order.
    fn rows(&self, stream: u128, after: Lsn) -> impl Iterator<Item = Row> {
        let rows = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let lsn = |place: u32| Lsn(self.first.0 + u64::from(place));
        let begin = rows.partition_point(|(place, _)| lsn(*place) <= after);
        rows[begin..].iter().map(move |(place, offset)| Row {
            lsn: lsn(*place),
            place: Place {
                segment: self.segment,
                offset: (*offset).into(),
            },
        })
    }
}

/// What is known of all segments.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    /// What can be read, in order.
    pub(super) segments: Vec<Contents>,
    /// What indexes say that there was, in segments that are not as their indexes say.
    pub(super) witnesses: Vec<Contents>,
}

impl Holdings {
    /// Whose entries there are, ascending.
    pub(super) fn streams(&self) -> Vec<u128> {
        let all = self.segments.iter().flat_map(|one| one.streams.keys());
        all.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The entries of a stream after a position, in order.
    pub(super) fn rows(&self, stream: u128, after: Lsn) -> Vec<Row> {
        let segments = self.segments.iter();
        segments.flat_map(|one| one.rows(stream, after)).collect()
    }

    /// Names the owners of what is lost, if all of it is on record.
    pub(super) fn attribute(&self, mut damage: Damage) -> Damage {
        if damage.lost == 0 || matches!(damage.owners, Owners::Known(_)) {
            return damage;
        }
        let mut recorded = BTreeMap::new();
        for contents in self.segments.iter().chain(&self.witnesses) {
            if contents.end() <= damage.first || damage.end() <= contents.first {
                continue;
            }
            for stream in contents.streams.keys() {
                let rows = contents.rows(*stream, Lsn(damage.first.0 - 1));
                let lost = rows.take_while(|row| row.lsn < damage.end());
                recorded.extend(lost.map(|row| (row.lsn, *stream)));
            }
        }
        if recorded.len() as u64 == damage.lost {
            let owners: BTreeSet<_> = recorded.into_values().collect();
            damage.owners = Owners::Known(owners.into_iter().collect());
        }
        damage
    }
}
