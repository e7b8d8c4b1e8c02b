//! A handle on one tenant: takes a permit, sends, waits for the sync. All that the rooms above see of a tenant.
//!
//! Actix mailboxes do not bound what is sent to them, so every message first takes a place of the tenant's own bound; that
//! is also what keeps the one writer fair. An answer is opened only when the journal has synced what it rests on. A tenant that
//! sleeps is woken by whoever asks; one that is out of service says so, and the others do not notice.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Handler, Message};
use tokio::sync::SemaphorePermit;

use crate::calendar::Zone;
use crate::entry::Head;
use crate::journal::{Journal, Unconfirmed};
use crate::ledger::{CallerView, Command, Page, PageRequest, Query, Receipt, View};
use crate::model::{
    MessageId, PersonId, Phone, Principal, Profile, ProviderId, SendOutcome, Slug, TenantId,
};
use crate::replay::{PersonCard, PersonSearch};

use super::actor::TenantActor;
use super::asking::{
    Checkpoint, Execute, Look, LookForCaller, LookForPersons, OpenModels, OpenVoiceLine, Recall,
};
use super::erasing::FinishErasures;
use super::history::History;
use super::house::House;
use super::library::Library;
use super::messages::{
    Answer, CallerLook, CapturedText, DeliveryNote, Instruction, PreparedText, Refused, Request,
    Seen,
};
use super::plans;
use super::sms_access::{ModelAccess, SmsAccess, VoiceAccess};
use super::texting::{Texted, Texting};

/// How long to wait before a tenant that was too busy is offered a callback again.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// A handle on one tenant. Cheap to clone.
#[derive(Clone)]
pub struct Handle(Arc<Inner>);

struct Inner {
    id: TenantId,
    slug: Slug,
    house: House,
    journal: Journal,
    profile: RwLock<(Arc<Profile>, Zone)>,
    looking: tokio::sync::Mutex<()>,
    reading: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "<tenant {}>", self.0.slug)
    }
}

impl Handle {
    pub(super) fn new(
        id: TenantId,
        slug: Slug,
        profile: Profile,
        house: House,
        journal: Journal,
    ) -> Self {
        plans::load(&profile.country);
        let zone = zone_of(&profile);
        Self(Arc::new(Inner {
            id,
            slug,
            house,
            journal,
            profile: RwLock::new((Arc::new(profile), zone)),
            looking: tokio::sync::Mutex::new(()),
            reading: tokio::sync::Mutex::new(()),
        }))
    }

    pub(super) fn house(&self) -> &House {
        &self.0.house
    }

    /// Held by whoever prepares its text.
    pub(super) fn reading(&self) -> &tokio::sync::Mutex<()> {
        &self.0.reading
    }

    pub(super) fn library(&self) -> &Library {
        self.0.house.library()
    }

    /// Whose.
    pub fn id(&self) -> TenantId {
        self.0.id
    }

    /// Its name in paths.
    pub fn slug(&self) -> &Slug {
        &self.0.slug
    }

    /// What the clinic says of itself, as last confirmed.
    pub fn profile(&self) -> Arc<Profile> {
        Arc::clone(
            &self
                .0
                .profile
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .0,
        )
    }

    /// Its time zone.
    pub fn zone(&self) -> Zone {
        self.0
            .profile
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .clone()
    }

    /// Its past. Reading it takes no place in the tenant's share: it asks nothing of the actor.
    pub fn history(&self) -> &History {
        self.0.house.history()
    }

    /// Whether it is served: it is awake, or can be woken.
    pub fn is_alive(&self) -> bool {
        self.0.house.is_served()
    }

    /// Whether an actor stands ready.
    pub fn is_awake(&self) -> bool {
        self.0.house.if_awake(|_, _| ()).is_some()
    }

