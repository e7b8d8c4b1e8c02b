//! Copies a journal up to a position, as its bytes lie, while the writer goes on.
//!
//! Segments are read in pieces of whole frames, each frame checked on its way, and the last segment ends where the position does:
//! what is copied reads like a journal that was stopped there. Nothing is held but one piece, and nobody is held up; the one who
//! copies may be as slow as they like. An erasure may overwrite a personal part at the very instant it is read: such a piece is read
//! again. Called by `offline/backup.rs`.

use std::sync::{Arc, Weak};

use super::error::Error;
use super::frame;
use super::inspect::{self, FIRST_FRAME, Personal, Sight};
use super::lsn::{Lsn, Place};
use super::storage::Storage;
use super::walk;

/// How much is read at once; some frames of any length.
const PIECE_BYTES: usize = 1 << 20;
const _: () = assert!(PIECE_BYTES >= 2 * inspect::FRAME_BYTES_MAX);
/// How often a piece that does not hold is read again: an overwriting takes microseconds.
const READS_MAX: u32 = 8;

/// Where a copy comes from.
#[derive(Clone)]
pub(super) enum Source {
    /// A journal that is being written: it may close at any time, and a copy does not keep it.
    Running(Weak<dyn Storage>),
    /// One that nobody writes.
    Stopped(Arc<dyn Storage>),
}

/// A segment that is about to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Its number.
    pub number: u64,
    /// Its epoch.
    pub epoch: u64,
    /// The position of its first frame.
    pub first: Lsn,
    /// The position of the last frame that is copied.
    pub last: Lsn,
    /// How many bytes are copied.
    pub bytes: u64,
}

/// A copy in progress.
pub struct Copy {
    source: Source,
    up_to: Lsn,
    /// Whose extent was given out last, and how much of it is copied.
    current: Option<(Extent, u64)>,
    copied: Lsn,
}

impl Copy {
    pub(super) fn new(source: Source, up_to: Lsn) -> Copy {
        Copy {
            source,
            up_to,
            current: None,
            copied: Lsn::ZERO,
        }
    }

    /// A copy of a journal that nobody writes, up to its last whole entry, which whoever has checked it knows.
    pub fn of_stopped(storage: Arc<dyn Storage>, up_to: Lsn) -> Copy {
        Copy::new(Source::Stopped(storage), up_to)
    }

    /// The position of the last entry that is copied in the end.
    #[must_use]
    pub fn up_to(&self) -> Lsn {
        self.up_to
    }

    /// How many segments there are at this moment.
    pub fn segments(&self) -> Result<u64, Error> {
        let storage = self.source.storage()?;
        let numbers = storage.segments();
        let numbers = numbers.map_err(Error::io("list", "the journal's directory"))?;
        Ok(numbers.len() as u64)
    }

    /// Goes on to the next segment; `None`: everything up to the position is copied.
    pub fn next_segment(&mut self) -> Result<Option<Extent>, Error> {
        if self.copied >= self.up_to {
            return Ok(None);
        }
        let number = self.current.map_or(1, |(extent, _)| extent.number + 1);
        let storage = self.source.storage()?;
        let extent = extent(&*storage, number, self.copied.next(), self.up_to)?;
        self.current = Some((extent, 0));
        Ok(Some(extent))
    }

