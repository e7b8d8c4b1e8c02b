//! A stopped state, and everything that may go wrong between two steps of an erasure.

use std::sync::Arc;

use holdfast::clock::ManualClock;
use holdfast::erased::{NoCopies, Whom};
use holdfast::journal::MemoryStorage;
use holdfast::ledger::Ledger;
use holdfast::model::{PersonId, TenantId};
use holdfast::offline::{Anchors, Fault, Verify};
use holdfast::seal::MasterKey;
use holdfast::stopped::{Error, Parts, Stopped};

use super::content::{MASTER, facts_of, tenants_of};
use super::{ADA_E164, WORD, busy_ada};
use crate::support::World;
use crate::support::world::MONDAY_EIGHT;

fn open(storage: &MemoryStorage) -> Result<Stopped, Error> {
    Stopped::open(Parts {
        config: World::settings(),
        storage: Box::new(storage.clone()),
        master: MasterKey::new(MASTER),
        clock: Arc::new(ManualClock::at(MONDAY_EIGHT)),
        copies: Arc::new(NoCopies),
    })
}

/// A clinic with Ada and her son in it, stopped; who they are.
fn stopped() -> (MemoryStorage, TenantId, PersonId, PersonId) {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let (ada, byron) = busy_ada(&clinic);
    let mut storage = MemoryStorage::new();
    world.restart_after(|world| storage = world.storage.crash_keeping(|_| true));
    let tenant = tenants_of(&storage)[1];
    let id = |text: String| text.parse().expect("an id");
    (storage, tenant, id(ada), id(byron))
}

/// What `verify` says of a storage, with the key.
fn verified(storage: &MemoryStorage) -> Vec<Fault> {
    let verify = Verify {
        storage,
        master: Some(&MasterKey::new(MASTER)),
        public: None,
        anchors: &Anchors::default(),
        progress: &|_, _, _| {},
    };
    verify.run().expect("it can be read").faults
}

/// The ledger that a storage replays to, when everything that is open is complete.
fn finished(storage: &MemoryStorage, tenant: TenantId, person: PersonId) -> Ledger {
    let mut stopped = open(storage).expect("it opens");
    stopped
        .erase(tenant, Whom::Person(person))
        .expect("it is erased");
    let core = stopped.core(tenant).expect("it is there");
    core.ledger().check_invariants();
    assert!(core.ledger().open_erasures().next().is_none());
    assert!(core.contacts().person(person).is_none());
    let live = core.ledger().clone();
    stopped.close().expect("it closes");
    let mut again = open(storage).expect("it opens again");
    let replayed = again.core(tenant).expect("it replays").ledger().clone();
    assert!(
        replayed == live,
        "a replay without the parts gives the live ledger"
    );
    live
}

fn is_gone(storage: &MemoryStorage, tenant: TenantId) {
    let facts = facts_of(storage, tenant);
    for planted in ["Ada", "ada@example.org", WORD] {
        assert!(!facts.contains(planted), "{planted} is left");
    }
    assert!(facts.contains("Byron") && facts.contains(ADA_E164));
}

#[test]
fn a_crash_or_a_failing_disk_at_any_write_or_sync_is_made_up_for() {
    let (storage, tenant, ada, _) = stopped();
    let expected = finished(&storage.crash_keeping(|_| true), tenant, ada);
    type Fault = fn(&MemoryStorage, u64);
    let faults: [Fault; 4] = [
        MemoryStorage::fail_write,
        MemoryStorage::fail_sync,
        |storage, count| storage.shorten_write(count, 0),
        |storage, count| storage.shorten_write(count, 20),
    ];
    for (kind, fault) in faults.into_iter().enumerate() {
        let mut survived = 0;
        for count in 1.. {
            let disk = storage.crash_keeping(|_| true);
            let mut first = open(&disk).expect("it opens");
            fault(&disk, count);
            let done = first.erase(tenant, Whom::Person(ada));
            drop(first);
            if done.is_ok() {
                break;
            }
            survived += 1;
            // Nothing of what was unsynced is left, all of it, or every other byte.
            let crashes = [
                disk.crash(),
                disk.crash_keeping(|_| true),
                disk.crash_keeping(|at| at % 2 == 0),
            ];
            for crashed in crashes {
                assert_eq!(verified(&crashed), [], "fault {kind}, operation {count}");
                let ledger = finished(&crashed, tenant, ada);
                assert!(ledger == expected, "fault {kind}, operation {count}");
                is_gone(&crashed, tenant);
            }
        }
        assert!(survived >= 4, "fault {kind} came about {survived} times");
    }
}

