//! The canonical histories: what happens at a clinic, step by step, each step one entry or none.

use holdfast::app;
use holdfast::journal::Unconfirmed;
use holdfast::ledger::{
    Awaited, Command, Destination, NewResource, NewService, PageRequest, Receipt, Rejection, Wish,
};
use holdfast::model::{
    AppointmentId, CallerId, Contact, EnteredCode, Erasure, Heard, HoldId, KeyId, MessageId,
    OpeningHours, PersonId, PersonName, Phone, Profile, ResourceKind, Scope, SendOutcome, TenantId,
    TextKind, Times, Timestamp, VerificationPolicy, Weekdays, Window,
};
use holdfast::tenant::{ErasureStep, Errand, Instruction, Refused};

use super::house::{Asked, House};
use crate::support::world::MONDAY_EIGHT;

/// What earlier steps were told, for later ones to refer to.
#[derive(Debug, Default, Clone)]
pub struct Told {
    pub hold: Option<HoldId>,
    pub message: Option<MessageId>,
    pub appointment: Option<AppointmentId>,
    pub key: Option<KeyId>,
    pub person: Option<PersonId>,
    pub caller: Option<CallerId>,
}

impl Told {
    /// Takes an acknowledged receipt down.
    pub fn take(&mut self, receipt: &Receipt) {
        if let Some(party) = receipt.party() {
            self.person = Some(party.person);
            self.caller = Some(party.caller);
        }
        match receipt {
            Receipt::Hold(hold) | Receipt::HoldAgain(hold) => self.hold = Some(hold.id),
            Receipt::CodeQueued(code) => self.message = Some(code.message),
            Receipt::Appointment(appointment) => self.appointment = Some(appointment.id),
            Receipt::Series(series) => {
                self.appointment = series.appointments.first().map(|first| first.id);
            }
            Receipt::Key(key) => self.key = Some(key.id),
            _ => {}
        }
    }
}

/// One step.
pub type Step = fn(&mut House, &Told) -> Result<Asked, Refused>;

/// A history: what is there before anything goes wrong, and what then happens.
pub struct History {
    pub name: &'static str,
    pub before: &'static [Step],
    pub steps: &'static [Step],
    /// Before it begins, entries fill the segment but for so many bytes, so that it rolls in the middle.
    pub room: Option<usize>,
}

const fn of(name: &'static str, steps: &'static [Step]) -> History {
    History {
        name,
        before: &[],
        steps,
        room: None,
    }
}

/// All of them.
pub const HISTORIES: &[History] = &[
    of("claim, code, confirm", &[hold, code, sent, confirm]),
    of(
        "wrong code, then the right one",
        &[hold, code, sent, wrong_code, confirm],
    ),
    of(
        "a hold lapses and is claimed anew",
        &[hold, later, tick, other_hold],
    ),
    of(
        "released and claimed anew",
        &[hold, release, other_hold, release],
    ),
    of("cancel and rebook", &[book, cancel, book]),
    of("reschedule", &[book, reschedule, other_hold]),
    History {
        before: &[book, wait],
        ..of(
            "the waitlist's offer",
            &[cancel, offer, hand_over, offer_sent, yes],
        )
    },
    of(
        "a text of which nobody knows",
        &[hold, code, unknown, resend, sent, confirm],
    ),
    of(
        "a text that was not sent",
        &[hold, code, not_sent, code, sent, confirm],
    ),
    History {
        room: Some(1_500),
        ..of(
            "a segment rolls",
            &[hold, code, sent, confirm, cancel, book],
        )
    },
    of("a key is made and revoked", &[key, revoke, key]),
    of("a clinic is created", &[create_tenant, create_tenant, hold]),
    of(
        "a person is erased",
        &[
            hold,
            erase,
            write_step,
            write_step,
            overwrite_parts,
            write_step,
            overwrite_parts,
            erased,
            other_hold,
        ],
    ),
    of(
        "a person is erased, comes back before that is complete, and is erased again",
        &[
            hold,
            erase,
            write_step,
            overwrite_only,
            hold,
            erase,
            complete_first,
            write_step,
            overwrite_parts,
            write_step,
            overwrite_parts,
            write_step,
            overwrite_parts,
            erased,
        ],
    ),
    of("a series", &[series, cancel, other_hold]),
    History {
        before: &[hold],
        ..of("a patient wants no texts", &[stop, code, start, code])
    },
];

fn slug<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

