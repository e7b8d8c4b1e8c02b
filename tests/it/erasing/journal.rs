//! The journal's own part: overwriting personal parts in place, on files and in memory.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use holdfast::journal::{
    Error, FileStorage, Found, Frame, Journal, Lsn, MemoryStorage, Options, Parts, Place,
    Recovered, Refused, Stopped, Storage,
};

const SMALL: Options = Options {
    segment_bytes: 128 << 10,
    queue_bytes_max: 4 << 20,
    queue_entries_max: 4096,
    epoch_at_least: 1,
};

fn open(storage: impl Storage + 'static) -> (Journal, Recovered) {
    Journal::open(Box::new(storage), SMALL).expect("it opens")
}

fn frames(found: &Recovered) -> Vec<Frame> {
    let frames = found.frames().expect("frames");
    let whole = |found| match found {
        Found::Frame(frame) => frame,
        Found::Damage(damage) => panic!("{damage:?}"),
    };
    frames.map(|found| whole(found.expect("a frame"))).collect()
}

/// Appends entries with personal parts until several segments are full, each durable by itself.
fn fill(journal: &Journal, entries: u64) -> Vec<Place> {
    let mut places = Vec::new();
    for number in 0..entries {
        let covered = vec![number as u8; 3000];
        let parts = Parts {
            stream: u128::from(number % 3),
            covered: &covered,
            personal: b"Ada Lovelace +447700900123",
        };
        let taken = loop {
            match journal.append(parts) {
                Err(Refused::Full) => std::thread::yield_now(),
                taken => break taken.expect("it is taken"),
            }
        };
        let durable = journal.durability().reached(taken.lsn).wait_blocking();
        durable.expect("it is durable");
        places.push(taken.place);
    }
    places
}

fn overwrites_exactly_what_is_named(storage: impl Fn() -> Box<dyn Storage>) {
    let (journal, _) = Journal::open(storage(), SMALL).expect("it opens");
    let places = fill(&journal, 120);
    assert!(places[119].segment >= 3, "several segments are full");
    let chosen: Vec<Place> = places[..119].iter().step_by(2).copied().collect();
    for _ in 0..2 {
        let erasing = journal.erase(&chosen).expect("they are there");
        erasing.wait_blocking().expect("they are overwritten");
    }
    journal
        .erase(&[])
        .expect("nothing")
        .wait_blocking()
        .expect("is done at once");
    fill(&journal, 3);
    journal.close().expect("it closes");
    let (journal, found) = Journal::open(storage(), SMALL).expect("it opens");
    for (number, frame) in frames(&found).iter().enumerate().take(120) {
        let is_erased = chosen.contains(&frame.place);
        assert_eq!(frame.personal.is_none(), is_erased, "entry {number}");
        assert!(!frame.personal_is_damaged && frame.personal_digest.is_some());
    }
    drop(found);
    journal.close().expect("it closes");
}

#[test]
fn files_are_overwritten_in_place_sealed_ones_too() {
    let dir = std::env::temp_dir().join(format!("holdfast-erasing-{}", std::process::id()));
    overwrites_exactly_what_is_named(|| Box::new(FileStorage::open(&dir).expect("a directory")));
    let mode = |path: &Path| path.metadata().expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&dir.join("0000000001.journal")), 0o440, "sealed again");
    std::fs::remove_dir_all(&dir).expect("it goes");
}

#[test]
fn memory_is_overwritten_in_place() {
    let storage = MemoryStorage::new();
    overwrites_exactly_what_is_named(|| Box::new(storage.clone()));
}

#[test]
fn what_is_not_durable_or_no_entry_is_refused_and_nothing_changes() {
    let storage = MemoryStorage::new();
    let (journal, _) = open(storage.clone());
    let places = fill(&journal, 2);
    storage.hold_syncs();
    let taken = journal
        .append(Parts {
            stream: 1,
            covered: b"new",
            personal: b"Ada",
        })
        .expect("it is taken");
    storage.wait_for_held_sync();
    assert!(matches!(
        journal.erase(&[taken.place]),
        Err(Error::NotDurable { lsn: Lsn(3) })
    ));
    let nowhere = Place {
        segment: places[0].segment,
        offset: places[0].offset + 1,
    };
    assert!(matches!(
        journal.erase(&[places[0], nowhere]),
        Err(Error::Corrupt { .. })
    ));
    storage.release_syncs();
    journal.close().expect("it closes");
    let (_journal, found) = open(storage);
    assert!(frames(&found).iter().all(|frame| frame.personal.is_some()));
}

#[test]
fn a_failure_ends_the_journal_and_tells_whoever_waits() {
    for fault in [MemoryStorage::fail_write, MemoryStorage::fail_sync] {
        let storage = MemoryStorage::new();
        let (journal, _) = open(storage.clone());
        let places = fill(&journal, 100);
        fault(&storage, 2);
        let erasing = journal.erase(&places[..99]).expect("they are there");
        assert_eq!(erasing.wait_blocking(), Err(Stopped));
        let parts = Parts {
            stream: 1,
            covered: b"late",
            personal: b"",
        };
        assert_eq!(journal.append(parts), Err(Refused::Stopped));
        // The writer takes the storage with it.
        match journal.erase(&places[..1]) {
            Err(error) => assert!(matches!(error, Error::Closed), "{error}"),
            Ok(late) => assert_eq!(late.wait_blocking(), Err(Stopped)),
        }
    }
}

/// A crash at any byte of an overwriting leaves a journal that opens whole, and says of that part that it does not know.
#[test]
fn a_part_that_is_overwritten_in_half_hurts_nothing_else() {
    let storage = MemoryStorage::new();
    let (journal, _) = open(storage.clone());
    let places = fill(&journal, 90);
    assert!(places[50].segment > places[30].segment);
    for place in [places[88], places[0], last_of_its_segment(&places)] {
        for kept in 0..=26_usize {
            let copy = storage.crash_keeping(|_| true);
            let (other, _) = open(copy.clone());
            copy.hold_syncs();
            let erasing = other.erase(&[place]).expect("it is there");
            copy.wait_for_held_sync();
            // The newest group was written again at opening; what is unsynced now is the overwriting.
            let crashed = copy.crash_keeping(|index| index < kept);
            copy.release_syncs();
            erasing.wait_blocking().expect("it is overwritten");
            let (_journal, found) = open(crashed);
            let all = frames(&found);
            assert_eq!(all.len(), 90, "{kept} bytes");
            for frame in &all {
                let (whole, erased) = (frame.personal.is_some(), !frame.personal_is_damaged);
                let expected = match (frame.place == place, kept) {
                    (false, _) | (true, 0) => (true, true),
                    (true, 26) => (false, true),
                    (true, _) => (false, false),
                };
                assert_eq!((whole, erased), expected, "{kept} bytes");
            }
        }
    }
}

fn last_of_its_segment(places: &[Place]) -> Place {
    let pairs = places.windows(2);
    let last = pairs.rev().find(|pair| pair[0].segment < pair[1].segment);
    last.expect("several segments")[0]
}
