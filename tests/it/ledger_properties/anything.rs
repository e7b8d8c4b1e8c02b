//! Commands with any values, from any caller, at any instant: nothing panics, and what was decided can be replayed.

use holdfast::ledger::{
    AppointmentSearch, Awaited, BlockSearch, CallEnd, CallerSearch, Command, ConflictSearch,
    Cursor, Destination, NewResource, NewService, PageRequest, Policy, ProfileChange, Query,
    Receipt, ResourceChange, ServiceChange, SlotSearch, TextChannel, TextLimits, WantedHolds, Wish,
    look,
};
use holdfast::model::{
    AppointmentId, Assistant, Attendance, BaseUrl, BlockId, CallId, CallerId, DayException,
    Delivery, DeliveryStatus, Endpoint, EnteredCode, Heard, HoldId, Interval, KeyId, KeyUse,
    KnowledgeText, MessageId, MinuteOfDay, ModelName, Models, OpeningHours, Party, PersonId,
    Prefix, Principal, ProviderId, Reply, ResourceKind, Route, Scope, SealedToken, SendOutcome,
    SignatureForm, Slug, SmsAccount, Times, Timestamp, VerificationPolicy, VoiceSettings,
    WaitlistId, Warmth, Weekdays, Window,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::house::House;

/// A command, who asks, how far the clock has moved since the last one, and what is looked up afterwards.
#[derive(Debug, Clone)]
pub struct Act {
    command: Command,
    principal: Principal,
    moved: i64,
    key: Option<u8>,
    query: Query,
}

pub fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let moved = prop_oneof![200 => 0i64..60_000, 2 => 0i64..10_000_000_000, 1 => 0..i64::MAX];
    let key = prop::option::of(0u8..4);
    let act = (command().boxed(), principal(), moved, key, query().boxed()).prop_map(
        |(command, principal, moved, key, query)| Act {
            command,
            principal,
            moved,
            key,
            query,
        },
    );
    let begin = prop_oneof![6 => Just(NOW.0), 1 => any::<i64>()];
    (begin, prop::collection::vec(act, 1..most)).prop_map(|(begin, mut acts)| {
        // The first move is from the beginning of time.
        acts[0].moved = begin;
        acts
    })
}

/// Ids below this are places among what is known.
const PLACES: u128 = 1000;

const NOW: Timestamp = Timestamp(1_772_431_200_000);

pub fn policies() -> impl Strategy<Value = Policy> {
    let number = || prop_oneof![Just(0u32), 1u32..10, 300u32..2000, Just(u32::MAX)];
    let texts = prop::sample::select(vec![
        TextChannel::Inbox,
        TextChannel::Inbox,
        TextChannel::Provider,
    ]);
    (
        (number(), number(), number(), number(), number(), number()),
        4u8..=8,
        texts,
    )
        .prop_map(
            |((ttl, lifetime, holds, code, attempts, resends), digits, texts)| Policy {
                hold_ttl_seconds: ttl,
                hold_lifetime_seconds_max: lifetime,
                live_holds_per_phone_max: holds,
                code_digits: digits,
                code_ttl_seconds: code,
                attempts_max: attempts,
                attempts_per_hold_max: attempts,
                resends_max: resends,
                offer_seconds: ttl,
                unbooked_days: 30,
                follow_up_seconds: code,
                call_grace_seconds: resends,
                conversation_seconds: i64::from(lifetime),
                texts,
                limits: TextLimits::default(),
            },
        )
}

pub fn live_through(acts: &[Act], policy: Policy) {
    let mut house = House::furnished(Timestamp(acts[0].moved));
    house.policy = policy;
    let zone = ["Europe/London", "Pacific/Apia", "Africa/Abidjan"][acts.len() % 3];
    let change = ProfileChange {
        time_zone: Some(zone.to_owned()),
        ..ProfileChange::default()
    };
    let set = Command::ChangeProfile {
        change,
        if_version: Some(1),
    };
    let set = house.step(&set, Principal::System, None);
    set.expect("a zone");
    let mut known = Known::default();
    for act in acts.iter().skip(1) {
        house.now = Timestamp(house.now.0.saturating_add(act.moved));
        let command = known.named(act.command.clone());
        let body = format!("{command:?}");
        let key = act.key.map(|key| (key, body.as_str()));
        // Whatever it says is fine.
        if let Ok(decision) = house.step(&command, act.principal, key) {
            known.learn(&decision.receipt);
        }
        let _seen = look(&house.live, &act.query, act.principal, house.now);
    }
    house.replay();
}

