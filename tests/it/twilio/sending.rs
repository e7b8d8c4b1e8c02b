//! The whole way of a text, from the request for a code to the provider and back.

use serde_json::{Value, json};

use crate::support::{Answer, Behaviour, Clinic, StandIn, World};

pub const SID: &str = "AC0123456789abcdef0123456789abcdef";
/// Looked for in everything that a clinic's readers can see.
pub const TOKEN: &str = "canary-5c1f";

/// Stores credentials for a clinic.
pub fn store(clinic: &Clinic, sid: &str, token: &str) {
    let settings = json!({
        "provider": "twilio", "account_sid": sid, "auth_token": token, "from": "+442079460123",
    });
    let stored = clinic.staff.send(
        "PUT",
        &clinic.at("sms"),
        &[("Content-Type", "application/json")],
        &settings.to_string(),
    );
    assert_eq!(stored.status, 204, "{}", stored.body);
}

/// Turns notices off: only what is asked for is sent.
pub fn without_notices(clinic: &Clinic) {
    let json = [("content-type", "application/json")];
    let off = r#"{"notices": false}"#;
    let off = clinic.staff.send("PATCH", &clinic.at("texts"), &json, off);
    assert_eq!(off.status, 200, "{}", off.body);
}

/// Asks for a hold's code.
pub fn ask(clinic: &Clinic, hold: &str) -> Answer {
    let path = clinic.at(&format!("holds/{hold}/verification"));
    clinic.agent.send("POST", &path, &[], "")
}

/// Confirms a hold with a code.
pub fn confirm(clinic: &Clinic, hold: &str, code: &str) -> Answer {
    let path = clinic.at(&format!("holds/{hold}/confirm"));
    clinic.agent.post(&path, &json!({ "code": code }))
}

#[test]
fn without_credentials_nothing_is_sent_and_with_them_a_code_books() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    let hold = clinic.hold("10:00", "07700 900001");
    let refused = ask(&clinic, &hold);
    assert_eq!(
        (refused.status, refused.text("code").as_str()),
        (409, "sms-credentials-missing")
    );
    assert_eq!(stand_in.requests(), 0);
    store(&clinic, SID, TOKEN);
    assert_eq!(ask(&clinic, &hold).status, 200);
    let [text] = stand_in.taken().try_into().expect("one text");
    assert_eq!(text.to, "+447700900001");
    assert_eq!(confirm(&clinic, &hold, &text.code()).status, 201);
}

#[test]
fn a_refusal_rolls_back_and_what_is_unknown_stays_valid_and_is_repeated_once() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let hold = clinic.hold("10:00", "07700 900001");
    stand_in.next([Behaviour::Refuse(400, 21211, None)]);
    assert_eq!(ask(&clinic, &hold).text("code"), "sms-not-sent");
    assert_eq!(
        confirm(&clinic, &hold, "123456").text("code"),
        "verification-required"
    );
    for behaviour in [Behaviour::TakeAndFail, Behaviour::TakeAndReset] {
        stand_in.next([behaviour]);
        let unknown = ask(&clinic, &hold);
        assert_eq!(
            (unknown.status, unknown.text("status").as_str()),
            (202, "unknown")
        );
    }
    let taken = stand_in.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(
        taken[0].code(),
        taken[1].code(),
        "a re-send repeats the code"
    );
    assert_eq!(confirm(&clinic, &hold, &taken[0].code()).status, 201);
}

#[test]
fn new_credentials_count_at_once() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    let other = "ACffffffffffffffffffffffffffffffff";
    for (number, sid) in [(1, SID), (2, other), (3, SID)] {
        store(&clinic, sid, TOKEN);
        let hold = clinic.hold(&format!("1{number}:00"), &format!("07700 90000{number}"));
        assert_eq!(ask(&clinic, &hold).status, 200);
    }
    let paths: Vec<_> = stand_in.taken().into_iter().map(|text| text.path).collect();
    assert!(
        paths[0].contains(SID) && paths[1].contains(other) && paths[2].contains(SID),
        "{paths:?}"
    );
}

#[test]
fn credentials_survive_a_restart_and_are_shown_nowhere() {
    let stand_in = StandIn::start();
    let mut world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    world.restart();
    let staff = world.again(&clinic.staff);
    let shown = [
        staff.get(&clinic.at("sms")),
        staff.get(&clinic.at("audit?limit=1000")),
        staff.get("/metrics"),
    ];
    for answer in shown {
        assert!(!answer.body.contains(TOKEN) && !format!("{:?}", answer.headers).contains(TOKEN));
    }
    let account: Value = staff.get(&clinic.at("sms")).json();
    assert_eq!(account["account_sid"], SID);
}

