//! Frames as an inspector sees them: each that is whole, and what is wrong with one that is not.
//!
//! `reader.rs` reads for an engine that is about to start and stops where it could not go on; whoever inspects wants to hear of
//! everything, changes nothing, and goes on behind a bad place. Pure: bytes in, findings out. Invariant: nothing of a frame is
//! shown before its checksum holds, but for [`claimed_stream`], which says so in its name. Called by `copy.rs` and by `offline/`.

use super::frame::{self, Fault};
use super::lsn::Lsn;
use super::segment;

/// Where the first frame of a segment begins.
pub const FIRST_FRAME: usize = segment::HEADER_BYTES;

/// The longest frame: so much has to be at hand to see one.
pub const FRAME_BYTES_MAX: usize = frame::FRAME_BYTES_MAX;

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The segment's number.
    pub number: u64,
    /// The position of its first frame.
    pub first: Lsn,
    /// What it belongs to: higher in what was written after a restore.
    pub epoch: u64,
}

/// Why a segment's header says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFlaw {
    /// It is not whole.
    #[error("the segment's header is damaged")]
    Damaged,
    /// Written by a newer holdfast.
    #[error(
        "it has journal format {version}, this holdfast reads format {known}; use the one that wrote it",
        known = segment::FORMAT_VERSION
    )]
    Unknown {
        /// The format it claims.
        version: u32,
    },
}

/// A frame whose checksum holds.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Its position.
    pub lsn: Lsn,
    /// The position of the first frame that was synced with it.
    pub group_first: Lsn,
    /// Whose it is.
    pub stream: u128,
    /// The bytes under the checksum.
    pub covered: &'a [u8],
    /// The SHA-256 of the personal bytes as appended; `None` if there were none.
    pub digest: Option<[u8; 32]>,
    /// Its personal part.
    pub personal: Personal<'a>,
    /// How many bytes that takes.
    pub personal_bytes: usize,
    /// How long the frame is.
    pub bytes: usize,
}

/// A frame's personal part, which the checksum does not cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal<'a> {
    /// There never was one.
    None,
    /// It matches its digest.
    Whole(&'a [u8]),
    /// It was erased.
    Erased,
    /// Neither.
    Damaged,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Flaw(Fault);

impl Flaw {
    /// It may be whole: only the bytes at hand end inside it.
    pub fn is_cut_off(self) -> bool {
        self.0 == Fault::CutOff
    }

    /// Not even its first bytes are those of a frame.
    pub fn is_no_frame(self) -> bool {
        self.0 == Fault::NoMagic
    }
}

/// Reads a segment's header.
pub fn header(bytes: &[u8]) -> Result<SegmentHeader, HeaderFlaw> {
    match segment::decode(bytes) {
        segment::Header::Known {
            number,
            first,
            epoch,
        } => Ok(SegmentHeader {
            number,
            first,
            epoch,
        }),
        segment::Header::Unknown { version } => Err(HeaderFlaw::Unknown { version }),
        segment::Header::Damaged => Err(HeaderFlaw::Damaged),
    }
}

/// How long the frame that begins with these bytes says it is, which nothing vouches for.
pub fn claimed_bytes(bytes: &[u8]) -> Result<usize, Flaw> {
    frame::length(bytes).map_err(Flaw)
}

/// Reads the frame that begins with these bytes and checks all of it.
pub fn frame(bytes: &[u8]) -> Result<Sight<'_>, Flaw> {
    let view = frame::decode(bytes).map_err(Flaw)?;
    let personal = match (view.digest, view.personal()) {
        (None, _) => Personal::None,
        (Some(_), Ok(Some(bytes))) => Personal::Whole(bytes),
        (Some(_), Ok(None)) => Personal::Erased,
        (Some(_), Err(_)) => Personal::Damaged,
    };
    Ok(Sight {
        lsn: view.lsn,
        group_first: view.group_first(),
        stream: view.stream,
        covered: view.covered,
        digest: view.digest,
        personal,
        personal_bytes: view.personal_bytes(),
        bytes: view.bytes(),
    })
}

/// Where, from an offset on, the next frame begins whose checksum holds.
pub fn next_frame(bytes: &[u8], from: usize) -> Option<(usize, Sight<'_>)> {
    let rest = bytes.get(from..)?;
    let starts = rest
        .windows(frame::MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == frame::MAGIC);
    starts
        .filter_map(|(start, _)| Some((from + start, frame(&rest[start..]).ok()?)))
        .next()
}

/// Whose a damaged frame says it is. Its checksum does not hold, so this is no more than a hint.
pub fn claimed_stream(bytes: &[u8]) -> Option<u128> {
    if !bytes.starts_with(&frame::MAGIC) {
        return None;
    }
    let stream = bytes.get(frame::STREAM)?.first_chunk()?;
    Some(u128::from_le_bytes(*stream))
}

/// Whether there are only zeros. In blocks without an early exit, which the compiler turns into wide instructions.
pub fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(4096)
        .all(|block| block.iter().fold(0, |seen, byte| seen | byte) == 0)
}
