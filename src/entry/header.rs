//! What an entry says in clear, and in which order its bytes say it.
//!
//! Every field here is under the frame's checksum, under the chain's hash and associated with both sealed parts. A change of
//! what the bytes mean raises one of the three numbers in front, so that an older build says that it is older and not that
//! the entry is damaged. Not here: what is sealed (`sealed.rs`).

use crate::model::{KeyId, Principal, Scope, TenantId, Timestamp};
use crate::seal::{DoesNotOpen, KeyFingerprint, Nonce};

/// The version of the header that this build writes.
const VERSION: u8 = 1;
/// The newest kind that this build knows.
const KIND_NEWEST: u8 = Kind::Checkpoint as u8;
/// The flag of an entry with a personal part.
const HAS_PERSONAL: u8 = 1;
/// Bytes before the sealed event part.
pub(super) const HEADER_BYTES: usize = 1 + 1 + 2 + 4 + 16 + 8 + 8 + 32 + 24 + 18 + 1;

/// The hash of a tenant's latest entry; all zero before the first.
pub type ChainHead = [u8; 32];

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Events and facts, sealed.
    Events = 1,
    /// What the journal came to, signed and in clear.
    Checkpoint = 2,
}

impl Kind {
    /// The version of what it holds that this build writes. Higher with every change of its shape.
    fn schema(self) -> u16 {
        match self {
            Self::Events => 1,
            Self::Checkpoint => 1,
        }
    }
}

/// Why an entry cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too short, or a field has no meaning.
    #[error("an entry is not well formed")]
    Malformed,
    /// Written by a newer holdfast.
    #[error(
        "an entry has {what} {found}, this holdfast knows up to {known}; run the newer holdfast that wrote it"
    )]
    Newer {
        /// What is newer.
        what: &'static str,
        /// What the entry has.
        found: u16,
        /// The newest that is known here.
        known: u16,
    },
    /// Sealed under another master key.
    #[error(
        "an entry was sealed under master key {sealed}, the key file holds master key {given}; put the right key file back"
    )]
    OtherMasterKey {
        /// The one it was sealed under.
        sealed: KeyFingerprint,
        /// The one at hand.
        given: KeyFingerprint,
    },
    /// It does not open.
    #[error(transparent)]
    DoesNotOpen(#[from] DoesNotOpen),
    /// The events or facts do not decode.
    #[error("an entry's content does not decode: {0}")]
    Content(#[from] bincode::error::DecodeError),
}

/// What an entry says in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its place among that tenant's entries, from 1 without gaps.
    pub sequence: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who asked.
    pub principal: Principal,
    /// The hash of the entry before it.
    pub previous: ChainHead,
}

/// What an entry says in clear, without any key.
pub fn header(covered: &[u8]) -> Result<Header, Error> {
    Clear::read(covered).map(|clear| clear.header)
}

/// What an outsider can know of an entry besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// What it says of itself.
    pub header: Header,
    /// The master key that it was sealed or signed under.
    pub key: KeyFingerprint,
    /// It is a checkpoint.
    pub is_checkpoint: bool,
    /// It has, or had, a personal part.
    pub has_personal: bool,
}

/// What an outsider can know of an entry.
pub fn outline(covered: &[u8]) -> Result<Outline, Error> {
    let clear = Clear::read(covered)?;
    Ok(Outline {
        header: clear.header,
        key: clear.key,
        is_checkpoint: clear.kind == Kind::Checkpoint,
        has_personal: clear.has_personal,
    })
}

/// All that an entry says in clear.
pub(super) struct Clear {
    pub(super) kind: Kind,
    pub(super) header: Header,
    pub(super) key: KeyFingerprint,
    pub(super) nonce: Nonce,
    pub(super) has_personal: bool,
}

impl Clear {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, self.kind as u8]);
        out.extend_from_slice(&self.kind.schema().to_le_bytes());
        out.extend_from_slice(&self.key.0);
        let header = &self.header;
        out.extend_from_slice(&header.tenant.0.to_le_bytes());
        out.extend_from_slice(&header.sequence.to_le_bytes());
        out.extend_from_slice(&header.at.0.to_le_bytes());
        out.extend_from_slice(&header.previous);
        out.extend_from_slice(&self.nonce.prefix);
        out.extend_from_slice(&self.nonce.counter.to_le_bytes());
        let (kind, scope, key) = match header.principal {
            Principal::System => (0, 0, 0),
            Principal::Key { key, scope } => (1, scope_number(scope), key.0),
        };
        out.extend_from_slice(&[kind, scope]);
        out.extend_from_slice(&key.to_le_bytes());
        out.push(if self.has_personal { HAS_PERSONAL } else { 0 });
        assert!(out.len() == HEADER_BYTES, "the header has one length");
    }

    pub(super) fn read(covered: &[u8]) -> Result<Clear, Error> {
        // In this order: what stands behind a version or kind that is not known has no meaning here.
        let [version, kind] = *covered.first_chunk().ok_or(Error::Malformed)?;
        known("format", version.into(), VERSION.into())?;
        known("kind", kind.into(), KIND_NEWEST.into())?;
        let kind = match kind {
            1 => Kind::Events,
            _ => Kind::Checkpoint,
        };
        let mut rest = covered.get(2..HEADER_BYTES).ok_or(Error::Malformed)?;
        known(
            "schema",
            u16::from_le_bytes(take(&mut rest)?),
            kind.schema(),
        )?;
        let key = KeyFingerprint(take(&mut rest)?);
        let tenant = TenantId(u128::from_le_bytes(take(&mut rest)?));
        let sequence = u64::from_le_bytes(take(&mut rest)?);
        let at = Timestamp(i64::from_le_bytes(take(&mut rest)?));
        let previous = take(&mut rest)?;
        let prefix = take(&mut rest)?;
        let counter = u64::from_le_bytes(take(&mut rest)?);
        let [asked, scope] = take(&mut rest)?;
        let id = KeyId(u128::from_le_bytes(take(&mut rest)?));
        let [flags] = take(&mut rest)?;
        let scopes = [Scope::Admin, Scope::Staff, Scope::Agent, Scope::Read];
        let scope = scopes.into_iter().find(|one| scope_number(*one) == scope);
        let principal = match (asked, scope) {
            (0, _) => Principal::System,
            (1, Some(scope)) => Principal::Key { key: id, scope },
            _ => return Err(Error::Malformed),
        };
        if flags & !HAS_PERSONAL != 0 {
            return Err(Error::Malformed);
        }
        let header = Header {
            tenant,
            sequence,
            at,
            principal,
            previous,
        };
        Ok(Clear {
            kind,
            header,
            key,
            nonce: Nonce { prefix, counter },
            has_personal: flags == HAS_PERSONAL,
        })
    }
}

/// Numbers count from 1; a higher one than is known here was written by a newer build.
fn known(what: &'static str, found: u16, known: u16) -> Result<(), Error> {
    match found {
        0 => Err(Error::Malformed),
        found if found > known => Err(Error::Newer { what, found, known }),
        _ => Ok(()),
    }
}

fn scope_number(scope: Scope) -> u8 {
    match scope {
        Scope::Admin => 0,
        Scope::Staff => 1,
        Scope::Agent => 2,
        Scope::Read => 3,
    }
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (head, tail) = rest.split_first_chunk().ok_or(Error::Malformed)?;
    *rest = tail;
    Ok(*head)
}
