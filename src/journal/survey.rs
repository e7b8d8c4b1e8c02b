//! Finds out what a journal holds before it is written to: by the indexes of its full segments, and by reading the rest.
//!
//! A segment is gone past by its index only if the index is whole and of just this segment: same number, length, first position
//! and epoch. What an index vouches for is read and checked when it is needed. Invariant: nothing is changed here.
//! Called by `handle.rs`, and by whoever wants all of it read and checked.

use super::contents::{Contents, Holdings};
use super::damage::Damage;
use super::error::Error;
use super::lsn::Lsn;
use super::reader::{Listed, indexed, miss, read, segments};
use super::segment::{self, Header};
use super::storage::Storage;
use super::walk::{Step, Walk, corrupt, is_zero};

/// What a journal holds.
#[derive(Debug)]
pub struct Survey {
    /// Segments that hold anything.
    pub segments: u64,
    /// How many of them were gone past by their index.
    pub by_index: u64,
    /// Frames that are whole, or that an index lists.
    pub frames: u64,
    /// The position of the last of them.
    pub head: Lsn,
    /// The epoch of the last segment.
    pub epoch: u64,
    /// Bytes after it that no sync ever covered.
    pub torn_bytes: u64,
    /// What of that which was read is not whole any more, in order.
    pub damages: Vec<Damage>,
    pub(super) tail: Option<Tail>,
    /// Segments before the tail that still have their zeros: (number, end of frames).
    pub(super) unsealed: Vec<(u64, u64)>,
    /// Sealed segments that want an index.
    pub(super) unindexed: Vec<u64>,
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

/// Reads and checks everything, whatever indexes say.
pub fn survey(storage: &dyn Storage) -> Result<Survey, Error> {
    surveyed(storage, false).map(|(survey, _)| survey)
}

/// The same, going past those segments that have a valid index.
pub(super) fn survey_by_index(storage: &dyn Storage) -> Result<(Survey, Holdings), Error> {
    surveyed(storage, true)
}

fn surveyed(storage: &dyn Storage, by_index: bool) -> Result<(Survey, Holdings), Error> {
    let mut survey = Survey {
        segments: 0,
        by_index: 0,
        frames: 0,
        head: Lsn::ZERO,
        epoch: segment::FIRST_EPOCH,
        torn_bytes: 0,
        damages: Vec::new(),
        tail: None,
        unsealed: Vec::new(),
        unindexed: Vec::new(),
        unused: Vec::new(),
    };
    let mut holdings = Holdings::default();
    let mut walk = Walk::new();
    let mut listed = segments(storage)?;
    let tail = survey.find_tail(storage, &mut listed)?;
    for listed in listed {
        match listed {
            Listed::There(number) => {
                let index = indexed(storage, number);
                match index.filter(|index| by_index && fits(storage, &walk, index)) {
                    Some(index) => survey.go_past(&mut walk, index, &mut holdings),
                    None => survey.read_full(&mut walk, storage, number, &mut holdings)?,
                }
            }
            Listed::Missing(contents) => {
                survey.damages.push(miss(storage, &mut walk, &contents)?);
                holdings.witnesses.push(contents);
            }
        }
    }
    if let Some((number, bytes)) = tail {
        survey.read_tail(&mut walk, storage, (number, &bytes), &mut holdings)?;
    }
    walk.end(storage)?;
    survey.epoch = walk.epoch;
    let damages = std::mem::take(&mut survey.damages).into_iter();
    survey.damages = damages.map(|one| holdings.attribute(one)).collect();
    Ok((survey, holdings))
}

/// Whether an index is of the segment that lies here.
fn fits(storage: &dyn Storage, walk: &Walk, index: &Contents) -> bool {
    let number = index.segment;
    let header = || storage.read_at(number, 0, segment::HEADER_BYTES);
    let wanted = Header::Known {
        number,
        first: index.first,
        epoch: index.epoch,
    };
    !walk.is_in_a_hole()
        && index.first == walk.expected
        && index.epoch >= walk.epoch
        && storage
            .length(number)
            .is_ok_and(|length| length == index.length)
        && header().is_ok_and(|header| segment::decode(&header) == wanted)
}

/// What one segment came to.
struct Taken {
    group_start: usize,
    is_torn: bool,
    is_whole: bool,
}

impl Survey {
    /// Takes the last segment that holds anything from the list, and those behind it that hold nothing.
    fn find_tail(
        &mut self,
        storage: &dyn Storage,
        listed: &mut Vec<Listed>,
    ) -> Result<Option<(u64, Vec<u8>)>, Error> {
        while let Some(Listed::There(number)) = listed.pop() {
            let bytes = read(storage, number)?;
            if !is_zero(&bytes) {
                return Ok(Some((number, bytes)));
            }
            self.unused.insert(0, number);
            if let Some(Listed::Missing(missing)) = listed.last() {
                // An unused segment proves nothing of those before it.
                let file = storage.name(missing.segment);
                return Err(Error::Missing { file });
            }
        }
        Ok(None)
    }

