//! Reads segments: finds every frame, checks it, and tells a torn tail from damage.
//!
//! A bad place is a torn tail only if it lies in the last segment that holds anything and nothing that follows it
//! belongs to a later group: then no sync that covered it ever returned, and nobody was told. Everything else was
//! confirmed once and is refused. A log that is cut at its first bad frame loses good entries in silence.
//! Invariant: reading changes nothing; the repair is in `recovery.rs`. Positions are gapless over all segments.
//! `recovery.rs` surveys before the writer starts, [`Frames`] then hands the entries out; `offline/` does the same on its own.

use std::sync::Arc;

use super::contents::Contents;
use super::error::Error;
use super::frame::{self, Fault, View};
use super::lsn::{Lsn, Place};
use super::segment::{self, Header};
use super::storage::Storage;

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

/// What a journal holds, found by reading all of it.
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
    /// The segment's length.
    pub(super) length: u64,
}

/// Reads and checks everything.
pub fn survey(storage: &dyn Storage) -> Result<Survey, Error> {
    let mut survey = Survey {
        segments: 0,
        frames: 0,
        head: Lsn::ZERO,
        epoch: segment::FIRST_EPOCH,
        torn_bytes: 0,
        contents: Vec::new(),
        tail: None,
        unsealed: Vec::new(),
        unused: Vec::new(),
    };
    let mut torn: Option<Error> = None;
    for number in segments(storage)? {
        let bytes = storage
            .read(number)
            .map_err(Error::io("read", storage.name(number)))?;
        if is_zero(&bytes) {
            survey.unused.push(number);
            continue;
        }
        if let Some(unused) = survey.unused.first() {
            let reason = format!("it is empty, but {} is not", storage.name(number));
            return Err(corrupt(storage, *unused, 0, survey.head.next(), reason));
        }
        if let Some(error) = torn.take() {
            return Err(error);
        }
        if let Some(previous) = survey.tail.take()
            && previous.length > previous.end
        {
            survey.unsealed.push((previous.segment, previous.end));
        }
        torn = survey_segment(storage, number, &bytes, &mut survey)?;
    }
    Ok(survey)
}

/// Surveys one segment. A torn tail comes back as the error that it is if another segment follows.
fn survey_segment(
    storage: &dyn Storage,
    number: u64,
    bytes: &[u8],
    survey: &mut Survey,
) -> Result<Option<Error>, Error> {
    let mut cursor = Cursor::new(number, survey.head.next(), survey.epoch);
    let mut group_start = 0;
    let mut contents = Contents::new(number);
    let fault = loop {
        match cursor.step(storage, bytes)? {
            Step::Frame(view) => {
                let offset = cursor.offset - view.bytes();
                // A segment's first group includes the header, which is written with it.
                if view.group_first() == view.lsn && view.lsn != cursor.first {
                    group_start = offset;
                }
                contents.push(view.stream, view.lsn, offset);
                survey.head = view.lsn;
                survey.frames += 1;
            }
            Step::End => break None,
            Step::Bad(fault) => break Some(fault),
        }
    };
    survey.segments += 1;
    survey.epoch = cursor.epoch;
    survey.contents.push(contents);
    let end = cursor.offset;
    let last_set = fault.and_then(|_| bytes.iter().rposition(|byte| *byte != 0));
    let torn_end = last_set.map_or(end, |last| end.max(last + 1));
    survey.torn_bytes = (torn_end - end) as u64;
    survey.tail = Some(Tail {
        segment: number,
        group_start: group_start as u64,
        end: end as u64,
        torn_end: torn_end as u64,
        length: bytes.len() as u64,
    });
    let Some(fault) = fault else {
        return Ok(None);
    };
    let expected = survey.head.next();
    if let Fault::WrongLsn(_) = fault {
        return Err(corrupt(storage, number, end, expected, fault.to_string()));
    }
    if let Some((offset, lsn)) = later_group(bytes, end, expected) {
        let reason = format!(
            "{fault}, but entry {lsn}, written after it was synced, is whole at offset {offset}"
        );
        return Err(corrupt(storage, number, end, expected, reason));
    }
    Ok(Some(corrupt(
        storage,
        number,
        end,
        expected,
        format!("{fault}, but a later segment is in use"),
    )))
}

/// Hands out the frames of a journal in order, one segment in memory at a time, up to a position.
pub struct Frames {
    storage: Arc<dyn Storage>,
    /// Still to be read, last first.
    numbers: Vec<u64>,
    bytes: Vec<u8>,
    cursor: Cursor,
    last: Lsn,
}

impl Frames {
    pub(super) fn new(storage: Arc<dyn Storage>, last: Lsn) -> Result<Frames, Error> {
        let mut numbers = segments(&*storage)?;
        numbers.reverse();
        let bytes = Vec::new();
        Ok(Frames {
            storage,
            numbers,
            bytes,
            cursor: Cursor::new(0, Lsn::ZERO.next(), segment::FIRST_EPOCH),
            last,
        })
    }

