//! Values that stand for a person are planted wherever a platform or a model can put them, and looked for where they may not be:
//! in any log line, and in any answer.

use serde_json::json;

use super::{Caller, connect};
use crate::support::World;
use crate::support::logs::listen;

/// Used by no other test: the logs are those of the whole process.
const NUMBER: &str = "+447700900986";
const PLANTED: [&str; 5] = [
    "7700900986",
    "07700 900986",
    "Zenobia",
    "Quillfeather",
    "psoriasis",
];

#[test]
fn planted_values_reach_no_log_and_no_answer() {
    let logs = listen();
    let world = World::start();
    let clinic = world.clinic("planted-voice");
    connect(&clinic, json!({ "assistant_id": "asst" }));
    let zenobia = Caller::of(&world, "planted-voice", NUMBER, "call-zenobia-986");
    let said = "I am Zenobia Quillfeather, my number is 07700 900986 and I have psoriasis";
    let mut answers = vec![
        zenobia.asks("t1", "reserve_slot", json!({ "service": said, "start": said, "patientName": "Zenobia Quillfeather" })),
        zenobia.asks("t2", "reserve_slot", json!({ "service": "check up", "start": "tomorrow at ten", "patientName": "Zenobia Quillfeather" })),
        zenobia.asks("t3", "send_otp", json!({ "patientPhone": NUMBER })),
    ];
    let code = world.carrier.newest_code();
    answers.extend([
        zenobia.asks("t4", "verify_otp", json!({ "code": format!("{code} 1") })),
        zenobia.asks("t5", "verify_otp", json!({ "code": code })),
        zenobia.asks(
            "t6",
            "find_appointment",
            json!({ "patientName": "Zenobia Quillfeather" }),
        ),
        zenobia.asks(
            "t7",
            "check_availability",
            json!({ "service": said, "date": said, "practitioner": "Zenobia" }),
        ),
        zenobia.asks("t8", "clinic_info", json!({ "question": said })),
        zenobia.asks(
            "t9",
            "reschedule_appointment",
            json!({ "start": "Friday at three" }),
        ),
        zenobia.asks("t10", "cancel_appointment", json!({ "reason": said })),
        zenobia.asks("Zenobia", "nothing", json!({ "reason": said })),
    ]);
    let others = [
        zenobia.tell("assistant-request", json!({})),
        zenobia.tell("end-of-call-report", json!({
            "artifact": { "transcript": format!("User: {said}") }, "analysis": { "summary": said }, "endedReason": said,
        })),
        zenobia.tell("conversation-update", json!({ "messages": [{ "role": "user", "message": said }] })),
        zenobia.tell(said, json!({ said: said })),
        zenobia.client.send("POST", &zenobia.path, &[], &format!("{{\"message\": {{\"type\": \"{said}\", }}")),
        zenobia.client.with_key(said).post("/vapi/planted-voice", &json!({})),
    ];
    answers.extend(others.into_iter().map(|answer| answer.body));
    let logs = logs.text();
    assert!(logs.contains("planted-voice"), "the line is in the logs");
    let secret = [code.as_str(), super::SECRET];
    for value in PLANTED.iter().chain(&secret) {
        assert!(!logs.contains(value), "a log line has {value}");
        for answer in &answers {
            assert!(!answer.contains(value), "{answer}");
        }
    }
}
