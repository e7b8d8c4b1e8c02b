//! The journal: opaque bytes, kept for ever, durable before anyone is told.
//!
//! Many streams (one per tenant) share one sequence of segment files. One thread writes them: it takes
//! everything that queued while the last sync ran, writes it, syncs once and moves the watermark.
//! What rests on an entry travels as [`Unconfirmed`] and cannot be opened before the watermark has passed it.
//!
//! Not here: what the bytes mean (`entry/`), who a tenant is, any async runtime. The room needs `std`, a
//! checksum and a digest, so that it can be driven by threads, by any executor, and by a simulation.
//!
//! Invariant: nothing that was synced is ever dropped or repeated silently; what is lost by damage is reported with whose it can be, and a
//! journal that cannot tell how much is lost refuses to open.
//! Callers: `tenant/` appends and waits, `app.rs` opens, awaits [`Journal::failure`] and closes, `offline/` reads.
//!
//! The bytes on disk are described in `frame.rs`, `segment.rs`, `index.rs` and `docs/journal-format.md`.

mod lsn;

mod error;
pub mod storage;

pub mod file_storage;
mod frozen_storage;
pub mod memory_storage;

pub mod frame;
pub mod segment;

mod durability;
mod failure;

mod damage;

mod contents;
pub mod index;

mod walk;

pub mod reader;
mod survey;

pub mod inspect;

mod copy;

mod recall;
mod recovery;

mod erase;

mod queue;

mod preparer;
mod writer;

mod handle;

pub use contents::Row;
pub use copy::{Copy, Extent};
pub use damage::{Damage, Owners};
pub use durability::{Durability, Durable, Unconfirmed};
pub use erase::Erasing;
pub use error::{Error, Refused, Stopped};
pub use failure::Failed;
pub use file_storage::FileStorage;
pub use frame::{ENTRY_BYTES_MAX, OWNER_COPY, Parts};
pub use frozen_storage::FrozenStorage;
pub use handle::{Journal, Options, Recovered};
pub use lsn::{Lsn, Place};
pub use memory_storage::MemoryStorage;
pub use queue::{GROUP_BYTES_MAX, Room, Taken};
pub use reader::{Found, Frame, Frames};
pub use recall::Recalled;
pub use storage::{Segment, Storage};
pub use survey::{Survey, survey};
