//! The dispatcher: waits at the doorbell, takes what is due from the tenant that rang, sends it, and brings the outcome back.
//!
//! Each text is a task of its own, so a slow carrier stalls nobody else; a tenant's ledger hands out a bounded number at a time,
//! and the whole house has a bound of its own. A carrier that does not end, or panics, leaves its text *unknown*. An outcome
//! that the tenant cannot take now is offered again until it can: an outcome that is lost would be a text whose fate nobody
//! knows. Whether a text goes again is the ledger's to say; here is only how many such repeats the house affords at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::limits;
use crate::metrics::Metrics;
use crate::model::{MessageId, SendOutcome};
use crate::tenant::{Directory, Handle, PreparedText, Refused};

use super::breaker::Breaker;
use super::budget::Budget;
use super::sms::{Report, SmsGateway};

/// How long to wait before a tenant that was too busy is asked again, at first.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// And at last.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);

/// How long a repeat beyond the budget keeps the next one waiting.
const REPEAT_PAUSE: Duration = Duration::from_millis(20);

/// What a dispatcher works with.
pub struct DispatcherOptions {
    /// Who carries texts.
    pub gateway: Arc<dyn SmsGateway>,
    /// How long any carrier is waited for.
    pub patience: Duration,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// Sends what is due, for as long as it is polled.
pub struct Dispatcher {
    directory: Directory,
    desk: Arc<Desk>,
}

/// What the sending of all texts shares.
struct Desk {
    options: DispatcherOptions,
    places: Semaphore,
    /// By account; one that does well is not remembered.
    breakers: Mutex<BTreeMap<String, Breaker>>,
    repeats: Mutex<Budget>,
    /// Repeats beyond that budget, one at a time.
    slow_lane: tokio::sync::Mutex<()>,
}

impl Dispatcher {
    /// A dispatcher; there is one in a process.
    pub fn new(directory: Directory, options: DispatcherOptions) -> Self {
        let desk = Desk {
            options,
            places: Semaphore::new(limits::TEXTS_IN_FLIGHT_MAX),
            breakers: Mutex::default(),
            repeats: Mutex::default(),
            slow_lane: tokio::sync::Mutex::default(),
        };
        Self {
            directory,
            desk: Arc::new(desk),
        }
    }

    /// Runs until it is dropped. Texts in flight then are asked about at the next start.
    pub async fn run(self) {
        let mut lanes = JoinSet::new();
        loop {
            tokio::select! {
                tenant = self.directory.next_with_texts() => {
                    lanes.spawn(take_due(tenant, Arc::clone(&self.desk)));
                }
                Some(_) = lanes.join_next() => {}
            }
        }
    }
}

/// Takes what one tenant has due and sends all of it.
async fn take_due(tenant: Handle, desk: Arc<Desk>) {
    let Some(due) = insist(|| tenant.due_texts()).await else {
        return;
    };
    let mut texts = JoinSet::new();
    for text in due {
        texts.spawn(send(tenant.clone(), Arc::clone(&desk), text));
    }
    while texts.join_next().await.is_some() {}
}

async fn send(tenant: Handle, desk: Arc<Desk>, text: MessageId) {
    // Taken before a place is waited for: what is taken is not handed out a second time.
    let Some(Some(prepared)) = insist(|| tenant.prepare(text)).await else {
        return;
    };
    let attempt = prepared.attempt;
    let report = desk.attempt(prepared).await;
    insist(|| tenant.settle(text, attempt, report.outcome, report.sid.clone())).await;
    if report.opted_out {
        insist(|| tenant.stop_texts(text)).await;
    }
}

impl Desk {
    /// Makes one attempt, if its account allows it; else it is certainly not made.
    async fn attempt(self: &Arc<Self>, text: PreparedText) -> Report {
        self.afford(text.attempt).await;
        let Ok(_place) = self.places.acquire().await else {
            return SendOutcome::NotSent.into();
        };
        let account = text
            .access
            .as_ref()
            .map(|access| access.account.sid().to_owned());
        if !self.admits(account.as_deref()) {
            self.options.metrics.count_text(SendOutcome::NotSent);
            return SendOutcome::NotSent.into();
        }
        let in_flight = self.options.metrics.texts_in_flight.enter();
        let report = self.waited_for(text).await;
        drop(in_flight);
        self.options.metrics.count_text(report.outcome);
        self.learn(account, &report);
        report
    }

    /// The carrier's own word, unless it takes too long or panics.
    async fn waited_for(&self, text: PreparedText) -> Report {
        let gateway = Arc::clone(&self.options.gateway);
        let mut sending = tokio::spawn(async move { gateway.send(&text).await });
        match tokio::time::timeout(self.options.patience, &mut sending).await {
            Ok(Ok(report)) => report,
            Ok(Err(_)) => SendOutcome::Unknown.into(),
            Err(_) => {
                sending.abort();
                SendOutcome::Unknown.into()
            }
        }
    }

    /// Lets a first attempt pass, and as many repeats as the house affords; further ones go one after the other. None is
    /// refused: after a crash nobody knows which of them went, and what has not gone must not be lost.
    async fn afford(&self, attempt: u32) {
        let affords = match attempt {
            0 | 1 => {
                locked(&self.repeats).earn();
                true
            }
            _ => locked(&self.repeats).spend(),
        };
        if !affords {
            let _turn = self.slow_lane.lock().await;
            tokio::time::sleep(REPEAT_PAUSE).await;
        }
    }

    fn admits(&self, account: Option<&str>) -> bool {
        let mut breakers = locked(&self.breakers);
        let breaker = account.and_then(|account| breakers.get_mut(account));
        breaker.is_none_or(|breaker| breaker.admits(self.options.clock.now()))
    }

    fn learn(&self, account: Option<String>, report: &Report) {
        let Some(account) = account else { return };
        let now = self.options.clock.now();
        let jitter = rand::rng().random();
        let mut breakers = locked(&self.breakers);
        let breaker = breakers.entry(account.clone()).or_default();
        if breaker.learn(report.outcome, report.rest, jitter, now) {
            self.options.metrics.breakers_opened.add_one();
            tracing::warn!(
                "nobody knows what became of a clinic's last texts; nothing more is sent with that account for a while"
            );
        }
        if breaker.is_idle(now) {
            breakers.remove(&account);
        }
        let open = breakers
            .values()
            .filter(|breaker| breaker.is_open())
            .count();
        self.options.metrics.breakers_open.set(open as u64);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks until the tenant answers, ever less often; `None` if it never will in this life.
async fn insist<T, F>(ask: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, Refused>>,
{
    let mut pause = RETRY_PAUSE;
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(Refused::TenantBusy | Refused::Overloaded | Refused::StorageFull) => {
                let jitter: f64 = rand::rng().random();
                tokio::time::sleep(pause.mul_f64(0.5 + jitter)).await;
                pause = (pause * 2).min(RETRY_PAUSE_MAX);
            }
            Err(Refused::Rejected(_) | Refused::Stopped | Refused::Quarantined) => return None,
        }
    }
}
