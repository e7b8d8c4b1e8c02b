//! Callbacks of the provider: whose signature counts, and what their states come to in whatever order they come.

use holdfast::ledger::{Command, Context, Event, Ledger, Policy, apply, decide};
use holdfast::model::{
    CallerId, Delivery, DeliveryStatus, HoldId, MessageId, MessageState, Principal, ProviderId,
    SendOutcome, TenantId, TextKind, Timestamp, VerificationId,
};
use holdfast::seal::{CodeKey, MasterKey};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::sending::{SID, TOKEN, ask, confirm, store, without_notices};
use crate::support::signed::{call_back, form, send, signature};
use crate::support::{Answer, Behaviour, Client, StandIn, World};

fn message_sid(number: usize) -> String {
    format!("SM{number:032x}")
}

#[test]
fn forged_altered_and_foreign_signatures_are_refused_alike() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let (north, south, bare) = (
        world.clinic("north"),
        world.clinic("south"),
        world.clinic("bare"),
    );
    store(&north, SID, TOKEN);
    store(&south, SID, "another-token");
    let client = &world.admin;
    let path = "/twilio/north/status?message=msg_1&attempt=1";
    let sid = message_sid(1);
    let fields = [
        ("MessageSid", sid.as_str()),
        ("MessageStatus", "delivered"),
        ("Empty", ""),
    ];
    let right = signature(TOKEN, path, &fields);
    let answer = send(client, path, &fields, &right);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let refused = refused(client, path, &fields, &right);
    for answer in &refused {
        assert_eq!(
            (answer.status, answer.text("code").as_str()),
            (403, "invalid-signature")
        );
        assert_eq!(answer.body, refused[0].body);
    }
    // A callback that was listened to and is sent to the clinic again says nothing new.
    assert_eq!(send(client, path, &fields, &right).status, 200);
    drop((south, bare));
}

/// Every way to be wrong about a signature that is right for this path and form.
fn refused(client: &Client, path: &str, fields: &[(&str, &str)], right: &str) -> Vec<Answer> {
    let mut altered = fields.to_vec();
    altered[1].1 = "failed";
    vec![
        send(client, path, &altered, right),
        send(client, path, &fields[..2], right),
        send(
            client,
            "/twilio/north/status?message=msg_2&attempt=1",
            fields,
            right,
        ),
        send(client, "/twilio/north/status", fields, right),
        send(
            client,
            "/twilio/south/status?message=msg_1&attempt=1",
            fields,
            right,
        ),
        send(
            client,
            "/twilio/bare/status?message=msg_1&attempt=1",
            fields,
            right,
        ),
        send(
            client,
            "/twilio/nobody/status?message=msg_1&attempt=1",
            fields,
            right,
        ),
        send(client, path, fields, ""),
        send(client, path, fields, &right.to_lowercase()),
        call_back(client, "another-token", path, fields),
        call_back(client, "", path, fields),
        client.send(
            "POST",
            path,
            &[("Content-Type", "application/x-www-form-urlencoded")],
            &form(fields),
        ),
        client.send(
            "POST",
            path,
            &[("X-Twilio-Signature", right)],
            &form(fields),
        ),
    ]
}

#[test]
fn without_a_public_address_nobody_can_sign() {
    let world = World::start();
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let path = "/twilio/north/status";
    let fields = [("MessageSid", "SM1"), ("MessageStatus", "sent")];
    assert_eq!(call_back(&world.admin, TOKEN, path, &fields).status, 403);
}

/// The states that a clinic's audit list has of its texts, in order.
fn deliveries(staff: &Client, path: &str) -> Vec<String> {
    let audit = staff.get(&format!("{path}/audit?limit=1000")).json();
    let entries = audit["audit"].as_array().expect("entries").clone();
    let changes = entries
        .iter()
        .flat_map(|entry| entry["changes"].as_array().expect("changes").clone());
    changes
        .filter(|change| change["type"] == "text.delivery" || change["type"] == "text.settled")
        .map(|change: Value| change["outcome"].as_str().expect("an outcome").to_owned())
        .collect()
}

