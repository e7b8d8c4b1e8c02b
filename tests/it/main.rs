//! One binary for all integration tests: the crate is linked once.

// `cfg(test)` tells clippy that `unwrap` outside the test functions themselves is in a test too.
#[cfg(test)]
mod journal_contract;
#[cfg(test)]
mod journal_faults;
