//! Keys: one master key, and what is derived from it for each tenant (HKDF-SHA-256, RFC 5869).
//!
//! Nothing here is stored; losing the master key loses every sealed entry. Key material is wiped when dropped and prints
//! masked.

use std::fmt;

use chacha20::R20;
use ring::{aead, hkdf, hmac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::{AuthToken, SealedToken, SmsAccount, TenantId, VerificationId, VoiceSecret};

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
    /// Sealing images.
    Images,
    /// Signing checkpoints.
    Checkpoints,
}

/// Fresh random bytes from the operating system. The one place that asks for them; everything else is handed its own.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes)
        .expect("the operating system has a random source");
    bytes
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

    /// What tells this key from another without telling anything of it: the first 4 bytes of a derived value.
    pub fn fingerprint(&self) -> KeyFingerprint {
        let mut short = [0; 4];
        short.copy_from_slice(&self.derive(TenantId::INSTANCE, b"fingerprint")[..4]);
        KeyFingerprint(short)
    }

    /// The 32 bytes for a tenant and a purpose.
    pub fn tenant_key(&self, tenant: TenantId, purpose: Purpose) -> [u8; 32] {
        self.derive(
            tenant,
            match purpose {
                Purpose::Entries => b"entries",
                Purpose::Codes => b"codes",
                Purpose::Images => b"images",
                Purpose::Checkpoints => b"checkpoints",
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

/// Tells one master key from another; it stands in every entry, so that a wrong key is called that and not damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFingerprint(pub [u8; 4]);

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:08x}", u32::from_be_bytes(self.0))
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

/// Length of a sealed part beyond its content, in bytes: the tag.
pub const TAG_BYTES: usize = 16;

/// A sealed part does not open: another key, other associated data, or not the bytes that were sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed part does not open with this master key")]
pub struct DoesNotOpen;

/// A nonce of XChaCha20-Poly1305, 24 bytes: 16 random ones drawn once in an actor's life, then a counter.
///
/// The counter never repeats within a life and the prefix never between lives, so neither a restart, a restored backup nor
/// a torn tail that is written again can use one nonce twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce {
    /// Drawn once.
    pub prefix: [u8; 16],
    /// Counted.
    pub counter: u64,
}

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) for one nonce prefix.
///
/// The construction is an HChaCha20 subkey and ordinary ChaCha20-Poly1305; the subkey depends on the prefix alone, so it is
/// made once and ring does the rest, byte for byte what the textbook form gives at a seventh of its time.
struct Subkey {
    prefix: [u8; 16],
    key: aead::LessSafeKey,
}

impl Subkey {
    fn new(tenant_key: &[u8; 32], prefix: [u8; 16]) -> Self {
        let mut subkey: [u8; 32] =
            chacha20::hchacha::<R20>(tenant_key.into(), (&prefix).into()).into();
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &subkey)
            .expect("ChaCha20-Poly1305 takes 32 bytes");
        subkey.zeroize();
        Self {
            prefix,
            key: aead::LessSafeKey::new(key),
        }
    }

    fn nonce(counter: u64) -> aead::Nonce {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&counter.to_le_bytes());
        aead::Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals a tenant's entries.
pub struct Sealer {
    subkey: Subkey,
    next: u64,
    master: KeyFingerprint,
}

impl Sealer {
    /// A sealer for one life of one tenant's actor; `prefix` is 16 fresh random bytes.
    pub fn of(master: &MasterKey, tenant: TenantId, prefix: [u8; 16]) -> Self {
        Self::with(master, tenant, Purpose::Entries, prefix)
    }

    /// The same for another purpose: one of those that seal.
    pub fn with(master: &MasterKey, tenant: TenantId, purpose: Purpose, prefix: [u8; 16]) -> Self {
        let mut key = master.tenant_key(tenant, purpose);
        let subkey = Subkey::new(&key, prefix);
        key.zeroize();
        Self {
            subkey,
            next: 0,
            master: master.fingerprint(),
        }
    }

    /// Which master key its own comes from.
    pub fn master(&self) -> KeyFingerprint {
        self.master
    }

    /// A nonce that was never used and never will be.
    pub fn nonce(&mut self) -> Nonce {
        let nonce = Nonce {
            prefix: self.subkey.prefix,
            counter: self.next,
        };
        self.next += 1;
        nonce
    }

