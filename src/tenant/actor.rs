//! The actor of one tenant: it owns the core, and takes one message at a time.
//!
//! A handler is one synchronous call into the core: it never awaits, so claims are serialised by construction. Answers leave
//! as `Unconfirmed`; the waiting is done in the request's own task. There is no rule here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, MessageResult};
use tokio::sync::oneshot;

use crate::clock::{Clock, Stopwatch};
use crate::journal::Unconfirmed;
use crate::ledger::{Command, Page, PageRequest, Query};
use crate::limits;
use crate::model::{
    CallerId, Delivery, KeyRecord, MessageId, MessageState, Principal, ProviderId, SendOutcome,
    Timestamp,
};
use crate::snapshots::Imager;

use super::asking::{Checkpoint, Execute, LieDown, Look};
use super::bed::Bed;
use super::core::Core;
use super::doorbell::Doorbell;
use super::early::Early;
use super::erasing::{Eraser, FinishErasures, NextErasure};
use super::messages::{CapturedText, DeliveryNote, PreparedText, Refused};
use super::texting::{Texted, Texting};

/// How often the timer looks. Nothing depends on it: the clock is asked at every decision.
const TICK: Duration = Duration::from_secs(15);
/// How long one message's offers may take before the next message is looked at.
const OFFER_TIME_MAX: Duration = Duration::from_millis(1);
/// How soon it goes on where one step was not enough.
const NEXT_STEP: Duration = Duration::from_millis(5);

/// One tenant, alive.
pub struct TenantActor {
    core: Core,
    clock: Arc<dyn Clock>,
    doorbell: Arc<Doorbell>,
    /// Texts whose first attempt was journaled in this life and not yet taken by the outbox.
    fresh: BTreeSet<MessageId>,
    /// Texts that the outbox has in flight.
    in_flight: BTreeSet<MessageId>,
    /// What was called back of texts that are not known yet.
    early: Early,
    waiters: BTreeMap<MessageId, Vec<oneshot::Sender<Unconfirmed<SendOutcome>>>>,
    /// More freed time is to be offered soon.
    goes_on_offering: bool,
    /// The lapse at which it wakes by itself.
    wakes_at: Option<Timestamp>,
    /// Where it goes when nobody asks.
    bed: Bed,
    /// When it was last asked anything.
    asked_at: Timestamp,
    /// Makes images anew where someone is erased.
    imager: Imager,
    /// Carries open erasures through; there from the moment it starts.
    eraser: Option<Eraser>,
}

impl TenantActor {
    /// An actor around a core. Texts that were in flight when the last life ended are for the outbox to ask about.
    pub(super) fn new(
        core: Core,
        clock: Arc<dyn Clock>,
        doorbell: Arc<Doorbell>,
        bed: Bed,
        imager: Imager,
    ) -> Self {
        Self {
            core,
            asked_at: clock.now(),
            bed,
            imager,
            clock,
            doorbell,
            fresh: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            early: Early::default(),
            waiters: BTreeMap::new(),
            goes_on_offering: false,
            wakes_at: None,
            eraser: None,
        }
    }

    /// Writes down what is due, a bounded step at a time so that no message waits long behind it.
    fn tick(&mut self, context: &mut Context<Self>) {
        self.note_key_uses(|key, at| {
            let noted = key.last_used_at;
            noted.is_none_or(|noted| at.seconds_since(noted) >= limits::KEY_USE_UNNOTED_SECONDS)
        });
        let now = self.core.no_earlier(self.clock.now());
        let is_due = |core: &Core| core.next_deadline().is_some_and(|due| due <= now);
        if is_due(&self.core) {
            if let Err(refused) = self.core.command(&Command::TimePassed, now) {
                // Refused because the queue is full or the engine is stopping; the next tick tries again.
                tracing::debug!(?refused, "the timer's word was not taken");
            } else if is_due(&self.core) {
                context.run_later(NEXT_STEP, |actor, context| actor.tick(context));
            }
        }
        self.offer_freed(context);
        // A notice whose pause is over waits for nobody else to ring.
        self.ring_for_the_rest();
        self.go_on_erasing();
        let (next, now) = (self.core.ledger().next_wake(), self.clock.now());
        if self.bed.is_time(self.asked_at, next, now) {
            self.lie_down(context);
        }
    }

