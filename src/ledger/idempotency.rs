//! Remembered requests: the same idempotency key has one effect and gets one answer, also after a restart.
//!
//! Answers to requests that changed something, or found it as wished, are kept for 24 hours; after a rejection the same key is
//! decided anew. Keys are kept hashed. Whether a key came back with another body is told by the context, because a body's
//! digest is personal data.

use std::collections::BTreeSet;

use crate::model::{PersonId, Timestamp};

use super::receipt::Receipt;
use super::table::FixedMap;

/// Remembered requests by the hash of their key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Requests {
    pub(super) rows: FixedMap<[u8; 32], Remembered>,
    /// Those whose answer shows someone, by whom.
    of_persons: BTreeSet<(PersonId, [u8; 32])>,
}

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
        let remembered = self.rows.get(key)?;
        (now < remembered.until).then_some(&remembered.receipt)
    }

    /// Remembers an answer; gives the instant at which an earlier one under this key would have been forgotten.
    pub fn remember(
        &mut self,
        key: [u8; 32],
        receipt: Receipt,
        until: Timestamp,
    ) -> Option<Timestamp> {
        let before = self.forget(&key);
        if let Some(party) = receipt.party() {
            self.of_persons.insert((party.person, key));
        }
        self.rows.insert(key, Remembered { receipt, until });
        before
    }

    /// What an image has of them.
    pub fn restored(rows: impl Iterator<Item = ([u8; 32], Remembered)>) -> Self {
        let mut requests = Self::default();
        for (key, row) in rows {
            requests.remember(key, row.receipt, row.until);
        }
        requests
    }

    /// When each key is forgotten, in no particular order: for checks only, never for a decision.
    pub fn deadlines(&self) -> impl Iterator<Item = (&[u8; 32], Timestamp)> {
        let all = self.rows.iter();
        all.map(|(key, remembered)| (key, remembered.until))
    }

    /// Forgets a key; gives the instant at which it would have been forgotten.
    pub fn forget(&mut self, key: &[u8; 32]) -> Option<Timestamp> {
        let row = self.rows.remove(key)?;
        if let Some(party) = row.receipt.party() {
            self.of_persons.remove(&(party.person, *key));
        }
        Some(row.until)
    }

    /// Forgets the keys whose answers show this person; gives each with the instant at which it would have been forgotten.
    pub fn forget_those_of(&mut self, person: PersonId) -> Vec<([u8; 32], Timestamp)> {
        let own = (person, [0; 32])..=(person, [u8::MAX; 32]);
        let keys: Vec<_> = self.of_persons.range(own).map(|(_, key)| *key).collect();
        keys.into_iter()
            .filter_map(|key| Some((key, self.forget(&key)?)))
            .collect()
    }
}
