//! Callbacks that came before the answer that names their text: kept for a while, in memory, and taken up when it does.
//!
//! Bounded; the oldest gives way. What a crash loses here was never promised: a callback that names its text and attempt in
//! its address needs none of this.

use std::collections::{BTreeMap, VecDeque};

use crate::limits;
use crate::model::{Delivery, ProviderId};

/// What was heard of texts that nobody knows yet.
#[derive(Debug, Default)]
pub struct Early {
    heard: BTreeMap<ProviderId, Delivery>,
    order: VecDeque<ProviderId>,
}

impl Early {
    /// Keeps what was heard, if it says more than what was heard before.
    pub fn keep(&mut self, sid: ProviderId, delivery: Delivery) {
        if let Some(known) = self.heard.get_mut(&sid) {
            if known.status.rank() < delivery.status.rank() {
                *known = delivery;
            }
            return;
        }
        if self.order.len() >= limits::EARLY_CALLBACKS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.heard.remove(&oldest);
        }
        self.order.push_back(sid.clone());
        self.heard.insert(sid, delivery);
    }

    /// What was heard of the text that is called so.
    pub fn take(&mut self, sid: &ProviderId) -> Option<Delivery> {
        let heard = self.heard.remove(sid)?;
        self.order.retain(|kept| kept != sid);
        Some(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeliveryStatus;

    fn sid(number: usize) -> ProviderId {
        format!("SM{number:032x}").parse().expect("a provider's id")
    }

    fn delivery(status: DeliveryStatus) -> Delivery {
        Delivery {
            status,
            error: None,
        }
    }

    #[test]
    fn the_furthest_state_is_kept_and_the_oldest_text_gives_way() {
        let mut early = Early::default();
        early.keep(sid(0), delivery(DeliveryStatus::Delivered));
        early.keep(sid(0), delivery(DeliveryStatus::Sent));
        assert_eq!(
            early.take(&sid(0)),
            Some(delivery(DeliveryStatus::Delivered))
        );
        assert_eq!(early.take(&sid(0)), None, "taken once");
        for number in 0..=limits::EARLY_CALLBACKS_MAX {
            early.keep(sid(number), delivery(DeliveryStatus::Sent));
        }
        assert_eq!(early.take(&sid(0)), None);
        assert!(early.take(&sid(1)).is_some());
        assert_eq!(early.heard.len(), early.order.len());
    }
}
