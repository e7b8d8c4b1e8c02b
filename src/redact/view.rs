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

/// Where the view of a token ends, unless a placeholder ends it before.
pub(crate) fn edge(place: &Place<'_>, tokens: &Tokens, token: &Token) -> usize {
    let start = token.start as usize;
    // No character has more shadow bytes than text bytes, so the view ends no later than this.
    let mut edge = (start + LOOK_AHEAD_BYTES).min(place.shadow_len);
    if let Some(&at) = tokens.breaks.get(token.line as usize) {
        edge = edge.min(at as usize + 1 + LINE_AHEAD_BYTES);
    }
    let map = place.map;
    let limit = place.local(start) + LOOK_AHEAD_BYTES;
    if !map.is_empty() && map[edge - 1] as usize >= limit {
        edge = start + map[start..edge].partition_point(|&at| (at as usize) < limit);
    }
    edge
}

/// The first token at or after `first`, and before `index`, whose view holds shadow byte `start`.
pub(crate) fn first_that_sees(
    place: &Place<'_>,
    tokens: &Tokens,
    first: usize,
    index: usize,
    start: usize,
) -> usize {
    let seen = place.local(start);
    let breaks = &tokens.breaks;
    let beyond = breaks.partition_point(|&at| at as usize + LINE_AHEAD_BYTES < start);
    let line = beyond.checked_sub(1).map_or(0, |at| breaks[at] as usize);
    let sees = |token: &&Token| {
        let at = token.start as usize;
        at >= line && place.local(at) + LOOK_AHEAD_BYTES > seen
    };
    let before = tokens.all[first..index].iter().rev();
    index - before.take_while(sees).count()
}
