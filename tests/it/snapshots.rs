//! Snapshots and sleep: a clinic that sleeps, wakes or starts from an image says what it said before, whatever happens to the
//! folder; there is never a second actor and nobody is turned away.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use holdfast::journal::{self, Journal};
use holdfast::ledger::{PageRequest, Query};
use holdfast::model::{Principal, Slug, TenantId};
use holdfast::replay::{PersonSearch, Recovery, Replayed, image};
use holdfast::seal::MasterKey;
use holdfast::tenant::{Found, Handle, Refused};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, Clinic, World};

/// A server that keeps snapshots there.
fn world() -> (World, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut world = World::start();
    world.snapshots = Some(dir.path().join("snapshots"));
    world.restart();
    (world, dir)
}

/// A clinic with something of everything.
fn busy(world: &World) -> Clinic {
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    clinic.hold("11:00", "07700 900002");
    let code_path = clinic.at(&format!("holds/{hold}/verification"));
    assert_eq!(clinic.agent.send("POST", &code_path, &[], "").status, 200);
    let code = world.carrier.newest_code();
    let confirm = clinic.at(&format!("holds/{hold}/confirm"));
    assert_eq!(
        clinic.agent.post(&confirm, &json!({ "code": code })).status,
        201
    );
    let booking = Clinic::wish("12:00", "07700 900003");
    let booked = clinic.staff.post(&clinic.at("appointments"), &booking);
    assert_eq!(booked.status, 201, "{}", booked.body);
    let block = json!({ "start": "2026-03-03T09:00:00Z", "end": "2026-03-03T09:30:00Z", "reason": "Training" });
    assert_eq!(
        clinic
            .staff
            .post(&clinic.at("resources/dr-a/blocks"), &block)
            .status,
        201
    );
    let wait =
        json!({ "service": "checkup", "person": { "name": "Ben", "phone": "07700 900004" } });
    assert_eq!(clinic.staff.post(&clinic.at("waitlist"), &wait).status, 201);
    clinic
}

/// Everything that can be read of a clinic. Reading keys writes down their use, so those come by their ids.
fn everything(client: &Client, clinic: &Clinic) -> Vec<Value> {
    let lists = [
        "",
        "/resources",
        "/services",
        "/holds",
        "/appointments",
        "/persons",
        "/messages",
        "/waitlist",
        "/resources/dr-a/blocks",
        "/slots?service=checkup&from=2026-03-03&to=2026-03-04",
    ];
    let read = |path: &&str| {
        let answer = client.get(&format!("{}{path}", clinic.path));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    };
    lists.iter().map(read).collect()
}

/// Puts every clinic to sleep with an image of all it has; how many sleep. Texts that are on their way are waited for.
fn put_to_sleep(world: &World) -> usize {
    let (all, _) = world.within(|directory| async move { directory.count() });
    let mut asleep = 0;
    for _ in 0..10_000 {
        asleep = world.within(|directory| async move { directory.rest().await });
        if asleep == all {
            break;
        }
    }
    world.within(|directory| async move { directory.imager().look().await });
    asleep
}

fn asleep(world: &World) -> usize {
    world.within(|directory| async move { directory.asleep() })
}

fn the_clinic(directory: &holdfast::tenant::Directory) -> Handle {
    let slug: Slug = "a".parse().expect("a slug");
    match directory.tenant(&slug) {
        Found::Open(handle) => handle,
        Found::OutOfService | Found::Nothing => panic!("the clinic is there"),
    }
}

#[test]
fn a_clinic_that_slept_says_what_it_said_before_and_a_start_leaves_it_asleep() {
    let (mut world, _dir) = world();
    let clinic = busy(&world);
    let before = everything(&clinic.staff, &clinic);
    assert_eq!(put_to_sleep(&world), 1);
    assert_eq!(everything(&clinic.staff, &clinic), before);
    assert_eq!(asleep(&world), 0, "whoever asks wakes it");

    assert_eq!(put_to_sleep(&world), 1);
    world.restart_after_power_cut();
    assert_eq!(asleep(&world), 1, "its image has everything");
    let staff = world.again(&clinic.staff);
    assert_eq!(everything(&staff, &clinic), before);
    let audit = staff.get(&clinic.at("audit?limit=1000")).json();

    // What is done since lies after the image, and a start reads that.
    let agent = world.again(&clinic.agent);
    let held = agent.post(&clinic.at("holds"), &Clinic::wish("15:00", "07700 900009"));
    assert_eq!(held.status, 201, "{}", held.body);
    let before = everything(&staff, &clinic);
    world.restart_after_power_cut();
    assert_eq!(asleep(&world), 0);
    let staff = world.again(&clinic.staff);
    assert_eq!(everything(&staff, &clinic), before);
    let entries = |audit: &Value| audit["audit"].as_array().expect("entries").clone();
    let again = entries(&staff.get(&clinic.at("audit?limit=1000")).json());
    assert!(again.starts_with(&entries(&audit)) && again.len() > entries(&audit).len());
}

