//! Random histories of a full practice with a waitlist: whatever frees time, whom it is offered to is the first whom it fits,
//! and when all is offered nothing that became free fits anyone who waits.
//!
//! What fits is worked out here from what anyone can look up: the list of entries, the holds, the free slots.

use std::collections::BTreeMap;

use holdfast::ledger::{
    Awaited, Command, Decision, Event, PageRequest, Query, SlotSearch, SlotView, View,
    WaitlistView, WantedHolds, Wish, look,
};
use holdfast::model::{
    AppointmentId, CallerId, Claim, HoldId, HoldStatus, KeyId, MessageId, Party, PersonId,
    Principal, Reply, Scope, SendOutcome, Slug, Times, Timestamp, WaitlistId, WaitlistStatus,
    Weekdays, Window,
};
use proptest::prelude::*;

use super::acts::Place;
use super::house::{House, resource_id, service_id};
use super::model::{DAY, HOLDS_MAX, MINUTE, SERVICES};

/// 2026-03-02, a Monday, at six in the morning.
const BEGIN: i64 = 1_772_431_200_000;
const EVERYTHING: PageRequest = PageRequest {
    after: None,
    limit: 1_000,
};

#[derive(Debug, Clone)]
pub enum Act {
    Join {
        service: usize,
        resource: Option<usize>,
        monday: bool,
        morning: bool,
        phone: u128,
    },
    Hold(usize, Place, u128),
    Cancel(Place),
    Move(Place, Place),
    Release(Place),
    Confirm(Place),
    Withdraw(Place),
    Answer(u128, Reply),
    Settle(Place, SendOutcome),
    Wait(i64),
}

pub fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let place = any::<Place>;
    let join = (
        0usize..6,
        prop::option::weighted(0.2, 0usize..4),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        0u128..5,
    );
    let join = join.prop_map(|(service, resource, monday, morning, phone)| Act::Join {
        service,
        resource,
        monday,
        morning,
        phone,
    });
    let outcome = prop::sample::select(vec![SendOutcome::Sent, SendOutcome::NotSent]);
    let reply = prop::sample::select(vec![Reply::Yes, Reply::No, Reply::Unclear]);
    let act = prop_oneof![
        5 => join,
        2 => (0usize..6, place(), 0u128..5).prop_map(|(s, at, phone)| Act::Hold(s, at, phone)),
        6 => place().prop_map(Act::Cancel),
        1 => (place(), place()).prop_map(|(one, to)| Act::Move(one, to)),
        2 => place().prop_map(Act::Release),
        1 => place().prop_map(Act::Confirm),
        1 => place().prop_map(Act::Withdraw),
        2 => (0u128..5, reply).prop_map(|(phone, reply)| Act::Answer(phone, reply)),
        2 => (place(), outcome).prop_map(|(text, outcome)| Act::Settle(text, outcome)),
        2 => prop_oneof![0i64..5, 0i64..200].prop_map(|minutes| Act::Wait(minutes * MINUTE)),
    ];
    prop::collection::vec(act, most / 2..most)
}

/// Lives through a history of which the first day is fully booked.
pub fn live_through(acts: &[Act]) -> usize {
    let mut life = Life {
        house: House::furnished(Timestamp(BEGIN)),
        claims: BTreeMap::new(),
        offers: BTreeMap::new(),
        passed: BTreeMap::new(),
        freed: Vec::new(),
        appointments: Vec::new(),
        holds: Vec::new(),
        texts: Vec::new(),
        made: 0,
    };
    for service in [5, 4, 0, 3] {
        for slot in life.free(service, None, life.house.now, Timestamp(BEGIN + DAY)) {
            let command = Command::BookDirectly {
                wish: wish_for(&slot),
                party: party(99),
                overbook: false,
            };
            // Some were free only until another was booked.
            life.step(&command, staff());
        }
    }
    for act in acts {
        life.act(act);
        life.offer_all();
    }
    life.house.replay();
    life.made
}

struct Life {
    house: House,
    /// What holds and appointments take.
    claims: BTreeMap<u128, Vec<Claim>>,
    /// Offers that have not ended: whose, and of which start.
    offers: BTreeMap<HoldId, (WaitlistId, Timestamp)>,
    passed: BTreeMap<WaitlistId, Vec<Timestamp>>,
    /// What became free since all was offered.
    freed: Vec<Claim>,
    appointments: Vec<AppointmentId>,
    holds: Vec<HoldId>,
    texts: Vec<MessageId>,
    made: usize,
}

fn staff() -> Principal {
    Principal::Key {
        key: KeyId(2),
        scope: Scope::Staff,
    }
}

fn party(phone: u128) -> Party {
    Party {
        caller: CallerId(100 + phone),
        person: PersonId(1000 + phone),
    }
}

fn wish_for(slot: &SlotView) -> Wish {
    Wish {
        service: slot.service.clone(),
        resource: Some(slot.resource.clone()),
        start: slot.interval.start(),
    }
}

fn pick<T: Copy>(known: &[T], place: &Place) -> Option<T> {
    (!known.is_empty()).then(|| *place.get(known))
}