    /// Goes to sleep if nothing is under way. Whether it does.
    fn lie_down(&mut self, context: &mut Context<Self>) -> bool {
        self.waiters.retain(|_, waiters| {
            waiters.retain(|waiter| !waiter.is_closed());
            !waiters.is_empty()
        });
        let has_texts = !(self.fresh.is_empty() && self.in_flight.is_empty());
        let is_erasing = self.core.ledger().open_erasures().next().is_some();
        if has_texts || is_erasing || !self.waiters.is_empty() || self.core.is_followed() {
            return false;
        }
        // What nobody has written down yet of its keys' uses is known to this process alone.
        self.note_key_uses(|_, _| true);
        let lies = self.bed.lie_down(|| self.core.leave());
        if lies {
            context.stop();
        }
        lies
    }

    /// Offers what a step has freed before anyone's next message is taken, so that nobody comes in between; a bounded number
    /// of decisions, the rest follows soon.
    fn offer_freed(&mut self, context: &mut Context<Self>) {
        let watch = Stopwatch::start();
        for step in 0..limits::OFFER_STEPS_MAX {
            let is_enough = step > 0 && watch.elapsed() > OFFER_TIME_MAX;
            if is_enough || !self.core.ledger().has_freed() {
                break;
            }
            let offered = self.core.command(&Command::OfferFreed, self.clock.now());
            if let Err(refused) = offered {
                // What was freed is in the ledger; the next step of this tenant, or the next tick, tries again.
                tracing::debug!(?refused, "freed time was not offered yet");
                self.note_queued();
                return;
            }
        }
        self.note_queued();
        self.wake_at_lapse(context);
        if self.core.ledger().has_freed() && !self.goes_on_offering {
            self.goes_on_offering = true;
            context.run_later(NEXT_STEP, |actor, context| {
                actor.goes_on_offering = false;
                actor.offer_freed(context);
            });
        }
    }

    /// While anyone waits, a lapse is written down at its instant, so that its time is offered before it is asked for. One
    /// that is further away is the timer's to find.
    fn wake_at_lapse(&mut self, context: &mut Context<Self>) {
        let now = self.core.no_earlier(self.clock.now());
        let Some(lapse) = self.core.ledger().next_awaited_lapse() else {
            return;
        };
        let away = Duration::from_secs(lapse.seconds_since(now));
        if self.wakes_at.is_some_and(|at| at <= lapse) || away > TICK {
            return;
        }
        self.wakes_at = Some(lapse);
        // One that is overdue could not be written down: the queue is full.
        context.run_later(away.max(NEXT_STEP), |actor, context| {
            actor.wakes_at = None;
            actor.tick(context);
        });
    }

    fn note_key_uses(&mut self, is_due: impl Fn(&KeyRecord, Timestamp) -> bool) {
        if let Err(refused) = self.core.note_key_uses(self.clock.now(), is_due) {
            // Refused because the queue is full or the engine is stopping; what is noted is shown, and the next tick tries again.
            tracing::debug!(?refused, "the keys' uses were not taken");
        }
    }

    /// Has whatever is erased and not complete carried through beside its messages: what the timer decided, or what a crash
    /// left.
    fn go_on_erasing(&self) {
        if self.core.ledger().open_erasures().next().is_none() {
            return;
        }
        if let Some(eraser) = self.eraser.clone() {
            actix_rt::spawn(async move { eraser.finish_alone().await });
        }
    }

    fn due(&self) -> Unconfirmed<Vec<MessageId>> {
        let room = limits::TEXTS_IN_FLIGHT_PER_TENANT_MAX.saturating_sub(self.in_flight.len());
        let now = self.core.no_earlier(self.clock.now());
        let mut due = self.one_for_each_phone(self.core.ledger().due_texts(now));
        due.truncate(room);
        self.core.unconfirmed(due)
    }

