//! A tenant as bytes and back: everything its entries up to one of them leave behind, contacts included.
//!
//! **Stored format.** Four letters, the version in two bytes, the length of the first part in eight; then [`Stored`] in bincode,
//! the ledger as `ledger/image.rs` writes it, and the SHA-256 of all that. It is in clear here and holds names and numbers:
//! `snapshots/` seals it before it goes anywhere, and the buffer is wiped. Where entries lie is not part of it; that comes
//! from the journal. Invariant: `decode(&encode(state))` equals `state`, and nothing is taken whose digest differs.

use std::borrow::Cow;
use std::collections::VecDeque;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::entry::ChainHead;
use crate::journal::Lsn;
use crate::ledger;
use crate::model::{
    AppointmentId, BlockId, CallId, CallReference, CallerId, Channel, Email, Erasure, FreeText,
    PersonId, PersonName, Phone, Remark, Subject, Timestamp,
};

use super::contacts::{Body, Contacts};
use super::gaps::Gaps;
use super::parts::{Owner, Parts};
use super::persons::{Person, Persons};
use super::recovery::Replayed;
use super::remarks::Said;
use super::trail::Trail;

/// What every image begins with.
const MAGIC: [u8; 4] = *b"hfim";
/// The version that this build writes.
const VERSION: u16 = 1;
const PREFIX_BYTES: usize = MAGIC.len() + 2 + 8;
const DIGEST_BYTES: usize = 32;

/// Why bytes are no image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody wrote these.
    #[error("it does not begin as an image does")]
    NoImage,
    /// Written by another holdfast.
    #[error("it has version {0}, which this holdfast does not know")]
    UnknownVersion(u16),
    /// Not the bytes that were written.
    #[error("its digest is not that of its bytes")]
    Digest,
    /// Its first part does not decode.
    #[error("it does not decode: {0}")]
    Content(#[from] bincode::error::DecodeError),
    /// Its ledger does not.
    #[error("its ledger: {0}")]
    Ledger(#[from] ledger::image::Error),
}

#[derive(Serialize, Deserialize)]
struct StoredPerson<'a> {
    sequence: u64,
    number: u32,
    id: PersonId,
    caller: CallerId,
    name: Cow<'a, str>,
    email: Option<Cow<'a, str>>,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
enum StoredSubject {
    Appointment(AppointmentId),
    Block(BlockId),
}

#[derive(Serialize, Deserialize)]
struct StoredCall<'a> {
    reference: Cow<'a, str>,
    call: CallId,
    caller: CallerId,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredSaid<'a> {
    at: Timestamp,
    channel: Channel,
    remark: Cow<'a, str>,
    until: Timestamp,
}

#[derive(Serialize, Deserialize)]
enum StoredOwner {
    Person(PersonId),
    Phone(CallerId),
    Said(CallerId),
}

impl From<Owner> for StoredOwner {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Person(person) => Self::Person(person),
            Owner::Phone(caller) => Self::Phone(caller),
            Owner::Said(caller) => Self::Said(caller),
        }
    }
}

