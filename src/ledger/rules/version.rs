//! Versions: a change is made to what its asker has seen, or not at all.
//!
//! Judged right after whether the thing is there: whoever has seen an older one is told so before anything about the newer.

use crate::ledger::rejection::Rejection;

/// Refuses a change that was meant for another version; `None` takes any.
pub(super) fn check(current: u32, wanted: Option<u32>) -> Result<(), Rejection> {
    match wanted {
        Some(version) if version != current => Err(Rejection::VersionMismatch { current }),
        _ => Ok(()),
    }
}
