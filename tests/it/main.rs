//! One binary for all integration tests: the crate is linked once.

mod calendar_properties;
mod formats;
mod ledger_properties;
mod ledger_tables;
mod tidy;
