//! A journal entry: what happened to one tenant in one step, as bytes.
//!
//! ```text
//! covered:  version u8 │ tenant u128 │ sequence u64 │ time i64 │ previous hash 32 │ nonce 16 + 8 │ principal 18
//!           │ personal part? u8 │ sealed event part (bincode of the events, then a tag of 16)
//! personal: sealed (16 random bytes, bincode of the facts, tag of 16), or nothing
//! hash:     SHA-256(covered │ SHA-256(personal)); without a personal part SHA-256(covered)
//! ```
//!
//! Little-endian. Both parts are sealed with XChaCha20-Poly1305 under the tenant's key, the header being associated data, so
//! that no entry can be moved to another tenant or place. Every entry carries its predecessor's hash; the chain covers
//! ciphertext, so anyone can check it without a key, and covers the personal part only by its digest, so erasing one breaks
//! nothing. The 16 random bytes go with the erased part: what is left of it cannot be tested against guesses. This is the only
//! file that names bincode for entries, and the only one that turns contacts into stored bytes. docs/journal-format.md has the same for other readers.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::ledger::Event;
use crate::model::{
    AppointmentId, BlockId, CallId, CallReference, CallerId, Channel, Email, FreeText, KeyId,
    PersonId, PersonName, PersonalFact, Phone, Principal, Remark, Scope, Subject, TenantId,
    Timestamp,
};
use crate::seal::{DoesNotOpen, Nonce, Opener, Sealer};

/// The version this build writes.
const VERSION: u8 = 1;
/// Bytes before the sealed event part.
const HEADER_BYTES: usize = 1 + 16 + 8 + 8 + 32 + 24 + 18 + 1;
/// Random bytes at the beginning of a personal part.
const SALT_BYTES: usize = 16;
/// No decoder may allocate more than a whole entry could hold.
const DECODED_BYTES_MAX: usize = 1 << 20;
/// Tells the associated data of the personal part from that of the event part.
const PERSONAL_MARK: &[u8] = b"personal";

/// The hash of a tenant's latest entry; all zero before the first.
pub type ChainHead = [u8; 32];

/// Why an entry cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too short, or a field has no meaning.
    #[error("an entry is not well formed")]
    Malformed,
    /// Written by a newer holdfast.
    #[error(
        "an entry has version {0}, which this holdfast does not know; run the version that wrote it"
    )]
    UnknownVersion(u8),
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

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What it says in clear.
    pub header: Header,
    /// What happened.
    pub events: Vec<Event>,
    /// What it says of persons; `None`: it was erased.
    pub facts: Option<Vec<PersonalFact>>,
    /// Its hash.
    pub hash: ChainHead,
}

/// A personal fact as it is stored. Field order is the format.
#[derive(Serialize, Deserialize)]
enum StoredFact {
    Caller {
        caller: u128,
        phone: String,
    },
    Person {
        person: u128,
        caller: u128,
        name: String,
        email: Option<String>,
    },
    Call {
        call: u128,
        caller: u128,
        reference: String,
    },
    Said {
        caller: u128,
        channel: Channel,
        remark: String,
        until: i64,
    },
    AppointmentReason {
        appointment: u128,
        text: String,
    },
    BlockReason {
        block: u128,
        text: String,
    },
    Body {
        key: [u8; 32],
        digest: [u8; 32],
    },
}

impl From<&PersonalFact> for StoredFact {
    fn from(fact: &PersonalFact) -> Self {
        match fact {
            PersonalFact::Caller { caller, phone } => Self::Caller {
                caller: caller.0,
                phone: phone.expose().to_owned(),
            },
            PersonalFact::Person {
                person,
                caller,
                name,
                email,
            } => Self::Person {
                person: person.0,
                caller: caller.0,
                name: name.expose().to_owned(),
                email: email.as_ref().map(|email| email.expose().to_owned()),
            },
            PersonalFact::Call {
                call,
                caller,
                reference,
            } => Self::Call {
                call: call.0,
                caller: caller.0,
                reference: reference.expose().to_owned(),
            },
            PersonalFact::Said {
                caller,
                channel,
                remark,
                until,
            } => Self::Said {
                caller: caller.0,
                channel: *channel,
                remark: remark.expose().to_owned(),
                until: until.0,
            },
            PersonalFact::Reason {
                about: Subject::Appointment(id),
                text,
            } => Self::AppointmentReason {
                appointment: id.0,
                text: text.expose().to_owned(),
            },
            PersonalFact::Reason {
                about: Subject::Block(id),
                text,
            } => Self::BlockReason {
                block: id.0,
                text: text.expose().to_owned(),
            },
            PersonalFact::Body { key, digest } => Self::Body {
                key: *key,
                digest: *digest,
            },
        }
    }
}

