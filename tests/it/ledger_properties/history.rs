//! Random histories of a busy practice: many callers, few slots, a clock that moves; each act is foreseen by the model first.

use holdfast::ledger::{
    Command, ConflictSearch, Decision, Event, PageRequest, Query, Receipt, Rejection, SlotSearch,
    SlotStatus, SlotView, View, WantedHolds, Wish, look,
};
use holdfast::model::{
    AppointmentId, AppointmentStatus, BlockId, CallId, CallerId, EnteredCode, HoldId, HoldStatus,
    KeyId, MessageId, Party, PersonId, Principal, Scope, Slug, TextKind, Timestamp, WaitlistId,
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
        blocks: Vec::new(),
        entries: Vec::new(),
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
    life.check_conflicts();
    life.house.replay();
}

pub struct Life {
    pub house: House,
    pub model: Model,
    pub holds: Vec<HoldId>,
    /// Blocks that stand, in the order of the model's.
    pub blocks: Vec<(usize, BlockId)>,
    pub entries: Vec<WaitlistId>,
    appointments: Vec<AppointmentId>,
    pub texts: Vec<MessageId>,
}

pub fn agent() -> Principal {
    Principal::Key {
        key: KeyId(1),
        scope: Scope::Agent,
    }
}

pub fn staff() -> Principal {
    Principal::Key {
        key: KeyId(2),
        scope: Scope::Staff,
    }
}

pub fn party(phone: usize, person: usize) -> Party {
    Party {
        caller: CallerId(100 + phone as u128),
        person: PersonId(1000 + 10 * phone as u128 + person as u128),
    }
}

fn wished(wish: model::Wish) -> Wish {
    Wish {
        service: service_id(wish.service),
        resource: wish.resource.map(resource_id),
        start: Timestamp(wish.start),
    }
}

pub fn resource_ids(numbers: &[usize]) -> Vec<Slug> {
    numbers.iter().map(|number| resource_id(*number)).collect()
}

/// What was known at a place; before anything is known, an id of nobody's.
fn pick<T: Copy>(known: &[T], place: &Place, nobody: T) -> T {
    match known.is_empty() {
        true => nobody,
        false => *place.get(known),
    }
}

