//! One hold at a clinic, the outbox that sends its codes, the provider, and the phone.

use std::collections::{BTreeMap, BTreeSet};

use holdfast::ledger::{
    Command, Context, Decision, Event, Ledger, NewResource, NewService, Policy, Receipt, Rejection,
    TextChannel, TextLimits, Wish, apply, decide,
};
use holdfast::model::{
    CallerId, Delivery, DeliveryStatus, EnteredCode, HoldId, MessageId, MessageState, OpeningHours,
    Party, PersonId, Principal, Profile, ProviderId, ResourceKind, SendOutcome, TenantId, TextKind,
    Timestamp, VerificationId, VerificationPolicy, Weekdays, Window,
};
use holdfast::seal::{CodeKey, MasterKey};

/// Monday, 2026-03-02 at 08:00 in London.
pub const MONDAY_EIGHT: Timestamp = Timestamp(1_772_438_400_000);

/// Numbers as if by chance (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }

    pub fn id(&mut self) -> u128 {
        u128::from(self.roll()) << 64 | u128::from(self.roll())
    }
}

/// One code: what it is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(VerificationId, u32);

/// A text in the provider's hands.
struct Flight {
    message: MessageId,
    attempt: u32,
    outcome: SendOutcome,
    sid: Option<ProviderId>,
}

/// A clinic's ledger with whatever a test keeps beside it.
pub struct Clinic {
    pub ledger: Ledger,
    pub now: Timestamp,
    pub policy: Policy,
    codes: CodeKey,
    ids: Dice,
}

impl Clinic {
    pub fn new(seed: u64, tenant: u128, limits: TextLimits) -> Self {
        let tenant = TenantId(tenant);
        let mut clinic = Self {
            ledger: Ledger::new(tenant),
            now: MONDAY_EIGHT,
            policy: Policy {
                hold_ttl_seconds: 600,
                hold_lifetime_seconds_max: 1800,
                live_holds_per_phone_max: 5,
                code_digits: 6,
                code_ttl_seconds: 300,
                attempts_max: 5,
                attempts_per_hold_max: 10,
                resends_max: 3,
                offer_seconds: 900,
                unbooked_days: 30,
                follow_up_seconds: 1800,
                call_grace_seconds: 60,
                conversation_seconds: 30 * 86_400,
                texts: TextChannel::Inbox,
                limits,
            },
            codes: CodeKey::of(&MasterKey::new([3; 32]), tenant),
            ids: Dice(seed),
        };
        clinic.furnish();
        clinic
    }

    fn furnish(&mut self) {
        let time = |text: &str| text.parse().expect("a time");
        let window = Window::new(time("00:00"), time("24:00")).expect("a window");
        let profile = Profile::new("Clinic", "Europe/London", "GB").expect("a profile");
        let days = Weekdays::named(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let resource = NewResource {
            id: Some("r".parse().expect("an id")),
            kind: ResourceKind::Practitioner,
            name: "R".to_owned(),
            opening_hours: vec![OpeningHours {
                days: days.expect("days"),
                window,
            }],
            exceptions: Vec::new(),
        };
        let service = NewService {
            id: Some("s".parse().expect("an id")),
            name: "S".to_owned(),
            minutes: 5,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            step_minutes: None,
            notice_minutes: 0,
            cancel_notice_minutes: 0,
            horizon_days: 700,
            resources: vec!["r".parse().expect("an id")],
            also: Vec::new(),
            verification: VerificationPolicy::Required,
        };
        for command in [
            Command::OpenClinic(profile),
            Command::AddResource(resource),
            Command::AddService(service),
        ] {
            self.step(&command).expect("a clinic");
        }
    }

    pub fn decide(&mut self, command: &Command) -> Result<Decision, Rejection> {
        let fresh = [(); 5].map(|()| self.ids.id());
        let context = Context {
            now: self.now,
            principal: Principal::System,
            fresh,
            policy: &self.policy,
            codes: &self.codes,
            request: None,
        };
        decide(&self.ledger, command, &context)
    }

    pub fn step(&mut self, command: &Command) -> Result<Decision, Rejection> {
        let decision = self.decide(command)?;
        for event in &decision.events {
            apply(&mut self.ledger, event);
        }
        Ok(decision)
    }

    /// Holds a time that nobody else has: `place` is drawn anew for each.
    pub fn hold(&mut self, caller: u128, place: u64) -> Result<HoldId, Rejection> {
        let start = MONDAY_EIGHT.plus_minutes(5 * (100 + i64::try_from(place).expect("few")));
        let placed = self.step(&Command::PlaceHold {
            wish: Wish {
                service: "s".parse().expect("an id"),
                resource: None,
                start,
            },
            party: Party {
                caller: CallerId(caller),
                person: PersonId(caller),
            },
            ttl_seconds: None,
            call: None,
        })?;
        let Receipt::Hold(view) = placed.receipt else {
            panic!("a hold was placed")
        };
        Ok(view.id)
    }
}

/// The hold and all that is about it.
pub struct Street {
    pub clinic: Clinic,
    hold: HoldId,
    hold_ends_at: Timestamp,
    /// The last code that was issued, and until when it works.
    newest: Option<(Code, Timestamp)>,
    failed: BTreeMap<Code, u32>,
    failed_on_hold: u32,
    /// Queued in this life, and not taken yet.
    fresh: BTreeSet<MessageId>,
    flights: Vec<Flight>,
    sendings: BTreeMap<MessageId, u32>,
    /// Which code each text carries, and whether it was certainly not sent.
    carried: BTreeMap<MessageId, (Code, bool)>,
    pub reached: BTreeSet<Code>,
    pub ghosts: BTreeSet<Code>,
    fates: Vec<(ProviderId, MessageId, u32, DeliveryStatus)>,
    names: u64,
}

impl Street {
    pub fn new(dice: &mut Dice) -> Self {
        let mut clinic = Clinic::new(dice.roll(), 7, TextLimits::default());
        let hold = clinic.hold(1, 0).expect("a hold");
        Self {
            hold_ends_at: clinic.now.plus_seconds(600),
            clinic,
            hold,
            newest: None,
            failed: BTreeMap::new(),
            failed_on_hold: 0,
            fresh: BTreeSet::new(),
            flights: Vec::new(),
            sendings: BTreeMap::new(),
            carried: BTreeMap::new(),
            reached: BTreeSet::new(),
            ghosts: BTreeSet::new(),
            fates: Vec::new(),
            names: 0,
        }
    }

