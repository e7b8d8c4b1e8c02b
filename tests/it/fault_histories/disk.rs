//! A disk that counts what is asked of it and fails at one of these operations, in one way.
//!
//! Not the library's own double: this one knows what a failed sync does (the lost pages count as clean from then on, so that a
//! later sync that succeeds has not saved them), dies in the middle of things, and fails at reads and listings too.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast::journal::{Segment, Storage};

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it happens; a write may have come this far (in eighths of its bytes).
    Crash { written: usize },
    /// It is refused once, with EIO.
    Error,
    /// It and all that follow are refused, with EIO.
    Broken,
    /// There is no space for it, once.
    Full,
    /// A write takes this much less than all; any other operation is left alone.
    Short { by: usize },
}

/// What the power cut leaves of what was written and not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// None of it.
    Nothing,
    /// All of it: only the process died.
    Everything,
    /// Some of its sectors, by this seed.
    Scattered(u64),
}

/// Segments, and what is to go wrong.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    segments: BTreeMap<u64, Bytes>,
    indexes: BTreeMap<u64, Vec<u8>>,
    unsynced: Vec<Write>,
    operations: usize,
    plan: Option<(usize, Fault)>,
    struck: bool,
    is_dead: bool,
}

#[derive(Clone, Default)]
struct Bytes {
    written: Vec<u8>,
    synced: Vec<u8>,
}

struct Write {
    segment: u64,
    offset: usize,
    bytes: Vec<u8>,
    /// A sync of it has failed: no later one makes it durable.
    is_lost: bool,
}

/// What to do about one operation.
enum Turn {
    Go,
    Fail(io::Error),
    /// Of a write: this much is written, and then this is said.
    Part(usize, io::Result<()>),
}