impl From<StoredFact> for PersonalFact {
    fn from(stored: StoredFact) -> Self {
        match stored {
            StoredFact::Caller { caller, phone } => Self::Caller {
                caller: CallerId(caller),
                phone: Phone::from_stored(phone),
            },
            StoredFact::Person {
                person,
                caller,
                name,
                email,
            } => Self::Person {
                person: PersonId(person),
                caller: CallerId(caller),
                name: PersonName::from_stored(name),
                email: email.map(Email::from_stored),
            },
            StoredFact::Call {
                call,
                caller,
                reference,
            } => Self::Call {
                call: CallId(call),
                caller: CallerId(caller),
                reference: CallReference::from_stored(reference),
            },
            StoredFact::Said {
                caller,
                channel,
                remark,
                until,
            } => Self::Said {
                caller: CallerId(caller),
                channel,
                remark: Remark::from_stored(remark),
                until: Timestamp(until),
            },
            StoredFact::AppointmentReason { appointment, text } => Self::Reason {
                about: Subject::Appointment(AppointmentId(appointment)),
                text: FreeText::from_stored(text),
            },
            StoredFact::BlockReason { block, text } => Self::Reason {
                about: Subject::Block(BlockId(block)),
                text: FreeText::from_stored(text),
            },
            StoredFact::Body { key, digest } => Self::Body { key, digest },
        }
    }
}

/// Encodes and seals an entry. `salt` is 16 fresh random bytes, used only if there are facts.
pub fn encode(
    header: &Header,
    events: &[Event],
    facts: &[PersonalFact],
    salt: [u8; SALT_BYTES],
    sealer: &mut Sealer,
) -> Encoded {
    let nonces = (sealer.nonce(), sealer.nonce());
    let mut covered = Vec::with_capacity(HEADER_BYTES + 256);
    write_header(header, nonces.0, !facts.is_empty(), &mut covered);
    let mut sealed = bincode::serde::encode_to_vec(events, bincode::config::standard())
        .expect("events hold nothing that bincode cannot write");
    sealer.seal(nonces.0, &covered, &mut sealed);

    let mut personal = Vec::new();
    if !facts.is_empty() {
        let stored: Vec<StoredFact> = facts.iter().map(StoredFact::from).collect();
        personal.extend_from_slice(&salt);
        bincode::serde::encode_into_std_write(&stored, &mut personal, bincode::config::standard())
            .expect("facts hold nothing that bincode cannot write");
        sealer.seal(nonces.1, &personal_associated(&covered), &mut personal);
    }
    covered.extend_from_slice(&sealed);
    let hash = hash(&covered, (!personal.is_empty()).then(|| sha256(&personal)));
    Encoded {
        covered,
        personal,
        hash,
    }
}

/// Opens and decodes an entry. `personal` is `None` if that part was erased; its digest then comes from the journal's frame.
pub fn decode(
    covered: &[u8],
    personal: Option<&[u8]>,
    personal_digest: Option<[u8; 32]>,
    opener: &mut Opener,
) -> Result<Decoded, Error> {
    let (header, nonce, has_personal) = read_header(covered)?;
    let (associated, sealed) = covered.split_at(HEADER_BYTES);
    let content = opener.open(nonce, associated, sealed)?;
    let events: Vec<Event> = decode_all(&content)?;
    let facts = match (has_personal, personal) {
        (false, _) => Some(Vec::new()),
        (true, None) => None,
        (true, Some(personal)) => {
            // The personal part has the nonce after the event part's.
            let nonce = Nonce {
                counter: nonce.counter + 1,
                ..nonce
            };
            let content = opener.open(nonce, &personal_associated(associated), personal)?;
            let stored: Vec<StoredFact> =
                decode_all(content.get(SALT_BYTES..).ok_or(Error::Malformed)?)?;
            Some(stored.into_iter().map(PersonalFact::from).collect())
        }
    };
    let digest = personal_digest.or_else(|| personal.filter(|part| !part.is_empty()).map(sha256));
    let hash = hash(covered, digest.filter(|_| has_personal));
    Ok(Decoded {
        header,
        events,
        facts,
        hash,
    })
}

/// What an entry says in clear, without any key.
pub fn header(covered: &[u8]) -> Result<Header, Error> {
    read_header(covered).map(|(header, _, _)| header)
}

fn personal_associated(header: &[u8]) -> Vec<u8> {
    [header, PERSONAL_MARK].concat()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes)
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

