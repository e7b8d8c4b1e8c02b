//! The house of one tenant: its actor while it is awake, and how it is put to sleep and woken.
//!
//! Asleep it is a trail, a profile and an instant; waking it reads its image and the entries after that. The same way rebuilds
//! a tenant whose actor panicked, once its last entry is durable; one that panics twice at the same entry, or whose entries do not
//! replay, is quarantined. One house changes at a time, under one lock, so that there is never a second actor, and whoever comes
//! meanwhile waits within their place. Callers: `handle.rs` asks the actor through here, `directory.rs` wakes who is due.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::{Actor, Addr, ArbiterHandle};
use tokio::sync::{oneshot, watch};

use crate::model::{Slug, TenantId};
use crate::replay::{Replayed, Trail};
use crate::seal;
use crate::snapshots::{Imager, Snapshots, Unrevivable, revive};

use super::actor::TenantActor;
use super::asking::LieDown;
use super::bed::Bed;
use super::core::{Core, Shared};
use super::doorbell::Doorbell;
use super::gate::Gate;
use super::history::History;
use super::messages::Refused;
use super::sleepers::Sleepers;
use super::sms_access::{AccessCache, ModelAccess, SmsAccess, VoiceAccess};

/// How long the store of snapshots may take to give an image; then a tenant is woken from the journal alone.
const IMAGE_DEADLINE: Duration = Duration::from_secs(20);

/// What the houses of a process share.
pub(super) struct Street {
    pub shared: Shared,
    pub doorbell: Arc<Doorbell>,
    pub imager: Imager,
    pub sleepers: Sleepers,
    /// Requests that one tenant may have in flight.
    pub in_flight_max: u32,
    /// How long nobody asks before a tenant goes to sleep; `None`: none does.
    pub idle_seconds: Option<u64>,
    /// The process is stopping: an actor that ends has not panicked.
    pub closing: AtomicBool,
}

/// One tenant's house. Clones share it.
#[derive(Clone)]
pub(super) struct House(Arc<Inner>);

struct Inner {
    street: Arc<Street>,
    tenant: TenantId,
    slug: Option<Slug>,
    arbiter: ArbiterHandle,
    trail: Trail,
    history: History,
    gate: Arc<Gate>,
    state: RwLock<State>,
    /// Held while the tenant is put to sleep or woken: the latest entry when its actor last panicked.
    changing: tokio::sync::Mutex<Option<u64>>,
    /// Whether it sleeps, for whoever waits for that.
    sleeps: watch::Sender<bool>,
    /// How many actors it has had.
    lives: AtomicU64,
}

enum State {
    Awake(Awake),
    Asleep,
    Quarantined,
}

struct Awake {
    address: Addr<TenantActor>,
    access: Arc<AccessCache<SmsAccess>>,
    voice: Arc<AccessCache<VoiceAccess>>,
    models: Arc<AccessCache<ModelAccess>>,
    /// Which of the tenant's actors this is.
    life: u64,
}

/// An actor's thread has ended: the process is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoThread;

impl House {
    /// The house of a tenant that sleeps.
    pub fn asleep(
        street: Arc<Street>,
        (tenant, slug): (TenantId, Option<Slug>),
        arbiter: ArbiterHandle,
        trail: Trail,
    ) -> Self {
        let shared = &street.shared;
        let history = History::new(
            tenant,
            trail.clone(),
            shared.journal.clone(),
            Arc::clone(&shared.master),
        );
        let gate = Arc::new(Gate::new(street.in_flight_max));
        Self(Arc::new(Inner {
            street,
            tenant,
            slug,
            arbiter,
            trail,
            history,
            gate,
            state: RwLock::new(State::Asleep),
            changing: tokio::sync::Mutex::default(),
            sleeps: watch::Sender::new(true),
            lives: AtomicU64::new(0),
        }))
    }

    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// Whether it is served: it is awake, or can be woken.
    pub fn is_served(&self) -> bool {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        !matches!(&*state, State::Quarantined)
    }

    /// Its opened credentials, while it is awake.
    pub fn access(&self) -> Option<Arc<AccessCache<SmsAccess>>> {
        self.while_awake(|awake| Arc::clone(&awake.access))
    }

