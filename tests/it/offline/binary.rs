//! The tools as an operator uses them, on states that the real server made: kills, several segments, copies under load.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;

use super::real::{Real, refused, said};

/// Runs the independent reader on a directory of segments.
fn reader(journal: &Path) -> Output {
    let state = journal.parent().expect("a journal lies in a state");
    read_all(&[journal.to_owned()], &state.join("checkpoint.pub"))
}

fn read_all(journals: &[PathBuf], public_key: &Path) -> Output {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/journal_reader.py");
    Command::new("python3")
        .arg(tool)
        .args(journals)
        .arg("--public-key")
        .arg(public_key)
        .output()
        .expect("python3 runs")
}

/// The tenants' lines of either tool, as tenant, sequence and hash.
fn heads(text: &str) -> Vec<[String; 3]> {
    let field = |line: &str, name: &str| {
        let mut words = line.split_whitespace();
        let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.map(str::to_owned)
    };
    let lines = text.lines().filter_map(|line| {
        let names = ["tenant", "sequence", "chain"];
        let [tenant, sequence, chain] = names.map(|name| field(line, name));
        Some([tenant?, sequence?, chain?])
    });
    let mut heads: Vec<_> = lines.collect();
    heads.sort_unstable();
    heads
}

/// A state with two clinics, several segments and a kill in it, its server stopped in order.
fn lived() -> Real {
    let mut real = Real::start();
    let north = real.desk("north");
    north.fill(300);
    for number in 0..10 {
        assert_eq!(north.book(number, "Ada Lovelace").status, 201);
    }
    real.kill();
    real.run();
    let south = real.desk("south");
    assert_eq!(south.book(3, "Ben Byte").status, 201);
    real.stop();
    real
}

#[test]
fn two_readers_agree_on_a_state_that_lived() {
    let mut real = lived();
    let state = real.state();
    let segments = || {
        std::fs::read_dir(state.join("journal"))
            .expect("a journal")
            .count()
    };
    assert!(segments() > 3, "several segments");
    let verified = said(&real.tool(&["verify", "--state", "state"]));
    assert!(verified.contains("north tenant="), "{verified}");
    let keyless = said(&real.tool(&["verify", "--state", "state", "--keyless"]));
    let read = said(&reader(&state.join("journal")));
    assert_eq!(heads(&verified).len(), 3, "{verified}");
    assert_eq!(heads(&verified), heads(&read));
    assert_eq!(heads(&keyless), heads(&read));
    // The server's own log is such a copy of its checkpoints as is kept elsewhere.
    std::fs::write(real.path().join("kept.log"), real.log()).expect("a log");
    let with_copy = ["verify", "--state", "state", "--checkpoints", "kept.log"];
    said(&real.tool(&with_copy));
    // Whoever cuts the end off leaves a journal that looks whole: only the copy knows better.
    let last = state
        .join("journal")
        .join(last_segment(&state.join("journal")));
    let bytes = std::fs::read(&last).expect("a segment");
    let ends = frames(&bytes);
    let cut = ends[ends.len() - 3];
    let mut shorter = bytes.clone();
    shorter[cut..].fill(0);
    std::fs::write(&last, &shorter).expect("it can be written");
    said(&real.tool(&["verify", "--state", "state"]));
    let error = refused(&real.tool(&with_copy), 1);
    assert!(error.contains("first fault: tenant tenant_"), "{error}");
    assert!(error.contains("cut off"), "{error}");
    std::fs::write(&last, &bytes).expect("it can be written");
    // One state, one process.
    real.run();
    let error = refused(&real.tool(&["verify", "--state", "state"]), 1);
    assert!(error.contains("in use by another process"), "{error}");
    real.stop();
    let error = refused(&real.tool(&["verify", "--state", "nowhere"]), 1);
    assert!(error.contains("--state"), "{error}");
}

fn last_segment(journal: &Path) -> String {
    let names = std::fs::read_dir(journal).expect("a journal").flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let is_used = |name: &String| {
        let bytes = std::fs::read(journal.join(name)).expect("a segment");
        name.ends_with(".journal") && bytes.iter().any(|byte| *byte != 0)
    };
    names.filter(is_used).max().expect("a segment")
}

/// Where a segment's frames end, ascending.
fn frames(bytes: &[u8]) -> Vec<usize> {
    use holdfast::journal::inspect::{FIRST_FRAME, frame};
    let mut ends = vec![FIRST_FRAME];
    while let Ok(sight) = frame(&bytes[ends[ends.len() - 1]..]) {
        ends.push(ends[ends.len() - 1] + sight.bytes);
    }
    ends
}

