//! The night: who is woken when something is due, and who is put to sleep.
//!
//! The rest of the directory knows tenants by their handles and does not care whether they sleep.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::directory::{Directory, Tenant};
use super::house::Street;

/// Longest pause between two looks for whoever is to be woken: the clock may be set.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(15);
/// Tenants that are woken at once because something is due; requests wake theirs beside these.
const WAKES_AT_ONCE: usize = 4;

impl Directory {
    /// Wakes tenants when something is due for them. Goes on for ever.
    pub async fn watch(&self) {
        let Street {
            shared, sleepers, ..
        } = &*self.0.street;
        loop {
            self.wake_due().await;
            let away = sleepers
                .next()
                .map(|next| next.seconds_since(shared.clock.now()));
            let pause = away
                .map_or(LOOK_PAUSE_MAX, Duration::from_secs)
                .min(LOOK_PAUSE_MAX);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = sleepers.changed() => {}
            }
        }
    }

    /// Wakes every tenant for which something is due.
    pub async fn wake_due(&self) {
        let street = &self.0.street;
        let due = street.sleepers.take_due(street.shared.clock.now());
        let handles = due.into_iter().filter_map(|tenant| self.by_id(tenant));
        let wakes = stream::iter(handles).map(|handle| async move {
            if let Err(refused) = handle.house().wake().await {
                tracing::debug!(tenant = ?handle, ?refused, "a tenant was not woken in time");
            }
        });
        wakes.buffer_unordered(WAKES_AT_ONCE).collect::<()>().await;
    }

    /// Puts every tenant to sleep where nothing is under way; how many sleep now.
    pub async fn rest(&self) -> usize {
        let tenants = self.0.by_slug.iter();
        let handles: Vec<_> = tenants
            .filter_map(|tenant| match tenant.value() {
                Tenant::Open(handle) => Some(handle.clone()),
                Tenant::OutOfService => None,
            })
            .collect();
        for handle in handles {
            handle.house().lie_down().await;
        }
        self.asleep()
    }

    /// How many tenants sleep.
    pub fn asleep(&self) -> usize {
        self.0.street.sleepers.count()
    }
}
