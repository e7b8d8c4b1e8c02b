//! The header of a segment: 40 bytes, little-endian, before its first frame.
//!
//! ```text
//! offset  bytes  what
//!      0      8  magic "HOLDFAST"
//!      8      4  format version, 1
//!     12      4  CRC-32 (IEEE) of bytes 0..12 and 16..40
//!     16      8  segment number, as in its name
//!     24      8  LSN of its first frame
//!     32      8  epoch: 1, and higher in what is written after a state was restored
//! ```
//!
//! These 40 bytes and their checksum are the same in every version, so that an older build can always tell a newer format
//! from damage. The epoch tells a segment that was written before a restore from the one of the same number after it.
//! It is written together with the segment's first group, never earlier: a segment that is all zeros was prepared and not yet used.
//! Not here: frames. The writer encodes it at a roll, the reader checks it.

use super::lsn::Lsn;

/// The format this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Where the first frame begins.
pub const HEADER_BYTES: usize = 40;

/// The epoch of a journal that was never restored.
pub const FIRST_EPOCH: u64 = 1;

const MAGIC: [u8; 8] = *b"HOLDFAST";

/// What a segment's first bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Known { number: u64, first: Lsn, epoch: u64 },
    Unknown { version: u32 },
    Damaged,
}

pub(super) fn encode(number: u64, first: Lsn, epoch: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    header[16..24].copy_from_slice(&number.to_le_bytes());
    header[24..32].copy_from_slice(&first.0.to_le_bytes());
    header[32..].copy_from_slice(&epoch.to_le_bytes());
    let checksum = checksum(&header);
    header[12..16].copy_from_slice(&checksum.to_le_bytes());
    header
}

pub(super) fn decode(bytes: &[u8]) -> Header {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Header::Damaged;
    };
    if header[..8] != MAGIC || checksum(header).to_le_bytes() != header[12..16] {
        return Header::Damaged;
    }
    let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    if version != FORMAT_VERSION {
        return Header::Unknown { version };
    }
    Header::Known {
        number: word(header, 16),
        first: Lsn(word(header, 24)),
        epoch: word(header, 32),
    }
}

fn checksum(header: &[u8; HEADER_BYTES]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..12]);
    hasher.update(&header[16..]);
    hasher.finalize()
}

fn word(header: &[u8; HEADER_BYTES], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&header[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_bytes_are_a_contract() {
        let stored = concat!(
            "484f4c4446415354",
            "01000000",
            "ca14277f",
            "0300000000000000",
            "4d00000000000000",
            "0200000000000000"
        );
        let header = encode(3, Lsn(77), 2);
        let hex: String = header.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, stored);
        assert_eq!(
            decode(&header),
            Header::Known {
                number: 3,
                first: Lsn(77),
                epoch: 2
            }
        );
    }
}
