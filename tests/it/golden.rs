//! Stored formats are contracts: entries and segments as the first release wrote them are read for ever, byte for byte.
//!
//! `tests/golden/entries/v1/` has a file for every event, every personal fact, a checkpoint and a segment, as hexadecimal. What
//! is there is never rewritten; `UPDATE_GOLDEN=1` only adds what is missing, for a new variant. A change of an existing one is a new
//! schema with files of its own beside these. Until the format is frozen the folder is not there, and nothing is compared.

mod sample;

use std::fs;
use std::path::{Path, PathBuf};

use holdfast::entry::{self, Before, Decoded, Head, Header};
use holdfast::journal::{Found, Journal, MemoryStorage, Options, Parts, Storage};
use holdfast::ledger::Event;
use holdfast::model::{
    AppointmentId, BlockId, CallId, CallReference, CallerId, Channel, Email, FreeText, KeyId,
    PersonId, PersonName, PersonalFact, Phone, Principal, Remark, Scope, Subject, TenantId,
    Timestamp,
};
use holdfast::seal::{MasterKey, Opener, Sealer};

use sample::samples;

const TENANT: TenantId = TenantId(5);

fn master() -> MasterKey {
    MasterKey::new([3; 32])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/entries/v1")
}

fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// Whether there is anything to compare with, or it is to be made.
fn is_frozen() -> bool {
    updates() || folder().exists()
}

/// Holds what this build writes against what was written once, and gives the latter.
fn golden(name: &str, written: &[u8]) -> Vec<u8> {
    let file = folder().join(name);
    if !file.exists() {
        assert!(updates(), "{name} is missing: UPDATE_GOLDEN=1 adds it");
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder can be made");
        let lines = written.chunks(32).map(|line| {
            let digits: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
            digits + "\n"
        });
        fs::write(&file, lines.collect::<String>()).expect("a file can be written");
    }
    let text = fs::read_to_string(&file).expect("text");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("digits")
    };
    let stored: Vec<u8> = digits.chunks(2).map(byte).collect();
    assert!(
        stored == written,
        "{name}: this build writes other bytes; what is stored is never rewritten, so make a new schema"
    );
    stored
}

/// An entry as one run of bytes: the length of what is covered, that, and the personal part.
fn together(encoded: &entry::Encoded) -> Vec<u8> {
    let length = (encoded.covered.len() as u32).to_le_bytes();
    [&length[..], &encoded.covered, &encoded.personal].concat()
}

fn decode(stored: &[u8]) -> Decoded {
    let (length, rest) = stored.split_first_chunk().expect("a length");
    let (covered, personal) = rest.split_at(u32::from_le_bytes(*length) as usize);
    let personal = (!personal.is_empty()).then_some(personal);
    let mut opener = Opener::of(&master(), TENANT);
    entry::decode(covered, personal, None, &mut opener).expect("it is read for ever")
}

fn header() -> Header {
    Header {
        tenant: TENANT,
        sequence: 9,
        at: Timestamp(1_772_438_400_000),
        principal: Principal::Key {
            key: KeyId(8),
            scope: Scope::Agent,
        },
        previous: [4; 32],
    }
}

fn encode(events: &[Event], facts: &[PersonalFact]) -> entry::Encoded {
    let mut sealer = Sealer::of(&master(), TENANT, [1; 16]);
    entry::encode(&header(), events, facts, [6; 16], &mut sealer)
}

/// `HoldPlaced` as `hold-placed`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

#[test]
fn every_event_comes_up_and_survives_its_bytes() {
    let all = samples::<Event>();
    assert!(all.len() >= 50, "{} variants", all.len());
    for (name, events) in &all {
        let encoded = encode(events, &[]);
        assert_eq!(decode(&together(&encoded)).events, *events, "{name}");
    }
}

#[test]
fn every_stored_event_is_read_for_ever() {
    if !is_frozen() {
        return;
    }
    for (name, events) in samples::<Event>() {
        let name = format!("events/{}.hex", kebab(name));
        let stored = golden(&name, &together(&encode(&events, &[])));
        assert_eq!(decode(&stored).events, events, "{name}");
    }
}

