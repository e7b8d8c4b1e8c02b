//! The group that is filling: where appenders meet the writer and the preparer.
//!
//! One mutex guards the group's bytes, the head and the room on the disk. Giving the position, copying the frame
//! and deciding in which segment it will lie is one step, so queue order = position order = file order, and
//! nothing is accepted that has no prepared place: a full disk refuses, it does not strand what was taken. While it is full the
//! last part of the open segment is kept for what must still be written.
//! Invariant: a refusal changes nothing; a group and the one being written are all that is ever held in memory.
//! `handle.rs` appends, `writer.rs` takes groups, `preparer.rs` takes its jobs. No IO happens here.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::erase;
use super::error::Refused;
use super::frame::{Draft, FRAME_BYTES_MAX};
use super::lsn::{Lsn, Place};
use super::segment;
use super::storage::Segment;

/// The most bytes that one sync makes durable.
pub const GROUP_BYTES_MAX: usize = 4 << 20;

const _: () = assert!(GROUP_BYTES_MAX >= FRAME_BYTES_MAX);

/// The most that is kept of a segment for what must still be written when no next one can be made: some thousand entries.
const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// Trying to fill a full disk is work for the disk.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);

fn reserve(segment_bytes: u64) -> u64 {
    RESERVE_BYTES_MAX.min(segment_bytes / 2)
}

/// Frames that become durable together.
#[derive(Default)]
pub(super) struct Group {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: u32,
    /// Where in `bytes` a new segment begins, ascending.
    pub(super) rolls: Vec<Roll>,
    /// The position of the last frame.
    pub(super) last: Lsn,
    /// What is to be overwritten once all of this is durable.
    pub(super) erasure: Option<erase::Job>,
}

/// An entry that was taken: its position, and where it will lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its position in the whole journal, to wait on.
    pub lsn: Lsn,
    /// Where to find it again once it is durable.
    pub place: Place,
}

/// From this byte of a group on, frames go to a new segment.
pub(super) struct Roll {
    pub(super) at: usize,
    pub(super) first: Lsn,
    pub(super) segment: Box<dyn Segment>,
}

/// What the preparer is to do.
pub(super) enum Job {
    Prepare,
    /// Cut the zeros after this offset, and make the index.
    Seal(Box<dyn Segment>, u64),
    /// Keep this index of a segment.
    Index(u64, Vec<u8>),
}

pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    work: Condvar,
    bytes_max: usize,
    entries_max: u32,
}

struct State {
    group: Group,
    head: Lsn,
    /// Bytes left in the segment that the next frame would go to.
    room: u64,
    /// How many of them are kept for what must still be written when no next segment can be made.
    reserve: u64,
    /// No next segment could be made, and none has been since.
    is_short: bool,
    /// Where the next frame would lie, if there is room for it.
    place: Place,
    next: Next,
    phase: Phase,
    writer_waits: bool,
    sealable: Vec<(Box<dyn Segment>, u64)>,
    erasures: VecDeque<erase::Job>,
    indexes: Vec<(u64, Vec<u8>)>,
}

/// Who an entry's room is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Anyone's.
    Any,
    /// What must be written even while the disk is full.
    Reserved,
}

/// The segment after the open one.
enum Next {
    Wanted,
    Ready(Box<dyn Segment>),
    /// Could not be made; tried again and again.
    Failed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// No more appends; the writer writes what there is.
    Closing,
    /// The writer has ended.
    Stopped,
}

impl Queue {
    pub(super) fn new(
        bytes_max: usize,
        entries_max: u32,
        head: Lsn,
        (place, room, segment_bytes): (Place, u64, u64),
        next: Option<Box<dyn Segment>>,
    ) -> Queue {
        let state = State {
            group: Group::default(),
            head,
            room,
            reserve: reserve(segment_bytes),
            is_short: false,
            place,
            next: next.map_or(Next::Wanted, Next::Ready),
            phase: Phase::Open,
            writer_waits: false,
            sealable: Vec::new(),
            erasures: VecDeque::new(),
            indexes: Vec::new(),
        };
        Queue {
            state: Mutex::new(state),
            filled: Condvar::new(),
            work: Condvar::new(),
            bytes_max,
            entries_max,
        }
    }

