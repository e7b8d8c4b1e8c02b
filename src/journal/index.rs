//! The index beside a sealed segment: its contents as a file, so that a start reads the index and not the segment.
//!
//! ```text
//! offset  bytes  what
//!      0      8  magic "HOLDFIDX"
//!      8      4  index version, 1
//!     12      4  CRC-32 (IEEE) of bytes 0..12 and 16 to the end
//!     16      8  segment number
//!     24      8  the segment's length in bytes
//!     32      8  its epoch
//!     40      8  LSN of its first frame
//!     48      4  how many frames it holds
//!     52      4  how many streams
//!     56      …  for each stream, ascending: its id (16 bytes), how many frames (varint), and for each of these in order the
//!                distance of its LSN and of its offset from the stream's frame before (varints; the first: from the segment's
//!                first LSN and from 0)
//! ```
//!
//! A varint has 7 bits a byte, the lowest first, the high bit set on all but the last. Nothing rests on an index: one that is missing,
//! garbled or of another segment is made anew from the segment. A segment that is damaged gets none, so an index is gapless.

use std::collections::BTreeMap;

use super::contents::Contents;
use super::lsn::Lsn;

const MAGIC: [u8; 8] = *b"HOLDFIDX";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 56;

pub(super) fn encode(contents: &Contents) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + 4 * contents.frames as usize);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for word in [
        contents.segment,
        contents.length,
        contents.epoch,
        contents.first.0,
    ] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&contents.frames.to_le_bytes());
    out.extend_from_slice(&(contents.streams.len() as u32).to_le_bytes());
    for (stream, rows) in &contents.streams {
        out.extend_from_slice(&stream.to_le_bytes());
        put(rows.len() as u32, &mut out);
        let mut before = (0, 0);
        for row in rows {
            put(row.0 - before.0, &mut out);
            put(row.1 - before.1, &mut out);
            before = *row;
        }
    }
    let checksum = checksum(&out);
    out[12..16].copy_from_slice(&checksum.to_le_bytes());
    out
}

/// None if it is not a whole index of this version.
pub(super) fn decode(bytes: &[u8]) -> Option<Contents> {
    let header: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
    let double = |at: usize| {
        header[at..at + 4]
            .first_chunk()
            .copied()
            .map(u32::from_le_bytes)
    };
    let word = |at: usize| {
        header[at..at + 8]
            .first_chunk()
            .copied()
            .map(u64::from_le_bytes)
    };
    if header[..8] != MAGIC || double(8)? != VERSION || double(12)? != checksum(bytes) {
        return None;
    }
    let mut rest = &bytes[HEADER_BYTES..];
    let frames = double(48)?;
    // Each frame has two bytes at least; what claims more must not be given the memory for it.
    if frames as usize > bytes.len() / 2 {
        return None;
    }
    let mut streams = BTreeMap::new();
    for _ in 0..double(52)? {
        let stream = u128::from_le_bytes(*rest.first_chunk()?);
        rest = &rest[16..];
        let count = take(&mut rest)? as usize;
        let mut rows = Vec::with_capacity(count.min(rest.len()));
        let mut before = (0_u32, 0_u32);
        for _ in 0..count {
            let lsn = before.0.checked_add(take(&mut rest)?)?;
            let offset = before.1.checked_add(take(&mut rest)?)?;
            before = (lsn, offset);
            rows.push(before);
        }
        streams.insert(stream, rows);
    }
    let contents = Contents {
        segment: word(16)?,
        length: word(24)?,
        epoch: word(32)?,
        first: Lsn(word(40)?),
        frames,
        streams,
    };
    (rest.is_empty() && is_gapless(&contents)).then_some(contents)
}

/// Every position once, and offsets in the same order.
fn is_gapless(contents: &Contents) -> bool {
    let mut offsets = vec![0; contents.frames as usize];
    for (place, offset) in contents.streams.values().flatten() {
        match offsets.get_mut(*place as usize) {
            Some(free @ 0) => *free = *offset,
            _ => return false,
        }
    }
    offsets.is_sorted_by(|one, next| one < next)
        && offsets.first().is_none_or(|first| *first > 0)
        && offsets
            .last()
            .is_none_or(|last| u64::from(*last) < contents.length)
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..12]);
    hasher.update(&bytes[16..]);
    hasher.finalize()
}

fn put(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(rest: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u64;
    for place in 0..5 {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        number |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return u32::try_from(number).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents {
        let mut contents = Contents::new(3, 1, Lsn(77));
        let mut offset = 40;
        for number in 0..200_u64 {
            contents.push((number % 7 * 9).into(), Lsn(77 + number), offset);
            offset += 44 + (number as usize * 37) % 900;
        }
        contents.length = offset as u64;
        contents
    }

    #[test]
    fn an_index_reads_back_what_was_written_and_finds_every_flipped_bit() {
        let contents = contents();
        let bytes = encode(&contents);
        assert_eq!(decode(&bytes), Some(contents));
        assert!(bytes.len() < 56 + 7 * 17 + 200 * 4, "{}", bytes.len());
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bent), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }

    #[test]
    fn stored_bytes_are_a_contract() {
        let mut contents = Contents::new(3, 1, Lsn(77));
        contents.push(5, Lsn(77), 40);
        contents.push(1, Lsn(78), 90);
        contents.push(5, Lsn(79), 300);
        contents.length = 400;
        // Made with another program (struct and zlib).
        let stored = concat!(
            "484f4c4446494458010000006cf61653030000000000000090010000000000000100000000000000",
            "4d000000000000000300000002000000",
            "0100000000000000000000000000000001015a05000000000000000000000000000000020028028402"
        );
        let hex: String = encode(&contents)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, stored);
    }
}