impl Life {
    pub fn now(&self) -> i64 {
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
            Act::Hold { slot, .. } | Act::Book(slot, _) | Act::Move(_, slot) => {
                let wish = self.wish(slot);
                return self.claim(act, wish, key);
            }
            Act::Series(slot, weeks, times) => {
                let wish = self.wish(slot);
                return self.series(wish, *weeks, *times, key);
            }
            Act::Confirm(place, said, by_staff) => self.confirm(place, *said, *by_staff, key),
            Act::Block(resource, from, minutes) => self.block(*resource, *from, *minutes),
            Act::Unblock(place) => match self.unblock(place) {
                Some(decided) => decided,
                None => return false,
            },
            Act::Close(resource, ahead) => self.close(*resource, *ahead),
            Act::Join(service, phone) => self.join(*service, *phone),
            Act::Withdraw(place) => self.withdraw(place),
            Act::Answer(phone, reply) => self.answer(*phone, *reply),
            Act::Offer => self.offer(),
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
                let extend = Command::ExtendHold {
                    hold,
                    ttl_seconds,
                    if_version: None,
                };
                (extend, agent())
            }
            Act::Release(place) => {
                let release = Command::ReleaseHold {
                    hold: hold(place),
                    if_version: None,
                };
                (release, agent())
            }
            Act::Send(place) => (
                Command::SendCode {
                    hold: hold(place),
                    route: None,
                },
                agent(),
            ),
            Act::Settle(place, outcome) => {
                let settle = Command::SettleText {
                    message: text(place),
                    attempt: 1,
                    outcome: *outcome,
                    sid: None,
                };
                (settle, Principal::System)
            }
            Act::HandOver(place) => (Command::HandOverText(text(place)), Principal::System),
            Act::Mark(place, attendance) => {
                let mark = Command::MarkAttendance {
                    appointment: pick(&self.appointments, place, AppointmentId(7)),
                    attendance: *attendance,
                    if_version: None,
                };
                (mark, staff())
            }
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
        let confirm = Command::Confirm {
            hold,
            code,
            if_version: None,
        };
        self.house.step(&confirm, principal, key)
    }

    /// Holds, bookings and moves: the model says first what must come of them.
    fn claim(&mut self, act: &Act, wish: model::Wish, key: Option<(u8, &str)>) -> bool {
        let now = self.now();
        let wished = wished(wish);
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
                    call: call.map(|call| CallId(call as u128)),
                };
                let foreseen = self.model.foresee(wish, *phone, *person, *call, now);
                (command, agent(), foreseen)
            }
            Act::Move(place, _) => {
                let appointment = pick(&self.appointments, place, AppointmentId(7));
                let command = Command::Reschedule {
                    appointment,
                    to: wished.into(),
                    if_version: None,
                };
                let own = Owner::Appointment(appointment.0);
                (
                    command,
                    staff(),
                    self.model.choose(wish, now, Some(own), false),
                )
            }
            _ => {
                let overbook = matches!(act, Act::Book(_, true));
                let command = Command::BookDirectly {
                    wish: wished,
                    party: party(0, 0),
                    overbook,
                };
                (
                    command,
                    staff(),
                    self.model.choose(wish, now, None, overbook),
                )
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
            Err(Rejection::TransitionNotAllowed { .. }) => {
                let Act::Move(place, _) = act else {
                    panic!("only what is moved has a status")
                };
                assert!(self.is_marked(place));
            }
            Err(Rejection::SlotTaken(alternatives)) => {
                assert_eq!(foreseen, Foreseen::Taken);
                let own = match act {
                    Act::Move(place, ..) => {
                        let moved = pick(&self.appointments, place, AppointmentId(7));
                        Some(Owner::Appointment(moved.0))
                    }
                    _ => None,
                };
                self.check_alternatives(wish, own, alternatives);
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
            (Receipt::Hold(hold), Foreseen::Had(resources, false)) => {
                assert_eq!(hold.resources, resource_ids(&resources));
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
                let (owner, lapses) = (Owner::Hold(hold.id.0), hold.expires_at.0);
                self.model.claim(wish, &resources, owner, lapses, false);
                self.model.holds.push(model::Hold {
                    id: hold.id.0,
                    service: wish.service,
                    resource: resources[0],
                    start: wish.start,
                    phone: *phone,
                    person: *person,
                    call: *call,
                });
                self.holds.push(hold.id);
            }
            (Receipt::Appointment(appointment), Foreseen::Had(resources, overbooked)) => {
                assert_eq!(appointment.resources, resource_ids(&resources));
                let owner = Owner::Appointment(appointment.id.0);
                // A move to where it already is changes nothing, an overbooking included.
                let stays = self.model.is_at(owner, wish, &resources);
                assert!(stays || appointment.overbooked == overbooked);
                self.model.give_up(owner);
                let overbooked = appointment.overbooked;
                self.model
                    .claim(wish, &resources, owner, i64::MAX, overbooked);
                if !self.appointments.contains(&appointment.id) {
                    self.appointments.push(appointment.id);
                }
            }
            (receipt, foreseen) => panic!("{foreseen:?} was foreseen, not {receipt:?}"),
        }
    }

    /// A series: all of it as the model foresees, or none and the one it fails at.
    fn series(
        &mut self,
        wish: model::Wish,
        weeks: i64,
        times: u32,
        key: Option<(u8, &str)>,
    ) -> bool {
        let ids = (0..times).map(|_| AppointmentId(self.house.draw()));
        let command = Command::BookSeries {
            wish: wished(wish),
            party: party(0, 1),
            every_weeks: u32::try_from(weeks).expect("weeks"),
            appointments: ids.collect(),
        };
        let foreseen = self.model.foresee_series(wish, weeks, times, self.now());
        let decided = self.house.step(&command, staff(), key);
        match (&decided, foreseen) {
            (Ok(decision), _) if decision.replayed => {}
            (Err(Rejection::IdempotencyKeyReused), _) => {}
            (Err(Rejection::Invalid { .. }), _) => assert!(weeks == 0 || times < 2),
            (Err(Rejection::SlotNotOffered(_)), Err(None)) => {}
            (
                Err(Rejection::SeriesNotPossible {
                    occurrence,
                    start,
                    reason,
                }),
                Err(Some(refused)),
            ) => assert_eq!((*occurrence, start.0, reason.as_str()), refused),
            (Ok(decision), Ok(foreseen)) => {
                let Receipt::Series(series) = &decision.receipt else {
                    panic!("a series was booked")
                };
                assert_eq!(series.appointments.len(), foreseen.len());
                for (one, (start, resources)) in series.appointments.iter().zip(foreseen) {
                    assert_eq!(one.resources, resource_ids(&resources));
                    assert_eq!(one.interval.start().0, start);
                    let owner = Owner::Appointment(one.id.0);
                    let wish = model::Wish { start, ..wish };
                    self.model.claim(wish, &resources, owner, i64::MAX, false);
                    self.appointments.push(one.id);
                }
            }
            other => panic!("not foreseen: {other:?}"),
        }
        decided.is_ok_and(|decision| !decision.events.is_empty())
    }

    /// What the model learns of the acts that claim nothing new.
    fn follow(&mut self, act: &Act, decided: &Result<Decision, Rejection>) {
        let now = self.now();
        let decision = match decided {
            Ok(decision) if decision.replayed => return,
            Ok(decision) => decision,
            Err(Rejection::TransitionNotAllowed { .. }) => {
                let (Act::Mark(place, _) | Act::Cancel(place)) = act else {
                    panic!("only an appointment has a status")
                };
                assert!(self.is_marked(place));
                return;
            }
            Err(_) => return,
        };
        for event in &decision.events {
            // Also what is given back on the way: by whoever waits no longer, or whose text was not sent.
            if let Event::HoldReleased { hold } = event {
                self.model.give_up(Owner::Hold(hold.0));
            }
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
            Receipt::CodeQueued(code) if !self.texts.contains(&code.message) => {
                self.texts.push(code.message);
            }
            Receipt::Appointment(appointment)
                if matches!(act, Act::Confirm(..) | Act::Answer(..)) =>
            {
                let hold = appointment.hold.expect("it was held").0;
                assert!(
                    self.model.is_live(hold, now),
                    "only what lives is confirmed"
                );
                self.model.confirm(hold, appointment.id.0);
                self.appointments.push(appointment.id);
            }
            Receipt::Appointment(appointment) => match act {
                Act::Mark(_, attendance) => {
                    assert_eq!(appointment.status, attendance.status());
                    self.model.marked.push(appointment.id.0);
                }
                _ => {
                    assert_eq!(appointment.status, AppointmentStatus::Cancelled);
                    assert!(!self.model.marked.contains(&appointment.id.0));
                    self.model.give_up(Owner::Appointment(appointment.id.0));
                }
            },
            _ => {}
        }
    }

    fn is_marked(&self, place: &Place) -> bool {
        let id = pick(&self.appointments, place, AppointmentId(7));
        self.model.marked.contains(&id.0)
    }

    fn check_alternatives(&self, wish: model::Wish, own: Option<Owner>, alternatives: &[SlotView]) {
        let nearest = self.model.nearest(wish, self.now(), own);
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
                status: Some(WantedHolds::Being(HoldStatus::Held)),
                page: everything,
            },
            Query::Appointments(holdfast::ledger::AppointmentSearch {
                from: Timestamp::MIN,
                to: Timestamp::MAX,
                resource: None,
                person: None,
                status: None,
                page: everything,
            }),
        ];
        let mut owners = Vec::new();
        for query in queries {
            match look(&self.house.live, &query, staff(), self.house.now) {
                Ok(View::Holds(page)) => owners.extend(page.items.iter().flat_map(|hold| {
                    let (owner, start) = (Owner::Hold(hold.id.0), hold.interval.start().0);
                    hold.resources
                        .iter()
                        .map(move |r| (owner, start, r.clone()))
                })),
                Ok(View::Appointments(page)) => {
                    let stands = page.items.iter().filter(|one| one.status.owns_time());
                    owners.extend(stands.flat_map(|one| {
                        let (owner, start) = (Owner::Appointment(one.id.0), one.interval.start().0);
                        one.resources.iter().map(move |r| (owner, start, r.clone()))
                    }));
                }
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

    /// Bookings that have come to lie in a block or on a day off, and no others.
    fn check_conflicts(&self) {
        let search = ConflictSearch {
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            resource: None,
            page: PageRequest {
                after: None,
                limit: 1000,
            },
        };
        let query = Query::Conflicts(search);
        let seen = look(&self.house.live, &query, staff(), self.house.now);
        let Ok(View::Conflicts(page)) = seen else {
            panic!("conflicts were asked for")
        };
        let mut found: Vec<_> = page.items.iter().map(|one| one.appointment.id.0).collect();
        found.sort_unstable();
        let foreseen = self.model.conflicts(self.now());
        assert_eq!(found, foreseen);
    }

    /// What a search lists, free and taken, in pages of any size, and what the model offers.
    fn check_offers(&self) {
        for service in 0..SERVICES.len() {
            for limit in [1000, 7] {
                let found = self.search(service, limit);
                let offered: Vec<_> = self
                    .model
                    .offered(service, self.now(), None)
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
