//! What a question to a clinic's text costs: the estimates and what was measured stand in `benches/README.md`.

use std::fmt::Write;

use criterion::{Criterion, criterion_group, criterion_main};
use holdfast::knowledge::{Book, Vector, Vectors};
use holdfast::limits::{
    EMBEDDING_DIMENSIONS_MAX, KNOWLEDGE_BYTES_MAX, PASSAGES_EMBEDDED_MAX, PASSAGES_FOUND_MAX,
};

const QUESTION: &str =
    "Could you tell me how much a first visit to the physiotherapist costs on a Saturday?";
const WORDS: [&str; 24] = [
    "physiotherapy",
    "visit",
    "first",
    "Saturday",
    "morning",
    "parking",
    "behind",
    "house",
    "price",
    "pounds",
    "doctor",
    "nurse",
    "vaccination",
    "travel",
    "children",
    "insurance",
    "card",
    "appointment",
    "results",
    "blood",
    "test",
    "week",
    "ground",
    "floor",
];

/// As much as a clinic can write down, in paragraphs under headings.
fn full_text() -> String {
    let mut text = String::new();
    let mut seed = 7_u32;
    let mut word = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        WORDS[(seed >> 16) as usize % WORDS.len()]
    };
    for paragraph in 0.. {
        let mut next = String::new();
        if paragraph % 4 == 0 {
            let _ = write!(next, "# {} and {}\n\n", word(), word());
        }
        for _ in 0..20 {
            let _ = write!(next, "{} ", word());
        }
        let _ = write!(next, "number{paragraph}.\n\n");
        if text.len() + next.len() > KNOWLEDGE_BYTES_MAX {
            break;
        }
        text += &next;
    }
    text
}

fn vectors(rows: usize, dimensions: usize) -> (Vectors, Vector) {
    let mut seed = 1_u32;
    let mut vector = || {
        let numbers: Vec<f32> = (0..dimensions)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        Vector::new(&numbers).expect("a direction")
    };
    let all: Vec<Vector> = (0..rows).map(|_| vector()).collect();
    (Vectors::new(&all).expect("alike"), vector())
}

fn question(criterion: &mut Criterion) {
    let text = full_text();
    let mut group = criterion.benchmark_group("knowledge");
    group.bench_function("a question, the text prepared for it", |bencher| {
        bencher.iter(|| Book::new(1, &text).index().search(QUESTION, 20).len());
    });
    let book = Book::new(1, &text);
    group.bench_function("a question to a text at hand", |bencher| {
        bencher.iter(|| book.index().search(QUESTION, 20).len());
    });
    for (rows, dimensions) in [
        (book.passages().len(), 1_536),
        (PASSAGES_EMBEDDED_MAX, EMBEDDING_DIMENSIONS_MAX),
    ] {
        let (vectors, asked) = vectors(rows, dimensions);
        let name = format!("the nearest of {rows} passages in {dimensions} dimensions");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                vectors
                    .near(&asked, PASSAGES_FOUND_MAX)
                    .map(|near| near.share)
            });
        });
    }
    group.finish();
    println!(
        "{} bytes, {} passages, {} bytes of index",
        text.len(),
        book.passages().len(),
        book.bytes()
    );
}

criterion_group!(benches, question);
criterion_main!(benches);
