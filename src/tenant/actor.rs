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
use crate::ledger::{Command, Query};
use crate::limits;
use crate::model::{KeyRecord, MessageId, Principal, SendOutcome, Timestamp};
use crate::snapshots::Imager;

use super::asking::{Checkpoint, Execute, LieDown, Look};
use super::bed::Bed;
use super::core::Core;
use super::doorbell::Doorbell;
use super::early::Early;
use super::erasing::{Eraser, FinishErasures, NextErasure};

/// How often the timer looks. Nothing depends on it: the clock is asked at every decision.
const TICK: Duration = Duration::from_secs(15);
/// How long one message's offers may take before the next message is looked at.
const OFFER_TIME_MAX: Duration = Duration::from_millis(1);
/// How soon it goes on where one step was not enough.
const NEXT_STEP: Duration = Duration::from_millis(5);

/// One tenant, alive.
pub struct TenantActor {
    pub(super) core: Core,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) doorbell: Arc<Doorbell>,
    /// Texts whose first attempt was journaled in this life and not yet taken by the outbox.
    pub(super) fresh: BTreeSet<MessageId>,
    /// Texts that the outbox has in flight.
    pub(super) in_flight: BTreeSet<MessageId>,
    /// What was called back of texts that are not known yet.
    pub(super) early: Early,
    pub(super) waiters: BTreeMap<MessageId, Vec<oneshot::Sender<Unconfirmed<SendOutcome>>>>,
    /// More freed time is to be offered soon.
    pub(super) goes_on_offering: bool,
    /// The lapse at which it wakes by itself.
    pub(super) wakes_at: Option<Timestamp>,
    /// Where it goes when nobody asks.
    pub(super) bed: Bed,
    /// When it was last asked anything.
    pub(super) asked_at: Timestamp,
    /// Makes images anew where someone is erased.
    pub(super) imager: Imager,
    /// Carries open erasures through; there from the moment it starts.
    pub(super) eraser: Option<Eraser>,
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
    pub(super) fn offer_freed(&mut self, context: &mut Context<Self>) {
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
