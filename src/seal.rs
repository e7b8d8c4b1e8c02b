//! Keys: one master key, and what is derived from it for each tenant (HKDF-SHA-256, RFC 5869).
//!
//! Nothing here is stored; losing the master key loses every sealed entry. Key material is wiped when dropped and prints
//! masked.

use std::fmt;

use ring::{hkdf, hmac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::{TenantId, VerificationId};

/// The instance's root secret: 32 random bytes in a file of its own.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

/// What a derived key is for; each purpose gives an independent key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing entries.
    Entries,
    /// Deriving one-time codes.
    Codes,
}

impl MasterKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, for the file that keeps them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tells this key from another without telling anything of it: the first 8 bytes of a derived value.
    pub fn fingerprint(&self) -> [u8; 8] {
        let mut short = [0; 8];
        short.copy_from_slice(&self.derive(TenantId::INSTANCE, b"fingerprint")[..8]);
        short
    }

    /// The 32 bytes for a tenant and a purpose.
    pub fn tenant_key(&self, tenant: TenantId, purpose: Purpose) -> [u8; 32] {
        self.derive(
            tenant,
            match purpose {
                Purpose::Entries => b"entries",
                Purpose::Codes => b"codes",
            },
        )
    }

    fn derive(&self, tenant: TenantId, purpose: &[u8]) -> [u8; 32] {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"holdfast/1");
        let root = salt.extract(&self.0);
        let tenant = tenant.0.to_le_bytes();
        let info: [&[u8]; 2] = [purpose, &tenant];
        let mut key = [0; 32];
        root.expand(&info, hkdf::HKDF_SHA256)
            .and_then(|output| output.fill(&mut key))
            .expect("32 bytes are within HKDF's bound of 255 × 32");
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<master key>")
    }
}

/// A tenant's key for one-time codes.
#[derive(Clone)]
pub struct CodeKey(hmac::Key);

impl CodeKey {
    /// The code key of a tenant.
    pub fn of(master: &MasterKey, tenant: TenantId) -> Self {
        let mut bytes = master.tenant_key(tenant, Purpose::Codes);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        bytes.zeroize();
        Self(key)
    }

    /// The code of one generation of one verification: 64 bits of HMAC modulo 10^digits (a bias below 2⁻³⁷ at 8 digits).
    pub fn code(&self, verification: VerificationId, generation: u32, digits: u8) -> String {
        let mut input = [0; 20];
        input[..16].copy_from_slice(&verification.0.to_le_bytes());
        input[16..].copy_from_slice(&generation.to_le_bytes());
        let tag = hmac::sign(&self.0, &input);
        let mut bits = [0; 8];
        bits.copy_from_slice(&tag.as_ref()[..8]);
        let code = u64::from_le_bytes(bits) % 10u64.pow(digits.into());
        format!("{code:0width$}", width = usize::from(digits))
    }

    /// Whether `entered` is that code, in time that does not depend on how much of it is right.
    pub fn matches(
        &self,
        entered: &str,
        verification: VerificationId,
        generation: u32,
        digits: u8,
    ) -> bool {
        let mut expected = self.code(verification, generation, digits);
        let same = expected.as_bytes().ct_eq(entered.as_bytes()).into();
        expected.zeroize();
        same
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<code key>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_depend_on_tenant_verification_and_generation_and_keep_their_digits() {
        let master = MasterKey::new([7; 32]);
        let key = CodeKey::of(&master, TenantId(1));
        let code = key.code(VerificationId(5), 1, 6);
        assert_eq!(code.len(), 6);
        assert!(key.matches(&code, VerificationId(5), 1, 6));
        let others = [
            key.code(VerificationId(5), 2, 6),
            key.code(VerificationId(6), 1, 6),
            CodeKey::of(&master, TenantId(2)).code(VerificationId(5), 1, 6),
        ];
        assert!(others.iter().all(|other| *other != code));
        assert!(!key.matches("", VerificationId(5), 1, 6));
    }

    #[test]
    fn purposes_and_tenants_have_independent_keys() {
        let master = MasterKey::new([7; 32]);
        let key = |tenant, purpose| master.tenant_key(TenantId(tenant), purpose);
        assert_ne!(key(1, Purpose::Entries), key(1, Purpose::Codes));
        assert_ne!(key(1, Purpose::Entries), key(2, Purpose::Entries));
        assert_ne!(master.fingerprint(), MasterKey::new([8; 32]).fingerprint());
    }
}
