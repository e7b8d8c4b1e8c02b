//! How long an entry takes from `append` to confirmed, on files, beside what one bare `fdatasync` takes in the same run.
//!
//! The ratio is the figure that carries over to other machines; README.md holds the estimate and the measurement.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use holdfast::journal::{FileStorage, Journal, Lsn, Options, Parts};

/// About what a booking's entry has: covered part and personal part.
const COVERED: [u8; 160] = [7; 160];
const PERSONAL: [u8; 64] = [9; 64];
const PROBE_BYTES: u64 = 64 << 20;

fn probe(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = zeroed(&directory.path().join("probe"));
    let mut offset = 0;
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(1));
    group.bench_function("probe: write 300 bytes, fdatasync", |bencher| {
        bencher.iter(|| {
            file.write_all_at(&[5; 300], offset)
                .expect("the probe writes");
            file.sync_data().expect("the probe syncs");
            offset = (offset + 300) % (PROBE_BYTES - 300);
        });
    });
}

fn confirm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(1));
    for in_flight in [1, 8, 64] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let storage = FileStorage::open(directory.path()).expect("an empty directory opens");
        let (journal, _) =
            Journal::open(Box::new(storage), Options::default()).expect("a new journal opens");
        group.bench_function(
            format!("append and confirm, {in_flight} in flight"),
            |bencher| {
                bencher.iter(|| {
                    let lsn = append(&journal);
                    let oldest = Lsn(lsn.0.saturating_sub(in_flight - 1));
                    journal
                        .durability()
                        .reached(oldest)
                        .wait_blocking()
                        .expect("the journal runs");
                });
            },
        );
        journal.close().expect("the journal closes");
    }
}

fn append(journal: &Journal) -> Lsn {
    let parts = Parts {
        stream: 1,
        covered: &COVERED,
        personal: &PERSONAL,
    };
    journal
        .append(parts)
        .expect("the window is far smaller than the queue")
        .lsn
}

fn zeroed(path: &Path) -> File {
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(path)
        .expect("a new file");
    file.write_all_at(&vec![0; PROBE_BYTES as usize], 0)
        .expect("room for the probe");
    file.sync_all().expect("the probe syncs");
    file
}

/// Closed when it is dropped, outside of what is measured: only then the directory is free again.
struct Open(Option<Journal>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(journal) = self.0.take() {
            journal.close().expect("the journal closes");
        }
    }
}

/// Opening a journal of a million entries of two hundred tenants: by the indexes of its full segments, and without them.
fn opening(criterion: &mut Criterion) {
    const ENTRIES: u64 = 1_000_000;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let open = || {
        let storage = FileStorage::open(directory.path()).expect("the directory opens");
        Journal::open(Box::new(storage), Options::default()).expect("the journal opens")
    };
    let (journal, _) = open();
    for number in 0..ENTRIES {
        let covered: Vec<u8> = (0..300).map(|at| (number * 7 + at) as u8).collect();
        let parts = Parts {
            stream: u128::from(number % 200 + 1) << 64,
            covered: &covered,
            personal: &PERSONAL,
        };
        while journal.append(parts).is_err() {
            std::thread::yield_now();
        }
    }
    journal.close().expect("the journal closes");
    let mut group = criterion.benchmark_group("journal");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    for without in [false, true] {
        let name = ["open a million entries", "the same without indexes"][usize::from(without)];
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let files = std::fs::read_dir(directory.path()).expect("a directory");
                    let paths = files.map(|file| file.expect("a file").path());
                    let indexes =
                        paths.filter(|path| path.extension().is_some_and(|end| end == "index"));
                    indexes.filter(|_| without).for_each(|path| {
                        std::fs::remove_file(path).expect("it can be removed");
                    });
                },
                |()| {
                    let (journal, recovered) = open();
                    assert_eq!(recovered.survey.frames, ENTRIES);
                    drop(recovered);
                    Open(Some(journal))
                },
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, probe, confirm, opening);
criterion_main!(benches);