impl Disk {
    /// An empty one on which nothing goes wrong.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// What is on it after this end, on a disk that fails so at that operation, counted from 1.
    pub fn after(&self, left: Left, plan: Option<(usize, Fault)>) -> Self {
        let state = self.lock();
        let mut segments = state.segments.clone();
        for write in &state.unsynced {
            let Some(kept) = segments.get_mut(&write.segment) else {
                continue;
            };
            for (place, byte) in (write.offset..).zip(&write.bytes) {
                if keeps(left, write.segment, place)
                    && let Some(kept) = kept.synced.get_mut(place)
                {
                    *kept = *byte;
                }
            }
        }
        for bytes in segments.values_mut() {
            bytes.written.clone_from(&bytes.synced);
        }
        let state = State {
            segments,
            indexes: state.indexes.clone(),
            plan,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// How much was asked of it.
    pub fn operations(&self) -> usize {
        self.lock().operations
    }

    /// Whether what was to go wrong did.
    pub fn was_struck(&self) -> bool {
        self.lock().struck
    }

    /// Bytes in use in the last segment that has any, and its length.
    pub fn fill(&self) -> (usize, usize) {
        let state = self.lock();
        let used = |bytes: &Bytes| bytes.written.iter().rposition(|byte| *byte != 0);
        let last = state.segments.values().rev();
        let mut last = last.filter_map(|bytes| Some((used(bytes)? + 1, bytes.written.len())));
        last.next().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, write: Option<usize>) -> Turn {
        self.lock().turn(write)
    }

    fn check(&self) -> io::Result<()> {
        match self.turn(None) {
            Turn::Fail(error) => Err(error),
            Turn::Go | Turn::Part(..) => Ok(()),
        }
    }
}

impl State {
    fn turn(&mut self, write: Option<usize>) -> Turn {
        let failure = || io::Error::from_raw_os_error(5);
        if self.is_dead {
            return Turn::Fail(failure());
        }
        self.operations += 1;
        let Some((at, fault)) = self.plan else {
            return Turn::Go;
        };
        let is_due = match fault {
            Fault::Broken => self.operations >= at,
            _ => self.operations == at,
        };
        if !is_due || matches!(fault, Fault::Short { .. }) && write.is_none() {
            return Turn::Go;
        }
        self.struck = true;
        match (fault, write) {
            (Fault::Crash { written }, Some(length)) => {
                self.is_dead = true;
                Turn::Part(length * written / 8, Err(failure()))
            }
            (Fault::Crash { .. }, None) => {
                self.is_dead = true;
                Turn::Fail(failure())
            }
            (Fault::Error | Fault::Broken, _) => Turn::Fail(failure()),
            (Fault::Full, _) => Turn::Fail(io::ErrorKind::StorageFull.into()),
            (Fault::Short { by }, write) => {
                let length = write.unwrap_or_default();
                Turn::Part(length.saturating_sub(by), Ok(()))
            }
        }
    }

    fn write(&mut self, segment: u64, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let kept = self
            .segments
            .get_mut(&segment)
            .ok_or(io::ErrorKind::NotFound)?;
        let place = kept.written.get_mut(offset..offset + bytes.len());
        place
            .ok_or(io::ErrorKind::StorageFull)?
            .copy_from_slice(bytes);
        self.unsynced.push(Write {
            segment,
            offset,
            bytes: bytes.to_vec(),
            is_lost: false,
        });
        Ok(())
    }

    fn sync(&mut self, segment: u64) {
        let segments = &mut self.segments;
        self.unsynced.retain(|write| {
            if write.segment != segment || write.is_lost {
                return true;
            }
            let place = write.offset..write.offset + write.bytes.len();
            if let Some(place) = segments
                .get_mut(&segment)
                .and_then(|kept| kept.synced.get_mut(place))
            {
                place.copy_from_slice(&write.bytes);
            }
            false
        });
    }
}

/// Whether a byte that was not synced survives: whole sectors do or do not.
fn keeps(left: Left, segment: u64, place: usize) -> bool {
    match left {
        Left::Nothing => false,
        Left::Everything => true,
        Left::Scattered(seed) => {
            let mixed =
                (seed ^ segment << 32 ^ (place as u64 / 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 63 == 1
        }
    }
}

impl Storage for Disk {
    fn segments(&self) -> io::Result<Vec<u64>> {
        self.check()?;
        Ok(self.lock().segments.keys().copied().collect())
    }

    fn name(&self, number: u64) -> String {
        format!("segment {number} of a failing disk")
    }

    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        self.check()?;
        let state = self.lock();
        let bytes = state.segments.get(&number).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.written.clone())
    }

    fn read_at(&self, number: u64, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let bytes = self.read(number)?;
        let start = usize::try_from(offset).map_or(bytes.len(), |start| start.min(bytes.len()));
        let end = start.saturating_add(length).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }

    fn create(&self, number: u64, bytes: u64) -> io::Result<Box<dyn Segment>> {
        self.check()?;
        let zeros = vec![0; usize::try_from(bytes).map_err(|_| io::ErrorKind::StorageFull)?];
        let made = Bytes {
            written: zeros.clone(),
            synced: zeros,
        };
        self.lock().segments.insert(number, made);
        Ok(Box::new(OnDisk {
            number,
            bytes,
            disk: self.clone(),
        }))
    }

    fn open(&self, number: u64) -> io::Result<Box<dyn Segment>> {
        self.check()?;
        let state = self.lock();
        let kept = state.segments.get(&number).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(OnDisk {
            number,
            bytes: kept.written.len() as u64,
            disk: self.clone(),
        }))
    }

    fn length(&self, number: u64) -> io::Result<u64> {
        Ok(self.read(number)?.len() as u64)
    }

    fn read_index(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        self.check()?;
        Ok(self.lock().indexes.get(&number).cloned())
    }

    fn write_index(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        self.check()?;
        self.lock().indexes.insert(number, bytes.to_vec());
        Ok(())
    }
}

struct OnDisk {
    number: u64,
    bytes: u64,
    disk: Disk,
}

impl Segment for OnDisk {
    fn number(&self) -> u64 {
        self.number
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.lock();
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        match state.turn(Some(bytes.len())) {
            Turn::Go => state
                .write(self.number, offset, bytes)
                .map(|()| bytes.len()),
            Turn::Fail(error) => Err(error),
            Turn::Part(length, said) => {
                state.write(self.number, offset, &bytes[..length])?;
                said.map(|()| length)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.lock();
        match state.turn(None) {
            Turn::Go | Turn::Part(..) => {
                state.sync(self.number);
                Ok(())
            }
            Turn::Fail(error) => {
                let own = state.unsynced.iter_mut();
                own.filter(|write| write.segment == self.number)
                    .for_each(|write| write.is_lost = true);
                Err(error)
            }
        }
    }

    fn seal(&mut self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        if let Turn::Fail(error) = state.turn(None) {
            return Err(error);
        }
        state.sync(self.number);
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        let kept = state
            .segments
            .get_mut(&self.number)
            .ok_or(io::ErrorKind::NotFound)?;
        kept.written.truncate(length);
        kept.synced.truncate(length);
        self.bytes = bytes;
        Ok(())
    }
}
