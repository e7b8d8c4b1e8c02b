//! A ledger with everything that its histories are checked against: a second ledger that is fed decoded journal entries, the
//! entries themselves, and the naive model.

use std::collections::BTreeMap;

use holdfast::entry::{self, ChainHead, Encoded, Header};
use holdfast::ledger::{
    Command, Context, Decision, FreshIds, Ledger, NewResource, NewService, Policy, Receipt,
    Rejection, RequestKey, TextChannel, TextLimits, apply, decide, image,
};
use holdfast::model::{
    CallerId, OpeningHours, PersonalFact, Phone, Principal, Profile, ResourceKind, Slug, TenantId,
    Timestamp, VerificationPolicy, Weekdays, Window,
};
use holdfast::seal::{CodeKey, MasterKey, Opener, Sealer};

use crate::support::check_answered;

use super::model::{HOLDS_MAX, HOURS, SERVICES};

pub const TENANT: TenantId = TenantId(1);

pub fn policy() -> Policy {
    Policy {
        hold_ttl_seconds: 600,
        hold_lifetime_seconds_max: 1800,
        live_holds_per_phone_max: HOLDS_MAX as u32,
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
    }
}

pub fn resource_id(number: usize) -> Slug {
    format!("r{number}").parse().expect("an id")
}

pub fn service_id(number: usize) -> Slug {
    format!("s{number}").parse().expect("an id")
}

/// The live ledger, its shadow, and the journal between them.
pub struct House {
    pub live: Ledger,
    pub now: Timestamp,
    pub policy: Policy,
    pub codes: CodeKey,
    shadow: Ledger,
    journal: Vec<Encoded>,
    chain: ChainHead,
    sealer: Sealer,
    opener: Opener,
    drawn: u128,
    remembered: BTreeMap<u8, (String, Receipt)>,
}

impl House {
    pub fn new(now: Timestamp, policy: Policy) -> Self {
        let master = MasterKey::new([5; 32]);
        Self {
            live: Ledger::new(TENANT),
            now,
            policy,
            codes: CodeKey::of(&master, TENANT),
            shadow: Ledger::new(TENANT),
            journal: Vec::new(),
            chain: [0; 32],
            sealer: Sealer::of(&master, TENANT, [9; 16]),
            opener: Opener::of(&master, TENANT),
            drawn: 0,
            remembered: BTreeMap::new(),
        }
    }

    /// With the resources and services of the model.
    pub fn furnished(now: Timestamp) -> Self {
        let mut house = Self::new(now, policy());
        // No summer time, no offset: the model counts in UTC.
        let profile = Profile::new("Clinic", "Africa/Abidjan", "GB").expect("a profile");
        house.set_up(Command::OpenClinic(profile));
        for (number, windows) in HOURS.iter().enumerate() {
            house.set_up(Command::AddResource(NewResource {
                id: Some(resource_id(number)),
                kind: ResourceKind::Practitioner,
                name: format!("Resource {number}"),
                opening_hours: windows.iter().map(|hours| every_day(*hours)).collect(),
                exceptions: Vec::new(),
            }));
        }
        for (number, service) in SERVICES.iter().enumerate() {
            let minutes = |minutes: i64| u32::try_from(minutes).expect("minutes");
            house.set_up(Command::AddService(NewService {
                id: Some(service_id(number)),
                name: format!("Service {number}"),
                minutes: minutes(service.minutes),
                buffer_before_minutes: minutes(service.before),
                buffer_after_minutes: minutes(service.after),
                step_minutes: Some(minutes(service.step)),
                notice_minutes: minutes(service.notice),
                cancel_notice_minutes: 0,
                horizon_days: minutes(service.horizon),
                resources: service.resources.iter().map(|r| resource_id(*r)).collect(),
                also: service
                    .also
                    .iter()
                    .map(|list| list.iter().map(|r| resource_id(*r)).collect())
                    .collect(),
                verification: match service.code {
                    true => VerificationPolicy::Required,
                    false => VerificationPolicy::Off,
                },
            }));
        }
        house
    }

    fn set_up(&mut self, command: Command) {
        let decided = self.step(&command, Principal::System, None);
        decided.expect("the practice can be set up");
    }

    /// A number as if drawn at random.
    pub fn draw(&mut self) -> u128 {
        self.drawn += 1;
        self.drawn
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
    }

