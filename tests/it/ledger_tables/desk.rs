//! The desk that carries out a table's steps: one ledger, its clock, and the names that the table gives to ids.
//!
//! Every step is decided twice and must come out the same; every event is followed by the ledger's own checks; the events so
//! far, replayed into an empty ledger, must give the live one; and no code that was sent may show in anything a step answers
//! or writes down.

use std::collections::BTreeMap;

use holdfast::calendar::Zone;
use holdfast::ledger::{
    Command, Context, Decision, Event, FreshIds, Ledger, Policy, Rejection, RequestKey,
    TextChannel, TextLimits, apply, decide,
};
use holdfast::model::{
    AppointmentId, BlockId, CallerId, HoldId, KeyId, MessageId, Party, PersonId, Principal, Scope,
    SendOutcome, TenantId, TextKind, Timestamp, VerificationId, WaitlistId,
};
use holdfast::seal::{CodeKey, MasterKey};

use crate::support::check_answered;

/// What is looked up by a name that nobody gave: another clinic's, or nobody's.
const ELSEWHERE: u128 = 0xE15E;

/// Things of one kind that get a name by their number; a table says no more of a crowd.
const NUMBERED: usize = 100;

/// The names of one kind of thing.
#[derive(Default)]
pub struct Names {
    ids: BTreeMap<String, u128>,
}

impl Names {
    pub fn give(&mut self, name: &str, id: u128) {
        self.ids.insert(name.to_owned(), id);
    }

    /// Names it by its kind and number, unless it has a name.
    pub fn number(&mut self, kind: char, id: u128) {
        if self.ids.len() < NUMBERED && !self.ids.values().any(|known| *known == id) {
            self.give(&format!("{kind}{}", self.ids.len() + 1), id);
        }
    }

    /// Names it by its kind and its number among those of that kind.
    pub fn give_number(&mut self, kind: char, id: u128) {
        let of_kind = self.ids.keys().filter(|name| name.starts_with(kind));
        self.give(&format!("{kind}{}", of_kind.count() + 1), id);
    }

    pub fn id(&self, name: &str) -> u128 {
        self.ids.get(name).copied().unwrap_or(ELSEWHERE)
    }

    pub fn name(&self, id: u128) -> String {
        let found = self.ids.iter().find(|(_, known)| **known == id);
        found.map_or_else(|| "?".to_owned(), |(name, _)| name.clone())
    }
}

/// The code of one generation of a verification.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub verification: VerificationId,
    pub generation: u32,
    pub digits: u8,
}

/// One ledger and what a table says of it.
pub struct Desk {
    pub ledger: Ledger,
    pub events: Vec<Event>,
    pub zone: Zone,
    pub now: Timestamp,
    pub policy: Policy,
    pub codes: CodeKey,
    pub holds: Names,
    pub appointments: Names,
    pub texts: Names,
    pub notices: Names,
    pub blocks: Names,
    pub keys: Names,
    pub parties: Names,
    pub waitlist: Names,
    pub issued: Vec<Code>,
    /// Idempotency keys and the body each came with.
    bodies: BTreeMap<String, String>,
    drawn: u128,
}

impl Desk {
    pub fn new() -> Self {
        let master = MasterKey::new([11; 32]);
        Self {
            ledger: Ledger::new(TenantId(1)),
            events: Vec::new(),
            zone: Zone::named("UTC").expect("a zone"),
            now: Timestamp(0),
            policy: Policy {
                hold_ttl_seconds: 600,
                hold_lifetime_seconds_max: 1800,
                live_holds_per_phone_max: 5,
                code_digits: 6,
                code_ttl_seconds: 300,
                attempts_max: 5,
                attempts_per_hold_max: 5,
                resends_max: 3,
                offer_seconds: 900,
                unbooked_days: 30,
                follow_up_seconds: 1800,
                call_grace_seconds: 60,
                conversation_seconds: 30 * 86_400,
                texts: TextChannel::Inbox,
                limits: TextLimits::default(),
            },
            codes: CodeKey::of(&master, TenantId(1)),
            holds: Names::default(),
            appointments: Names::default(),
            texts: Names::default(),
            notices: Names::default(),
            blocks: Names::default(),
            keys: Names::default(),
            parties: Names::default(),
            waitlist: Names::default(),
            issued: Vec::new(),
            bodies: BTreeMap::new(),
            drawn: 0,
        }
    }

    /// Begins tenant zero's ledger instead of a clinic's.
    pub fn become_instance(&mut self) {
        assert!(self.events.is_empty(), "`instance` comes first");
        self.ledger = Ledger::new(TenantId::INSTANCE);
    }

    /// A word that was never said before.
    pub fn new_word(&mut self) -> String {
        self.drawn += 1;
        format!("new-{}", self.drawn)
    }

    /// A number as if drawn at random: every one new, none in order.
    pub fn draw(&mut self) -> u128 {
        self.drawn += 1;
        self.drawn
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
    }

    fn fresh(&mut self) -> FreshIds {
        [(); 5].map(|()| self.draw())
    }

    /// `ann` has a phone of her own; `bob@ann` is Bob, calling from Ann's; `someone` is nobody who was named before.
    pub fn party(&mut self, name: &str) -> Party {
        let name = &match name {
            "someone" => self.new_word(),
            name => name.to_owned(),
        };
        let (person, phone) = name.split_once('@').unwrap_or((name, name));
        let mut id = |name: String| {
            self.parties.number('p', 0);
            if self.parties.id(&name) == ELSEWHERE {
                let next = 1000 + self.parties.ids.len() as u128;
                self.parties.give(&name, next);
            }
            self.parties.id(&name)
        };
        Party {
            caller: CallerId(id(format!("phone {phone}"))),
            person: PersonId(id(format!("{person} on {phone}"))),
        }
    }