    pub fn ask_for_code(&mut self) {
        let hold = self.hold;
        let Ok(decision) = self.clinic.step(&Command::SendCode { hold, route: None }) else {
            return;
        };
        for event in &decision.events {
            match event {
                Event::CodeIssued { verification, .. } => {
                    let code = Code(verification.id, verification.generation);
                    self.newest = Some((code, verification.expires_at));
                    self.carried.insert(verification.message, (code, false));
                }
                Event::TextQueued { message, .. } => {
                    self.fresh.insert(*message);
                }
                _ => {}
            }
        }
    }

    /// As the tenant's actor does: an attempt is in the journal before a byte goes out.
    pub fn outbox_takes(&mut self, dice: &mut Dice) {
        let due: Vec<_> = self.clinic.ledger.due_texts(self.clinic.now).collect();
        let in_flight = |id: &MessageId| self.flights.iter().any(|own| own.message == *id);
        let Some(message) = due.into_iter().find(|id| !in_flight(id)) else {
            return;
        };
        let text = self
            .clinic
            .ledger
            .message(message)
            .expect("it is due")
            .clone();
        if !self.clinic.ledger.is_of_use(&text, self.clinic.now) {
            let outcome = match self.fresh.remove(&message) {
                true => SendOutcome::NotSent,
                false => SendOutcome::Unknown,
            };
            self.settle(message, text.attempts, outcome, None);
            return;
        }
        let mut attempt = text.attempts;
        if !self.fresh.remove(&message) {
            let again = Command::HandOverText(message);
            self.clinic.step(&again).expect("a known text");
            let now = self.clinic.ledger.message(message).expect("known").attempts;
            if now == attempt {
                return;
            }
            attempt = now;
        }
        self.provider(message, attempt, text.kind, dice);
    }

    fn provider(&mut self, message: MessageId, attempt: u32, kind: TextKind, dice: &mut Dice) {
        use SendOutcome::{NotSent, Sent, Unknown};
        self.names += 1;
        let sid: ProviderId = format!("SM{}", self.names).parse().expect("an id");
        // Whether it takes the text, whether that arrives, what it says.
        let (takes, arrives, outcome) = match dice.below(8) {
            0..=2 => (true, true, Sent),
            3 => (true, true, Unknown),
            4 => (false, false, Unknown),
            5 => (true, false, Unknown),
            _ => (false, false, NotSent),
        };
        if takes {
            *self.sendings.entry(message).or_default() += 1;
            let fate = match arrives {
                true => DeliveryStatus::Delivered,
                false => DeliveryStatus::Failed,
            };
            self.fates.push((sid.clone(), message, attempt, fate));
        }
        if let TextKind::Code {
            verification,
            generation,
            ..
        } = kind
            && arrives
        {
            self.reached.insert(Code(verification, generation));
        }
        self.flights.push(Flight {
            message,
            attempt,
            outcome,
            sid: (outcome == Sent).then_some(sid),
        });
    }

