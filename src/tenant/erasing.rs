//! Erasing someone: from the entry that says so to the one that says that it is done.
//!
//! 1. The ledger has said that a person or a phone is erased, and that is durable. 2. Entries list what is overwritten for it,
//!    and say again what those parts say of others. 3. Once these are durable the writer overwrites the parts. 4. Whatever is
//!    kept beside the journal follows. 5. An entry says that it is complete.
//!
//! Each step of the tenant is one short message, and nothing waits in its actor. Whatever stops in between is taken up again
//! by the next erasure, the timer or the next start, from step 2 on: every step can be repeated. The listing entry comes after
//! a barrier, so that no part that is overwritten belongs to the journal's newest group (`journal/erase.rs`).

use std::sync::Arc;
use std::time::Duration;

use actix::{Message, Recipient};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::erased::Copies;
use crate::journal::{Journal, Place, Unconfirmed};
use crate::ledger::Command;
use crate::model::{Erasure, PersonalFact, Subject, TenantId, Timestamp};
use crate::snapshots::Imager;

use super::core::{Core, Shared};
use super::messages::Refused;

/// How long to wait before a full queue is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The next step of the tenant's open erasures, after one whose parts are overwritten is written down as complete.
pub struct NextErasure(pub Option<Erasure>);

/// Complete every erasure that is open, and tell me.
pub struct FinishErasures;

impl Message for FinishErasures {
    type Result = oneshot::Receiver<Result<(), Refused>>;
}

/// What that step was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErasureStep {
    /// One entry was written down; there may be more to do.
    Written,
    /// All are listed: these parts are to be overwritten.
    Overwrite(Erasure, Vec<Place>),
    /// No erasure is open.
    Nothing,
}

impl Message for NextErasure {
    type Result = Result<Unconfirmed<ErasureStep>, Refused>;
}

impl Core {
    /// When the timer next has something to write down.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let ledger = self.ledger();
        let unbooked = ledger.next_unbooked(self.shared().policy.unbooked_days);
        ledger.next_deadline().into_iter().chain(unbooked).min()
    }

    /// Nothing is written down any more of whoever was erased.
    pub(super) fn is_about_erased(&self, fact: &PersonalFact) -> bool {
        let PersonalFact::Reason {
            about: Subject::Appointment(appointment),
            ..
        } = fact
        else {
            return false;
        };
        let ledger = self.ledger();
        let person = ledger.person_of(*appointment);
        person.is_some_and(|person| ledger.is_erased(person))
    }

    /// The next step of the open erasures: one entry, or what is to be done before the next one. An erasure whose
    /// parts are overwritten is written down as complete first.
    pub fn next_erasure(
        &mut self,
        done: Option<Erasure>,
        now: Timestamp,
    ) -> Result<Unconfirmed<ErasureStep>, Refused> {
        // Someone may have come back in the meantime and been erased again: then there is more to list for the same erasure.
        if let Some(of) = done.filter(|of| self.contacts().to_list(*of).0.is_empty()) {
            let complete = self.command(&Command::CompleteErasure(of), now)?;
            let person = of.person.map(|person| person.to_string());
            let person = person.as_deref().unwrap_or("the phone itself");
            tracing::info!(tenant = %self.tenant(), person, "erased");
            return Ok(complete.map(|_| ErasureStep::Written));
        }
        let first = self.ledger().open_erasures().next();
        let Some((of, _)) = first else {
            return Ok(self.unconfirmed(ErasureStep::Nothing));
        };
        // Whoever is forgotten by themselves leaves their phone behind, unless its holder wants no texts: that is kept.
        let is_left = of.person.is_some()
            && self.contacts().is_nobodys(of.caller)
            && !self.ledger().texts_stopped(of.caller);
        if is_left {
            let phone = self.command(&Command::EraseCaller(Some(of.caller)), now)?;
            return Ok(phone.map(|_| ErasureStep::Written));
        }
        let (entries, again) = self.contacts().to_list(of);
        if !entries.is_empty() {
            let listed = self.house_step(&Command::BeginErasure { of, entries }, again, now)?;
            return Ok(listed.map(|_| ErasureStep::Written));
        }
        let listed = self.ledger().listed_for(of).unwrap_or_default();
        let places = listed.iter().filter_map(|sequence| self.place(*sequence));
        let places = places.collect();
        Ok(self.unconfirmed(ErasureStep::Overwrite(of, places)))
    }
}

