//! What an entry's bytes promise to whoever keeps a copy: the chain covers all that is in clear, and no nonce is used twice.
//!
//! Method: a clinic lives through several ends of the process; then all frames are read, and what the format says of them is
//! worked out again here, from the places that docs/journal-format.md gives.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use holdfast::journal::{Found, Frame, Journal, Options};
use ring::digest::{Context, SHA256, digest};

use crate::support::World;

const KIND: usize = 1;
const SEALED: u8 = 1;
const TENANT: Range<usize> = 8..24;
const PREVIOUS: Range<usize> = 40..72;
const NONCE: Range<usize> = 72..96;

/// All entries of a server that was stopped in order, crashed, and stopped again, by stream.
fn entries() -> BTreeMap<u128, Vec<Frame>> {
    let mut world = World::start();
    let clinic = world.clinic("a");
    for (life, phone) in (1..=3).zip(["07700 900001", "07700 900002", "07700 900003"]) {
        let agent = world.again(&clinic.agent);
        let wish = crate::support::Clinic::wish(&format!("1{life}:00"), phone);
        let placed = agent.post(&clinic.at("holds"), &wish);
        assert_eq!(placed.status, 201, "{}", placed.body);
        match life {
            2 => world.restart_after_power_cut(),
            _ => world.restart(),
        }
    }
    let mut streams: BTreeMap<u128, Vec<Frame>> = BTreeMap::new();
    world.restart_after(|world| {
        let options = Options {
            segment_bytes: 1 << 20,
            ..Options::default()
        };
        let storage = Box::new(world.storage.clone());
        let (journal, found) = Journal::open(storage, options).expect("the journal opens");
        for found in found.frames().expect("frames") {
            match found.expect("it can be read") {
                Found::Frame(frame) => streams.entry(frame.stream).or_default().push(frame),
                Found::Damage(damage) => panic!("{damage:?}"),
            }
        }
        journal.close().expect("it closes");
    });
    assert_eq!(streams.len(), 2, "the instance and the clinic");
    streams
}

#[test]
fn the_hash_is_what_the_format_says_of_it() {
    for (stream, entries) in entries() {
        let mut expected = [0; 32];
        for entry in entries {
            assert_eq!(entry.covered[TENANT], stream.to_le_bytes());
            assert_eq!(entry.covered[PREVIOUS], expected, "entry {}", entry.lsn);
            let mut hash = Context::new(&SHA256);
            hash.update(&entry.covered);
            if let Some(personal) = &entry.personal {
                hash.update(digest(&SHA256, personal).as_ref());
            }
            expected.copy_from_slice(hash.finish().as_ref());
        }
    }
}

#[test]
fn no_nonce_is_used_twice_in_any_life() {
    let mut most_lives = 0;
    for entries in entries().into_values() {
        let mut lives = BTreeSet::new();
        let mut used = BTreeSet::new();
        // A checkpoint is in clear: it has none.
        for entry in entries.iter().filter(|entry| entry.covered[KIND] == SEALED) {
            let (prefix, counter) = entry.covered[NONCE].split_at(16);
            let counter = u64::from_le_bytes(counter.try_into().expect("8 bytes"));
            lives.insert(prefix);
            // The personal part takes the number after the event part's, whether or not there is one.
            assert!(used.insert((prefix, counter)) && used.insert((prefix, counter + 1)));
        }
        most_lives = most_lives.max(lives.len());
    }
    assert!(most_lives > 2, "each life draws a prefix of its own");
}
