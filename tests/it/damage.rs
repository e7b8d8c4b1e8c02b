//! What damage in the journal costs: the clinic that it concerns, and nobody else; never a wrong answer.
//!
//! Method: two clinics whose entries alternate; bytes are changed where the journal's own rows say that an entry lies.

use std::collections::BTreeMap;

use holdfast::journal::{
    Journal, Lsn, MemoryStorage, OWNER_COPY, Options, Place, Recovered, Storage,
};
use holdfast::model::TenantId;
use holdfast::replay::{Fault, FaultKind, Recovery, Replayed};
use holdfast::seal::MasterKey;

use crate::support::{Clinic, World};

/// Where the header of a frame names the stream, and where its covered bytes begin if it has a personal part.
const STREAM: usize = 28;
const COVERED: usize = 44;
const DIGEST: usize = 32;

/// Two clinics with three holds each, one by one; the second has the last word.
fn world() -> (World, [Clinic; 2]) {
    let world = World::start();
    let clinics = [world.clinic("a"), world.clinic("b")];
    for (time, phone) in [
        ("10:00", "07700 900001"),
        ("11:00", "07700 900002"),
        ("12:00", "07700 900003"),
    ] {
        for clinic in &clinics {
            clinic.hold(time, phone);
        }
    }
    (world, clinics)
}

fn open(storage: &MemoryStorage) -> Result<(Journal, Recovered), holdfast::journal::Error> {
    let options = Options {
        segment_bytes: 1 << 20,
        ..Options::default()
    };
    Journal::open(Box::new(storage.clone()), options)
}

/// The two clinics' streams, in the order in which they were made.
fn streams(recovered: &Recovered) -> [u128; 2] {
    let first = |stream: &u128| recovered.rows(*stream, Lsn::ZERO).unwrap()[0].lsn;
    let mut clinics = recovered.streams();
    clinics.retain(|stream| *stream != 0);
    clinics.sort_by_key(first);
    clinics.try_into().unwrap()
}

fn recover(storage: &MemoryStorage) -> BTreeMap<u128, Result<Replayed, Fault>> {
    let master = MasterKey::new([42; 32]);
    let (_journal, recovered) = open(storage).unwrap();
    let mut recovery = Recovery::new(&master);
    for found in recovered.frames().unwrap() {
        recovery.take(found.unwrap());
    }
    let tenants = recovery.finish().into_iter();
    tenants
        .map(|(TenantId(id), replayed)| (id, replayed))
        .collect()
}

fn change(storage: &MemoryStorage, segment: u64, act: impl FnOnce(&mut [u8])) {
    let mut bytes = storage.read(segment).unwrap();
    act(&mut bytes);
    storage.replace(segment, bytes);
}

#[test]
fn a_flipped_bit_puts_its_clinic_out_of_service_and_the_other_one_books_on() {
    let (mut world, [a, b]) = world();
    let before = b.staff.get(&b.at("holds")).json();
    let of_a = |storage: &MemoryStorage| {
        let (_journal, recovered) = open(&storage.crash()).unwrap();
        let rows = recovered.rows(streams(&recovered)[0], Lsn(20)).unwrap();
        rows[0].place
    };
    world.restart_after(|world| {
        let Place { segment, offset } = of_a(&world.storage);
        change(&world.storage, segment, |bytes| {
            bytes[offset as usize + COVERED + DIGEST + 130] ^= 4
        });
    });
    for round in 0..2 {
        for key in [&a.staff, &a.agent, &world.admin] {
            let refused = world.again(key).get(&a.at("holds"));
            assert_eq!(
                (refused.status, refused.text("code").as_str()),
                (503, "tenant-quarantined")
            );
        }
        let staff = world.again(&b.staff);
        if round == 0 {
            assert_eq!(staff.get(&b.at("holds")).json(), before);
        }
        let wish = Clinic::wish(["14:00", "15:00"][round], "07700 900009");
        assert_eq!(staff.post(&b.at("holds"), &wish).status, 201);
        let ready = world.admin.get("/readyz");
        assert_eq!((ready.status, ready.text("status").as_str()), (200, "warn"));
        world.restart();
    }
}

/// How a clinic or the instance stands: the position of its latest entry, or that it is out of service.
fn heads(tenants: &BTreeMap<u128, Result<Replayed, Fault>>) -> BTreeMap<u128, Option<u64>> {
    let head =
        |replayed: &Result<Replayed, Fault>| replayed.as_ref().ok().map(|state| state.head.0);
    tenants
        .iter()
        .map(|(id, replayed)| (*id, head(replayed)))
        .collect()
}

