//! What redaction costs: the estimates and what was measured stand in `benches/README.md`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holdfast::redact::{Policy, Redactor};

const OPEN: &str = include_str!("../tests/corpora/redaction_open.jsonl");
const ADVERSARIAL: &str = include_str!("../tests/corpora/redaction_adversarial.jsonl");

/// Texts of about 1 KiB, dense with personal data, joined from the corpus in a fixed order.
fn dense_texts() -> Vec<String> {
    let pool: Vec<String> = OPEN
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|case| case["text"].as_str().map(str::to_owned))
        .collect();
    let mut texts = vec![String::new()];
    for place in 0..pool.len() * 3 {
        let text = &pool[place * 7919 % pool.len()];
        let last = texts.last_mut().expect("there is always a last text");
        last.push_str(text);
        last.push('\n');
        if last.len() >= 1024 {
            texts.push(String::new());
        }
    }
    texts.pop();
    texts
}

fn kibibyte(criterion: &mut Criterion) {
    let redactor = Redactor::new(Policy::default());
    let texts = dense_texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("redact");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("dense 1 KiB texts", |bencher| {
        bencher.iter(|| {
            texts
                .iter()
                .map(|text| redactor.redact(text).spans.len())
                .sum::<usize>()
        });
    });
    let clean = "Thank you for calling the clinic, we look forward to seeing you on Tuesday at half past ten. ".repeat(11);
    group.throughput(Throughput::Bytes(clean.len() as u64));
    group.bench_function("clean 1 KiB text", |bencher| {
        bencher.iter(|| redactor.redact(&clean).spans.len())
    });
    group.finish();
}

/// Each family at 4 KiB and at 256 KiB: what the second takes more than 64 times the first is not linear.
fn adversarial(criterion: &mut Criterion) {
    let redactor = Redactor::new(Policy::default());
    let mut group = criterion.benchmark_group("redact adversarial");
    group.sample_size(10);
    let units = ADVERSARIAL
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|family| family["unit"].as_str().map(str::to_owned));
    for unit in units {
        for kibibytes in [4, 256] {
            let text = unit.repeat(kibibytes * 1024 / unit.len());
            group.throughput(Throughput::Bytes(text.len() as u64));
            let name = BenchmarkId::new(unit.escape_debug().to_string(), kibibytes);
            group.bench_with_input(name, &text, |bencher, text| {
                bencher.iter(|| redactor.redact(text).spans.len())
            });
        }
    }
    group.finish();
}

criterion_group!(benches, kibibyte, adversarial);
criterion_main!(benches);
