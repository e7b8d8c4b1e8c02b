//! Whoever has the files but not the master key changes them, with checksums made good where that helps them: every change is
//! found, by the tool with and without its key. Damage that nobody intended is found too.

use holdfast::entry::{self, Head};
use holdfast::journal::MemoryStorage;
use holdfast::journal::inspect::{self, FIRST_FRAME};
use holdfast::model::TenantId;
use holdfast::offline::Anchors;
use holdfast::signing::Signer;

use super::{busy, master, stored, verify, verify_with};
use crate::support::World;

/// A stopped journal's one segment, cut behind its last entry, and where its frames lie.
struct Sample {
    bytes: Vec<u8>,
    frames: Vec<std::ops::Range<usize>>,
    /// A copy of the last checkpoint's lines that was kept elsewhere.
    log: String,
}

fn sample() -> Sample {
    sample_of(|world| drop(busy(world)))
}

fn sample_of(history: impl FnOnce(&World)) -> Sample {
    let mut world = World::start();
    history(&world);
    let mut sample = None;
    world.restart_after(|world| {
        let bytes = stored(&world.storage, 1);
        let mut frames = Vec::new();
        let mut offset = FIRST_FRAME;
        while let Ok(sight) = inspect::frame(&bytes[offset..]) {
            frames.push(offset..offset + sight.bytes);
            offset += sight.bytes;
        }
        let signer = Signer::of(&master());
        let report = verify(&world.storage);
        let line = |tenant: &holdfast::offline::Tenant| {
            let head = Head {
                tenant: tenant.id,
                sequence: tenant.sequence,
                hash: tenant.chain,
            };
            let signature = signer.sign(&entry::head_message(&head));
            let (id, sequence) = (tenant.id, tenant.sequence);
            let (hash, signature) = (hex(&tenant.chain), hex(&signature));
            format!("x INFO y: checkpoint tenant={id} sequence={sequence} hash=\"{hash}\" signature=\"{signature}\"\n")
        };
        sample = Some(Sample {
            log: report.tenants.iter().map(line).collect(),
            bytes: bytes[..offset].to_vec(),
            frames,
        });
    });
    sample.expect("a sample")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn storage(bytes: &[u8]) -> MemoryStorage {
    let storage = MemoryStorage::new();
    storage.replace(1, bytes.to_vec());
    storage
}

impl Sample {
    /// Whose a frame is.
    fn stream(&self, number: usize) -> &[u8] {
        let start = self.frames[number].start;
        &self.bytes[start + 28..start + 44]
    }

    /// The journal that has these of its frames, in this order.
    fn of_frames(&self, order: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let mut bytes = self.bytes[..FIRST_FRAME].to_vec();
        for number in order {
            bytes.extend_from_slice(&self.bytes[self.frames[number].clone()]);
        }
        bytes
    }
}

/// Gives every frame the position and group that it should have where it stands, and a checksum that holds.
fn made_good(mut bytes: Vec<u8>) -> Vec<u8> {
    let (mut offset, mut lsn) = (FIRST_FRAME, 1u64);
    while let Ok(length) = inspect::claimed_bytes(&bytes[offset..]) {
        let personal =
            u32::from_le_bytes(bytes[offset + 8..offset + 12].try_into().expect("4")) as usize;
        bytes[offset + 16..offset + 24].copy_from_slice(&lsn.to_le_bytes());
        bytes[offset + 24..offset + 28].fill(0);
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&bytes[offset..offset + 12]);
        checksum.update(&bytes[offset + 16..offset + length - personal]);
        bytes[offset + 12..offset + 16].copy_from_slice(&checksum.finalize().to_le_bytes());
        (offset, lsn) = (offset + length, lsn + 1);
    }
    bytes
}

#[test]
fn every_flipped_byte_is_found_where_it_is_or_lies_in_a_torn_tail() {
    let sample = sample_of(|world| drop(world.clinic("a").hold("09:00", "07700 900001")));
    let last = sample.frames.last().expect("frames").clone();
    // Opening and replaying take longer and see nothing of a frame that is not whole: now and then shows that they agree.
    for place in 0..sample.bytes.len() {
        let mut bytes = sample.bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        let report = verify_with(&storage(&bytes), place % 97 == 0, &Anchors::default());
        let begin = sample.frames.iter().find(|frame| frame.contains(&place));
        let begin = begin.map_or(0, |frame| frame.start);
        if last.contains(&place) && report.faults.is_empty() {
            assert_eq!(report.torn.map(|torn| torn.offset), Some(begin as u64));
            continue;
        }
        let fault = report
            .faults
            .first()
            .unwrap_or_else(|| panic!("byte {place} is not found"));
        assert_eq!(fault.place.offset, begin as u64, "byte {place}: {fault}");
    }
}

