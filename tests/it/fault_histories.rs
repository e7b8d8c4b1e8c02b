//! Canonical histories on a disk that fails at every single operation, and again at every operation of the recovery after it.
//!
//! Goal: whatever the disk does and whenever, what comes back is exactly what was acknowledged, or that and the one step that
//! was not answered; nothing refused, nothing half, nothing twice; and the state that was live is the state that is replayed.
//! Method: each history runs once without a fault, which counts the disk's operations; then once for each operation and each
//! way to fail; each end is continued on what a power cut leaves of unsynced bytes: none, all, some. The judge keeps its own record:
//! copies of the ledgers as they stood at each acknowledgement. A slice runs here; `HOLDFAST_FAULT_STRIDE=1 cargo test --release
//! --test it fault_histories` runs all.

mod disk;
mod house;
mod scripts;

use std::sync::atomic::{AtomicU64, Ordering};

use holdfast::model::Timestamp;
use holdfast::tenant::Refused;

use crate::support::world::MONDAY_EIGHT;
use crate::text_faults::number;
use disk::{Disk, Fault, Left};
use house::{House, Likeness, NotOpened};
use scripts::{FURNISH, HISTORIES, History, Told, fill};

/// A plain run tries every so many-th operation; a prime, so that no kind of operation is left out.
const STRIDE: u64 = 23;

/// Ways to fail at an operation.
const FAULTS: [Fault; 10] = [
    Fault::Crash { written: 0 },
    Fault::Crash { written: 3 },
    Fault::Crash { written: 8 },
    Fault::Error,
    Fault::Broken,
    Fault::Full,
    Fault::Short { by: 1 },
    Fault::Short { by: 40 },
    Fault::Short { by: 512 },
    Fault::Short { by: usize::MAX },
];
/// The same for the recovery after it.
const NESTED: [Fault; 4] = [
    Fault::Crash { written: 3 },
    Fault::Crash { written: 8 },
    Fault::Error,
    Fault::Short { by: 40 },
];
const LEFT: [Left; 4] = [
    Left::Nothing,
    Left::Everything,
    Left::Scattered(11),
    Left::Scattered(12),
];

/// What may be there when it is looked at again: what was acknowledged, and what may have happened besides.
#[derive(Clone)]
struct Record {
    known: Likeness,
    perhaps: Option<Likeness>,
    told: Told,
    now: Timestamp,
}

/// Runs, for the summary.
#[derive(Default)]
struct Count {
    runs: u64,
    nested: u64,
    not_opened: u64,
}

impl Count {
    fn plus(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            nested: self.nested + other.nested,
            not_opened: self.not_opened + other.not_opened,
        }
    }
}

/// As many as there are openings: a life that draws what an earlier one drew gives two rows one id.
fn life() -> u64 {
    static LIVES: AtomicU64 = AtomicU64::new(0);
    LIVES.fetch_add(1, Ordering::Relaxed)
}

fn open(disk: &Disk, now: Timestamp) -> Result<House, NotOpened> {
    House::open(disk, now, life())
}

/// The clinic as it is before a history begins.
fn before(history: &History) -> (Disk, Record) {
    let disk = Disk::new();
    let mut house = open(&disk, MONDAY_EIGHT).expect("nothing fails here");
    let mut told = Told::default();
    for step in FURNISH.iter().chain(history.before) {
        let asked = step(&mut house, &told).expect("nothing fails here");
        let answer = asked
            .wait_blocking(house.journal.durability())
            .expect("nothing fails here");
        told.take(&answer.expect("nothing is refused here").receipt);
    }
    while let (used, length) = disk.fill()
        && history.room.is_some_and(|room| used + room < length)
    {
        let asked = fill(&mut house, &told).expect("nothing fails here");
        let filled = asked.wait_blocking(house.journal.durability());
        filled.expect("nothing fails here").expect("a key");
    }
    let record = Record {
        known: house.likeness(),
        perhaps: None,
        told,
        now: house.now,
    };
    house.close();
    (disk, record)
}

/// Goes through the steps until one is not answered. The disk may fail.
fn go_on(house: &mut House, steps: &[scripts::Step], record: &mut Record) {
    for step in steps {
        let asked = match step(house, &record.told) {
            Ok(asked) => asked,
            Err(Refused::Overloaded | Refused::Stopped) => {
                assert_eq!(
                    house.likeness(),
                    record.known,
                    "what was refused changes nothing"
                );
                return;
            }
            Err(other) => panic!("a tenant's core does not say {other:?}"),
        };
        record.now = house.now;
        let live = house.likeness();
        let Ok(answer) = asked.wait_blocking(house.journal.durability()) else {
            record.perhaps = Some(live);
            let next = step(house, &record.told).and_then(|asked| {
                let answered = asked.wait_blocking(house.journal.durability());
                answered.map_err(|_| Refused::Stopped)
            });
            assert!(
                next.is_err(),
                "something was answered after the disk had failed"
            );
            return;
        };
        if let Ok(answer) = answer {
            record.told.take(&answer.receipt);
        }
        record.known = live;
    }
}