    /// Carries out a request; the answer is durable.
    pub async fn execute(&self, request: Request) -> Result<Answer, Refused> {
        let changes_profile = matches!(
            request.instruction,
            Instruction::Plain(Command::ChangeProfile { .. })
        );
        if !changes_profile {
            return self.execute_here(request).await;
        }
        // What this handle shows must follow also if the caller goes away meanwhile, so it is not the caller's task.
        let handle = self.clone();
        let changed = tokio::spawn(async move {
            let answer = handle.execute_here(request).await?;
            handle.look_at_profile().await?;
            Ok(answer)
        });
        changed.await.map_err(|_| Refused::Stopped)?
    }

    async fn execute_here(&self, request: Request) -> Result<Answer, Refused> {
        let _permit = self.permit()?;
        let outcome = self.send(Execute(request)).await??;
        self.confirmed(outcome).await?.map_err(Refused::Rejected)
    }

    /// Takes in what the clinic says of itself now; one look at a time, so that an older one never comes last.
    async fn look_at_profile(&self) -> Result<(), Refused> {
        let _one_at_a_time = self.0.looking.lock().await;
        let seen = self.query(Principal::System, Query::Profile).await?;
        if let View::Profile(profile) = seen.view {
            let zone = zone_of(&profile);
            let mut shown = self
                .0
                .profile
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *shown = (Arc::new(profile), zone);
        }
        Ok(())
    }

    /// Erases a person; they are gone from the journal when this returns. Not this caller's own task: it goes on without them.
    pub async fn erase(&self, principal: Principal, person: PersonId) -> Result<(), Refused> {
        let handle = self.clone();
        let erased = tokio::spawn(async move {
            handle.decide_erasure(principal, person).await?;
            handle.finish_erasures().await
        });
        erased.await.map_err(|_| Refused::Stopped)?
    }

    /// Erases a phone and everyone on it, in the same way.
    pub async fn erase_phone(&self, principal: Principal, phone: Phone) -> Result<(), Refused> {
        let handle = self.clone();
        let erased = tokio::spawn(async move {
            let mut found = false;
            while let Some(person) = handle.someone_on(&phone).await? {
                handle.decide_erasure(principal, person).await?;
                found = true;
            }
            let request = Request {
                principal,
                idempotency: None,
                instruction: Instruction::ErasePhone(phone),
            };
            match handle.execute_here(request).await {
                // It went with the last of them.
                Err(Refused::Rejected(_)) if found => {}
                answered => drop(answered?),
            }
            handle.finish_erasures().await
        });
        erased.await.map_err(|_| Refused::Stopped)?
    }

    async fn finish_erasures(&self) -> Result<(), Refused> {
        let finished = {
            let _permit = self.permit()?;
            self.send(FinishErasures).await?
        };
        finished.await.map_err(|_| Refused::Stopped)?
    }

    async fn someone_on(&self, phone: &Phone) -> Result<Option<PersonId>, Refused> {
        let search = PersonSearch {
            phone: Some(phone.clone()),
            page: PageRequest {
                after: None,
                limit: 1,
            },
        };
        let found = self.persons(search).await?;
        Ok(found.items.first().map(|card| card.id))
    }

    /// Has it written down that a person is erased, by as many steps as it needs.
    async fn decide_erasure(&self, principal: Principal, person: PersonId) -> Result<(), Refused> {
        loop {
            let request = Request {
                principal,
                idempotency: None,
                instruction: Instruction::ErasePerson(person),
            };
            let answer = self.execute_here(request).await?;
            if answer.receipt != (Receipt::Erased { is_done: false }) {
                return Ok(());
            }
        }
    }

    /// Looks something up; nothing is shown that a crash could take back.
    pub async fn query(&self, viewer: Principal, query: Query) -> Result<Seen, Refused> {
        let _permit = self.permit()?;
        let outcome = self.send(Look { viewer, query }).await?;
        self.confirmed(outcome).await?.map_err(Refused::Rejected)
    }

    /// Appends a checkpoint of these heads, which are durable; for the instance's handle.
    pub(super) async fn checkpoint(&self, heads: Vec<Head>) -> Result<(), Refused> {
        let appended = self.send(Checkpoint(heads)).await??;
        self.confirmed(appended).await
    }

