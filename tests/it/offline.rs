//! The operator's tools on stopped states: what is whole is found whole, and whatever was changed is found.

mod binary;
pub mod real;
mod restored;
mod tampering;

use holdfast::journal::MemoryStorage;
use holdfast::model::TenantId;
use holdfast::offline::{Anchors, Report, Verify};
use holdfast::seal::MasterKey;
use holdfast::signing::Signer;

use crate::support::{Clinic, World};

/// The master key of every [`World`].
fn master() -> MasterKey {
    MasterKey::new([42; 32])
}

fn verify_with(storage: &MemoryStorage, keyed: bool, anchors: &Anchors) -> Report {
    let master = master();
    let verify = Verify {
        storage,
        master: keyed.then_some(&master),
        public: Some(Signer::of(&master).public()),
        anchors,
        progress: &|_, _, _| {},
    };
    verify.run().expect("memory can be read")
}

fn verify(storage: &MemoryStorage) -> Report {
    verify_with(storage, true, &Anchors::default())
}

/// Two clinics with something of everything: holds that ended in every way, a booking moved, one cancelled, one overbooked.
fn busy(world: &World) -> [Clinic; 2] {
    let clinics = ["a", "b"].map(|slug| world.clinic(slug));
    for (number, clinic) in clinics.iter().enumerate() {
        let phone = |n: usize| format!("07700 90000{n}");
        let released = clinic.hold("09:00", &phone(number));
        let path = clinic.at(&format!("holds/{released}"));
        assert_eq!(clinic.agent.send("DELETE", &path, &[], "").status, 204);
        clinic.hold("09:00", &phone(2 + number));
        let book = |time: &str, overbook: bool| {
            let mut body = Clinic::wish(time, &phone(4));
            if overbook {
                body["overbook"] = true.into();
            }
            let booked = clinic.staff.post(&clinic.at("appointments"), &body);
            assert_eq!(booked.status, 201, "{}", booked.body);
            booked.text("id")
        };
        let moved = book("10:00", false);
        book("10:30", false);
        book("10:30", true);
        let cancelled = book("11:00", false);
        let path = clinic.at(&format!("appointments/{cancelled}/cancel"));
        assert_eq!(clinic.staff.post(&path, &serde_json::json!({})).status, 200);
        let path = clinic.at(&format!("appointments/{moved}/reschedule"));
        let to = serde_json::json!({ "service": "checkup", "resource": "dr-a", "start": "2026-03-03T11:00:00Z" });
        assert_eq!(clinic.staff.post(&path, &to).status, 200);
    }
    clinics
}

#[test]
fn a_whole_journal_is_found_whole_with_and_without_the_key() {
    let mut world = World::start();
    busy(&world);
    world.restart_after(|world| {
        let report = verify(&world.storage);
        assert_eq!(report.faults, [], "with the key");
        assert_eq!(report.tenants.len(), 3);
        assert_eq!(report.tenants[0].id, TenantId::INSTANCE);
        assert_eq!(report.checkpoints, 1, "the one on stop");
        for tenant in &report.tenants {
            assert_eq!(tenant.entries, tenant.sequence);
            let Some(name) = &tenant.name else { continue };
            assert!(["a", "b"].contains(&name.as_str()));
            let outcome = tenant.outcome.expect("it was replayed");
            assert_eq!((outcome.appointments, outcome.holds), (4, 1));
        }
        let keyless = verify_with(&world.storage, false, &Anchors::default());
        assert_eq!(keyless.faults, []);
        let heads = |report: &Report| -> Vec<_> {
            let tenants = report.tenants.iter();
            tenants
                .map(|one| (one.id, one.sequence, one.chain))
                .collect()
        };
        assert_eq!(heads(&keyless), heads(&report));
    });
    // The instance's own history has a checkpoint in it now and goes on.
    world.clinic("c");
    world.restart_after(|world| {
        let report = verify(&world.storage);
        assert_eq!((report.faults.as_slice(), report.checkpoints), (&[][..], 2));
    });
    // Nothing happened since: no further checkpoint is due.
    let mut entries = 0;
    world.restart_after(|world| entries = verify(&world.storage).entries);
    world.restart_after(|world| {
        let report = verify(&world.storage);
        assert_eq!((report.entries, report.checkpoints), (entries, 2));
    });
}

#[test]
fn a_torn_tail_is_told_from_damage_and_left_alone() {
    let mut world = World::start();
    busy(&world);
    world.restart_after(|world| {
        let whole = verify(&world.storage);
        let mut bytes = stored(&world.storage, 1);
        let end = bytes.iter().rposition(|byte| *byte != 0).expect("entries") + 1;
        // The last entry is the checkpoint: cut inside it, nothing behind it says that it was synced.
        bytes[end - 10..].fill(0);
        let torn = MemoryStorage::new();
        torn.replace(1, bytes.clone());
        let report = verify(&torn);
        assert_eq!(report.faults, []);
        assert_eq!(report.entries, whole.entries - 1);
        let tail = report.torn.expect("it says so");
        assert_eq!(tail.offset + tail.bytes, (end - 10) as u64);
        assert_eq!(stored(&torn, 1), bytes, "nothing was written");
    });
}

/// A segment's bytes.
fn stored(storage: &MemoryStorage, number: u64) -> Vec<u8> {
    use holdfast::journal::Storage;
    storage.read(number).expect("memory can be read")
}
