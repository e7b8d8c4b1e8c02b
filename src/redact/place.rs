//! Where a shadow byte stands in the text, and a text byte in the shadow.
//!
//! Scans see slices of a text, and recognizers see its shadow; findings are told in bytes of the whole text. Only this
//! file translates. Invariant: both directions keep the order of offsets. Called by the walk.

use super::entity::{Kind, Span};

/// Translates shadow offsets into offsets of the whole text.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The slice of the text at hand.
    pub(crate) text: &'a str,
    /// Where the slice begins in the whole text.
    pub(crate) base: usize,
    /// The slice's offset of each shadow byte; empty where the shadow is the slice.
    pub(crate) map: &'a [u32],
    /// Length of the shadow.
    pub(crate) shadow_len: usize,
}

impl Place<'_> {
    /// Offset within the slice of the shadow byte at `at`.
    #[inline]
    pub(crate) fn local(&self, at: usize) -> usize {
        if at >= self.shadow_len {
            self.text.len()
        } else if self.map.is_empty() {
            at
        } else {
            self.map[at] as usize
        }
    }

    /// Offset within the whole text of the shadow byte at `at`.
    #[inline]
    pub(crate) fn whole(&self, at: usize) -> usize {
        self.base + self.local(at)
    }

    /// Offset within the slice of the end of the character before shadow byte `end`.
    #[inline]
    pub(crate) fn local_end(&self, end: usize) -> usize {
        if self.map.is_empty() || end == 0 {
            return end;
        }
        let start = self.map[end - 1] as usize;
        start
            + match self.text.as_bytes()[start] {
                0..0xC0 => 1,
                0xC0..0xE0 => 2,
                0xE0..0xF0 => 3,
                0xF0.. => 4,
            }
    }

    /// The first shadow byte that stands at or after an offset of the whole text.
    pub(crate) fn shadow(&self, offset: usize) -> usize {
        let local = offset.saturating_sub(self.base);
        if self.map.is_empty() {
            local.min(self.shadow_len)
        } else {
            self.map.partition_point(|&start| (start as usize) < local)
        }
    }

    /// The span of the whole text that shadow bytes stand for.
    pub(crate) fn span(&self, start: usize, end: usize, kind: Kind) -> Span {
        Span {
            start: self.whole(start),
            end: self.base + self.local_end(end),
            kind,
        }
    }
}
