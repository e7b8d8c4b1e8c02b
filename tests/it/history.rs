//! A clinic's past as its readers get it: the stream of live events over real connections, the audit list beside it.

mod sse;

use std::io::ErrorKind;
use std::time::Duration;

use holdfast::journal::Storage;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Client, Clinic, World};

use sse::Stream;

/// How often the client is cut off.
const CUTS: usize = 100;
/// Changes that one round of booking makes, at the least.
const CHANGES_PER_ROUND: usize = 12;

/// The whole audit list.
fn audit(client: &Client, clinic: &Clinic) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&clinic.at(&format!("audit?limit=37{cursor}")));
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        entries.extend(page["audit"].as_array().expect("entries").clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// The changes of the audit list in the shape of the stream's events: (id, data).
fn as_events(audit: &[Value]) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for entry in audit {
        for change in entry["changes"].as_array().expect("changes") {
            let mut data = change.clone();
            for field in ["sequence", "at", "by"] {
                data[field] = entry[field].clone();
            }
            events.push((change["id"].as_str().expect("an id").to_owned(), data));
        }
    }
    events
}

/// Holds at one resource that are given back, one after the other, so that the next round finds it free.
fn book(client: &Client, path: &str, resource: &str, rounds: usize) {
    for round in 0..rounds {
        let wish = json!({
            "service": "checkup", "resource": resource,
            "start": format!("2026-03-03T{:02}:00:00Z", 9 + round % 8),
            "person": { "name": "Ada Lovelace", "phone": "07700 900123" },
        });
        let held = client.post(&format!("{path}/holds"), &wish);
        assert_eq!(held.status, 201, "{}", held.body);
        let path = format!("{path}/holds/{}", held.text("id"));
        assert_eq!(client.send("DELETE", &path, &[], "").status, 204);
    }
}