    /// Looks what is remembered of callers: of those with this phone, or of all.
    pub async fn recall(
        &self,
        viewer: Principal,
        phone: Option<Phone>,
        page: PageRequest,
    ) -> Result<Seen, Refused> {
        let _permit = self.permit()?;
        let recall = Recall {
            viewer,
            phone,
            page,
        };
        let outcome = self.send(recall).await?;
        self.confirmed(outcome).await?.map_err(Refused::Rejected)
    }

    /// Looks for persons, in order of creation.
    pub async fn persons(&self, search: PersonSearch) -> Result<Page<PersonCard>, Refused> {
        let _permit = self.permit()?;
        let found = self.send(LookForPersons(search)).await?;
        self.confirmed(found).await
    }

    /// What became of a text; `None`: it is not known within `patience`.
    pub async fn settled(
        &self,
        message: MessageId,
        patience: Duration,
    ) -> Result<Option<SendOutcome>, Refused> {
        // Released before the waiting: a slow carrier must not use up the clinic's share.
        let permit = self.permit()?;
        let asked = self.send(Texting::Await(message)).await??;
        drop(permit);
        match asked {
            Texted::Known(outcome) => self.confirmed(outcome).await,
            Texted::Pending(waiting) => match tokio::time::timeout(patience, waiting).await {
                Err(_) => Ok(None),
                Ok(Err(_)) => Err(Refused::Stopped),
                Ok(Ok(outcome)) => self.confirmed(outcome).await.map(Some),
            },
            _ => unreachable!("a question after a text is answered with its outcome"),
        }
    }

    /// The texts that can be sent now.
    pub async fn due_texts(&self) -> Result<Vec<MessageId>, Refused> {
        let _permit = self.outcome_permit()?;
        match self.send(Texting::Due).await?? {
            Texted::Due(due) => self.confirmed(due).await,
            _ => unreachable!("a question for what is due is answered with it"),
        }
    }

    /// Takes a text for sending: its attempt is durable before this returns. `None`: it is not to be sent.
    pub async fn prepare(&self, message: MessageId) -> Result<Option<PreparedText>, Refused> {
        let _permit = self.outcome_permit()?;
        match self.send(Texting::Prepare(message)).await?? {
            Texted::Prepared(prepared) => self.confirmed(prepared).await,
            _ => unreachable!("a text that is taken is answered with its words"),
        }
    }

    /// Tells what became of an attempt.
    pub async fn settle(
        &self,
        message: MessageId,
        attempt: u32,
        outcome: SendOutcome,
        sid: Option<ProviderId>,
    ) -> Result<(), Refused> {
        let _permit = self.outcome_permit()?;
        match self
            .send(Texting::Settle(message, attempt, outcome, sid))
            .await??
        {
            Texted::Settled(settled) => self.confirmed(settled).await,
            _ => unreachable!("an outcome is answered with its settlement"),
        }
    }

    /// What the clinic sends texts with, if it has anything; from what is at hand, if that is.
    pub async fn sms_access(&self) -> Result<Option<Arc<SmsAccess>>, Refused> {
        if let Some(access) = self.0.house.access().and_then(|access| access.get()) {
            return Ok(access);
        }
        let _permit = self.permit()?;
        match self.send(Texting::Access).await?? {
            Texted::Access(access) => self.confirmed(access).await,
            _ => unreachable!("a question for credentials is answered with them"),
        }
    }

    /// The clinic's voice line, if it has one; from what is at hand, if that is.
    pub async fn voice_line(&self) -> Result<Option<Arc<VoiceAccess>>, Refused> {
        if let Some(access) = self.0.house.voice().and_then(|access| access.get()) {
            return Ok(access);
        }
        let _permit = self.permit()?;
        let opened = self.send(OpenVoiceLine).await?;
        self.confirmed(opened).await
    }

