//! An image as sealed chunks, none longer than a page: a power cut spares small values only.
//!
//! Each chunk is sealed under the tenant's key for images, by a nonce of its own, and bound to its header and its number: none
//! can be taken for another's, for an older one's, or for one in another place. The header stands in clear and is bound by
//! every chunk.

use crate::model::TenantId;
use crate::seal::{MasterKey, Nonce, Opener, Purpose, Sealer, TAG_BYTES};

/// The most bytes of one value in the store.
const CHUNK_BYTES_MAX: usize = 4096;
const CONTENT_BYTES_MAX: usize = CHUNK_BYTES_MAX - TAG_BYTES;
/// The version of headers and chunks that this build writes.
const VERSION: u8 = 1;
/// Bytes of a header.
const HEADER_BYTES: usize = 1 + 8 + 16 + 8 + 4 + 4;
/// Tells these chunks from anything else that a tenant's keys seal.
const MARK: &[u8] = b"holdfast/1 image";

/// What is said of an image in clear: one row of the store for each tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Which image of this tenant; its chunks are found by that.
    pub generation: u64,
    /// The nonces' prefix, drawn for this image.
    pub prefix: [u8; 16],
    /// The entry that it ends with.
    pub sequence: u64,
    /// How many chunks its head has; they come first.
    pub head_chunks: u32,
    /// How many chunks there are in all.
    pub chunks: u32,
}

impl Header {
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [VERSION; HEADER_BYTES];
        bytes[1..9].copy_from_slice(&self.generation.to_le_bytes());
        bytes[9..25].copy_from_slice(&self.prefix);
        bytes[25..33].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[33..37].copy_from_slice(&self.head_chunks.to_le_bytes());
        bytes[37..41].copy_from_slice(&self.chunks.to_le_bytes());
        bytes
    }

    /// From bytes; what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (version, mut rest) = bytes.split_first().ok_or("a header is empty")?;
        if *version != VERSION {
            return Err(format!(
                "an image has version {version}, which this holdfast does not know"
            ));
        }
        let header = Self {
            generation: u64::from_le_bytes(take(&mut rest)?),
            prefix: take(&mut rest)?,
            sequence: u64::from_le_bytes(take(&mut rest)?),
            head_chunks: u32::from_le_bytes(take(&mut rest)?),
            chunks: u32::from_le_bytes(take(&mut rest)?),
        };
        match rest.is_empty() && header.head_chunks <= header.chunks {
            true => Ok(header),
            false => Err("a header is not well formed".to_owned()),
        }
    }

    fn associated(&self, tenant: TenantId, number: u32) -> Vec<u8> {
        let (tenant, number) = (tenant.0.to_le_bytes(), number.to_le_bytes());
        [MARK, &tenant, &self.encode(), &number].concat()
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, tail) = rest.split_first_chunk().ok_or("a header is cut off")?;
    *rest = tail;
    Ok(*head)
}

/// How many chunks this takes.
fn count(bytes: &[u8]) -> Option<u32> {
    u32::try_from(bytes.len().div_ceil(CONTENT_BYTES_MAX)).ok()
}

/// A head and an image, to be sealed chunk by chunk.
pub(super) struct Sealing<'a> {
    tenant: TenantId,
    header: Header,
    sealer: Sealer,
    parts: [&'a [u8]; 2],
}

impl<'a> Sealing<'a> {
    /// Of this head and image; `None`: they are too long. `prefix` is 16 fresh random bytes.
    pub fn new(
        master: &MasterKey,
        tenant: TenantId,
        (generation, sequence): (u64, u64),
        prefix: [u8; 16],
        parts: [&'a [u8]; 2],
    ) -> Option<Self> {
        let head_chunks = count(parts[0])?;
        let header = Header {
            generation,
            prefix,
            sequence,
            head_chunks,
            chunks: head_chunks.checked_add(count(parts[1])?)?,
        };
        let sealer = Sealer::with(master, tenant, Purpose::Images, prefix);
        Some(Self {
            tenant,
            header,
            sealer,
            parts,
        })
    }

    pub fn header(&self) -> Header {
        self.header
    }

    /// Every chunk in order.
    pub fn chunks(mut self) -> impl Iterator<Item = Vec<u8>> + 'a {
        let [head, image] = self.parts;
        let contents = head
            .chunks(CONTENT_BYTES_MAX)
            .chain(image.chunks(CONTENT_BYTES_MAX));
        (0..).zip(contents).map(move |(number, content)| {
            let nonce = self.sealer.nonce();
            assert!(
                nonce.counter == u64::from(number),
                "a chunk's nonce is its number"
            );
            let mut sealed = Vec::with_capacity(CHUNK_BYTES_MAX);
            sealed.extend_from_slice(content);
            let associated = self.header.associated(self.tenant, number);
            self.sealer.seal(nonce, &associated, &mut sealed);
            sealed
        })
    }
}

/// Opens chunks of one image, the first of which has this number.
pub(super) fn open(
    master: &MasterKey,
    tenant: TenantId,
    header: &Header,
    first: u32,
    sealed: impl IntoIterator<Item = Vec<u8>>,
) -> Result<Vec<u8>, String> {
    let mut opener = Opener::with(master, tenant, Purpose::Images);
    let mut bytes = Vec::new();
    for (number, chunk) in (first..).zip(sealed) {
        let nonce = Nonce {
            prefix: header.prefix,
            counter: number.into(),
        };
        let associated = header.associated(tenant, number);
        let opened = opener.open(nonce, &associated, &chunk);
        bytes.extend(opened.map_err(|error| format!("chunk {number} of an image: {error}"))?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(master: &MasterKey, head: &[u8], image: &[u8]) -> (Header, Vec<Vec<u8>>) {
        let sealing = Sealing::new(master, TenantId(5), (3, 9), [7; 16], [head, image]);
        let sealing = sealing.expect("it is short");
        (sealing.header(), sealing.chunks().collect())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone_and_no_chunk_is_long() {
        let master = MasterKey::new([3; 32]);
        let image: Vec<u8> = (0..20_000_u32).map(|number| number as u8).collect();
        let (header, chunks) = sealed(&master, b"head", &image);
        assert_eq!((header.head_chunks, header.chunks), (1, 6));
        assert_eq!(chunks.len(), 6);
        assert!(chunks.iter().all(|chunk| chunk.len() <= CHUNK_BYTES_MAX));
        let opened = |header: &Header, first, chunks: &[Vec<u8>]| {
            open(&master, TenantId(5), header, first, chunks.to_vec())
        };
        assert_eq!(opened(&header, 0, &chunks[..1]), Ok(b"head".to_vec()));
        assert_eq!(opened(&header, 1, &chunks[1..]), Ok(image));
        assert!(opened(&header, 0, &chunks[1..]).is_err(), "another place");
        let older = Header {
            generation: 2,
            ..header
        };
        assert!(opened(&older, 1, &chunks[1..]).is_err(), "another image");
        assert!(open(&master, TenantId(6), &header, 1, chunks[1..].to_vec()).is_err());
        assert_eq!(Header::decode(&header.encode()), Ok(header));
        assert!(Header::decode(&header.encode()[..40]).is_err());
    }
}
