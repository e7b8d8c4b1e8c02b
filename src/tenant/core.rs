//! The core of one tenant: decide → append → apply, as one synchronous step.
//!
//! No actor, no waiting and no rule: rules are the ledger's. What comes out is [`Unconfirmed`]: it rests on the tenant's latest
//! entry, and nobody can open it before the journal has synced that. If the journal refuses the entry, neither ledger, contacts,
//! sequence nor chain have moved.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::clock::Clock;
use crate::entry::{self, Head};
use crate::erased::Copies;
use crate::journal::{self, Journal, Place, Room, Unconfirmed};
use crate::ledger::{
    CallEnd, CallerSearch, Command, Context, Decision, Event, FreshIds, Ledger, Page, PageRequest,
    Policy, Query, Receipt, Rejection, RequestKey, apply, decide, look,
};
use crate::limits;
use crate::metrics::Metrics;
use crate::model::{
    CallerId, HoldId, KeyRecord, KeyUse, MessageId, PersonalFact, Phone, Principal, Route, Slug,
    TenantId, Timestamp,
};
use crate::model_keys::seal_models;
use crate::replay::{Contacts, Latest, PersonCard, PersonSearch, Replayed};
use crate::seal::{CodeKey, MasterKey, Sealer};

use super::checkpoints;
use super::keyring::{Keyring, NewSecret};
use super::messages::{Answer, CallerLook, Idempotency, Instruction, Refused, Request, Seen};
use super::naming;
use super::opening::Opening;
use super::reserve;
use super::resolve::{Resolved, resolve};
use super::texts::Writer;

/// What all tenants of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Where entries go.
    pub journal: Journal,
    /// The operator's settings.
    pub policy: Arc<Policy>,
    /// Whose key is whose.
    pub keyring: Arc<Keyring>,
    /// The root of all keys.
    pub master: Arc<MasterKey>,
    /// What is kept of persons beside the journal.
    pub copies: Arc<dyn Copies>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long opened credentials are kept.
    pub credential_cache_seconds: u32,
}

/// One tenant's state and the step that changes it.
pub struct Core {
    shared: Shared,
    slug: Option<Slug>,
    state: Replayed,
    sealer: Sealer,
    opening: Opening,
    codes: CodeKey,
    entropy: StdRng,
    queued_texts: Vec<MessageId>,
    /// Its state has been handed over: nothing is decided here any more.
    has_left: bool,
}

/// What one step leads to: a receipt, or a rejection. Both rest on the tenant's head.
pub type Outcome<T> = Unconfirmed<Result<T, Rejection>>;

impl Core {
    /// A tenant as it was replayed. `seed` is fresh from the operating system: ids, secrets and nonces come from it.
    pub fn new(shared: Shared, slug: Option<Slug>, state: Replayed, seed: [u8; 32]) -> Self {
        let tenant = state.ledger.tenant();
        let mut entropy = StdRng::from_seed(seed);
        let opening = Opening::new(
            Arc::clone(&shared.master),
            &shared.clock,
            &shared.metrics,
            shared.credential_cache_seconds,
            &state.ledger,
        );
        Self {
            sealer: Sealer::of(&shared.master, tenant, entropy.random()),
            codes: CodeKey::of(&shared.master, tenant),
            opening,
            slug,
            state,
            entropy,
            shared,
            queued_texts: Vec::new(),
            has_left: false,
        }
    }

    /// Whose this is.
    pub fn tenant(&self) -> TenantId {
        self.state.ledger.tenant()
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// The contacts.
    pub fn contacts(&self) -> &Contacts {
        &self.state.contacts
    }

    /// Whether anyone follows what it does.
    pub fn is_followed(&self) -> bool {
        self.state.trail.is_followed()
    }

    /// Hands its state over: a tenant that goes to sleep. Nothing is decided by this core any more.
    pub fn leave(&mut self) -> Replayed {
        self.has_left = true;
        let nothing = Replayed::new(self.tenant());
        std::mem::replace(&mut self.state, nothing)
    }

    /// Its name in paths; none for the instance.
    pub fn slug(&self) -> Option<&Slug> {
        self.slug.as_ref()
    }

    /// Its credentials, opened.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Who writes its texts.
    pub fn writer(&self) -> Writer<'_> {
        let ledger = self.ledger();
        Writer {
            profile: ledger.profile(),
            zone: ledger.zone(),
            codes: &self.codes,
            resources: ledger.resources(),
        }
    }