/// Says what was being tried when something panics.
struct Tried<'a>(&'a dyn Fn() -> String);

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("tried: {}", (self.0)());
        }
    }
}

/// What is on the disk is what the record says, it goes on from there, and that is durable.
fn judge(
    disk: &Disk,
    record: &Record,
    steps: &[scripts::Step],
    case: &dyn Fn() -> String,
) -> usize {
    let _tried = Tried(case);
    let mut house = open(disk, record.now).expect("it opens");
    let recovery = disk.operations();
    let found = house.likeness();
    let fits = found == record.known || record.perhaps.as_ref() == Some(&found);
    assert!(fits, "what was acknowledged is not what is there");
    for (ledger, _) in found.values() {
        ledger.check_invariants();
    }
    let mut after = Record {
        known: found,
        perhaps: None,
        ..record.clone()
    };
    go_on(&mut house, &steps[..1], &mut after);
    house.close();
    let again = open(&disk.after(Left::Nothing, None), after.now).expect("it opens again");
    assert!(again.likeness() == after.known, "what came after is lost");
    again.close();
    recovery
}

/// One history with one fault; then every fault of every recovery from it.
fn with_fault(
    history: &History,
    base: &(Disk, Record),
    at: usize,
    fault: Fault,
    stride: usize,
    count: &mut Count,
) -> bool {
    let first = || format!("{}, {fault:?} at operation {at}", history.name);
    let _tried = Tried(&first);
    let disk = base.0.after(Left::Everything, Some((at, fault)));
    let mut record = base.1.clone();
    match open(&disk, record.now) {
        Ok(mut house) => {
            go_on(&mut house, history.steps, &mut record);
            house.close();
        }
        Err(NotOpened::Journal(_)) => count.not_opened += 1,
        Err(NotOpened::Replay(why)) => panic!("{why}"),
    }
    if !disk.was_struck() {
        return false;
    }
    for (number, left) in LEFT.into_iter().enumerate() {
        count.runs += 1;
        let case = || format!("{}, {left:?}", first());
        let recovery = judge(&disk.after(left, None), &record, history.steps, &case);
        for second in (1 + (at + number) % stride..=recovery).step_by(stride) {
            for nested in NESTED {
                let disk = disk.after(left, Some((second, nested)));
                match open(&disk, record.now) {
                    Ok(house) => house.close(),
                    Err(NotOpened::Journal(_)) => {}
                    Err(NotOpened::Replay(why)) => panic!("{why}"),
                }
                if !disk.was_struck() {
                    continue;
                }
                for left in [Left::Nothing, Left::Scattered(13)] {
                    count.nested += 1;
                    let case = || {
                        format!(
                            "{}, then {nested:?} at operation {second} of the recovery, {left:?}",
                            case()
                        )
                    };
                    judge(&disk.after(left, None), &record, history.steps, &case);
                }
            }
        }
    }
    true
}

/// One history: without a fault, which counts the operations, then with each fault at each of them.
fn live_through(number: usize, history: &History, stride: usize) -> Count {
    let mut count = Count::default();
    let base = before(history);
    let disk = base.0.after(Left::Everything, None);
    let mut record = base.1.clone();
    let mut house = open(&disk, record.now).expect("nothing fails here");
    go_on(&mut house, history.steps, &mut record);
    house.close();
    assert!(
        record.perhaps.is_none(),
        "{}: it ends without a fault",
        history.name
    );
    let synced = disk.after(Left::Nothing, None);
    judge(&synced, &record, history.steps, &|| history.name.to_owned());
    for at in (1 + number % stride..=disk.operations()).step_by(stride) {
        for fault in FAULTS {
            with_fault(history, &base, at, fault, stride, &mut count);
        }
    }
    count
}

#[test]
fn whatever_the_disk_does_what_was_acknowledged_is_what_comes_back() {
    let stride = usize::try_from(number("HOLDFAST_FAULT_STRIDE", STRIDE))
        .unwrap_or(1)
        .max(1);
    let count = std::thread::scope(|scope| {
        let histories = HISTORIES.iter().enumerate();
        let running: Vec<_> = histories
            .map(|(number, history)| scope.spawn(move || live_through(number, history, stride)))
            .collect();
        let counts = running.into_iter().map(|history| match history.join() {
            Ok(count) => count,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        counts.fold(Count::default(), Count::plus)
    });
    println!(
        "{} histories, every {stride}th operation: {} ends, {} more after a second fault in the recovery; {} did not open at first",
        HISTORIES.len(),
        count.runs,
        count.nested,
        count.not_opened
    );
    assert!(count.runs > 0 && count.nested > 0);
}