    /// Seals `content` in place and appends the tag. The nonce must come from this sealer and be used once.
    pub fn seal(&self, nonce: Nonce, associated: &[u8], content: &mut Vec<u8>) {
        let nonce = Subkey::nonce(nonce.counter);
        self.subkey
            .key
            .seal_in_place_append_tag(nonce, aead::Aad::from(associated), content)
            .expect("an entry is far below ChaCha20's bound of 256 GiB");
    }
}

/// What a sealed token is bound to: its purpose, its clinic and its account. It opens nowhere else.
fn token_place(tenant: TenantId, account: &SmsAccount) -> Vec<u8> {
    let mut place = b"holdfast/1 sms token".to_vec();
    place.extend_from_slice(&tenant.0.to_le_bytes());
    place.extend_from_slice(account.sid().as_bytes());
    place
}

/// What the sealed secret of a voice line is bound to: its purpose and its clinic.
fn voice_place(tenant: TenantId) -> Vec<u8> {
    let mut place = b"holdfast/1 voice secret".to_vec();
    place.extend_from_slice(&tenant.0.to_le_bytes());
    place
}

impl Sealer {
    /// Seals the token of a clinic's account.
    pub fn seal_token(
        &mut self,
        tenant: TenantId,
        account: &SmsAccount,
        token: &AuthToken,
    ) -> SealedToken {
        self.seal_word(&token_place(tenant, account), token.expose())
    }

    /// Seals the secret of a clinic's voice line.
    pub fn seal_secret(&mut self, tenant: TenantId, secret: &VoiceSecret) -> SealedToken {
        self.seal_word(&voice_place(tenant), secret.expose())
    }

    /// Seals a secret word for its place.
    pub fn seal_word(&mut self, place: &[u8], word: &str) -> SealedToken {
        let nonce = self.nonce();
        // Room for the tag, so that the plain bytes are sealed where they lie and never copied by a vector that grows.
        let mut bytes = Vec::with_capacity(word.len() + TAG_BYTES);
        bytes.extend_from_slice(word.as_bytes());
        self.seal(nonce, place, &mut bytes);
        SealedToken {
            prefix: nonce.prefix,
            counter: nonce.counter,
            bytes,
        }
    }
}

/// Opens the token of a clinic's account.
pub fn open_token(
    master: &MasterKey,
    tenant: TenantId,
    account: &SmsAccount,
    sealed: &SealedToken,
) -> Result<AuthToken, DoesNotOpen> {
    let text = open_word(master, tenant, &token_place(tenant, account), sealed)?;
    AuthToken::new(text).map_err(|_| DoesNotOpen)
}

/// Opens the secret of a clinic's voice line.
pub fn open_secret(
    master: &MasterKey,
    tenant: TenantId,
    sealed: &SealedToken,
) -> Result<VoiceSecret, DoesNotOpen> {
    let text = open_word(master, tenant, &voice_place(tenant), sealed)?;
    VoiceSecret::new(text).map_err(|_| DoesNotOpen)
}

/// Opens a secret word of its place.
pub fn open_word(
    master: &MasterKey,
    tenant: TenantId,
    place: &[u8],
    sealed: &SealedToken,
) -> Result<String, DoesNotOpen> {
    let nonce = Nonce {
        prefix: sealed.prefix,
        counter: sealed.counter,
    };
    let bytes = Opener::of(master, tenant).open(nonce, place, &sealed.bytes)?;
    String::from_utf8(bytes).map_err(|_| DoesNotOpen)
}

/// Opens a tenant's entries, whichever life sealed them.
pub struct Opener {
    tenant_key: zeroize::Zeroizing<[u8; 32]>,
    subkey: Option<Subkey>,
    master: KeyFingerprint,
}

impl Opener {
    /// An opener for a tenant's entries.
    pub fn of(master: &MasterKey, tenant: TenantId) -> Self {
        Self::with(master, tenant, Purpose::Entries)
    }

    /// The same for another purpose.
    pub fn with(master: &MasterKey, tenant: TenantId, purpose: Purpose) -> Self {
        let tenant_key = zeroize::Zeroizing::new(master.tenant_key(tenant, purpose));
        Self {
            tenant_key,
            subkey: None,
            master: master.fingerprint(),
        }
    }

    /// Which master key its own comes from.
    pub fn master(&self) -> KeyFingerprint {
        self.master
    }