#[test]
fn a_client_that_is_cut_off_a_hundred_times_misses_and_repeats_nothing() {
    // Goal: every change once and in order, whatever the cuts. Method: cut after a random number of events and of further
    // bytes while two others book; restart now and then; compare with the audit list at the end.
    let seed = std::env::var("HOLDFAST_SEED").map_or(7, |seed| seed.parse().expect("a number"));
    println!("HOLDFAST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::start();
    let clinic = world.clinic("a");
    world.clinic("b");
    let path = clinic.at("events?after=0");
    let (mut seen, mut last) = (Vec::new(), None);
    for cut in 1..=CUTS {
        let (agent, read) = (world.again(&clinic.agent), world.again(&clinic.read));
        let to_the_end = cut % 3 == 0;
        std::thread::scope(|scope| {
            let bookers = ["dr-a", "dr-b"].map(|resource| {
                let (agent, path) = (&agent, &clinic.path);
                scope.spawn(move || book(agent, path, resource, CHANGES_PER_ROUND / 4))
            });
            let mut stream = Stream::open(&read, &path, last.as_deref());
            // At least half of what this round makes stays behind, so that there is something to be cut off in.
            let whole = random.random_range(0..=CHANGES_PER_ROUND / 2);
            seen.extend((0..whole).map(|_| stream.event()));
            if to_the_end {
                bookers
                    .into_iter()
                    .for_each(|booker| booker.join().expect("it books"));
                let staff = world.again(&clinic.staff);
                let newest = as_events(&audit(&staff, &clinic))
                    .pop()
                    .expect("an event")
                    .0;
                while seen.last().is_none_or(|(id, _)| *id != newest) {
                    seen.push(stream.event());
                }
            } else {
                stream.skip(random.random_range(0..200));
            }
            last = stream.last.clone().or(last.take());
        });
        match cut % 20 {
            5 => world.restart(),
            15 => world.restart_after_power_cut(),
            _ => {}
        }
    }
    let staff = world.again(&clinic.staff);
    let audit = audit(&staff, &clinic);
    let expected = as_events(&audit);
    let mut stream = Stream::open(&world.again(&clinic.read), &path, last.as_deref());
    while seen.len() < expected.len() {
        seen.push(stream.event());
    }
    assert!(
        expected.len() > CUTS * CHANGES_PER_ROUND,
        "{}",
        expected.len()
    );
    assert_eq!(seen, expected);
    let sequences: Vec<_> = audit
        .iter()
        .map(|entry| entry["sequence"].as_u64())
        .collect();
    let gapless: Vec<_> = (1..=audit.len() as u64).map(Some).collect();
    assert_eq!(sequences, gapless);
}

/// A course from hold to cancellation with everything in it that must stay inside; the confirmed appointment and its code.
fn private_course(world: &World, clinic: &Clinic) -> (Value, String) {
    let held = clinic.hold("10:00", "07700 900123");
    let hold = clinic.at(&format!("holds/{held}"));
    let sent = clinic
        .agent
        .send("POST", &format!("{hold}/verification"), &[], "");
    assert_eq!(sent.status, 200, "{}", sent.body);
    let code = world.carrier.newest_code();
    let body = json!({ "code": code });
    let confirmed = clinic.agent.post(&format!("{hold}/confirm"), &body);
    assert_eq!(confirmed.status, 201, "{}", confirmed.body);
    let appointment = clinic.at(&format!("appointments/{}", confirmed.text("id")));
    let body = json!({ "reason": "Sciatica" });
    let cancelled = clinic.staff.post(&format!("{appointment}/cancel"), &body);
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let body = json!({ "start": "2026-03-04T09:00:00Z", "end": "2026-03-04T10:00:00Z", "reason": "Sciatica" });
    let blocked = clinic
        .staff
        .post(&clinic.at("resources/dr-a/blocks"), &body);
    assert_eq!(blocked.status, 201, "{}", blocked.body);
    (confirmed.json(), code)
}

#[test]
fn no_event_and_no_audit_entry_tells_of_a_person_or_of_another_clinic() {
    let world = World::start();
    let (clinic, other) = (world.clinic("a"), world.clinic("b"));
    let mut stream = Stream::open(&clinic.read, &clinic.at("events"), None);
    let foreign = other.hold("10:00", "07700 900001");
    let (confirmed, code) = private_course(&world, &clinic);
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "block.added") {
        names.push(
            stream.event().1["type"]
                .as_str()
                .expect("a type")
                .to_owned(),
        );
    }
    // When the carrier's word comes in is its own affair.
    names.retain(|name| *name != "text.settled");
    let course = [
        "hold.placed",
        "code.issued",
        "text.queued",
        "hold.confirmed",
        "text.queued",
        "appointment.cancelled",
        "text.queued",
        "block.added",
    ];
    assert_eq!(names, course);
    let mut all = audit(&clinic.staff, &clinic);
    // A digest could hold any digits.
    all.iter_mut().for_each(|entry| entry["hash"] = Value::Null);
    for text in [&stream.text, &Value::Array(all).to_string()] {
        for id in [
            &confirmed["hold"],
            &confirmed["id"],
            &confirmed["person"]["id"],
        ] {
            assert!(text.contains(id.as_str().expect("an id")), "{id}");
        }
        for secret in [
            "Ada", "Lovelace", "7700900", "7700 900", "Sciatica", &code, &foreign, "hf_",
        ] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn nothing_is_streamed_before_its_sync() {
    let world = World::start();
    let clinic = world.clinic("a");
    let mut stream = Stream::open(&clinic.read, &clinic.at("events"), None);
    world.storage.hold_syncs();
    let body = Clinic::wish("10:00", "07700 900001").to_string();
    let json = [("Content-Type", "application/json")];
    let held = clinic.agent.open("POST", &clinic.at("holds"), &json, &body);
    world.storage.wait_for_held_sync();
    let silent = stream.peek_for(Duration::from_millis(150));
    assert!(
        matches!(silent, Err(error) if matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut))
    );
    world.storage.release_syncs();
    assert_eq!(stream.event().1["type"], "hold.placed");
    assert_eq!(crate::support::http::read(held).status, 201);
}

#[test]
fn a_stream_ends_when_its_key_is_taken_back() {
    let world = World::start();
    let clinic = world.clinic("a");
    let mut stream = Stream::open(&clinic.read, &clinic.at("events"), None);
    clinic.hold("10:00", "07700 900001");
    assert_eq!(stream.event().1["type"], "hold.placed");
    let keys = clinic.staff.get(&clinic.at("keys")).json();
    let keys = keys["keys"].as_array().expect("keys");
    let read = keys.iter().find(|key| key["scope"] == "read");
    let id = read.expect("a read key")["id"].as_str().expect("an id");
    let path = clinic.at(&format!("keys/{id}"));
    assert_eq!(clinic.staff.send("DELETE", &path, &[], "").status, 204);
    assert!(stream.ends_well(), "not even its own end is told");
    assert_eq!(clinic.read.get(&clinic.at("events")).status, 401);
}

#[test]
fn a_stream_ends_when_its_key_is_over() {
    let world = World::start();
    let clinic = world.clinic("a");
    let body = json!({ "scope": "read", "label": "locum", "expires_at": "2026-03-02T09:00:00Z" });
    let key = clinic.staff.post(&clinic.at("keys"), &body).text("key");
    let mut stream = Stream::open(&clinic.read.with_key(&key), &clinic.at("events"), None);
    world.clock.advance_seconds(3600);
    clinic.hold("10:00", "07700 900001");
    assert!(stream.ends_well(), "what happened since is not shown");
}

#[test]
fn open_streams_end_when_the_server_closes() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let mut fresh = Stream::open(&clinic.read, &clinic.at("events"), None);
    let mut old = Stream::open(&clinic.staff, &clinic.at("events?after=0"), None);
    let first = old.event();
    let behind = clinic.staff.get(&clinic.at("audit?limit=1000")).json();
    let behind = as_events(behind["audit"].as_array().expect("entries")).len() - 1;
    assert!((0..behind).map(|_| old.event()).all(|event| event != first));
    world.restart();
    // The server waits some seconds for connections and then cuts them: a stream that was cut would not end well.
    assert!(fresh.ends_well() && old.ends_well());
    let mut again = Stream::open(
        &world.again(&clinic.read),
        &clinic.at("events"),
        fresh.last.as_deref(),
    );
    let agent = world.again(&clinic.agent);
    let held = agent.post(&clinic.at("holds"), &Clinic::wish("10:00", "07700 900001"));
    assert_eq!(again.event().1["hold"], held.json()["id"]);
}

