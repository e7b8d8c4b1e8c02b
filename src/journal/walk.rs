//! Walks the frames of all segments, and goes on behind a bad place.
//!
//! A bad place is a torn tail only if it lies in the last segment that holds anything and nothing that follows it belongs to
//! a later group: then no sync that covered it ever returned, and nobody was told. Everything else was confirmed once and is
//! damage. A log that is cut at its first bad frame loses good entries in silence; one that refuses to open for it takes
//! everybody's. So the walk looks for the next whole frame, and the positions tell which entries are lost between.
//! Invariant: positions ascend; every position up to the last whole frame is either a frame or part of a [`Damage`].
//! A wrong number, a lower epoch or a position that comes again is no failing disk but a wrong file, and is refused.
//! Not here: files, and what comes of what is found (`reader.rs`).

use super::contents::Contents;
use super::damage::{Damage, Owners};
use super::error::Error;
use super::frame::{self, Fault, View};
use super::lsn::{Lsn, Place};
use super::segment::{self, Header};
use super::storage::Storage;

/// Where the walk stands.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) number: u64,
    pub(super) offset: usize,
    /// The position of the next frame.
    pub(super) expected: Lsn,
    /// The position of the segment's first frame.
    pub(super) first: Lsn,
    pub(super) epoch: u64,
    /// Nothing but zeros is behind this segment, so its end may be torn.
    is_last: bool,
    /// Where the segment before ends.
    before: Place,
    /// A bad place of which it is not known yet how many entries it holds.
    hole: Option<Hole>,
    /// A frame of a later group that was found ahead, and the first position of that group.
    ahead: Option<(usize, Lsn)>,
}

#[derive(Debug)]
struct Hole {
    place: Place,
    claims: Vec<u128>,
    reason: String,
}

/// What the walk comes to.
pub(super) enum Step<'a> {
    /// A whole frame, and where it begins.
    Frame(View<'a>, usize),
    /// Something that was whole once.
    Damage(Damage),
    /// Bytes that no sync ever covered.
    Torn,
    /// The segment has no more.
    End,
}

impl Walk {
    pub(super) fn new() -> Walk {
        Walk {
            number: 0,
            offset: 0,
            expected: Lsn::ZERO.next(),
            first: Lsn::ZERO.next(),
            epoch: segment::FIRST_EPOCH,
            is_last: false,
            before: Place::default(),
            hole: None,
            ahead: None,
        }
    }

    /// One segment alone, that begins with this entry.
    pub(super) fn alone(number: u64, first: Lsn, epoch: u64) -> Walk {
        let mut walk = Walk::new();
        walk.expected = first;
        walk.epoch = epoch;
        walk.enter(number, false);
        walk
    }

    /// Goes past a segment by its index.
    pub(super) fn skip(&mut self, contents: &Contents) {
        assert!(self.hole.is_none() && self.expected == contents.first);
        self.enter(contents.segment, false);
        self.offset = contents.length as usize;
        self.expected = contents.end();
        self.epoch = contents.epoch;
    }

    /// Goes past a segment that is not there, by its index.
    pub(super) fn miss(&mut self, storage: &dyn Storage, contents: &Contents) -> Damage {
        self.skip(contents);
        self.offset = 0;
        Damage {
            file: storage.name(contents.segment),
            place: self.here(),
            first: contents.first,
            lost: contents.frames.into(),
            owners: Owners::Known(contents.streams.keys().copied().collect()),
            reason: Fault::File.to_string(),
        }
    }

    /// Goes on with a segment.
    pub(super) fn enter(&mut self, number: u64, is_last: bool) {
        self.before = Place {
            segment: self.number,
            offset: self.offset as u64,
        };
        self.number = number;
        self.offset = 0;
        self.first = self.expected;
        self.is_last = is_last;
        self.ahead = None;
    }

