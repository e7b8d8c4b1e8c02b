//! What an actor does for the outbox: which texts are due, an attempt that begins, what became of it, and who waits to hear that.
//!
//! A text's first attempt is journaled with what caused it; every later one before any byte of it goes out. One text for a phone is
//! in flight at a time, so that whoever gets several gets them in order.

use std::collections::BTreeSet;

use actix::{Handler, MessageResult};
use tokio::sync::oneshot;

use crate::journal::Unconfirmed;
use crate::ledger::{Command, Page, PageRequest};
use crate::limits;
use crate::model::{CallerId, Delivery, MessageId, MessageState, ProviderId, SendOutcome};

use super::actor::TenantActor;
use super::messages::{CapturedText, DeliveryNote, PreparedText, Refused};
use super::texting::{Texted, Texting};

impl TenantActor {
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
    pub(super) fn ring_for_the_rest(&self) {
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
