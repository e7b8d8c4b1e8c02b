//! The directory: which tenants there are, where their actors live, and whose keys are whose.
//!
//! Tenants live on the arbiters that `app.rs` hands over, by hash of their id: those are the HTTP workers' own, because a message
//! to another thread costs a quarter of a request's time. What recovery could not replay is listed as out of service.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::{Actor, ArbiterHandle};
use dashmap::DashMap;
use tokio::sync::oneshot;

use crate::entry::{self, Head};
use crate::journal::Lsn;
use crate::ledger::{Command, Receipt};
use crate::model::{KeyId, Principal, Profile, Scope, Slug, TenantId, TenantRecord, Timestamp};
use crate::replay::{Fault, FaultKind, Latest, Replayed};
use crate::seal;

use super::actor::TenantActor;
use super::checkpoints;
use super::core::{Core, Shared};
use super::doorbell::Doorbell;
use super::handle::{Handle, Housed};
use super::keyring::Credential;
use super::messages::{Answer, Instruction, Refused, Request};

/// How long to wait before a full queue is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// How often it is looked whether the instance's actor has ended, which takes a moment after its thread was told to.
const ACTOR_ENDS_PAUSE: Duration = Duration::from_millis(2);
/// How many times at the most.
const ACTOR_ENDS_PAUSES_MAX: u32 = 500;

/// Why the tenants cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The master key is not the one that the journal was sealed under.
    #[error("{0}")]
    MasterKey(#[source] entry::Error),
    /// The instance's own ledger is damaged: without it nobody can be served.
    #[error("the instance itself cannot be replayed: {0}")]
    Instance(#[source] Fault),
    /// An actor's thread ended while it was being started.
    #[error("an actor could not be started; the process is shutting down")]
    Arbiter,
    /// A tenant's first entry was not taken.
    #[error("a tenant's first entry was not taken: {0:?}")]
    FirstEntry(Refused),
}

impl StartError {
    fn instance(fault: Fault) -> Self {
        match fault.fault {
            FaultKind::Unreadable(wrong @ entry::Error::OtherMasterKey { .. }) => {
                Self::MasterKey(wrong)
            }
            _ => Self::Instance(fault),
        }
    }
}

/// Which tenants there are.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    shared: Shared,
    doorbell: Arc<Doorbell>,
    in_flight_max: usize,
    /// Set once, when the threads on which tenants live are there.
    started: OnceLock<Started>,
    by_slug: DashMap<Slug, Tenant>,
    by_id: DashMap<TenantId, Slug>,
    /// Held while a tenant is opened, so that two requests cannot open one twice.
    opening: tokio::sync::Mutex<()>,
}

struct Started {
    arbiters: Vec<ArbiterHandle>,
    instance: Handle,
}

/// How a tenant stands.
#[derive(Clone)]
enum Tenant {
    Open(Handle),
    /// It could not be replayed.
    OutOfService,
}

/// What a request finds under a tenant's name.
pub enum Found {
    /// The tenant.
    Open(Handle),
    /// It is out of service until the operator has looked.
    OutOfService,
    /// There is none.
    Nothing,
}

impl Directory {
    /// A directory of nobody yet; nothing else may be asked of it before [`Self::start`] is through.
    pub fn new(shared: Shared, in_flight_max: usize) -> Self {
        Self(Arc::new(Inner {
            shared,
            doorbell: Arc::new(Doorbell::default()),
            in_flight_max,
            started: OnceLock::new(),
            by_slug: DashMap::new(),
            by_id: DashMap::new(),
            opening: tokio::sync::Mutex::new(()),
        }))
    }

    /// Starts tenant zero and every tenant it lists, on these arbiters (at least one). Once.
    pub async fn start(
        &self,
        arbiters: Vec<ArbiterHandle>,
        mut recovered: BTreeMap<TenantId, Result<Replayed, Fault>>,
    ) -> Result<(), StartError> {
        assert!(!arbiters.is_empty(), "tenants need a thread to live on");
        let inner = &self.0;
        let zero = match recovered.remove(&TenantId::INSTANCE) {
            None => Replayed::new(TenantId::INSTANCE),
            Some(replayed) => replayed.map_err(StartError::instance)?,
        };
        for key in zero.ledger.keys() {
            inner
                .shared
                .keyring
                .record(TenantId::INSTANCE, None, key, Lsn::ZERO);
        }
        let tenants: Vec<_> = zero.ledger.tenants().cloned().collect();
        let core = Core::new(inner.shared.clone(), None, zero, seal::random_bytes());
        let housed = self.spawn(&arbiters, core).await?;
        let slug = "instance".parse().expect("this is a slug");
        let instance = self.handle(TenantId::INSTANCE, slug, Profile::of_instance(), housed);
        let started = inner.started.set(Started { arbiters, instance });
        assert!(started.is_ok(), "a directory starts once");
        for tenant in tenants {
            let replayed = recovered.remove(&tenant.id);
            self.open(&tenant, replayed).await?;
        }
        Ok(())
    }

    fn started(&self) -> &Started {
        self.0
            .started
            .get()
            .expect("nobody asks before the house is ready")
    }

