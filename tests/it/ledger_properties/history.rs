//! Random histories of a busy practice: many callers, few slots, a clock that moves; each act is foreseen by the model first.

use holdfast::ledger::{
    Command, Decision, PageRequest, Query, Receipt, Rejection, SlotSearch, SlotStatus, SlotView,
    View, Wish, look,
};
use holdfast::model::{
    AppointmentId, AppointmentStatus, CallId, CallerId, EnteredCode, HoldId, HoldStatus, Interval,
    KeyId, MessageId, Party, PersonId, Principal, Scope, TextKind, Timestamp,
};

use super::acts::{Act, Asked, Place, Said, Slot};
use super::house::{House, resource_id, service_id};
use super::model::{self, DAY, Foreseen, MINUTE, Model, Owner, SERVICES};

/// 2026-03-02, a Monday, at six in the morning.
const BEGIN: i64 = 1_772_431_200_000;

/// Lives through a history; whatever is not as foreseen panics, which proptest takes for a counter-example.
pub fn live_through(acts: &[Asked]) {
    let mut life = Life {
        house: House::furnished(Timestamp(BEGIN)),
        model: Model::default(),
        holds: Vec::new(),
        appointments: Vec::new(),
        texts: Vec::new(),
    };
    let mut latest: Option<&Asked> = None;
    for asked in acts {
        let repeats = matches!(asked, (Act::Repeat, _));
        let (act, key) = match (repeats, latest) {
            (true, Some(latest)) => latest,
            (true, None) => continue,
            (false, _) => asked,
        };
        if key.is_some() && !matches!(act, Act::Wait(_)) {
            latest = Some(asked).filter(|_| !repeats).or(latest);
        }
        let before = life.house.live.clone();
        let changed = life.act(act, *key);
        assert!(
            changed || before == life.house.live,
            "what is refused or as wished changes nothing"
        );
        life.check_owners();
    }
    life.check_offers();
    life.house.replay();
}

struct Life {
    house: House,
    model: Model,
    holds: Vec<HoldId>,
    appointments: Vec<AppointmentId>,
    texts: Vec<MessageId>,
}

fn agent() -> Principal {
    Principal::Key {
        key: KeyId(1),
        scope: Scope::Agent,
    }
}

fn staff() -> Principal {
    Principal::Key {
        key: KeyId(2),
        scope: Scope::Staff,
    }
}

fn party(phone: usize, person: usize) -> Party {
    Party {
        caller: CallerId(100 + phone as u128),
        person: PersonId(1000 + 10 * phone as u128 + person as u128),
    }
}

/// What was known at a place; before anything is known, an id of nobody's.
fn pick<T: Copy>(known: &[T], place: &Place, nobody: T) -> T {
    match known.is_empty() {
        true => nobody,
        false => *place.get(known),
    }
}

impl Life {
    fn now(&self) -> i64 {
        self.house.now.0
    }

    fn wish(&self, slot: &Slot) -> model::Wish {
        let today = self.now().div_euclid(DAY) * DAY;
        let start = today + slot.day * DAY + slot.minute * MINUTE;
        let over = start < self.now() && slot.day == 0;
        model::Wish {
            service: slot.service,
            resource: slot.resource,
            // What is over today is mostly wished for tomorrow.
            start: if over { start + DAY } else { start },
        }
    }

    /// Acts, and says whether anything was written down.
    fn act(&mut self, act: &Act, key: Option<u8>) -> bool {
        let body = format!("{act:?}");
        let key = key.map(|key| (key, body.as_str()));
        let decided = match act {
            Act::Wait(millis) => {
                self.house.now = Timestamp(self.now() + millis);
                return false;
            }
            Act::Hold { slot, .. } | Act::Book(slot) | Act::Move(_, slot) => {
                let wish = self.wish(slot);
                return self.claim(act, wish, key);
            }
            Act::Confirm(place, said, by_staff) => self.confirm(place, *said, *by_staff, key),
            Act::Block(resource, from, minutes) => self.block(*resource, *from, *minutes),
            _ => {
                let (command, principal) = self.plain(act);
                self.house.step(&command, principal, key)
            }
        };
        self.follow(act, &decided);
        decided.is_ok_and(|decision| !decision.events.is_empty())
    }