/// Draws numbers that are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as usize
    }
}

/// A journal's one segment up to its last entry, which is a checkpoint, and where its frames end.
struct Sample {
    whole: Vec<u8>,
    ends: Vec<usize>,
    /// Frames before the last: behind those the checkpoint vouches for them.
    vouched: usize,
}

impl Sample {
    fn of(bytes: &[u8]) -> Self {
        let ends = frames(bytes);
        Self {
            whole: bytes[..ends[ends.len() - 1]].to_vec(),
            vouched: ends.len() - 2,
            ends,
        }
    }

    fn frame(&self, number: usize) -> Range<usize> {
        self.ends[number]..self.ends[number + 1]
    }

    /// Five changes of different kinds, drawn.
    fn tamperings(&self, draw: &mut Draw) -> Vec<(String, Vec<u8>)> {
        let Self {
            whole,
            ends,
            vouched,
        } = self;
        let mut made = Vec::new();
        let place = draw.below(ends[*vouched]);
        let mut changed = whole.clone();
        changed[place] ^= 1 << draw.below(8);
        made.push((format!("flip at {place}"), changed));
        let (from, bytes) = (ends[draw.below(*vouched)], draw.below(200) + 1);
        let mut changed = whole.clone();
        changed.splice(from..from, std::iter::repeat_n(0xA5, bytes));
        made.push((format!("{bytes} bytes at {from}"), changed));
        let number = draw.below(*vouched);
        let mut changed = whole.clone();
        changed.drain(self.frame(number));
        made.push((format!("without {number}"), changed));
        let other = draw.below(*vouched);
        if other != number {
            let [a, b] = [number.min(other), number.max(other)].map(|number| self.frame(number));
            let parts = [
                &whole[..a.start],
                &whole[b.clone()],
                &whole[a.end..b.start],
                &whole[a],
                &whole[b.end..],
            ];
            made.push((format!("{number} for {other}"), parts.concat()));
        }
        let frame = self.frame(1 + draw.below(vouched - 1));
        let from = ends[draw.below(*vouched)];
        let mut changed = whole.clone();
        changed.copy_within(from + 28..from + 44, frame.start + 28);
        if changed != *whole {
            make_good(&mut changed[frame.clone()]);
            made.push((format!("another's stream at {}", frame.start), changed));
        }
        made
    }

    /// Cut in front of an entry, the checkpoint put behind it with a position that fits.
    fn cut_before(&self, number: usize) -> Vec<u8> {
        let mut cut = self.whole[..self.ends[number]].to_vec();
        let mut checkpoint = self.whole[self.frame(self.vouched)].to_vec();
        checkpoint[16..24].copy_from_slice(&(number as u64 + 1).to_le_bytes());
        make_good(&mut checkpoint);
        cut.extend_from_slice(&checkpoint);
        cut
    }
}

/// Gives a frame a checksum that holds.
fn make_good(frame: &mut [u8]) {
    let personal = u32::from_le_bytes(frame[8..12].try_into().expect("4 bytes"));
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&frame[..12]);
    checksum.update(&frame[16..frame.len() - personal as usize]);
    frame[12..16].copy_from_slice(&checksum.finalize().to_le_bytes());
}

#[test]
fn the_independent_reader_finds_every_tampering() {
    let mut real = Real::start();
    for slug in ["north", "south"] {
        let desk = real.desk(slug);
        for number in 0..4 {
            assert_eq!(desk.book(number, "Ada Lovelace").status, 201);
        }
    }
    real.stop();
    let bytes = std::fs::read(real.state().join("journal/0000000001.journal"));
    let sample = Sample::of(&bytes.expect("a segment"));
    let mut draw = Draw(7);
    let mut tampered: Vec<_> = (0..80).flat_map(|_| sample.tamperings(&mut draw)).collect();
    for number in 1..sample.vouched {
        let what = format!("cut before {number}, checkpoint kept");
        tampered.push((what, sample.cut_before(number)));
    }
    assert!(tampered.len() > 300);
    let copy = |number: usize| real.path().join(format!("copy-{number}-"));
    for (number, (_, bytes)) in tampered.iter().enumerate() {
        std::fs::create_dir(copy(number)).expect("a directory");
        std::fs::write(copy(number).join("0000000001.journal"), bytes).expect("it can be written");
    }
    let copies: Vec<_> = (0..tampered.len()).map(copy).collect();
    let output = read_all(&copies, &real.state().join("checkpoint.pub"));
    let error = String::from_utf8_lossy(&output.stderr);
    for (number, (what, _)) in tampered.iter().enumerate() {
        let name = format!("copy-{number}-");
        let is_found = |line: &str| line.contains(&name) && line.contains("at offset");
        assert!(error.lines().any(is_found), "{what}");
    }
}

