//! How far the token in hand sees, and where the next at-signs are.
//!
//! The walk goes forward and, a little, back; these are the pointers that go with it. A view ends at a fixed distance and
//! a little into the next line, counted from the token alone, so that a decision depends neither on where a slice ends nor
//! on how long the values before it were. Invariant: moving costs no more than the way that the walk itself went.

use super::place::Place;
use super::recognizers::email;
use super::token::{Sign, Tokens};
use super::triage::Signs;

/// How far beyond a token's first byte a decision may look, in bytes of the text.
pub(crate) const LOOK_AHEAD_BYTES: usize = 208;
/// How far into the next line it may look besides: as far as a wrapped term goes on.
const LINE_AHEAD_BYTES: usize = 32;
/// How many tokens before its `@` an address with marks in its local part may begin.
const WRITTEN_TOKENS_MAX: usize = 64;

/// The view of the token in hand.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Tokens before this begin within it.
    pub(crate) horizon: usize,
    /// Shadow bytes before this lie in it.
    pub(crate) edge: usize,
    /// Words of birth before this place in [`Tokens::births`] lie before the horizon.
    pub(crate) births: usize,
    /// The first line break at or after the token.
    breaks: usize,
}

impl View {
    /// Moves to a token that begins at shadow byte `start`.
    pub(crate) fn move_to(&mut self, start: usize, place: &Place<'_>, tokens: &Tokens) {
        // No character has more shadow bytes than text bytes, so the view ends no later than this.
        self.edge = (start + LOOK_AHEAD_BYTES).min(place.shadow_len);
        let breaks = &tokens.breaks;
        while self.breaks < breaks.len() && (breaks[self.breaks] as usize) < start {
            self.breaks += 1;
        }
        while self.breaks > 0 && breaks[self.breaks - 1] as usize >= start {
            self.breaks -= 1;
        }
        if let Some(&at) = breaks.get(self.breaks) {
            self.edge = self.edge.min(at as usize + 1 + LINE_AHEAD_BYTES);
        }
        let map = place.map;
        let limit = place.local(start) + LOOK_AHEAD_BYTES;
        if !map.is_empty() && map[self.edge - 1] as usize >= limit {
            let view = &map[start..self.edge];
            self.edge = start + view.partition_point(|&at| (at as usize) < limit);
        }
        let all = &tokens.all;
        while self.horizon < all.len() && (all[self.horizon].start as usize) < self.edge {
            self.horizon += 1;
        }
        while self.horizon > 0 && all[self.horizon - 1].start as usize >= self.edge {
            self.horizon -= 1;
        }
        let births = &tokens.births;
        while self.births < births.len() && (births[self.births] as usize) < self.horizon {
            self.births += 1;
        }
    }
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
    let mut index = index;
    while index > first {
        let at = tokens.all[index - 1].start as usize;
        if at < line || place.local(at) + LOOK_AHEAD_BYTES <= seen {
            break;
        }
        index -= 1;
    }
    index
}

/// Pointers to the next at-signs.
#[derive(Debug, Default)]
pub(crate) struct SignPosts {
    written: usize,
    said: usize,
    /// Tokens before this are too far from any at-sign to begin an address.
    pub(crate) from: usize,
}

impl SignPosts {
    /// The at-signs that the token at `index` may stand before; absolute indices.
    pub(crate) fn near(&mut self, index: usize, tokens: &Tokens) -> Signs {
        if index < self.from {
            return Signs {
                written: None,
                said: false,
            };
        }
        let written = next(
            &tokens.signs,
            &mut self.written,
            index,
            WRITTEN_TOKENS_MAX,
            |sign| sign.written,
        );
        let said = next(
            &tokens.signs,
            &mut self.said,
            index,
            email::SPELLED_TOKENS_MAX,
            |sign| sign.dotted,
        );
        self.from = written.1.min(said.1);
        Signs {
            written: written.0,
            said: said.0.is_some(),
        }
    }

    /// Goes back to the token at `index`.
    pub(crate) fn retreat(&mut self, index: usize, tokens: &Tokens) {
        let back = |mut at: usize| {
            while at > 0 && tokens.signs[at - 1].index as usize >= index {
                at -= 1;
            }
            at
        };
        (self.written, self.said, self.from) = (back(self.written), back(self.said), 0);
    }
}

/// The first sign of a kind that stands within `reach` tokens from `index` on, and the token before which there is none.
/// The pointer never runs further ahead than that, or every way back would be as long as the text.
fn next(
    signs: &[Sign],
    at: &mut usize,
    index: usize,
    reach: usize,
    fits: impl Fn(&Sign) -> bool,
) -> (Option<usize>, usize) {
    while let Some(sign) = signs.get(*at)
        && (sign.index as usize) < index + reach
        && ((sign.index as usize) < index || !fits(sign))
    {
        *at += 1;
    }
    match signs.get(*at).map(|sign| sign.index as usize) {
        Some(sign) => (
            (sign < index + reach).then_some(sign),
            (sign + 1).saturating_sub(reach),
        ),
        None => (None, usize::MAX),
    }
}