/// The ids that were drawn, by kind.
#[derive(Default)]
struct Known {
    holds: Vec<u128>,
    appointments: Vec<u128>,
    texts: Vec<u128>,
    keys: Vec<u128>,
    blocks: Vec<u128>,
    waitlist: Vec<u128>,
}

impl Known {
    fn learn(&mut self, receipt: &Receipt) {
        match receipt {
            Receipt::Hold(hold) => self.holds.push(hold.id.0),
            Receipt::Appointment(appointment) => self.appointments.push(appointment.id.0),
            Receipt::CodeQueued(code) => self.texts.push(code.message.0),
            Receipt::CallEnded(view) => {
                self.texts.extend(view.message.map(|id| id.0));
                self.holds.extend(view.hold.map(|id| id.0));
            }
            Receipt::Key(key) => self.keys.push(key.id.0),
            Receipt::Block { block, .. } => self.blocks.push(block.id.0),
            Receipt::WaitlistEntry(entry) => self.waitlist.push(entry.id.0),
            _ => {}
        }
    }

    /// Puts what is known in the place of places.
    fn named(&self, mut command: Command) -> Command {
        let name = |known: &[u128], id: &mut u128| {
            if *id < PLACES && !known.is_empty() {
                *id = known[*id as usize % known.len()];
            }
        };
        match &mut command {
            Command::ExtendHold { hold, .. }
            | Command::ReleaseHold { hold, .. }
            | Command::SendCode { hold, .. }
            | Command::Confirm { hold, .. } => name(&self.holds, &mut hold.0),
            Command::MarkAttendance { appointment, .. }
            | Command::CancelAppointment { appointment, .. }
            | Command::Reschedule { appointment, .. } => {
                name(&self.appointments, &mut appointment.0);
            }
            Command::HandOverText(message) | Command::SettleText { message, .. } => {
                name(&self.texts, &mut message.0);
            }
            Command::NoteDelivery {
                attempt: Some((message, _)),
                ..
            } => name(&self.texts, &mut message.0),
            Command::NoteKeyUses(uses) => {
                uses.iter_mut()
                    .for_each(|used| name(&self.keys, &mut used.key.0));
            }
            Command::RevokeKey(key) => name(&self.keys, &mut key.0),
            Command::OnTheLine { deed, .. } => **deed = self.named((**deed).clone()),
            Command::RemoveBlock { block, .. } => name(&self.blocks, &mut block.0),
            Command::WithdrawFromWaitlist { entry, .. } => name(&self.waitlist, &mut entry.0),
            _ => {}
        }
        command
    }
}

/// Instants: near now, at the ends of everything, anywhere.
fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        20 => (0i64..30).prop_map(|half| Timestamp(NOW.0 + half * 1_800_000)),
        1 => any::<i64>().prop_map(Timestamp),
        1 => prop::sample::select(vec![
            Timestamp::MIN,
            Timestamp(i64::MIN + 1),
            Timestamp(-1),
            Timestamp(0),
            // 9999-12-30 and the first instants that jiff does not know.
            Timestamp(253_402_128_000_000),
            Timestamp(253_402_207_200_000),
            Timestamp(253_402_300_800_000),
            Timestamp(i64::MAX - 1),
            Timestamp::MAX,
        ]),
    ]
}

fn interval() -> impl Strategy<Value = Interval> {
    let short = (instant(), 1i64..10_000_000).prop_filter_map("not empty", |(start, millis)| {
        Interval::new(start, Timestamp(start.0.saturating_add(millis)))
    });
    let any = (instant(), instant())
        .prop_filter_map("not empty", |(start, end)| Interval::new(start, end));
    prop_oneof![3 => short, 1 => any]
}

fn seconds() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), 1u32..2000, any::<u32>(), Just(u32::MAX)]
}

fn minutes() -> impl Strategy<Value = u32> {
    prop_oneof![30 => prop::sample::select(vec![1u32, 15, 30, 60]), 1 => any::<u32>(), 1 => 0u32..200_000]
}

fn slug(prefix: &'static str) -> impl Strategy<Value = Slug> {
    (0usize..4).prop_map(move |number| format!("{prefix}{number}").parse().expect("an id"))
}

fn window() -> impl Strategy<Value = Window> {
    (0u16..=1440, 0u16..=1440).prop_filter_map("a window", |(from, to)| {
        let time = |minute: u16| -> MinuteOfDay {
            format!("{:02}:{:02}", minute / 60, minute % 60)
                .parse()
                .expect("a time")
        };
        Window::new(time(from), time(to)).ok()
    })
}