/// A world whose stand-in calls back truly.
fn calling_back() -> (StandIn, World) {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let client = world.admin.clone();
    stand_in.calls_back(move |text, state| {
        let url = text.field("StatusCallback").expect("an address");
        let path = url.trim_start_matches(crate::support::signed::PUBLIC_URL);
        let fields = [
            ("MessageSid", text.sid.as_str()),
            ("MessageStatus", state),
            ("ErrorCode", "30008"),
        ];
        assert_eq!(call_back(&client, TOKEN, path, &fields).status, 200);
    });
    (stand_in, world)
}

#[test]
fn a_callback_may_beat_the_answer_come_twice_and_backwards() {
    let (stand_in, world) = calling_back();
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    without_notices(&clinic);
    let hold = clinic.hold("10:00", "07700 900001");
    stand_in.next([Behaviour::CallBackThenAnswer(vec![
        "delivered",
        "delivered",
        "sent",
        "queued",
    ])]);
    assert_eq!(ask(&clinic, &hold).status, 200);
    let code = stand_in.taken()[0].code();
    assert_eq!(confirm(&clinic, &hold, &code).status, 201);
    assert_eq!(
        deliveries(&clinic.staff, &clinic.path),
        ["delivered", "sent"]
    );
}

#[test]
fn a_callback_settles_what_nobody_knew() {
    let (stand_in, world) = calling_back();
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    without_notices(&clinic);
    let hold = clinic.hold("10:00", "07700 900001");
    stand_in.next([Behaviour::CallBackAndHang(vec!["sending", "delivered"])]);
    assert_eq!(
        ask(&clinic, &hold).status,
        200,
        "the answer never came, its callback did"
    );
    let other = clinic.hold("11:00", "07700 900002");
    stand_in.next([Behaviour::CallBackAndHang(vec!["failed"])]);
    let failed = ask(&clinic, &other);
    assert_eq!(
        (failed.status, failed.text("code").as_str()),
        (502, "sms-not-sent")
    );
    let void = stand_in.taken()[1].code();
    assert_eq!(
        confirm(&clinic, &other, &void).text("code"),
        "verification-required"
    );
}

#[test]
fn a_failure_that_comes_after_nobody_knew_takes_the_code_back() {
    let (stand_in, world) = calling_back();
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    without_notices(&clinic);
    let hold = clinic.hold("10:00", "07700 900001");
    stand_in.next([Behaviour::TakeAndFail]);
    assert_eq!(ask(&clinic, &hold).status, 202);
    let text = stand_in.taken()[0].clone();
    let url = text.field("StatusCallback").expect("an address").to_owned();
    let path = url.trim_start_matches(crate::support::signed::PUBLIC_URL);
    let fields = [("SmsSid", text.sid.as_str()), ("SmsStatus", "failed")];
    for _ in 0..2 {
        assert_eq!(call_back(&world.admin, TOKEN, path, &fields).status, 200);
    }
    assert_eq!(
        confirm(&clinic, &hold, &text.code()).text("code"),
        "verification-required"
    );
    assert_eq!(
        deliveries(&clinic.staff, &clinic.path),
        ["unknown", "failed", "not-sent"]
    );
    stand_in.next([Behaviour::AnswerThenCallBack(vec!["read"])]);
    assert_eq!(ask(&clinic, &hold).status, 200);
    assert_ne!(stand_in.taken()[1].code(), text.code());
}

const STATES: [DeliveryStatus; 4] = [
    DeliveryStatus::Queued,
    DeliveryStatus::Sending,
    DeliveryStatus::Sent,
    DeliveryStatus::Delivered,
];

/// A ledger with these texts in it, and what carries commands out on it.
struct Desk {
    ledger: Ledger,
    codes: CodeKey,
    policy: Policy,
    entries: usize,
}

