//! Codes and their texts: what the three outcomes lead to, and what a crash in between does.

use std::collections::BTreeMap;

use holdfast::model::SendOutcome;
use serde_json::json;

use crate::support::{Answer, Clinic, World};

fn ask(clinic: &Clinic, hold: &str) -> Answer {
    clinic.agent.send(
        "POST",
        &clinic.at(&format!("holds/{hold}/verification")),
        &[],
        "",
    )
}

fn confirm(clinic: &Clinic, hold: &str, code: &str) -> Answer {
    clinic.agent.post(
        &clinic.at(&format!("holds/{hold}/confirm")),
        &json!({ "code": code }),
    )
}

#[test]
fn a_text_that_was_certainly_not_sent_leaves_no_code_and_can_be_asked_for_again() {
    let world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    world.carrier.next([Some(SendOutcome::NotSent)]);
    let refused = ask(&clinic, &hold);
    assert_eq!(
        (refused.status, refused.text("code").as_str()),
        (502, "sms-not-sent")
    );
    let void = world.carrier.newest_code();
    let early = confirm(&clinic, &hold, &void);
    assert_eq!(
        (early.status, early.text("code").as_str()),
        (409, "verification-required")
    );
    let sent = ask(&clinic, &hold);
    assert_eq!(
        (sent.status, sent.json()["resends_left"].as_u64()),
        (200, Some(3))
    );
    assert_ne!(
        world.carrier.newest_code(),
        void,
        "a code that was withdrawn never comes back"
    );
    assert_eq!(
        confirm(&clinic, &hold, &world.carrier.newest_code()).status,
        201
    );
}

#[test]
fn an_unknown_outcome_keeps_the_code_and_a_resend_repeats_it() {
    let world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    world.carrier.next([Some(SendOutcome::Unknown)]);
    let unknown = ask(&clinic, &hold);
    assert_eq!(
        (unknown.status, unknown.text("status").as_str()),
        (202, "unknown")
    );
    let code = world.carrier.newest_code();
    assert_eq!(ask(&clinic, &hold).status, 200);
    assert_eq!(world.carrier.newest_code(), code);
    assert_eq!(confirm(&clinic, &hold, &code).status, 201);
}

#[test]
fn a_carrier_that_never_answers_holds_nobody_up_and_its_text_goes_twice_at_most() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    world.carrier.next([None, None, None]);
    assert_eq!(ask(&clinic, &hold).status, 202);
    let code = world.carrier.newest_code();
    for _ in 0..3 {
        world.restart_after_power_cut();
        let agent = world.again(&clinic.agent);
        // A read that rests on the ledger's head: the restarted outbox has asked for its texts by the time codes are tried.
        assert_eq!(agent.get(&clinic.at(&format!("holds/{hold}"))).status, 200);
        let again = agent.send(
            "POST",
            &clinic.at(&format!("holds/{hold}/verification")),
            &[],
            "",
        );
        assert!(again.status == 202 || again.status == 200, "{}", again.body);
    }
    let mut sendings = BTreeMap::<_, usize>::new();
    for text in world.carrier.given() {
        assert!(text.body.starts_with(&code), "another code: {}", text.body);
        *sendings.entry(text.message).or_default() += 1;
    }
    assert!(sendings.values().all(|times| *times <= 2), "{sendings:?}");
    let agent = world.again(&clinic.agent);
    let booked = agent.post(
        &clinic.at(&format!("holds/{hold}/confirm")),
        &json!({ "code": code }),
    );
    assert_eq!(booked.status, 201, "{}", booked.body);
}

#[test]
fn the_inbox_shows_what_was_sent_newest_first_also_after_a_restart() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    for (time, phone) in [("10:00", "07700 900001"), ("11:00", "07700 900002")] {
        let hold = clinic.hold(time, phone);
        assert_eq!(ask(&clinic, &hold).status, 200);
        world.clock.advance_seconds(1);
    }
    let before = clinic.staff.get(&clinic.at("inbox")).json();
    assert_eq!(before["messages"][0]["to"], "+447700900002");
    assert_eq!(before["messages"].as_array().map(Vec::len), Some(2));
    let first = clinic.staff.get(&clinic.at("inbox?limit=1")).json();
    let cursor = first["next"].as_str().expect("there is more");
    let second = clinic
        .staff
        .get(&clinic.at(&format!("inbox?limit=1&cursor={cursor}")))
        .json();
    assert_eq!(second["messages"][0], before["messages"][1]);
    assert!(second["next"].is_null());
    world.restart();
    let after = world.again(&clinic.staff).get(&clinic.at("inbox")).json();
    assert_eq!(after, before);
}
