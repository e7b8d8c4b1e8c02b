//! One scan over a slice of a text: the slice is folded, cut into tokens, and walked.
//!
//! A scan may end before the slice does, where more of the text is needed, and another takes up where it ended.
//! Invariant: everything before [`Progress::decided`] is final. Called by `redactor` (whole texts) and `streaming`.

use super::cursor::{Cursor, Event, Progress, Scratch, Slice};
use super::fold::{self, fold_into};
use super::lexicon::LEXICON;
use super::place::Place;
use super::policy::Policy;
use super::walk::Walk;

/// Scans a slice and appends to `events` what became final.
pub(crate) fn scan(
    slice: Slice<'_>,
    policy: &Policy,
    cursor: &mut Cursor,
    scratch: &mut Scratch,
    events: &mut Vec<Event>,
) -> Progress {
    let Scratch {
        shadow,
        map,
        tokens,
        found,
        decisions,
    } = scratch;
    fold_into(slice.text, shadow, map);
    let place = Place {
        text: slice.text,
        base: slice.base,
        map,
        shadow_len: shadow.len(),
    };
    // What was redacted before is as opaque now as it was then.
    let barrier = place.shadow(cursor.barrier);
    shadow[..barrier].fill(fold::MARK);
    tokens.cut(shadow, &LEXICON);
    found.clear();
    decisions.clear();
    let mut walk = Walk::new(
        place, shadow, tokens, found, decisions, slice.last, policy, cursor, events,
    );
    walk.recall();
    walk.run();
    walk.progress()
}