    fn advance(&mut self) -> Result<Option<Frame>, Error> {
        while self.cursor.expected <= self.last {
            if !self.bytes.is_empty() {
                match self.cursor.step(&*self.storage, &self.bytes)? {
                    Step::Frame(view) => {
                        let offset = (self.cursor.offset - view.bytes()) as u64;
                        let place = Place {
                            segment: self.cursor.number,
                            offset,
                        };
                        return owned(&view, place)
                            .map(Some)
                            .map_err(|fault| self.corrupt(fault.to_string()));
                    }
                    Step::Bad(fault) => return Err(self.corrupt(fault.to_string())),
                    Step::End => {}
                }
            }
            let Some(number) = self.numbers.pop() else {
                return Err(self.corrupt("the journal ends before it".to_owned()));
            };
            self.bytes = self
                .storage
                .read(number)
                .map_err(Error::io("read", self.storage.name(number)))?;
            self.cursor = Cursor::new(number, self.cursor.expected, self.cursor.epoch);
        }
        Ok(None)
    }

    fn corrupt(&self, reason: String) -> Error {
        corrupt(
            &*self.storage,
            self.cursor.number,
            self.cursor.offset,
            self.cursor.expected,
            reason,
        )
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if let Some(Err(_)) = item {
            // After damage there is nothing to trust: the iterator ends.
            self.last = Lsn::ZERO;
        }
        item
    }
}

/// Walks the frames of one segment.
#[derive(Debug)]
struct Cursor {
    number: u64,
    offset: usize,
    first: Lsn,
    expected: Lsn,
    epoch: u64,
}

enum Step<'a> {
    Frame(View<'a>),
    End,
    Bad(Fault),
}

impl Cursor {
    fn new(number: u64, expected: Lsn, epoch: u64) -> Cursor {
        Cursor {
            number,
            offset: 0,
            first: expected,
            expected,
            epoch,
        }
    }

    fn step<'a>(&mut self, storage: &dyn Storage, bytes: &'a [u8]) -> Result<Step<'a>, Error> {
        if self.offset == 0 && !self.pass_header(storage, bytes)? {
            return Ok(Step::Bad(Fault::Header));
        }
        let rest = bytes.get(self.offset..).unwrap_or_default();
        let view = match frame::decode(rest) {
            Ok(view) => view,
            Err(Fault::NoMagic) if is_zero(rest) => return Ok(Step::End),
            Err(fault) => return Ok(Step::Bad(fault)),
        };
        if view.lsn != self.expected {
            return Ok(Step::Bad(Fault::WrongLsn(view.lsn)));
        }
        if let Err(fault) = view.personal() {
            return Ok(Step::Bad(fault));
        }
        self.offset += view.bytes();
        self.expected = self.expected.next();
        Ok(Step::Frame(view))
    }

    /// False if the header is damaged, which is a torn tail or not by what follows.
    fn pass_header(&mut self, storage: &dyn Storage, bytes: &[u8]) -> Result<bool, Error> {
        let file = || storage.name(self.number);
        match segment::decode(bytes) {
            Header::Damaged => return Ok(false),
            Header::Unknown { version } => {
                return Err(Error::UnknownFormat {
                    file: file(),
                    version,
                    known: segment::FORMAT_VERSION,
                });
            }
            Header::Known { number, .. } if number != self.number => {
                let reason = format!("it is segment {number} under another name");
                return Err(corrupt(storage, self.number, 0, self.expected, reason));
            }
            Header::Known { first, .. } if first != self.expected => {
                let reason = format!(
                    "the segment begins with entry {first}; entries are missing or repeated before it"
                );
                return Err(corrupt(storage, self.number, 0, self.expected, reason));
            }
            Header::Known { epoch, .. } if epoch < self.epoch => {
                let reason = format!(
                    "it is of epoch {epoch}, the segment before it of {}; it was written before that state was restored",
                    self.epoch
                );
                return Err(corrupt(storage, self.number, 0, self.expected, reason));
            }
            Header::Known { epoch, .. } => self.epoch = epoch,
        }
        self.offset = segment::HEADER_BYTES;
        Ok(true)
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

/// Looks, at every offset from a bad place on, for a frame whose group began after the expected entry was synced.
fn later_group(bytes: &[u8], from: usize, expected: Lsn) -> Option<(usize, Lsn)> {
    let rest = bytes.get(from..)?;
    // A position further than one per byte is noise; ruling it out spares the checksum.
    let plausible = expected.0..=expected.0.saturating_add(rest.len() as u64);
    let starts = rest
        .windows(frame::MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == frame::MAGIC);
    for (start, _) in starts {
        if let Ok(view) = frame::decode(&rest[start..])
            && plausible.contains(&view.lsn.0)
            && view.group_first() > expected
        {
            return Some((from + start, view.lsn));
        }
    }
    None
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

pub(super) fn corrupt(
    storage: &dyn Storage,
    number: u64,
    offset: usize,
    lsn: Lsn,
    reason: String,
) -> Error {
    Error::Corrupt {
        file: storage.name(number),
        offset: offset as u64,
        lsn,
        reason,
    }
}

/// In blocks without an early exit, which the compiler turns into wide instructions: this runs over whole segments.
fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(4096)
        .all(|block| block.iter().fold(0, |seen, byte| seen | byte) == 0)
}
