//! Redacts a text that arrives in pieces, with the same result as if it had come whole.
//!
//! What could still change is held back, at most [`HOLD_BACK_BYTES_MAX`]; what was given out is never taken back.
//! Placeholders are consistent over the stream. Memory is bounded by the hold-back, the context and the numbers given.

use super::cursor::{Cursor, Event, Scratch, Slice};
use super::entity::Span;
use super::placeholder::{Numbering, Rendering};
use super::policy::Policy;
use super::redactor::Redactor;
use super::scan::scan;

/// Most bytes that wait for more of the text.
pub const HOLD_BACK_BYTES_MAX: usize = 512;
/// Below this many waiting bytes nothing can be decided, or little is worth a scan.
const SCAN_BYTES_MIN: usize = 450;

/// A redaction in progress.
#[derive(Debug)]
pub struct Stream<'r> {
    policy: &'r Policy,
    buffer: String,
    base: usize,
    written: usize,
    cursor: Cursor,
    numbering: Numbering,
    scratch: Scratch,
    events: Vec<Event>,
    spans: Vec<Span>,
}

impl Redactor {
    /// Begins a text that will arrive in pieces.
    #[must_use]
    pub fn stream(&self) -> Stream<'_> {
        Stream {
            policy: self.policy(),
            buffer: String::new(),
            base: 0,
            written: 0,
            cursor: Cursor::default(),
            numbering: Numbering::default(),
            scratch: Scratch::default(),
            events: Vec::new(),
            spans: Vec::new(),
        }
    }
}

impl Stream<'_> {
    /// Takes the next piece and appends to `out` what is final.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        // A long piece is taken in parts, so that the buffer stays small.
        let mut rest = piece;
        while !rest.is_empty() {
            let mut take = rest.len().min(16 * 1024);
            while !rest.is_char_boundary(take) {
                take += 1;
            }
            self.buffer.push_str(&rest[..take]);
            rest = &rest[take..];
            if self.pending() >= SCAN_BYTES_MIN {
                self.advance(false, out);
            }
        }
    }

    /// Says that the text is complete and appends the rest to `out`.
    pub fn finish(mut self, out: &mut String) -> Vec<Span> {
        self.advance(true, out);
        self.spans
    }

    /// How many bytes are held back.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.base + self.buffer.len() - self.written
    }

    /// Takes the spans that became final since this was last asked.
    pub fn take_spans(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.spans)
    }

    fn advance(&mut self, last: bool, out: &mut String) {
        self.events.clear();
        let slice = Slice {
            text: &self.buffer,
            base: self.base,
            last,
        };
        let progress = scan(
            slice,
            self.policy,
            &mut self.cursor,
            &mut self.scratch,
            &mut self.events,
        );
        let mut rendering = Rendering {
            numbering: &mut self.numbering,
            policy: self.policy,
            written: &mut self.written,
        };
        rendering.apply(&self.events, &self.buffer, self.base, out, &mut self.spans);
        if progress.decided > self.written {
            out.push_str(&self.buffer[self.written - self.base..progress.decided - self.base]);
            self.written = progress.decided;
        }
        let keep_from = progress.restart.min(self.written);
        self.buffer.drain(..keep_from - self.base);
        self.base = keep_from;
    }
}