#[test]
fn a_second_crash_while_the_first_is_made_up_for_is_made_up_for_as_well() {
    let (storage, tenant, ada, _) = stopped();
    let mut tried = 0;
    for first in 1..12 {
        let disk = storage.crash_keeping(|_| true);
        let mut stopped = open(&disk).expect("it opens");
        disk.fail_sync(first);
        let done = stopped.erase(tenant, Whom::Person(ada));
        drop(stopped);
        if done.is_ok() {
            break;
        }
        for second in 1..8 {
            let disk = disk.crash_keeping(|at| at % 3 != 1);
            disk.fail_sync(second);
            if let Ok(mut stopped) = open(&disk) {
                let _ = stopped.erase(tenant, Whom::Person(ada));
            }
            let disk = disk.crash_keeping(|at| at % 2 == 0);
            finished(&disk, tenant, ada);
            is_gone(&disk, tenant);
            tried += 1;
        }
    }
    assert!(tried >= 20, "{tried}");
}

#[test]
fn a_start_goes_on_with_what_is_open_and_only_then() {
    let (storage, tenant, ada, _) = stopped();
    let mut first = open(&storage).expect("it opens");
    let mut done = None;
    // The decision is durable, nothing is listed yet: the parts are whole, and nobody knows her any more.
    let request = holdfast::tenant::Request {
        principal: holdfast::model::Principal::System,
        idempotency: None,
        instruction: holdfast::tenant::Instruction::ErasePerson(ada),
    };
    let core = first.core(tenant).expect("it is there");
    let _ = core.execute(request, MONDAY_EIGHT).expect("it is taken");
    first.close().expect("it closes");
    assert!(facts_of(&storage, tenant).contains("Ada"));
    for opened in [1, 0] {
        let mut stopped = open(&storage).expect("it opens");
        let core = stopped.core(tenant).expect("it is there");
        assert!(core.contacts().person(ada).is_none());
        assert_eq!(core.ledger().open_erasures().count(), opened);
        while stopped.step(tenant, &mut done).expect("a step") {}
        stopped.close().expect("it closes");
        is_gone(&storage, tenant);
    }
}

#[test]
fn a_list_of_erasures_is_done_again_on_an_older_copy() {
    let (storage, tenant, ada, byron) = stopped();
    let older = storage.crash_keeping(|_| true);
    let nobody = Whom::Person(PersonId(1));
    let list = [
        (tenant, Whom::Person(ada)),
        (tenant, nobody),
        (TenantId(5), nobody),
    ];
    for expected in [1, 0] {
        let mut stopped = open(&older).expect("it opens");
        assert_eq!(
            stopped.erase_again(&list).expect("they are erased"),
            expected
        );
        stopped.close().expect("it closes");
        is_gone(&older, tenant);
    }
    let mut stopped = open(&older).expect("it opens");
    let core = stopped.core(tenant).expect("it is there");
    assert!(core.contacts().person(byron).is_some());
}

#[test]
fn a_part_that_is_not_whole_without_an_erasure_is_damage_to_its_clinic_alone() {
    use holdfast::journal::Storage;
    let (storage, tenant, _, _) = stopped();
    let frame = super::content::frames(&storage)
        .into_iter()
        .find(|frame| frame.stream == tenant.0 && frame.personal.is_some())
        .expect("someone was named");
    let length = frame.personal.as_ref().map_or(0, Vec::len);
    let bytes = storage.read(frame.place.segment).expect("bytes");
    let part = frame.personal.expect("a part");
    let offset = bytes
        .windows(length)
        .position(|window| window == part)
        .expect("it is there");
    for filled in [1, length / 2, length] {
        let damaged = storage.crash_keeping(|_| true);
        let mut bytes = bytes.clone();
        bytes[offset..offset + filled].fill(0xEE);
        bytes[offset] ^= u8::from(filled == 1) * 0x55;
        damaged.replace(frame.place.segment, bytes);
        let mut stopped = open(&damaged).expect("the journal opens");
        assert!(
            stopped.core(TenantId::INSTANCE).is_ok(),
            "the instance is whole"
        );
        let Err(Error::Fault(fault)) = stopped.core(tenant).map(|_| ()) else {
            panic!("{filled} bytes were taken for an erasure")
        };
        assert!(
            fault.to_string().contains("personal part is damaged"),
            "{fault}"
        );
        let found = verified(&damaged);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].place, frame.place, "{filled} bytes");
        assert_eq!(found[0].tenant, Some(tenant));
    }
}