/// Every kind of fact. Whoever adds one is told by the compiler that it is missing here.
fn facts() -> Vec<(&'static str, PersonalFact)> {
    let caller = CallerId(2);
    let text = |text: &str| FreeText::from_stored(text.to_owned());
    let all = vec![
        PersonalFact::Caller {
            caller,
            phone: Phone::from_stored("+447700900123".to_owned()),
        },
        PersonalFact::Person {
            person: PersonId(3),
            caller,
            name: PersonName::from_stored("Ada Lovelace".to_owned()),
            email: Some(Email::from_stored("ada@example.org".to_owned())),
        },
        PersonalFact::PersonAgain {
            person: PersonId(3),
            caller,
            name: PersonName::from_stored("Ada Lovelace".to_owned()),
            email: None,
            created_at: Timestamp(1_772_438_400_000),
            place: (9, 1),
        },
        PersonalFact::Call {
            call: CallId(7),
            caller,
            reference: CallReference::from_stored("call-1".to_owned()),
        },
        PersonalFact::Said {
            caller,
            channel: Channel::Text,
            remark: Remark::from_stored("mornings are best".to_owned()),
            until: Timestamp(1_772_438_400_000),
        },
        PersonalFact::Reason {
            about: Subject::Appointment(AppointmentId(4)),
            text: text("moved away"),
        },
        PersonalFact::Reason {
            about: Subject::Block(BlockId(5)),
            text: text("training"),
        },
        PersonalFact::Body {
            key: [6; 32],
            digest: [7; 32],
        },
    ];
    let name = |fact: &PersonalFact| match fact {
        PersonalFact::Caller { .. } => "caller",
        PersonalFact::Person { .. } => "person",
        PersonalFact::PersonAgain { .. } => "person-again",
        PersonalFact::Call { .. } => "call",
        PersonalFact::Said { .. } => "said",
        PersonalFact::Reason {
            about: Subject::Appointment(_),
            ..
        } => "appointment-reason",
        PersonalFact::Reason {
            about: Subject::Block(_),
            ..
        } => "block-reason",
        PersonalFact::Body { .. } => "body",
    };
    all.into_iter().map(|fact| (name(&fact), fact)).collect()
}

#[test]
fn every_stored_fact_is_read_for_ever() {
    for (name, fact) in facts() {
        let encoded = together(&encode(&[], std::slice::from_ref(&fact)));
        assert_eq!(decode(&encoded).facts, Some(vec![fact.clone()]), "{name}");
        if is_frozen() {
            let stored = golden(&format!("facts/{name}.hex"), &encoded);
            assert_eq!(decode(&stored).facts, Some(vec![fact]), "{name}");
        }
    }
}

#[test]
fn a_stored_checkpoint_and_a_stored_segment_are_read_for_ever() {
    if !is_frozen() {
        return;
    }
    let before = Before {
        sequence: 8,
        hash: [4; 32],
        at: Timestamp(1_772_438_400_000),
    };
    let head = Head {
        tenant: TENANT,
        sequence: 9,
        hash: [9; 32],
    };
    let made = entry::encode_checkpoint(before, Timestamp(1_772_438_400_001), &[head], &master());
    let stored = golden("checkpoint.hex", &together(&made[0].1));
    let checkpoint = decode(&stored).checkpoint.expect("a checkpoint");
    assert_eq!(checkpoint.heads, [head]);
    let encoded = encode(&[], &[facts().remove(0).1]);
    let storage = MemoryStorage::new();
    let options = Options {
        segment_bytes: 1 << 17,
        ..Options::default()
    };
    let (journal, _) = Journal::open(Box::new(storage.clone()), options).expect("it opens");
    let parts = Parts {
        stream: TENANT.0,
        covered: &encoded.covered,
        personal: &encoded.personal,
    };
    journal.append(parts).expect("it is taken");
    journal.close().expect("it is durable");
    let mut bytes = storage.read(1).expect("a segment");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("a frame") + 1;
    bytes.truncate(end);
    let stored = golden("segment.hex", &bytes);
    let old = MemoryStorage::new();
    old.replace(1, stored);
    let (_, found) = Journal::open(Box::new(old), options).expect("it is read for ever");
    let frames: Vec<_> = found.frames().expect("frames").collect();
    let Ok(Found::Frame(frame)) = &frames[0] else {
        panic!("the frame is whole");
    };
    assert_eq!(frame.covered, encoded.covered);
    assert_eq!(frame.personal.as_ref(), Some(&encoded.personal));
}