    /// The first of these texts for each phone that has none in flight: whoever gets several gets them in order.
    fn one_for_each_phone(&self, texts: impl Iterator<Item = MessageId>) -> Vec<MessageId> {
        let ledger = self.core.ledger();
        let in_flight = self.in_flight.iter();
        let in_flight = in_flight.filter_map(|text| Some(ledger.message(*text)?.to));
        let mut busy: BTreeSet<CallerId> = in_flight.collect();
        let waiting = texts.filter(|text| !self.in_flight.contains(text));
        let mut waiting: Vec<_> = waiting.filter_map(|text| ledger.message(text)).collect();
        waiting.sort_unstable_by_key(|text| (text.queued_at, text.id));
        waiting.retain(|text| busy.insert(text.to));
        waiting.into_iter().map(|text| text.id).collect()
    }

    fn prepare(&mut self, id: MessageId) -> Result<Unconfirmed<Option<PreparedText>>, Refused> {
        let now = self.core.no_earlier(self.clock.now());
        let text = self.core.ledger().message(id).cloned();
        // Two lanes may have been told of one text; whoever comes second has nothing to send.
        let Some(text) = text.filter(|_| !self.in_flight.contains(&id)) else {
            return Ok(self.core.unconfirmed(None));
        };
        let phone = self.core.contacts().phone(text.to).cloned();
        // Whoever was erased or wants none gets no text; nor does anyone get one whose time is over.
        let Some(phone) = phone.filter(|_| self.core.ledger().is_of_use(&text, now)) else {
            // What a former life handed over may have gone out; only what this one still holds was certainly not sent.
            let waits = matches!(text.state, MessageState::Waiting(_));
            let outcome = match waits || self.fresh.contains(&id) {
                true => SendOutcome::NotSent,
                false => SendOutcome::Unknown,
            };
            let settled = self.settle(id, text.attempts, outcome, None)?;
            return Ok(settled.map(|()| None));
        };
        let attempt = if self.fresh.remove(&id) {
            text.attempts
        } else {
            let handed_over = self.core.command(&Command::HandOverText(id), now)?;
            let attempts = self
                .core
                .ledger()
                .message(id)
                .map_or(0, |text| text.attempts);
            // Settled instead: it has had its last attempt.
            if attempts == text.attempts {
                self.tell_waiters(id);
                self.ring_for_the_rest();
                return Ok(handed_over.map(|_| None));
            }
            attempts
        };
        self.in_flight.insert(id);
        let body = self.core.writer().words(text.kind, now);
        Ok(self.core.unconfirmed(Some(PreparedText {
            message: id,
            to: phone,
            body,
            attempt,
            tenant: self
                .core
                .slug()
                .map(ToString::to_string)
                .unwrap_or_default(),
            access: self.core.opening().sms(self.core.ledger()),
            useful_seconds: text.kind.expires_at().seconds_since(now),
        })))
    }

    fn settle(
        &mut self,
        id: MessageId,
        attempt: u32,
        outcome: SendOutcome,
        sid: Option<ProviderId>,
    ) -> Result<Unconfirmed<()>, Refused> {
        let early = sid
            .as_ref()
            .and_then(|sid| Some((sid.clone(), self.early.take(sid)?)));
        let command = Command::SettleText {
            message: id,
            attempt,
            outcome,
            sid,
        };
        let settled = self.core.command(&command, self.clock.now())?;
        if let Some((sid, delivery)) = early {
            let command = Command::NoteDelivery {
                sid,
                delivery,
                attempt: Some((id, attempt)),
            };
            if let Err(refused) = self.core.command(&command, self.clock.now()) {
                // The text is settled; how far it has come is known again with its next state.
                tracing::debug!(?refused, "an early callback was not taken");
            }
        }
        self.in_flight.remove(&id);
        self.fresh.remove(&id);
        self.tell_waiters(id);
        self.ring_for_the_rest();
        Ok(settled.map(|_| ()))
    }

