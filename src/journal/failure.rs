//! The writer's last words: set once, awaited by the door of the process, which then exits.
//!
//! Not an error that callers handle; those get `Refused::Stopped` and `Stopped`. An orderly close is no failure, so
//! the future of a closed journal never resolves.
//! `writer.rs` sets it, `app.rs` awaits it through [`Journal::failure`](super::Journal::failure).

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug, Default)]
pub(super) struct Failure {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    text: Option<String>,
    wakers: Vec<(u64, Waker)>,
    next_ticket: u64,
}

impl Failure {
    /// Keeps the first text only: what follows a failure is its consequence.
    pub(super) fn set(&self, text: String) {
        let mut state = self.lock();
        state.text.get_or_insert(text);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        for (_, waker) in wakers {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves with the error's text once the journal's writer has failed.
#[derive(Debug)]
#[must_use = "nothing is waited for until this is awaited"]
pub struct Failed {
    failure: Arc<Failure>,
    ticket: Option<u64>,
}

impl Failed {
    pub(super) fn of(failure: &Arc<Failure>) -> Failed {
        Failed {
            failure: Arc::clone(failure),
            ticket: None,
        }
    }
}

impl Future for Failed {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        let failure = Arc::clone(&self.failure);
        let mut state = failure.lock();
        if let Some(text) = &state.text {
            return Poll::Ready(text.clone());
        }
        let ticket = *self.ticket.get_or_insert_with(|| {
            state.next_ticket += 1;
            state.next_ticket
        });
        match state.wakers.iter_mut().find(|(owner, _)| *owner == ticket) {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => state.wakers.push((ticket, context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Failed {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.failure
                .lock()
                .wakers
                .retain(|(owner, _)| *owner != ticket);
        }
    }
}
