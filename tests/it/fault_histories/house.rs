//! An instance with one clinic, without HTTP and actors: the cores, their journal, and the disk under it.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast::app;
use holdfast::clock::ManualClock;
use holdfast::config::{Config, SmsProvider};
use holdfast::erased::NoCopies;
use holdfast::journal::{self, Journal};
use holdfast::ledger::{Ledger, PageRequest, Rejection};
use holdfast::model::{KeyId, MessageId, Principal, Scope, TenantId, TextKind, Timestamp};
use holdfast::replay::{PersonSearch, Recovery, Replayed};
use holdfast::seal::{CodeKey, MasterKey};
use holdfast::tenant::{Answer, Core, Instruction, Keyring, Refused, Request, Shared};

use super::disk::Disk;
use crate::journal_contract::SMALL;
use crate::support::world::MONDAY_EIGHT;

pub const CLINIC: TenantId = TenantId(7);

pub const STAFF: Principal = Principal::Key {
    key: KeyId(1),
    scope: Scope::Staff,
};

/// An answer that may only be looked at once it is durable.
pub type Asked = journal::Unconfirmed<Result<Answer, Rejection>>;

/// What all tenants are like: ledgers, and persons as a list shows them.
pub type Likeness = BTreeMap<TenantId, (Ledger, String)>;

/// A running instance.
pub struct House {
    pub journal: Journal,
    pub cores: BTreeMap<TenantId, Core>,
    pub now: Timestamp,
}

/// Why there is none.
#[derive(Debug)]
pub enum NotOpened {
    /// The journal did not open, or could not be read.
    Journal(#[expect(dead_code, reason = "shown when a test fails")] journal::Error),
    /// What it holds cannot be replayed: never an outcome of anything that a disk may do.
    Replay(String),
}

fn master() -> MasterKey {
    MasterKey::new([42; 32])
}

impl House {
    /// Opens what is on this disk. `life` is another one each time.
    pub fn open(disk: &Disk, now: Timestamp, life: u64) -> Result<Self, NotOpened> {
        let opened = Journal::open(Box::new(disk.clone()), SMALL);
        let (journal, found) = opened.map_err(NotOpened::Journal)?;
        let master = master();
        let mut recovery = Recovery::new(&master);
        for found in found.frames().map_err(NotOpened::Journal)? {
            recovery.take(found.map_err(NotOpened::Journal)?);
        }
        let mut tenants = recovery.finish();
        let mut config = Config::default();
        config.sms.provider = SmsProvider::Inbox;
        let shared = Shared {
            copies: Arc::new(NoCopies),
            journal: journal.clone(),
            policy: Arc::new(app::policy(&config)),
            keyring: Arc::new(Keyring::default()),
            master: Arc::new(master),
            clock: Arc::new(ManualClock::at(MONDAY_EIGHT)),
            metrics: Arc::default(),
            library: Arc::default(),
            credential_cache_seconds: 300,
        };
        let mut cores = BTreeMap::new();
        for (tenant, slug) in [(TenantId::INSTANCE, None), (CLINIC, Some("a"))] {
            let replayed = match tenants.remove(&tenant) {
                None => Replayed::new(tenant),
                Some(replayed) => replayed.map_err(|fault| NotOpened::Replay(fault.to_string()))?,
            };
            let slug = slug.map(|slug| slug.parse().expect("a slug"));
            let mut seed = [tenant.0 as u8; 32];
            seed[..8].copy_from_slice(&life.to_le_bytes());
            cores.insert(tenant, Core::new(shared.clone(), slug, replayed, seed));
        }
        Ok(Self {
            journal,
            cores,
            now,
        })
    }

    pub fn clinic(&mut self) -> &mut Core {
        self.cores.get_mut(&CLINIC).expect("the clinic")
    }

    /// Asks the clinic.
    pub fn ask(&mut self, instruction: Instruction) -> Result<Asked, Refused> {
        self.ask_of(CLINIC, instruction)
    }

    /// The same of any tenant.
    pub fn ask_of(&mut self, tenant: TenantId, instruction: Instruction) -> Result<Asked, Refused> {
        let request = Request {
            principal: STAFF,
            idempotency: None,
            instruction,
        };
        let now = self.now;
        let core = self.cores.get_mut(&tenant).expect("a tenant");
        core.execute(request, now)
    }

    /// What it is like at this moment, whether or not that is durable.
    pub fn likeness(&self) -> Likeness {
        let everyone = PersonSearch {
            phone: None,
            page: PageRequest {
                after: None,
                limit: 100,
            },
        };
        let of = |core: &Core| {
            let persons = core.contacts().find(&everyone);
            (core.ledger().clone(), format!("{:?}", persons.items))
        };
        let cores = self.cores.iter();
        cores.map(|(tenant, core)| (*tenant, of(core))).collect()
    }

    /// The code that a text carries, as a phone would show it.
    pub fn code(&self, message: MessageId) -> String {
        let text = self.cores[&CLINIC]
            .ledger()
            .message(message)
            .expect("a text");
        let TextKind::Code {
            verification,
            generation,
            digits,
            ..
        } = text.kind
        else {
            panic!("{text:?} carries no code");
        };
        CodeKey::of(&master(), CLINIC).code(verification, generation, digits)
    }

    /// Ends it: what was taken is written if that is still possible.
    pub fn close(self) {
        let Self { journal, cores, .. } = self;
        drop(cores);
        let _ = journal.close();
    }
}
