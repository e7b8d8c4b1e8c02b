//! Who sleeps until when: the next instant at which each tenant that sleeps has something to do.
//!
//! Two lists of ids and instants, bounded by the number of tenants. `directory.rs` waits here and wakes them; nothing depends on
//! its punctuality but reminders and texts that wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::model::{TenantId, Timestamp};

/// Who sleeps until when.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Known {
    by_tenant: BTreeMap<TenantId, Option<Timestamp>>,
    by_time: BTreeSet<(Timestamp, TenantId)>,
}

impl Sleepers {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tenant sleeps until then; `None`: until it is asked.
    pub fn enter(&self, tenant: TenantId, until: Option<Timestamp>) {
        let mut known = self.known();
        known.leave(tenant);
        known.by_tenant.insert(tenant, until);
        known.by_time.extend(until.map(|until| (until, tenant)));
        drop(known);
        self.changed.notify_one();
    }

    /// A tenant is awake.
    pub fn leave(&self, tenant: TenantId) {
        self.known().leave(tenant);
    }

    /// Those whose time has come; each is told once, and sleeps until it is woken.
    pub fn take_due(&self, now: Timestamp) -> Vec<TenantId> {
        let mut known = self.known();
        let mut due = Vec::new();
        while let Some((until, tenant)) =
            known.by_time.first().copied().filter(|(at, _)| *at <= now)
        {
            known.by_time.remove(&(until, tenant));
            known.by_tenant.insert(tenant, None);
            due.push(tenant);
        }
        due
    }

    /// When the next one's time comes.
    pub fn next(&self) -> Option<Timestamp> {
        self.known().by_time.first().map(|(until, _)| *until)
    }

    /// How many sleep.
    pub fn count(&self) -> usize {
        self.known().by_tenant.len()
    }

    /// Resolves when someone has gone to sleep since this was last asked.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Known {
    fn leave(&mut self, tenant: TenantId) {
        if let Some(until) = self.by_tenant.remove(&tenant).flatten() {
            self.by_time.remove(&(until, tenant));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once_when_its_time_comes_and_not_if_it_is_awake() {
        let sleepers = Sleepers::default();
        sleepers.enter(TenantId(1), Some(Timestamp(10)));
        sleepers.enter(TenantId(2), Some(Timestamp(20)));
        sleepers.enter(TenantId(3), None);
        sleepers.enter(TenantId(1), Some(Timestamp(15)));
        assert_eq!(
            (sleepers.count(), sleepers.next()),
            (3, Some(Timestamp(15)))
        );
        assert_eq!(sleepers.take_due(Timestamp(14)), []);
        sleepers.leave(TenantId(2));
        assert_eq!(sleepers.take_due(Timestamp(99)), [TenantId(1)]);
        assert_eq!(sleepers.take_due(Timestamp(99)), []);
        assert_eq!((sleepers.count(), sleepers.next()), (2, None));
    }
}