/// The clinic, before every history.
pub const FURNISH: &[Step] = &[
    |house, _| {
        let profile = Profile::new("Clinic", "Europe/London", "GB").expect("a profile");
        plain(house, Command::OpenClinic(profile))
    },
    |house, _| {
        let time = |text: &str| text.parse().expect("a time");
        let window = Window::new(time("09:00"), time("17:00")).expect("a window");
        let days = Weekdays::named(["mon", "tue", "wed", "thu", "fri"]).expect("days");
        let resource = NewResource {
            id: Some(slug("dr-a")),
            kind: ResourceKind::Practitioner,
            name: "A".to_owned(),
            opening_hours: vec![OpeningHours { days, window }],
            exceptions: Vec::new(),
        };
        plain(house, Command::AddResource(resource))
    },
    |house, _| {
        let service = NewService {
            id: Some(slug("checkup")),
            name: "Check-up".to_owned(),
            minutes: 30,
            buffer_before_minutes: 0,
            buffer_after_minutes: 10,
            step_minutes: Some(30),
            notice_minutes: 0,
            cancel_notice_minutes: 0,
            horizon_days: 60,
            resources: vec![slug("dr-a")],
            also: Vec::new(),
            verification: VerificationPolicy::Required,
        };
        plain(house, Command::AddService(service))
    },
];

/// One more entry that changes little.
pub fn fill(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    key(house, &Told::default())
}

fn plain(house: &mut House, command: Command) -> Result<Asked, Refused> {
    house.ask(Instruction::Plain(command))
}

fn wish(hour: i64) -> Wish {
    // Tuesday.
    let midnight = Timestamp(MONDAY_EIGHT.0).plus_minutes(16 * 60);
    Wish {
        service: slug("checkup"),
        resource: Some(slug("dr-a")),
        start: midnight.plus_minutes(60 * hour),
    }
}

fn contact(number: &str) -> Contact {
    Contact {
        name: PersonName::parse("Ada Lovelace").expect("a name"),
        phone: phone(number),
        email: None,
    }
}

fn phone(number: &str) -> Phone {
    Phone::parse(number, "GB").expect("a phone")
}

fn errand(house: &mut House, number: &str, errand: Errand) -> Result<Asked, Refused> {
    house.ask(Instruction::For(contact(number), errand))
}

fn place(house: &mut House, number: &str) -> Result<Asked, Refused> {
    let place = Errand::PlaceHold {
        wish: wish(10),
        ttl_seconds: None,
        call: None,
    };
    errand(house, number, place)
}

fn hold(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    place(house, "07700 900001")
}

fn other_hold(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    place(house, "07700 900002")
}

fn release(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    let hold = told.hold.expect("a hold");
    let if_version = None;
    plain(house, Command::ReleaseHold { hold, if_version })
}

fn code(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    let hold = told.hold.expect("a hold");
    plain(house, Command::SendCode { hold, route: None })
}

fn settle(house: &mut House, told: &Told, outcome: SendOutcome) -> Result<Asked, Refused> {
    let message = told.message.expect("a text");
    let text = house.clinic().ledger().message(message).expect("a text");
    let attempt = text.attempts;
    let settle = Command::SettleText {
        message,
        attempt,
        outcome,
        sid: None,
    };
    plain(house, settle)
}

fn sent(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    settle(house, told, SendOutcome::Sent)
}

fn unknown(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    settle(house, told, SendOutcome::Unknown)
}

fn not_sent(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    settle(house, told, SendOutcome::NotSent)
}

fn resend(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    code(house, told)
}

fn say(house: &mut House, told: &Told, said: &str) -> Result<Asked, Refused> {
    let confirm = Command::Confirm {
        hold: told.hold.expect("a hold"),
        code: EnteredCode::new(said),
        if_version: None,
    };
    plain(house, confirm)
}

fn confirm(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    let code = house.code(told.message.expect("a text"));
    say(house, told, &code)
}

fn wrong_code(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    let right = house.code(told.message.expect("a text"));
    let wrong = match right.as_str() {
        "000000" => "000001",
        _ => "000000",
    };
    say(house, told, wrong)
}

fn later(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    house.now = house.now.plus_seconds(601);
    // Its time is over: there is nothing left to extend.
    let extend = Command::ExtendHold {
        hold: told.hold.expect("a hold"),
        ttl_seconds: 900,
        if_version: None,
    };
    plain(house, extend)
}

fn tick(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    plain(house, Command::TimePassed)
}

fn book(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let book = Errand::BookDirectly {
        wish: wish(10),
        overbook: false,
    };
    errand(house, "07700 900003", book)
}

fn cancel(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    house.ask(Instruction::CancelAppointment {
        appointment: told.appointment.unwrap_or(AppointmentId(0)),
        reason: None,
        if_version: None,
    })
}

fn reschedule(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    let reschedule = Command::Reschedule {
        appointment: told.appointment.expect("an appointment"),
        to: Destination::from(wish(11)),
        if_version: None,
    };
    plain(house, reschedule)
}

