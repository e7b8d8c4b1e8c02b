//! The seam under the journal: a set of numbered segments that take bytes and can be made durable.
//!
//! It exists so that the same journal runs on files, in memory with faults, and later on something else.
//! It knows nothing of frames. Its promises are those of a disk, no more: what was written may be lost, in any
//! part and any order, until `sync` has returned; after a failed `sync` nothing is known.
//! The writer owns the open segment; the preparer creates and seals; the reader reads.

use std::io;

/// A set of segments numbered from 1.
pub trait Storage: Send + Sync {
    /// The numbers of all segments, ascending.
    fn segments(&self) -> io::Result<Vec<u64>>;

    /// What to call a segment in messages (a path, for files).
    fn name(&self, number: u64) -> String;

    /// All bytes of a segment.
    fn read(&self, number: u64) -> io::Result<Vec<u8>>;

    /// Up to `length` bytes from a place on; fewer only where the segment ends. The writer may be writing elsewhere in it.
    fn read_at(&self, number: u64, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Makes a segment of zeros. When this returns, the zeros and the segment's existence are durable, and
    /// an interrupted call has left no segment at all. An unused one of the same number is replaced.
    fn create(&self, number: u64, bytes: u64) -> io::Result<Box<dyn Segment>>;

    /// Opens an existing segment for writing.
    fn open(&self, number: u64) -> io::Result<Box<dyn Segment>>;

    /// How long a segment is, zeros included.
    fn length(&self, number: u64) -> io::Result<u64>;

    /// How many bytes could still be written; None if nobody knows.
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }

    /// The index that was kept beside a segment, if there is one.
    fn read_index(&self, number: u64) -> io::Result<Option<Vec<u8>>>;

    /// Keeps an index beside a segment, in place of the one before. Nothing rests on it: a crash may leave either, or garbage.
    fn write_index(&self, number: u64, bytes: &[u8]) -> io::Result<()>;
}

/// One segment, open for writing by one owner.
pub trait Segment: Send {
    /// Its number.
    fn number(&self) -> u64;

    /// Its length, zeros included.
    fn bytes(&self) -> u64;

    /// Writes at a place inside the segment and says how many bytes were taken.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Makes all that was written durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the zeros after `bytes` and closes the segment for writing, durably.
    fn seal(&mut self, bytes: u64) -> io::Result<()>;
}
