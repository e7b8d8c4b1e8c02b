//! The line itself: signatures, what a retry and a restart make of a tool call, a clinic that is busy or slow, bodies of every
//! kind, and holds that follow their call.

use holdfast::config::Config;
use ring::hmac;
use serde_json::{Value, json};

use super::{ADA, Caller, SECRET, connect};
use crate::support::{Answer, World};

const BODY: &str = r#"{"message":{"type":"hang","call":{"id":"c"}}}"#;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed(algorithm: hmac::Algorithm, content: &str) -> String {
    let key = hmac::Key::new(algorithm, SECRET.as_bytes());
    hex(hmac::sign(&key, content.as_bytes()).as_ref())
}

fn send(world: &World, headers: &[(&str, &str)], body: &str) -> Answer {
    let nobody = world.admin.with_key("none");
    nobody.send("POST", "/vapi/north", headers, body)
}

#[test]
fn a_signed_body_is_proof_within_five_minutes_and_to_the_letter() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let seconds = world.clock_now() / 1000;
    let with = |at: i64, tag: &str, body: &str| {
        let at = at.to_string();
        send(&world, &[("X-Signature", tag), ("X-Timestamp", &at)], body).status
    };
    let tag = |at: i64| signed(hmac::HMAC_SHA256, &format!("{at}.{BODY}"));
    for at in [seconds, seconds - 300, seconds + 300, seconds * 1000] {
        assert_eq!(with(at, &tag(at), BODY), 200, "{at}");
    }
    for at in [seconds - 301, seconds + 301, 0] {
        assert_eq!(with(at, &tag(at), BODY), 401, "{at}");
    }
    assert_eq!(with(seconds, &tag(seconds + 1), BODY), 401);
    assert_eq!(
        with(seconds, &tag(seconds), &BODY.replace("hang", "hung")),
        401
    );
    assert_eq!(with(seconds, "", BODY), 401);
    let bare = send(&world, &[("X-Signature", &tag(seconds))], BODY);
    assert_eq!(bare.status, 401, "its time is missing");
    let large = "x".repeat(2 << 20);
    assert_eq!(with(seconds, &tag(seconds), &large), 401);
}

#[test]
fn a_line_can_be_signed_in_another_form() {
    let world = World::start();
    let clinic = world.clinic("north");
    let form = json!({
        "header": "X-Vapi-Signature", "format": "{body}", "algorithm": "sha512", "prefix": "sha512=",
    });
    connect(&clinic, form);
    let tag = format!("sha512={}", signed(hmac::HMAC_SHA512, BODY));
    assert_eq!(
        send(&world, &[("x-vapi-signature", &tag)], BODY).status,
        200
    );
    assert_eq!(send(&world, &[("x-signature", &tag)], BODY).status, 401);
    assert_eq!(
        send(&world, &[("x-vapi-signature", &tag[7..])], BODY).status,
        401
    );
}

fn holds(world: &World, clinic: &crate::support::Clinic) -> Vec<Value> {
    let listed = world.again(&clinic.staff).get(&clinic.at("holds"));
    listed.json()["holds"].as_array().expect("holds").clone()
}

fn wish() -> Value {
    json!({ "service": "check up", "start": "tomorrow at ten", "patientName": "Ada Lovelace" })
}

#[test]
fn a_tool_call_that_comes_again_has_one_effect_and_one_answer_also_after_a_restart() {
    let mut world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let caller = |world: &World| Caller::of(world, "north", ADA, "call-1");
    let ada = caller(&world);
    let held = ada.asks("t1", "reserve_slot", wish());
    let sent = ada.asks("t2", "send_otp", json!({}));
    let code = world.carrier.newest_code();
    for power_cut in [false, true] {
        if power_cut {
            world.restart_after_power_cut();
        } else {
            world.restart();
        }
        let ada = caller(&world);
        assert_eq!(ada.asks("t1", "reserve_slot", wish()), held);
        assert_eq!(
            ada.asks("t9", "reserve_slot", wish()),
            held,
            "the same wish in the same call"
        );
        assert_eq!(ada.asks("t2", "send_otp", json!({})), sent);
        assert_eq!(holds(&world, &clinic).len(), 1);
        assert_eq!(world.carrier.given().len(), 1, "one text");
    }
    let ada = caller(&world);
    let booked = ada.asks("t3", "verify_otp", json!({ "code": code }));
    assert!(
        booked.contains("is booked on Tuesday 3 March at 10 am"),
        "{booked}"
    );
    world.restart();
    let ada = caller(&world);
    assert_eq!(
        ada.asks("t3", "verify_otp", json!({ "code": code })),
        booked
    );
    assert_eq!(
        ada.asks("t4", "verify_otp", json!({ "code": code })),
        booked
    );
    let again = ada.asks("t1", "reserve_slot", wish());
    assert_eq!(again, booked, "what was held is booked by now");
    let listed = world.again(&clinic.staff).get(&clinic.at("appointments"));
    assert_eq!(
        listed.json()["appointments"].as_array().map(Vec::len),
        Some(1)
    );
}

