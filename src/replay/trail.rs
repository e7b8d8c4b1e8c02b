//! A tenant's trail: where each of its entries lies in the journal, by sequence, and the names that they use.
//!
//! Eight bytes an entry. The core adds to it with every entry, recovery with every one it replays; whoever reads the past takes
//! stretches of it without asking the actor. It does not say what is durable: a stretch comes with the position that all of it
//! rests on, and `history.rs` waits for that. Invariant: sequences are gapless from 1, so a sequence is a place in a list.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::entry::ChainHead;
use crate::journal::{Lsn, Place, Row};
use crate::ledger::{Event, Names};
use crate::model::Timestamp;

/// A tenant's trail. Clones share it.
#[derive(Debug, Clone)]
pub struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: RwLock<State>,
    /// The latest sequence, for whoever waits for more.
    head: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Segment and offset; both fit in 32 bits, a segment by the journal's bound on its length.
    places: Vec<(u32, u32)>,
    latest: Latest,
    /// Where the latest checkpoint stands, if this is the instance's trail.
    checkpoint: Lsn,
    /// Shared with those who read; a new service or resource is rare.
    names: Arc<Names>,
    /// An entry that is in the journal and not on the trail yet.
    expected: Option<(Place, Latest)>,
}

/// A tenant's latest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// Its sequence; 0: there is none.
    pub sequence: u64,
    /// Its hash.
    pub hash: ChainHead,
    /// Its instant.
    pub at: Timestamp,
    /// Its position: what whoever has seen it rests on.
    pub lsn: Lsn,
}

impl Default for Latest {
    fn default() -> Self {
        Self {
            sequence: 0,
            hash: [0; 32],
            at: Timestamp::MIN,
            lsn: Lsn::ZERO,
        }
    }
}

/// A stretch of a trail.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// Where the entries lie, in order of sequence.
    pub places: Vec<Place>,
    /// The latest sequence there was.
    pub head: u64,
    /// What all of this rests on.
    pub lsn: Lsn,
    /// The names that the entries use, and later ones.
    pub names: Arc<Names>,
}

impl Default for Trail {
    fn default() -> Self {
        Self(Arc::new(Inner {
            state: RwLock::default(),
            head: watch::Sender::new(0),
        }))
    }
}

impl Trail {
    /// The trail of entries that lie there, in order of sequence, and use these names.
    pub fn restored(rows: &[Row], latest: Latest, names: Names) -> Self {
        let state = State {
            places: rows.iter().map(|row| packed(row.place)).collect(),
            latest,
            checkpoint: Lsn::ZERO,
            names: Arc::new(names),
            expected: None,
        };
        Self(Arc::new(Inner {
            state: RwLock::new(state),
            head: watch::Sender::new(rows.len() as u64),
        }))
    }

    /// Adds the next entry.
    pub fn push(&self, place: Place, latest: Latest, events: &[Event]) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        state.expected = None;
        state.places.push(packed(place));
        assert!(
            latest.sequence == state.places.len() as u64,
            "sequences are gapless"
        );
        state.latest = latest;
        for event in events.iter().filter(|event| Names::are_in(event)) {
            Arc::make_mut(&mut state.names).learn(event);
        }
        let head = state.places.len() as u64;
        drop(state);
        self.0.head.send_replace(head);
    }

    /// The next entry lies there; it is not to be shown before [`Self::push`].
    pub fn expect(&self, place: Place, latest: Latest) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        state.expected = Some((place, latest));
    }

    /// Takes in an entry that was expected and never came: whoever should have pushed it panicked in between.
    pub fn settle(&self) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((place, latest)) = state.expected.take() {
            state.places.push(packed(place));
            state.latest = latest;
            let head = state.places.len() as u64;
            drop(state);
            self.0.head.send_replace(head);
        }
    }

    /// Its entries use these names.
    pub fn name(&self, names: Names) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        state.names = Arc::new(names);
    }

    /// Whether anyone waits for more.
    pub fn is_followed(&self) -> bool {
        self.0.head.receiver_count() > 0
    }

    /// The latest sequence.
    pub fn head(&self) -> u64 {
        *self.0.head.borrow()
    }

    /// Adds the next entry, which is a checkpoint.
    pub fn push_checkpoint(&self, place: Place, latest: Latest) {
        self.push(place, latest, &[]);
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        state.checkpoint = latest.lsn;
    }

    /// The latest entry. It may not be durable yet.
    pub fn latest(&self) -> Latest {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        state.latest
    }

    /// Where the latest checkpoint stands; [`Lsn::ZERO`]: there is none, or nobody has read it.
    pub fn checkpoint(&self) -> Lsn {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        state.checkpoint
    }

    /// Up to `limit` entries after this sequence.
    pub fn after(&self, sequence: u64, limit: usize) -> Stretch {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let known = state.places.len();
        let begin = usize::try_from(sequence).map_or(known, |begin| begin.min(known));
        let end = begin.saturating_add(limit).min(known);
        let place = |(segment, offset): &(u32, u32)| Place {
            segment: (*segment).into(),
            offset: (*offset).into(),
        };
        Stretch {
            places: state.places[begin..end].iter().map(place).collect(),
            head: known as u64,
            lsn: state.latest.lsn,
            names: Arc::clone(&state.names),
        }
    }

    /// Where an entry lies.
    pub fn place(&self, sequence: u64) -> Option<Place> {
        let before = sequence.checked_sub(1)?;
        self.after(before, 1).places.first().copied()
    }

    /// Follows the latest sequence.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.head.subscribe()
    }
}

fn packed(place: Place) -> (u32, u32) {
    let (segment, offset) = (u32::try_from(place.segment), u32::try_from(place.offset));
    let (Ok(segment), Ok(offset)) = (segment, offset) else {
        unreachable!("a journal has fewer than 2^32 segments of fewer than 2^32 bytes");
    };
    (segment, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_cut_to_what_there_is() {
        let trail = Trail::default();
        for sequence in 1..=5 {
            let place = Place {
                segment: 1 + sequence / 3,
                offset: sequence * 100,
            };
            let latest = Latest {
                sequence,
                lsn: Lsn(sequence * 2),
                ..Latest::default()
            };
            trail.push(place, latest, &[]);
        }
        let offsets = |after, limit| {
            let stretch = trail.after(after, limit);
            assert_eq!((stretch.head, stretch.lsn), (5, Lsn(10)));
            let places = stretch.places.iter();
            places.map(|place| place.offset).collect::<Vec<_>>()
        };
        assert_eq!(offsets(0, 2), [100, 200]);
        assert_eq!(offsets(2, 100), [300, 400, 500]);
        assert!(
            [(5, 9), (6, 9), (u64::MAX, usize::MAX), (0, 0)]
                .iter()
                .all(|(after, limit)| offsets(*after, *limit).is_empty())
        );
        assert_eq!(*trail.watch().borrow(), 5);
    }
}
