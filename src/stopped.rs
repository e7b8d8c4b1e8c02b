//! A stopped state, and what is done to it without a server: erasing, by the same steps as with one.
//!
//! It opens the journal, which locks it, replays every clinic and lends itself until it is closed. No outbox runs and no timer: nothing
//! happens but what is asked for. Called by the command line, and after a restore for whoever was erased since that copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::{journal_options, policy};
use crate::clock::Clock;
use crate::config::Config;
use crate::erased::{Copies, Whom};
use crate::journal::{self, Journal, Storage};
use crate::ledger::{Command, Receipt, Rejection};
use crate::metrics::Metrics;
use crate::model::{Erasure, Phone, Principal, Slug, TenantId};
use crate::replay::{Fault, Recovery};
use crate::seal::{self, MasterKey};
use crate::tenant::{Core, ErasureStep, Instruction, Keyring, Refused, Request, Shared};

/// Why a stopped state does not do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be opened or written.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The journal could not make something durable.
    #[error(
        "the journal could not make its last entries durable; start again when the disk is well"
    )]
    Unsynced(#[from] journal::Stopped),
    /// The clinic's entries do not replay.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// There is no such clinic.
    #[error("there is no clinic {0} in this state")]
    NoTenant(String),
    /// Nobody knows whom it should erase.
    #[error("nobody here knows whom to erase; `holdfast export` lists the persons of a clinic")]
    Unknown,
    /// What is kept beside the journal did not follow.
    #[error("what is kept beside the journal could not follow: {0}; repair that, then erase again")]
    Copies(#[source] std::io::Error),
    /// It was refused.
    #[error("the journal did not take it: {0:?}")]
    Refused(Refused),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(Rejection::NotFound(_)) => Self::Unknown,
            refused => Self::Refused(refused),
        }
    }
}

/// What a stopped state is opened with.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// Where the journal is kept.
    pub storage: Box<dyn Storage>,
    /// The root of all keys.
    pub master: MasterKey,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What is kept of persons beside the journal.
    pub copies: Arc<dyn Copies>,
}

/// A stopped state.
pub struct Stopped {
    shared: Shared,
    tenants: BTreeMap<TenantId, Result<Core, Option<Box<Fault>>>>,
    slugs: BTreeMap<Slug, TenantId>,
}

impl Stopped {
    /// Opens it. Clinics that do not replay are left alone.
    pub fn open(parts: Parts) -> Result<Self, Error> {
        let options = journal_options(&parts.config);
        let (journal, found) = Journal::open(parts.storage, options)?;
        let mut recovery = Recovery::new(&parts.master);
        for frame in found.frames()? {
            recovery.take(frame?);
        }
        let recovered = recovery.finish();
        drop(found);
        let shared = Shared {
            journal,
            policy: Arc::new(policy(&parts.config)),
            keyring: Arc::new(Keyring::default()),
            master: Arc::new(parts.master),
            copies: parts.copies,
            clock: parts.clock,
            metrics: Arc::new(Metrics::default()),
            library: Arc::default(),
            credential_cache_seconds: 0,
        };
        let mut slugs = BTreeMap::new();
        let mut tenants = BTreeMap::new();
        for (id, replayed) in recovered {
            let core = replayed.map(|replayed| {
                let known = replayed.ledger.tenants();
                slugs.extend(known.map(|tenant| (tenant.slug.clone(), tenant.id)));
                Core::new(shared.clone(), None, replayed, seal::random_bytes())
            });
            tenants.insert(id, core.map_err(|fault| Some(Box::new(fault))));
        }
        Ok(Self {
            shared,
            tenants,
            slugs,
        })
    }

    /// The clinic of this name.
    pub fn tenant(&self, slug: &Slug) -> Result<TenantId, Error> {
        let id = self.slugs.get(slug).copied();
        id.ok_or_else(|| Error::NoTenant(slug.to_string()))
    }

    /// A clinic as it was replayed.
    pub fn core(&mut self, tenant: TenantId) -> Result<&mut Core, Error> {
        match self.tenants.get_mut(&tenant) {
            Some(Ok(core)) => Ok(core),
            Some(Err(fault)) => Err(match fault.take() {
                Some(fault) => Error::Fault(fault),
                None => Error::NoTenant(tenant.to_string()),
            }),
            None => Err(Error::NoTenant(tenant.to_string())),
        }
    }

