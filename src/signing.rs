//! Signatures (Ed25519, RFC 8032): what holdfast vouches for can be checked by whoever has the public key.
//!
//! The key pair is derived from the master key, so there is no further secret to keep; the public key lies beside the state and
//! is no secret at all. Only checkpoints are signed.

use std::fmt;

use ring::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroize;

use crate::model::TenantId;
use crate::seal::{MasterKey, Purpose};

/// Length of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Signs.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// The signer of an instance.
    pub fn of(master: &MasterKey) -> Self {
        let mut seed = master.tenant_key(TenantId::INSTANCE, Purpose::Checkpoints);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        seed.zeroize();
        Self(pair.expect("any 32 bytes are an Ed25519 seed"))
    }

    /// What its signatures are checked with.
    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref().first_chunk();
        PublicKey(*bytes.expect("an Ed25519 public key has 32 bytes"))
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.0.sign(message);
        *signature
            .as_ref()
            .first_chunk()
            .expect("an Ed25519 signature has 64 bytes")
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<signer>")
    }
}

/// What signatures are checked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Whether the message was signed by the key that this is the public part of.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&signature::ED25519, &self.0);
        key.verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
