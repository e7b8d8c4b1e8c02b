//! Segments in memory, with the faults of a disk that tests arm by hand.
//!
//! It is the journal's storage in the simulation and in the in-process benches, and the double in tests: a sync can
//! be held, a write or sync can fail, a write can be short, creating can find the disk full, and `crash` gives what a power cut would have left.
//! Invariant: only what a returned `sync` covered survives a crash, unless the caller of `crash_keeping` lets more through.
//! Clones share the same segments. Not here: any durability beyond the process.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::storage::{Segment, Storage};

/// Segments that live as long as the last clone.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    segments: BTreeMap<u64, Bytes>,
    indexes: BTreeMap<u64, Vec<u8>>,
    /// The writes since the last sync, oldest first: (segment, offset, bytes).
    unsynced: Vec<(u64, usize, Vec<u8>)>,
    faults: Faults,
    syncs: u64,
}

#[derive(Clone, Debug, Default)]
struct Bytes {
    written: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug, Default)]
struct Faults {
    syncs_held: bool,
    syncs_waiting: u64,
    syncs_let_through: u64,
    sync_fails_in: Option<u64>,
    write_fails_in: Option<u64>,
    write_short_in: Option<(u64, usize)>,
    segments_max: Option<usize>,
    bytes_max: Option<u64>,
}

impl MemoryStorage {
    /// An empty storage without faults.
    #[must_use]
    pub fn new() -> MemoryStorage {
        MemoryStorage::default()
    }

    /// Closes the gate: every sync from now on waits until [`MemoryStorage::release_syncs`].
    pub fn hold_syncs(&self) {
        self.lock().faults.syncs_held = true;
    }

    /// Opens the gate again.
    pub fn release_syncs(&self) {
        let mut state = self.lock();
        state.faults.syncs_held = false;
        state.faults.syncs_let_through = 0;
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Lets the sync that waits at the closed gate through and keeps the gate closed for the next.
    pub fn release_one_sync(&self) {
        self.lock().faults.syncs_let_through += 1;
        self.shared.changed.notify_all();
    }

    /// Blocks until a sync waits at the closed gate, so that a test knows what is in that group.
    pub fn wait_for_held_sync(&self) {
        let mut state = self.lock();
        while state.faults.syncs_waiting <= state.faults.syncs_let_through {
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the `count`-th sync from now fail (1 is the next).
    pub fn fail_sync(&self, count: u64) {
        self.lock().faults.sync_fails_in = Some(count);
    }

    /// Lets the `count`-th write from now fail (1 is the next).
    pub fn fail_write(&self, count: u64) {
        self.lock().faults.write_fails_in = Some(count);
    }

    /// Lets the `count`-th write from now take only `bytes` bytes (1 is the next).
    pub fn shorten_write(&self, count: u64, bytes: usize) {
        self.lock().faults.write_short_in = Some((count, bytes));
    }

    /// Gives the disk room for so many segments, or for any number: creating one more finds it full.
    pub fn set_segments_max(&self, segments_max: Option<usize>) {
        self.lock().faults.segments_max = segments_max;
    }

    /// Gives the disk room for so many bytes of segments, or for any number.
    pub fn set_bytes_max(&self, bytes_max: Option<u64>) {
        self.lock().faults.bytes_max = bytes_max;
    }

    /// How many bytes all segments have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lock().bytes()
    }

    /// How many syncs have succeeded.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// How many bytes were written since the last sync.
    #[must_use]
    pub fn unsynced_bytes(&self) -> usize {
        self.lock()
            .unsynced
            .iter()
            .map(|(_, _, bytes)| bytes.len())
            .sum()
    }

    /// What a power cut at this instant leaves: only what was synced.
    #[must_use]
    pub fn crash(&self) -> MemoryStorage {
        self.crash_keeping(|_| false)
    }

    /// What a power cut leaves if of the unsynced bytes, counted in the order of writing, those reached the disk
    /// that `keep` names: a prefix for a torn tail, scattered runs for a disk that reorders.
    #[must_use]
    pub fn crash_keeping(&self, keep: impl Fn(usize) -> bool) -> MemoryStorage {
        let state = self.lock();
        let mut segments = state.segments.clone();
        let indexes = state.indexes.clone();
        let mut index = 0;
        for (number, offset, bytes) in &state.unsynced {
            for (position, byte) in bytes.iter().enumerate() {
                if keep(index)
                    && let Some(place) = segments
                        .get_mut(number)
                        .and_then(|kept| kept.synced.get_mut(offset + position))
                {
                    *place = *byte;
                }
                index += 1;
            }
        }
        for bytes in segments.values_mut() {
            bytes.written.clone_from(&bytes.synced);
        }
        let state = State {
            segments,
            indexes,
            ..State::default()
        };
        MemoryStorage {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                changed: Condvar::new(),
            }),
        }
    }

    /// Takes a segment away and leaves its index: how a test loses a file.
    pub fn remove_segment(&self, number: u64) {
        self.lock().segments.remove(&number);
    }

    /// Takes an index away.
    pub fn remove_index(&self, number: u64) {
        self.lock().indexes.remove(&number);
    }