/// What an appointment of a service at this start takes.
fn taken(service: usize, start: Timestamp) -> (i64, i64) {
    let service = &SERVICES[service];
    let end = start.0 + (service.minutes + service.after) * MINUTE;
    (start.0 - service.before * MINUTE, end)
}

fn number(id: &Slug) -> usize {
    id.as_str()[1..].parse().expect("a number")
}

fn join(act: &Act) -> Option<Command> {
    let Act::Join {
        service,
        resource,
        monday,
        morning,
        phone,
    } = act
    else {
        return None;
    };
    Some(Command::JoinWaitlist {
        awaited: Awaited {
            service: service_id(*service),
            resources: resource.map(|resource| vec![resource_id(resource)]),
            times: Times {
                days: monday.then(|| Weekdays::named(["mon"]).expect("a day")),
                hours: morning.then(|| {
                    let time = |text: &str| text.parse().expect("a time");
                    Window::new(time("06:00"), time("12:00")).expect("hours")
                }),
                from: None,
                to: None,
            },
        },
        party: party(*phone),
    })
}

impl Life {
    fn look(&self, query: &Query) -> View {
        look(&self.house.live, query, staff(), self.house.now).expect("it can be looked up")
    }

    fn free(
        &self,
        service: usize,
        resource: Option<Slug>,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<SlotView> {
        let query = Query::Slots(SlotSearch {
            service: service_id(service),
            resource,
            from,
            to,
            include_taken: false,
            page: EVERYTHING,
        });
        let View::Slots(found) = self.look(&query) else {
            panic!("slots were asked for")
        };
        found.page.items
    }

    fn entries(&self) -> Vec<WaitlistView> {
        let (status, page) = (None, EVERYTHING);
        let View::Waitlist(found) = self.look(&Query::Waitlist { status, page }) else {
            panic!("the waitlist was asked for")
        };
        found.items
    }

    fn live_holds(&self, caller: CallerId) -> usize {
        let (status, page) = (Some(WantedHolds::Being(HoldStatus::Held)), EVERYTHING);
        let View::Holds(found) = self.look(&Query::Holds { status, page }) else {
            panic!("holds were asked for")
        };
        let held = found.items.iter();
        held.filter(|hold| hold.party.caller == caller).count()
    }

    /// Whether an entry waits that would take this; whether its phone has room is another question.
    fn fits(
        &self,
        entry: &WaitlistView,
        service: usize,
        resource: &Slug,
        start: Timestamp,
    ) -> bool {
        let minute = start.0.rem_euclid(DAY) / MINUTE;
        // The epoch was a Thursday.
        let is_monday = (start.0.div_euclid(DAY) + 3) % 7 == 0;
        let passed = self.passed.get(&entry.id);
        entry.status == WaitlistStatus::Waiting
            && entry.service == service_id(service)
            && (entry.resources.is_empty() || entry.resources.contains(resource))
            && (entry.times.days.is_none() || is_monday)
            && (entry.times.hours.is_none() || (360..720).contains(&minute))
            && passed.is_none_or(|passed| !passed.contains(&start))
    }

    fn act(&mut self, act: &Act) {
        let command = match act {
            Act::Wait(millis) => {
                self.house.now = Timestamp(self.house.now.0 + millis);
                self.step(&Command::TimePassed, Principal::System);
                return;
            }
            _ => self.command(act),
        };
        if let Some(command) = command {
            self.step(&command, staff());
        }
    }

    fn command(&self, act: &Act) -> Option<Command> {
        let soon = |service: usize, at: &Place| {
            let now = self.house.now;
            let free = self.free(service, None, now, Timestamp(now.0 + DAY));
            (!free.is_empty()).then(|| wish_for(at.get(&free)))
        };
        Some(match act {
            Act::Join { .. } => join(act)?,
            Act::Hold(service, at, phone) => Command::PlaceHold {
                wish: soon(*service, at)?,
                party: party(*phone),
                ttl_seconds: None,
                call: None,
            },
            Act::Cancel(place) => Command::CancelAppointment {
                appointment: pick(&self.appointments, place)?,
                if_version: None,
            },
            Act::Move(place, to) => Command::Reschedule {
                appointment: pick(&self.appointments, place)?,
                to: soon(0, to)?.into(),
                if_version: None,
            },
            Act::Release(place) => Command::ReleaseHold {
                hold: pick(&self.holds, place)?,
                if_version: None,
            },
            Act::Confirm(place) => Command::Confirm {
                hold: pick(&self.holds, place)?,
                code: None,
                if_version: None,
            },
            Act::Withdraw(place) => {
                let entries: Vec<_> = self.entries().iter().map(|entry| entry.id).collect();
                Command::WithdrawFromWaitlist {
                    entry: pick(&entries, place)?,
                    if_version: None,
                }
            }
            Act::Answer(phone, reply) => Command::AnswerOffer {
                caller: Some(party(*phone).caller),
                reply: *reply,
            },
            Act::Settle(place, outcome) => Command::SettleText {
                message: pick(&self.texts, place)?,
                attempt: 1,
                outcome: *outcome,
                sid: None,
            },
            Act::Wait(_) => return None,
        })
    }

    /// Decides, applies, and takes in what it means to those who wait.
    fn step(&mut self, command: &Command, principal: Principal) -> Option<Decision> {
        let decision = self.house.step(command, principal, None).ok()?;
        for event in &decision.events {
            self.follow(event);
        }
        Some(decision)
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::HoldPlaced { hold, claims, .. } => {
                self.claims.insert(hold.0, claims.clone());
                self.holds.push(*hold);
            }
            Event::AppointmentBooked {
                appointment,
                claims,
                ..
            } => {
                self.claims.insert(appointment.0, claims.clone());
                self.appointments.push(*appointment);
            }
            Event::AppointmentMoved {
                appointment,
                claims,
                ..
            } => {
                let before = self.claims.insert(appointment.0, claims.clone());
                self.freed.extend(before.expect("it stood"));
            }
            Event::HoldConfirmed {
                hold, appointment, ..
            } => {
                let claims = self.claims[&hold.0].clone();
                self.claims.insert(appointment.0, claims);
                self.appointments.push(*appointment);
                self.offers.remove(hold);
            }
            Event::AppointmentCancelled { appointment, .. } => {
                self.freed.extend(&self.claims[&appointment.0]);
            }
            Event::HoldReleased { hold } | Event::HoldExpired { hold } => {
                self.freed.extend(&self.claims[&hold.0]);
                if let Some((entry, start)) = self.offers.remove(hold) {
                    self.passed.entry(entry).or_default().push(start);
                }
            }
            Event::WaitlistWithdrawn { entry, .. } => {
                self.offers.retain(|_, (whose, _)| whose != entry);
            }
            Event::TextQueued { message, .. } => self.texts.push(*message),
            _ => {}
        }
    }

