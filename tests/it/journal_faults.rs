//! What the journal promises when syncs are late, disks fail and the power goes: on memory storage, which can arm all that.
//!
//! Goal: nothing is confirmed before its sync, and after any cut the journal is a prefix that holds all that was confirmed.
//! Method: the sync is held at a gate, so that a test knows exactly what is written and not yet durable.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use holdfast::journal::{
    Error, Journal, Lsn, MemoryStorage, Options, Recovered, Refused, Room, Stopped, Storage,
    Unconfirmed,
};

use crate::journal_contract::{SMALL, append_when_there_is_room, frames, parts};

fn open(storage: &MemoryStorage) -> (Journal, Recovered) {
    open_with(storage, SMALL)
}

fn open_with(storage: &MemoryStorage, options: Options) -> (Journal, Recovered) {
    Journal::open(Box::new(storage.clone()), options).unwrap()
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// One entry waits in a held sync; whatever is appended next is the following group.
fn held() -> (MemoryStorage, Journal) {
    let storage = MemoryStorage::new();
    let (journal, _) = open(&storage);
    storage.hold_syncs();
    journal.append(parts(b"held")).unwrap();
    storage.wait_for_held_sync();
    (storage, journal)
}

#[test]
fn nothing_is_recalled_before_its_sync() {
    let storage = MemoryStorage::new();
    let (journal, _) = open(&storage);
    storage.hold_syncs();
    let place = journal.append(parts(b"held")).unwrap().place;
    storage.wait_for_held_sync();
    // Its bytes are written and whole; a crash could still take them back.
    assert!(matches!(
        journal.recall(place),
        Err(Error::NotDurable { lsn: Lsn(1) })
    ));
    storage.release_syncs();
    journal.barrier().wait_blocking().unwrap();
    assert_eq!(journal.recall(place).unwrap().covered, b"held");
}

#[test]
fn nothing_is_confirmed_before_its_sync() {
    let (storage, journal) = held();
    let mut answer = pin!(
        Unconfirmed::new(Lsn(1), "booked")
            .map(str::len)
            .confirmed(journal.durability())
    );
    assert_eq!(poll_once(answer.as_mut()), Poll::Pending);
    assert_eq!(journal.durability().watermark(), Lsn::ZERO);
    let static_refusal = pin!(Unconfirmed::new(Lsn::ZERO, ()).confirmed(journal.durability()));
    assert_eq!(poll_once(static_refusal), Poll::Ready(Ok(())));
    storage.release_syncs();
    journal.barrier().wait_blocking().unwrap();
    assert_eq!(poll_once(answer), Poll::Ready(Ok(6)));
}

#[test]
fn what_queues_during_a_sync_is_one_further_sync() {
    let (storage, journal) = held();
    let before = storage.syncs();
    for _ in 0..100 {
        journal.append(parts(b"queued")).unwrap();
    }
    storage.release_syncs();
    journal.barrier().wait_blocking().unwrap();
    assert_eq!(storage.syncs() - before, 2);
    journal.close().unwrap();
}

#[test]
fn a_full_queue_refuses_and_changes_nothing() {
    let by_entries = Options {
        queue_entries_max: 3,
        ..SMALL
    };
    let by_bytes = Options {
        queue_bytes_max: 66_000,
        ..SMALL
    };
    for (options, entry) in [(by_entries, 10), (by_bytes, 20_000)] {
        let storage = MemoryStorage::new();
        let (journal, _) = open_with(&storage, options);
        storage.hold_syncs();
        journal.append(parts(b"held")).unwrap();
        storage.wait_for_held_sync();
        let entry = vec![1; entry];
        for number in 2..=4 {
            assert_eq!(journal.append(parts(&entry)).unwrap().lsn, Lsn(number));
        }
        assert_eq!(journal.append(parts(&entry)), Err(Refused::Full));
        assert_eq!(journal.head(), Lsn(4));
        storage.release_syncs();
        journal.barrier().wait_blocking().unwrap();
        assert_eq!(append_when_there_is_room(&journal, b"after"), Lsn(5));
        journal.close().unwrap();
        assert_eq!(frames(&open(&storage).1).len(), 5);
    }
}

type Arm = fn(&MemoryStorage);

#[test]
fn a_failed_sync_or_write_stops_everything() {
    let faults: [(&str, Arm); 3] = [
        ("cannot sync", |storage| storage.fail_sync(1)),
        ("cannot write", |storage| storage.fail_write(1)),
        ("took 5 of", |storage| storage.shorten_write(1, 5)),
    ];
    for (text, arm) in faults {
        let storage = MemoryStorage::new();
        let (journal, _) = open(&storage);
        let confirmed = journal.append(parts(b"confirmed")).unwrap().lsn;
        journal
            .durability()
            .reached(confirmed)
            .wait_blocking()
            .unwrap();
        let mut failure = pin!(journal.failure());
        assert_eq!(poll_once(failure.as_mut()), Poll::Pending);
        arm(&storage);
        let lost = journal.append(parts(b"lost")).unwrap().lsn;
        assert_eq!(
            Unconfirmed::new(lost, ()).wait_blocking(journal.durability()),
            Err(Stopped)
        );
        assert_eq!(journal.append(parts(b"refused")), Err(Refused::Stopped));
        assert_eq!(
            Unconfirmed::new(confirmed, 7).wait_blocking(journal.durability()),
            Ok(7)
        );
        match poll_once(failure) {
            Poll::Ready(said) => assert!(
                said.contains(text) && said.contains("memory segment 1"),
                "{said}"
            ),
            Poll::Pending => panic!("the failure of `{text}` is not told"),
        }
        assert_eq!(journal.close(), Err(Stopped));
        let (_journal, recovered) = open(&storage.crash());
        assert_eq!(frames(&recovered).len(), 1);
    }
}

#[test]
fn a_failed_sync_at_a_roll_stops_before_the_new_segment_is_written() {
    let storage = MemoryStorage::new();
    let (journal, _) = open(&storage);
    append_when_there_is_room(&journal, &[1; 60_000]);
    journal.barrier().wait_blocking().unwrap();
    storage.fail_sync(1);
    append_when_there_is_room(&journal, &[2; 60_000]);
    assert_eq!(journal.close(), Err(Stopped));
    let survey = holdfast::journal::survey(&storage).unwrap();
    assert_eq!((survey.segments, survey.frames), (1, 1));
}

#[test]
fn dropped_waiters_leave_no_wakers() {
    let (storage, journal) = held();
    let durability = journal.durability();
    for round in 0..1000 {
        let mut waits = pin!(durability.reached(Lsn(1 + round % 40)));
        assert!(poll_once(waits.as_mut()).is_pending());
        assert!(poll_once(waits.as_mut()).is_pending());
        assert_eq!(durability.waiting(), 1);
    }
    assert_eq!(durability.waiting(), 0);
    let mut kept = pin!(durability.reached(Lsn(1)));
    assert!(poll_once(kept.as_mut()).is_pending());
    storage.release_syncs();
    journal.barrier().wait_blocking().unwrap();
    assert_eq!(durability.waiting(), 0);
    assert_eq!(poll_once(kept), Poll::Ready(Ok(())));
    journal.clone().close().unwrap();
}

/// Appends until the journal says something else than that it is busy.
fn append_in(journal: &Journal, room: Room, covered: &[u8]) -> Result<Lsn, Refused> {
    loop {
        match journal.append_in(room, parts(covered)) {
            Err(Refused::Full) => std::thread::yield_now(),
            said => return said.map(|taken| taken.lsn),
        }
    }
}

#[test]
fn a_full_disk_refuses_appends_until_space_returns_and_keeps_a_reserve() {
    let storage = MemoryStorage::new();
    storage.set_segments_max(Some(2));
    let (journal, _) = open(&storage);
    let fills_a_segment = [1; 60_000];
    append_when_there_is_room(&journal, &fills_a_segment);
    append_when_there_is_room(&journal, &[1; 30_000]);
    journal.barrier().wait_blocking().unwrap();
    assert_eq!(
        append_in(&journal, Room::Any, &fills_a_segment),
        Err(Refused::NoSpace)
    );
    assert!(journal.is_short_of_space());
    // The half of a segment that is left is not for everyone.
    assert_eq!(
        append_in(&journal, Room::Any, &[1; 10_000]),
        Err(Refused::NoSpace)
    );
    for number in 0..3 {
        assert_eq!(
            append_in(&journal, Room::Reserved, &[1; 10_000]),
            Ok(Lsn(3 + number))
        );
    }
    assert_eq!(
        append_in(&journal, Room::Reserved, &[1; 10_000]),
        Err(Refused::NoSpace)
    );
    assert_eq!(journal.head(), Lsn(5), "a refusal changes nothing");
    storage.set_segments_max(None);
    // Nobody asks meanwhile: it resumes by itself.
    while journal.is_short_of_space() {
        std::thread::yield_now();
    }
    assert_eq!(append_in(&journal, Room::Any, &fills_a_segment), Ok(Lsn(6)));
    journal.close().unwrap();
    assert_eq!(frames(&open(&storage).1).len(), 6);
}

#[test]
fn a_full_disk_at_the_first_start_is_an_error_and_later_only_refuses() {
    let storage = MemoryStorage::new();
    storage.set_segments_max(Some(0));
    assert!(Journal::open(Box::new(storage.clone()), SMALL).is_err());
    storage.set_segments_max(Some(1));
    let (journal, _) = open(&storage);
    append_when_there_is_room(&journal, &[1; 60_000]);
    journal.close().unwrap();
    let (journal, recovered) = open(&storage);
    assert_eq!(frames(&recovered).len(), 1);
    assert_eq!(
        append_in(&journal, Room::Any, &[1; 60_000]),
        Err(Refused::NoSpace)
    );
}

#[test]
fn a_segment_takes_no_more_than_a_quarter_of_what_is_free() {
    const MIB: u64 = 1 << 20;
    let options = Options {
        segment_bytes: 8 * MIB,
        ..SMALL
    };
    let storage = MemoryStorage::new();
    storage.set_bytes_max(Some(3 * MIB));
    assert!(
        Journal::open(Box::new(storage.clone()), options).is_err(),
        "too little for any"
    );
    storage.set_bytes_max(Some(20 * MIB));
    let (journal, _) = open_with(&storage, options);
    while append_in(&journal, Room::Any, &[1; 60_000]).is_ok() {
        let free = 20 * MIB - storage.bytes();
        assert!(free >= 3 * MIB, "{free} are left");
    }
    let lengths: Vec<_> = (1..=storage.segments().unwrap().len() as u64)
        .map(|number| storage.read(number).unwrap().len() as u64)
        .collect();
    // The first is a quarter of all; each is less than the one before, down to the least that is worth it.
    assert!(
        lengths.len() > 3 && lengths.iter().all(|one| *one <= 5 * MIB),
        "{lengths:?}"
    );
    assert!(*lengths.last().unwrap() >= MIB);
    journal.close().unwrap();
}

/// Goal: whatever part of the unsynced bytes a power cut lets through, in order or scattered, the journal opens
/// with all that was confirmed and a prefix of the rest. Method: a group is held in its sync, over zero or one roll, and cut in every way.
#[test]
fn whatever_a_power_cut_lets_through_leaves_a_prefix_with_all_that_was_confirmed() {
    for (entry, entries) in [(20, 30), (1500, 4), (9000, 3)] {
        for confirmed in [1, 5] {
            let storage = MemoryStorage::new();
            let (journal, _) = open(&storage);
            for _ in 0..confirmed {
                let lsn = append_when_there_is_room(&journal, &[7; 12_000]);
                journal.durability().reached(lsn).wait_blocking().unwrap();
            }
            storage.hold_syncs();
            journal.append(parts(b"held")).unwrap();
            storage.wait_for_held_sync();
            for number in 0..entries {
                append_when_there_is_room(&journal, &vec![number; entry]);
            }
            storage.release_one_sync();
            storage.wait_for_held_sync();
            let (confirmed, head) = (journal.durability().watermark(), journal.head());
            for seed in 0..40_u64 {
                let cut = storage.crash_keeping(|byte| scattered(seed, byte));
                assert_prefix(&cut, confirmed, head, seed);
            }
            for kept in (0..storage.unsynced_bytes()).step_by(211) {
                assert_prefix(
                    &storage.crash_keeping(|byte| byte < kept),
                    confirmed,
                    head,
                    kept as u64,
                );
            }
            storage.release_syncs();
            journal.close().unwrap();
            assert_prefix(&storage.crash(), head, head, 0);
        }
    }
}

fn assert_prefix(cut: &MemoryStorage, confirmed: Lsn, head: Lsn, case: u64) {
    let (journal, recovered) = open(cut);
    let found = recovered.survey.head;
    assert!(
        confirmed <= found && found <= head,
        "{case}: {confirmed} <= {found} <= {head}"
    );
    assert_eq!(frames(&recovered).len() as u64, found.0);
    assert_eq!(
        cut.unsynced_bytes(),
        0,
        "what was recovered is durable before anything rests on it"
    );
    let next = append_when_there_is_room(&journal, b"after");
    assert_eq!(next, found.next());
    journal.durability().reached(next).wait_blocking().unwrap();
    // What recovery kept is durable: a second cut takes nothing of it.
    let (_journal, recovered) = open(&cut.crash());
    assert_eq!(recovered.survey.head, next, "{case}");
    journal.close().unwrap();
}

/// Keeps whole sectors of 64 bytes, each by a coin that depends on the seed.
fn scattered(seed: u64, byte: usize) -> bool {
    let mixed = (seed ^ (byte as u64 / 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 63 == 1
}

#[test]
fn a_writer_that_was_only_dropped_still_writes_what_it_took() {
    let (storage, journal) = held();
    let durability = std::sync::Arc::clone(journal.durability());
    drop(journal);
    storage.release_syncs();
    assert_eq!(durability.reached(Lsn(1)).wait_blocking(), Ok(()));
}