    /// Replaces a segment's bytes, synced: how a test damages what lies on the disk.
    pub fn replace(&self, number: u64, bytes: Vec<u8>) {
        let bytes = Bytes {
            written: bytes.clone(),
            synced: bytes,
        };
        self.lock().segments.insert(number, bytes);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryStorage {
    fn segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.lock().segments.keys().copied().collect())
    }

    fn name(&self, number: u64) -> String {
        format!("memory segment {number}")
    }

    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        let state = self.lock();
        let bytes = state.segments.get(&number).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.written.clone())
    }

    fn read_at(&self, number: u64, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let state = self.lock();
        let bytes = state.segments.get(&number).ok_or(io::ErrorKind::NotFound)?;
        let written = &bytes.written;
        let start = usize::try_from(offset).map_or(written.len(), |start| start.min(written.len()));
        let end = start.saturating_add(length).min(written.len());
        Ok(written[start..end].to_vec())
    }

    fn create(&self, number: u64, bytes: u64) -> io::Result<Box<dyn Segment>> {
        let state = self.lock();
        if state.is_full() || state.free_bytes().is_some_and(|free| free < bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        drop(state);
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::StorageFull)?;
        self.replace(number, vec![0; length]);
        self.open(number)
    }

    fn open(&self, number: u64) -> io::Result<Box<dyn Segment>> {
        let bytes = self
            .lock()
            .segments
            .get(&number)
            .ok_or(io::ErrorKind::NotFound)?
            .written
            .len() as u64;
        Ok(Box::new(MemorySegment {
            number,
            bytes,
            storage: self.clone(),
        }))
    }

    fn length(&self, number: u64) -> io::Result<u64> {
        let state = self.lock();
        let bytes = state.segments.get(&number).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.written.len() as u64)
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        Ok(self.lock().free_bytes())
    }

    fn read_index(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(self.lock().indexes.get(&number).cloned())
    }

    fn write_index(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        self.lock().indexes.insert(number, bytes.to_vec());
        Ok(())
    }
}

#[derive(Debug)]
struct MemorySegment {
    number: u64,
    bytes: u64,
    storage: MemoryStorage,
}

impl Segment for MemorySegment {
    fn number(&self) -> u64 {
        self.number
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.storage.lock();
        if due(&mut state.faults.write_fails_in) {
            return Err(io::Error::other("armed write failure"));
        }
        let taken = match &mut state.faults.write_short_in {
            Some((count, short)) if *count <= 1 => bytes.len().min(*short),
            Some((count, _)) => {
                *count -= 1;
                bytes.len()
            }
            None => bytes.len(),
        };
        if taken < bytes.len() {
            state.faults.write_short_in = None;
        }
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let segment = state
            .segments
            .get_mut(&self.number)
            .ok_or(io::ErrorKind::NotFound)?;
        let end = start
            .checked_add(taken)
            .ok_or(io::ErrorKind::InvalidInput)?;
        let place = segment
            .written
            .get_mut(start..end)
            .ok_or(io::ErrorKind::StorageFull)?;
        place.copy_from_slice(&bytes[..taken]);
        state
            .unsynced
            .push((self.number, start, bytes[..taken].to_vec()));
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.storage.lock();
        state.faults.syncs_waiting += 1;
        self.storage.shared.changed.notify_all();
        while state.faults.syncs_held && state.faults.syncs_let_through == 0 {
            state = self
                .storage
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.faults.syncs_waiting -= 1;
        state.faults.syncs_let_through = state.faults.syncs_let_through.saturating_sub(1);
        if due(&mut state.faults.sync_fails_in) {
            return Err(io::Error::other("armed sync failure"));
        }
        state.syncs += 1;
        state.make_synced(self.number);
        Ok(())
    }

    fn seal(&mut self, bytes: u64) -> io::Result<()> {
        let mut state = self.storage.lock();
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        state.make_synced(self.number);
        let segment = state
            .segments
            .get_mut(&self.number)
            .ok_or(io::ErrorKind::NotFound)?;
        segment.written.truncate(length);
        segment.synced.truncate(length);
        self.bytes = bytes;
        Ok(())
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.faults
            .segments_max
            .is_some_and(|most| self.segments.len() >= most)
    }

    fn bytes(&self) -> u64 {
        let lengths = self.segments.values().map(|kept| kept.written.len() as u64);
        lengths.sum()
    }

    fn free_bytes(&self) -> Option<u64> {
        let most = self.faults.bytes_max?;
        Some(most.saturating_sub(self.bytes()))
    }

    fn make_synced(&mut self, number: u64) {
        let segments = &mut self.segments;
        self.unsynced.retain(|(owner, offset, bytes)| {
            if *owner != number {
                return true;
            }
            if let Some(place) = segments
                .get_mut(owner)
                .and_then(|kept| kept.synced.get_mut(*offset..offset + bytes.len()))
            {
                place.copy_from_slice(bytes);
            }
            false
        });
    }
}

/// Counts an armed fault down; true when it is this call's turn.
fn due(count: &mut Option<u64>) -> bool {
    match count {
        Some(left) if *left <= 1 => {
            *count = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}
