//! Decisions per second of one ledger in memory: no journal, no actor, no HTTP. benches/README.md has the estimates.
//!
//! The practice is a large one: twenty practitioners, ninety days, half of all times booked. What changes the ledger is
//! measured in runs of a thousand on a copy of it, so that it neither fills up nor starts from nothing; copying and setting
//! up are not measured.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holdfast::clock::Stopwatch;
use holdfast::ledger::{
    Awaited, Command, Context, Decision, Event, Ledger, NewResource, NewService, PageRequest,
    Policy, Query, Receipt, Rejection, SlotSearch, SlotView, TextChannel, TextLimits, View, Wish,
    apply, decide, look,
};
use holdfast::model::{
    CallerId, EnteredCode, HoldId, KeyId, OpeningHours, Party, PersonId, Principal, Profile,
    ResourceKind, Scope, SendOutcome, Slug, TenantId, TextKind, Times, Timestamp,
    VerificationPolicy, Weekdays, Window,
};
use holdfast::seal::{CodeKey, MasterKey};

const PRACTITIONERS: usize = 20;
const ROOMS: usize = 10;
const DAYS: i64 = 90;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// 2026-03-02, a Monday, at six in the morning in London.
const NOW: Timestamp = Timestamp(1_772_431_200_000);
/// Entries of a waitlist.
const WAITING: u128 = 10_000;
/// Decisions on one copy of the practice.
const RUN: u64 = 1_000;

fn slug(text: &str) -> Slug {
    text.parse().expect("an id")
}

fn room(number: usize) -> Slug {
    slug(&format!("room-{number:02}"))
}

fn practitioner(number: usize) -> Slug {
    slug(&format!("dr-{number:02}"))
}

/// A ledger and what its decisions rest on.
#[derive(Clone)]
struct Practice {
    ledger: Ledger,
    policy: Policy,
    codes: CodeKey,
    drawn: u128,
}

impl Practice {
    fn new() -> Self {
        let tenant = TenantId(1);
        let mut practice = Self {
            ledger: Ledger::new(tenant),
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
                limits: TextLimits::default(),
            },
            codes: CodeKey::of(&MasterKey::new([1; 32]), tenant),
            drawn: 0,
        };
        let profile = Profile::new("Clinic", "Europe/London", "GB").expect("a profile");
        practice.carry_out(&Command::OpenClinic(profile));
        let window = |from: &str, to: &str| {
            Window::new(from.parse().expect("a time"), to.parse().expect("a time"))
        };
        let days = Weekdays::named(["mon", "tue", "wed", "thu", "fri"]).expect("days");
        let hours = [window("08:00", "12:00"), window("13:00", "17:00")];
        let practitioners = (0..PRACTITIONERS).map(practitioner);
        for id in practitioners.chain((0..ROOMS).map(room)) {
            practice.carry_out(&Command::AddResource(NewResource {
                name: id.to_string(),
                id: Some(id),
                kind: ResourceKind::Practitioner,
                opening_hours: hours
                    .iter()
                    .map(|window| OpeningHours {
                        days,
                        window: window.clone().expect("a window"),
                    })
                    .collect(),
                exceptions: Vec::new(),
            }));
        }
        let rooms = vec![(0..ROOMS).map(room).collect()];
        for (id, horizon_days, also) in [("checkup", 90, Vec::new()), ("scan", 365, rooms)] {
            practice.carry_out(&Command::AddService(NewService {
                id: Some(slug(id)),
                name: id.to_owned(),
                minutes: 30,
                buffer_before_minutes: 0,
                buffer_after_minutes: 0,
                step_minutes: None,
                notice_minutes: 60,
                cancel_notice_minutes: 0,
                horizon_days,
                resources: (0..PRACTITIONERS).map(practitioner).collect(),
                also,
                verification: VerificationPolicy::Required,
            }));
        }
        practice.fill();
        practice
    }

    /// Books every other free slot.
    fn fill(&mut self) {
        for day in 0..DAYS {
            let free = self.find(day, 1, 1_000);
            for (number, slot) in free.iter().step_by(2).enumerate() {
                self.carry_out(&Command::BookDirectly {
                    wish: wish_for(slot),
                    party: party(number as u128),
                    overbook: false,
                });
            }
        }
    }

    fn decide(&mut self, command: &Command) -> Result<Decision, Rejection> {
        let fresh = [(); 5].map(|()| {
            self.drawn += 1;
            self.drawn
                .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
        });
        let context = Context {
            now: NOW,
            principal: Principal::Key {
                key: KeyId(1),
                scope: Scope::Staff,
            },
            fresh,
            policy: &self.policy,
            codes: &self.codes,
            request: None,
        };
        decide(&self.ledger, command, &context)
    }

    fn carry_out(&mut self, command: &Command) -> Decision {
        let decision = self.decide(command).expect("it can be had");
        for event in &decision.events {
            apply(&mut self.ledger, event);
        }
        decision
    }

    fn find(&self, first_day: i64, days: i64, limit: usize) -> Vec<SlotView> {
        self.find_of("checkup", first_day, days, limit)
    }

    fn find_of(&self, service: &str, first_day: i64, days: i64, limit: usize) -> Vec<SlotView> {
        let from = Timestamp(NOW.0.div_euclid(DAY_MILLIS) * DAY_MILLIS + first_day * DAY_MILLIS);
        let query = Query::Slots(SlotSearch {
            service: slug(service),
            resource: None,
            from,
            to: Timestamp(from.0 + days * DAY_MILLIS),
            include_taken: false,
            page: PageRequest { after: None, limit },
        });
        match look(&self.ledger, &query, Principal::System, NOW) {
            Ok(View::Slots(slots)) => slots.page.items,
            other => panic!("slots were asked for: {other:?}"),
        }
    }

    /// A thousand free slots all over the ninety days.
    fn free_slots(&self) -> Vec<SlotView> {
        let all: Vec<_> = (0..DAYS).flat_map(|day| self.find(day, 1, 1_000)).collect();
        let step = all.len() / RUN as usize;
        assert!(step > 0, "there are enough free slots");
        all.into_iter().step_by(step).take(RUN as usize).collect()
    }

    fn hold(&mut self, wish: Wish, number: u128) -> HoldId {
        let decision = self.carry_out(&Command::PlaceHold {
            wish,
            party: party(number),
            ttl_seconds: None,
            call: None,
        });
        match decision.receipt {
            Receipt::Hold(hold) => hold.id,
            other => panic!("a hold was asked for: {other:?}"),
        }
    }

    /// Sends a hold's code; gives what its caller will say.
    fn send(&mut self, hold: HoldId) -> EnteredCode {
        let decision = self.carry_out(&Command::SendCode { hold, route: None });
        let text = decision.events.iter().find_map(|event| match event {
            Event::TextQueued { message, kind, .. } => Some((*message, *kind)),
            _ => None,
        });
        let (message, kind) = text.expect("a text was queued");
        self.carry_out(&Command::SettleText {
            message,
            attempt: 1,
            outcome: SendOutcome::Sent,
            sid: None,
        });
        let TextKind::Code {
            verification,
            generation,
            digits,
            ..
        } = kind
        else {
            panic!("a code was asked for")
        };
        let code = self.codes.code(verification, generation, digits);
        EnteredCode::new(&code).expect("a code")
    }
}

