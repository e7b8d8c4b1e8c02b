//! The frame: one entry's bytes on disk, little-endian, without padding.
//!
//! ```text
//! offset  bytes  what
//!      0      4  magic f5 68 66 31
//!      4      4  length of the covered bytes, c
//!      8      4  length of the personal bytes, p (0: the frame has no digest either)
//!     12      4  CRC-32 (IEEE, as zlib's) of bytes 0..12 and 16..44+d+c
//!     16      8  LSN
//!     24      4  place in its group: 0 for the first frame that one sync made durable, 1 for the next, …
//!     28     16  stream
//!     44      d  SHA-256 of the personal bytes; d is 32 if p > 0, else 0
//!   44+d      c  covered bytes
//! 44+d+c      p  personal bytes, or p times ee once they are erased
//! ```
//!
//! The checksum covers the digest and not the personal bytes, so that these can be overwritten in place and the
//! frame stays whole. They are erased with `ee` and not with zeros, because files are filled with zeros ahead and
//! a torn tail would look like an erasure.
//! The place in the group is what tells a power cut from damage: only one group is ever unsynced, so a bad frame
//! followed by frames of *its own* group may be a disk that reordered, and one followed by a later group was synced and is damaged.
//!
//! Not here: segments, files, and what to do about a bad frame (`reader.rs`). `queue.rs` encodes, `reader.rs` decodes.

use ring::digest;

use super::lsn::Lsn;

/// The most bytes (covered and personal together) that one entry may have.
pub const ENTRY_BYTES_MAX: usize = 64 << 10;

/// The longest frame.
pub(super) const FRAME_BYTES_MAX: usize = HEADER_BYTES + DIGEST_BYTES + ENTRY_BYTES_MAX;

/// What an erased personal part is filled with.
pub const ERASED: u8 = 0xEE;

/// Where the covered bytes repeat the stream, by the entries' own format. Only a hint at whose a damaged frame was: a checksum
/// that does not hold vouches for neither copy.
pub const OWNER_COPY: std::ops::Range<usize> = 8..24;

/// The first bytes of every frame. Not text, so that no text mimics them.
pub(super) const MAGIC: [u8; 4] = [0xF5, b'h', b'f', b'1'];

/// Bytes before a frame's digest or covered bytes.
pub(super) const HEADER_BYTES: usize = 44;
const DIGEST_BYTES: usize = 32;
const CHECKSUM: std::ops::Range<usize> = 12..16;
/// Where the stream stands.
pub(super) const STREAM: std::ops::Range<usize> = 28..44;

/// What a caller appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Whose entry this is (a tenant's id).
    pub stream: u128,
    /// Bytes under the checksum, kept for ever.
    pub covered: &'a [u8],
    /// Bytes under a digest only, which may be erased in place later; empty for none.
    pub personal: &'a [u8],
}

/// An entry ready to be framed: its size is known and its personal part digested, both outside the queue's lock.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    parts: Parts<'a>,
    digest: Option<digest::Digest>,
}

impl<'a> Draft<'a> {
    /// None if the entry is over [`ENTRY_BYTES_MAX`].
    pub(super) fn new(parts: Parts<'a>) -> Option<Draft<'a>> {
        if parts.covered.len().saturating_add(parts.personal.len()) > ENTRY_BYTES_MAX {
            return None;
        }
        let digest =
            (!parts.personal.is_empty()).then(|| digest::digest(&digest::SHA256, parts.personal));
        Some(Draft { parts, digest })
    }

    /// How long the frame will be.
    pub(super) fn bytes(&self) -> usize {
        let digest = if self.digest.is_some() {
            DIGEST_BYTES
        } else {
            0
        };
        HEADER_BYTES + digest + self.parts.covered.len() + self.parts.personal.len()
    }

    /// Appends the frame to a group.
    pub(super) fn encode(&self, lsn: Lsn, place_in_group: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&(self.parts.covered.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.parts.personal.len() as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&lsn.0.to_le_bytes());
        out.extend_from_slice(&place_in_group.to_le_bytes());
        out.extend_from_slice(&self.parts.stream.to_le_bytes());
        if let Some(digest) = &self.digest {
            out.extend_from_slice(digest.as_ref());
        }
        out.extend_from_slice(self.parts.covered);
        let checksum = checksum(&out[start..]);
        out[start + CHECKSUM.start..start + CHECKSUM.end].copy_from_slice(&checksum.to_le_bytes());
        out.extend_from_slice(self.parts.personal);
        assert_eq!(out.len() - start, self.bytes());
    }
}

/// A frame whose checksum holds, borrowed from a segment's bytes.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) lsn: Lsn,
    place_in_group: u32,
    pub(super) stream: u128,
    pub(super) digest: Option<[u8; DIGEST_BYTES]>,
    pub(super) covered: &'a [u8],
    personal: &'a [u8],
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("no frame begins here")]
    NoMagic,
    #[error("its length is more than an entry may have")]
    TooLong,
    #[error("the segment ends inside the frame")]
    CutOff,
    #[error("its checksum does not match its bytes")]
    Checksum,
    #[error("its personal part neither matches its digest nor is erased")]
    Personal,
    #[error("it holds entry {0} instead")]
    WrongLsn(Lsn),
    #[error("the segment's header is damaged")]
    Header,
    #[error("the segment ends before it")]
    Missing,
    #[error("the file is missing")]
    File,
}

/// How long the frame that begins with these bytes is, by its header alone; a header that is cut off or no header is a fault.
pub(super) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Fault::NoMagic);
    }
    let header: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(Fault::CutOff)?;
    let covered_bytes = u32::from_le_bytes(field(header, 4)) as usize;
    let personal_bytes = u32::from_le_bytes(field(header, 8)) as usize;
    if covered_bytes.saturating_add(personal_bytes) > ENTRY_BYTES_MAX {
        return Err(Fault::TooLong);
    }
    let digest_bytes = if personal_bytes > 0 { DIGEST_BYTES } else { 0 };
    Ok(HEADER_BYTES + digest_bytes + covered_bytes + personal_bytes)
}

