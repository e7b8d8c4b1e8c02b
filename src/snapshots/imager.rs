//! The imager: one thread that makes image n+1 from image n and what the journal holds since, in no hurry.
//!
//! When: a tenant that goes to sleep, and one whose tail has become long: both 10,000 entries, which a start replays in some
//! 50 ms, and an eighth of what its image covers, so that over a tenant's life each entry is written into images about eight
//! times and a start replays at most an eighth of it; and the longest tails while all together reach twenty times the least. A tenant that goes to sleep hands its state over by value; the image is made
//! from the journal all the same, and the two are compared. Invariant: nothing is kept that did not verify, entry by entry.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::Stopwatch;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::model::TenantId;
use crate::replay::{Replayed, Trail};
use crate::seal::MasterKey;

use super::revive::{Unrevivable, revive};
use super::shelf::{self, Snapshots};

/// States that wait to be compared; of any more the image is made without that.
const HANDED_MAX: usize = 4;
/// The part of what an image covers that a tail has to reach.
const TAIL_PART: u64 = 8;
/// How many times the least tail all tails together may have.
const TAILS_MAX: u64 = 20;
/// Longest rest between two stretches of entries.
const REST_MAX: Duration = Duration::from_millis(20);

/// When images are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How often all tenants are looked at.
    pub look_every: Duration,
    /// The least tail of a tenant that is awake, in entries.
    pub tail_entries_min: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(2),
            tail_entries_min: 10_000,
        }
    }
}

/// Why an image was not made.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Unrevivable(#[from] Unrevivable),
    #[error(transparent)]
    Unkept(#[from] shelf::Error),
}

/// A handle on the imager; clones share it.
#[derive(Clone)]
pub struct Imager(
    Arc<Inner>,
    #[expect(dead_code, reason = "it is there to be dropped")] Arc<StopsAtLast>,
);

/// Ends the thread when the last handle is gone.
struct StopsAtLast(Arc<Inner>);

impl Drop for StopsAtLast {
    fn drop(&mut self) {
        self.0.queue().stopped = true;
        self.0.rung.notify_one();
    }
}

struct Inner {
    snapshots: Snapshots,
    journal: Journal,
    master: Arc<MasterKey>,
    metrics: Arc<Metrics>,
    options: Options,
    queue: Mutex<Queue>,
    rung: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    tenants: BTreeMap<TenantId, Watched>,
    handed: VecDeque<Box<Replayed>>,
    errands: VecDeque<Errand>,
    stopped: bool,
}

struct Watched {
    trail: Trail,
    asleep: bool,
    /// The latest entry when an image could not be made; it is tried again when there are more.
    failed_at: Option<u64>,
}

enum Errand {
    /// Look at everyone now, and say how many images were made.
    Look(oneshot::Sender<usize>),
    /// Make a tenant's image anew from its entries and leave no byte of any earlier one.
    Renew(TenantId, oneshot::Sender<bool>),
}

/// What no image of a tenant covers.
#[derive(Debug, Clone, Copy)]
struct Tail {
    tenant: TenantId,
    entries: u64,
    covered: u64,
    asleep: bool,
}

/// What the thread does next.
enum Next {
    Image(TenantId, Option<Box<Replayed>>),
    Errand(Errand),
    Look,
    Stop,
}

impl Imager {
    /// Starts the thread.
    pub fn start(
        snapshots: Snapshots,
        journal: Journal,
        master: Arc<MasterKey>,
        metrics: Arc<Metrics>,
        options: Options,
    ) -> std::io::Result<Self> {
        let inner = Arc::new(Inner {
            snapshots,
            journal,
            master,
            metrics,
            options,
            queue: Mutex::default(),
            rung: Condvar::new(),
            thread: Mutex::default(),
        });
        let imager = Self(
            Arc::clone(&inner),
            Arc::new(StopsAtLast(Arc::clone(&inner))),
        );
        let thread = thread::Builder::new()
            .name("imager".to_owned())
            .spawn(move || inner.run())?;
        *imager
            .0
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(imager)
    }

    /// Where images are kept.
    pub fn snapshots(&self) -> &Snapshots {
        &self.0.snapshots
    }

    /// There is a tenant, and it is awake.
    pub fn watch(&self, tenant: TenantId, trail: Trail) {
        let watched = Watched {
            trail,
            asleep: false,
            failed_at: None,
        };
        self.0.queue().tenants.insert(tenant, watched);
    }

