//! A decision: the events a command leads to and the answer it gets. What every rule ends in; nothing here decides.

use super::event::Event;
use super::receipt::Receipt;

/// What is to happen and what is to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What is to happen, in order; nothing if all is as wished already.
    pub events: Vec<Event>,
    /// What is to be answered once that is durable.
    pub receipt: Receipt,
    /// The request's key was used before: the answer is the one it got then.
    pub replayed: bool,
}

impl Decision {
    /// Something happens.
    pub(super) fn new(events: Vec<Event>, receipt: Receipt) -> Self {
        Self {
            events,
            receipt,
            replayed: false,
        }
    }

    /// All is as wished already.
    pub(super) fn quiet(receipt: Receipt) -> Self {
        Self::new(Vec::new(), receipt)
    }
}