    /// Its opened voice line, while it is awake.
    pub fn voice(&self) -> Option<Arc<AccessCache<VoiceAccess>>> {
        self.while_awake(|awake| Arc::clone(&awake.voice))
    }

    /// Its opened models, while it is awake.
    pub fn models(&self) -> Option<Arc<AccessCache<ModelAccess>>> {
        self.while_awake(|awake| Arc::clone(&awake.models))
    }

    fn while_awake<T>(&self, show: impl FnOnce(&Awake) -> T) -> Option<T> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Awake(awake) => Some(show(awake)),
            State::Asleep | State::Quarantined => None,
        }
    }

    /// Does something with the actor that is awake; `None`: there is none. Only for whoever has a place at the gate.
    pub fn if_awake<T>(&self, act: impl FnOnce(&Addr<TenantActor>, u64) -> T) -> Option<T> {
        if !self.0.gate.is_open() {
            return None;
        }
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Awake(awake) if awake.address.connected() => {
                Some(act(&awake.address, awake.life))
            }
            _ => None,
        }
    }

    /// Puts the tenant to sleep now, if nothing is under way there. Whether it sleeps, if only for a moment.
    pub async fn lie_down(&self) -> bool {
        let mut sleeps = self.0.sleeps.subscribe();
        let asked = self.if_awake(|address, _| address.send(LieDown));
        if let Some(asked) = asked
            && !asked.await.unwrap_or(false)
        {
            return false;
        }
        // Whoever comes before it is in bed wakes it again.
        while !*sleeps.borrow_and_update() {
            if self.0.gate.is_open() || sleeps.changed().await.is_err() {
                return false;
            }
        }
        true
    }

    /// Wakes the tenant, if it is not awake. Goes on if whoever asked goes away.
    pub async fn wake(&self) -> Result<(), Refused> {
        let house = self.clone();
        let woken = tokio::spawn(async move { house.wake_here(None).await });
        woken.await.map_err(|_| Refused::Stopped)?
    }

    /// This one of its actors dropped a message: it has panicked, and the tenant is rebuilt before whoever asked is told.
    pub async fn ended(&self, life: u64) {
        let house = self.clone();
        let rebuilt = tokio::spawn(async move { house.wake_here(Some(life)).await });
        // What is wrong was said, and the next request is told.
        drop(rebuilt.await);
    }

    /// Wakes it here and now. `ended` is the actor that is known to have ended, whatever its mailbox says yet.
    async fn wake_here(&self, ended: Option<u64>) -> Result<(), Refused> {
        let mut fallen_at = self.0.changing.lock().await;
        if self.0.street.closing.load(Ordering::Acquire) {
            return Err(Refused::Stopped);
        }
        let has_ended = ended == Some(self.0.lives.load(Ordering::Acquire));
        if ended.is_some() && !(has_ended && self.0.gate.is_open()) {
            return Ok(());
        }
        if !has_ended && self.if_awake(|_, _| ()).is_some() {
            return Ok(());
        }
        if !self.is_served() {
            return Err(Refused::Quarantined);
        }
        // The gate is closed by whoever goes to sleep: an actor that is gone behind an open one has panicked.
        if self.0.gate.is_open() {
            self.0.gate.close();
            self.0.trail.settle();
            let latest = self.0.trail.head();
            if fallen_at.replace(latest) == Some(latest) {
                return Err(self.quarantine("its actor panicked twice at the same entry"));
            }
            tracing::error!(tenant = %self.0.tenant, sequence = latest, "a tenant's actor panicked; it is rebuilt from the journal");
        }
        let state = match self.revived().await {
            Ok(state) => state,
            Err(Unrevivable::Closed) => return Err(Refused::Stopped),
            Err(reason) => return Err(self.quarantine(&reason.to_string())),
        };
        self.rise(state).await.map_err(|_| Refused::Stopped)
    }

    /// Out of service until the next start.
    fn quarantine(&self, reason: &str) -> Refused {
        tracing::error!(tenant = %self.0.tenant, reason, "this tenant is out of service until the operator has looked; the others are served");
        self.set(State::Quarantined);
        Refused::Quarantined
    }

    /// The tenant as the journal has it, once its last entry is durable.
    async fn revived(&self) -> Result<Replayed, Unrevivable> {
        let rests_on = self.0.trail.after(u64::MAX, 0).lsn;
        let durability = self.0.street.shared.journal.durability();
        let reached = durability.reached(rests_on).await;
        reached.map_err(|_| Unrevivable::Closed)?;
        let kept = self.0.street.imager.snapshots().clone();
        let in_time = tokio::time::timeout(IMAGE_DEADLINE, self.read(kept)).await;
        match in_time {
            Ok(revived) => revived,
            Err(_) => {
                tracing::warn!(tenant = %self.0.tenant, "an image did not come in time; the journal has everything");
                let nothing = Snapshots::open(None, Arc::clone(&self.0.street.shared.master));
                self.read(nothing).await
            }
        }
    }

    async fn read(&self, snapshots: Snapshots) -> Result<Replayed, Unrevivable> {
        let inner = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || {
            let Shared {
                journal, master, ..
            } = &inner.street.shared;
            revive(
                &snapshots,
                journal,
                master,
                &inner.trail,
                inner.tenant,
                || {},
            )
        });
        read.await.unwrap_or(Err(Unrevivable::Closed))
    }

    /// Starts the actor around this state and opens the gate.
    pub async fn rise(&self, state: Replayed) -> Result<(), NoThread> {
        let Street {
            shared,
            doorbell,
            imager,
            sleepers,
            idle_seconds,
            ..
        } = &*self.0.street;
        self.0.trail.name(state.ledger.names());
        let core = Core::new(
            shared.clone(),
            self.0.slug.clone(),
            state,
            seal::random_bytes(),
        );
        let access = Arc::clone(core.opening().sms_cache());
        let voice = Arc::clone(core.opening().voice_cache());
        let models = Arc::clone(core.opening().models_cache());
        let (leaves, left) = oneshot::channel();
        let gate = Arc::clone(&self.0.gate);
        let bed = Bed::new(gate, self.0.slug.is_some(), *idle_seconds, leaves);
        let actor = TenantActor::new(
            core,
            Arc::clone(&shared.clock),
            Arc::clone(doorbell),
            bed,
            imager.clone(),
        );
        let (sender, started) = oneshot::channel();
        let spawned = self.0.arbiter.spawn_fn(move || {
            // Whoever no longer waits is shutting down.
            let _ = sender.send(actor.start());
        });
        if !spawned {
            return Err(NoThread);
        }
        let address = started.await.map_err(|_| NoThread)?;
        imager.watch(self.0.tenant, self.0.trail.clone());
        sleepers.leave(self.0.tenant);
        let life = self.0.lives.fetch_add(1, Ordering::AcqRel) + 1;
        self.set(State::Awake(Awake {
            address,
            access,
            voice,
            models,
            life,
        }));
        self.0.gate.open();
        // Again, now that it is open: whoever waits for it to sleep looks at both.
        self.0.sleeps.send_replace(false);
        self.attend(left, life);
        Ok(())
    }

    /// Waits for the actor's end: it goes to sleep, or it has panicked.
    fn attend(&self, left: oneshot::Receiver<Replayed>, life: u64) {
        let house = self.clone();
        tokio::spawn(async move {
            match left.await {
                Ok(state) => house.put_to_bed(state).await,
                // Its reminders must not wait until someone asks. What is wrong was said.
                Err(_) => drop(house.wake_here(Some(life)).await),
            }
        });
    }

    async fn put_to_bed(&self, state: Replayed) {
        let until = state.ledger.next_wake().into_iter();
        let days = self.0.street.shared.policy.unbooked_days;
        let until = until.chain(state.ledger.next_unbooked(days)).min();
        let rests_on = state.head;
        let durability = self.0.street.shared.journal.durability();
        if durability.reached(rests_on).await.is_err() {
            return;
        }
        let _changing = self.0.changing.lock().await;
        // Someone was quicker and has woken it again.
        if self.0.gate.is_open() {
            return;
        }
        self.set(State::Asleep);
        self.0.street.sleepers.enter(self.0.tenant, until);
        self.0.street.imager.put_away(state);
        tracing::debug!(tenant = %self.0.tenant, "a tenant sleeps");
    }

    fn set(&self, state: State) {
        // One that is quarantined is not awake either.
        let sleeps = !matches!(state, State::Awake(_));
        self.0.sleeps.send_replace(sleeps);
        *self.0.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
