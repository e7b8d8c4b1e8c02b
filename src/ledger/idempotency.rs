//! Remembered requests: the same idempotency key has one effect and gets one answer, also after a restart.
//!
//! Answers to requests that changed something, or found it as wished, are kept for 24 hours; after a rejection the same key is
//! decided anew. Keys are kept hashed. Whether a key came back with another body is told by the context, because a body's
//! digest is personal data.

use crate::model::Timestamp;

use super::receipt::Receipt;
use super::table::FixedMap;

/// Remembered requests by the hash of their key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Requests(pub(super) FixedMap<[u8; 32], Remembered>);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Remembered {
    /// What was answered.
    pub receipt: Receipt,
    /// Until when that is remembered.
    pub until: Timestamp,
}

impl Requests {
    /// The answer this key got, if it is still remembered.
    pub fn answer(&self, key: &[u8; 32], now: Timestamp) -> Option<&Receipt> {
        let remembered = self.0.get(key)?;
        (now < remembered.until).then_some(&remembered.receipt)
    }

    /// Remembers an answer; gives the instant at which an earlier one under this key would have been forgotten.
    pub fn remember(
        &mut self,
        key: [u8; 32],
        receipt: Receipt,
        until: Timestamp,
    ) -> Option<Timestamp> {
        let before = self.0.insert(key, Remembered { receipt, until });
        before.map(|remembered| remembered.until)
    }

    /// When each key is forgotten, in no particular order: for checks only, never for a decision.
    pub fn deadlines(&self) -> impl Iterator<Item = (&[u8; 32], Timestamp)> {
        let all = self.0.iter();
        all.map(|(key, remembered)| (key, remembered.until))
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: &[u8; 32]) {
        self.0.remove(key);
    }
}
