//! Walks all segments of a journal, finds every frame that is whole and every place that is not, and changes nothing.
//!
//! A bad place is a torn tail or damage by the rule of docs/journal-format.md: only what no sync ever covered may be torn.
//! Behind damage the walk goes on at the next whole frame, so that one bad place hides no other. Invariant: every byte of every
//! segment is in a frame, in a fault, in the torn tail or a zero behind the last frame. `verify.rs` decides what frames mean.

use std::sync::Arc;

use crate::journal::inspect::{self, HeaderFlaw, Personal, Sight};
use crate::journal::{self, Lsn, Place, Storage};
use crate::model::TenantId;

use super::fault::{Fault, Faults};

/// The one fault that the checksum does not show.
pub const PERSONAL_PART: &str = "its personal part neither matches its digest nor is erased";

/// What a walk found beside frames.
#[derive(Debug, Default)]
pub struct Walked {
    /// Segments that hold anything.
    pub segments: u64,
    /// Frames that are whole.
    pub frames: u64,
    /// The position of the last.
    pub head: Lsn,
    /// The epoch of the last segment.
    pub epoch: u64,
    /// The end of the journal that no sync ever covered, if there is such a thing.
    pub torn: Option<Torn>,
}

/// A torn tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub file: String,
    /// Where it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What takes the frames in: a segment's bytes, where in them the frame lies, and the frame.
pub trait Visitor {
    /// The next whole frame. Its personal part may be damaged: whether an erasure that a crash cut short explains that, only who
    /// replays the entries can tell.
    fn frame(&mut self, segment: &Arc<Vec<u8>>, place: Place, sight: &Sight<'_>);

    /// The tenant that a damaged frame claims, and the sequence that is expected of it, if it is a known one.
    fn expected_of(&self, stream: u128) -> Option<(TenantId, u64)>;

    /// So many segments of so many are done.
    fn passed(&mut self, done: u64, of: u64);
}

/// Walks everything.
pub fn walk(
    storage: &dyn Storage,
    visitor: &mut dyn Visitor,
    faults: &mut Faults,
) -> Result<Walked, journal::Error> {
    let mut walk = Walk {
        storage,
        visitor,
        faults,
        found: Walked::default(),
        expected: Some(Lsn::ZERO.next()),
        group_place: None,
        suspended: None,
    };
    let numbers = storage
        .segments()
        .map_err(journal::Error::io("list", "the journal's directory"))?;
    let mut next_number = 1;
    let mut unused: Option<u64> = None;
    let all = numbers.len() as u64;
    for (done, number) in (1..).zip(numbers) {
        if number != next_number {
            walk.resolve_suspended();
            walk.missing(next_number);
        }
        next_number = number + 1;
        let bytes = storage
            .read(number)
            .map_err(journal::Error::io("read", storage.name(number)))?;
        if inspect::is_zero(&bytes) {
            unused.get_or_insert(number);
            walk.visitor.passed(done, all);
            continue;
        }
        walk.resolve_suspended();
        if let Some(unused) = unused.take() {
            let what = format!("it is empty, but {} is not", storage.name(number));
            walk.fault(unused, 0, what);
        }
        walk.segment(number, &Arc::new(bytes));
        walk.visitor.passed(done, all);
    }
    Ok(walk.found)
}

struct Walk<'a> {
    storage: &'a dyn Storage,
    visitor: &'a mut dyn Visitor,
    faults: &'a mut Faults,
    found: Walked,
    /// The position that is next; `None` behind damage, where it can only be taken from what follows.
    expected: Option<Lsn>,
    /// The place in its group of the frame before.
    group_place: Option<u64>,
    /// What is a torn tail if no later segment holds anything, and this fault otherwise.
    suspended: Option<Fault>,
}

