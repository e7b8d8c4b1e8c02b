//! What requests say of people reaches no log; what the logs do say of each redaction.

use serde_json::{Value, json};

use crate::support::World;
use crate::support::logs::{Logs, listen};

/// Values that stand for people; none is used by any other test, for the logs are those of the whole process.
const PLANTED: [&str; 7] = [
    "07700 900987",
    "07700900987",
    "7700900987",
    "Zebedee",
    "zebedee.planted@example.com",
    "943 476 5919",
    "sarcoidosis",
];

#[test]
fn planted_values_reach_no_log_and_every_redaction_leaves_its_record() {
    let logs = listen();
    let world = World::start();
    let clinic = world.clinic("planted");
    let text = format!(
        "I am {}, on {}, NHS number {}, {}, with {}",
        PLANTED[3], PLANTED[0], PLANTED[5], PLANTED[4], PLANTED[6]
    );
    let policy = json!({ "add": [{ "text": PLANTED[3] }] });
    let answer = clinic.staff.post(
        &clinic.at("redact"),
        &json!({ "text": text, "policy": policy }),
    );
    assert_eq!(answer.status, 200);
    let long = format!("{text}. ").repeat(400);
    assert_eq!(
        clinic
            .staff
            .post(&clinic.at("redact"), &json!({ "text": long }))
            .status,
        200
    );
    let reason =
        json!({ "start": "2026-03-02T12:00:00Z", "end": "2026-03-02T13:00:00Z", "reason": text });
    let block = clinic
        .staff
        .post(&clinic.at("resources/dr-a/blocks"), &reason);
    assert_eq!(block.status, 201);
    assert!(
        block.text("reason").contains("[PHONE_1]") && !block.text("reason").contains(PLANTED[0])
    );
    let call = json!({
        "call_id": PLANTED[2], "caller": "07700 900986", "name": PLANTED[3], "booking_confirmed": false,
        "transcript": text, "service": "checkup",
    });
    let ended = clinic.staff.post(&clinic.at("calls/ended"), &call);
    assert_eq!(ended.text("follow_up"), "queued");
    // Refusals may not quote either: an unknown field, a wrong type, no JSON, a path.
    for body in [
        format!(r#"{{"text": "x", "{}": 1}}"#, PLANTED[4]),
        format!(r#"{{"text": "x", "policy": "{}"}}"#, PLANTED[0]),
        format!("{text} is no JSON"),
    ] {
        let refused = clinic.staff.send("POST", &clinic.at("redact"), &[], &body);
        assert!(refused.status >= 400);
    }
    clinic
        .staff
        .get(&clinic.at(&format!("holds/{}", PLANTED[2])));
    drop(world);

    check(&logs, &text);
}

/// None of the planted values is in the logs, and the record of each redaction is; the first was of `text`.
fn check(logs: &Logs, text: &str) {
    let logs = logs.text();
    for value in PLANTED {
        assert!(!logs.contains(value), "{value} was logged");
    }
    let records: Vec<Value> = logs
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| {
            line["target"] == "holdfast::audit::redaction" && line["fields"]["tenant"] == "planted"
        })
        .collect();
    assert_eq!(
        records.len(),
        4,
        "the text, the long one, the reason, the call"
    );
    let first = &records[0]["fields"];
    assert_eq!(
        first["counts"],
        r#"{"EMAIL": 1, "MEDICAL": 1, "NHS_NUMBER": 1, "PERSON": 1, "PHONE": 1}"#
    );
    assert_eq!(first["bytes_in"], text.len());
    assert_eq!(first["when"], "2026-03-02T08:00:00+00:00");
    assert!(
        first["policy"]
            .as_str()
            .is_some_and(|policy| policy.starts_with("default/"))
    );
    assert!(first["who"].as_str().is_some_and(|who| !who.is_empty()));
    assert!(first["micros"].is_u64());
}