    /// The clinic's models, if it has any; from what is at hand, if that is.
    pub async fn models(&self) -> Result<Option<Arc<ModelAccess>>, Refused> {
        if let Some(access) = self.0.house.models().and_then(|access| access.get()) {
            return Ok(access);
        }
        let _permit = self.permit()?;
        let opened = self.send(OpenModels).await?;
        self.confirmed(opened).await
    }

    /// Looks for what someone on the telephone has.
    pub async fn of_caller(&self, look: CallerLook) -> Result<CallerView, Refused> {
        let _permit = self.permit()?;
        let found = self.send(LookForCaller(look)).await?;
        let seen = self.confirmed(found).await?.map_err(Refused::Rejected)?;
        match seen.view {
            View::OfCaller(view) => Ok(view),
            _ => unreachable!("a look for a caller is answered with what they have"),
        }
    }

    /// Takes in that whoever should get a text wants none.
    pub async fn stop_texts(&self, message: MessageId) -> Result<(), Refused> {
        let _permit = self.outcome_permit()?;
        match self.send(Texting::Stop(message)).await?? {
            Texted::Settled(stopped) => self.confirmed(stopped).await,
            _ => unreachable!("a wish for no texts is answered when it is taken"),
        }
    }

    /// Takes in how far a text has come, however long this tenant is too busy for it.
    pub async fn note_delivery(&self, note: DeliveryNote) -> Result<(), Refused> {
        loop {
            match self.note_delivery_now(note.clone()).await {
                Err(Refused::TenantBusy | Refused::Overloaded | Refused::StorageFull) => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                noted => return noted,
            }
        }
    }

    async fn note_delivery_now(&self, note: DeliveryNote) -> Result<(), Refused> {
        let _permit = self.outcome_permit()?;
        match self.send(Texting::Note(note)).await?? {
            Texted::Settled(noted) => self.confirmed(noted).await,
            _ => unreachable!("a state is answered when it is taken"),
        }
    }

    /// Texts that were sent, newest first: what the local inbox captured.
    pub async fn inbox(&self, page: PageRequest) -> Result<Page<CapturedText>, Refused> {
        let _permit = self.permit()?;
        match self.send(Texting::Captured(page)).await?? {
            Texted::Captured(texts) => self.confirmed(texts).await,
            _ => unreachable!("a look into the inbox is answered with its texts"),
        }
    }

    /// A place in this tenant's share, kept until the answer is durable: that is what bounds its part of a group.
    pub fn permit(&self) -> Result<SemaphorePermit<'_>, Refused> {
        self.0.house.gate().request()
    }

    /// A place in the part of this tenant's share that is kept for its texts.
    fn outcome_permit(&self) -> Result<SemaphorePermit<'_>, Refused> {
        self.0.house.gate().outcome()
    }

    /// Asks the actor, and wakes it first if need be. Only for whoever has a place.
    async fn send<M>(&self, message: M) -> Result<M::Result, Refused>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        TenantActor: Handler<M>,
        <TenantActor as actix::Actor>::Context: ToEnvelope<TenantActor, M>,
    {
        let mut message = Some(message);
        loop {
            let sent = self.0.house.if_awake(|address, life| {
                let message = message.take();
                (address.send(message.expect("it is sent once")), life)
            });
            if let Some((sent, life)) = sent {
                if let Ok(answer) = sent.await {
                    return Ok(answer);
                }
                // A mailbox that drops it is a panic in this tenant's actor; whether it was taken before is not known.
                self.0.house.ended(life).await;
                return Err(Refused::Stopped);
            }
            self.0.house.wake().await?;
        }
    }

    async fn confirmed<T>(&self, value: Unconfirmed<T>) -> Result<T, Refused> {
        value
            .confirmed(self.0.journal.durability())
            .await
            .map_err(|_| Refused::Stopped)
    }
}

fn zone_of(profile: &Profile) -> Zone {
    Zone::named(&profile.time_zone).unwrap_or_else(Zone::utc)
}