#[test]
fn a_sleeper_s_keys_are_known_and_its_past_can_be_read() {
    let (mut world, _dir) = world();
    let clinic = busy(&world);
    let audit =
        |client: &Client| client.get(&clinic.at("audit?limit=1000")).json()["audit"].clone();
    let before = audit(&clinic.staff);
    put_to_sleep(&world);
    world.restart();
    assert_eq!(asleep(&world), 1);
    let staff = world.again(&clinic.staff);
    let (before, after) = (before.as_array().expect("entries"), audit(&staff));
    // Going to sleep has written down when its keys were used.
    assert!(after.as_array().expect("entries").starts_with(before));
    assert_eq!(world.again(&clinic.read).get("/v1/tenants/b").status, 403);
    let nobody = world.admin.with_key(&clinic.read.key[1..]);
    assert_eq!(nobody.get(&clinic.path).status, 401);
}

#[test]
fn a_sleeper_is_woken_when_something_is_due() {
    let (mut world, _dir) = world();
    let clinic = busy(&world);
    put_to_sleep(&world);
    let wake_due = |world: &World| {
        world.within(|directory| async move {
            directory.wake_due().await;
            directory.asleep()
        })
    };
    assert_eq!(wake_due(&world), 1, "nothing is due yet");
    world.clock.advance_seconds(601);
    assert_eq!(wake_due(&world), 0, "a hold has lapsed");
    let audit = clinic.staff.get(&clinic.at("audit?limit=1000")).body;
    assert!(audit.contains("hold.expired"), "{audit}");

    // The same for one that a start finds asleep.
    clinic.hold("13:00", "07700 900005");
    put_to_sleep(&world);
    world.restart();
    assert_eq!(wake_due(&world), 1);
    world.clock.advance_seconds(601);
    assert_eq!(wake_due(&world), 0);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), &target).expect("a copy")),
        }
    }
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// What is done to a file, and its name.
type Harm = (&'static str, fn(&Path));

/// What can become of a file.
fn damages() -> [Harm; 5] {
    fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
        let mut bytes = fs::read(path).expect("a file");
        change(&mut bytes);
        fs::write(path, bytes).expect("a file");
    }
    [
        ("removed", |path| fs::remove_file(path).expect("a file")),
        ("emptied", |path| rewrite(path, Vec::clear)),
        ("cut", |path| {
            rewrite(path, |bytes| bytes.truncate(bytes.len() / 2))
        }),
        ("overwritten", |path| {
            rewrite(path, |bytes| {
                let seed = bytes.len();
                for (place, byte) in bytes.iter_mut().enumerate() {
                    *byte = (place * 31 + seed) as u8;
                }
            });
        }),
        ("bent", |path| {
            rewrite(path, |bytes| {
                let length = bytes.len();
                for place in (0..length).step_by(1 + length / 64) {
                    bytes[place] ^= 0x40;
                }
            });
        }),
    ]
}

/// What can become of the folder, by name: each is done to a copy of the pristine one.
fn cases(snapshots: &Path, pristine: &Path) -> Vec<(String, Box<dyn Fn()>)> {
    let mut cases: Vec<(String, Box<dyn Fn()>)> = Vec::new();
    let folder = snapshots.to_owned();
    let remove = move || fs::remove_dir_all(&folder).expect("a folder");
    cases.push(("the folder is gone".to_owned(), Box::new(remove)));
    for file in files(pristine) {
        let name = file.strip_prefix(pristine).expect("it lies there");
        for (what, damage) in damages() {
            let (target, what) = (
                snapshots.join(name),
                format!("{} is {what}", name.display()),
            );
            cases.push((what, Box::new(move || damage(&target))));
        }
    }
    // What a kill leaves of sled's own start.
    let (store, inside) = (pristine.join("2"), snapshots.join("2"));
    for name in [
        "snap.00000000.generating",
        "snap.ffffffff.generating",
        "snap.0000000000FFFFFF",
    ] {
        let target = inside.join(name);
        let write = move || fs::write(&target, b"").expect("a file");
        cases.push((format!("{name} is empty"), Box::new(write)));
    }
    for path in files(&store) {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with("snap.") {
            let target = inside.join(format!("{name}.generating"));
            let halve = move || {
                let bytes = fs::read(&path).expect("a file");
                fs::write(&target, &bytes[..bytes.len() / 2]).expect("a file");
            };
            cases.push((format!("half of {name}"), Box::new(halve)));
        }
    }
    cases
}