fn hours() -> impl Strategy<Value = Vec<OpeningHours>> {
    let days = Weekdays::named(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]).expect("days");
    let hours = || window().prop_map(move |window| OpeningHours { days, window });
    prop_oneof![2 => prop::collection::vec(hours(), 0..2), 1 => prop::collection::vec(hours(), 0..70)]
}

fn exceptions() -> impl Strategy<Value = Vec<DayException>> {
    let day = prop_oneof![
        3 => (1i8..29).prop_map(|day| date(2026, 3, day)),
        1 => prop::sample::select(vec![Date::MIN, Date::MAX]),
    ];
    let exception =
        (day, prop::option::of(window())).prop_map(|(date, window)| DayException { date, window });
    prop::collection::vec(exception, 0..3)
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![12 => Just("A name".to_owned()), 1 => any::<String>()]
}

fn principal() -> impl Strategy<Value = Principal> {
    let scope = prop::sample::select(vec![Scope::Staff, Scope::Agent, Scope::Read, Scope::Admin]);
    prop_oneof![
        1 => Just(Principal::System),
        4 => scope.prop_map(|scope| Principal::Key { key: KeyId(scope as u128), scope }),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    (slug("s"), prop::option::of(slug("r")), instant()).prop_map(|(service, resource, start)| {
        Wish {
            service,
            resource,
            start,
        }
    })
}

fn party() -> impl Strategy<Value = Party> {
    (0u128..3, 0u128..3).prop_map(|(caller, person)| Party {
        caller: CallerId(caller),
        person: PersonId(person),
    })
}

/// The ids of what was made, by their place in order of appearance, and now and then anybody's.
fn made() -> impl Strategy<Value = u128> {
    prop_oneof![12 => 0u128..PLACES, 1 => any::<u128>()]
}

fn command() -> impl Strategy<Value = Command> {
    // Boxed: nested by value they outgrow a test thread's stack.
    prop_oneof![
        2 => of_the_practice().boxed(),
        8 => of_holds().boxed(),
        2 => of_appointments().boxed(),
        2 => of_the_rest().boxed(),
        4 => of_the_waitlist().boxed(),
        4 => of_texts().boxed(),
        2 => on_the_line().boxed(),
    ]
}

/// What is asked by telephone, from any phone, and the line itself.
fn on_the_line() -> impl Strategy<Value = Command> {
    let deed = prop_oneof![
        8 => of_holds().boxed(),
        2 => of_appointments().boxed(),
        1 => of_the_rest().boxed(),
    ];
    let caller = prop::option::weighted(0.9, (0u128..3).prop_map(CallerId));
    let settings = |format: &str| VoiceSettings {
        phone_numbers: Vec::new(),
        signature: SignatureForm {
            format: format.to_owned(),
            ..SignatureForm::default()
        },
        assistant: Assistant::Nobody,
        caller_id_trusted: true,
    };
    let line = move |format: &str| Command::SetVoiceLine {
        settings: settings(format),
        secret: SealedToken {
            prefix: [0; 16],
            counter: 0,
            bytes: Vec::new(),
        },
    };
    prop_oneof![
        20 => (caller, deed).prop_map(|(caller, deed)| Command::OnTheLine {
            caller,
            call: None,
            deed: Box::new(deed),
        }),
        1 => Just(line("{body}")),
        1 => Just(line("")),
    ]
}

fn of_the_practice() -> impl Strategy<Value = Command> {
    let resource = (
        prop::option::weighted(0.9, slug("r")),
        name(),
        hours(),
        exceptions(),
    );
    let policy = prop::sample::select(vec![VerificationPolicy::Off, VerificationPolicy::Required]);
    let service = (
        (prop::option::weighted(0.9, slug("s")), name(), policy),
        (
            minutes(),
            minutes(),
            minutes(),
            prop::option::of(minutes()),
            minutes(),
            minutes(),
        ),
        (
            prop::collection::vec(slug("r"), 0..3),
            prop::collection::vec(prop::collection::vec(slug("r"), 0..3), 0..3),
        ),
    );
    prop_oneof![
        3 => resource.prop_map(|(id, name, opening_hours, exceptions)| Command::AddResource(NewResource {
            id,
            kind: ResourceKind::Room,
            name,
            opening_hours,
            exceptions,
        })),
        1 => changed_resource(),
        1 => (slug("r"), interval()).prop_map(|(resource, interval)| Command::BlockTime { resource, interval }),
        1 => (slug("r"), made()).prop_map(|(resource, block)| Command::RemoveBlock { resource, block: BlockId(block) }),
        3 => service.prop_map(|((id, name, verification), (minutes, before, after, step, notice, horizon), (resources, also))| {
            Command::AddService(NewService {
                id,
                name,
                minutes,
                buffer_before_minutes: before,
                buffer_after_minutes: after,
                step_minutes: step,
                notice_minutes: notice,
                cancel_notice_minutes: notice / 2,
                horizon_days: horizon,
                resources,
                also,
                verification,
            })
        }),
        1 => (slug("s"), minutes(), minutes(), minutes()).prop_map(|(service, minutes, step, horizon)| {
            Command::ChangeService {
                service,
                change: ServiceChange {
                    minutes: Some(minutes),
                    step_minutes: Some(step),
                    horizon_days: Some(horizon),
                    ..ServiceChange::default()
                },
                if_version: None,
            }
        }),
    ]
}

fn changed_resource() -> impl Strategy<Value = Command> {
    let version = prop::option::weighted(0.2, 1u32..3);
    (slug("r"), name(), hours(), exceptions(), version).prop_map(
        |(resource, name, hours, exceptions, if_version)| Command::ChangeResource {
            resource,
            change: ResourceChange {
                name: Some(name),
                opening_hours: Some(hours),
                exceptions: Some(exceptions),
            },
            if_version,
        },
    )
}

fn of_holds() -> impl Strategy<Value = Command> {
    let call = prop::option::of((0u128..40).prop_map(CallId));
    let code =
        prop::option::of(".*").prop_map(|said| said.and_then(|said| EnteredCode::new(&said)));
    prop_oneof![
        5 => (wish(), party(), prop::option::of(seconds()), call).prop_map(|(wish, party, ttl_seconds, call)| {
            Command::PlaceHold { wish, party, ttl_seconds, call }
        }),
        1 => (made(), seconds()).prop_map(|(hold, ttl_seconds)| Command::ExtendHold {
            hold: HoldId(hold),
            ttl_seconds,
            if_version: None,
        }),
        1 => (made(), prop::option::of(1u32..4)).prop_map(|(hold, if_version)| Command::ReleaseHold {
            hold: HoldId(hold),
            if_version,
        }),
        3 => made().prop_map(|hold| Command::SendCode {
            hold: HoldId(hold),
            route: None,
        }),
        3 => (made(), code).prop_map(|(hold, code)| Command::Confirm {
            hold: HoldId(hold),
            code,
            if_version: None,
        }),
    ]
}

fn times() -> impl Strategy<Value = Times> {
    let days = prop::option::of(prop::sample::select(vec!["mon", "tue", "sun"]));
    let days = days.prop_map(|day| day.map(|day| Weekdays::named([day]).expect("a day")));
    let day = || {
        prop::option::weighted(
            0.3,
            prop_oneof![
                8 => (1i8..29).prop_map(|day| date(2026, 3, day)),
                1 => prop::sample::select(vec![Date::MIN, Date::MAX]),
            ],
        )
    };
    let hours = prop::option::weighted(0.3, window());
    (days, hours, day(), day()).prop_map(|(days, hours, from, to)| Times {
        days,
        hours,
        from,
        to,
    })
}

fn of_the_waitlist() -> impl Strategy<Value = Command> {
    let resources = prop::option::weighted(0.3, prop::collection::vec(slug("r"), 0..3));
    let awaited = (slug("s"), resources, times()).prop_map(|(service, resources, times)| Awaited {
        service,
        resources,
        times,
    });
    let reply = prop::sample::select(vec![Reply::Yes, Reply::No, Reply::Unclear]);
    prop_oneof![
        4 => (awaited, party()).prop_map(|(awaited, party)| Command::JoinWaitlist { awaited, party }),
        4 => Just(Command::OfferFreed),
        1 => (made(), prop::option::of(any::<u32>())).prop_map(|(entry, if_version)| {
            Command::WithdrawFromWaitlist {
                entry: WaitlistId(entry),
                if_version,
            }
        }),
        2 => (prop::option::of((0u128..3).prop_map(CallerId)), reply)
            .prop_map(|(caller, reply)| Command::AnswerOffer { caller, reply }),
    ]
}

fn of_appointments() -> impl Strategy<Value = Command> {
    let version = || prop::option::of(any::<u32>());
    let attendance = prop::sample::select(vec![Attendance::Arrived, Attendance::NoShow]);
    prop_oneof![
        (wish(), party(), any::<bool>()).prop_map(|(wish, party, overbook)| {
            Command::BookDirectly {
                wish,
                party,
                overbook,
            }
        }),
        (
            wish(),
            party(),
            0u32..4,
            prop::collection::vec(any::<u128>(), 0..4)
        )
            .prop_map(|(wish, party, every_weeks, ids)| Command::BookSeries {
                wish,
                party,
                every_weeks,
                appointments: ids.into_iter().map(AppointmentId).collect(),
            }),
        (made(), attendance, version()).prop_map(|(id, attendance, if_version)| {
            Command::MarkAttendance {
                appointment: AppointmentId(id),
                attendance,
                if_version,
            }
        }),
        (made(), version()).prop_map(|(id, if_version)| Command::CancelAppointment {
            appointment: AppointmentId(id),
            if_version,
        }),
        (made(), wish(), any::<bool>(), version()).prop_map(|(id, wish, as_before, if_version)| {
            let mut to = Destination::from(wish);
            to.service = to.service.filter(|_| !as_before);
            Command::Reschedule {
                appointment: AppointmentId(id),
                to,
                if_version,
            }
        }),
    ]
}

/// Few enough that they come again.
fn sid() -> impl Strategy<Value = ProviderId> {
    (0u8..8).prop_map(|number| format!("SM{number}").parse().expect("a provider's id"))
}

fn heard() -> impl Strategy<Value = Heard> {
    let words = [
        "STOP", "START", "help", "cancel", "yes", "no", "123456", "hm",
    ];
    prop::sample::select(words.to_vec()).prop_map(|words| Heard::read(words, None))
}

fn of_texts() -> impl Strategy<Value = Command> {
    let outcome = prop::sample::select(vec![
        SendOutcome::Sent,
        SendOutcome::NotSent,
        SendOutcome::Unknown,
    ]);
    let status = prop::sample::select(vec![
        DeliveryStatus::Queued,
        DeliveryStatus::Sent,
        DeliveryStatus::Failed,
        DeliveryStatus::Undelivered,
        DeliveryStatus::Delivered,
        DeliveryStatus::Read,
    ]);
    let caller = || (0u128..3).prop_map(CallerId);
    let settle = (made(), 0u32..4, outcome, prop::option::of(sid()));
    let attempt = prop::option::of((made().prop_map(MessageId), 0u32..4));
    let account = SmsAccount::new(&format!("AC{}", "0".repeat(32)), "+442079460123");
    let credentials = Command::SetSmsCredentials {
        account: account.expect("an account"),
        token: SealedToken {
            prefix: [0; 16],
            counter: 0,
            bytes: Vec::new(),
        },
    };
    prop_oneof![
        2 => made().prop_map(|message| Command::HandOverText(MessageId(message))),
        4 => settle.prop_map(|(message, attempt, outcome, sid)| Command::SettleText {
            message: MessageId(message),
            attempt,
            outcome,
            sid,
        }),
        4 => (sid(), status, attempt).prop_map(|(sid, status, attempt)| Command::NoteDelivery {
            sid,
            delivery: Delivery { status, error: None },
            attempt,
        }),
        4 => (0u8..20, prop::option::weighted(0.9, caller()), heard()).prop_map(
            |(number, caller, heard)| Command::TakeText {
                text: [number; 32],
                caller,
                heard,
            }
        ),
        6 => call_end().prop_map(|end| Command::EndCall(Box::new(end))),
        1 => caller().prop_map(Command::StopTexts),
        1 => Just(credentials),
        1 => models().prop_map(|models| Command::SetModels(models.map(Box::new))),
        1 => "[a-z ]{0,20}".prop_map(|text| {
            Command::SetKnowledge(KnowledgeText::new(text).expect("a short text"))
        }),
    ]
}

fn models() -> impl Strategy<Value = Option<Models<SealedToken>>> {
    let endpoint = any::<bool>().prop_map(|has_key| Endpoint {
        base_url: BaseUrl::new("https://a.example/v1").expect("an address"),
        model: ModelName::new("m".to_owned()).expect("a name"),
        key: has_key.then(|| SealedToken {
            prefix: [0; 16],
            counter: 0,
            bytes: Vec::new(),
        }),
    });
    let models = (endpoint.clone(), prop::option::of(endpoint));
    let models = models.prop_map(|(chat, embeddings)| Models {
        chat,
        temperature: Warmth::new(0.5).ok(),
        embeddings,
    });
    prop::option::of(models)
}

fn call_end() -> impl Strategy<Value = CallEnd> {
    let wish = (
        prop::option::of(slug("s")),
        prop::option::weighted(0.2, slug("r")),
        prop::option::of(instant()),
    );
    let route = |(takes_texts, is_known): (bool, bool)| {
        is_known.then_some(Route {
            calling_code: 44,
            country: Some("GB".to_owned()),
            prefix: Prefix(447_700),
            takes_texts,
        })
    };
    let route = (any::<bool>(), prop::bool::weighted(0.9)).prop_map(route);
    let ended_at = prop::option::weighted(0.3, instant());
    let confirmed = prop::bool::weighted(0.1);
    (0u128..40, party(), wish, route, ended_at, confirmed).prop_map(
        |(call, party, (service, resource, start), route, ended_at, booking_confirmed)| CallEnd {
            call: CallId(call),
            party,
            booking_confirmed,
            service,
            resource,
            start,
            ended_at,
            reach: route
                .map(|route| (party.caller, route))
                .into_iter()
                .collect(),
        },
    )
}

fn of_the_rest() -> impl Strategy<Value = Command> {
    let scope = prop::sample::select(vec![Scope::Staff, Scope::Admin]);
    prop_oneof![
        (scope, name(), prop::option::of(instant())).prop_map(|(scope, label, expires_at)| {
            Command::CreateKey {
                scope,
                label,
                expires_at,
                secret_hash: [1; 32],
            }
        }),
        made().prop_map(|key| Command::RevokeKey(KeyId(key))),
        prop::collection::vec((made(), instant()), 0..4).prop_map(|uses| {
            let used = |(key, at)| KeyUse {
                key: KeyId(key),
                at,
            };
            Command::NoteKeyUses(uses.into_iter().map(used).collect())
        }),
        Just(Command::TimePassed),
    ]
}

fn page() -> impl Strategy<Value = PageRequest> {
    let cursor = (instant(), any::<u64>()).prop_map(|(at, serial)| Cursor { at: at.0, serial });
    (prop::option::of(cursor), 0usize..20).prop_map(|(after, limit)| PageRequest { after, limit })
}

fn query_of_callers() -> impl Strategy<Value = Query> {
    prop_oneof![
        Just(Query::Catalogue),
        Just(Query::VoiceLine),
        Just(Query::Models),
        prop::option::of(0u128..3).prop_map(|caller| Query::OfCaller(CallerSearch {
            caller: caller.map(CallerId),
            persons: (0u128..3).map(PersonId).collect(),
            ..CallerSearch::default()
        })),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let slots = (
        slug("s"),
        prop::option::of(slug("r")),
        instant(),
        instant(),
        any::<bool>(),
        page(),
    );
    let appointments = (prop::option::of(slug("r")), instant(), instant(), page());
    prop_oneof![
        slots.prop_map(
            |(service, resource, from, to, include_taken, page)| Query::Slots(SlotSearch {
                service,
                resource,
                from,
                to,
                include_taken,
                page,
            })
        ),
        appointments.prop_map(|(resource, from, to, page)| Query::Appointments(
            AppointmentSearch {
                from,
                to,
                resource,
                person: None,
                status: None,
                page,
            }
        )),
        wish().prop_map(Query::Explain),
        page().prop_map(|page| Query::Holds { status: None, page }),
        page().prop_map(|page| Query::Holds {
            status: Some(WantedHolds::Locked),
            page
        }),
        (slug("r"), instant(), instant(), page()).prop_map(|(resource, from, to, page)| {
            Query::Blocks(BlockSearch {
                resource,
                from,
                to,
                page,
            })
        }),
        (prop::option::of(slug("r")), instant(), instant(), page()).prop_map(
            |(resource, from, to, page)| {
                Query::Conflicts(ConflictSearch {
                    from,
                    to,
                    resource,
                    page,
                })
            }
        ),
        (0u128..3, 1usize..5).prop_map(|(person, limit)| Query::OfPerson {
            person: PersonId(person),
            limit
        }),
        page().prop_map(|page| Query::Waitlist { status: None, page }),
        (prop::option::of(0u128..3), page()).prop_map(|(caller, page)| Query::Conversations {
            caller: caller.map(CallerId),
            page,
        }),
        page().prop_map(Query::Resources),
        page().prop_map(Query::Keys),
        query_of_callers(),
    ]
}