/// The position of the frame that begins with these bytes, by its header alone.
pub(super) fn lsn(bytes: &[u8]) -> Option<Lsn> {
    let header: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
    Some(Lsn(u64::from_le_bytes(field(header, 16))))
}

/// Whose a damaged frame may be: what is left of its header names a stream, and what is left of its covered bytes another copy.
/// Zeros name nobody, or every lost sector would be the instance's: a copy of 0 counts for nothing, and a header's only if
/// something else in it is right.
pub(super) fn claims(bytes: &[u8], lsn: Lsn) -> Vec<u128> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Vec::new();
    };
    let mut claims = Vec::new();
    if header.starts_with(&MAGIC) || self::lsn(bytes) == Some(lsn) {
        claims.push(u128::from_le_bytes(field(header, 28)));
    }
    // Its lengths may be wrong too, so both places are looked at where the copy can be.
    for covered in [HEADER_BYTES, HEADER_BYTES + DIGEST_BYTES] {
        let copy = bytes.get(covered + OWNER_COPY.start..covered + OWNER_COPY.end);
        let copy = copy.and_then(|copy| copy.first_chunk().copied());
        let copy = copy.map(u128::from_le_bytes).filter(|copy| *copy != 0);
        claims.extend(copy.filter(|copy| !claims.contains(copy)));
    }
    claims
}

/// Decodes the frame that begins with these bytes. The personal part is not looked at.
pub(super) fn decode(bytes: &[u8]) -> Result<View<'_>, Fault> {
    let frame = bytes.get(..length(bytes)?).ok_or(Fault::CutOff)?;
    let header: &[u8; HEADER_BYTES] = frame.first_chunk().ok_or(Fault::CutOff)?;
    let personal_bytes = u32::from_le_bytes(field(header, 8)) as usize;
    let covered_start = HEADER_BYTES + if personal_bytes > 0 { DIGEST_BYTES } else { 0 };
    let covered_end = frame.len() - personal_bytes;
    if checksum(&frame[..covered_end]) != u32::from_le_bytes(field(header, CHECKSUM.start)) {
        return Err(Fault::Checksum);
    }
    Ok(View {
        lsn: Lsn(u64::from_le_bytes(field(header, 16))),
        place_in_group: u32::from_le_bytes(field(header, 24)),
        stream: u128::from_le_bytes(field(header, 28)),
        digest: frame[HEADER_BYTES..covered_start].first_chunk().copied(),
        covered: &frame[covered_start..covered_end],
        personal: &frame[covered_end..],
    })
}

impl<'a> View<'a> {
    /// The frame's length.
    pub(super) fn bytes(&self) -> usize {
        let digest = if self.digest.is_some() {
            DIGEST_BYTES
        } else {
            0
        };
        HEADER_BYTES + digest + self.covered.len() + self.personal.len()
    }

    /// How many bytes its personal part takes.
    pub(super) fn personal_bytes(&self) -> usize {
        self.personal.len()
    }

    /// The first entry of the group that this one was synced with.
    pub(super) fn group_first(&self) -> Lsn {
        Lsn(self.lsn.0.saturating_sub(u64::from(self.place_in_group)))
    }

    /// The personal bytes; None if there are none or they are erased.
    pub(super) fn personal(&self) -> Result<Option<&'a [u8]>, Fault> {
        let Some(expected) = self.digest else {
            return Ok(None);
        };
        if digest::digest(&digest::SHA256, self.personal).as_ref() == expected {
            return Ok(Some(self.personal));
        }
        if self.personal.iter().all(|byte| *byte == ERASED) {
            return Ok(None);
        }
        Err(Fault::Personal)
    }
}

/// The checksum of a frame up to its personal bytes, its own field left out.
fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[..CHECKSUM.start]);
    hasher.update(&frame[CHECKSUM.end..]);
    hasher.finalize()
}

fn field<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(covered: &[u8], personal: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Draft::new(Parts {
            stream: 7,
            covered,
            personal,
        })
        .unwrap()
        .encode(Lsn(9), 2, &mut out);
        out
    }

    #[test]
    fn frame_reads_back_what_was_written() {
        let bytes = encoded(b"seen", b"secret");
        let view = decode(&bytes).unwrap();
        assert_eq!(
            (view.lsn, view.group_first(), view.stream),
            (Lsn(9), Lsn(7), 7)
        );
        assert_eq!(
            (view.covered, view.personal().unwrap()),
            (&b"seen"[..], Some(&b"secret"[..]))
        );
        assert_eq!(view.bytes(), bytes.len());
    }

    #[test]
    fn erased_personal_part_is_accepted_and_half_erased_is_not() {
        let mut bytes = encoded(b"seen", b"secret");
        let start = bytes.len() - 6;
        bytes[start..].fill(ERASED);
        assert_eq!(decode(&bytes).unwrap().personal(), Ok(None));
        bytes[start] = b's';
        assert_eq!(decode(&bytes).unwrap().personal(), Err(Fault::Personal));
    }

    #[test]
    fn stored_bytes_are_a_contract() {
        // Made with another program (struct and zlib). A change here is a new format version, with a reader for this one.
        let stored = concat!(
            "f5686631",
            "02000000",
            "00000000",
            "b7ea84a8",
            "0900000000000000",
            "02000000",
            "07000000000000000000000000000000",
            "6162",
        );
        let hex: String = encoded(b"ab", b"")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, stored);
    }
}
