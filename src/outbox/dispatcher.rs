//! The dispatcher: waits at the doorbell, takes what is due from the tenant that rang, sends it, and brings the outcome back.
//!
//! Each text is a task of its own, so a slow carrier stalls nobody else; a tenant's ledger hands out a bounded number at a time.
//! An outcome that the tenant cannot take now is offered again until it can: an outcome that is lost would be a text whose
//! fate nobody knows.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::model::MessageId;
use crate::tenant::{Directory, Handle, Refused};

use super::sms::SmsGateway;

/// How long to wait before a tenant that was too busy is asked again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Sends what is due, for as long as it is polled.
pub struct Dispatcher {
    directory: Directory,
    gateway: Arc<dyn SmsGateway>,
}

impl Dispatcher {
    /// A dispatcher; there is one in a process.
    pub fn new(directory: Directory, gateway: Arc<dyn SmsGateway>) -> Self {
        Self { directory, gateway }
    }

    /// Runs until it is dropped. Texts in flight then are asked about at the next start.
    pub async fn run(self) {
        let mut lanes = JoinSet::new();
        loop {
            tokio::select! {
                tenant = self.directory.next_with_texts() => {
                    lanes.spawn(take_due(tenant, Arc::clone(&self.gateway)));
                }
                Some(_) = lanes.join_next() => {}
            }
        }
    }
}

/// Takes what one tenant has due and sends all of it.
async fn take_due(tenant: Handle, gateway: Arc<dyn SmsGateway>) {
    let Some(due) = insist(|| tenant.due_texts()).await else {
        return;
    };
    let mut texts = JoinSet::new();
    for text in due {
        texts.spawn(send(tenant.clone(), Arc::clone(&gateway), text));
    }
    while texts.join_next().await.is_some() {}
}

async fn send(tenant: Handle, gateway: Arc<dyn SmsGateway>, text: MessageId) {
    let Some(Some(prepared)) = insist(|| tenant.prepare(text)).await else {
        return;
    };
    let outcome = gateway.send(&prepared).await;
    insist(|| tenant.settle(text, prepared.attempt, outcome)).await;
}

/// Asks until the tenant answers; `None` if it never will in this life.
async fn insist<T, F>(ask: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, Refused>>,
{
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(Refused::TenantBusy | Refused::Overloaded) => tokio::time::sleep(RETRY_PAUSE).await,
            Err(Refused::Rejected(_) | Refused::Stopped | Refused::Quarantined) => return None,
        }
    }
}
