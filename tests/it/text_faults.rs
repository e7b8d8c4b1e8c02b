//! Codes under faults: a ledger, an outbox that crashes, and a provider that accepts, refuses, hangs, fails and calls back.
//!
//! In every history: a code that reached the phone verifies exactly while it is the newest of a live hold, in time, with
//! attempts left; a code whose texts were all certainly not sent never does; no text goes out three times. A slice runs here;
//! `HOLDFAST_FAULT_HISTORIES=100000 cargo test --release --test it text_faults` runs as many as wanted, `HOLDFAST_SEED` others.

mod pumping;
mod street;

use holdfast::ledger::Receipt;
use street::{Dice, Street};

/// How many histories a plain run lives through.
const SLICE: u64 = 1_500;
const STEPS: u64 = 40;

pub fn number(variable: &str, usual: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn live_through(seed: u64) -> (usize, usize) {
    let mut dice = Dice(seed);
    let mut street = Street::new(&mut dice);
    for _ in 0..STEPS {
        match dice.below(16) {
            0..=2 => street.ask_for_code(),
            3..=5 => street.outbox_takes(&mut dice),
            6..=8 => street.outcome_comes(&mut dice),
            9 => street.crash(),
            10 => street.callback(&mut dice),
            11 | 12 => street.say_wrong_code(&mut dice),
            13 => street.time_passes(&mut dice),
            14 => street.extend(),
            _ => street.tick(),
        }
        street.check();
    }
    street.clinic.ledger.check_invariants();
    (street.reached.len(), street.ghosts.len())
}

#[test]
fn a_code_that_arrived_works_and_one_that_was_never_sent_does_not() {
    let (seed, histories) = (
        number("HOLDFAST_SEED", 20_260_302),
        number("HOLDFAST_FAULT_HISTORIES", SLICE),
    );
    let (mut reached, mut ghosts) = (0, 0);
    for history in 0..histories {
        let own = seed.wrapping_mul(0x9E37_79B9).wrapping_add(history);
        let outcome = std::panic::catch_unwind(|| live_through(own));
        let (arrived, unsent) =
            outcome.unwrap_or_else(|_| panic!("HOLDFAST_SEED={seed}, history {history}"));
        reached += arrived;
        ghosts += unsent;
    }
    println!("{histories} histories: {reached} codes arrived, {ghosts} were never sent");
    assert!(reached > 0 && ghosts > 0, "both happen");
}

#[test]
fn pumping_costs_no_more_texts_than_are_set_and_holds_nobody_else_up() {
    let requests = number("HOLDFAST_PUMPED_REQUESTS", 3_000);
    let seen = pumping::attack(requests, number("HOLDFAST_SEED", 20_260_302));
    println!(
        "{requests} requests in {} days: {} texts",
        seen.days, seen.texts
    );
    assert!(seen.texts <= seen.days * u64::from(pumping::TEXTS_PER_DAY));
    assert!(seen.most_to_a_phone <= pumping::TEXTS_PER_PHONE as usize);
    for bound in ["phone", "prefix", "clinic", "country"] {
        assert!(seen.refused.contains(bound), "{bound} {:?}", seen.refused);
    }
    assert!(matches!(seen.neighbour, Ok(Receipt::CodeQueued(_))));
}