    fn plain(&self, act: &Act) -> (Command, Principal) {
        let hold = |place| pick(&self.holds, place, HoldId(7));
        let text = |place| pick(&self.texts, place, MessageId(7));
        match act {
            Act::Extend(place, ttl_seconds) => {
                let (hold, ttl_seconds) = (hold(place), *ttl_seconds);
                (Command::ExtendHold { hold, ttl_seconds }, agent())
            }
            Act::Release(place) => (Command::ReleaseHold(hold(place)), agent()),
            Act::Send(place) => (Command::SendCode(hold(place)), agent()),
            Act::Settle(place, outcome) => {
                let settle = Command::SettleText {
                    message: text(place),
                    attempt: 1,
                    outcome: *outcome,
                };
                (settle, Principal::System)
            }
            Act::HandOver(place) => (Command::HandOverText(text(place)), Principal::System),
            Act::Cancel(place) => {
                let cancel = Command::CancelAppointment {
                    appointment: pick(&self.appointments, place, AppointmentId(7)),
                    if_version: None,
                };
                (cancel, staff())
            }
            _ => (Command::TimePassed, Principal::System),
        }
    }

    fn block(&mut self, resource: usize, from: i64, minutes: i64) -> Result<Decision, Rejection> {
        let start = self.now().div_euclid(DAY) * DAY + from * MINUTE;
        let end = start + minutes * MINUTE;
        let block = Command::BlockTime {
            resource: resource_id(resource),
            interval: Interval::new(Timestamp(start), Timestamp(end)).expect("not empty"),
        };
        self.model.blocks.push((resource, start, end));
        self.house.step(&block, staff(), None)
    }

    fn confirm(
        &mut self,
        place: &Place,
        said: Said,
        by_staff: bool,
        key: Option<(u8, &str)>,
    ) -> Result<Decision, Rejection> {
        let hold = pick(&self.holds, place, HoldId(7));
        let right = self.texts.iter().rev().find_map(|text| {
            let TextKind::Code {
                hold: whose,
                verification,
                generation,
                digits,
                ..
            } = self.house.live.message(*text)?.kind
            else {
                return None;
            };
            (whose == hold).then(|| self.house.codes.code(verification, generation, digits))
        });
        let code = match said {
            Said::Right => right.and_then(|code| EnteredCode::new(&code)),
            Said::Wrong => EnteredCode::new("no code"),
            Said::Nothing => None,
        };
        let principal = if by_staff { staff() } else { agent() };
        self.house
            .step(&Command::Confirm { hold, code }, principal, key)
    }

    /// Holds, bookings and moves: the model says first what must come of them.
    fn claim(&mut self, act: &Act, wish: model::Wish, key: Option<(u8, &str)>) -> bool {
        let now = self.now();
        let wished = Wish {
            service: service_id(wish.service),
            resource: wish.resource.map(resource_id),
            start: Timestamp(wish.start),
        };
        let (command, principal, foreseen) = match act {
            Act::Hold {
                phone,
                person,
                call,
                ttl,
                ..
            } => {
                let command = Command::PlaceHold {
                    wish: wished,
                    party: party(*phone, *person),
                    ttl_seconds: *ttl,
                    call: call.map(|call| CallId::new(&format!("call-{call}")).expect("a call")),
                };
                let foreseen = self.model.foresee(wish, *phone, *person, *call, now);
                (command, agent(), foreseen)
            }
            Act::Move(place, _) => {
                let appointment = pick(&self.appointments, place, AppointmentId(7));
                let command = Command::Reschedule {
                    appointment,
                    wish: wished,
                    if_version: None,
                };
                let own = Owner::Appointment(appointment.0);
                (command, staff(), self.model.choose(wish, now, Some(own)))
            }
            _ => {
                let party = party(0, 0);
                let command = Command::BookDirectly {
                    wish: wished,
                    party,
                };
                (command, staff(), self.model.choose(wish, now, None))
            }
        };
        let decided = self.house.step(&command, principal, key);
        self.compare(act, wish, foreseen, &decided);
        decided.is_ok_and(|decision| !decision.events.is_empty())
    }