    /// The texts that were queued since this was last asked.
    pub fn take_queued_texts(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.queued_texts)
    }

    /// Never earlier than the latest entry: a clock that was set back does not turn the ledger back.
    pub fn no_earlier(&self, now: Timestamp) -> Timestamp {
        now.max(self.state.last_at)
    }

    /// A value that rests on everything this tenant has done so far.
    pub fn unconfirmed<T>(&self, value: T) -> Unconfirmed<T> {
        Unconfirmed::new(self.state.head, value)
    }

    /// Carries out a request.
    pub fn execute(
        &mut self,
        request: Request,
        now: Timestamp,
    ) -> Result<Outcome<Answer>, Refused> {
        let fresh = self.fresh();
        let instruction = self.sealed(request.instruction);
        // Only a new key needs one, and drawing it costs next to nothing.
        let secret = NewSecret::new(self.entropy.random());
        let kept_seconds = self.shared.policy.conversation_seconds;
        let remembered_until = self.no_earlier(now).plus_seconds(kept_seconds);
        let makes_key = matches!(instruction, Instruction::CreateKey { .. });
        let Resolved { mut command, facts } = resolve(
            &self.state.contacts,
            instruction,
            request.principal,
            fresh,
            || self.entropy.random(),
            secret.hash(),
            remembered_until,
        );
        self.find_route(&mut command);
        let step = Step {
            principal: request.principal,
            idempotency: request.idempotency,
            fresh,
        };
        let outcome = self.step(&command, facts, step, now)?;
        Ok(outcome.map(|decided| {
            decided.map(|decision| {
                let mut answer = naming::answer(&self.state.contacts, decision);
                if let (Receipt::Key(key), true) = (&answer.receipt, makes_key) {
                    answer.secret = Some(secret.key(key.id).into());
                }
                answer
            })
        }))
    }

    /// An instruction without what must not go any further in clear.
    fn sealed(&mut self, instruction: Instruction) -> Instruction {
        let tenant = self.tenant();
        Instruction::Plain(match instruction {
            Instruction::SetSmsCredentials { account, token } => {
                let token = self.sealer.seal_token(tenant, &account, &token);
                Command::SetSmsCredentials { account, token }
            }
            Instruction::SetVoiceLine { settings, secret } => {
                let secret = self.sealer.seal_secret(tenant, &secret);
                Command::SetVoiceLine { settings, secret }
            }
            Instruction::SetModels(models) => {
                let sealed = seal_models(&mut self.sealer, tenant, &models);
                Command::SetModels(Some(Box::new(sealed)))
            }
            other => return other,
        })
    }

    /// Carries out a command of the house's own: a timer's, the outbox's.
    pub fn command(
        &mut self,
        command: &Command,
        now: Timestamp,
    ) -> Result<Outcome<Receipt>, Refused> {
        self.house_step(command, Vec::new(), now)
    }

    /// The same, with what has to be said of persons.
    pub(super) fn house_step(
        &mut self,
        command: &Command,
        facts: Vec<PersonalFact>,
        now: Timestamp,
    ) -> Result<Outcome<Receipt>, Refused> {
        let fresh = self.fresh();
        let step = Step {
            principal: Principal::System,
            idempotency: None,
            fresh,
        };
        let outcome = self.step(command, facts, step, now)?;
        Ok(outcome.map(|decided| decided.map(|decision| decision.receipt)))
    }

    /// What it shares with the others.
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Where an entry of its own lies.
    pub(super) fn place(&self, sequence: u64) -> Option<Place> {
        self.state.trail.place(sequence)
    }

    /// Looks something up.
    pub fn look(&self, query: &Query, viewer: Principal, now: Timestamp) -> Outcome<Seen> {
        let now = self.no_earlier(now);
        let found = look(&self.state.ledger, query, viewer, now);
        self.unconfirmed(
            found.map(|view| naming::seen(&self.state.contacts, &self.writer(), view, viewer, now)),
        )
    }

    /// Looks for what someone on the telephone has.
    pub fn look_for_caller(&self, look: CallerLook, now: Timestamp) -> Outcome<Seen> {
        let contacts = &self.state.contacts;
        let caller = look.phone.and_then(|phone| contacts.caller(&phone));
        let query = Query::OfCaller(CallerSearch {
            caller,
            persons: caller.map_or_else(Vec::new, |caller| contacts.persons_of(caller)),
            call: look.call.and_then(|call| contacts.call(&call)),
            request: look.request,
        });
        self.look(&query, look.viewer, now)
    }

    /// What is remembered of callers: of those with this phone, or of all.
    pub fn recall(
        &self,
        phone: Option<&Phone>,
        page: PageRequest,
        viewer: Principal,
        now: Timestamp,
    ) -> Outcome<Seen> {
        let caller = phone.map(|phone| self.state.contacts.caller(phone));
        // Of a phone that nobody knows nothing is remembered; no caller has this id.
        let caller = caller.map(|known| known.unwrap_or(CallerId(0)));
        self.look(&Query::Conversations { caller, page }, viewer, now)
    }

    /// A page of the persons that the clinic knows.
    pub fn persons(&self, search: &PersonSearch) -> Unconfirmed<Page<PersonCard>> {
        self.unconfirmed(self.state.contacts.find(search))
    }

    /// Writes down when keys were last used, if for any of them that `is_due`: then for all of them, in bounded steps.
    pub fn note_key_uses(
        &mut self,
        now: Timestamp,
        is_due: impl Fn(&KeyRecord, Timestamp) -> bool,
    ) -> Result<(), Refused> {
        let (mut uses, mut due) = (Vec::new(), false);
        for key in self.state.ledger.keys() {
            let used = self.shared.keyring.last_use(key.id);
            if let Some(at) = used.filter(|at| key.last_used_at < Some(*at)) {
                uses.push(KeyUse { key: key.id, at });
                due |= is_due(key, at);
            }
        }
        if due {
            for uses in uses.chunks(limits::KEY_USES_PER_ENTRY_MAX) {
                let _ = self.command(&Command::NoteKeyUses(uses.to_vec()), now)?;
            }
        }
        Ok(())
    }

    /// Tells a command that sends something where that would go.
    fn find_route(&self, command: &mut Command) {
        match command {
            Command::SendCode { hold, route } => *route = self.route_of(*hold),
            Command::EndCall(end) => self.reach(end),
            Command::OnTheLine { deed, .. } => self.find_route(deed),
            _ => {}
        }
    }

    /// Where a text about a hold would go. The ledger knows no number, so it is told this much of it.
    fn route_of(&self, hold: HoldId) -> Option<Route> {
        let caller = self.state.ledger.caller_of(hold)?;
        self.state.contacts.phone(caller)?.route()
    }

    /// Adds where texts go to whoever has holds of a call: they may have given another number than the one they call from.
    fn reach(&self, end: &mut CallEnd) {
        for caller in self.state.ledger.callers_in(end.call) {
            let phone = self.state.contacts.phone(caller);
            let route = phone.and_then(Phone::route);
            end.reach.extend(route.map(|route| (caller, route)));
        }
    }

    fn fresh(&mut self) -> FreshIds {
        self.entropy.random()
    }

    fn step(
        &mut self,
        command: &Command,
        mut facts: Vec<PersonalFact>,
        step: Step,
        now: Timestamp,
    ) -> Result<Outcome<Decision>, Refused> {
        // Only whoever no longer waits for an answer can still have a message on its way.
        if self.has_left {
            return Err(Refused::Stopped);
        }
        let now = self.no_earlier(now);
        let request = step.idempotency.map(|idempotency| RequestKey {
            hash: idempotency.key,
            reused: self
                .state
                .contacts
                .is_reused(&idempotency.key, &idempotency.body),
            twin: idempotency.twin,
        });
        let context = Context {
            now,
            principal: step.principal,
            fresh: step.fresh,
            policy: &self.shared.policy,
            codes: &self.codes,
            request,
        };
        let decision = match decide(&self.state.ledger, command, &context) {
            Ok(decision) => decision,
            Err(rejection) => return Ok(self.unconfirmed(Err(rejection))),
        };
        if decision.events.is_empty() {
            return Ok(self.unconfirmed(Ok(decision)));
        }
        let is_memory = |event: &Event| matches!(event, Event::RequestRemembered { .. });
        // What was found as wished changes nothing, so nothing new is said of anyone.
        if decision.events.iter().all(is_memory) {
            facts.clear();
        }
        facts.retain(|fact| !self.is_about_erased(fact));
        let remembered = decision.events.iter().any(is_memory);
        facts.extend(step.idempotency.filter(|_| remembered).map(|idempotency| {
            PersonalFact::Body {
                key: idempotency.key,
                digest: idempotency.body,
            }
        }));
        let room = reserve::room(command);
        self.append_and_apply((step.principal, room), now, &decision.events, &facts)?;
        Ok(self.unconfirmed(Ok(decision)))
    }

    fn append_and_apply(
        &mut self,
        (principal, room): (Principal, Room),
        now: Timestamp,
        events: &[Event],
        facts: &[PersonalFact],
    ) -> Result<(), Refused> {
        let header = entry::Header {
            tenant: self.tenant(),
            sequence: self.state.sequence + 1,
            at: now,
            principal,
            previous: self.state.chain,
        };
        let salt = self.entropy.random();
        let encoded = entry::encode(&header, events, facts, salt, &mut self.sealer);
        let taken = checkpoints::take(&self.shared.journal, header.tenant, &encoded, room)?;
        let latest = Latest {
            sequence: header.sequence,
            hash: encoded.hash,
            at: now,
            lsn: taken.lsn,
        };
        // Should what follows panic, this entry is in the journal all the same, and whoever rebuilds this tenant must know.
        self.state.trail.expect(taken.place, latest);
        for event in events {
            apply(&mut self.state.ledger, event);
            self.opening.notice(event);
            if let Event::TextQueued { message, .. } = event {
                self.queued_texts.push(*message);
            }
        }
        let contacts = &mut self.state.contacts;
        contacts.take_in(&self.state.ledger, events, facts, (now, header.sequence));
        self.state.sequence = header.sequence;
        self.state.chain = encoded.hash;
        self.state.last_at = now;
        self.state.head = taken.lsn;
        self.tell_keyring(events, taken.lsn);
        // Last: whoever sees the entry on the trail must find its key judged by it.
        self.state.trail.push(taken.place, latest, events);
        Ok(())
    }

    /// Appends a checkpoint of these heads, which are durable, to the instance's own chain.
    pub fn append_checkpoint(
        &mut self,
        heads: &[Head],
        now: Timestamp,
    ) -> Result<Unconfirmed<()>, Refused> {
        assert!(
            self.tenant() == TenantId::INSTANCE,
            "checkpoints stand in the instance's stream"
        );
        let now = self.no_earlier(now);
        let Shared {
            journal, master, ..
        } = &self.shared;
        let appended = checkpoints::append(journal, master, &self.state.trail, heads, now);
        // Of several parts some may have been taken.
        let latest = self.state.trail.latest();
        self.state.sequence = latest.sequence;
        self.state.chain = latest.hash;
        self.state.head = latest.lsn;
        self.state.last_at = latest.at;
        appended?;
        Ok(self.unconfirmed(()))
    }

    fn tell_keyring(&self, events: &[Event], lsn: journal::Lsn) {
        for event in events {
            let key = match event {
                Event::KeyCreated(key) => key.id,
                Event::KeyRevoked { key, .. } => *key,
                _ => continue,
            };
            let record = self.state.ledger.keys().find(|record| record.id == key);
            let record = record.expect("an applied key is in the ledger");
            self.shared
                .keyring
                .record(self.tenant(), self.slug.as_ref(), record, lsn);
        }
    }
}

/// Who asks for a step, under which key, with which fresh ids.
struct Step {
    principal: Principal,
    idempotency: Option<Idempotency>,
    fresh: FreshIds,
}