#[test]
fn whatever_happens_to_the_folder_nothing_is_lost() {
    let (mut world, dir) = world();
    let clinic = busy(&world);
    let before = everything(&clinic.staff, &clinic);
    put_to_sleep(&world);
    let (snapshots, pristine) = (dir.path().join("snapshots"), dir.path().join("pristine"));
    // A second start has sled write what it makes at starts, and an exchange names the store that counts.
    world.within(|directory| async move {
        let tenant = the_clinic(&directory).id();
        assert!(directory.imager().renew(tenant).await);
    });
    world.restart();
    assert_eq!(asleep(&world), 1);
    world.restart_after(|_| copy(&snapshots, &pristine));
    let cases = cases(&snapshots, &pristine);
    for (what, damage) in &cases {
        world.restart_after(|_| {
            if snapshots.exists() {
                fs::remove_dir_all(&snapshots).expect("a folder");
            }
            copy(&pristine, &snapshots);
            damage();
        });
        let staff = world.again(&clinic.staff);
        assert!(everything(&staff, &clinic) == before, "{what}");
    }
    let aside = fs::read_dir(dir.path()).expect("a folder");
    let aside = aside.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("snapshots.broken-")
    });
    assert_eq!(aside.count(), 1, "the latest is kept");
    println!("{} cases, of {:?}", cases.len(), files(&pristine));
}

#[test]
fn an_image_of_a_later_day_or_of_another_journal_is_no_image() {
    let (mut world, _dir) = world();
    let clinic = busy(&world);
    let before = everything(&clinic.staff, &clinic);
    let earlier = world.storage.crash();
    clinic.hold("16:00", "07700 900008");
    assert_eq!(put_to_sleep(&world), 1);
    world.restart_after(|_| {});
    assert_eq!(asleep(&world), 1);
    // A backup of an earlier day is put back beside the later images.
    world.storage = earlier;
    world.restart();
    assert_eq!(asleep(&world), 0);
    let staff = world.again(&clinic.staff);
    assert_eq!(everything(&staff, &clinic), before);
}

#[test]
fn an_image_can_be_renewed_so_that_nothing_of_the_old_one_remains() {
    let (mut world, dir) = world();
    let clinic = busy(&world);
    let before = everything(&clinic.staff, &clinic);
    put_to_sleep(&world);
    let snapshots = dir.path().join("snapshots");
    let old = fs::read(snapshots.join("1/db")).expect("the store");
    // Sealed chunks look like nothing else: a stretch of one is found again wherever it is.
    let marks: Vec<&[u8]> = old
        .chunks(512)
        .filter(|part| part.iter().filter(|byte| **byte == 0).count() < 16)
        .collect();
    assert!(!marks.is_empty());
    fs::create_dir(dir.path().join("snapshots.broken-7")).expect("a folder");
    fs::write(dir.path().join("snapshots.broken-7/db"), &old).expect("a file");
    let renewed = world.within(|directory| async move {
        let tenant = the_clinic(&directory).id();
        directory.imager().renew(tenant).await
    });
    assert!(renewed);
    for file in files(dir.path()) {
        let bytes = fs::read(&file).expect("a file");
        for mark in &marks {
            let is_there = bytes.windows(64).any(|window| window == &mark[..64]);
            assert!(!is_there, "{}", file.display());
        }
    }
    world.restart();
    assert_eq!(asleep(&world), 1, "the new image has everything");
    let staff = world.again(&clinic.staff);
    assert_eq!(everything(&staff, &clinic), before);
}