    fn compare(
        &mut self,
        act: &Act,
        wish: model::Wish,
        foreseen: Foreseen,
        decided: &Result<Decision, Rejection>,
    ) {
        let now = self.now();
        match decided {
            // The request's key speaks before the rule does.
            Ok(decision) if decision.replayed => {}
            Err(Rejection::IdempotencyKeyReused) => {}
            Err(Rejection::Invalid { field, .. }) => {
                let Act::Hold { ttl, .. } = act else {
                    panic!("only holds can be invalid here")
                };
                assert_eq!((*ttl, *field), (Some(0), "ttl_seconds"));
            }
            Err(Rejection::NotFound(_) | Rejection::AppointmentCancelled) => {
                let Act::Move(place, _) = act else {
                    panic!("only what is moved must be there")
                };
                let id = pick(&self.appointments, place, AppointmentId(7));
                let own = Owner::Appointment(id.0);
                assert!(self.model.live(now).all(|claim| claim.owner != own));
            }
            Err(Rejection::SlotTaken(alternatives)) => {
                assert_eq!(foreseen, Foreseen::Taken);
                self.check_alternatives(wish, alternatives);
            }
            Err(Rejection::SlotNotOffered(reason)) => {
                assert_eq!(foreseen, Foreseen::NotOffered(reason.as_str()));
            }
            Err(Rejection::TooManyHolds { .. }) => assert_eq!(foreseen, Foreseen::TooMany),
            Err(other) => panic!("not foreseen: {other:?}"),
            Ok(decision) => self.had(act, wish, foreseen, &decision.receipt),
        }
    }

    fn had(&mut self, act: &Act, wish: model::Wish, foreseen: Foreseen, receipt: &Receipt) {
        match (receipt, foreseen) {
            (Receipt::HoldAgain(hold), Foreseen::Again(id)) => assert_eq!(hold.id.0, id),
            (Receipt::Hold(hold), Foreseen::Had(resource)) => {
                assert_eq!(hold.resources, [resource_id(resource)]);
                let Act::Hold {
                    phone,
                    person,
                    call,
                    ttl,
                    ..
                } = act
                else {
                    panic!("only a hold is held")
                };
                let lasts = i64::from(ttl.unwrap_or(600)).min(1800) * 1000;
                assert_eq!(hold.expires_at.0, self.now() + lasts);
                self.model
                    .claim(wish, resource, Owner::Hold(hold.id.0), hold.expires_at.0);
                self.model.holds.push(model::Hold {
                    id: hold.id.0,
                    service: wish.service,
                    resource,
                    start: wish.start,
                    phone: *phone,
                    person: *person,
                    call: *call,
                });
                self.holds.push(hold.id);
            }
            (Receipt::Appointment(appointment), Foreseen::Had(resource)) => {
                assert_eq!(appointment.resources, [resource_id(resource)]);
                let owner = Owner::Appointment(appointment.id.0);
                self.model.give_up(owner);
                self.model.claim(wish, resource, owner, i64::MAX);
                if !self.appointments.contains(&appointment.id) {
                    self.appointments.push(appointment.id);
                }
            }
            (receipt, foreseen) => panic!("{foreseen:?} was foreseen, not {receipt:?}"),
        }
    }

    /// What the model learns of the acts that claim nothing new.
    fn follow(&mut self, act: &Act, decided: &Result<Decision, Rejection>) {
        let now = self.now();
        let Ok(decision) = decided else { return };
        if decision.replayed {
            return;
        }
        match &decision.receipt {
            Receipt::Hold(hold) => {
                assert!(
                    self.model.is_live(hold.id.0, now),
                    "only what lives is extended"
                );
                let owner = Owner::Hold(hold.id.0);
                for claim in self.model.claims.iter_mut().filter(|c| c.owner == owner) {
                    assert!(claim.lapses <= hold.expires_at.0, "never shorter");
                    claim.lapses = hold.expires_at.0;
                }
            }
            Receipt::Released(hold) => self.model.give_up(Owner::Hold(hold.0)),
            Receipt::CodeQueued(code) if !self.texts.contains(&code.message) => {
                self.texts.push(code.message);
            }
            Receipt::Appointment(appointment) if matches!(act, Act::Confirm(..)) => {
                let hold = appointment.hold.expect("it was held").0;
                assert!(
                    self.model.is_live(hold, now),
                    "only what lives is confirmed"
                );
                for claim in &mut self.model.claims {
                    if claim.owner == Owner::Hold(hold) {
                        claim.owner = Owner::Appointment(appointment.id.0);
                        claim.lapses = i64::MAX;
                    }
                }
                self.appointments.push(appointment.id);
            }
            Receipt::Appointment(appointment) => {
                assert_eq!(appointment.status, AppointmentStatus::Cancelled);
                self.model.give_up(Owner::Appointment(appointment.id.0));
            }
            _ => {}
        }
    }