    /// Takes in how far a text has come. One that nobody knows yet may be the one whose answer is still on its way.
    fn note(&mut self, note: DeliveryNote) -> Result<Unconfirmed<()>, Refused> {
        let DeliveryNote {
            sid,
            status,
            error,
            attempt,
        } = note;
        let delivery = Delivery { status, error };
        let ledger = self.core.ledger();
        let named = attempt.map(|(message, _)| message);
        let named = named.filter(|message| ledger.message(*message).is_some());
        let Some(text) = named.or_else(|| ledger.text_called(&sid)) else {
            self.early.keep(sid, delivery);
            return Ok(self.core.unconfirmed(()));
        };
        let command = Command::NoteDelivery {
            sid,
            delivery,
            attempt,
        };
        let noted = self.core.command(&command, self.clock.now())?;
        self.tell_waiters(text);
        Ok(noted.map(|_| ()))
    }

    fn stop(&mut self, id: MessageId) -> Result<Unconfirmed<()>, Refused> {
        let Some(caller) = self.core.ledger().message(id).map(|text| text.to) else {
            return Ok(self.core.unconfirmed(()));
        };
        let stopped = self
            .core
            .command(&Command::StopTexts(caller), self.clock.now())?;
        Ok(stopped.map(|_| ()))
    }

    /// The outbox takes a bounded number at a time; whoever settles one rings for those that wait.
    fn ring_for_the_rest(&self) {
        let now = self.core.no_earlier(self.clock.now());
        let mut due = self.core.ledger().due_texts(now);
        if due.any(|text| !self.in_flight.contains(&text)) {
            self.doorbell.ring(self.core.tenant());
        }
    }

    fn outcome(&self, id: MessageId) -> Option<SendOutcome> {
        match self.core.ledger().message(id)?.state {
            MessageState::Settled(outcome) => Some(outcome),
            MessageState::Parked(_) => Some(SendOutcome::NotSent),
            MessageState::HandedOver | MessageState::Waiting(_) => None,
        }
    }

    fn tell_waiters(&mut self, id: MessageId) {
        let Some(outcome) = self.outcome(id) else {
            return;
        };
        for waiter in self.waiters.remove(&id).unwrap_or_default() {
            // Whoever has stopped waiting needs no answer.
            let _ = waiter.send(self.core.unconfirmed(outcome));
        }
    }

    fn wait(&mut self, id: MessageId) -> Result<Texted, Refused> {
        if self.core.ledger().message(id).is_none() || self.outcome(id).is_some() {
            return Ok(Texted::Known(self.core.unconfirmed(self.outcome(id))));
        }
        let waiters = self.waiters.entry(id).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        if waiters.len() >= limits::SETTLEMENT_WAITERS_MAX {
            return Err(Refused::TenantBusy);
        }
        let (sender, receiver) = oneshot::channel();
        waiters.push(sender);
        Ok(Texted::Pending(receiver))
    }

    fn captured(&self, page: PageRequest) -> Unconfirmed<Page<CapturedText>> {
        let writer = self.core.writer();
        let sent = self.core.ledger().sent_texts(&page);
        let texts = sent.items.iter().filter_map(|text| {
            Some(CapturedText {
                to: self.core.contacts().phone(text.to)?.clone(),
                body: writer.words(text.kind, text.queued_at),
                sent_at: text.queued_at,
                kind: text.kind,
            })
        });
        self.core.unconfirmed(Page {
            items: texts.collect(),
            next: sent.next,
        })
    }

    /// Notes the texts that a step has queued: their first attempt is journaled with them.
    fn note_queued(&mut self) {
        let queued = self.core.take_queued_texts();
        if !queued.is_empty() {
            self.fresh.extend(queued);
            self.doorbell.ring(self.core.tenant());
        }
    }
}

impl TenantActor {
    /// It is asked something: the core, and the instant.
    pub(super) fn asked(&mut self) -> (&Core, Timestamp) {
        self.asked_at = self.clock.now();
        (&self.core, self.asked_at)
    }
}