impl Desk {
    fn with_texts(texts: u128) -> Self {
        let mut ledger = Ledger::new(TenantId(1));
        for text in 0..texts {
            let kind = TextKind::Code {
                hold: HoldId(text),
                verification: VerificationId(text),
                generation: 1,
                digits: 6,
                expires_at: Timestamp(1_000_000),
            };
            let (message, to, at) = (MessageId(text), CallerId(text), Timestamp(0));
            apply(
                &mut ledger,
                &Event::TextQueued {
                    message,
                    kind,
                    to,
                    at,
                },
            );
        }
        Self {
            ledger,
            codes: CodeKey::of(&MasterKey::new([7; 32]), TenantId(1)),
            policy: holdfast::app::policy(&World::settings()),
            entries: 0,
        }
    }

    fn carry_out(&mut self, command: &Command) {
        let context = Context {
            now: Timestamp(1),
            principal: Principal::System,
            fresh: [0; 5],
            policy: &self.policy,
            codes: &self.codes,
            request: None,
        };
        let decision = decide(&self.ledger, command, &context).expect("never refused");
        self.entries += usize::from(!decision.events.is_empty());
        let events = decision.events.iter();
        events.for_each(|event| apply(&mut self.ledger, event));
    }

    fn settle(&mut self, message: MessageId) {
        self.carry_out(&Command::SettleText {
            message,
            attempt: 1,
            outcome: SendOutcome::Sent,
            sid: Some(sid(message)),
        });
    }

    fn note(&mut self, message: MessageId, status: DeliveryStatus, names_it: bool) {
        self.carry_out(&Command::NoteDelivery {
            sid: sid(message),
            delivery: Delivery {
                status,
                error: None,
            },
            attempt: names_it.then_some((message, 1)),
        });
    }
}

fn sid(message: MessageId) -> ProviderId {
    let number = usize::try_from(message.0).expect("small");
    message_sid(number).parse().expect("a provider's id")
}

/// The states of one text, four of them, and where it ends.
fn course(random: &mut StdRng) -> (Vec<DeliveryStatus>, DeliveryStatus) {
    let last = match random.random_range(0..4) {
        0 => DeliveryStatus::Undelivered,
        1 => DeliveryStatus::Read,
        2 => DeliveryStatus::Sent,
        _ => DeliveryStatus::Delivered,
    };
    let states = STATES.iter().filter(|state| state.rank() < last.rank());
    let mut states: Vec<_> = states.copied().chain([last]).collect();
    states.resize(states.len().max(4), last);
    (states, last)
}

#[test]
fn ten_thousand_callbacks_shuffled_and_doubled_end_in_the_right_states() {
    let seed = 5;
    let mut random = StdRng::seed_from_u64(seed);
    let mut desk = Desk::with_texts(2_500);
    let (mut callbacks, mut expected) = (Vec::new(), Vec::new());
    for text in 0..2_500 {
        let (states, last) = course(&mut random);
        expected.push(last);
        callbacks.extend(
            states
                .iter()
                .flat_map(|state| [(MessageId(text), *state); 2]),
        );
    }
    assert!(callbacks.len() >= 20_000);
    callbacks.shuffle(&mut random);
    // The answers that name the texts come somewhere in between; for one text in three never.
    let answered: Vec<MessageId> = (0..2_500)
        .filter(|text| text % 3 > 0)
        .map(MessageId)
        .collect();
    let every = callbacks.len() / answered.len();
    for (place, (message, status)) in callbacks.iter().enumerate() {
        if let Some(message) = answered.get(place / every).filter(|_| place % every == 0) {
            desk.settle(*message);
        }
        // One in two names its text; the others are known by the provider's name, once that is known.
        desk.note(*message, *status, message.0 % 3 == 0 || place % 2 == 0);
    }
    // Those that came before their text was known are what the tenant keeps aside; here they come once more.
    for (message, status) in &callbacks {
        desk.note(*message, *status, false);
    }
    for (text, expected) in (0..).zip(&expected) {
        let text = desk.ledger.message(MessageId(text)).expect("a text");
        let known = text.delivery.map(|known| known.status);
        assert_eq!(known, Some(*expected), "seed {seed}, {:?}", text.id);
        assert_eq!(text.state, MessageState::Settled(SendOutcome::Sent));
    }
    assert!(
        desk.entries < callbacks.len(),
        "what says nothing new is written nowhere"
    );
    desk.ledger.check_invariants();
}