// A wish that is made again after it was let go is a new one, and so is one in another call.
#[test]
fn letting_go_and_asking_again_is_not_asking_twice() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let ada = Caller::of(&world, "north", ADA, "call-1");
    let held = ada.asks("t1", "reserve_slot", wish());
    ada.asks("t2", "release_hold", json!({}));
    assert_eq!(ada.asks("t3", "reserve_slot", wish()), held);
    let live = |holds: Vec<Value>| holds.iter().filter(|hold| hold["status"] == "held").count();
    assert_eq!(live(holds(&world, &clinic)), 1);
    let bob = Caller::of(&world, "north", "+447700900456", "call-2");
    assert_ne!(
        bob.asks(
            "t1",
            "reserve_slot",
            json!({ "service": "chat", "start": "tomorrow at ten", "patientName": "Bob" })
        ),
        held
    );
}

#[test]
fn a_disk_that_hangs_keeps_no_caller_waiting_and_nothing_is_done_twice() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let ada = Caller::of(&world, "north", ADA, "call-1");
    ada.asks("t0", "check_availability", json!({}));
    world.storage.hold_syncs();
    let waiting = ada.asks("t1", "reserve_slot", wish());
    assert!(waiting.contains("will not be done twice"), "{waiting}");
    world.storage.release_syncs();
    let held = ada.asks("t1", "reserve_slot", wish());
    assert!(
        held.contains("is held on Tuesday 3 March at 10 am"),
        "{held}"
    );
    assert_eq!(holds(&world, &clinic).len(), 1);
}

#[test]
fn a_text_of_which_nobody_knows_is_on_its_way_and_one_that_failed_is_not() {
    let mut config: Config = World::settings();
    config.sms.timeout_ms = 100;
    let world = World::with(config);
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let ada = Caller::of(&world, "north", ADA, "call-1");
    ada.asks("t1", "reserve_slot", wish());
    world
        .carrier
        .next([Some(holdfast::model::SendOutcome::NotSent), None]);
    let failed = ada.asks("t2", "send_otp", json!({}));
    assert!(failed.contains("could not be sent"), "{failed}");
    let unknown = ada.asks("t3", "send_otp", json!({}));
    assert!(unknown.contains("on its way"), "{unknown}");
}

#[test]
fn whatever_is_sent_is_borne() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let line = world.admin.with_key(SECRET);
    let deep = format!(
        r#"{{"message":{}1{}}}"#,
        r#"{"call":"#.repeat(5_000),
        "}".repeat(5_000)
    );
    let wide = format!(
        r#"{{"message":{{"type":"tool-calls","toolCallList":[{}{{}}]}}}}"#,
        "{},".repeat(100_000)
    );
    let long = format!(r#"{{"message":{{"type":"{}"}}}}"#, "x".repeat(900_000));
    let bodies = [
        "",
        "null",
        "{",
        "[]",
        "\"\"",
        "{\"message\":{}}",
        "{\"message\":{\"type\":7}}",
        "\u{0}",
        &deep,
        &wide,
        &long,
        r#"{"message":{"type":"tool-calls"}}"#,
        r#"{"message":{"type":"function-call","functionCall":{"name":7}}}"#,
        r#"{"message":{"type":"end-of-call-report","call":{"id":"c","customer":{"number":"hello"}},"artifact":{"transcript":7}}}"#,
    ];
    for body in bodies {
        let answer = line.send(
            "POST",
            "/vapi/north",
            &[("Content-Type", "application/json")],
            body,
        );
        assert_eq!(answer.status, 200, "{body:.60}");
        let json = answer.json();
        assert!(
            json == json!({}) || json == json!({ "results": [] }),
            "{body:.60}: {json}"
        );
    }
    let huge = line.send("POST", "/vapi/north", &[], &"x".repeat(2 << 20));
    assert_eq!((huge.status, huge.body.as_str()), (200, "{}"));
    let calls: Vec<_> = (0..40)
        .map(|n| json!({ "id": format!("t{n}"), "name": "find_appointment" }))
        .collect();
    let many = Caller::of(&world, "north", ADA, "call-1")
        .tell("tool-calls", json!({ "toolCallList": calls }));
    let results = many.json();
    let results = results["results"].as_array().expect("results");
    assert_eq!(results.len(), 40);
    assert!(
        results[0]["result"].is_string() && results[39]["error"].is_string(),
        "{results:?}"
    );
}

