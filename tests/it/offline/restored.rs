//! What a restored state does with what was going on when its backup was made.

use std::collections::BTreeMap;
use std::io::Read;

use holdfast::clock::Clock;
use holdfast::journal::{FileStorage, MemoryStorage, Storage};
use holdfast::offline::{Unpacker, restore};

use super::master;
use crate::support::{Client, World};

/// A backup's archive as the server sends it.
fn archive(admin: &Client) -> Vec<u8> {
    let mut stream = admin.open("POST", "/v1/backup", &[], "");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let blank = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, mut body) = bytes.split_at(blank.expect("a body") + 4);
    assert!(head.starts_with(b"HTTP/1.1 200"));
    // In chunks: a length in hexadecimal, a line feed, so many bytes.
    let mut archive = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n");
        let end = end.expect("a chunk's length");
        let length = std::str::from_utf8(&body[..end]).expect("digits");
        let length = usize::from_str_radix(length, 16).expect("digits");
        if length == 0 {
            return archive;
        }
        archive.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = &body[end + 2 + length + 2..];
    }
}

/// What a state has that was restored from this archive.
fn restored(archive: &[u8], world: &World) -> MemoryStorage {
    let dir = tempfile::TempDir::new().expect("a directory");
    let (backup, state) = (dir.path().join("backup"), dir.path().join("state"));
    let mut unpacker = Unpacker::to(&backup).expect("an empty directory");
    // However the bytes come.
    for piece in archive.chunks(777) {
        unpacker.feed(piece).expect("it is taken");
    }
    unpacker.finish().expect("all of it came");
    let now = world.clock.now();
    restore(&backup, &state, &master(), now, &|_, _, _| {}).expect("it is restored");
    let files = FileStorage::open_to_read(state.join("journal")).expect("a journal");
    let memory = MemoryStorage::new();
    for number in files.segments().expect("segments") {
        memory.replace(number, files.read(number).expect("a segment"));
    }
    memory
}

#[test]
fn a_text_in_flight_at_the_backup_goes_twice_at_most_and_its_code_stays_good() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    world.carrier.next([None, None, None, None]);
    let path = clinic.at(&format!("holds/{hold}/verification"));
    let ask = |client: &Client| client.send("POST", &path, &[], "").status;
    assert_eq!(ask(&clinic.agent), 202);
    let code = world.carrier.newest_code();
    let archive = archive(&world.admin);
    // What comes after the backup is lost with the machine: here nothing but time.
    world.storage = restored(&archive, &world);
    for _ in 0..3 {
        world.restart();
        let agent = world.again(&clinic.agent);
        assert_eq!(agent.get(&clinic.at(&format!("holds/{hold}"))).status, 200);
    }
    let mut sendings = BTreeMap::<_, usize>::new();
    for text in world.carrier.given() {
        assert!(text.body.starts_with(&code), "another code: {}", text.body);
        *sendings.entry(text.message).or_default() += 1;
    }
    assert!(sendings.values().all(|times| *times <= 2), "{sendings:?}");
    let confirm = clinic.at(&format!("holds/{hold}/confirm"));
    let agent = world.again(&clinic.agent);
    let booked = agent.post(&confirm, &serde_json::json!({ "code": code }));
    assert_eq!(booked.status, 201, "{}", booked.body);
}

#[test]
fn an_archive_that_is_cut_off_or_a_stranger_s_is_refused() {
    let world = World::start();
    world.clinic("a");
    let archive = archive(&world.admin);
    let unpack = |bytes: &[u8]| {
        let dir = tempfile::TempDir::new().expect("a directory");
        let mut unpacker = Unpacker::to(dir.path()).expect("an empty directory");
        unpacker.feed(bytes).and_then(|()| unpacker.finish())
    };
    assert!(unpack(&archive).is_ok());
    for length in (0..archive.len() - 1024).step_by(499) {
        let refused = unpack(&archive[..length]).expect_err("it is cut off");
        assert!(refused.to_string().contains("in the middle"), "{refused}");
    }
    let mut changed = archive.clone();
    changed[20] ^= 1;
    assert!(unpack(&changed).is_err(), "a header that does not hold");
    // A name that leads out of the directory, under a checksum that holds.
    let mut stranger = archive;
    stranger[..100].fill(0);
    stranger[..9].copy_from_slice(b"../escape");
    stranger[148..156].fill(b' ');
    let sum: u64 = stranger[..512].iter().map(|byte| u64::from(*byte)).sum();
    stranger[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let refused = unpack(&stranger).expect_err("no backup has such a file");
    assert!(refused.to_string().contains("escape"), "{refused}");
}