fn wish_for(slot: &SlotView) -> Wish {
    Wish {
        service: slot.service.clone(),
        resource: Some(slot.resource.clone()),
        start: slot.interval.start(),
    }
}

fn party(number: u128) -> Party {
    Party {
        caller: CallerId(number),
        person: PersonId(number),
    }
}

/// Measures `iterations` decisions in runs, each on a copy of the practice that `prepare` makes ready.
fn in_runs<T>(
    practice: &Practice,
    iterations: u64,
    prepare: impl Fn(&mut Practice) -> Vec<T>,
    decide: impl Fn(&mut Practice, T, u128),
) -> Duration {
    let (mut done, mut elapsed) = (0, Duration::ZERO);
    while done < iterations {
        let mut copy = practice.clone();
        let given = prepare(&mut copy);
        let now = (iterations - done).min(given.len() as u64);
        let stopwatch = Stopwatch::start();
        for (number, one) in (0..now).zip(given) {
            decide(&mut copy, one, u128::from(number));
        }
        elapsed += stopwatch.elapsed();
        done += now;
    }
    elapsed
}

fn changes(criterion: &mut Criterion, practice: &Practice) {
    let slots = practice.free_slots();
    let wishes = |_: &mut Practice| slots.iter().map(wish_for).collect::<Vec<_>>();
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    group.bench_function("hold, practitioner named", |bencher| {
        bencher.iter_custom(|iterations| {
            in_runs(practice, iterations, wishes, |copy, wish, number| {
                copy.hold(wish, number);
            })
        });
    });
    group.bench_function("hold, any one of twenty", |bencher| {
        let anyone = |_: &mut Practice| {
            let wishes = slots.iter().map(wish_for);
            wishes
                .map(|wish| Wish {
                    resource: None,
                    ..wish
                })
                .collect::<Vec<_>>()
        };
        bencher.iter_custom(|iterations| {
            in_runs(practice, iterations, anyone, |copy, wish, number| {
                copy.hold(wish, number);
            })
        });
    });
    group.bench_function("hold and release", |bencher| {
        bencher.iter_custom(|iterations| {
            in_runs(practice, iterations, wishes, |copy, wish, number| {
                let hold = copy.hold(wish, number);
                copy.carry_out(&Command::ReleaseHold {
                    hold,
                    if_version: None,
                });
            })
        });
    });
    group.bench_function("confirm by code", |bencher| {
        let held = |copy: &mut Practice| {
            let with_codes = slots.iter().zip(0..).map(|(slot, number)| {
                let hold = copy.hold(wish_for(slot), number);
                let code = Some(copy.send(hold));
                Command::Confirm {
                    hold,
                    code,
                    if_version: None,
                }
            });
            with_codes.collect::<Vec<_>>()
        };
        bencher.iter_custom(|iterations| {
            in_runs(practice, iterations, held, |copy, confirm, _| {
                let decision = copy.carry_out(&confirm);
                assert!(matches!(decision.receipt, Receipt::Appointment(_)));
            })
        });
    });
    group.finish();
}