#[test]
fn a_backup_is_made_while_booking_goes_on_and_restores_to_what_it_says() {
    let mut real = Real::start();
    let north = real.desk("north");
    north.fill(220);
    let (is_over, booked) = (AtomicBool::new(false), AtomicU32::new(0));
    let url = format!("http://{}", real.admin.address);
    let key = real.admin.key.clone();
    let tool = |arguments: &[&str]| real.tool(arguments);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let number = booked.fetch_add(1, Ordering::Relaxed);
                assert_eq!(north.book(number, "Ada Lovelace").status, 201);
            }
        });
        for dest in ["first", "second"] {
            let text = said(&tool(&[
                "backup",
                dest,
                "--url",
                &url,
                "--key",
                &key,
                "--master-key",
                "state/master.key",
            ]));
            assert!(text.contains("opened and replayed"), "{text}");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let error = refused(&tool(&["backup", "first", "--url", &url, "--key", &key]), 1);
    assert!(error.contains("not empty"), "{error}");
    let error = refused(
        &tool(&["backup", "third", "--url", &url, "--key", &north.staff.key]),
        1,
    );
    assert!(
        error.contains("forbidden-scope") || error.contains("403"),
        "{error}"
    );
    assert!(
        !real.path().join("third/journal").exists(),
        "nothing is left of it"
    );
    real.stop();
    restored_from(&real, "second", booked.load(Ordering::Relaxed));
    // Of the stopped state the same, to the last entry.
    said(&real.tool(&["backup", "stopped", "--state", "state"]));
    let verified = said(&real.tool(&["verify", "--state", "state"]));
    let copied = said(&real.tool(&[
        "verify",
        "--state",
        "stopped",
        "--master-key",
        "state/master.key",
    ]));
    assert_eq!(heads(&verified), heads(&copied));
    for place in ["first", "stopped"] {
        said(&reader(&real.path().join(place).join("journal")));
        let files =
            ["master.key", "admin.key"].map(|name| real.path().join(place).join(name).exists());
        assert_eq!(files, [false, false], "no key is in a backup");
    }
}

fn restored_from(real: &Real, backup: &str, booked: u32) {
    // Another key, a state that is there: said before anything is written.
    std::fs::write(real.path().join("other.key"), "ab".repeat(32)).expect("a key");
    let restore = [
        "restore",
        backup,
        "--state",
        "restored/state",
        "--master-key",
    ];
    let with = |key: &str| real.tool(&[&restore[..], &[key]].concat());
    let error = refused(&with("other.key"), 1);
    assert!(error.contains("was made under master key"), "{error}");
    let error = refused(
        &real.tool(&[
            "restore",
            backup,
            "--state",
            "state",
            "--master-key",
            "state/master.key",
        ]),
        1,
    );
    assert!(error.contains("not empty"), "{error}");
    let text = said(&with("state/master.key"));
    assert!(text.contains("epoch=2"), "{text}");
    said(&reader(&real.path().join("restored/state/journal")));
    let error = refused(&with("state/master.key"), 1);
    assert!(error.contains("not empty"), "{error}");
    // It serves: whatever was booked when the backup was made is booked, and nothing twice.
    let dir = tempfile::TempDir::new().expect("a directory");
    std::fs::rename(real.path().join("restored/state"), dir.path().join("state"))
        .expect("it moves");
    let mut again = Real::on(dir);
    again.admin.key.clone_from(&real.admin.key);
    again.run();
    let list = again
        .admin
        .get("/v1/tenants/north/appointments?limit=1000")
        .json();
    let count = list["appointments"].as_array().expect("a list").len();
    assert!(count > 0 && count <= booked as usize, "{count} of {booked}");
    again.stop();
    said(&again.tool(&["verify", "--state", "state"]));
    // A backup of it is of the epoch that it went on in.
    said(&again.tool(&["backup", "copy", "--state", "state"]));
    let manifest =
        std::fs::read_to_string(again.path().join("copy/manifest.json")).expect("a manifest");
    assert!(manifest.contains("\"epoch\": 2"), "{manifest}");
}

