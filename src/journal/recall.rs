//! Finds one entry again by its place, while the writer goes on.
//!
//! Whoever looks into the past is given only what is covered by the checksum: they need no personal part, and an erasure
//! may be overwriting it at this instant. Whoever rebuilds a tenant is given all of it. Invariant: nothing is shown that a crash could take back, so an entry beyond the
//! watermark is refused, whoever asks. Called through [`Journal::recall`](super::Journal::recall).

use super::error::Error;
use super::frame;
use super::lsn::{Lsn, Place};
use super::reader::{Frame, owned};
use super::storage::Storage;
use super::walk::corrupt;

/// Most frames are shorter and come with one read.
const FIRST_READ_BYTES: usize = 1024;

/// An entry as it was found again, without its personal part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// Its position.
    pub lsn: Lsn,
    /// Whose it is.
    pub stream: u128,
    /// The bytes under the checksum.
    pub covered: Vec<u8>,
    /// The SHA-256 of the personal bytes as appended; None if there were none.
    pub personal_digest: Option<[u8; 32]>,
}

/// Reads the frame that begins at a place and checks all of it but the personal part.
pub(super) fn recall(
    storage: &dyn Storage,
    place: Place,
    watermark: Lsn,
) -> Result<Recalled, Error> {
    find(storage, place, watermark, |view| {
        Ok(Recalled {
            lsn: view.lsn,
            stream: view.stream,
            covered: view.covered.to_vec(),
            personal_digest: view.digest,
        })
    })
}

/// The same with the personal part.
pub(super) fn read(storage: &dyn Storage, place: Place, watermark: Lsn) -> Result<Frame, Error> {
    find(storage, place, watermark, |view| Ok(owned(view, place)))
}

pub(super) fn find<T>(
    storage: &dyn Storage,
    place: Place,
    watermark: Lsn,
    take: impl FnOnce(&frame::View<'_>) -> Result<T, frame::Fault>,
) -> Result<T, Error> {
    let read = |length| {
        storage
            .read_at(place.segment, place.offset, length)
            .map_err(Error::io("read", storage.name(place.segment)))
    };
    let damaged = |fault: frame::Fault| corrupt(storage, place, Lsn::ZERO, fault.to_string());
    let mut bytes = read(FIRST_READ_BYTES)?;
    let length = frame::length(&bytes).map_err(damaged)?;
    if length > bytes.len() {
        bytes = read(length)?;
    }
    let view = frame::decode(&bytes).map_err(damaged)?;
    if view.lsn > watermark {
        return Err(Error::NotDurable { lsn: view.lsn });
    }
    take(&view).map_err(damaged)
}