impl Core {
    /// Who carries its erasures through, by these messages.
    pub(super) fn eraser(&self, steps: Recipient<NextErasure>, imager: Imager) -> Eraser {
        Eraser::new(self.tenant(), steps, self.shared(), imager)
    }
}

/// Carries a tenant's open erasures through. Cheap to clone; clones take turns.
#[derive(Clone)]
pub struct Eraser(Arc<Inner>);

struct Inner {
    tenant: TenantId,
    steps: Recipient<NextErasure>,
    journal: Journal,
    copies: Arc<dyn Copies>,
    imager: Imager,
    clock: Arc<dyn Clock>,
    turn: tokio::sync::Mutex<()>,
}

impl Eraser {
    fn new(
        tenant: TenantId,
        steps: Recipient<NextErasure>,
        shared: &Shared,
        imager: Imager,
    ) -> Self {
        Self(Arc::new(Inner {
            tenant,
            steps,
            journal: shared.journal.clone(),
            copies: Arc::clone(&shared.copies),
            clock: Arc::clone(&shared.clock),
            imager,
            turn: tokio::sync::Mutex::new(()),
        }))
    }

    /// Completes every erasure of this tenant that is open, if nobody is at it already.
    pub async fn finish_alone(&self) {
        let Ok(_turn) = self.0.turn.try_lock() else {
            return;
        };
        if let Err(refused) = self.0.carry_through().await {
            tracing::warn!(tenant = %self.0.tenant, ?refused, "an erasure is not complete yet and is taken up again");
        }
    }

    /// Completes every erasure of this tenant that is open, after whoever is at it already.
    pub async fn finish(&self) -> Result<(), Refused> {
        let _turn = self.0.turn.lock().await;
        self.0.carry_through().await
    }
}

impl Inner {
    async fn carry_through(&self) -> Result<(), Refused> {
        let mut done = None;
        loop {
            // Before each step: others are erased while this goes on, and their parts must not be in the group of what lists them.
            let barrier = self.journal.barrier().await;
            barrier.map_err(|_| Refused::Stopped)?;
            match self.step(done.take()).await? {
                ErasureStep::Nothing => return Ok(()),
                ErasureStep::Written => {}
                ErasureStep::Overwrite(of, places) => {
                    self.overwrite(places).await?;
                    self.follow(of).await?;
                    done = Some(of);
                }
            }
        }
    }

    /// A step of the tenant, once it is durable. A full queue passes.
    async fn step(&self, done: Option<Erasure>) -> Result<ErasureStep, Refused> {
        loop {
            let sent = self.steps.send(NextErasure(done)).await;
            match sent.map_err(|_| Refused::Quarantined)? {
                Err(Refused::Overloaded) => tokio::time::sleep(RETRY_PAUSE).await,
                Err(refused) => return Err(refused),
                Ok(step) => {
                    let step = step.confirmed(self.journal.durability()).await;
                    return step.map_err(|_| Refused::Stopped);
                }
            }
        }
    }

    async fn overwrite(&self, places: Vec<Place>) -> Result<(), Refused> {
        let journal = self.journal.clone();
        let found = tokio::task::spawn_blocking(move || journal.erase(&places)).await;
        let erasing = found.map_err(|_| Refused::Stopped)?.map_err(|error| {
            tracing::error!(tenant = %self.tenant, %error, "an entry that is to be erased cannot be read");
            Refused::Stopped
        })?;
        erasing.await.map_err(|_| Refused::Stopped)
    }

    /// The images and the list of what was erased.
    async fn follow(&self, of: Erasure) -> Result<(), Refused> {
        if self.imager.snapshots().are_kept() && !self.imager.renew(self.tenant).await {
            tracing::error!(tenant = %self.tenant, "an image of someone who is erased could not be made anew; it is tried again");
            return Err(Refused::Overloaded);
        }
        let (copies, tenant) = (Arc::clone(&self.copies), self.tenant);
        let at = self.clock.now();
        let followed = tokio::task::spawn_blocking(move || copies.follow(tenant, of, at)).await;
        let followed = followed.map_err(|_| Refused::Stopped)?;
        followed.map_err(|error| {
            tracing::error!(%tenant, %error, "what is kept beside the journal does not follow an erasure; free space or repair the disk, then erase again");
            Refused::Overloaded
        })
    }
}
