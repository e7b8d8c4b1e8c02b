//! What a journal still says of persons to whoever has the master key.

use holdfast::entry;
use holdfast::journal::{Found, Frame, Journal, MemoryStorage, Options, Storage};
use holdfast::model::{PersonalFact, TenantId};
use holdfast::seal::{MasterKey, Opener};
use serde_json::Value;

use crate::support::{Client, Clinic};

pub const MASTER: [u8; 32] = [42; 32];

/// The frames that a storage holds. The storage itself is left alone.
pub fn frames(storage: &MemoryStorage) -> Vec<Frame> {
    let copy = storage.crash_keeping(|_| true);
    let (journal, found) = Journal::open(Box::new(copy), Options::default()).expect("it opens");
    let frames = found.frames().expect("frames");
    let whole = |found| match found {
        Found::Frame(frame) => frame,
        Found::Damage(damage) => panic!("{damage:?}"),
    };
    let frames = frames.map(|found| whole(found.expect("a frame"))).collect();
    journal.close().expect("it closes");
    frames
}

/// Whose entries there are, tenant zero first, the others in order of creation.
pub fn tenants_of(storage: &MemoryStorage) -> Vec<TenantId> {
    let mut tenants = vec![TenantId::INSTANCE];
    for frame in frames(storage) {
        let tenant = TenantId(frame.stream);
        if !tenants.contains(&tenant) {
            tenants.push(tenant);
        }
    }
    tenants
}

/// Everything that a tenant's personal parts say, in clear.
pub fn facts_of(storage: &MemoryStorage, tenant: TenantId) -> String {
    let mut opener = Opener::of(&MasterKey::new(MASTER), tenant);
    let mut said = String::new();
    for frame in frames(storage)
        .iter()
        .filter(|frame| frame.stream == tenant.0)
    {
        let digest = frame.personal_digest;
        let personal = frame.personal.as_deref();
        let entry = entry::decode(&frame.covered, personal, digest, &mut opener).expect("it opens");
        for fact in entry.facts.unwrap_or_default() {
            said += &in_clear(&fact);
            said.push('\n');
        }
    }
    said
}

fn in_clear(fact: &PersonalFact) -> String {
    match fact {
        PersonalFact::Caller { phone, .. } => phone.expose().to_owned(),
        PersonalFact::Person { name, email, .. }
        | PersonalFact::PersonAgain { name, email, .. } => {
            let email = email.as_ref().map_or("", |email| email.expose());
            format!("{} {email}", name.expose())
        }
        PersonalFact::Call { reference, .. } => reference.expose().to_owned(),
        PersonalFact::Said { remark, .. } => remark.expose().to_owned(),
        PersonalFact::Reason { text, .. } => text.expose().to_owned(),
        PersonalFact::Body { digest, .. } => format!("{digest:02x?}"),
    }
}

/// Whether a text stands anywhere in the stored bytes as it is.
pub fn contains_raw(storage: &MemoryStorage, text: &str) -> bool {
    let numbers = storage.segments().expect("segments");
    numbers.into_iter().any(|number| {
        let bytes = storage.read(number).expect("bytes");
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

/// Sequence and hash of every entry of a clinic.
pub fn hashes(client: &Client, clinic: &Clinic) -> Vec<(u64, String)> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(&clinic.at(&format!("audit?limit=1000{after}")))
            .json();
        for entry in page["audit"].as_array().expect("entries") {
            let hash = entry["hash"].as_str().expect("a hash").to_owned();
            all.push((entry["sequence"].as_u64().expect("a sequence"), hash));
        }
        match &page["next"] {
            Value::String(next) => after = format!("&cursor={next}"),
            _ => return all,
        }
    }
}
