//! Copies of checkpoints that were kept elsewhere: lines of holdfast's log, compared with the journal.
//!
//! Whoever has the machine and the master key can write a history anew, chain and checkpoints and all; what they cannot change
//! is a line that left the machine. Lines may be in either format of the log, among any others, and come from many files. `verify.rs` compares.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::entry::{Head, head_message};
use crate::model::TenantId;
use crate::signing::{PublicKey, SIGNATURE_BYTES};

/// What the line says in either format.
const MESSAGE: &str = "checkpoint";

/// Why lines cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It has no such line.
    #[error(
        "{0} has no line of a checkpoint; copy those lines of the server's log that say \"checkpoint\""
    )]
    Empty(String),
}

/// A head that was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// What it says.
    pub head: Head,
    /// Its signature, if it is written out in full.
    signature: Option<[u8; SIGNATURE_BYTES]>,
    /// In which line of which file it stands.
    pub line: String,
    /// The file.
    pub file: String,
    /// Where in it the line begins.
    pub offset: u64,
}

impl Anchor {
    /// Whether it was signed by the key that this is the public part of.
    pub fn is_signed(&self, public: &PublicKey) -> bool {
        let message = head_message(&self.head);
        self.signature
            .is_some_and(|signature| public.verifies(&message, &signature))
    }
}

/// Heads that were logged, by tenant and sequence.
#[derive(Debug, Clone, Default)]
pub struct Anchors(BTreeMap<(TenantId, u64), Vec<Anchor>>);

impl Anchors {
    /// Reads the lines of a file.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let name = file.display().to_string();
        // A log may hold anything that is not text beside.
        let text = std::fs::read(file).map_err(|source| Error::Io {
            file: name.clone(),
            source,
        })?;
        let anchors = Self::of(&String::from_utf8_lossy(&text), &name);
        match anchors.0.is_empty() {
            true => Err(Error::Empty(name)),
            false => Ok(anchors),
        }
    }

    /// Those among these lines.
    pub fn of(text: &str, name: &str) -> Self {
        let mut anchors = Self::default();
        let mut begin = 0;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let offset = begin;
            begin += line.len() as u64;
            let fields = in_json(line).or_else(|| in_text(line));
            let Some((head, signature)) = fields.and_then(|fields| fields.head()) else {
                continue;
            };
            let anchor = Anchor {
                head,
                signature,
                line: format!("line {number} of {name}"),
                file: name.to_owned(),
                offset,
            };
            let key = (head.tenant, head.sequence);
            anchors.0.entry(key).or_default().push(anchor);
        }
        anchors
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Anchor> {
        self.0.values().flatten()
    }

    /// Takes out those of this entry.
    pub fn take(&mut self, tenant: TenantId, sequence: u64) -> Vec<Anchor> {
        self.0.remove(&(tenant, sequence)).unwrap_or_default()
    }
}

/// A line's fields, as text.
#[derive(Debug, Default)]
struct Fields {
    tenant: String,
    sequence: String,
    hash: String,
    signature: String,
}

impl Fields {
    fn head(&self) -> Option<(Head, Option<[u8; SIGNATURE_BYTES]>)> {
        let head = Head {
            tenant: self.tenant.parse().ok()?,
            sequence: self.sequence.parse().ok()?,
            hash: from_hex(&self.hash)?,
        };
        Some((head, from_hex(&self.signature)))
    }
}

fn in_json(line: &str) -> Option<Fields> {
    let begin = line.find('{')?;
    let line: Value = serde_json::from_str(line[begin..].trim_end()).ok()?;
    let fields = &line["fields"];
    if fields["message"] != MESSAGE {
        return None;
    }
    let text = |name: &str| match &fields[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(Fields {
        tenant: text("tenant"),
        sequence: text("sequence"),
        hash: text("hash"),
        signature: text("signature"),
    })
}

fn in_text(line: &str) -> Option<Fields> {
    let plain = without_colours(line);
    let mut words = plain.split_whitespace();
    words.find(|word| *word == MESSAGE)?;
    let mut fields = Fields::default();
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        let value = value.trim_matches('"').to_owned();
        match name {
            "tenant" => fields.tenant = value,
            "sequence" => fields.sequence = value,
            "hash" => fields.hash = value,
            "signature" => fields.signature = value,
            _ => {}
        }
    }
    Some(fields)
}

/// A log on a terminal is coloured: `ESC [ … m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain += part.split_once('m').map_or(part, |(_, rest)| rest);
    }
    plain
}

pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_either_format_among_others() {
        let (tenant, hash) = (TenantId(77), "ab".repeat(32));
        let text = format!(
            "2026-03-02T08:00:00Z  INFO holdfast::app: ready address=127.0.0.1:1\n\
             2026-03-02T08:00:00Z  INFO holdfast::tenant::checkpoints: checkpoint tenant={tenant} sequence=5 hash=\"{hash}\" signature=\"00\"\n\
             \u{1b}[2m2026\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mholdfast\u{1b}[0m\u{1b}[2m:\u{1b}[0m checkpoint \u{1b}[3mtenant\u{1b}[0m\u{1b}[2m=\u{1b}[0m{tenant} \u{1b}[3msequence\u{1b}[0m\u{1b}[2m=\u{1b}[0m6 \u{1b}[3mhash\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"{hash}\"\n\
             host holdfast[1]: {{\"fields\":{{\"message\":\"checkpoint\",\"tenant\":\"{tenant}\",\"sequence\":7,\"hash\":\"{hash}\"}}}}\n\
             {{\"fields\":{{\"message\":\"ready\"}}}}\nno checkpoint at all\n"
        );
        let mut anchors = Anchors::of(&text, "log");
        assert_eq!(anchors.count(), 3);
        for (sequence, line) in [(5, 2), (6, 3), (7, 4)] {
            let found = anchors.take(tenant, sequence);
            assert_eq!(found[0].head.hash, [0xab; 32]);
            assert_eq!(found[0].line, format!("line {line} of log"));
        }
    }
}
