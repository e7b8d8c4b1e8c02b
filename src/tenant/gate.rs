//! The gate of one tenant: how many may be inside, and whether it is open.
//!
//! Everyone who asks a tenant anything holds a place here until the answer is durable; that bounds its part of a group of the
//! journal. So whoever has all places knows that nobody is inside and nothing is on its way: that is how a tenant goes to
//! sleep without losing a message. Invariant: whoever has a place and finds the gate open is answered by the actor that is
//! awake.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits;

use super::messages::Refused;

/// Who may come in.
pub(super) struct Gate {
    requests: Semaphore,
    requests_max: u32,
    /// Beside the above: for its texts.
    outcomes: Semaphore,
    open: AtomicBool,
    /// Held while someone counts whether nobody is inside.
    counting: Mutex<()>,
}

impl Gate {
    /// A closed gate.
    pub fn new(requests_max: u32) -> Self {
        Self {
            requests: Semaphore::new(requests_max as usize),
            requests_max,
            outcomes: Semaphore::new(limits::OUTCOMES_IN_FLIGHT_MAX),
            open: AtomicBool::new(false),
            counting: Mutex::default(),
        }
    }

    /// A place in the tenant's share.
    pub fn request(&self) -> Result<SemaphorePermit<'_>, Refused> {
        self.place(&self.requests)
    }

    /// A place in the part of its share that is kept for its texts: however busy its callers keep it, what became of a text
    /// is written down.
    pub fn outcome(&self) -> Result<SemaphorePermit<'_>, Refused> {
        self.place(&self.outcomes)
    }

    fn place<'a>(&self, places: &'a Semaphore) -> Result<SemaphorePermit<'a>, Refused> {
        if let Ok(place) = places.try_acquire() {
            return Ok(place);
        }
        // Whoever counts has all places for an instant, and that is no reason to refuse anyone.
        let _nobody_counts = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        places.try_acquire().map_err(|_| Refused::TenantBusy)
    }

    /// Whether whoever has a place may go in.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Lets them in: there is an actor.
    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Closes the gate if nobody is inside. Who comes from now on waits until it is opened again.
    pub fn close_if_empty(&self) -> bool {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = self.requests.try_acquire_many(self.requests_max);
        let outcomes = self
            .outcomes
            .try_acquire_many(limits::OUTCOMES_IN_FLIGHT_MAX as u32);
        let is_empty = requests.is_ok() && outcomes.is_ok();
        if is_empty {
            self.open.store(false, Ordering::Release);
        }
        is_empty
    }

    /// Closes it whoever is inside: the actor is gone.
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_closes_only_when_nobody_is_inside_and_that_refuses_nobody() {
        let gate = Gate::new(2);
        gate.open();
        let inside = gate.request().expect("there is room");
        assert!(!gate.close_if_empty());
        drop(inside);
        let inside = gate.outcome().expect("there is room");
        assert!(!gate.close_if_empty() && gate.is_open());
        drop(inside);
        assert!(gate.close_if_empty() && !gate.is_open());
        gate.open();
        let begin = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                begin.wait();
                for _ in 0..10_000 {
                    gate.close_if_empty();
                }
            });
            begin.wait();
            for _ in 0..10_000 {
                assert!(gate.request().is_ok(), "there is room for two");
            }
        });
    }
}
