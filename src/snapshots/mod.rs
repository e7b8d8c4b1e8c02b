//! Snapshots: what makes starting and waking fast, and nothing else. Deleting the folder loses nothing.
//!
//! An image of a tenant is what all its entries up to one of them leave behind; beside it stands a head: which entry that is,
//! and what must be known of a tenant that sleeps. Images are made on one background thread from the image before and what the
//! journal holds since, never from a live ledger, and are kept in sled, sealed, in small chunks. Whatever is wrong with them
//! (a store that does not open, an image that does not decode) is set aside, said once, and rebuilt from the journal.
//!
//! Callers: `app.rs` opens, `tenant/` wakes and puts to sleep. Not here: actors, rules, HTTP.

mod chunks;
mod head;
mod store;

mod folder;

mod shelf;

mod revive;

mod imager;

mod start;

pub use head::Head;
pub use imager::{Imager, Options};
pub use revive::{Unrevivable, revive};
pub use shelf::{Error, Snapshots};
pub use start::{Found, recover};