fn wait(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let awaited = Awaited {
        service: slug("checkup"),
        resources: None,
        times: Times {
            days: None,
            hours: None,
            from: None,
            to: None,
        },
    };
    errand(house, "07700 900004", Errand::JoinWaitlist(awaited))
}

fn offer(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    plain(house, Command::OfferFreed)
}

/// The offer's text, settled or not.
fn offers_text(house: &mut House) -> MessageId {
    let ledger = house.clinic().ledger();
    let all = PageRequest {
        after: None,
        limit: 100,
    };
    let sent = ledger.sent_texts(&all).items;
    let unsettled = ledger.unsettled_texts();
    let unsettled = unsettled.map(|text| ledger.message(text).expect("a text"));
    let mut texts = unsettled.chain(sent);
    let offer = texts.find(|text| matches!(text.kind, TextKind::Offer { .. }));
    offer.expect("the offer's text").id
}

fn hand_over(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let message = offers_text(house);
    plain(house, Command::HandOverText(message))
}

fn offer_sent(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let told = Told {
        message: Some(offers_text(house)),
        ..Told::default()
    };
    settle(house, &told, SendOutcome::Sent)
}

fn heard(house: &mut House, number: &str, text: u8, heard: Heard) -> Result<Asked, Refused> {
    house.ask(Instruction::TakeText {
        said: None,
        text: [text; 32],
        from: phone(number),
        heard,
    })
}

fn yes(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    heard(house, "07700 900004", 1, Heard::Yes)
}

fn stop(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    heard(house, "07700 900001", 2, Heard::Stop)
}

fn start(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    heard(house, "07700 900001", 3, Heard::Start)
}

fn key(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    house.ask(Instruction::CreateKey {
        scope: Scope::Agent,
        label: "a line".to_owned(),
        expires_at: None,
    })
}

fn revoke(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    plain(house, Command::RevokeKey(told.key.expect("a key")))
}

fn create_tenant(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let create = Command::CreateTenant {
        slug: slug("another"),
        profile: Profile::new("Another", "Europe/Berlin", "DE").expect("a profile"),
    };
    house.ask_of(TenantId::INSTANCE, Instruction::Plain(create))
}

fn series(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let series = Errand::BookSeries {
        wish: wish(10),
        every_weeks: 1,
        occurrences: 4,
    };
    errand(house, "07700 900003", series)
}

fn erase(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    house.ask(Instruction::ErasePerson(told.person.expect("a person")))
}

/// The house's own steps give no receipt, so nothing is told of them; they change the ledger all the same.
fn untold(step: Unconfirmed<ErasureStep>) -> Asked {
    step.map(|_| Err(Rejection::HoldExpired))
}

/// A step of an erasure that is one entry by itself: the phone goes too, or parts are listed.
fn write_step(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let now = house.now;
    house.clinic().next_erasure(None, now).map(untold)
}

/// Overwrites what is listed, if there is anything to be done.
fn overwrite(house: &mut House) -> Result<Option<Erasure>, Refused> {
    let now = house.now;
    let stopped = |_| Refused::Stopped;
    let step = house.clinic().next_erasure(None, now)?;
    let step = step.wait_blocking(house.journal.durability());
    let (of, places) = match step.map_err(stopped)? {
        ErasureStep::Overwrite(of, places) => (of, places),
        ErasureStep::Nothing => return Ok(None),
        ErasureStep::Written => panic!("all parts are listed"),
    };
    let erasing = house.journal.erase(&places).map_err(|_| Refused::Stopped)?;
    app::block_on(erasing).map_err(stopped)?;
    Ok(Some(of))
}

fn overwrite_only(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    overwrite(house)?;
    // Erasing has released it: this is no entry.
    release(house, told)
}

fn overwrite_parts(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let of = overwrite(house)?;
    let now = house.now;
    house.clinic().next_erasure(of, now).map(untold)
}

/// What was overwritten before the latest steps is written down as complete, if it is.
fn complete_first(house: &mut House, _: &Told) -> Result<Asked, Refused> {
    let now = house.now;
    let first = house.clinic().ledger().open_erasures().next();
    let of = first.map(|(of, _)| of);
    house.clinic().next_erasure(of, now).map(untold)
}

/// Nothing of that is open any more.
fn erased(house: &mut House, told: &Told) -> Result<Asked, Refused> {
    let open: Vec<_> = house.clinic().ledger().open_erasures().collect();
    assert_eq!(open, []);
    for of in [
        Erasure::of_person(
            told.person.expect("a person"),
            told.caller.expect("a caller"),
        ),
        Erasure::of_caller(told.caller.expect("a caller")),
    ] {
        let left = house.clinic().contacts().to_list(of);
        assert!(left.0.is_empty(), "{left:?} was said of whoever is erased");
    }
    write_step(house, told)
}
