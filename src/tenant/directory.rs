//! The directory: which tenants there are, where their actors live, and whose keys are whose.
//!
//! Tenants live on the arbiters that `app.rs` hands over, by hash of their id: those are the HTTP workers' own, because a message
//! to another thread costs a quarter of a request's time. What recovery could not replay is listed as out of service. A tenant
//! whose image has everything sleeps until it is asked or something is due, and [`Directory::watch`] wakes it then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::ArbiterHandle;
use dashmap::DashMap;

use crate::entry::{self, Head};
use crate::journal::Lsn;
use crate::ledger::{Command, Receipt};
use crate::limits;
use crate::model::{
    KeyId, KeyRecord, Principal, Profile, Scope, Slug, TenantId, TenantRecord, Timestamp,
};
use crate::replay::{Fault, FaultKind, Latest, Replayed, Trail};
use crate::snapshots::{self, Imager};

use super::checkpoints;
use super::core::Shared;
use super::doorbell::Doorbell;
use super::handle::Handle;
use super::house::{House, NoThread, Street};
use super::keyring::Credential;
use super::messages::{Answer, Instruction, Refused, Request};
use super::sleepers::Sleepers;

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
    Instance(#[source] Box<Fault>),
    /// An actor's thread ended while it was being started.
    #[error("an actor could not be started; the process is shutting down")]
    Arbiter,
    /// A tenant's first entry was not taken.
    #[error("a tenant's first entry was not taken: {0:?}")]
    FirstEntry(Refused),
}

impl From<NoThread> for StartError {
    fn from(_: NoThread) -> Self {
        Self::Arbiter
    }
}

impl StartError {
    fn instance(fault: Fault) -> Self {
        match *fault.fault {
            FaultKind::Unreadable(wrong @ entry::Error::OtherMasterKey { .. }) => {
                Self::MasterKey(wrong)
            }
            _ => Self::Instance(Box::new(fault)),
        }
    }
}

/// Which tenants there are.
#[derive(Clone)]
pub struct Directory(pub(super) Arc<Inner>);

/// How tenants are kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Requests that one tenant may have in flight.
    pub in_flight_max: u32,
    /// How long nobody asks before a tenant goes to sleep; `None`: none does by itself.
    pub idle_seconds: Option<u64>,
}

pub(super) struct Inner {
    pub(super) street: Arc<Street>,
    /// Set once, when the threads on which tenants live are there.
    started: OnceLock<Started>,
    pub(super) by_slug: DashMap<Slug, Tenant>,
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
pub(super) enum Tenant {
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
    pub fn new(shared: Shared, imager: Imager, options: Options) -> Self {
        let street = Street {
            shared,
            doorbell: Arc::new(Doorbell::default()),
            imager,
            sleepers: Sleepers::default(),
            in_flight_max: options.in_flight_max,
            idle_seconds: options.idle_seconds,
            closing: AtomicBool::new(false),
        };
        Self(Arc::new(Inner {
            street: Arc::new(street),
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
        mut recovered: BTreeMap<TenantId, Result<snapshots::Found, Fault>>,
    ) -> Result<(), StartError> {
        assert!(!arbiters.is_empty(), "tenants need a thread to live on");
        let zero = match recovered.remove(&TenantId::INSTANCE) {
            None => Replayed::new(TenantId::INSTANCE),
            Some(found) => match found.map_err(StartError::instance)? {
                snapshots::Found::Awake(replayed) => *replayed,
                snapshots::Found::Asleep { .. } => unreachable!("tenant zero is always awake"),
            },
        };
        self.take_keys(TenantId::INSTANCE, None, zero.ledger.keys());
        let tenants: Vec<_> = zero.ledger.tenants().cloned().collect();
        let house = self.house(&arbiters, TenantId::INSTANCE, None, zero.trail.clone());
        house.rise(zero).await?;
        let slug = "instance".parse().expect("this is a slug");
        let instance = self.handle(TenantId::INSTANCE, slug, Profile::of_instance(), house);
        let started = self.0.started.set(Started { arbiters, instance });
        assert!(started.is_ok(), "a directory starts once");
        for tenant in tenants {
            let found = recovered.remove(&tenant.id);
            self.open(&tenant, found).await?;
        }
        Ok(())
    }

    /// When a tenant that sleeps at the start is woken: within a day, if persons who never booked are forgotten by themselves,
    /// because only the tenant itself knows of them.
    fn wakes_at(&self, due: Option<Timestamp>) -> Option<Timestamp> {
        let shared = &self.0.street.shared;
        let forgets = shared.policy.unbooked_days > 0;
        let tomorrow = shared
            .clock
            .now()
            .plus_seconds(limits::UNBOOKED_LOOK_SECONDS);
        due.into_iter().chain(forgets.then_some(tomorrow)).min()
    }

    fn take_keys<'a>(
        &self,
        tenant: TenantId,
        slug: Option<&Slug>,
        keys: impl IntoIterator<Item = &'a KeyRecord>,
    ) {
        for key in keys {
            let keyring = &self.0.street.shared.keyring;
            keyring.record(tenant, slug, key, Lsn::ZERO);
        }
    }

    fn started(&self) -> &Started {
        self.0
            .started
            .get()
            .expect("nobody asks before the house is ready")
    }

    fn handle(&self, id: TenantId, slug: Slug, profile: Profile, house: House) -> Handle {
        let journal = self.0.street.shared.journal.clone();
        Handle::new(id, slug, profile, house, journal)
    }

    /// A tenant's house, on the arbiter that its id chooses.
    fn house(
        &self,
        arbiters: &[ArbiterHandle],
        tenant: TenantId,
        slug: Option<Slug>,
        trail: Trail,
    ) -> House {
        let place = (tenant.0 % arbiters.len() as u128) as usize;
        let street = Arc::clone(&self.0.street);
        House::asleep(street, (tenant, slug), arbiters[place].clone(), trail)
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
        let durable = self.0.street.shared.journal.durability().watermark();
        self.0.street.shared.keyring.judge(presented, durable, now)
    }

    /// Whether this key is still good, without its being used.
    pub fn is_good(&self, key: KeyId, now: Timestamp) -> bool {
        let durable = self.0.street.shared.journal.durability().watermark();
        self.0.street.shared.keyring.is_good(key, durable, now)
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
            let tenant = self.0.street.doorbell.next().await;
            if let Some(handle) = self.by_id(tenant) {
                return handle;
            }
        }
    }

    /// The positions of the journal's latest entry and of the latest that is durable.
    pub fn journal_positions(&self) -> (u64, u64) {
        let journal = &self.0.street.shared.journal;
        (journal.head().0, journal.durability().watermark().0)
    }

    /// Whether the disk is full, so that nothing new is taken.
    pub fn is_storage_full(&self) -> bool {
        self.0.street.shared.journal.is_short_of_space()
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
            if !self.instance().is_awake() {
                break;
            }
            tokio::time::sleep(ACTOR_ENDS_PAUSE).await;
        }
        if self.instance().is_awake() {
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
        } = &self.0.street.shared;
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
        let journal = &self.0.street.shared.journal;
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
        checkpoints::log(&self.0.street.shared.master, &heads);
    }

