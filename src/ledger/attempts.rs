//! Wrong codes, counted on the phone that gave them: a new hold or a new code never resets them, only time and a right one do.
//!
//! Called by `apply` alone. What the count means is the rules' business.

use crate::limits;
use crate::model::{CallerId, Timestamp};

use super::state::{Forget, Ledger};

/// One more wrong code of a phone.
pub(super) fn count(ledger: &mut Ledger, caller: CallerId, at: Timestamp) {
    let record = ledger.callers.entry(caller).or_default();
    // The first wrong one opens the window: a clock before 1970 would find the empty record's still open.
    if record.failed_attempts == 0 || record.window_ends_at <= at {
        ledger
            .forgets
            .remove(&(record.window_ends_at, Forget::Attempts(caller)));
        record.failed_attempts = 0;
        record.locked_at = None;
        record.window_ends_at = at.plus_seconds(limits::CALLER_ATTEMPTS_WINDOW_SECONDS);
        ledger
            .forgets
            .insert((record.window_ends_at, Forget::Attempts(caller)));
    }
    record.failed_attempts += 1;
    if record.failed_attempts >= limits::CALLER_ATTEMPTS_MAX {
        record.locked_at.get_or_insert(at);
    }
}

/// A phone begins anew.
pub(super) fn clear(ledger: &mut Ledger, caller: CallerId) {
    if let Some(record) = ledger.callers.get_mut(&caller) {
        ledger
            .forgets
            .remove(&(record.window_ends_at, Forget::Attempts(caller)));
        record.failed_attempts = 0;
        record.locked_at = None;
        record.window_ends_at = Timestamp::default();
        if record.open_holds.is_empty() {
            ledger.callers.remove(&caller);
        }
    }
}
