//! `holdfast redact`: standard input to standard output, as plain text or line by line as JSON.
//!
//! Plain text streams through in bounded memory. Of JSON lines each is a text of its own; whatever is answered is written
//! out before more input is waited for, so that whoever asks line by line is answered line by line. A line or byte that cannot be understood ends the run with an error and without a trace of it in
//! the output: redaction fails closed. Called by the command line.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use super::audit;
use super::entity::Span;
use super::json;
use super::redactor::Redactor;

/// Longest line of JSON that is read.
pub const LINE_BYTES_MAX: usize = 64 << 20;
const CHUNK_BYTES: usize = 64 * 1024;
/// Answers are written out at the latest when they have grown to this.
const OUTPUT_BYTES: usize = 64 * 1024;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Reading failed.
    #[error("cannot read the input: {0}")]
    Read(std::io::Error),
    /// Writing failed.
    #[error("cannot write the output: {0}")]
    Write(std::io::Error),
    /// The record of a text could not be kept.
    #[error("cannot keep the record of a redaction: {0}; its text was not written")]
    Witness(std::io::Error),
    /// The bytes are no UTF-8.
    #[error(
        "the input is not UTF-8 at byte {offset}: convert it first; nothing after this byte was written"
    )]
    NotUtf8 {
        /// Where in the input.
        offset: u64,
    },
    /// A line is too long.
    #[error(
        "line {line} is longer than {LINE_BYTES_MAX} bytes: split its text; it was not written"
    )]
    LineTooLong {
        /// Which line, from 1.
        line: u64,
    },
    /// A line is no object with `id` and `text`.
    #[error(
        "line {line} is not {{\"id\": …, \"text\": \"…\"}} ({reason}): correct it; it was not written"
    )]
    BadLine {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it, without its content.
        reason: String,
    },
}

/// What was done to one text, for whoever keeps records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// How many spans of each kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// Bytes that came in and went out.
    pub bytes_in: usize,
    /// Bytes that went out.
    pub bytes_out: usize,
    /// The time that redacting took.
    pub elapsed: Duration,
}

/// Who is told of each text that was redacted, before it is written out; an error ends the run.
pub type Witness<'a> = &'a mut dyn FnMut(Measured) -> io::Result<()>;

/// Redacts `reader` into `writer`. `elapsed` is a running clock, asked before and after each text.
///
/// # Errors
/// When reading, writing or witnessing fails, or the input is not what it should be.
pub fn run(
    reader: BufReader<impl Read>,
    writer: impl Write,
    jsonl: bool,
    redactor: &Redactor,
    elapsed: impl FnMut() -> Duration,
    witness: Option<Witness<'_>>,
) -> Result<(), RunError> {
    if jsonl {
        lines(reader, writer, redactor, elapsed, witness)
    } else {
        plain(reader, writer, redactor, elapsed, witness)
    }
}

fn lines(
    mut reader: BufReader<impl Read>,
    mut writer: impl Write,
    redactor: &Redactor,
    mut elapsed: impl FnMut() -> Duration,
    mut witness: Option<Witness<'_>>,
) -> Result<(), RunError> {
    // The word lists are read on first use; that time belongs to no text.
    drop(redactor.redact(""));
    let (mut input, mut output, mut room) = (Vec::new(), Vec::new(), String::new());
    for line in 1.. {
        let mut answer = |input: &[u8], output: &mut Vec<u8>| {
            let text = input.trim_ascii();
            if text.is_empty() {
                return Ok(());
            }
            one(
                line,
                input,
                output,
                &mut room,
                redactor,
                &mut elapsed,
                &mut witness,
            )
        };
        // Lines that have arrived together are answered where they lie, and together: a write costs as much as a small text.
        let done = match json::find(reader.buffer(), b'\n') {
            Some(end) if output.len() < OUTPUT_BYTES => {
                let done = answer(&reader.buffer()[..end], &mut output);
                reader.consume(end + 1);
                done
            }
            _ => {
                put(&mut writer, &mut output)?;
                input.clear();
                let read = (&mut reader)
                    .take(LINE_BYTES_MAX as u64 + 1)
                    .read_until(b'\n', &mut input)
                    .map_err(RunError::Read)?;
                if read == 0 {
                    break;
                }
                answer(&input, &mut output)
            }
        };
        if let Err(error) = done {
            put(&mut writer, &mut output)?;
            return Err(error);
        }
    }
    put(&mut writer, &mut output)
}

/// Answers one line of input into `output`.
fn one(
    line: u64,
    input: &[u8],
    output: &mut Vec<u8>,
    room: &mut String,
    redactor: &Redactor,
    elapsed: &mut impl FnMut() -> Duration,
    witness: &mut Option<Witness<'_>>,
) -> Result<(), RunError> {
    if input.len() > LINE_BYTES_MAX {
        return Err(RunError::LineTooLong { line });
    }
    let (id, text) =
        json::question(input, room).map_err(|reason| RunError::BadLine { line, reason })?;
    let before = elapsed();
    let outcome = redactor.redact(text);
    let took = elapsed().saturating_sub(before);
    if let Some(witness) = witness {
        let measured = Measured {
            counts: outcome.counts(),
            bytes_in: text.len(),
            bytes_out: outcome.text.len(),
            elapsed: took,
        };
        witness(measured).map_err(RunError::Witness)?;
    }
    json::answer(output, id, &outcome, took.as_nanos());
    Ok(())
}

fn put(writer: &mut impl Write, output: &mut Vec<u8>) -> Result<(), RunError> {
    if output.is_empty() {
        return Ok(());
    }
    writer
        .write_all(output)
        .and_then(|()| writer.flush())
        .map_err(RunError::Write)?;
    output.clear();
    Ok(())
}

fn plain(
    mut reader: impl BufRead,
    mut writer: impl Write,
    redactor: &Redactor,
    mut elapsed: impl FnMut() -> Duration,
    witness: Option<Witness<'_>>,
) -> Result<(), RunError> {
    let mut stream = redactor.stream();
    let (mut chunk, mut held, mut out) = (vec![0; CHUNK_BYTES], 0, String::new());
    let mut offset = 0;
    let mut measured = Measured::default();
    loop {
        let read = reader.read(&mut chunk[held..]).map_err(RunError::Read)?;
        let bytes = &chunk[..held + read];
        out.clear();
        let valid = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && read > 0 => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("the validator said so")
            }
            Err(error) => {
                return Err(RunError::NotUtf8 {
                    offset: offset + error.valid_up_to() as u64,
                });
            }
        };
        let used = valid.len();
        let before = elapsed();
        stream.push(valid, &mut out);
        measured.add(used, &stream.take_spans());
        if read == 0 {
            let spans = stream.finish(&mut out);
            measured.add(0, &spans);
            measured.bytes_out += out.len();
            measured.elapsed += elapsed().saturating_sub(before);
            if let Some(witness) = witness {
                witness(measured).map_err(RunError::Witness)?;
            }
            break writer
                .write_all(out.as_bytes())
                .and_then(|()| writer.flush())
                .map_err(RunError::Write);
        }
        measured.bytes_out += out.len();
        measured.elapsed += elapsed().saturating_sub(before);
        writer.write_all(out.as_bytes()).map_err(RunError::Write)?;
        held = bytes.len() - used;
        offset += used as u64;
        chunk.copy_within(used..used + held, 0);
    }
}

impl Measured {
    fn add(&mut self, bytes_in: usize, spans: &[Span]) {
        self.bytes_in += bytes_in;
        for (kind, count) in audit::count(spans) {
            *self.counts.entry(kind).or_insert(0) += count;
        }
    }
}
