//! Reads segments: what a journal holds, and then its frames one after the other.
//!
//! Invariant: reading changes nothing; the repair of a torn tail is in `recovery.rs`. What is a frame, what is damaged and what
//! is only torn is `walk.rs`'s word.
//! `handle.rs` surveys before the writer starts, [`Frames`] then hands the entries out; `offline/` does the same on its own.

use std::sync::Arc;

use super::contents::Contents;
use super::damage::Damage;
use super::error::Error;
use super::frame::{Fault, View};
use super::lsn::{Lsn, Place};
use super::segment;
use super::storage::Storage;
use super::walk::{Step, Walk, corrupt, is_zero};

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

/// What a journal holds.
#[derive(Debug)]
pub struct Survey {
    /// Segments that hold anything.
    pub segments: u64,
    /// Frames that are whole.
    pub frames: u64,
    /// The position of the last of them.
    pub head: Lsn,
    /// The epoch of the last segment.
    pub epoch: u64,
    /// Bytes after it that no sync ever covered.
    pub torn_bytes: u64,
    /// What is not whole any more, in order.
    pub damages: Vec<Damage>,
    /// What each segment holds, in order.
    pub(super) contents: Vec<Contents>,
    pub(super) tail: Option<Tail>,
    /// Segments before the tail that still have their zeros: (number, end of frames).
    pub(super) unsealed: Vec<(u64, u64)>,
    /// Segments that were prepared and not used.
    pub(super) unused: Vec<u64>,
}

/// The last segment that holds anything.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    pub(super) segment: u64,
    /// Where the last group that has a frame here begins.
    pub(super) group_start: u64,
    /// Where the frames end and the next one goes.
    pub(super) end: u64,
    /// Where the torn bytes end; equal to `end` if there are none.
    pub(super) torn_end: u64,
}

/// Reads and checks everything.
pub fn survey(storage: &dyn Storage) -> Result<Survey, Error> {
    let mut survey = Survey {
        segments: 0,
        frames: 0,
        head: Lsn::ZERO,
        epoch: segment::FIRST_EPOCH,
        torn_bytes: 0,
        damages: Vec::new(),
        contents: Vec::new(),
        tail: None,
        unsealed: Vec::new(),
        unused: Vec::new(),
    };
    let mut numbers = segments(storage)?;
    let mut last = Vec::new();
    while let Some(number) = numbers.last() {
        last = read(storage, *number)?;
        if !is_zero(&last) {
            break;
        }
        survey.unused.push(*number);
        numbers.pop();
    }
    survey.unused.reverse();
    let mut walk = Walk::new();
    let tail = numbers.pop();
    for number in numbers {
        walk.enter(number, false);
        let bytes = read(storage, number)?;
        let whole = survey.take(&mut walk, storage, &bytes)?.is_whole;
        // One that is damaged stays as it is found.
        if whole && walk.offset < bytes.len() {
            survey.unsealed.push((number, walk.offset as u64));
        }
    }
    if let Some(number) = tail {
        walk.enter(number, true);
        let taken = survey.take(&mut walk, storage, &last)?;
        if taken.is_torn && walk.expected != survey.head.next() {
            // Cutting the tail would take away the only proof that what is damaged before it was ever confirmed.
            let reason = "what lies before it is damaged, and what lies here is torn".to_owned();
            return Err(corrupt(storage, walk.here(), walk.expected, reason));
        }
        let end = walk.offset;
        let last_set = last.iter().rposition(|byte| *byte != 0);
        let torn_end = match (taken.is_torn, last_set) {
            (true, Some(last)) => end.max(last + 1),
            _ => end,
        };
        survey.torn_bytes = (torn_end - end) as u64;
        survey.tail = Some(Tail {
            segment: number,
            group_start: taken.group_start as u64,
            end: end as u64,
            torn_end: torn_end as u64,
        });
    }
    walk.end(storage)?;
    survey.epoch = walk.epoch;
    Ok(survey)
}

/// What one segment came to.
struct Taken {
    group_start: usize,
    is_torn: bool,
    is_whole: bool,
}

impl Survey {
    /// Takes in one segment.
    fn take(
        &mut self,
        walk: &mut Walk,
        storage: &dyn Storage,
        bytes: &[u8],
    ) -> Result<Taken, Error> {
        let mut contents = Contents::new(walk.number);
        let known = self.damages.len();
        let mut group_start = 0;
        let is_torn = loop {
            match walk.step(storage, bytes)? {
                Step::Frame(view, offset) => {
                    // A segment's first group includes the header, which is written with it.
                    if view.group_first() == view.lsn && view.lsn != walk.first {
                        group_start = offset;
                    }
                    contents.push(view.stream, view.lsn, offset);
                    self.head = view.lsn;
                    self.frames += 1;
                }
                Step::Damage(damage) => self.damages.push(damage),
                Step::Torn => break true,
                Step::End => break false,
            }
        };
        self.segments += 1;
        self.contents.push(contents);
        Ok(Taken {
            group_start,
            is_torn,
            is_whole: self.damages.len() == known && !walk.is_in_a_hole(),
        })
    }
}

/// Hands out what a journal holds in order, one segment in memory at a time, up to a position.
pub struct Frames {
    storage: Arc<dyn Storage>,
    /// Still to be read, last first.
    numbers: Vec<u64>,
    /// The segment at hand.
    bytes: Option<Vec<u8>>,
    walk: Walk,
    last: Lsn,
}

impl Frames {
    pub(super) fn new(storage: Arc<dyn Storage>, last: Lsn) -> Result<Frames, Error> {
        let mut numbers = segments(&*storage)?;
        numbers.reverse();
        Ok(Frames {
            storage,
            numbers,
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
                        let frame = owned(&view, place)
                            .map_err(|fault| self.corrupt(place, fault.to_string()))?;
                        return Ok(Some(Found::Frame(frame)));
                    }
                    Step::Damage(damage) => return Ok(Some(Found::Damage(damage))),
                    Step::Torn | Step::End => {}
                }
            }
            let Some(number) = self.numbers.pop() else {
                return Err(self.corrupt(Place::default(), "the journal ends before it".to_owned()));
            };
            self.bytes = Some(read(&*self.storage, number)?);
            // What is torn in the last one lies behind the last position.
            self.walk.enter(number, false);
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

/// The numbers of all segments, which must count up from 1.
fn segments(storage: &dyn Storage) -> Result<Vec<u64>, Error> {
    let numbers = storage
        .segments()
        .map_err(Error::io("list", "the journal's directory"))?;
    for (expected, number) in (1..).zip(&numbers) {
        if *number != expected {
            return Err(Error::Missing {
                file: storage.name(expected),
            });
        }
    }
    Ok(numbers)
}

fn read(storage: &dyn Storage, number: u64) -> Result<Vec<u8>, Error> {
    storage
        .read(number)
        .map_err(Error::io("read", storage.name(number)))
}

pub(super) fn owned(view: &View<'_>, place: Place) -> Result<Frame, Fault> {
    Ok(Frame {
        lsn: view.lsn,
        stream: view.stream,
        covered: view.covered.to_vec(),
        personal: view.personal()?.map(<[u8]>::to_vec),
        personal_digest: view.digest,
        place,
    })
}
