//! What remains of a redaction: who, when, by which rules, how much; never the text.
//!
//! The caller brings who and when, for this room has no clock. Invariant: no field can hold a piece of the text.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entity::Span;

/// The record of one redaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// Who asked for it: an id of a key, a call or a component.
    pub who: String,
    /// When, as the caller writes times.
    pub when: String,
    /// The policy's version.
    pub policy: String,
    /// How many spans of each kind; kinds without any are left out.
    pub counts: BTreeMap<&'static str, u64>,
    /// Length of the text in bytes.
    pub bytes_in: usize,
    /// Length of what came out.
    pub bytes_out: usize,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// How many spans of each kind there are, by name.
#[must_use]
pub fn count(spans: &[Span]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for span in spans {
        *counts.entry(span.kind.name()).or_insert(0) += 1;
    }
    counts
}
