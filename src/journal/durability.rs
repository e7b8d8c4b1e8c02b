//! How one waits for the disk: a watermark, and values that cannot be opened before it has passed them.
//!
//! A waiter checks the watermark, locks its shard, checks again and queues its waker; the writer stores the
//! watermark after a sync and then, shard by shard, wakes what is at or below it. The second check under the lock is
//! what makes a lost wake-up impossible: whoever locks after the writer sees the new watermark, whoever locks before is found.
//! Only `std::task`, so that any executor, a plain thread and a simulation can wait alike.
//! Invariant: the value of an [`Unconfirmed`] is reached only through a watermark at or past its position.
//! Tenants hand out `Unconfirmed`, whoever answers a request opens it; not here: who moves the watermark (`writer.rs`).

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::error::Stopped;
use super::lsn::Lsn;

/// Waiters for different positions rarely meet on one lock, and the writer's walk stays short.
const SHARDS: usize = 16;

/// How far the journal is durable, and who waits for more.
#[derive(Debug)]
pub struct Durability {
    watermark: AtomicU64,
    stopped: AtomicBool,
    shards: [Mutex<Shard>; SHARDS],
}

/// Waiters ordered by (position, ticket).
#[derive(Debug, Default)]
struct Shard {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiter {
    lsn: Lsn,
    ticket: u64,
    waker: Waker,
}

impl Durability {
    pub(super) fn new(watermark: Lsn) -> Durability {
        Durability {
            watermark: AtomicU64::new(watermark.0),
            stopped: AtomicBool::new(false),
            shards: Default::default(),
        }
    }

    /// Everything up to here is durable.
    #[must_use]
    pub fn watermark(&self) -> Lsn {
        Lsn(self.watermark.load(Ordering::Acquire))
    }

    /// Resolves once the position is durable, or with [`Stopped`] if it cannot become so any more.
    pub fn reached(&self, lsn: Lsn) -> Durable<'_> {
        Durable {
            durability: self,
            lsn,
            ticket: None,
        }
    }

    /// How many wait at this moment, for metrics and for tests.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).waiters.len())
            .sum()
    }

    /// Moves the watermark after a sync and wakes whom it passed.
    pub(super) fn advance(&self, watermark: Lsn) {
        assert!(watermark >= self.watermark());
        self.watermark.store(watermark.0, Ordering::Release);
        self.wake(|waiter| waiter.lsn <= watermark);
    }

    /// No further sync will come: everyone who still waits is told.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake(|_| true);
    }

    /// Wakes the first waiters of each shard for which `passed` holds, outside the locks: a waker may run the waiter at once.
    fn wake(&self, passed: impl Fn(&Waiter) -> bool) {
        let mut wakers = Vec::new();
        for shard in &self.shards {
            let mut shard = lock(shard);
            let count = shard.waiters.partition_point(&passed);
            wakers.extend(shard.waiters.drain(..count).map(|waiter| waiter.waker));
        }
        for waker in wakers {
            waker.wake();
        }
    }

    fn outcome(&self, lsn: Lsn) -> Poll<Result<(), Stopped>> {
        // The order matters: a journal that confirmed this position and then stopped has confirmed it.
        let stopped = self.stopped.load(Ordering::Acquire);
        if lsn <= self.watermark() {
            return Poll::Ready(Ok(()));
        }
        if stopped {
            Poll::Ready(Err(Stopped))
        } else {
            Poll::Pending
        }
    }

    fn shard(&self, lsn: Lsn) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(lsn.0 % SHARDS as u64) as usize])
    }
}

impl Shard {
    fn place(&self, lsn: Lsn, ticket: u64) -> Result<usize, usize> {
        self.waiters
            .binary_search_by_key(&(lsn, ticket), |waiter| (waiter.lsn, waiter.ticket))
    }

    /// Queues a waker, or renews the one that this ticket has queued.
    fn queue(&mut self, lsn: Lsn, ticket: Option<u64>, waker: &Waker) -> u64 {
        if let Some(ticket) = ticket
            && let Ok(place) = self.place(lsn, ticket)
        {
            self.waiters[place].waker.clone_from(waker);
            return ticket;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let (Ok(place) | Err(place)) = self.place(lsn, ticket);
        self.waiters.insert(
            place,
            Waiter {
                lsn,
                ticket,
                waker: waker.clone(),
            },
        );
        ticket
    }

    fn forget(&mut self, lsn: Lsn, ticket: u64) {
        if let Ok(place) = self.place(lsn, ticket) {
            self.waiters.remove(place);
        }
    }
}

/// Waits for a position. Dropping it takes its waker out of the list.
#[derive(Debug)]
#[must_use = "nothing is waited for until this is awaited"]
pub struct Durable<'a> {
    durability: &'a Durability,
    lsn: Lsn,
    ticket: Option<u64>,
}

impl Durable<'_> {
    /// Waits on this thread, without a runtime: for tests, benches and orderly ends.
    pub fn wait_blocking(self) -> Result<(), Stopped> {
        block_on(self)
    }
}

impl Future for Durable<'_> {
    type Output = Result<(), Stopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (durability, lsn) = (self.durability, self.lsn);
        if let ready @ Poll::Ready(_) = durability.outcome(lsn) {
            return ready;
        }
        let mut shard = durability.shard(lsn);
        if let ready @ Poll::Ready(_) = durability.outcome(lsn) {
            return ready;
        }
        self.ticket = Some(shard.queue(lsn, self.ticket, context.waker()));
        Poll::Pending
    }
}

impl Drop for Durable<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.durability.shard(self.lsn).forget(self.lsn, ticket);
        }
    }
}

/// A value that rests on a position of the journal and can only be had once that position is durable.
#[must_use = "an unconfirmed value is lost unless it is confirmed"]
pub struct Unconfirmed<T> {
    lsn: Lsn,
    value: T,
}

impl<T> Unconfirmed<T> {
    /// Seals a value under the position it rests on ([`Lsn::ZERO`] for none).
    pub fn new(lsn: Lsn, value: T) -> Unconfirmed<T> {
        Unconfirmed { lsn, value }
    }

    /// What it rests on.
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Turns the value into another that rests on the same position.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Unconfirmed<U> {
        Unconfirmed {
            lsn: self.lsn,
            value: turn(self.value),
        }
    }

    /// The value, once it is durable.
    pub async fn confirmed(self, durability: &Durability) -> Result<T, Stopped> {
        durability.reached(self.lsn).await?;
        Ok(self.value)
    }

    /// The value, once it is durable, waiting on this thread.
    pub fn wait_blocking(self, durability: &Durability) -> Result<T, Stopped> {
        durability.reached(self.lsn).wait_blocking()?;
        Ok(self.value)
    }
}

impl<T> fmt::Debug for Unconfirmed<T> {
    /// Shows the position only: a log is also an answer.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Unconfirmed")
            .field("lsn", &self.lsn)
            .finish_non_exhaustive()
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