impl Walk<'_> {
    fn fault(&mut self, segment: u64, offset: usize, what: impl Into<String>) {
        let place = Place {
            segment,
            offset: offset as u64,
        };
        self.faults.push(Fault::at(self.storage, place, what));
    }

    /// A later segment holds something: what looked torn was synced once.
    fn resolve_suspended(&mut self) {
        if let Some(mut fault) = self.suspended.take() {
            fault.what += ", but a later segment is in use";
            self.faults.push(fault);
            self.found.torn = None;
            self.lose_count();
        }
    }

    fn lose_count(&mut self) {
        (self.expected, self.group_place) = (None, None);
    }

    fn missing(&mut self, number: u64) {
        self.fault(number, 0, "the file is missing though later ones exist");
        self.lose_count();
    }

    fn segment(&mut self, number: u64, bytes: &Arc<Vec<u8>>) {
        self.found.segments += 1;
        if !self.header(number, bytes) {
            return;
        }
        let mut offset = inspect::FIRST_FRAME;
        loop {
            let rest = bytes.get(offset..).unwrap_or_default();
            match inspect::frame(rest) {
                Ok(sight) => {
                    let is_damaged = sight.personal == Personal::Damaged;
                    if is_damaged && !self.is_synced(bytes, offset) {
                        self.bad(number, offset, bytes, PERSONAL_PART);
                        return;
                    }
                    self.frame(number, offset, bytes, &sight);
                    offset += sight.bytes;
                }
                Err(flaw) if flaw.is_no_frame() && inspect::is_zero(rest) => return,
                Err(flaw) => match self.bad(number, offset, bytes, &flaw.to_string()) {
                    Some(next) => offset = next,
                    None => return,
                },
            }
        }
    }

    /// Reads a segment's header; false if nothing of the segment can be read.
    fn header(&mut self, number: u64, bytes: &[u8]) -> bool {
        match inspect::header(bytes) {
            Ok(header) => {
                if header.number != number {
                    let what = format!("it is segment {} under another name", header.number);
                    self.fault(number, 0, what);
                }
                if header.epoch < self.found.epoch {
                    let (epoch, before) = (header.epoch, self.found.epoch);
                    let what = format!("it has epoch {epoch}, lower than {before} before it");
                    self.fault(number, 0, what);
                }
                self.found.epoch = header.epoch;
                if let Some(expected) = self.expected.filter(|lsn| *lsn != header.first) {
                    let what = format!(
                        "the segment begins with position {} where {expected} is next: entries are missing or repeated before it",
                        header.first
                    );
                    self.fault(number, 0, what);
                    self.group_place = None;
                }
                self.expected = Some(header.first);
                true
            }
            Err(flaw @ HeaderFlaw::Unknown { .. }) => {
                self.fault(number, 0, flaw.to_string());
                self.lose_count();
                false
            }
            Err(flaw @ HeaderFlaw::Damaged) => {
                self.bad(number, 0, bytes, &flaw.to_string()).is_some()
            }
        }
    }

    fn frame(&mut self, number: u64, offset: usize, bytes: &Arc<Vec<u8>>, sight: &Sight<'_>) {
        let place = Place {
            segment: number,
            offset: offset as u64,
        };
        let whose = self.visitor.expected_of(sight.stream);
        let mut fault = |what: String| {
            let fault = Fault::at(self.storage, place, what);
            self.faults.push(match whose {
                Some((tenant, sequence)) => fault.of(tenant, sequence),
                None => fault,
            });
        };
        if let Some(expected) = self.expected.filter(|lsn| *lsn != sight.lsn) {
            fault(format!(
                "the frame has position {} where {expected} is next",
                sight.lsn
            ));
            self.group_place = None;
        }
        let group_place = sight.lsn.0.saturating_sub(sight.group_first.0);
        if self
            .group_place
            .is_some_and(|before| group_place != 0 && group_place != before + 1)
        {
            fault("the frame's place in its group does not follow the one before".to_owned());
        }
        self.group_place = Some(group_place);
        self.expected = Some(sight.lsn.next());
        self.found.frames += 1;
        self.found.head = sight.lsn;
        self.visitor.frame(bytes, place, sight);
    }

    /// Judges a bad place and says where to go on in this segment, if anywhere.
    fn bad(&mut self, number: u64, offset: usize, bytes: &[u8], flaw: &str) -> Option<usize> {
        let next = inspect::next_frame(bytes, offset + 1);
        let place = Place {
            segment: number,
            offset: offset as u64,
        };
        let mut fault = Fault::at(self.storage, place, flaw);
        let claimed = inspect::claimed_stream(&bytes[offset..]);
        if let Some((tenant, sequence)) =
            claimed.and_then(|stream| self.visitor.expected_of(stream))
        {
            fault = fault.of(tenant, sequence);
        }
        if !self.is_synced(bytes, offset) {
            let end = bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(offset, |last| last + 1);
            self.found.torn = Some(Torn {
                file: fault.file.clone(),
                offset: offset as u64,
                bytes: end.saturating_sub(offset) as u64,
            });
            self.suspended = Some(fault);
            return None;
        }
        self.faults.push(fault);
        self.lose_count();
        next.map(|(next, _)| next)
    }

    /// Whether something behind a bad place vouches for it: a frame of a later group was written after a sync.
    fn is_synced(&self, bytes: &[u8], offset: usize) -> bool {
        // Behind other damage nothing is known of what was next; what holds a whole frame was written on.
        let expected = self.expected.unwrap_or(self.found.head.next());
        let mut from = offset + 1;
        while let Some((at, sight)) = inspect::next_frame(bytes, from) {
            if sight.group_first > expected {
                return true;
            }
            from = at + sight.bytes;
        }
        false
    }
}
