//! How far a token sees.
//!
//! A view ends at a fixed distance and a little into the next line, counted from the token alone, so that a decision
//! depends neither on where a slice ends nor on how long the values before it were. Called by the walk.

use super::place::Place;
use super::token::{Token, Tokens};

/// How far beyond a token's first byte a decision may look, in bytes of the text.
pub(crate) const LOOK_AHEAD_BYTES: usize = 208;
/// How far into the next line it may look besides: as far as a wrapped term goes on.
const LINE_AHEAD_BYTES: usize = 32;

/// How far a value may begin before its first token: `+ (`.
pub(crate) const EDGE_BYTES: usize = 5;

/// How far checkpoints are apart, at each of which `chain` makes final what lies [`FINAL_BYTES`] before.
pub(crate) const CHECKPOINT_BYTES: usize = 32;
/// No placeholder at or after a checkpoint is seen from further away than this.
pub(crate) const FINAL_BYTES: usize = LOOK_AHEAD_BYTES + EDGE_BYTES;
/// How far behind a placeholder the first checkpoint stands: nothing lies out of its reach.
pub(crate) const FIRST_CHECKPOINT_BYTES: usize = FINAL_BYTES.next_multiple_of(CHECKPOINT_BYTES);

/// Where the view of a token ends, unless a placeholder ends it before.
pub(crate) fn edge(place: &Place<'_>, tokens: &Tokens, token: &Token) -> usize {
    let start = token.start as usize;
    match tokens.breaks.get(token.line as usize) {
        Some(&at) => edge_within(place, start, at as usize + 1 + LINE_AHEAD_BYTES),
        None => edge_within(place, start, usize::MAX),
    }
}

/// Where a view from byte `start` on ends, if nothing but `most` ends it before: so far that a split of the text into
/// chunks cannot be seen.
pub(crate) fn edge_within(place: &Place<'_>, start: usize, most: usize) -> usize {
    // No character has more shadow bytes than text bytes, so the view ends no later than this.
    let edge = (start + LOOK_AHEAD_BYTES).min(place.shadow_len).min(most);
    let map = place.map;
    let limit = place.local(start) + LOOK_AHEAD_BYTES;
    if !map.is_empty() && edge > start && map[edge - 1] as usize >= limit {
        return start + map[start..edge].partition_point(|&at| (at as usize) < limit);
    }
    edge
}
