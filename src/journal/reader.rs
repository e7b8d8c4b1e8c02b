//! Reads segments: hands out what a journal holds, one entry after the other.
//!
//! Invariant: reading changes nothing; the repair of a torn tail is in `recovery.rs`. What is a frame, what is damaged and what
//! is only torn is `walk.rs`'s word.
//! [`Frames`] gives everything up to the position that the survey found; `preparer.rs` has a full segment examined for its index.

use std::sync::Arc;

use super::contents::{Contents, Holdings};
use super::damage::Damage;
use super::error::Error;
use super::frame::View;
use super::index;
use super::lsn::{Lsn, Place};
use super::segment::{self, Header};
use super::storage::Storage;
use super::walk::{Step, Walk, corrupt};

/// An entry as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its position.
    pub lsn: Lsn,
    /// Whose it is.
    pub stream: u128,
    /// The bytes under the checksum.
    pub covered: Vec<u8>,
    /// The personal bytes; None if there were none, or if they are erased (then there is a digest).
    pub personal: Option<Vec<u8>>,
    /// The personal bytes neither match their digest nor are all erased: an erasure was interrupted, or they are damaged.
    pub personal_is_damaged: bool,
    /// The SHA-256 of the personal bytes as appended; None if there were none.
    pub personal_digest: Option<[u8; 32]>,
    /// Where it lies.
    pub place: Place,
}

/// What reading in order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An entry.
    Frame(Frame),
    /// Entries that are lost, or only a place that is not as it was written.
    Damage(Damage),
}

/// Hands out what a journal holds in order, one segment in memory at a time, up to a position.
pub struct Frames {
    storage: Arc<dyn Storage>,
    holdings: Arc<Holdings>,
    /// Still to be read, last first.
    listed: Vec<Listed>,
    /// The segment at hand.
    bytes: Option<Vec<u8>>,
    walk: Walk,
    last: Lsn,
}

impl Frames {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        holdings: Arc<Holdings>,
        last: Lsn,
    ) -> Result<Frames, Error> {
        let mut listed = segments(&*storage)?;
        listed.reverse();
        Ok(Frames {
            storage,
            holdings,
            listed,
            bytes: None,
            walk: Walk::new(),
            last,
        })
    }

    fn advance(&mut self) -> Result<Option<Found>, Error> {
        while self.walk.expected <= self.last {
            if let Some(bytes) = &self.bytes {
                match self.walk.step(&*self.storage, bytes)? {
                    Step::Frame(view, offset) => {
                        let place = Place {
                            segment: self.walk.number,
                            offset: offset as u64,
                        };
                        return Ok(Some(Found::Frame(owned(&view, place))));
                    }
                    Step::Damage(damage) => {
                        return Ok(Some(Found::Damage(self.holdings.attribute(damage))));
                    }
                    Step::Torn | Step::End => self.bytes = None,
                }
            }
            match self.listed.pop() {
                Some(Listed::There(number)) => {
                    self.bytes = Some(read(&*self.storage, number)?);
                    // What is torn in the last one lies behind the last position.
                    self.walk.enter(number, false);
                }
                Some(Listed::Missing(contents)) => {
                    let damage = miss(&*self.storage, &mut self.walk, &contents)?;
                    return Ok(Some(Found::Damage(damage)));
                }
                None => {
                    let reason = "the journal ends before it".to_owned();
                    return Err(self.corrupt(self.walk.here(), reason));
                }
            }
        }
        Ok(None)
    }

    fn corrupt(&self, place: Place, reason: String) -> Error {
        corrupt(&*self.storage, place, self.walk.expected, reason)
    }
}

impl Iterator for Frames {
    type Item = Result<Found, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if let Some(Err(_)) = item {
            // There is nothing to trust any more: the iterator ends.
            self.last = Lsn::ZERO;
        }
        item
    }
}

/// A segment that there is or should be.
pub(super) enum Listed {
    There(u64),
    /// It is not there, but its index is.
    Missing(Contents),
}

/// All segments, which count up from 1.
pub(super) fn segments(storage: &dyn Storage) -> Result<Vec<Listed>, Error> {
    let numbers = storage
        .segments()
        .map_err(Error::io("list", "the journal's directory"))?;
    let mut listed = Vec::with_capacity(numbers.len());
    for number in numbers {
        for missing in listed.len() as u64 + 1..number {
            let contents = indexed(storage, missing).ok_or_else(|| Error::Missing {
                file: storage.name(missing),
            })?;
            listed.push(Listed::Missing(contents));
        }
        listed.push(Listed::There(number));
    }
    Ok(listed)
}

/// Goes past a segment that is not there, if its index fits in its place.
pub(super) fn miss(
    storage: &dyn Storage,
    walk: &mut Walk,
    contents: &Contents,
) -> Result<Damage, Error> {
    if walk.is_in_a_hole() || contents.first != walk.expected {
        let file = storage.name(contents.segment);
        return Err(Error::Missing { file });
    }
    Ok(walk.miss(storage, contents))
}

/// What the index of a segment says that it holds. One that cannot be read is none.
pub(super) fn indexed(storage: &dyn Storage, number: u64) -> Option<Contents> {
    let bytes = storage.read_index(number).ok().flatten()?;
    index::decode(&bytes).filter(|contents| contents.segment == number)
}

/// Reads a sealed segment for its index; None if it is not whole.
pub(super) fn examine(storage: &dyn Storage, number: u64) -> Result<Option<Contents>, Error> {
    let bytes = read(storage, number)?;
    let Header::Known { first, epoch, .. } = segment::decode(&bytes) else {
        return Ok(None);
    };
    let mut contents = Contents::new(number, epoch, first);
    let mut walk = Walk::alone(number, first, epoch);
    loop {
        match walk.step(storage, &bytes)? {
            Step::Frame(view, offset) => contents.push(view.stream, view.lsn, offset),
            Step::Damage(_) | Step::Torn => return Ok(None),
            Step::End if walk.is_in_a_hole() || walk.offset < bytes.len() => return Ok(None),
            Step::End => break,
        }
    }
    contents.length = bytes.len() as u64;
    Ok(Some(contents))
}

pub(super) fn read(storage: &dyn Storage, number: u64) -> Result<Vec<u8>, Error> {
    storage
        .read(number)
        .map_err(Error::io("read", storage.name(number)))
}

pub(super) fn owned(view: &View<'_>, place: Place) -> Frame {
    let personal = view.personal();
    Frame {
        lsn: view.lsn,
        stream: view.stream,
        covered: view.covered.to_vec(),
        personal_is_damaged: personal.is_err(),
        personal: personal.ok().flatten().map(<[u8]>::to_vec),
        personal_digest: view.digest,
        place,
    }
}