    pub(super) fn append(&self, draft: &Draft<'_>, room: Room) -> Result<Taken, Refused> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(Refused::Stopped);
        }
        if state.group.entries >= self.entries_max
            || state.group.bytes.len() + draft.bytes() > self.bytes_max
        {
            return Err(Refused::Full);
        }
        state.make_room(draft.bytes() as u64, room, &self.work)?;
        let taken = state.push(draft);
        if state.writer_waits {
            state.writer_waits = false;
            self.filled.notify_one();
        }
        Ok(taken)
    }

    pub(super) fn head(&self) -> Lsn {
        self.lock().head
    }

    /// Takes jobs for the writer, each for one of its turns; those that come too late are dropped, which tells who waits.
    pub(super) fn erase(&self, jobs: Vec<erase::Job>) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            // What is dropped may wake someone: not under the lock.
            drop(state);
            return;
        }
        state.erasures.extend(jobs);
        if state.writer_waits {
            state.writer_waits = false;
            self.filled.notify_one();
        }
    }

    /// Whether the disk is full, so that only what is reserved for is taken.
    pub(super) fn is_short_of_space(&self) -> bool {
        self.lock().is_short
    }

    /// Waits until there is something to write and swaps it for the emptied group; false once closed and drained.
    pub(super) fn take(&self, group: &mut Group) -> bool {
        group.bytes.clear();
        group.rolls.clear();
        group.entries = 0;
        group.erasure = None;
        let mut state = self.lock();
        while state.group.entries == 0 && state.erasures.is_empty() {
            if state.phase != Phase::Open {
                return false;
            }
            state.writer_waits = true;
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_waits = false;
        std::mem::swap(&mut state.group, group);
        group.erasure = state.erasures.pop_front();
        true
    }

    /// No more appends; what was taken is still written.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        self.filled.notify_all();
    }

    /// The writer has ended, in whichever way.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.phase = Phase::Stopped;
        // What is dropped may wake someone: not under the lock.
        let undone = std::mem::take(&mut state.erasures);
        drop(state);
        drop(undone);
        self.work.notify_all();
    }

    /// Hands a segment that will not be written any more to the preparer.
    pub(super) fn seal(&self, segment: Box<dyn Segment>, end: u64) {
        self.lock().sealable.push((segment, end));
        self.work.notify_all();
    }

    /// Hands an index to the preparer, to be kept.
    pub(super) fn index(&self, number: u64, bytes: Vec<u8>) {
        self.lock().indexes.push((number, bytes));
        self.work.notify_all();
    }

    /// Waits for the preparer's next job, the next segment first, because appends wait for it; None once the writer has ended and all is sealed.
    pub(super) fn job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let (Phase::Open, Next::Wanted) = (state.phase, &state.next) {
                return Some(Job::Prepare);
            }
            if let Some((segment, end)) = state.sealable.pop() {
                return Some(Job::Seal(segment, end));
            }
            if let Some((number, bytes)) = state.indexes.pop() {
                return Some(Job::Index(number, bytes));
            }
            if state.phase == Phase::Stopped {
                return None;
            }
            // A disk that is full is looked at again by itself, so that service resumes though nobody asks.
            let pause = match (state.phase, &state.next) {
                (Phase::Open, Next::Failed) => PAUSE_AFTER_FAILURE,
                _ => Duration::MAX,
            };
            let (next, waited) = self
                .work
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && matches!(state.next, Next::Failed) {
                state.next = Next::Wanted;
            }
        }
    }

    /// The next segment is ready. True if the disk was full before.
    pub(super) fn prepared(&self, segment: Box<dyn Segment>) -> bool {
        let mut state = self.lock();
        state.next = Next::Ready(segment);
        std::mem::take(&mut state.is_short)
    }

    /// The next segment could not be made; [`Queue::job`] asks again. True if that is news.
    pub(super) fn not_prepared(&self) -> bool {
        let mut state = self.lock();
        state.next = Next::Failed;
        !std::mem::replace(&mut state.is_short, true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Finds a place for a frame of this length, in this segment or in a prepared one.
    fn make_room(&mut self, bytes: u64, room: Room, work: &Condvar) -> Result<(), Refused> {
        let kept = match (self.is_short, room) {
            (true, Room::Any) => self.reserve,
            _ => 0,
        };
        if self.room >= bytes + kept {
            return Ok(());
        }
        match std::mem::replace(&mut self.next, Next::Wanted) {
            Next::Ready(segment) => {
                self.room = segment.bytes().saturating_sub(segment::HEADER_BYTES as u64);
                assert!(self.room >= bytes);
                self.reserve = reserve(segment.bytes());
                self.place = Place {
                    segment: segment.number(),
                    offset: segment::HEADER_BYTES as u64,
                };
                let roll = Roll {
                    at: self.group.bytes.len(),
                    first: self.head.next(),
                    segment,
                };
                self.group.rolls.push(roll);
                work.notify_all();
                Ok(())
            }
            next => {
                self.next = next;
                Err(match self.is_short {
                    true => Refused::NoSpace,
                    false => Refused::Full,
                })
            }
        }
    }

    fn push(&mut self, draft: &Draft<'_>) -> Taken {
        let (lsn, place) = (self.head.next(), self.place);
        draft.encode(lsn, self.group.entries, &mut self.group.bytes);
        self.head = lsn;
        self.room -= draft.bytes() as u64;
        self.place.offset += draft.bytes() as u64;
        self.group.entries += 1;
        self.group.last = lsn;
        Taken { lsn, place }
    }
}