impl Actor for TenantActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(TICK, |actor, context| actor.tick(context));
        if self.core.ledger().unsettled_texts().next().is_some() {
            self.doorbell.ring(self.core.tenant());
        }
        let steps = context.address().recipient();
        self.eraser = Some(self.core.eraser(steps, self.imager.clone()));
        // Whatever became due while nobody was here.
        self.tick(context);
    }
}

impl Handler<FinishErasures> for TenantActor {
    type Result = MessageResult<FinishErasures>;

    fn handle(&mut self, _: FinishErasures, _: &mut Self::Context) -> Self::Result {
        let (sender, finished) = oneshot::channel();
        if let Some(eraser) = self.eraser.clone() {
            actix_rt::spawn(async move {
                // Whoever no longer waits needs no answer.
                let _ = sender.send(eraser.finish().await);
            });
        }
        MessageResult(finished)
    }
}

impl Handler<NextErasure> for TenantActor {
    type Result = MessageResult<NextErasure>;

    fn handle(&mut self, NextErasure(done): NextErasure, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.core.next_erasure(done, self.clock.now()))
    }
}

impl Handler<Execute> for TenantActor {
    type Result = MessageResult<Execute>;

    fn handle(&mut self, Execute(request): Execute, context: &mut Self::Context) -> Self::Result {
        self.asked_at = self.clock.now();
        let outcome = self.core.execute(request, self.asked_at);
        self.note_queued();
        self.offer_freed(context);
        MessageResult(outcome)
    }
}

impl Handler<Look> for TenantActor {
    type Result = MessageResult<Look>;

    fn handle(&mut self, look: Look, _: &mut Self::Context) -> Self::Result {
        self.asked_at = self.clock.now();
        if matches!(look.query, Query::Keys(_) | Query::Key(_)) {
            // What is shown of their uses must be what a crash cannot take back. This very look is a use, too.
            let own = |key: &KeyRecord| matches!(look.viewer, Principal::Key { key: own, .. } if own == key.id);
            self.note_key_uses(|key, at| {
                let since = key.last_used_at.map(|noted| at.seconds_since(noted));
                !own(key) || since.is_none_or(|since| since >= limits::KEY_OWN_USE_SECONDS)
            });
        }
        MessageResult(self.core.look(&look.query, look.viewer, self.clock.now()))
    }
}

impl Handler<LieDown> for TenantActor {
    type Result = MessageResult<LieDown>;

    fn handle(&mut self, _: LieDown, context: &mut Self::Context) -> Self::Result {
        MessageResult(self.lie_down(context))
    }
}

impl Handler<Checkpoint> for TenantActor {
    type Result = MessageResult<Checkpoint>;

    fn handle(&mut self, Checkpoint(heads): Checkpoint, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.core.append_checkpoint(&heads, self.clock.now()))
    }
}

impl Handler<Texting> for TenantActor {
    type Result = MessageResult<Texting>;

    fn handle(&mut self, texting: Texting, context: &mut Self::Context) -> Self::Result {
        self.asked_at = self.clock.now();
        let texted = match texting {
            Texting::Due => Ok(Texted::Due(self.due())),
            Texting::Prepare(text) => self.prepare(text).map(Texted::Prepared),
            Texting::Settle(text, attempt, outcome, sid) => self
                .settle(text, attempt, outcome, sid)
                .map(Texted::Settled),
            Texting::Access => {
                let access = self.core.opening().open_sms(self.core.ledger());
                Ok(Texted::Access(self.core.unconfirmed(access)))
            }
            Texting::Note(note) => self.note(note).map(Texted::Settled),
            Texting::Stop(text) => self.stop(text).map(Texted::Settled),
            Texting::Await(text) => self.wait(text),
            Texting::Captured(page) => Ok(Texted::Captured(self.captured(page))),
        };
        // The text of an offer that was certainly not sent frees its time.
        self.offer_freed(context);
        MessageResult(texted)
    }
}