    /// The next thing in this segment, whose bytes these are.
    pub(super) fn step<'a>(
        &mut self,
        storage: &dyn Storage,
        bytes: &'a [u8],
    ) -> Result<Step<'a>, Error> {
        if self.offset == 0 {
            match self.header(storage, bytes)? {
                Begin::Good => {}
                Begin::Damage(damage) => return Ok(Step::Damage(damage)),
                Begin::Bad => return self.bad(storage, bytes, &Fault::Header),
            }
        }
        let rest = bytes.get(self.offset..).unwrap_or_default();
        match frame::decode(rest) {
            Ok(view) => self.whole(storage, bytes, view),
            Err(Fault::NoMagic) if is_zero(rest) => Ok(Step::End),
            Err(fault) => self.bad(storage, bytes, &fault),
        }
    }

    /// After the last segment: an error if it ended within a bad place, because then nobody knows how much is lost.
    pub(super) fn end(&self, storage: &dyn Storage) -> Result<(), Error> {
        match &self.hole {
            None => Ok(()),
            Some(hole) => {
                let reason = format!("{}, and no whole entry follows", hole.reason);
                Err(self.corrupt(storage, hole.place, reason))
            }
        }
    }

    /// Whether the last bad place goes on beyond this segment.
    pub(super) fn is_in_a_hole(&self) -> bool {
        self.hole.is_some()
    }

    fn whole<'a>(
        &mut self,
        storage: &dyn Storage,
        bytes: &'a [u8],
        view: View<'a>,
    ) -> Result<Step<'a>, Error> {
        if view.lsn < self.expected {
            let reason = Fault::WrongLsn(view.lsn).to_string();
            return Err(self.corrupt(storage, self.here(), reason));
        }
        if view.lsn > self.expected && self.hole.is_none() {
            self.open_hole(self.here(), Vec::new(), &Fault::WrongLsn(view.lsn));
        }
        if let Some(damage) = self.close_hole(storage, view.lsn) {
            return Ok(Step::Damage(damage));
        }
        // What was synced once and does not match may be half erased: whoever has the key can tell.
        if self.is_last && view.personal().is_err() && !self.is_synced(bytes) {
            return Ok(Step::Torn);
        }
        let offset = self.offset;
        self.offset += view.bytes();
        self.expected = view.lsn.next();
        Ok(Step::Frame(view, offset))
    }

    /// Tells a torn tail from damage, and goes to the next whole frame.
    fn bad<'a>(
        &mut self,
        storage: &dyn Storage,
        bytes: &'a [u8],
        fault: &Fault,
    ) -> Result<Step<'a>, Error> {
        if self.is_last && !self.is_synced(bytes) {
            return Ok(Step::Torn);
        }
        if self.hole.is_none() {
            let rest = &bytes[self.offset..];
            self.open_hole(self.here(), frame::claims(rest, self.expected), fault);
        }
        match next_whole(bytes, self.offset, self.expected) {
            Some(offset) => {
                self.offset = offset;
                self.step(storage, bytes)
            }
            None => {
                self.offset = bytes.len();
                Ok(Step::End)
            }
        }
    }

    /// Whether what lies here was synced: a frame of a later group follows.
    fn is_synced(&mut self, bytes: &[u8]) -> bool {
        let still =
            |(offset, first): &(usize, Lsn)| *offset > self.offset && *first > self.expected;
        if !self.ahead.as_ref().is_some_and(still) {
            self.ahead = later_group(bytes, self.offset, self.expected);
        }
        self.ahead.is_some()
    }

    fn header(&mut self, storage: &dyn Storage, bytes: &[u8]) -> Result<Begin, Error> {
        let (found, first, epoch) = match segment::decode(bytes) {
            Header::Damaged => return Ok(Begin::Bad),
            Header::Unknown { version } => {
                return Err(Error::UnknownFormat {
                    file: storage.name(self.number),
                    version,
                    known: segment::FORMAT_VERSION,
                });
            }
            Header::Known {
                number,
                first,
                epoch,
            } => (number, first, epoch),
        };
        let refused = |reason| Err(self.corrupt(storage, self.here(), reason));
        if found != self.number {
            return refused(format!("it is segment {found} under another name"));
        }
        if epoch < self.epoch {
            return refused(format!(
                "it is of epoch {epoch}, the segment before it of {}; it was written before that state was restored",
                self.epoch
            ));
        }
        if first < self.expected {
            return refused(format!(
                "the segment begins with entry {first}, which there was before"
            ));
        }
        self.offset = segment::HEADER_BYTES;
        self.epoch = epoch;
        if first > self.expected && self.hole.is_none() {
            self.open_hole(self.before, Vec::new(), &Fault::Missing);
        }
        Ok(self
            .close_hole(storage, first)
            .map_or(Begin::Good, Begin::Damage))
    }

    fn open_hole(&mut self, place: Place, claims: Vec<u128>, fault: &Fault) {
        self.hole = Some(Hole {
            place,
            claims,
            reason: fault.to_string(),
        });
    }

    /// The entries from the expected one to the one before this are what the hole took.
    fn close_hole(&mut self, storage: &dyn Storage, next: Lsn) -> Option<Damage> {
        let hole = self.hole.take()?;
        let first = std::mem::replace(&mut self.expected, next);
        let lost = next.0 - first.0;
        Some(Damage {
            file: storage.name(hole.place.segment),
            place: hole.place,
            first,
            lost,
            owners: match lost {
                0 => Owners::Known(Vec::new()),
                1 => Owners::Claimed(hole.claims),
                _ => Owners::Claimed(Vec::new()),
            },
            reason: hole.reason,
        })
    }

    pub(super) fn here(&self) -> Place {
        Place {
            segment: self.number,
            offset: self.offset as u64,
        }
    }

    fn corrupt(&self, storage: &dyn Storage, place: Place, reason: String) -> Error {
        corrupt(storage, place, self.expected, reason)
    }
}