    pub fn principal(name: &str) -> Principal {
        let (key, scope) = match name {
            "system" => return Principal::System,
            "agent" => (1, Scope::Agent),
            "other-agent" => (2, Scope::Agent),
            "staff" => (3, Scope::Staff),
            "reader" => (4, Scope::Read),
            "admin" => (5, Scope::Admin),
            _ => panic!("there is no {name} at this desk"),
        };
        Principal::Key {
            key: KeyId(key),
            scope,
        }
    }

    /// Decides and applies one command; `key` is an idempotency key with the body it comes with.
    pub fn carry_out(
        &mut self,
        command: &Command,
        principal: Principal,
        key: Option<(&str, &str)>,
    ) -> Result<Decision, Rejection> {
        let request = key.map(|(key, body)| RequestKey {
            hash: key_hash(key),
            reused: self.bodies.get(key).is_some_and(|before| before != body),
            twin: None,
        });
        let fresh = self.fresh();
        let context = Context {
            now: self.now,
            principal,
            fresh,
            policy: &self.policy,
            codes: &self.codes,
            request,
        };
        let outcome = decide(&self.ledger, command, &context);
        let twice = decide(&self.ledger, command, &context);
        assert!(outcome == twice, "a decision depends on its inputs alone");
        if let Ok(decision) = &outcome {
            for event in &decision.events {
                apply(&mut self.ledger, event);
                self.notice(event);
                if let (Event::RequestRemembered { .. }, Some((key, body))) = (event, key) {
                    self.bodies.insert(key.to_owned(), body.to_owned());
                }
            }
            self.events.extend_from_slice(&decision.events);
            if !decision.replayed {
                check_answered(&self.ledger, &decision.receipt, self.now);
            }
        }
        outcome
    }

    /// Every offer that is on its way has gone out.
    pub fn tell_everyone(&mut self) {
        let on_their_way = self.ledger.unsettled_texts();
        let offers: Vec<_> = on_their_way
            .filter_map(|text| self.ledger.message(text))
            .filter(|text| {
                matches!(
                    text.kind,
                    TextKind::Offer { .. } | TextKind::FollowUp { .. }
                )
            })
            .map(|text| (text.id, text.attempts))
            .collect();
        for (message, attempt) in offers {
            let sent = Command::SettleText {
                message,
                attempt,
                outcome: SendOutcome::Sent,
                sid: None,
            };
            let told = self.carry_out(&sent, Principal::System, None);
            told.expect("what was handed over can be settled");
        }
    }

    /// Names what an event brings into the world.
    fn notice(&mut self, event: &Event) {
        match event {
            Event::CodeIssued { verification, .. } => {
                let code = Code {
                    verification: verification.id,
                    generation: verification.generation,
                    digits: verification.digits,
                };
                if !self.issued.contains(&code) {
                    self.issued.push(code);
                }
            }
            Event::FollowUpMade { hold, .. } if self.holds.name(hold.0) == "?" => {
                self.holds.give_number('o', hold.0);
            }
            Event::OfferMade { hold, .. } => self.holds.give_number('o', hold.0),
            Event::TextQueued {
                message,
                kind: TextKind::Notice { .. },
                ..
            } => self.notices.number('n', message.0),
            Event::TextQueued { message, .. } => self.texts.number('t', message.0),
            Event::HoldConfirmed { appointment, .. }
            | Event::AppointmentBooked { appointment, .. } => {
                self.appointments.number('a', appointment.0);
            }
            Event::BlockAdded(block) => self.blocks.number('b', block.id.0),
            Event::KeyCreated(key) => self.keys.number('k', key.id.0),
            _ => {}
        }
    }

    /// What must hold between steps.
    pub fn check(&self) {
        self.ledger.check_invariants();
        let mut replayed = Ledger::new(self.ledger.tenant());
        for event in &self.events {
            apply(&mut replayed, event);
        }
        assert!(replayed == self.ledger, "a replay gives the live ledger");
        replayed.check_invariants();
    }

    /// No code stands in what is answered, written down or kept.
    pub fn check_silence(&self, outcome: &Result<Decision, Rejection>) {
        let said = format!("{outcome:?} {:?}", self.ledger);
        for code in &self.issued {
            let digits = self
                .codes
                .code(code.verification, code.generation, code.digits);
            assert!(!said.contains(&digits), "a code shows where it must not");
        }
    }

    pub fn hold(&self, name: &str) -> HoldId {
        HoldId(self.holds.id(name))
    }

    pub fn appointment(&self, name: &str) -> AppointmentId {
        AppointmentId(self.appointments.id(name))
    }

    pub fn entry(&self, name: &str) -> WaitlistId {
        WaitlistId(self.waitlist.id(name))
    }

    pub fn block(&self, name: &str) -> BlockId {
        BlockId(self.blocks.id(name))
    }

    pub fn text(&self, name: &str) -> MessageId {
        match name.starts_with('n') {
            true => MessageId(self.notices.id(name)),
            false => MessageId(self.texts.id(name)),
        }
    }
}

fn key_hash(key: &str) -> [u8; 32] {
    assert!(key.len() <= 32, "a table's keys are short");
    let mut hash = [0; 32];
    hash[..key.len()].copy_from_slice(key.as_bytes());
    hash
}