fn hash(covered: &[u8], personal_digest: Option<[u8; 32]>) -> ChainHead {
    let mut context = ring::digest::Context::new(&SHA256);
    context.update(covered);
    if let Some(digest) = personal_digest {
        context.update(&digest);
    }
    context
        .finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

fn decode_all<T: serde::de::DeserializeOwned>(content: &[u8]) -> Result<T, Error> {
    let bounded = bincode::config::standard().with_limit::<DECODED_BYTES_MAX>();
    let (value, used) = bincode::serde::decode_from_slice(content, bounded)?;
    if used == content.len() {
        Ok(value)
    } else {
        Err(Error::Malformed)
    }
}

fn write_header(header: &Header, nonce: Nonce, has_personal: bool, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(&header.tenant.0.to_le_bytes());
    out.extend_from_slice(&header.sequence.to_le_bytes());
    out.extend_from_slice(&header.at.0.to_le_bytes());
    out.extend_from_slice(&header.previous);
    out.extend_from_slice(&nonce.prefix);
    out.extend_from_slice(&nonce.counter.to_le_bytes());
    let (kind, scope, key) = match header.principal {
        Principal::System => (0, 0, 0),
        Principal::Key { key, scope } => (1, scope_number(scope), key.0),
    };
    out.extend_from_slice(&[kind, scope]);
    out.extend_from_slice(&key.to_le_bytes());
    out.push(u8::from(has_personal));
    assert!(out.len() == HEADER_BYTES, "the header has one length");
}

fn scope_number(scope: Scope) -> u8 {
    match scope {
        Scope::Admin => 0,
        Scope::Staff => 1,
        Scope::Agent => 2,
        Scope::Read => 3,
    }
}

fn read_header(covered: &[u8]) -> Result<(Header, Nonce, bool), Error> {
    let version = *covered.first().ok_or(Error::Malformed)?;
    if version != VERSION {
        return Err(Error::UnknownVersion(version));
    }
    let mut rest = covered.get(1..HEADER_BYTES).ok_or(Error::Malformed)?;
    let tenant = TenantId(u128::from_le_bytes(take(&mut rest)?));
    let sequence = u64::from_le_bytes(take(&mut rest)?);
    let at = Timestamp(i64::from_le_bytes(take(&mut rest)?));
    let previous = take(&mut rest)?;
    let prefix = take(&mut rest)?;
    let counter = u64::from_le_bytes(take(&mut rest)?);
    let [kind, scope] = take(&mut rest)?;
    let key = KeyId(u128::from_le_bytes(take(&mut rest)?));
    let [has_personal] = take(&mut rest)?;
    let scope = [Scope::Admin, Scope::Staff, Scope::Agent, Scope::Read]
        .into_iter()
        .find(|known| scope_number(*known) == scope);
    let principal = match (kind, scope) {
        (0, _) => Principal::System,
        (1, Some(scope)) => Principal::Key { key, scope },
        _ => return Err(Error::Malformed),
    };
    if has_personal > 1 {
        return Err(Error::Malformed);
    }
    let header = Header {
        tenant,
        sequence,
        at,
        principal,
        previous,
    };
    Ok((header, Nonce { prefix, counter }, has_personal == 1))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (head, tail) = rest.split_first_chunk().ok_or(Error::Malformed)?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HoldId, Profile};
    use crate::seal::MasterKey;

    fn parts() -> (Header, Vec<Event>, Vec<PersonalFact>, Sealer, Opener) {
        let master = MasterKey::new([3; 32]);
        let header = Header {
            tenant: TenantId(5),
            sequence: 9,
            at: Timestamp(1_700_000_000_123),
            principal: Principal::Key {
                key: KeyId(8),
                scope: Scope::Agent,
            },
            previous: [4; 32],
        };
        let profile = Profile::new("Clinic", "Europe/London", "gb").expect("a profile");
        let events = vec![
            Event::ProfileSet(profile),
            Event::HoldReleased { hold: HoldId(1) },
        ];
        let phone = Phone::parse("07700 900123", "GB").expect("a phone");
        let facts = vec![PersonalFact::Caller {
            caller: CallerId(2),
            phone,
        }];
        let sealer = Sealer::of(&master, TenantId(5), [1; 16]);
        (
            header,
            events,
            facts,
            sealer,
            Opener::of(&master, TenantId(5)),
        )
    }

    #[test]
    fn an_entry_survives_its_bytes_and_its_bytes_show_nothing() {
        let (header, events, facts, mut sealer, mut opener) = parts();
        let encoded = encode(&header, &events, &facts, [6; 16], &mut sealer);
        let decoded =
            decode(&encoded.covered, Some(&encoded.personal), None, &mut opener).expect("it opens");
        assert_eq!((decoded.header, &decoded.events), (header, &events));
        assert_eq!(decoded.facts.as_ref(), Some(&facts));
        assert_eq!(decoded.hash, encoded.hash);
        for bytes in [&encoded.covered, &encoded.personal] {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains("7700") && !text.contains("Clinic"));
        }
    }

    #[test]
    fn an_erased_personal_part_leaves_the_events_and_the_chain() {
        let (header, events, facts, mut sealer, mut opener) = parts();
        let encoded = encode(&header, &events, &facts, [6; 16], &mut sealer);
        let digest = sha256(&encoded.personal);
        let decoded = decode(&encoded.covered, None, Some(digest), &mut opener).expect("it opens");
        assert_eq!((decoded.events, decoded.facts), (events, None));
        assert_eq!(decoded.hash, encoded.hash);
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused_and_never_panics() {
        let (header, events, facts, mut sealer, mut opener) = parts();
        let encoded = encode(&header, &events, &facts, [6; 16], &mut sealer);
        for place in 0..encoded.covered.len() {
            let mut bent = encoded.covered.clone();
            bent[place] ^= 1;
            assert!(
                decode(&bent, Some(&encoded.personal), None, &mut opener).is_err(),
                "{place}"
            );
        }
        for length in 0..encoded.covered.len() {
            assert!(decode(&encoded.covered[..length], None, None, &mut opener).is_err());
        }
    }
}