    fn go_past(&mut self, walk: &mut Walk, index: Contents, holdings: &mut Holdings) {
        walk.skip(&index);
        self.segments += 1;
        self.by_index += 1;
        self.frames += u64::from(index.frames);
        self.head = Lsn(walk.expected.0 - 1);
        holdings.segments.push(index);
    }

    fn read_full(
        &mut self,
        walk: &mut Walk,
        storage: &dyn Storage,
        number: u64,
        holdings: &mut Holdings,
    ) -> Result<(), Error> {
        walk.enter(number, false);
        let bytes = read(storage, number)?;
        let whole = self.take(walk, storage, &bytes, holdings)?.is_whole;
        let index = indexed(storage, number).filter(|index| index.epoch == walk.epoch);
        let knows_more = index
            .as_ref()
            .is_some_and(|index| index.end() > walk.expected);
        if !whole || knows_more {
            // One that is damaged stays as it is found, and what its index knows of it is remembered.
            holdings.witnesses.extend(index);
        } else if walk.offset < bytes.len() {
            self.unsealed.push((number, walk.offset as u64));
        } else {
            self.unindexed.push(number);
        }
        Ok(())
    }

    fn read_tail(
        &mut self,
        walk: &mut Walk,
        storage: &dyn Storage,
        (number, bytes): (u64, &[u8]),
        holdings: &mut Holdings,
    ) -> Result<(), Error> {
        walk.enter(number, true);
        let taken = self.take(walk, storage, bytes, holdings)?;
        if taken.is_torn && walk.expected != self.head.next() {
            // Cutting the tail would take away the only proof that what is damaged before it was ever confirmed.
            let reason = "what lies before it is damaged, and what lies here is torn".to_owned();
            return Err(corrupt(storage, walk.here(), walk.expected, reason));
        }
        let end = walk.offset;
        let last_set = bytes.iter().rposition(|byte| *byte != 0);
        let torn_end = match (taken.is_torn, last_set) {
            (true, Some(last)) => end.max(last + 1),
            _ => end,
        };
        self.torn_bytes = (torn_end - end) as u64;
        self.tail = Some(Tail {
            segment: number,
            group_start: taken.group_start as u64,
            end: end as u64,
            torn_end: torn_end as u64,
        });
        Ok(())
    }

    /// Takes in one segment by reading it.
    fn take(
        &mut self,
        walk: &mut Walk,
        storage: &dyn Storage,
        bytes: &[u8],
        holdings: &mut Holdings,
    ) -> Result<Taken, Error> {
        let mut contents = Contents::new(walk.number, walk.epoch, walk.expected);
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
        contents.epoch = walk.epoch;
        contents.length = bytes.len() as u64;
        self.segments += 1;
        holdings.segments.push(contents);
        Ok(Taken {
            group_start,
            is_torn,
            is_whole: self.damages.len() == known && !walk.is_in_a_hole(),
        })
    }
}