#[test]
fn a_clinic_has_so_many_streams_and_gets_their_places_back() {
    let world = World::start();
    let (clinic, other) = (world.clinic("a"), world.clinic("b"));
    let path = clinic.at("events");
    let mut streams: Vec<_> = (0..holdfast::limits::EVENT_STREAMS_PER_TENANT_MAX)
        .map(|_| Stream::open(&clinic.read, &path, None))
        .collect();
    let refused = clinic.read.get(&path);
    assert_eq!(
        (refused.status, refused.text("code").as_str()),
        (429, "tenant-busy")
    );
    assert!(refused.header("Retry-After").is_some());
    Stream::open(&other.read, &other.at("events"), None);
    streams.pop();
    // That a client has gone is noticed when it is sent something.
    let is_free = |_| {
        book(&clinic.agent, &clinic.path, "dr-a", 1);
        Stream::try_open(&clinic.read, &path, None).is_ok()
    };
    assert!((0..100).any(is_free));
}

#[test]
fn an_entry_that_the_disk_has_damaged_since_is_an_answer_and_no_panic() {
    let world = World::start();
    let clinic = world.clinic("a");
    book(&clinic.agent, &clinic.path, "dr-a", 1);
    let mut bytes = world.storage.read(1).expect("the first segment");
    // The last entry gives a hold back: all of it is covered by the checksum.
    let last = bytes.iter().rposition(|byte| *byte != 0).expect("entries");
    bytes[last] ^= 1;
    world.storage.replace(1, bytes);
    let audit = clinic.staff.get(&clinic.at("audit"));
    assert_eq!(
        (audit.status, audit.text("code").as_str()),
        (503, "tenant-quarantined")
    );
    assert_eq!(
        clinic.staff.get(&clinic.at("audit?limit=3")).status,
        200,
        "what is whole is shown"
    );
    let mut stream = Stream::open(&clinic.read, &clinic.at("events?after=0"), None);
    while stream.try_event().is_some() {}
    let refused = Stream::try_open(&clinic.read, &clinic.at("events"), stream.last.as_deref());
    assert!(refused.is_err_and(|status| status.contains(" 503 ")));
    assert_eq!(
        clinic.staff.get(&clinic.at("holds")).status,
        200,
        "the ledger is well"
    );
}