    /// A tenant sleeps, with an image that has everything.
    pub fn watch_asleep(&self, tenant: TenantId, trail: Trail) {
        let watched = Watched {
            trail,
            asleep: true,
            failed_at: None,
        };
        self.0.queue().tenants.insert(tenant, watched);
    }

    /// A tenant goes to sleep and leaves its state, all of which is durable.
    pub fn put_away(&self, state: Replayed) {
        let mut queue = self.0.queue();
        if let Some(watched) = queue.tenants.get_mut(&state.ledger.tenant()) {
            watched.asleep = true;
        }
        if queue.handed.len() < HANDED_MAX {
            queue.handed.push_back(Box::new(state));
        }
        drop(queue);
        self.0.rung.notify_one();
    }

    /// Looks at everyone now; how many images were made.
    pub async fn look(&self) -> usize {
        let (sender, made) = oneshot::channel();
        self.ask(Errand::Look(sender));
        made.await.unwrap_or(0)
    }

    /// Makes a tenant's image anew from the journal and exchanges the store, so that no byte of any earlier image remains; for
    /// whoever has just overwritten personal parts there. Whether that was done.
    pub async fn renew(&self, tenant: TenantId) -> bool {
        let (sender, done) = oneshot::channel();
        self.ask(Errand::Renew(tenant, sender));
        done.await.unwrap_or(false)
    }

    /// Ends the thread after what it is at. Blocks: call it off the async threads.
    pub fn stop(&self) {
        self.0.queue().stopped = true;
        self.0.rung.notify_one();
        let thread = self
            .0
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // What it panicked about was said.
            let _ = thread.join();
        }
        self.0.snapshots.close();
    }

    fn ask(&self, errand: Errand) {
        self.0.queue().errands.push_back(errand);
        self.0.rung.notify_one();
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            match self.next() {
                Next::Stop => return,
                Next::Image(tenant, handed) => {
                    self.bring_up(tenant, handed);
                }
                Next::Look => {
                    self.look();
                }
                Next::Errand(Errand::Look(answer)) => {
                    // Whoever no longer waits needs no answer, here and below.
                    let _ = answer.send(self.look());
                }
                Next::Errand(Errand::Renew(tenant, answer)) => {
                    let _ = answer.send(self.renew(tenant));
                }
            }
        }
    }

    fn next(&self) -> Next {
        let mut queue = self.queue();
        loop {
            if queue.stopped {
                // Whoever waits for an errand is told by its end that nothing was done.
                queue.errands.clear();
                return Next::Stop;
            }
            if let Some(errand) = queue.errands.pop_front() {
                return Next::Errand(errand);
            }
            if let Some(state) = queue.handed.pop_front() {
                return Next::Image(state.ledger.tenant(), Some(state));
            }
            let waited = self.rung.wait_timeout(queue, self.options.look_every);
            let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = again;
            if timeout.timed_out() && !queue.stopped {
                return Next::Look;
            }
        }
    }

    /// Makes every image that is due.
    fn look(&self) -> usize {
        if !self.snapshots.are_kept() {
            return 0;
        }
        let tails: Vec<Tail> = {
            let queue = self.queue();
            let tenants = queue.tenants.iter();
            let tails = tenants.filter_map(|(tenant, watched)| self.tail(*tenant, watched));
            tails.collect()
        };
        let due = due(tails, self.options.tail_entries_min).into_iter();
        let due = due.take_while(|_| !self.queue().stopped);
        due.filter(|tenant| self.bring_up(*tenant, None)).count()
    }

    /// What no image of this tenant covers; `None`: nothing, or nothing that can be helped.
    fn tail(&self, tenant: TenantId, watched: &Watched) -> Option<Tail> {
        let latest = watched.trail.head();
        let covered = self.snapshots.head(tenant).map_or(0, |head| head.sequence);
        let entries = latest.saturating_sub(covered);
        (entries > 0 && watched.failed_at != Some(latest)).then_some(Tail {
            tenant,
            entries,
            covered,
            asleep: watched.asleep,
        })
    }

    /// Makes a tenant's image have everything that is durable. Whether it was made.
    fn bring_up(&self, tenant: TenantId, handed: Option<Box<Replayed>>) -> bool {
        let Some(trail) = self.trail(tenant) else {
            return false;
        };
        let covered = self.snapshots.head(tenant).map_or(0, |head| head.sequence);
        if covered >= trail.head() || !self.snapshots.are_kept() {
            return false;
        }
        let mut watch = Stopwatch::start();
        let rest = || {
            // As long as the work took: whoever waits for an answer has the machine for half of the time at least.
            thread::sleep(watch.elapsed().min(REST_MAX));
            watch = Stopwatch::start();
        };
        let made = revive(
            &self.snapshots,
            &self.journal,
            &self.master,
            &trail,
            tenant,
            rest,
        )
        .map_err(Failed::from)
        .and_then(|state| {
            if let Some(handed) = handed {
                compare(&state, &handed);
            }
            self.snapshots.keep(&state)?;
            Ok(())
        });
        self.tell(tenant, &trail, made)
    }

    fn renew(&self, tenant: TenantId) -> bool {
        let Some(trail) = self.trail(tenant) else {
            return false;
        };
        let nothing = Snapshots::open(None, Arc::clone(&self.master));
        let made = revive(&nothing, &self.journal, &self.master, &trail, tenant, || {})
            .map_err(Failed::from)
            .and_then(|state| Ok(self.snapshots.keep_only(&state)?));
        self.tell(tenant, &trail, made)
    }

    fn trail(&self, tenant: TenantId) -> Option<Trail> {
        let queue = self.queue();
        queue
            .tenants
            .get(&tenant)
            .map(|watched| watched.trail.clone())
    }

    fn tell(&self, tenant: TenantId, trail: &Trail, made: Result<(), Failed>) -> bool {
        let failed = match made {
            Ok(()) => None,
            // It is stopping, or keeps none: not worth a word each time.
            Err(Failed::Unrevivable(Unrevivable::Closed))
            | Err(Failed::Unkept(shelf::Error::NoStore)) => Some(trail.head()),
            Err(failed) => {
                tracing::warn!(%tenant, reason = %failed, "an image was not made; the journal has everything");
                Some(trail.head())
            }
        };
        if failed.is_none() {
            self.metrics.images_made.add_one();
        }
        if let Some(watched) = self.queue().tenants.get_mut(&tenant) {
            watched.failed_at = failed;
        }
        failed.is_none()
    }
}

