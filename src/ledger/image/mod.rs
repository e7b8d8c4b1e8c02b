//! A ledger as bytes and back: what a snapshot keeps of it. The order of fields is the format.

mod rows;

mod whole;

pub use whole::{Error, decode, encode};