#[test]
fn odd_words_in_arguments_are_answered_by_a_line() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let ada = Caller::of(&world, "north", ADA, "call-1");
    let long = "tomorrow ".repeat(2_000);
    let words = [
        json!("\u{0}\n\u{202e}"),
        json!(long),
        json!(7),
        json!(-1.5),
        json!(null),
        json!([1]),
        json!({"a": 1}),
        json!("🦷"),
        json!(true),
    ];
    let tools = [
        (
            "check_availability",
            vec!["service", "date", "practitioner"],
        ),
        (
            "reserve_slot",
            vec!["slotId", "service", "start", "patientName"],
        ),
        ("verify_otp", vec!["code", "holdId"]),
        ("extend_hold", vec!["holdId"]),
        ("cancel_appointment", vec!["appointmentId", "reason"]),
        (
            "reschedule_appointment",
            vec!["appointmentId", "start", "slotId"],
        ),
        ("clinic_info", vec!["question"]),
    ];
    let mut number = 0;
    for (tool, names) in &tools {
        for name in names {
            for word in &words {
                number += 1;
                ada.asks(&format!("t{number}"), tool, json!({ *name: word }));
            }
        }
    }
}

#[test]
fn a_hold_follows_its_call_until_its_lifetime_is_over() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let ada = Caller::of(&world, "north", ADA, "call-1");
    ada.asks("t1", "reserve_slot", wish());
    let status = || holds(&world, &clinic)[0]["status"].clone();
    let version = || holds(&world, &clinic)[0]["version"].clone();
    ada.tell("status-update", json!({ "status": "in-progress" }));
    assert_eq!(version(), 1, "nothing is written down while there is time");
    for _ in 0..3 {
        world.clock.advance_seconds(550);
        assert_eq!(status(), "held");
        ada.tell("speech-update", json!({ "status": "started" }));
    }
    let bob = Caller::of(&world, "north", "+447700900456", "call-2");
    bob.tell("status-update", json!({ "status": "in-progress" }));
    world.clock.advance_seconds(149);
    assert_eq!(status(), "held", "30 minutes are not over");
    ada.asks("t2", "check_availability", json!({}));
    world.clock.advance_seconds(1);
    assert_eq!(status(), "expired");
}

#[test]
fn an_id_that_a_model_makes_up_means_the_only_hold_and_of_several_none() {
    let world = World::start();
    let clinic = world.clinic("north");
    connect(&clinic, json!({}));
    let ada = Caller::of(&world, "north", ADA, "call-1");
    ada.asks("t1", "reserve_slot", wish());
    let own = holds(&world, &clinic)[0]["id"].clone();
    // Of the form of an id, but of no hold.
    let mut made_up = own.as_str().expect("an id").to_owned();
    let last = made_up.pop().expect("letters");
    made_up.push(if last == '0' { '1' } else { '0' });
    let sent = ada.asks("t2", "send_otp", json!({ "holdId": made_up }));
    assert!(sent.contains("I have sent a text"), "{sent}");

    let later = json!({ "service": "check up", "start": "tomorrow at eleven", "patientName": "Ada Lovelace" });
    ada.asks("t3", "reserve_slot", later);
    let refused = ada.asks("t4", "release_hold", json!({ "holdId": made_up }));
    assert!(!refused.contains("no longer held"), "{refused}");
    let released = ada.asks("t5", "release_hold", json!({ "holdId": own }));
    assert!(released.contains("no longer held"), "{released}");

    // What is somebody else's is not made up, and stays out of reach.
    let bob = Caller::of(&world, "north", "+447700900456", "call-2");
    let his = json!({ "service": "check up", "start": "tomorrow at half past nine", "patientName": "Bob" });
    bob.asks("t1", "reserve_slot", his);
    let listed = holds(&world, &clinic);
    let of = |status: &str| {
        listed
            .iter()
            .filter(|hold| hold["status"] == status)
            .count()
    };
    assert_eq!((of("held"), of("released")), (2, 1));
    let hers = listed.iter().find(|hold| {
        hold["status"] == "held"
            && hold["start"]
                .as_str()
                .is_some_and(|at| at.contains("T11:00"))
    });
    let hers = hers.expect("her second")["id"].clone();
    bob.asks("t2", "release_hold", json!({ "holdId": hers }));
    let held = holds(&world, &clinic);
    let held = held.iter().filter(|hold| hold["status"] == "held").count();
    assert_eq!(held, 2, "neither hers nor his is gone");
}
