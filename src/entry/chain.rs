//! An entry's bytes and the hash that makes a tenant's entries a chain. It needs no key, and an erasure does not change it.

use ring::digest::{Context, SHA256, digest};

use super::header::ChainHead;

/// An entry as bytes, ready for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// What the checksum and the chain cover.
    pub covered: Vec<u8>,
    /// What may be erased later.
    pub personal: Vec<u8>,
    /// The hash that the next entry carries.
    pub hash: ChainHead,
}

/// The hash of an entry, which the next one carries. The digest is that of its personal part, if it has or had one.
pub fn chain_hash(covered: &[u8], personal_digest: Option<[u8; 32]>) -> ChainHead {
    let mut context = Context::new(&SHA256);
    context.update(covered);
    if let Some(digest) = personal_digest {
        context.update(&digest);
    }
    bytes(&context.finish())
}

pub(super) fn sha256(part: &[u8]) -> [u8; 32] {
    bytes(&digest(&SHA256, part))
}

fn bytes(digest: &ring::digest::Digest) -> [u8; 32] {
    let bytes = digest.as_ref().first_chunk();
    *bytes.expect("SHA-256 has 32 bytes")
}