#[test]
fn entries_that_are_left_out_repeated_swapped_or_cut_off_are_found_though_checksums_hold() {
    let sample = sample();
    let count = sample.frames.len();
    let anchors = Anchors::of(&sample.log, "log");
    assert_eq!(anchors.count(), 3);
    assert_eq!(
        verify_with(&storage(&sample.bytes), true, &anchors).faults,
        []
    );
    let mut changed: Vec<(String, Vec<u8>)> = Vec::new();
    for left_out in 0..count {
        let order = (0..count).filter(|number| *number != left_out);
        changed.push((format!("without {left_out}"), sample.of_frames(order)));
        let order = (0..count)
            .flat_map(|number| std::iter::repeat_n(number, 1 + usize::from(number == left_out)));
        changed.push((format!("{left_out} twice"), sample.of_frames(order)));
        let order = 0..left_out;
        changed.push((format!("cut before {left_out}"), sample.of_frames(order)));
        let other = (left_out * 7 + 3) % count;
        // Different tenants' entries are ordered by nothing but their positions, which whoever makes checksums good makes good too.
        let between = left_out.min(other)..=left_out.max(other);
        let is_chained = [left_out, other].iter().any(|moved| {
            let same = |one: &usize| one != moved && sample.stream(*one) == sample.stream(*moved);
            between.clone().any(|one| same(&one))
        });
        if other != left_out && is_chained {
            let mut order: Vec<_> = (0..count).collect();
            order.swap(left_out, other);
            changed.push((format!("{left_out} for {other}"), sample.of_frames(order)));
        }
    }
    for (what, bytes) in changed {
        for bytes in [bytes.clone(), made_good(bytes)] {
            let report = verify_with(&storage(&bytes), false, &anchors);
            assert!(!report.is_good(), "{what}");
        }
    }
}

#[test]
fn an_entry_that_is_moved_to_another_tenant_or_changed_with_its_checksum_is_found() {
    let sample = sample();
    let whole = verify(&storage(&sample.bytes));
    let [_, a, b] = [0, 1, 2].map(|number| whole.tenants[number].id);
    let anchors = Anchors::default();
    for (number, frame) in sample.frames.iter().enumerate() {
        let stream = frame.start + 28..frame.start + 44;
        let own = u128::from_le_bytes(sample.bytes[stream.clone()].try_into().expect("16"));
        let other = if own == a.0 { b } else { a };
        let mut bytes = sample.bytes.clone();
        bytes[stream].copy_from_slice(&other.0.to_le_bytes());
        let report = verify_with(&storage(&made_good(bytes)), false, &anchors);
        assert!(!report.is_good(), "entry {number} in another stream");
        // One bit of what is sealed: the chain's next entry, or the checkpoint, carries the hash of what was there.
        let mut bytes = sample.bytes.clone();
        bytes[frame.start + 44 + 130] ^= 4;
        let report = verify_with(&storage(&made_good(bytes)), true, &anchors);
        assert!(!report.is_good(), "entry {number} with another content");
    }
}

#[test]
fn a_copy_that_was_changed_or_is_anothers_is_found() {
    let sample = sample();
    for (from, to) in [
        ("sequence=", "sequence=1"),
        ("signature=\"", "signature=\"0"),
    ] {
        let log = sample.log.replacen(from, to, 1);
        let report = verify_with(&storage(&sample.bytes), true, &Anchors::of(&log, "log"));
        assert!(!report.is_good(), "{log}");
    }
}

#[test]
fn another_master_key_is_called_that_and_not_damage() {
    let sample = sample();
    let storage = storage(&sample.bytes);
    let other = holdfast::seal::MasterKey::new([43; 32]);
    let anchors = Anchors::default();
    let verify = holdfast::offline::Verify {
        storage: &storage,
        master: Some(&other),
        public: None,
        anchors: &anchors,
        progress: &|_, _, _| {},
    };
    let report = verify.run().expect("memory can be read");
    assert!(
        report.faults[0]
            .what
            .contains("put the right key file back")
    );
    assert_eq!(report.faults[0].tenant, Some(TenantId::INSTANCE));
}