    /// Erases someone; they are gone from the journal when this returns.
    pub fn erase(&mut self, tenant: TenantId, whom: Whom) -> Result<(), Error> {
        match whom {
            Whom::Person(person) => loop {
                let receipt = self.ask(tenant, Instruction::ErasePerson(person))?;
                if receipt != (Receipt::Erased { is_done: false }) {
                    break;
                }
            },
            Whom::Caller(caller) => {
                let is_nobodys = self.core(tenant)?.contacts().is_nobodys(caller);
                let command = Command::EraseCaller(is_nobodys.then_some(caller));
                self.ask(tenant, Instruction::Plain(command))?;
            }
        }
        self.finish(tenant)
    }

    /// Erases a phone, dialled in the clinic's country or with `+` and the country code, and everyone on it.
    pub fn erase_phone(&mut self, tenant: TenantId, dialled: &str) -> Result<(), Error> {
        let profile = self.core(tenant)?.ledger().profile();
        let country = profile.map(|profile| profile.country.clone());
        let phone = Phone::parse(dialled, &country.unwrap_or_default());
        let phone = phone.map_err(|_| Error::Unknown)?;
        let mut found = false;
        while let Some(person) = self.core(tenant)?.contacts().someone_on(&phone) {
            self.erase(tenant, Whom::Person(person))?;
            found = true;
        }
        match self.ask(tenant, Instruction::ErasePhone(phone)) {
            Err(Error::Unknown) if found => Ok(()),
            asked => asked.and_then(|_| self.finish(tenant)),
        }
    }

    /// Erases everyone on a list again whom this state still knows, as one that was restored from an older copy may; gives how
    /// many there were. Clinics that are not here, or do not replay, are passed over.
    pub fn erase_again(&mut self, list: &[(TenantId, Whom)]) -> Result<usize, Error> {
        let mut erased = 0;
        for (tenant, whom) in list {
            let Ok(core) = self.core(*tenant) else {
                continue;
            };
            let is_known = match whom {
                Whom::Person(person) => core.contacts().person(*person).is_some(),
                Whom::Caller(caller) => core.contacts().is_nobodys(*caller),
            };
            if is_known {
                self.erase(*tenant, *whom)?;
                erased += 1;
            }
        }
        let tenants: Vec<_> = self.tenants.keys().copied().collect();
        for tenant in tenants {
            if self.core(tenant).is_ok() {
                self.finish(tenant)?;
            }
        }
        Ok(erased)
    }

    /// Completes every erasure of a clinic that is open.
    pub fn finish(&mut self, tenant: TenantId) -> Result<(), Error> {
        let mut done = None;
        while self.step(tenant, &mut done)? {}
        Ok(())
    }

    /// One step of that; whether there may be more.
    pub fn step(&mut self, tenant: TenantId, done: &mut Option<Erasure>) -> Result<bool, Error> {
        let Shared {
            journal,
            copies,
            clock,
            ..
        } = self.shared.clone();
        let now = clock.now();
        let next = self.core(tenant)?.next_erasure(done.take(), now)?;
        match next.wait_blocking(journal.durability())? {
            ErasureStep::Nothing => return Ok(false),
            ErasureStep::Written => {}
            ErasureStep::Overwrite(of, places) => {
                journal.erase(&places)?.wait_blocking()?;
                copies.follow(tenant, of, now).map_err(Error::Copies)?;
                *done = Some(of);
            }
        }
        Ok(true)
    }

    /// Closes it in order.
    pub fn close(self) -> Result<(), Error> {
        let journal = self.shared.journal.clone();
        drop(self);
        Ok(journal.close()?)
    }

    /// Has a clinic do something, until that is durable.
    fn ask(&mut self, tenant: TenantId, instruction: Instruction) -> Result<Receipt, Error> {
        let Shared { journal, clock, .. } = self.shared.clone();
        let request = Request {
            principal: Principal::System,
            idempotency: None,
            instruction,
        };
        let outcome = self.core(tenant)?.execute(request, clock.now())?;
        let answer = outcome.wait_blocking(journal.durability())?;
        Ok(answer.map_err(Refused::Rejected)?.receipt)
    }
}
