//! Which call is which: what a voice platform calls a conversation, and the id that the ledger knows it by.
//!
//! Kept a while longer than the ledger knows the call; `contacts.rs` alone fills and reads it.

use std::collections::{HashMap, VecDeque};

use crate::limits;
use crate::model::{CallId, CallReference, CallerId, Timestamp};

/// The calls of the last days.
#[derive(Default, PartialEq)]
pub struct Calls {
    pub(super) known: HashMap<CallReference, (CallId, CallerId)>,
    /// In the order in which they were first heard of.
    pub(super) order: VecDeque<(Timestamp, CallReference)>,
}

impl Calls {
    /// The call of this name.
    pub fn id(&self, reference: &CallReference) -> Option<CallId> {
        self.known.get(reference).map(|(call, _)| *call)
    }

    /// A call was first heard of.
    pub fn enter(
        &mut self,
        call: CallId,
        caller: CallerId,
        reference: &CallReference,
        at: Timestamp,
    ) {
        let before = self.known.insert(reference.clone(), (call, caller));
        if before.is_none() {
            self.order.push_back((at, reference.clone()));
        }
    }

    /// Drops a caller's.
    pub fn forget_caller(&mut self, caller: CallerId) {
        self.known.retain(|_, (_, own)| *own != caller);
        let known = &self.known;
        self.order
            .retain(|(_, reference)| known.contains_key(reference));
    }

    /// Drops those that are long over.
    pub fn forget(&mut self, now: Timestamp) {
        let kept_since = now.plus_seconds(-limits::CALL_NAMED_SECONDS);
        while self.order.front().is_some_and(|(at, _)| *at < kept_since) {
            if let Some((_, reference)) = self.order.pop_front() {
                self.known.remove(&reference);
            }
        }
    }
}