    /// Opens a sealed part.
    pub fn open(
        &mut self,
        nonce: Nonce,
        associated: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, DoesNotOpen> {
        // Neighbouring entries come from one life, so the last subkey is nearly always the right one.
        let subkey = match self.subkey.take() {
            Some(subkey) if subkey.prefix == nonce.prefix => subkey,
            _ => Subkey::new(&self.tenant_key, nonce.prefix),
        };
        let subkey = self.subkey.insert(subkey);
        let mut content = sealed.to_vec();
        let associated = aead::Aad::from(associated);
        let opened = subkey
            .key
            .open_in_place(Subkey::nonce(nonce.counter), associated, &mut content)
            .map_err(|_| DoesNotOpen)?
            .len();
        content.truncate(opened);
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // draft-irtf-cfrg-xchacha-03, appendix A.3.1, with its nonce split into our prefix and counter.
    #[test]
    fn sealing_is_xchacha20_poly1305_to_the_byte() {
        let mut key = [0u8; 32];
        for (place, byte) in (0x80u8..=0x9f).enumerate() {
            key[place] = byte;
        }
        let mut prefix = [0u8; 16];
        for (place, byte) in (0x40u8..=0x4f).enumerate() {
            prefix[place] = byte;
        }
        let subkey = Subkey::new(&key, prefix);
        let counter = u64::from_le_bytes([0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57]);
        let sealer = Sealer {
            subkey,
            next: counter,
            master: KeyFingerprint([0; 4]),
        };
        let associated = [
            0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
        ];
        let mut content = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.".to_vec();
        sealer.seal(Nonce { prefix, counter }, &associated, &mut content);
        assert_eq!(content[..4], [0xbd, 0x6d, 0x17, 0x9d]);
        let tag = [
            0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a,
            0xcf, 0x49,
        ];
        assert_eq!(content[content.len() - TAG_BYTES..], tag);
    }

    #[test]
    fn a_sealed_part_opens_only_for_its_tenant_and_place() {
        let master = MasterKey::new([7; 32]);
        let mut sealer = Sealer::of(&master, TenantId(1), [9; 16]);
        let nonce = sealer.nonce();
        let mut part = b"content".to_vec();
        sealer.seal(nonce, b"place", &mut part);
        let mut opener = Opener::of(&master, TenantId(1));
        assert_eq!(
            opener.open(nonce, b"place", &part).as_deref(),
            Ok(&b"content"[..])
        );
        assert!(opener.open(nonce, b"elsewhere", &part).is_err());
        assert!(opener.open(sealer.nonce(), b"place", &part).is_err());
        assert!(
            Opener::of(&master, TenantId(2))
                .open(nonce, b"place", &part)
                .is_err()
        );
    }

    #[test]
    fn a_token_opens_for_its_clinic_and_account_alone() {
        let master = MasterKey::new([7; 32]);
        let account = |digit: &str| {
            let sid = format!("AC{}", digit.repeat(32));
            SmsAccount::new(&sid, "+442079460123").expect("an account")
        };
        let token = AuthToken::new("secret".to_owned()).expect("a token");
        let mut sealer = Sealer::of(&master, TenantId(1), [9; 16]);
        let sealed = sealer.seal_token(TenantId(1), &account("a"), &token);
        assert!(!sealed.bytes.windows(6).any(|part| part == b"secret"));
        let open = |tenant, digit| open_token(&master, TenantId(tenant), &account(digit), &sealed);
        assert_eq!(open(1, "a"), Ok(token));
        assert!(open(2, "a").is_err());
        assert!(open(1, "b").is_err());
    }

    #[test]
    fn a_voice_lines_secret_opens_for_its_clinic_alone_and_is_no_token() {
        let master = MasterKey::new([7; 32]);
        let secret = VoiceSecret::new("secret".to_owned()).expect("a secret");
        let mut sealer = Sealer::of(&master, TenantId(1), [9; 16]);
        let sealed = sealer.seal_secret(TenantId(1), &secret);
        assert!(!sealed.bytes.windows(6).any(|part| part == b"secret"));
        assert_eq!(open_secret(&master, TenantId(1), &sealed), Ok(secret));
        assert!(open_secret(&master, TenantId(2), &sealed).is_err());
        let account = SmsAccount::new(&format!("AC{}", "a".repeat(32)), "+442079460123");
        let account = account.expect("an account");
        assert!(open_token(&master, TenantId(1), &account, &sealed).is_err());
    }

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
        assert_ne!(key(1, Purpose::Entries), key(1, Purpose::Images));
        assert_ne!(key(1, Purpose::Entries), key(2, Purpose::Entries));
        assert_ne!(master.fingerprint(), MasterKey::new([8; 32]).fingerprint());
    }
}