    fn fresh(&mut self) -> FreshIds {
        [(); 5].map(|()| self.draw())
    }

    /// Decides, journals and applies; `key` is an idempotency key with its request's body.
    pub fn step(
        &mut self,
        command: &Command,
        principal: Principal,
        key: Option<(u8, &str)>,
    ) -> Result<Decision, Rejection> {
        let fresh = self.fresh();
        let request = key.map(|(key, body)| RequestKey {
            hash: [key; 32],
            reused: self
                .remembered
                .get(&key)
                .is_some_and(|(before, _)| before != body),
            twin: None,
        });
        let context = Context {
            now: self.now,
            principal,
            fresh,
            policy: &self.policy,
            codes: &self.codes,
            request,
        };
        let decided = decide(&self.live, command, &context);
        // Twice, and by a ledger that knows everything from the journal alone and keeps none of the other's caches.
        assert_eq!(decided, decide(&self.live, command, &context));
        assert_eq!(decided, decide(&self.shadow, command, &context));
        let Ok(decision) = &decided else {
            return decided;
        };
        if decision.replayed {
            assert!(decision.events.is_empty(), "a replay has no effect");
            let (key, _) = key.expect("only a request is replayed");
            assert_eq!(self.remembered[&key].1, decision.receipt, "one answer");
            return decided;
        }
        self.append(principal, decision);
        check_answered(&self.live, &decision.receipt, self.now);
        if let Some((key, body)) = key {
            self.remembered
                .insert(key, (body.to_owned(), decision.receipt.clone()));
        }
        decided
    }

    fn append(&mut self, principal: Principal, decision: &Decision) {
        if decision.events.is_empty() {
            return;
        }
        let header = Header {
            tenant: TENANT,
            sequence: self.journal.len() as u64 + 1,
            at: self.now,
            principal,
            previous: self.chain,
        };
        let facts = [PersonalFact::Caller {
            caller: CallerId(self.drawn),
            phone: Phone::from_stored("+447700900123".to_owned()),
        }];
        let encoded = entry::encode(&header, &decision.events, &facts, [3; 16], &mut self.sealer);
        let decoded = self.open(&encoded);
        assert_eq!((decoded.header, decoded.hash), (header, encoded.hash));
        assert_eq!(decoded.events, decision.events);
        assert_eq!(decoded.facts.as_deref(), Some(&facts[..]));
        for event in &decision.events {
            apply(&mut self.live, event);
            self.live.check_invariants();
        }
        for event in &decoded.events {
            apply(&mut self.shadow, event);
        }
        assert!(
            self.live == self.shadow,
            "a decoded entry does what was decided"
        );
        self.chain = encoded.hash;
        self.journal.push(encoded);
    }

    fn open(&mut self, encoded: &Encoded) -> entry::Decoded {
        let personal = Some(&encoded.personal[..]);
        entry::decode(&encoded.covered, personal, None, &mut self.opener).expect("it opens")
    }

    /// From the first byte of the journal to the live state.
    pub fn replay(&mut self) {
        let mut replayed = Ledger::new(TENANT);
        let mut chain = [0; 32];
        for encoded in std::mem::take(&mut self.journal) {
            let decoded = self.open(&encoded);
            assert_eq!(decoded.header.previous, chain, "entries form a chain");
            chain = decoded.hash;
            for event in &decoded.events {
                apply(&mut replayed, event);
            }
            // An image stands for all entries before it, wherever it is made.
            if decoded.header.sequence.is_multiple_of(7) {
                replayed = through_an_image(&replayed);
            }
        }
        replayed.check_invariants();
        assert!(replayed == self.live, "the journal gives the live ledger");
        through_an_image(&replayed).check_invariants();
    }
}

/// The ledger that an image keeps; its bytes depend on nothing but the ledger.
fn through_an_image(ledger: &Ledger) -> Ledger {
    let bytes = image::encode(ledger);
    let restored = image::decode(&bytes).expect("an image decodes");
    assert!(restored == *ledger, "an image gives the ledger back");
    assert!(
        image::encode(&restored) == bytes,
        "equal ledgers have equal bytes"
    );
    restored
}

fn every_day((from, to): (i64, i64)) -> OpeningHours {
    let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let window = Window::new(
        time(from).parse().expect("a time"),
        time(to).parse().expect("a time"),
    );
    OpeningHours {
        days: Weekdays::named(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]).expect("days"),
        window: window.expect("a window"),
    }
}
