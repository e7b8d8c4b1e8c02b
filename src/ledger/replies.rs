//! What is kept of texts that came in: who wants none, which were taken already, and who was answered today.
//!
//! Neither a word nor a number. Only `apply` changes it; what is kept for a while has its deadline among the ledger's.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CallerId, Timestamp};

/// What is kept of texts that came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replies {
    pub(super) stopped: BTreeSet<CallerId>,
    /// By the digest of what the provider calls them, until when.
    pub(super) taken: BTreeMap<[u8; 32], Timestamp>,
    pub(super) answered: BTreeMap<CallerId, Timestamp>,
}

impl Replies {
    /// Whether this phone's holder wants no texts.
    pub fn has_stopped(&self, caller: CallerId) -> bool {
        self.stopped.contains(&caller)
    }

    /// They want none, or want them again.
    pub fn set_stopped(&mut self, caller: CallerId, stopped: bool) {
        match stopped {
            true => self.stopped.insert(caller),
            false => self.stopped.remove(&caller),
        };
    }

    /// Whether this text was taken already.
    pub fn has_taken(&self, text: &[u8; 32]) -> bool {
        self.taken.contains_key(text)
    }

    /// How many are remembered.
    pub fn taken(&self) -> usize {
        self.taken.len()
    }

    /// A text was taken; the same one says nothing more until then.
    pub fn take(&mut self, text: [u8; 32], until: Timestamp) {
        let before = self.taken.insert(text, until);
        assert!(before.is_none(), "a text is taken once");
    }

    /// Whether this phone's holder was answered lately.
    pub fn was_answered(&self, caller: CallerId, now: Timestamp) -> bool {
        let until = self.answered.get(&caller);
        until.is_some_and(|until| now < *until)
    }

    /// They were answered. When the answer before is forgotten, if there was one.
    pub fn answer(&mut self, caller: CallerId, until: Timestamp) -> Option<Timestamp> {
        self.answered.insert(caller, until)
    }

    /// A text is no longer remembered.
    pub fn forget_text(&mut self, text: &[u8; 32]) {
        self.taken.remove(text);
    }

    /// An answer is no longer remembered.
    pub fn forget_answer(&mut self, caller: CallerId) {
        self.answered.remove(&caller);
    }

    /// What is remembered of texts, and until when.
    pub fn text_deadlines(&self) -> impl Iterator<Item = ([u8; 32], Timestamp)> {
        self.taken.iter().map(|(text, until)| (*text, *until))
    }

    /// What is remembered of answers, and until when.
    pub fn answer_deadlines(&self) -> impl Iterator<Item = (CallerId, Timestamp)> {
        self.answered
            .iter()
            .map(|(caller, until)| (*caller, *until))
    }
}