    fn check_alternatives(&self, wish: model::Wish, alternatives: &[SlotView]) {
        let nearest = self.model.nearest(wish, self.now());
        let nearest: Vec<_> = nearest
            .iter()
            .map(|(start, resource)| (*start, resource_id(*resource)))
            .collect();
        let found: Vec<_> = alternatives
            .iter()
            .map(|slot| (slot.interval.start().0, slot.resource.clone()))
            .collect();
        assert_eq!(found, nearest, "the nearest three");
    }

    /// Who has what, by the ledger and by the model.
    fn check_owners(&self) {
        let now = self.now();
        assert!(self.model.collision(now).is_none(), "one time, one owner");
        let everything = PageRequest {
            after: None,
            limit: 1000,
        };
        let queries = [
            Query::Holds {
                status: Some(HoldStatus::Held),
                page: everything,
            },
            Query::Appointments(holdfast::ledger::AppointmentSearch {
                from: Timestamp::MIN,
                to: Timestamp::MAX,
                resource: None,
                person: None,
                status: Some(AppointmentStatus::Booked),
                page: everything,
            }),
        ];
        let mut owners = Vec::new();
        for query in queries {
            match look(&self.house.live, &query, staff(), self.house.now) {
                Ok(View::Holds(page)) => owners.extend(page.items.iter().map(|hold| {
                    let start = hold.interval.start().0;
                    (Owner::Hold(hold.id.0), start, hold.resources[0].clone())
                })),
                Ok(View::Appointments(page)) => owners.extend(page.items.iter().map(|one| {
                    let start = one.interval.start().0;
                    (
                        Owner::Appointment(one.id.0),
                        start,
                        one.resources[0].clone(),
                    )
                })),
                other => panic!("a list was asked for: {other:?}"),
            }
        }
        let mut foreseen: Vec<_> = self
            .model
            .live(now)
            .map(|claim| (claim.owner, claim.start, resource_id(claim.resource)))
            .collect();
        owners.sort();
        foreseen.sort();
        // The model's claims begin with their buffers.
        let places = |owners: &[(Owner, i64, _)]| -> Vec<(Owner, _)> {
            owners
                .iter()
                .map(|(o, _, r): &(Owner, i64, holdfast::model::Slug)| (*o, r.clone()))
                .collect()
        };
        assert_eq!(places(&owners), places(&foreseen));
        for ((_, start, _), (_, claimed, _)) in owners.iter().zip(&foreseen) {
            assert!(claimed <= start && start - claimed <= 30 * MINUTE);
        }
    }

    /// What a search lists, free and taken, in pages of any size, and what the model offers.
    fn check_offers(&self) {
        for service in 0..SERVICES.len() {
            for limit in [1000, 7] {
                let found = self.search(service, limit);
                let offered: Vec<_> = self
                    .model
                    .offered(service, self.now())
                    .into_iter()
                    .map(|(start, resource, free)| (start, resource_id(resource), free))
                    .collect();
                assert_eq!(found, offered);
            }
        }
    }

    fn search(&self, service: usize, limit: usize) -> Vec<(i64, holdfast::model::Slug, bool)> {
        let mut search = SlotSearch {
            service: service_id(service),
            resource: None,
            from: Timestamp(self.now() - DAY),
            to: Timestamp(self.now() + 30 * DAY),
            include_taken: true,
            page: PageRequest { after: None, limit },
        };
        let mut found = Vec::new();
        loop {
            let query = Query::Slots(search.clone());
            let Ok(View::Slots(slots)) = look(&self.house.live, &query, agent(), self.house.now)
            else {
                panic!("slots were asked for")
            };
            found.extend(slots.page.items.iter().map(|slot| {
                let free = slot.status == SlotStatus::Free;
                (slot.interval.start().0, slot.resource.clone(), free)
            }));
            search.page.after = slots.page.next;
            if slots.page.next.is_none() {
                return found;
            }
        }
    }
}