impl From<StoredOwner> for Owner {
    fn from(owner: StoredOwner) -> Self {
        match owner {
            StoredOwner::Person(person) => Self::Person(person),
            StoredOwner::Phone(caller) => Self::Phone(caller),
            StoredOwner::Said(caller) => Self::Said(caller),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredBody {
    key: [u8; 32],
    digest: [u8; 32],
    remembered_at: Timestamp,
    of: Option<PersonId>,
    sequence: u64,
}

/// Everything but the ledger. Field order is the format.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    sequence: u64,
    chain: ChainHead,
    head: u64,
    last_at: Timestamp,
    phones: Vec<(CallerId, Cow<'a, str>)>,
    /// In order of creation.
    persons: Vec<StoredPerson<'a>>,
    /// In the order in which they were first heard of.
    calls: Vec<StoredCall<'a>>,
    /// What each caller said, the oldest first.
    remarks: Vec<(CallerId, Vec<StoredSaid<'a>>)>,
    reasons: Vec<(StoredSubject, Cow<'a, str>)>,
    bodies: Vec<StoredBody>,
    body_order: Cow<'a, VecDeque<(Timestamp, [u8; 32])>>,
    /// Which entries hold something of whom.
    parts: Vec<(StoredOwner, Vec<u64>)>,
    leaving: Vec<(Erasure, Vec<u64>)>,
}

/// A tenant as bytes.
pub fn encode(state: &Replayed) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 8]);
    bincode::serde::encode_into_std_write(
        take_down(state),
        &mut *bytes,
        bincode::config::standard(),
    )
    .expect("contacts hold nothing that bincode cannot write");
    let length = (bytes.len() - PREFIX_BYTES) as u64;
    bytes[PREFIX_BYTES - 8..PREFIX_BYTES].copy_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&ledger::image::encode(&state.ledger));
    let own = digest(&SHA256, &bytes);
    bytes.extend_from_slice(own.as_ref());
    bytes
}

/// The tenant of these bytes, with an empty trail.
pub fn decode(bytes: &[u8]) -> Result<Replayed, Error> {
    if !bytes.starts_with(&MAGIC) || bytes.len() < PREFIX_BYTES + DIGEST_BYTES {
        return Err(Error::NoImage);
    }
    let version = u16::from_le_bytes([bytes[4], bytes[5]]);
    if version != VERSION {
        return Err(Error::UnknownVersion(version));
    }
    let (covered, own) = bytes.split_at(bytes.len() - DIGEST_BYTES);
    if digest(&SHA256, covered).as_ref() != own {
        return Err(Error::Digest);
    }
    let (prefix, content) = covered.split_at(PREFIX_BYTES);
    let length = prefix.last_chunk().copied().map(u64::from_le_bytes);
    let length = length.and_then(|length| usize::try_from(length).ok());
    let parts = length.and_then(|length| content.split_at_checked(length));
    let (first, ledger) = parts.ok_or(Error::NoImage)?;
    let (stored, _): (Stored<'_>, usize) =
        bincode::serde::decode_from_slice(first, bincode::config::standard())?;
    let ledger = ledger::image::decode(ledger)?;
    Ok(Replayed {
        ledger,
        sequence: stored.sequence,
        chain: stored.chain,
        head: Lsn(stored.head),
        last_at: stored.last_at,
        trail: Trail::default(),
        gaps: Gaps::default(),
        contacts: restore(stored),
    })
}

/// Every field of the contacts is named here, so that a new one cannot be forgotten.
fn take_down(state: &Replayed) -> Stored<'_> {
    let Contacts {
        phones,
        persons,
        calls,
        remarks,
        reasons,
        bodies,
        body_order,
        parts,
        // The same as the phones.
        callers: _,
        // The same as the bodies.
        bodies_of: _,
        // Of this process alone.
        former: _,
    } = &state.contacts;

    let persons = persons
        .all()
        .map(|((sequence, number), id, person)| StoredPerson {
            sequence,
            number,
            id,
            caller: person.caller,
            name: Cow::Borrowed(person.name.expose()),
            email: person
                .email
                .as_ref()
                .map(|email| Cow::Borrowed(email.expose())),
            created_at: person.created_at,
        });
    let calls = calls.order.iter().filter_map(|(at, reference)| {
        let (call, caller) = calls.known.get(reference)?;
        Some(StoredCall {
            reference: Cow::Borrowed(reference.expose()),
            call: *call,
            caller: *caller,
            at: *at,
        })
    });
    let said = |said: &'_ Said| StoredSaid {
        at: said.at,
        channel: said.channel,
        remark: Cow::Owned(said.remark.expose().to_owned()),
        until: said.until,
    };
    let remarks = remarks.lines.iter();
    let remarks = remarks.map(|(caller, lines)| (*caller, lines.iter().map(said).collect()));
    let reasons = reasons.iter().map(|(about, reason)| {
        let about = match about {
            Subject::Appointment(id) => StoredSubject::Appointment(*id),
            Subject::Block(id) => StoredSubject::Block(*id),
        };
        (about, Cow::Borrowed(reason.expose()))
    });
    let phones = phones
        .iter()
        .map(|(caller, phone)| (*caller, Cow::Borrowed(phone.expose())));
    let mut bodies: Vec<_> = bodies
        .iter()
        .map(|(key, body)| StoredBody {
            key: *key,
            digest: body.digest,
            remembered_at: body.remembered_at,
            of: body.of,
            sequence: body.sequence,
        })
        .collect();
    bodies.sort_unstable_by_key(|body| body.key);
    Stored {
        sequence: state.sequence,
        chain: state.chain,
        head: state.head.0,
        last_at: state.last_at,
        phones: phones.collect(),
        persons: persons.collect(),
        calls: calls.collect(),
        remarks: remarks.collect(),
        reasons: reasons.collect(),
        bodies,
        body_order: Cow::Borrowed(body_order),
        parts: stored_parts(parts),
        leaving: parts.leaving.clone().into_iter().collect(),
    }
}

fn stored_parts(parts: &Parts) -> Vec<(StoredOwner, Vec<u64>)> {
    let held = parts.held.iter();
    held.map(|(owner, held)| ((*owner).into(), held.clone()))
        .collect()
}