#[test]
fn whoever_comes_while_a_clinic_falls_asleep_or_wakes_is_answered_once() {
    let (mut world, _dir) = world();
    let clinic = world.clinic("a");
    let (mut rested, mut held) = (0, 0);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..6)
            .map(|caller| {
                let (agent, clinic) = (&clinic.agent, &clinic);
                scope.spawn(move || {
                    let mut held = 0;
                    for turn in 0..40 {
                        let time = format!("{:02}:{:02}", 9 + caller, turn % 2 * 30);
                        let phone = format!("07700 9{:05}", caller * 1000 + turn);
                        let answer = agent.post(&clinic.at("holds"), &Clinic::wish(&time, &phone));
                        assert!([201, 409].contains(&answer.status), "{}", answer.body);
                        if answer.status == 201 {
                            held += 1;
                            let path = clinic.at(&format!("holds/{}", answer.text("id")));
                            assert_eq!(agent.get(&path).status, 200);
                            assert_eq!(agent.send("DELETE", &path, &[], "").status, 204);
                        }
                    }
                    held
                })
            })
            .collect();
        while callers.iter().any(|caller| !caller.is_finished()) {
            rested +=
                usize::from(world.within(|directory| async move { directory.rest().await }) == 1);
        }
        held = callers
            .into_iter()
            .map(|caller| caller.join().expect("it ends"))
            .sum();
    });
    println!("slept {rested} times beside {held} holds");
    assert!(rested > 0 && held > 0);
    let before = everything(&clinic.staff, &clinic);
    // A second actor would have forked the chain, and this start would refuse the clinic.
    world.restart_after_power_cut();
    let staff = world.again(&clinic.staff);
    assert_eq!(everything(&staff, &clinic), before);
}

/// Makes the clinic's actor panic; what whoever asked was told.
fn fell(world: &World) -> Result<(), Refused> {
    let wire = std::sync::Arc::clone(&world.wire);
    world.within(move |directory| async move {
        let handle = the_clinic(&directory);
        wire.store(true, Ordering::SeqCst);
        handle
            .query(Principal::System, Query::Profile)
            .await
            .map(|_| ())
    })
}

#[test]
fn a_clinic_whose_actor_panicked_is_rebuilt_and_one_that_panics_twice_at_one_entry_is_not() {
    let (mut world, _dir) = world();
    let clinic = busy(&world);
    let other = world.clinic("b");
    let before = everything(&clinic.staff, &clinic);
    assert_eq!(fell(&world), Err(Refused::Stopped));
    assert_eq!(everything(&clinic.staff, &clinic), before, "it is rebuilt");
    // Another entry: it has got further.
    clinic.hold("16:00", "07700 900008");
    assert_eq!(fell(&world), Err(Refused::Stopped));
    assert_eq!(clinic.staff.get(&clinic.at("holds")).status, 200);
    assert_eq!(fell(&world), Err(Refused::Stopped));
    let refused = clinic.staff.get(&clinic.at("holds"));
    assert_eq!(
        (refused.status, refused.text("code").as_str()),
        (503, "tenant-quarantined")
    );
    assert_eq!(other.staff.get(&other.at("holds")).status, 200);
    world.restart();
    assert_eq!(
        world.again(&clinic.staff).get(&clinic.at("holds")).status,
        200
    );
}

/// The clinic's state as its journal gives it.
fn replayed(world: &World) -> Replayed {
    let master = MasterKey::new([42; 32]);
    let options = journal::Options {
        segment_bytes: 1 << 20,
        ..journal::Options::default()
    };
    let storage = Box::new(world.storage.crash());
    let (journal, found) = Journal::open(storage, options).expect("the journal opens");
    let mut recovery = Recovery::new(&master);
    for frame in found.frames().expect("frames") {
        recovery.take(frame.expect("a frame"));
    }
    let mut tenants = recovery.finish();
    tenants.remove(&TenantId::INSTANCE);
    let (_, clinic) = tenants.pop_first().expect("a clinic");
    journal.close().expect("it closes");
    clinic.unwrap_or_else(|fault| panic!("{fault}"))
}

/// Until the format is frozen the folder is not there, and nothing is compared; `UPDATE_GOLDEN=1` makes it. What is there is
/// never rewritten.
#[test]
fn images_of_every_version_decode_for_ever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/images/v1");
    let file = folder.join("clinic.image");
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !file.exists() {
        let (world, _dir) = world();
        busy(&world);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(&file, &*image::encode(&replayed(&world))).expect("a file");
    }
    if !folder.exists() {
        return;
    }
    let bytes = fs::read(&file).expect("a golden image");
    let state = image::decode(&bytes).expect("it decodes");
    state.ledger.check_invariants();
    assert!(state.ledger.profile().is_some() && state.sequence > 10);
    let persons = state.contacts.find(&PersonSearch {
        phone: None,
        page: PageRequest {
            after: None,
            limit: 10,
        },
    });
    assert_eq!(persons.items.len(), 4);
    assert!(
        *image::encode(&state) == bytes,
        "this build writes the same"
    );
}
