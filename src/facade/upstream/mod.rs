//! Upstream: the interfaces like OpenAI's that clinics have their models at. All that the façade asks of anybody else.
//!
//! It is here and not in the outbox because what goes upstream belongs to a request that waits for it: nothing is journaled,
//! nothing is sent again, and when the request goes it goes. The outbox sends what the ledger has decided, whoever waits.

mod reach;

mod client;

mod chat;

pub use chat::{Failure, Wanted};
pub use client::Upstream;
pub use reach::Reach;