fn looks(criterion: &mut Criterion, practice: &Practice) {
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    let mut busy = practice.clone();
    let slot = busy.find(7, 1, 1_000)[40].clone();
    busy.hold(wish_for(&slot), 1);
    let refused = |wish: Wish| Command::PlaceHold {
        wish,
        party: party(2),
        ttl_seconds: None,
        call: None,
    };
    group.bench_function("refusal with alternatives", |bencher| {
        let command = refused(wish_for(&slot));
        bencher.iter(|| {
            let Err(Rejection::SlotTaken(near)) = busy.decide(&command) else {
                panic!("the slot is taken")
            };
            near
        });
    });
    group.bench_function("find one day", |bencher| {
        bencher.iter(|| practice.find(7, 1, 1_000))
    });
    group.bench_function("find one day, first page", |bencher| {
        bencher.iter(|| practice.find(7, 1, 50));
    });
    group.bench_function("find seven days", |bencher| {
        bencher.iter(|| practice.find(7, 7, 1_000));
    });
    group.finish();
}

/// Practitioner and room together, and a year of it.
fn together(criterion: &mut Criterion, practice: &Practice) {
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    let slots = practice.free_slots();
    group.bench_function("hold, any one of twenty and a room of ten", |bencher| {
        let anyone = |_: &mut Practice| {
            let wishes = slots.iter().map(|slot| Wish {
                service: slug("scan"),
                resource: None,
                start: slot.interval.start(),
            });
            wishes.collect::<Vec<_>>()
        };
        bencher.iter_custom(|iterations| {
            in_runs(practice, iterations, anyone, |copy, wish, number| {
                copy.hold(wish, number);
            })
        });
    });
    group.bench_function("find one day, with a room of ten", |bencher| {
        bencher.iter(|| practice.find_of("scan", 7, 1, 1_000));
    });
    group.bench_function("find a year with a room, a page of 1,000", |bencher| {
        bencher.iter(|| {
            let page = practice.find_of("scan", 0, 365, 1_000);
            assert_eq!(page.len(), 1_000);
            page
        });
    });
    group.finish();
}

/// A freed time and as many who wait as there may be: all but perhaps the last would come at night only.
fn offers(criterion: &mut Criterion, practice: &Practice) {
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    for (name, last_takes_anything) in [
        ("freed time fits none of 10,000", false),
        ("freed time fits the last of 10,000", true),
    ] {
        let mut crowded = practice.clone();
        let slot = crowded.find(7, 1, 1_000)[40].clone();
        let hold = crowded.hold(wish_for(&slot), 1);
        for number in 0..WAITING {
            let at_night = !(last_takes_anything && number == WAITING - 1);
            let hours = Window::new(
                "01:00".parse().expect("a time"),
                "05:00".parse().expect("a time"),
            );
            crowded.carry_out(&Command::JoinWaitlist {
                awaited: Awaited {
                    service: slug("checkup"),
                    resources: None,
                    times: Times {
                        hours: at_night.then(|| hours.expect("a window")),
                        ..Times::default()
                    },
                },
                party: party(10 + number / 5),
            });
        }
        crowded.carry_out(&Command::ReleaseHold {
            hold,
            if_version: None,
        });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let offered = crowded.decide(&Command::OfferFreed).expect("it is offered");
                assert_eq!(offered.events.len() == 1, !last_takes_anything);
                offered
            });
        });
    }
    group.finish();
}

fn ledger(criterion: &mut Criterion) {
    let practice = Practice::new();
    changes(criterion, &practice);
    looks(criterion, &practice);
    together(criterion, &practice);
    offers(criterion, &practice);
}

criterion_group!(benches, ledger);
criterion_main!(benches);