#[test]
fn whoever_was_erased_since_a_backup_stays_erased_when_it_is_restored() {
    let mut real = Real::start();
    let north = real.desk("north");
    assert_eq!(north.book(0, "Ada Lovelace").status, 201);
    assert_eq!(north.book(1, "Ben Byte").status, 201);
    let persons = |real: &Real| {
        let staff = real.admin.with_key(&north.staff.key);
        let list = staff.get(&format!("{}/persons", north.path)).json();
        let list = list["persons"].as_array().expect("persons").clone();
        let field = |person: &Value, name: &str| person[name].as_str().expect("text").to_owned();
        let both = |person| (field(person, "name"), field(person, "id"));
        list.iter().map(both).collect::<Vec<_>>()
    };
    let url = format!("http://{}", real.admin.address);
    let key = real.admin.key.clone();
    said(&real.tool(&["backup", "copy", "--url", &url, "--key", &key]));
    let ada = persons(&real)[0].clone();
    assert_eq!(ada.0, "Ada Lovelace");
    let path = format!("{}/persons/{}", north.path, ada.1);
    assert_eq!(north.staff.send("DELETE", &path, &[], "").status, 204);
    real.stop();
    let verified = said(&real.tool(&["verify", "--state", "state"]));
    assert!(
        verified
            .lines()
            .any(|line| line.starts_with("north ") && !line.ends_with("erased=0"))
    );
    said(&reader(&real.state().join("journal")));
    // A backup of a state in which someone is erased carries the list; its older self needs it named.
    said(&real.tool(&["backup", "later", "--state", "state"]));
    assert!(real.path().join("later/erased.jsonl").exists());
    let restore = [
        "restore",
        "copy",
        "--master-key",
        "state/master.key",
        "--state",
    ];
    let without = real.tool(&[&restore[..], &["without/state"]].concat());
    said(&without);
    assert!(String::from_utf8_lossy(&without.stderr).contains("--erased"));
    let with = ["with/state", "--erased", "later/erased.jsonl"];
    let text = said(&real.tool(&[&restore[..], &with].concat()));
    assert!(text.contains("erased_again=1"), "{text}");
    said(&reader(&real.path().join("with/state/journal")));
    let dir = tempfile::TempDir::new().expect("a directory");
    std::fs::rename(real.path().join("with/state"), dir.path().join("state")).expect("it moves");
    let mut again = Real::on(dir);
    again.run();
    let names: Vec<_> = persons(&again).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Ben Byte"]);
}

#[test]
fn a_backup_that_was_changed_is_not_restored() {
    let mut real = Real::start();
    let north = real.desk("north");
    assert_eq!(north.book(0, "Ada Lovelace").status, 201);
    real.stop();
    said(&real.tool(&["backup", "copy", "--state", "state"]));
    let segment = real.path().join("copy/journal/0000000001.journal");
    let bytes = std::fs::read(&segment).expect("a segment");
    let ends = frames(&bytes);
    let restore = |what: &str, wanted: &str| {
        let output = real.tool(&[
            "restore",
            "copy",
            "--state",
            "new",
            "--master-key",
            "state/master.key",
        ]);
        let error = refused(&output, 1);
        assert!(error.contains(wanted), "{what}: {error}");
        assert!(!real.path().join("new/journal").exists(), "{what}");
    };
    let mut flipped = bytes.clone();
    flipped[ends[2] + 60] ^= 1;
    std::fs::write(&segment, flipped).expect("it can be written");
    restore("a flipped bit", "has faults");
    std::fs::write(&segment, &bytes[..ends[ends.len() - 2]]).expect("it can be written");
    restore("the end cut off", "is not what its manifest says");
    std::fs::write(&segment, [&bytes[..], &[7]].concat()).expect("it can be written");
    restore("a byte behind it", "is not what its manifest says");
    std::fs::write(&segment, &bytes).expect("it can be written");
    let manifest = real.path().join("copy/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    std::fs::write(&manifest, text.replace("\"format\": 1", "\"format\": 2"))
        .expect("it can be written");
    restore("a newer one", "use the newer holdfast");
    std::fs::remove_file(&manifest).expect("it is there");
    restore("no manifest", "was never finished");
}