    fn handle(&self, id: TenantId, slug: Slug, profile: Profile, housed: Housed) -> Handle {
        let journal = self.0.shared.journal.clone();
        let in_flight_max = self.0.in_flight_max;
        Handle::new(id, slug, profile, housed, journal, in_flight_max)
    }

    /// Tenant zero.
    pub fn instance(&self) -> Handle {
        self.started().instance.clone()
    }

    /// The tenant of this name.
    pub fn tenant(&self, slug: &Slug) -> Found {
        match self
            .0
            .by_slug
            .get(slug)
            .map(|tenant| tenant.value().clone())
        {
            Some(Tenant::Open(handle)) => Found::Open(handle),
            Some(Tenant::OutOfService) => Found::OutOfService,
            None => Found::Nothing,
        }
    }

    /// Who presents this key.
    pub fn judge(&self, presented: &str, now: Timestamp) -> Option<Credential> {
        let durable = self.0.shared.journal.durability().watermark();
        self.0.shared.keyring.judge(presented, durable, now)
    }

    /// Whether this key is still good, without its being used.
    pub fn is_good(&self, key: KeyId, now: Timestamp) -> bool {
        let durable = self.0.shared.journal.durability().watermark();
        self.0.shared.keyring.is_good(key, durable, now)
    }

    /// Adds a clinic: an entry of the instance, then the clinic's own first entry. If a crash comes between the two, the next
    /// start makes up for it; a caller who goes away in between changes nothing, because this is not their task.
    pub async fn create_tenant(&self, request: Request) -> Result<Answer, Refused> {
        let directory = self.clone();
        let created = tokio::spawn(async move { directory.create_and_open(request).await });
        created.await.map_err(|_| Refused::Stopped)?
    }

    async fn create_and_open(&self, request: Request) -> Result<Answer, Refused> {
        let answer = self.started().instance.execute(request).await?;
        if let Receipt::Tenant(record) = &answer.receipt {
            let _one_at_a_time = self.0.opening.lock().await;
            if !self.0.by_slug.contains_key(&record.slug) {
                self.open(record, None)
                    .await
                    .map_err(|_| Refused::Stopped)?;
            }
        }
        Ok(answer)
    }

    /// Makes an admin key; the first start needs one before anyone can ask.
    pub async fn create_admin_key(&self, label: &str) -> Result<Answer, Refused> {
        let instruction = Instruction::CreateKey {
            scope: Scope::Admin,
            label: label.to_owned(),
            expires_at: None,
        };
        let request = Request {
            principal: Principal::System,
            idempotency: None,
            instruction,
        };
        self.started().instance.execute(request).await
    }

    /// The next tenant that has a text to send; waits for one. For one outbox.
    pub async fn next_with_texts(&self) -> Handle {
        loop {
            let tenant = self.0.doorbell.next().await;
            let slug = self.0.by_id.get(&tenant).map(|slug| slug.value().clone());
            if let Some(Found::Open(handle)) = slug.map(|slug| self.tenant(&slug)) {
                return handle;
            }
        }
    }

    /// The positions of the journal's latest entry and of the latest that is durable.
    pub fn journal_positions(&self) -> (u64, u64) {
        let journal = &self.0.shared.journal;
        (journal.head().0, journal.durability().watermark().0)
    }

    /// Signs and logs what every tenant's chain has come to, unless nothing was written since this was last done.
    pub async fn checkpoint(&self) -> Result<(), Refused> {
        let Some(heads) = self.heads_to_sign().await? else {
            return Ok(());
        };
        self.instance().checkpoint(heads.clone()).await?;
        self.log_checkpoint(heads);
        Ok(())
    }

    /// The same once the house is stopping, as the last that is written: it vouches for what was written before.
    pub async fn last_checkpoint(&self) -> Result<(), Refused> {
        for _ in 0..ACTOR_ENDS_PAUSES_MAX {
            if !self.instance().is_alive() {
                break;
            }
            tokio::time::sleep(ACTOR_ENDS_PAUSE).await;
        }
        if self.instance().is_alive() {
            return self.checkpoint().await;
        }
        // Its actor is gone, so nobody else appends to its chain.
        let Some(heads) = self.heads_to_sign().await? else {
            return Ok(());
        };
        let Shared {
            journal,
            master,
            clock,
            ..
        } = &self.0.shared;
        let instance = self.instance();
        let trail = instance.history().trail();
        checkpoints::append(journal, master, trail, &heads, clock.now())?;
        let durable = journal.durability().reached(trail.latest().lsn).await;
        durable.map_err(|_| Refused::Stopped)?;
        self.log_checkpoint(heads);
        Ok(())
    }