    /// The next piece of the segment, each of its frames shown after it was checked; `None`: the segment is copied.
    pub fn next_piece(
        &mut self,
        mut visit: impl FnMut(&Sight<'_>),
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some((extent, done)) = self.current else {
            return Ok(None);
        };
        if done == extent.bytes {
            return Ok(None);
        }
        let storage = self.source.storage()?;
        let piece = whole_frames(&*storage, &extent, done, self.copied.next())?;
        let mut offset = if done == 0 { FIRST_FRAME } else { 0 };
        while let Some(rest) = piece.get(offset..).filter(|rest| !rest.is_empty()) {
            let sight = inspect::frame(rest).expect("the piece's frames were checked");
            self.copied = sight.lsn;
            visit(&sight);
            offset += sight.bytes;
        }
        self.current = Some((extent, done + piece.len() as u64));
        Ok(Some(piece))
    }
}

impl Source {
    fn storage(&self) -> Result<Arc<dyn Storage>, Error> {
        match self {
            Source::Running(storage) => storage.upgrade().ok_or(Error::Closed),
            Source::Stopped(storage) => Ok(Arc::clone(storage)),
        }
    }
}

/// Finds where in a segment the frames end, or the one that is the last to be copied.
fn extent(storage: &dyn Storage, number: u64, expected: Lsn, up_to: Lsn) -> Result<Extent, Error> {
    let bytes = read(storage, number, 0, PIECE_BYTES)?;
    let damaged = |reason: String| corrupt(storage, number, 0, expected, reason);
    let header = inspect::header(&bytes).map_err(|flaw| damaged(flaw.to_string()))?;
    if (header.number, header.first) != (number, expected) {
        let reason = format!("it says it is segment {}", header.number);
        return Err(damaged(reason));
    }
    let mut extent = Extent {
        number,
        epoch: header.epoch,
        first: header.first,
        last: Lsn(header.first.0 - 1),
        bytes: FIRST_FRAME as u64,
    };
    let (mut piece, mut begin) = (bytes, 0);
    while extent.last < up_to {
        let rest = piece.get((extent.bytes - begin) as usize..);
        let rest = rest.unwrap_or_default();
        if rest.len() < frame::HEADER_BYTES && begin < extent.bytes {
            begin = extent.bytes;
            piece = read(storage, number, begin, PIECE_BYTES)?;
            continue;
        }
        let Ok(length) = inspect::claimed_bytes(rest) else {
            break;
        };
        extent.bytes += length as u64;
        extent.last = extent.last.next();
    }
    if extent.last < extent.first {
        return Err(damaged("it holds no entry".to_owned()));
    }
    Ok(extent)
}

/// Reads whole frames, as many as there are within so many bytes, and checks each.
fn whole_frames(
    storage: &dyn Storage,
    extent: &Extent,
    from: u64,
    expected: Lsn,
) -> Result<Vec<u8>, Error> {
    let left = extent.bytes - from;
    let length = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
    let mut reads = 0;
    loop {
        reads += 1;
        let mut bytes = read(storage, extent.number, from, length)?;
        let (end, fault) = checked(&bytes, extent, from, expected);
        match fault {
            None => {
                bytes.truncate(end);
                return Ok(bytes);
            }
            Some(fault) if reads == READS_MAX => {
                let offset = usize::try_from(from).unwrap_or(usize::MAX);
                let offset = offset.saturating_add(end);
                return Err(corrupt(storage, extent.number, offset, expected, fault));
            }
            Some(_) => std::thread::yield_now(),
        }
    }
}

/// How far a piece holds whole frames that follow each other, and what is wrong there if it should hold more.
fn checked(bytes: &[u8], extent: &Extent, from: u64, mut expected: Lsn) -> (usize, Option<String>) {
    let is_last = from + bytes.len() as u64 >= extent.bytes;
    let mut offset = if from == 0 { FIRST_FRAME } else { 0 };
    while offset < bytes.len() {
        // What may only be cut off by the piece's end is left to the next.
        if !is_last && bytes.len() - offset < inspect::FRAME_BYTES_MAX {
            break;
        }
        match inspect::frame(&bytes[offset..]) {
            Err(flaw) => return (offset, Some(flaw.to_string())),
            Ok(sight) if sight.lsn != expected => {
                let fault = frame::Fault::WrongLsn(sight.lsn);
                return (offset, Some(fault.to_string()));
            }
            Ok(sight) if sight.personal == Personal::Damaged => {
                return (offset, Some(frame::Fault::Personal.to_string()));
            }
            Ok(sight) => {
                offset += sight.bytes;
                expected = expected.next();
            }
        }
    }
    (offset, None)
}

fn read(storage: &dyn Storage, number: u64, from: u64, length: usize) -> Result<Vec<u8>, Error> {
    storage
        .read_at(number, from, length)
        .map_err(Error::io("read", storage.name(number)))
}

fn corrupt(storage: &dyn Storage, segment: u64, offset: usize, lsn: Lsn, reason: String) -> Error {
    let offset = offset as u64;
    walk::corrupt(storage, Place { segment, offset }, lsn, reason)
}