    /// How many tenants are open, and how many are out of service.
    pub fn count(&self) -> (usize, usize) {
        let all = self.0.by_slug.len();
        let open =
            self.0.by_slug.iter().filter(
                |tenant| matches!(tenant.value(), Tenant::Open(handle) if handle.is_alive()),
            );
        let open = open.count();
        (open, all - open)
    }

    /// What makes images.
    pub fn imager(&self) -> &Imager {
        &self.0.street.imager
    }

    /// The threads are about to end: whoever's actor goes with them has not panicked.
    pub fn close(&self) {
        self.0.street.closing.store(true, Ordering::Release);
    }

    pub(super) fn by_id(&self, tenant: TenantId) -> Option<Handle> {
        let slug = self.0.by_id.get(&tenant).map(|slug| slug.value().clone())?;
        match self.tenant(&slug) {
            Found::Open(handle) => Some(handle),
            Found::OutOfService | Found::Nothing => None,
        }
    }

    async fn open(
        &self,
        record: &TenantRecord,
        found: Option<Result<snapshots::Found, Fault>>,
    ) -> Result<(), StartError> {
        let inner = &self.0;
        let slug = &record.slug;
        let found = match found {
            None => snapshots::Found::Awake(Box::new(Replayed::new(record.id))),
            Some(Ok(found)) => found,
            Some(Err(fault)) => {
                tracing::error!(
                    %fault,
                    tenant = %slug,
                    sequence = fault.sequence,
                    file = %format_args!("{:010}.journal", fault.place.segment),
                    offset = fault.place.offset,
                    "this tenant is out of service; the others are served"
                );
                self.take_keys(record.id, Some(slug), &fault.keys);
                inner.by_slug.insert(slug.clone(), Tenant::OutOfService);
                return Ok(());
            }
        };
        let founded = || record.founding_profile.clone();
        let arbiters = &self.started().arbiters;
        let house = |trail| self.house(arbiters, record.id, Some(slug.clone()), trail);
        let handle = match found {
            snapshots::Found::Asleep { head, trail } => {
                self.take_keys(record.id, Some(slug), &head.keys);
                inner
                    .street
                    .sleepers
                    .enter(record.id, self.wakes_at(head.wakes_at));
                inner.street.imager.watch_asleep(record.id, trail.clone());
                let profile = head.profile.clone().unwrap_or_else(founded);
                self.handle(record.id, slug.clone(), profile, house(trail))
            }
            snapshots::Found::Awake(replayed) => {
                self.take_keys(record.id, Some(slug), replayed.ledger.keys());
                let profile = replayed.ledger.profile().cloned();
                let is_new = profile.is_none();
                let profile = profile.unwrap_or_else(founded);
                let house = house(replayed.trail.clone());
                house.rise(*replayed).await?;
                let handle = self.handle(record.id, slug.clone(), profile.clone(), house);
                if is_new {
                    first_entry(&handle, profile).await?;
                }
                handle
            }
        };
        inner.by_id.insert(record.id, slug.clone());
        inner.by_slug.insert(slug.clone(), Tenant::Open(handle));
        Ok(())
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