    /// What the chains have come to, all of it durable; `None`: nothing was written since the last checkpoint.
    async fn heads_to_sign(&self) -> Result<Option<Vec<Head>>, Refused> {
        let journal = &self.0.shared.journal;
        let instance = self.instance();
        if instance.history().trail().checkpoint() == journal.head() {
            return Ok(None);
        }
        let mut handles = vec![instance];
        handles.extend(self.0.by_slug.iter().filter_map(|tenant| {
            match tenant.value() {
                Tenant::Open(handle) => Some(handle.clone()),
                // What its chain comes to is not known.
                Tenant::OutOfService => None,
            }
        }));
        let (mut heads, mut rests_on) = (Vec::new(), Lsn::ZERO);
        for handle in handles {
            let latest = handle.history().trail().latest();
            if latest.sequence > 0 {
                rests_on = rests_on.max(latest.lsn);
                heads.push(head(handle.id(), latest));
            }
        }
        heads.sort_unstable();
        let durable = journal.durability().reached(rests_on).await;
        durable.map_err(|_| Refused::Stopped)?;
        Ok((!heads.is_empty()).then_some(heads))
    }

    /// The instance's own line is that of the checkpoint itself, which vouches for the rest.
    fn log_checkpoint(&self, mut heads: Vec<Head>) {
        let instance = self.instance();
        let own = head(instance.id(), instance.history().trail().latest());
        heads.retain(|head| head.tenant != own.tenant);
        heads.push(own);
        checkpoints::log(&self.0.shared.master, &heads);
    }

    /// How many tenants are open, and how many are out of service.
    pub fn count(&self) -> (usize, usize) {
        let all = self.0.by_slug.len();
        let open = self
            .0
            .by_slug
            .iter()
            .filter(|tenant| matches!(tenant.value(), Tenant::Open(_)));
        let open = open.count();
        (open, all - open)
    }

    async fn open(
        &self,
        record: &TenantRecord,
        replayed: Option<Result<Replayed, Fault>>,
    ) -> Result<(), StartError> {
        let inner = &self.0;
        let slug = &record.slug;
        let replayed = match replayed {
            None => Replayed::new(record.id),
            Some(Ok(replayed)) => replayed,
            Some(Err(fault)) => {
                tracing::error!(
                    %fault,
                    tenant = %slug,
                    sequence = fault.sequence,
                    file = %format_args!("{:010}.journal", fault.place.segment),
                    offset = fault.place.offset,
                    "this tenant is out of service; the others are served"
                );
                for key in &fault.keys {
                    inner
                        .shared
                        .keyring
                        .record(record.id, Some(slug), key, Lsn::ZERO);
                }
                inner.by_slug.insert(slug.clone(), Tenant::OutOfService);
                return Ok(());
            }
        };
        for key in replayed.ledger.keys() {
            inner
                .shared
                .keyring
                .record(record.id, Some(slug), key, Lsn::ZERO);
        }
        let profile = replayed.ledger.profile().cloned();
        let is_new = profile.is_none();
        let profile = profile.unwrap_or_else(|| record.founding_profile.clone());
        let core = Core::new(
            inner.shared.clone(),
            Some(slug.clone()),
            replayed,
            seal::random_bytes(),
        );
        let housed = self.spawn(&self.started().arbiters, core).await?;
        let handle = self.handle(record.id, slug.clone(), profile.clone(), housed);
        if is_new {
            first_entry(&handle, profile).await?;
        }
        inner.by_id.insert(record.id, slug.clone());
        inner.by_slug.insert(slug.clone(), Tenant::Open(handle));
        Ok(())
    }

    /// Starts an actor on the arbiter that its tenant's id chooses.
    async fn spawn(&self, arbiters: &[ArbiterHandle], core: Core) -> Result<Housed, StartError> {
        let place = (core.tenant().0 % arbiters.len() as u128) as usize;
        let (clock, doorbell) = (
            Arc::clone(&self.0.shared.clock),
            Arc::clone(&self.0.doorbell),
        );
        let history = core.history();
        let access = Arc::clone(core.opening().sms_cache());
        let voice = Arc::clone(core.opening().voice_cache());
        let actor = TenantActor::new(core, clock, doorbell);
        let (sender, started) = oneshot::channel();
        let spawned = arbiters[place].spawn_fn(move || {
            // Whoever no longer waits is shutting down.
            let _ = sender.send(actor.start());
        });
        if !spawned {
            return Err(StartError::Arbiter);
        }
        let address = started.await.map_err(|_| StartError::Arbiter)?;
        Ok(Housed {
            address,
            history,
            access,
            voice,
        })
    }
}

fn head(tenant: TenantId, latest: Latest) -> Head {
    Head {
        tenant,
        sequence: latest.sequence,
        hash: latest.hash,
    }
}

/// The clinic's first words of itself. A full queue passes; a second actor for one clinic would not, so this one insists.
async fn first_entry(handle: &Handle, profile: Profile) -> Result<(), StartError> {
    loop {
        let instruction = Instruction::Plain(Command::OpenClinic(profile.clone()));
        let request = Request {
            principal: Principal::System,
            idempotency: None,
            instruction,
        };
        match handle.execute(request).await {
            Ok(_) => return Ok(()),
            Err(Refused::TenantBusy | Refused::Overloaded) => tokio::time::sleep(RETRY_PAUSE).await,
            Err(refused) => return Err(StartError::FirstEntry(refused)),
        }
    }
}
