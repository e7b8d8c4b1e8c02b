//! Any history of a ledger: it says what a naive model foresees, gives no time to two owners, and can be replayed from its
//! journal entries to the very state and decisions that were live; and no command with any values whatever makes it panic.

mod acts;
mod anything;
mod clinic;
mod history;
mod house;
mod model;
mod waiting;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

/// The seed of a run; `HOLDFAST_SEED` sets another. Shown when a test fails.
fn seed() -> u64 {
    let chosen = std::env::var("HOLDFAST_SEED").ok();
    chosen
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_260_302)
}

fn config(cases: u32) -> ProptestConfig {
    let seed = seed();
    println!("HOLDFAST_SEED={seed}");
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        // A failing history becomes a table, not a file of seeds.
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn a_ledger_says_what_the_naive_model_foresees(acts in acts::acts(120)) {
        history::live_through(&acts);
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn no_command_with_any_values_panics(acts in anything::acts(60), policy in anything::policies()) {
        anything::live_through(&acts, policy);
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn freed_time_goes_to_the_first_whom_it_fits(acts in waiting::acts(60)) {
        waiting::live_through(&acts);
    }
}
