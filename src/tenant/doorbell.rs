//! The doorbell: which tenants have a text to send. The outbox waits here and then asks them; nothing calls upwards.
//!
//! A set, not a queue: ringing twice is ringing once, so it is bounded by the number of tenants.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::TenantId;

/// Which tenants have something to send.
#[derive(Debug, Default)]
pub struct Doorbell {
    ringing: Mutex<BTreeSet<TenantId>>,
    rung: Notify,
}

impl Doorbell {
    /// This tenant has something to send.
    pub fn ring(&self, tenant: TenantId) {
        self.ringing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant);
        self.rung.notify_one();
    }

    /// The next tenant that has; waits for one. For one waiter at a time.
    pub async fn next(&self) -> TenantId {
        loop {
            let next = self
                .ringing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_first();
            match next {
                Some(tenant) => return tenant,
                None => self.rung.notified().await,
            }
        }
    }
}
