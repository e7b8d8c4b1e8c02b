//! An entry's two sealed parts: its events, and what it says of persons.
//!
//! This is the only file that encodes with bincode for entries, and the only one that turns contacts into stored bytes. Each part has
//! a nonce of its own, the personal part the one after the event part's.

use serde::{Deserialize, Serialize};

use crate::ledger::Event;
use crate::model::{
    AppointmentId, BlockId, CallId, CallReference, CallerId, Channel, Email, FreeText, PersonId,
    PersonName, PersonalFact, Phone, Remark, Subject, Timestamp,
};
use crate::seal::{Nonce, Opener, Sealer};

use super::chain::{Encoded, chain_hash, sha256};
use super::checkpoint::Checkpoint;
use super::header::{ChainHead, Clear, Error, HEADER_BYTES, Header, Kind};

/// Random bytes at the beginning of a personal part.
const SALT_BYTES: usize = 16;
/// No decoder may allocate more than a whole entry could hold.
const DECODED_BYTES_MAX: usize = 1 << 20;
/// Tells the associated data of the personal part from that of the event part.
const PERSONAL_MARK: &[u8] = b"personal";

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What it says in clear.
    pub header: Header,
    /// What happened.
    pub events: Vec<Event>,
    /// What it says of persons; `None`: it was erased.
    pub facts: Option<Vec<PersonalFact>>,
    /// It is a checkpoint, by which nothing happens.
    pub checkpoint: Option<Checkpoint>,
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
    PersonAgain {
        person: u128,
        caller: u128,
        name: String,
        email: Option<String>,
        created_at: i64,
        place: (u64, u32),
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
            PersonalFact::PersonAgain {
                person,
                caller,
                name,
                email,
                created_at,
                place,
            } => Self::PersonAgain {
                person: person.0,
                caller: caller.0,
                name: name.expose().to_owned(),
                email: email.as_ref().map(|email| email.expose().to_owned()),
                created_at: created_at.0,
                place: *place,
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
            StoredFact::PersonAgain {
                person,
                caller,
                name,
                email,
                created_at,
                place,
            } => Self::PersonAgain {
                person: PersonId(person),
                caller: CallerId(caller),
                name: PersonName::from_stored(name),
                email: email.map(Email::from_stored),
                created_at: Timestamp(created_at),
                place,
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
    let clear = Clear {
        kind: Kind::Events,
        header: *header,
        key: sealer.master(),
        nonce: nonces.0,
        has_personal: !facts.is_empty(),
    };
    clear.write(&mut covered);
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
    let hash = chain_hash(&covered, (!personal.is_empty()).then(|| sha256(&personal)));
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
    let Clear {
        kind,
        header,
        key,
        nonce,
        has_personal,
    } = Clear::read(covered)?;
    if key != opener.master() {
        return Err(Error::OtherMasterKey {
            sealed: key,
            given: opener.master(),
        });
    }
    if kind == Kind::Checkpoint {
        return Ok(Decoded {
            header,
            events: Vec::new(),
            facts: Some(Vec::new()),
            checkpoint: Some(Checkpoint::read(covered)?),
            hash: chain_hash(covered, None),
        });
    }
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
    let hash = chain_hash(covered, digest.filter(|_| has_personal));
    Ok(Decoded {
        header,
        events,
        facts,
        checkpoint: None,
        hash,
    })
}

fn personal_associated(header: &[u8]) -> Vec<u8> {
    [header, PERSONAL_MARK].concat()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::OWNER_COPY;
    use crate::model::{HoldId, KeyId, Principal, Profile, Scope, TenantId, Timestamp};
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
    fn what_a_newer_holdfast_wrote_or_another_key_sealed_is_refused_in_words() {
        let (header, events, facts, mut sealer, mut opener) = parts();
        let encoded = encode(&header, &events, &facts, [6; 16], &mut sealer);
        assert_eq!(encoded.covered[OWNER_COPY], header.tenant.0.to_le_bytes());
        for (place, number, what) in [(0, 2, "format 2"), (1, 3, "kind 3"), (2, 2, "schema 2")] {
            let mut newer = encoded.covered.clone();
            newer[place] = number;
            let said = decode(&newer, None, None, &mut opener).expect_err("it is newer");
            let said = said.to_string();
            assert!(
                said.contains(what) && said.contains("run the newer holdfast"),
                "{said}"
            );
        }
        let mut other = Opener::of(&MasterKey::new([4; 32]), header.tenant);
        let said = decode(&encoded.covered, None, None, &mut other).expect_err("another key");
        assert!(
            said.to_string().contains("put the right key file back"),
            "{said}"
        );
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
