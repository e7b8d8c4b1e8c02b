//! The operator's tools on a journal that nobody is writing: they read, check and copy, and never change what they read.
//!
//! No actor and no HTTP; `cli/` gives them storage and keys and prints what they find. What they check, they check by their
//! own means where it can be had: a reader that shares the writer's mistakes finds none of them.

mod anchors;
mod fault;

mod walk;

mod chains;
mod claims;

mod checkpoints;

mod replaying;

mod verify;

mod manifest;

mod archive;

mod backup;
mod check;

mod restore;

pub use anchors::{Anchors, Error as AnchorError};
pub use archive::{Error as ArchiveError, Unpacker};
pub use backup::{Backup, BackupSource, Error as BackupError, Label};
pub use check::{Checked, Error as CheckError, check};
pub use fault::Fault;
pub use manifest::{ERASED, Error as ManifestError, Manifest};
pub use replaying::Outcome;
pub use restore::{Error as RestoreError, Restored, restore};
pub use verify::{Progress, Report, Tenant, Verify};
pub use walk::Torn;