enum Begin {
    Good,
    Bad,
    Damage(Damage),
}

/// Where the next whole frame after a bad one begins: at once behind it by its own length, or else wherever one is.
fn next_whole(bytes: &[u8], bad: usize, lost: Lsn) -> Option<usize> {
    if let Ok(length) = frame::length(&bytes[bad..])
        && let Some(rest) = bytes.get(bad + length..)
        && frame::decode(rest).is_ok_and(|view| view.lsn == lost.next())
    {
        return Some(bad + length);
    }
    whole_frames(bytes, bad, lost)
        .next()
        .map(|(offset, _)| offset)
}

/// Looks for a frame whose group began after the expected entry was synced.
fn later_group(bytes: &[u8], from: usize, expected: Lsn) -> Option<(usize, Lsn)> {
    whole_frames(bytes, from, expected)
        .map(|(offset, view)| (offset, view.group_first()))
        .find(|(_, first)| *first > expected)
}

/// The whole frames that begin at any offset from a bad place on.
fn whole_frames(
    bytes: &[u8],
    from: usize,
    expected: Lsn,
) -> impl Iterator<Item = (usize, View<'_>)> {
    let rest = bytes.get(from..).unwrap_or_default();
    // A position further than one per byte is noise; ruling it out spares the checksum.
    let plausible = expected.0..=expected.0.saturating_add(rest.len() as u64);
    let starts = rest
        .windows(frame::MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == frame::MAGIC);
    starts.filter_map(move |(start, _)| {
        let lsn = frame::lsn(&rest[start..])?;
        if !plausible.contains(&lsn.0) {
            return None;
        }
        let view = frame::decode(&rest[start..]).ok()?;
        Some((from + start, view))
    })
}

pub(super) fn corrupt(storage: &dyn Storage, place: Place, lsn: Lsn, reason: String) -> Error {
    Error::Corrupt {
        file: storage.name(place.segment),
        offset: place.offset,
        lsn,
        reason,
    }
}

/// In blocks without an early exit, which the compiler turns into wide instructions: this runs over whole segments.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(4096)
        .all(|block| block.iter().fold(0, |seen, byte| seen | byte) == 0)
}