    pub fn outcome_comes(&mut self, dice: &mut Dice) {
        if self.flights.is_empty() {
            return;
        }
        let place = dice.below(self.flights.len() as u64) as usize;
        let flight = self.flights.remove(place);
        self.settle(flight.message, flight.attempt, flight.outcome, flight.sid);
    }

    fn settle(
        &mut self,
        message: MessageId,
        attempt: u32,
        outcome: SendOutcome,
        sid: Option<ProviderId>,
    ) {
        let settle = Command::SettleText {
            message,
            attempt,
            outcome,
            sid,
        };
        // A text that is no longer kept is nobody's any more.
        let _ = self.clinic.step(&settle);
        self.note_ghosts();
    }

    /// Codes all of whose texts were certainly not sent.
    fn note_ghosts(&mut self) {
        for (message, (_, unsent)) in &mut self.carried {
            if let Some(text) = self.clinic.ledger.message(*message) {
                *unsent = text.state == MessageState::Settled(SendOutcome::NotSent);
            }
        }
        let codes: BTreeSet<_> = self.carried.values().map(|(code, _)| *code).collect();
        self.ghosts = codes
            .into_iter()
            .filter(|code| {
                let mut texts = self.carried.values().filter(|(own, _)| own == code);
                texts.all(|(_, unsent)| *unsent)
            })
            .collect();
    }

    pub fn crash(&mut self) {
        self.fresh.clear();
        self.flights.clear();
    }

    pub fn callback(&mut self, dice: &mut Dice) {
        if self.fates.is_empty() {
            return;
        }
        let place = dice.below(self.fates.len() as u64) as usize;
        let (sid, message, attempt, fate) = self.fates[place].clone();
        let status = match dice.below(2) {
            0 if fate == DeliveryStatus::Delivered => DeliveryStatus::Sent,
            _ => fate,
        };
        let note = Command::NoteDelivery {
            sid,
            delivery: Delivery {
                status,
                error: None,
            },
            attempt: Some((message, attempt)),
        };
        self.clinic.step(&note).expect("callbacks are taken");
        self.note_ghosts();
    }

    pub fn say_wrong_code(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(3) {
            let said = self.clinic.step(&Command::Confirm {
                hold: self.hold,
                code: EnteredCode::new("no code"),
                if_version: None,
            });
            if let Ok(decision) = said
                && matches!(decision.receipt, Receipt::CodeMismatch { .. })
            {
                let (code, _) = self.newest.expect("there is one to miss");
                *self.failed.entry(code).or_default() += 1;
                self.failed_on_hold += 1;
            }
        }
    }

    pub fn time_passes(&mut self, dice: &mut Dice) {
        let seconds = i64::try_from(dice.below(200)).expect("a few");
        self.clinic.now = self.clinic.now.plus_seconds(seconds);
    }

    pub fn extend(&mut self) {
        let extended = self.clinic.step(&Command::ExtendHold {
            hold: self.hold,
            ttl_seconds: 600,
            if_version: None,
        });
        if let Ok(Receipt::Hold(view)) = extended.map(|decision| decision.receipt) {
            self.hold_ends_at = view.expires_at;
        }
    }

    pub fn tick(&mut self) {
        self.clinic.step(&Command::TimePassed).expect("time passes");
    }

    /// Whether this code would book the hold now; nothing is changed by asking.
    fn verifies(&mut self, code: Code) -> bool {
        let digits = self.clinic.codes.code(code.0, code.1, 6);
        let confirm = Command::Confirm {
            hold: self.hold,
            code: EnteredCode::new(&digits),
            if_version: None,
        };
        let decided = self
            .clinic
            .decide(&confirm)
            .map(|decision| decision.receipt);
        matches!(decided, Ok(Receipt::Appointment(_)))
    }

    pub fn check(&mut self) {
        for code in self.reached.clone() {
            let now = self.clinic.now;
            let is_newest = self
                .newest
                .is_some_and(|(newest, ends_at)| newest == code && now < ends_at);
            let failed = self.failed.get(&code).copied().unwrap_or(0);
            let attempts_left = failed < 5 && self.failed_on_hold < 10;
            let expected = is_newest && now < self.hold_ends_at && attempts_left;
            assert_eq!(self.verifies(code), expected, "{code:?} reached the phone");
        }
        for code in self.ghosts.clone() {
            assert!(!self.reached.contains(&code), "not sent, yet it arrived");
            assert!(!self.verifies(code), "{code:?} was never sent");
        }
        for (message, times) in &self.sendings {
            assert!(*times <= 2, "{message} went out {times} times");
        }
    }
}