#[test]
fn an_account_of_which_nobody_knows_what_becomes_is_suspended_for_a_while() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    let other = world.clinic("south");
    store(&clinic, SID, TOKEN);
    store(&other, "ACffffffffffffffffffffffffffffffff", TOKEN);
    stand_in.usually(Behaviour::TakeAndFail);
    let hold = |clinic: &Clinic, number: u32| {
        let (hour, minute) = (9 + number / 2, number % 2 * 30);
        clinic.hold(
            &format!("{hour:02}:{minute:02}"),
            &format!("07700 9000{number:02}"),
        )
    };
    for number in 0..10 {
        assert_eq!(ask(&clinic, &hold(&clinic, number)).status, 202);
    }
    let suspended = hold(&clinic, 10);
    assert_eq!(ask(&clinic, &suspended).text("code"), "sms-not-sent");
    assert_eq!(
        stand_in.wait_for(10).len(),
        10,
        "nothing was asked of the provider"
    );
    stand_in.usually(Behaviour::Take);
    assert_eq!(
        ask(&other, &hold(&other, 11)).status,
        200,
        "another account is not concerned"
    );
    world.clock.advance_seconds(10);
    assert_eq!(
        ask(&clinic, &suspended).status,
        200,
        "one goes ahead after the pause"
    );
    assert_eq!(
        ask(&clinic, &hold(&clinic, 12)).status,
        200,
        "and the others follow"
    );
    assert!(stand_in.sendings().values().all(|times| *times == 1));
}

#[test]
fn what_is_counted_names_nobody() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    stand_in.next([Behaviour::Take, Behaviour::TakeAndFail]);
    for (time, phone) in [("10:00", "07700 900001"), ("11:00", "07700 900002")] {
        assert!(ask(&clinic, &clinic.hold(time, phone)).status < 300);
    }
    let page = world.admin.with_key("none").get("/metrics");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    for line in [
        "holdfast_text_attempts_total{outcome=\"sent\"} 1",
        "holdfast_text_attempts_total{outcome=\"unknown\"} 1",
        "holdfast_sms_credentials_total{cache=\"hit\"} 1",
        "holdfast_sms_credentials_total{cache=\"miss\"} 1",
        "holdfast_tenants 1",
    ] {
        assert!(
            page.body.lines().any(|own| own == line),
            "{line} in {}",
            page.body
        );
    }
    for secret in [TOKEN, SID, "north", "7700"] {
        assert!(!page.body.contains(secret), "{secret}");
    }
}

#[test]
fn a_provider_that_hangs_for_one_clinic_stalls_no_other() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let (slow, other) = (world.clinic("slow"), world.clinic("other"));
    store(&slow, SID, TOKEN);
    store(&other, "ACffffffffffffffffffffffffffffffff", TOKEN);
    let holds: Vec<_> = (0..8u32)
        .map(|number| {
            slow.hold(
                &format!("{:02}:00", 9 + number),
                &format!("07700 90000{number}"),
            )
        })
        .collect();
    let others = other.hold("10:00", "07700 900010");
    stand_in.usually(Behaviour::TakeAndHang);
    std::thread::scope(|scope| {
        for hold in &holds {
            scope.spawn(|| assert_eq!(ask(&slow, hold).status, 202));
        }
        stand_in.wait_for(holds.len());
        stand_in.next([Behaviour::Take]);
        assert_eq!(ask(&other, &others).status, 200);
    });
}

#[test]
fn crashes_in_between_send_no_text_a_third_time() {
    let stand_in = StandIn::start();
    let mut world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let holds = ["10:00", "11:00", "12:00"];
    let holds = holds
        .iter()
        .zip(1..)
        .map(|(time, number)| clinic.hold(time, &format!("07700 90000{number}")));
    let holds: Vec<_> = holds.collect();
    stand_in.usually(Behaviour::TakeAndHang);
    std::thread::scope(|scope| {
        for hold in &holds {
            scope.spawn(|| ask(&clinic, hold));
        }
        stand_in.wait_for(holds.len());
    });
    // What nobody knew is in the journal by now, or was in flight; either way it may go once more.
    for _ in 0..3 {
        world.restart_after_power_cut();
    }
    let agent = world.again(&clinic.agent);
    for (hold, text) in holds.iter().zip(1..) {
        let to = format!("+44770090000{text}");
        let code = stand_in
            .taken()
            .into_iter()
            .find(|text| text.to == to)
            .expect("a text")
            .code();
        let path = clinic.at(&format!("holds/{hold}/confirm"));
        let booked = agent.post(&path, &json!({ "code": code }));
        assert_eq!(booked.status, 201, "{}", booked.body);
    }
    assert!(
        stand_in.sendings().values().all(|times| *times <= 2),
        "{:?}",
        stand_in.sendings()
    );
}

/// Waits until so many texts are queued.
fn wait_for_queued(clinic: &Clinic, texts: usize) {
    let queued = || {
        let audit = clinic.staff.get(&clinic.at("audit?limit=1000")).body;
        audit.matches("\"text.queued\"").count()
    };
    while queued() < texts {
        std::thread::yield_now();
    }
}

#[test]
fn a_phone_gets_its_texts_one_after_the_other_and_others_do_not_wait_for_that() {
    let stand_in = StandIn::start();
    let world = World::by_twilio_within(&stand_in.url(), 4_000);
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let first = clinic.hold("10:00", "07700 900001");
    let second = clinic.hold("11:00", "07700 900001");
    let other = clinic.hold("12:00", "07700 900002");
    stand_in.next([Behaviour::TakeAndHang]);
    std::thread::scope(|scope| {
        scope.spawn(|| ask(&clinic, &first));
        stand_in.wait_for(1);
        scope.spawn(|| ask(&clinic, &second));
        wait_for_queued(&clinic, 2);
        assert_eq!(ask(&clinic, &other).status, 200);
    });
    let phones: Vec<_> = stand_in
        .wait_for(3)
        .into_iter()
        .map(|text| text.to)
        .collect();
    assert_eq!(phones, ["+447700900001", "+447700900002", "+447700900001"]);
}
