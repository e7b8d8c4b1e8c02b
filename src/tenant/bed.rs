//! The bed of one tenant: when its actor may go to sleep, and how it leaves its state behind, by value.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::model::Timestamp;
use crate::replay::Replayed;

use super::gate::Gate;

/// Where an actor goes when nobody asks it any more.
pub(super) struct Bed {
    /// Who may be inside.
    gate: Arc<Gate>,
    /// Tenant zero never sleeps: it is asked before anyone else can be.
    may_sleep: bool,
    /// How long nobody asks before; `None`: it goes only when it is sent.
    idle_seconds: Option<u64>,
    /// Taken by whoever lies down. Dropped with the actor otherwise, which tells that it panicked.
    leaves: Option<oneshot::Sender<Replayed>>,
}

impl Bed {
    pub fn new(
        gate: Arc<Gate>,
        may_sleep: bool,
        idle_seconds: Option<u64>,
        leaves: oneshot::Sender<Replayed>,
    ) -> Self {
        Self {
            gate,
            may_sleep,
            idle_seconds,
            leaves: Some(leaves),
        }
    }

    /// Whether it is time, for a tenant that was last asked then and next has something to do then: one that would be woken
    /// again at once stays up.
    pub fn is_time(&self, asked_at: Timestamp, next: Option<Timestamp>, now: Timestamp) -> bool {
        self.idle_seconds.is_some_and(|idle| {
            let stays_quiet = next.is_none_or(|next| next.seconds_since(now) >= idle);
            now.seconds_since(asked_at) >= idle && stays_quiet
        })
    }

    /// Lies down, if nobody is inside: from here on no message comes, and the state is left to whoever looks after it.
    pub fn lie_down(&mut self, leave: impl FnOnce() -> Replayed) -> bool {
        let lies = || self.may_sleep && self.gate.close_if_empty();
        let leaves = self.leaves.take_if(|_| lies());
        leaves.is_some_and(|leaves| {
            // Whoever no longer looks after it is shutting down; the journal has everything.
            let _ = leaves.send(leave());
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_when_nobody_asked_for_long_and_nothing_is_due_soon() {
        let bed = |idle| {
            let gate = Arc::new(Gate::new(1));
            Bed::new(gate, true, idle, oneshot::channel().0)
        };
        let at = |seconds: i64| Timestamp(seconds * 1000);
        let is_time = |next, now| bed(Some(60)).is_time(at(0), next, at(now));
        assert!(!is_time(None, 59) && is_time(None, 60));
        assert!(is_time(Some(at(120)), 60), "it sleeps as long as it waited");
        assert!(!is_time(Some(at(119)), 60), "it would be woken at once");
        assert!(
            !is_time(Some(Timestamp::MIN), 60),
            "something is to be done now"
        );
        assert!(
            !bed(None).is_time(at(0), None, at(9_999)),
            "it never sleeps"
        );
    }

    #[test]
    fn whoever_lies_down_leaves_its_state_once_and_tenant_zero_never_does() {
        let gate = Arc::new(Gate::new(1));
        gate.open();
        let (leaves, mut left) = oneshot::channel();
        let mut bed = Bed::new(Arc::clone(&gate), true, None, leaves);
        let state = || Replayed::new(crate::model::TenantId(1));
        let inside = gate.request();
        assert!(!bed.lie_down(state), "someone is inside");
        drop(inside);
        assert!(bed.lie_down(state) && !gate.is_open());
        assert!(left.try_recv().is_ok() && !bed.lie_down(state));
        gate.open();
        let mut up = Bed::new(Arc::clone(&gate), false, Some(0), oneshot::channel().0);
        assert!(!up.lie_down(state) && gate.is_open());
    }
}