fn restore(stored: Stored<'_>) -> Contacts {
    let mut contacts = Contacts::default();
    for (caller, phone) in stored.phones {
        let phone = Phone::from_stored(phone.into_owned());
        contacts.callers.insert(phone.clone(), caller);
        contacts.phones.insert(caller, phone);
    }
    let mut persons = Persons::default();
    for stored in stored.persons {
        let person = Person {
            caller: stored.caller,
            name: PersonName::from_stored(stored.name.into_owned()),
            email: stored
                .email
                .map(|email| Email::from_stored(email.into_owned())),
            created_at: stored.created_at,
        };
        persons.enter(stored.id, person, (stored.sequence, stored.number));
    }
    contacts.persons = persons;
    for StoredCall {
        reference,
        call,
        caller,
        at,
    } in stored.calls
    {
        let reference = CallReference::from_stored(reference.into_owned());
        contacts.calls.enter(call, caller, &reference, at);
    }
    for (caller, lines) in stored.remarks {
        for StoredSaid {
            at,
            channel,
            remark,
            until,
        } in lines
        {
            let remark = Remark::from_stored(remark.into_owned());
            let said = Said {
                at,
                channel,
                remark,
                until,
            };
            contacts.remarks.enter(caller, said);
        }
    }
    for (about, reason) in stored.reasons {
        let about = match about {
            StoredSubject::Appointment(id) => Subject::Appointment(id),
            StoredSubject::Block(id) => Subject::Block(id),
        };
        let reason = FreeText::from_stored(reason.into_owned());
        contacts.reasons.insert(about, reason);
    }
    for StoredBody {
        key,
        digest,
        remembered_at,
        of,
        sequence,
    } in stored.bodies
    {
        let body = Body {
            digest,
            remembered_at,
            of,
            sequence,
        };
        contacts.bodies_of.extend(of.map(|person| (person, key)));
        contacts.bodies.insert(key, body);
    }
    let held = stored.parts.into_iter();
    contacts.parts.held = held.map(|(owner, held)| (owner.into(), held)).collect();
    contacts.parts.leaving = stored.leaving.into_iter().collect();
    contacts.body_order = stored.body_order.into_owned();
    contacts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::model::{PersonalFact, TenantId};

    fn state() -> Replayed {
        let mut state = Replayed::new(TenantId(7));
        let caller = CallerId(2);
        let person = |id, name: &str, email: Option<&str>| PersonalFact::Person {
            person: PersonId(id),
            caller,
            name: PersonName::from_stored(name.to_owned()),
            email: email.map(|email| Email::from_stored(email.to_owned())),
        };
        let facts = [
            PersonalFact::Caller {
                caller,
                phone: Phone::parse("07700 900123", "GB").expect("a phone"),
            },
            person(3, "Ada Lovelace", None),
            person(1, "Ben", Some("ben@example.org")),
            PersonalFact::Reason {
                about: Subject::Block(BlockId(5)),
                text: FreeText::from_stored("Training".to_owned()),
            },
            PersonalFact::Body {
                key: [1; 32],
                digest: [2; 32],
            },
        ];
        state.contacts.apply(&facts, None, Timestamp(10), 1);
        let again = person(3, "ADA LOVELACE", Some("ada@example.org"));
        state.contacts.apply(&[again], None, Timestamp(20), 2);
        (state.sequence, state.chain) = (2, [9; 32]);
        (state.head, state.last_at) = (Lsn(5), Timestamp(20));
        state
    }

    #[test]
    fn an_image_gives_everything_back_and_equal_states_have_equal_bytes() {
        let state = state();
        let bytes = encode(&state);
        let restored = decode(&bytes).expect("it decodes");
        assert!(restored.contacts == state.contacts);
        assert!(restored.ledger == Ledger::new(TenantId(7)));
        let place = |state: &Replayed| (state.sequence, state.chain, state.head, state.last_at);
        assert_eq!(place(&restored), place(&state));
        assert!(encode(&restored) == bytes);
    }

    #[test]
    fn a_changed_or_missing_byte_and_an_unknown_version_are_refused() {
        let bytes = encode(&state());
        for place in 0..bytes.len() {
            let mut bent = bytes.to_vec();
            bent[place] ^= 1;
            assert!(decode(&bent).is_err(), "{place}");
            assert!(decode(&bytes[..place]).is_err(), "{place}");
        }
        let mut newer = bytes.to_vec();
        newer[4] = 2;
        let refused = decode(&newer).map(|_| ());
        assert!(matches!(refused, Err(Error::UnknownVersion(2))));
    }
}
