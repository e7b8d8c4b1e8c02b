//! Segments of another storage as they are, and what is written on top of them, in memory: nothing reaches the other storage.
//!
//! For looking at a stopped state by starting everything on it, without changing a byte. A segment is copied when it is opened
//! for writing, which a start does with the last one or two. Invariant: the storage beneath is only ever read.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::storage::{Segment, Storage};

/// A storage that keeps what is written for itself.
pub struct FrozenStorage {
    beneath: Box<dyn Storage>,
    written: Written,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<BTreeMap<u64, Vec<u8>>>>);

impl FrozenStorage {
    /// Freezes a storage, which stays in use until this is dropped.
    #[must_use]
    pub fn over(beneath: Box<dyn Storage>) -> FrozenStorage {
        FrozenStorage {
            beneath,
            written: Written::default(),
        }
    }
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for FrozenStorage {
    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut numbers = self.beneath.segments()?;
        numbers.extend(self.written.lock().keys());
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn name(&self, number: u64) -> String {
        self.beneath.name(number)
    }

    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        match self.written.lock().get(&number) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.beneath.read(number),
        }
    }

    fn read_at(&self, number: u64, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let written = self.written.lock();
        let Some(bytes) = written.get(&number) else {
            return self.beneath.read_at(number, offset, length);
        };
        let start = usize::try_from(offset).map_or(bytes.len(), |start| start.min(bytes.len()));
        let end = start.saturating_add(length).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }

    fn length(&self, number: u64) -> io::Result<u64> {
        match self.written.lock().get(&number) {
            Some(bytes) => Ok(bytes.len() as u64),
            None => self.beneath.length(number),
        }
    }

    fn read_index(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        self.beneath.read_index(number)
    }

    /// Nothing rests on an index, so none is kept.
    fn write_index(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, number: u64, bytes: u64) -> io::Result<Box<dyn Segment>> {
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::StorageFull)?;
        self.written.lock().insert(number, vec![0; length]);
        self.open(number)
    }

    fn open(&self, number: u64) -> io::Result<Box<dyn Segment>> {
        let bytes = self.read(number)?;
        let length = bytes.len() as u64;
        self.written.lock().insert(number, bytes);
        Ok(Box::new(FrozenSegment {
            number,
            bytes: length,
            written: self.written.clone(),
        }))
    }
}

struct FrozenSegment {
    number: u64,
    bytes: u64,
    written: Written,
}

impl Segment for FrozenSegment {
    fn number(&self) -> u64 {
        self.number
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock();
        let segment = written.get_mut(&self.number);
        let segment = segment.ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let place = start
            .checked_add(bytes.len())
            .and_then(|end| segment.get_mut(start..end));
        let place = place.ok_or(io::ErrorKind::StorageFull)?;
        place.copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn seal(&mut self, bytes: u64) -> io::Result<()> {
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        if let Some(segment) = self.written.lock().get_mut(&self.number) {
            segment.truncate(length);
        }
        self.bytes = bytes;
        Ok(())
    }
}