    /// What the house does after every step; each offer must go to the first whom it fits.
    fn offer_all(&mut self) {
        while self.house.live.has_freed() {
            let mut might = self.entries();
            self.retain_free(&mut might);
            let decision = self.step(&Command::OfferFreed, Principal::System);
            let decision = decision.expect("it is offered or dropped");
            assert!(!decision.events.is_empty(), "freed time is not left lying");
            self.check_offer(&decision, &might);
        }
        self.check_nothing_is_left();
    }

    /// Only those whose phone may be offered something: it has no other offer, and not too many holds.
    fn retain_free(&self, entries: &mut Vec<WaitlistView>) {
        let offered = entries.iter().filter(|entry| entry.offer.is_some());
        let offered: Vec<_> = offered.map(|entry| entry.party.caller).collect();
        entries.retain(|entry| {
            let caller = entry.party.caller;
            !offered.contains(&caller) && self.live_holds(caller) < HOLDS_MAX
        });
    }

    fn check_offer(&mut self, decision: &Decision, might: &[WaitlistView]) {
        let placed = decision.events.iter().find_map(|event| match event {
            Event::HoldPlaced {
                hold,
                service,
                interval,
                claims,
                ..
            } => Some((
                *hold,
                service.0 as usize,
                interval.start(),
                claims[0].resource,
            )),
            _ => None,
        });
        let made = decision.events.iter().find_map(|event| match event {
            Event::OfferMade { entry, .. } => Some(*entry),
            _ => None,
        });
        let (Some((hold, service, start, resource)), Some(made)) = (placed, made) else {
            assert!(placed.is_none() && made.is_none(), "an offer is a hold");
            return;
        };
        let resource = resource_id(resource.0 as usize);
        let mut in_order = might.iter();
        let first = in_order.find(|entry| self.fits(entry, service, &resource, start));
        let first = first.map(|entry| entry.id);
        assert_eq!(first, Some(made), "an offer goes to the first whom it fits");
        self.offers.insert(hold, (made, start));
        self.made += 1;
    }

    /// Nothing that became free fits anyone who waits.
    fn check_nothing_is_left(&mut self) {
        let mut entries = self.entries();
        self.retain_free(&mut entries);
        for freed in std::mem::take(&mut self.freed) {
            let resource = resource_id(freed.resource.0 as usize);
            for entry in &entries {
                let service = number(&entry.service);
                if !SERVICES[service].resources.contains(&number(&resource)) {
                    continue;
                }
                let (from, to) = (freed.interval.start(), freed.interval.end());
                let (from, to) = (from.plus_minutes(-240), to.plus_minutes(60));
                let free = self.free(service, Some(resource.clone()), from, to);
                let left = free.iter().map(|slot| slot.interval.start()).find(|start| {
                    let (begins, ends) = taken(service, *start);
                    let overlaps =
                        begins < freed.interval.end().0 && freed.interval.start().0 < ends;
                    let in_time = start.0 >= self.house.now.0 + MINUTE;
                    overlaps && in_time && self.fits(entry, service, &resource, *start)
                });
                assert_eq!(left, None, "{freed:?} was not offered to {entry:?}");
            }
        }
    }
}
