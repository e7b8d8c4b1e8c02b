//! Replay: what a tenant's entries leave behind. A ledger, who its callers and persons are, and where each entry lies.
//!
//! The same state whether entries are applied as they are decided or read back from the journal. Above it: the tenants' actors,
//! who add to it live, and the operator's tools, who only read. No actor, no rule, no waiting.

mod calls;
mod former;
mod gaps;
mod parts;
mod persons;
mod remarks;

mod contacts;
mod trail;

mod losses;

mod recovery;

pub mod image;

pub use contacts::{Contacts, PersonCard, PersonSearch};
pub use losses::Losses;
pub use persons::Person;
pub use recovery::{Fault, FaultKind, Recovery, Replayed};
pub use remarks::Said;
pub use trail::{Latest, Stretch, Trail};
