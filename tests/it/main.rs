//! One binary for all integration tests: the crate is linked once.

mod calendar_properties;
mod demo_clinic;
mod formats;
mod tidy;
