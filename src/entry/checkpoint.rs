//! A checkpoint: what every tenant's chain had come to at one instant, signed, in clear, as an entry of the instance.
//!
//! ```text
//! covered: header (kind 2; no nonce, no personal part) │ public key 32 │ part u16 │ parts u16 │ count u32
//!          │ count × (tenant u128 │ sequence u64 │ hash 32) │ signature 64
//! ```
//!
//! Little-endian. The signature (Ed25519) is over `holdfast/1 checkpoint` and all bytes before it. Whoever has the files but not
//! the master key cannot write a history anew behind a checkpoint; and a head that was copied elsewhere shows whoever has both.
//! Many tenants are split over several entries. Nothing happens by a checkpoint: ledgers pass over it.

use crate::limits::CHECKPOINT_HEADS_MAX;
use crate::model::{Principal, TenantId, Timestamp};
use crate::seal::{KeyFingerprint, MasterKey, Nonce};
use crate::signing::{PublicKey, SIGNATURE_BYTES, Signer};

use super::chain::{Encoded, chain_hash};
use super::header::{ChainHead, Clear, Error, HEADER_BYTES, Header, Kind, take};

/// What is signed begins with this, so that no signature of ours is ever good for anything else.
const CHECKPOINT_MARK: &[u8] = b"holdfast/1 checkpoint";
/// The same for a head that stands alone, as in a log line.
const HEAD_MARK: &[u8] = b"holdfast/1 head";

/// What one tenant's chain had come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// Whose.
    pub tenant: TenantId,
    /// The sequence of its latest entry.
    pub sequence: u64,
    /// That entry's hash.
    pub hash: ChainHead,
}

/// A checkpoint as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The key that its signature is checked with.
    pub public: PublicKey,
    /// Which part it is, from 0.
    pub part: u16,
    /// Of how many.
    pub parts: u16,
    /// What the chains had come to.
    pub heads: Vec<Head>,
}

/// The entry of the instance that a checkpoint follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Its sequence.
    pub sequence: u64,
    /// Its hash.
    pub hash: ChainHead,
    /// Its instant.
    pub at: Timestamp,
}

/// Encodes and signs a checkpoint, in as many parts as it takes, each an entry that follows the one before.
pub fn encode_checkpoint(
    mut before: Before,
    now: Timestamp,
    heads: &[Head],
    master: &MasterKey,
) -> Vec<(Header, Encoded)> {
    let signer = Signer::of(master);
    let chunks = heads.chunks(CHECKPOINT_HEADS_MAX);
    let parts = u16::try_from(chunks.len()).expect("tenants are bounded far below 65 million");
    let mut entries = Vec::with_capacity(chunks.len());
    for (part, heads) in (0..).zip(chunks) {
        let header = Header {
            tenant: TenantId::INSTANCE,
            sequence: before.sequence + 1,
            at: now.max(before.at),
            principal: Principal::System,
            previous: before.hash,
        };
        let key = master.fingerprint();
        let encoded = encode_part(&header, key, (part, parts), heads, &signer);
        before = Before {
            sequence: header.sequence,
            hash: encoded.hash,
            at: header.at,
        };
        entries.push((header, encoded));
    }
    entries
}

fn encode_part(
    header: &Header,
    key: KeyFingerprint,
    (part, parts): (u16, u16),
    heads: &[Head],
    signer: &Signer,
) -> Encoded {
    assert!(
        heads.len() <= CHECKPOINT_HEADS_MAX,
        "many heads are many parts"
    );
    let mut covered = Vec::new();
    let clear = Clear {
        kind: Kind::Checkpoint,
        header: *header,
        key,
        nonce: Nonce {
            prefix: [0; 16],
            counter: 0,
        },
        has_personal: false,
    };
    clear.write(&mut covered);
    covered.extend_from_slice(&signer.public().0);
    covered.extend_from_slice(&part.to_le_bytes());
    covered.extend_from_slice(&parts.to_le_bytes());
    covered.extend_from_slice(&(heads.len() as u32).to_le_bytes());
    for head in heads {
        covered.extend_from_slice(&head.tenant.0.to_le_bytes());
        covered.extend_from_slice(&head.sequence.to_le_bytes());
        covered.extend_from_slice(&head.hash);
    }
    let signature = signer.sign(&[CHECKPOINT_MARK, &covered].concat());
    covered.extend_from_slice(&signature);
    Encoded {
        hash: chain_hash(&covered, None),
        covered,
        personal: Vec::new(),
    }
}

/// What is signed of a head that stands alone.
pub fn head_message(head: &Head) -> Vec<u8> {
    let mut message = HEAD_MARK.to_vec();
    message.extend_from_slice(&head.tenant.0.to_le_bytes());
    message.extend_from_slice(&head.sequence.to_le_bytes());
    message.extend_from_slice(&head.hash);
    message
}

impl Checkpoint {
    /// Reads an entry that is a checkpoint. Whether it is signed is another question.
    pub fn read(covered: &[u8]) -> Result<Self, Error> {
        let mut rest = covered.get(HEADER_BYTES..).ok_or(Error::Malformed)?;
        let public = PublicKey(take(&mut rest)?);
        let part = u16::from_le_bytes(take(&mut rest)?);
        let parts = u16::from_le_bytes(take(&mut rest)?);
        let count = u32::from_le_bytes(take(&mut rest)?) as usize;
        if count > CHECKPOINT_HEADS_MAX || part >= parts {
            return Err(Error::Malformed);
        }
        let mut heads = Vec::with_capacity(count);
        for _ in 0..count {
            heads.push(Head {
                tenant: TenantId(u128::from_le_bytes(take(&mut rest)?)),
                sequence: u64::from_le_bytes(take(&mut rest)?),
                hash: take(&mut rest)?,
            });
        }
        if rest.len() != SIGNATURE_BYTES {
            return Err(Error::Malformed);
        }
        Ok(Self {
            public,
            part,
            parts,
            heads,
        })
    }

    /// Whether the bytes it was read from are signed with its own key.
    pub fn is_signed(&self, covered: &[u8]) -> bool {
        covered
            .split_last_chunk::<SIGNATURE_BYTES>()
            .is_some_and(|(signed, signature)| {
                let message = [CHECKPOINT_MARK, signed].concat();
                self.public.verifies(&message, signature)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_back_and_every_changed_bit_of_it_shows() {
        let master = MasterKey::new([3; 32]);
        let header = Header {
            tenant: TenantId::INSTANCE,
            sequence: 9,
            at: Timestamp(1_700_000_000_123),
            principal: Principal::System,
            previous: [4; 32],
        };
        let head = |id: u128| Head {
            tenant: TenantId(id),
            sequence: id as u64 * 3,
            hash: [id as u8; 32],
        };
        let (heads, signer) = ([head(0), head(7)], Signer::of(&master));
        let made = encode_part(&header, master.fingerprint(), (1, 2), &heads, &signer);
        let clear = Clear::read(&made.covered).expect("it reads");
        assert_eq!((clear.header, clear.kind), (header, Kind::Checkpoint));
        let checkpoint = Checkpoint::read(&made.covered).expect("a checkpoint");
        assert_eq!((checkpoint.part, checkpoint.parts), (1, 2));
        assert_eq!(checkpoint.heads, heads);
        assert!(checkpoint.is_signed(&made.covered));
        for place in 0..made.covered.len() {
            let mut changed = made.covered.clone();
            changed[place] ^= 1;
            let is_signed = Checkpoint::read(&changed).is_ok_and(|one| one.is_signed(&changed));
            assert!(!is_signed, "byte {place}");
        }
    }
}