/// Goal: whichever entry is hit, wherever in it, its owner and nobody else is out of service.
#[test]
fn any_flipped_bit_in_any_entry_costs_its_owner_alone() {
    let (world, _clinics) = world();
    let storage = world.storage.crash();
    let (_journal, recovered) = open(&storage).unwrap();
    let whole = heads(&recover(&storage));
    let last = recovered.survey.head;
    let mut hit = 0;
    for stream in recovered.streams() {
        for row in recovered.rows(stream, Lsn::ZERO).unwrap() {
            // What is damaged in the last group looks like a torn tail; the first entries of all are its own group each.
            if row.lsn == last {
                continue;
            }
            let frame = recovered.read(row.place).unwrap();
            let digest = if frame.personal_digest.is_some() {
                DIGEST
            } else {
                0
            };
            let personal = COVERED + digest + frame.covered.len();
            let mut places = vec![
                0,
                5,
                9,
                13,
                17,
                25,
                STREAM,
                STREAM + 15,
                COVERED,
                personal - 1,
            ];
            places.extend([OWNER_COPY.start, OWNER_COPY.end - 1].map(|at| COVERED + digest + at));
            places.extend(frame.personal.map(|bytes| personal + bytes.len() / 2));
            for at in places {
                let damaged = storage.crash();
                change(&damaged, row.place.segment, |bytes| {
                    bytes[row.place.offset as usize + at] ^= 2
                });
                let mut wanted = whole.clone();
                wanted.insert(stream, None);
                let found = recover(&damaged);
                assert_eq!(
                    heads(&found),
                    wanted,
                    "entry {} of {stream}, byte {at}",
                    row.lsn
                );
                let fault = found[&stream].as_ref().err().unwrap();
                assert_eq!((fault.lsn, fault.place), (row.lsn, row.place), "{fault}");
                hit += 1;
            }
        }
    }
    assert!(hit > 200, "{hit}");
}

#[test]
fn where_nothing_tells_the_owner_all_who_may_have_lost_an_entry_are_out_of_service() {
    let (world, _clinics) = world();
    let storage = world.storage.crash();
    let (_journal, recovered) = open(&storage).unwrap();
    let [a, b] = streams(&recovered);
    let rows = |stream| recovered.rows(stream, Lsn::ZERO).unwrap();
    let garble = |place: Place| {
        let damaged = storage.crash();
        change(&damaged, place.segment, |bytes| {
            bytes[place.offset as usize..][..200].fill(0x55);
        });
        heads(&recover(&damaged))
    };
    let whole = heads(&recover(&storage));
    // The last of the first clinic: it is proven by nothing, nor is the instance; the other clinic goes on behind it.
    let wanted = [(0, None), (a, None), (b, whole[&b])];
    assert_eq!(garble(rows(a).last().unwrap().place), wanted.into());
    // One in its middle: the gap in its sequence explains it, and everyone else is cleared.
    let wanted = [(0, whole[&0]), (a, None), (b, whole[&b])];
    assert_eq!(garble(rows(a)[7].place), wanted.into());
}

#[test]
fn a_clinic_that_lost_all_its_entries_is_not_founded_anew() {
    let world = World::start();
    world.clinic("a");
    world.clinic("b");
    let storage = world.storage.crash();
    let (_journal, recovered) = open(&storage).unwrap();
    let [a, b] = streams(&recovered);
    // As if all of the first clinic's had been in the damaged stretch, in which the instance had its own part too.
    let from = recovered.rows(a, Lsn::ZERO).unwrap()[0].place;
    let until = recovered.rows(b, Lsn::ZERO).unwrap()[1].place;
    change(&storage, from.segment, |bytes| {
        bytes[from.offset as usize..until.offset as usize].fill(0x55);
    });
    let found = recover(&storage);
    assert!(found[&b].is_err() && found[&0].is_err());
    assert!(found.get(&a).is_none_or(Result::is_err));
}

#[test]
fn a_wrong_master_key_is_called_that() {
    let (world, _clinics) = world();
    let storage = world.storage.crash();
    let (_journal, recovered) = open(&storage).unwrap();
    let master = MasterKey::new([43; 32]);
    let mut recovery = Recovery::new(&master);
    for found in recovered.frames().unwrap() {
        recovery.take(found.unwrap());
    }
    for fault in recovery
        .finish()
        .into_values()
        .map(|replayed| replayed.err().unwrap())
    {
        assert!(matches!(*fault.fault, FaultKind::Unreadable(_)), "{fault}");
        assert!(
            fault.to_string().contains("put the right key file back"),
            "{fault}"
        );
    }
}