/// Whose images are to be made: those of sleepers, those with a long tail, and the longest of the rest while all of them together
/// would keep a start waiting.
fn due(mut tails: Vec<Tail>, entries_min: u64) -> Vec<TenantId> {
    tails.sort_unstable_by_key(|tail| std::cmp::Reverse((tail.asleep, tail.entries)));
    let mut all: u64 = tails.iter().map(|tail| tail.entries).sum();
    tails.retain(|tail| {
        let is_long = tail.entries >= entries_min.max(tail.covered / TAIL_PART);
        let are_too_many = all > entries_min.saturating_mul(TAILS_MAX);
        let is_due = tail.asleep || is_long || are_too_many;
        all -= if is_due { tail.entries } else { 0 };
        is_due
    });
    tails.into_iter().map(|tail| tail.tenant).collect()
}

/// A tenant that was live and what the journal makes of it are one. If they are not, the journal is right, and someone has to
/// look at why.
fn compare(replayed: &Replayed, live: &Replayed) {
    // An entry more came after the tenant had been woken again.
    if (replayed.sequence, replayed.chain) != (live.sequence, live.chain) {
        return;
    }
    if replayed.ledger != live.ledger || replayed.contacts != live.contacts {
        let tenant = live.ledger.tenant();
        tracing::error!(%tenant, sequence = live.sequence, "replay does not give what was live; the journal's is kept, please report this");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_of(tails: &[(u64, u64, bool)]) -> Vec<u128> {
        let tails = (1..)
            .zip(tails)
            .map(|(id, (entries, covered, asleep))| Tail {
                tenant: TenantId(id),
                entries: *entries,
                covered: *covered,
                asleep: *asleep,
            });
        let mut due: Vec<_> = due(tails.collect(), 100).iter().map(|id| id.0).collect();
        due.sort_unstable();
        due
    }

    #[test]
    fn images_are_due_of_sleepers_of_long_tails_and_of_too_many_short_ones() {
        assert_eq!(
            due_of(&[(1, 0, true), (99, 0, false), (100, 0, false)]),
            [1, 3]
        );
        assert_eq!(due_of(&[(124, 1_000, false), (125, 1_000, false)]), [2]);
        // Twenty-five times 90 are 2,250: three of them have to go before 2,000 are left.
        let many = [(90, 0, false); 25];
        assert_eq!(due_of(&many).len(), 3);
        assert_eq!(due_of(&many[..22]).len(), 0);
    }
}
