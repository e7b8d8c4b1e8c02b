//! Calls that end without a booking, over the wire: the text that follows, its answers, and what is remembered of them.

use serde_json::{Value, json};

use super::inbound::text;
use super::sending::{SID, TOKEN, store, without_notices};
use crate::support::{Behaviour, Clinic, StandIn, World};

const PHONE: &str = "+447700900001";
/// What a patient might say and nobody may remember, as the test looks for it.
const PLANTED: [&str; 8] = [
    "Zebulon",
    "quixworth",
    "7700900777",
    "900777",
    "zeb@example.org",
    "943 476 5919",
    "lymphoma",
    "SW1A 1AA",
];

fn ended(clinic: &Clinic, body: Value) -> Value {
    let answer = clinic.agent.post(&clinic.at("calls/ended"), &body);
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.json()
}

/// A hold in a call, and the call's end.
fn call(clinic: &Clinic, call: &str, time: &str) -> Value {
    let mut wish = Clinic::wish(time, PHONE);
    wish["call_id"] = json!(call);
    let held = clinic.agent.post(&clinic.at("holds"), &wish);
    assert_eq!(held.status, 201, "{}", held.body);
    let end = json!({ "call_id": call, "caller": PHONE, "booking_confirmed": false });
    let answer = ended(clinic, end);
    assert_eq!(answer["follow_up"], "queued", "{answer}");
    assert_eq!(answer["hold"], held.text("id"));
    answer
}

/// Waits until it is written down that a text has gone: until then an answer may be one to an earlier text.
fn told(clinic: &Clinic, number: usize) {
    let status =
        || clinic.staff.get(&clinic.at("messages")).json()["messages"][number]["status"].clone();
    let mut seen = std::iter::repeat_with(status);
    assert!(seen.any(|status| status == "sent"));
}

fn remembered(clinic: &Clinic) -> Value {
    let path = clinic.at("conversations?phone=07700900001");
    let seen = clinic.staff.get(&path);
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.json()["conversations"][0].clone()
}

#[test]
fn whoever_books_nothing_is_written_to_once_and_a_yes_books() {
    let stand_in = StandIn::start();
    let mut world = World::by_twilio(&stand_in.url());
    let mut clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    without_notices(&clinic);
    call(&clinic, "call-1", "10:00");
    let [first] = stand_in.wait_for(1).try_into().expect("one text");
    assert_eq!(first.to, PHONE);
    assert_eq!(
        first.body,
        "Thank you for calling. Nothing is booked yet. Reply YES to keep Tuesday 10:00 with dr-a. It is held for 30 min. Reply NO to let it go."
    );
    told(&clinic, 0);
    world.restart_after_power_cut();
    clinic = Clinic {
        agent: world.again(&clinic.agent),
        staff: world.again(&clinic.staff),
        read: world.again(&clinic.read),
        path: clinic.path,
    };
    let end = json!({ "call_id": "call-1", "caller": PHONE, "booking_confirmed": false });
    let again = ended(&clinic, end);
    assert_eq!(
        (&again["follow_up"], &again["replayed"]),
        (&json!("queued"), &json!(true))
    );
    let asked = text(&world, "SM1", PHONE, "Who is this?");
    assert!(
        asked
            .body
            .contains("Reply YES to keep Tue 3 Mar, 10:00, or NO to let it go."),
        "{}",
        asked.body
    );
    let booked = text(&world, "SM2", PHONE, "Yes please");
    assert!(
        booked
            .body
            .contains("Your appointment is booked: Tue 3 Mar, 10:00."),
        "{}",
        booked.body
    );
    // A code that someone tells is shown to nobody.
    text(&world, "SM3", PHONE, "My code was 1 2 3 4 5 6, or 654321");
    let memory = remembered(&clinic);
    assert_eq!(
        memory["said"][1]["text"],
        "My code was [NUMBER] or [NUMBER]"
    );
    assert_eq!(memory["outcome"], "booked");
    assert_eq!(memory["channel"], "text");
    assert_eq!(memory["said"][0]["text"], "Who is this?");
    assert_eq!(memory["offers"][0]["slot"], "checkup.dr-a.20260303T1000Z");
    let end = json!({ "call_id": "call-2", "caller": PHONE, "booking_confirmed": false, "service": "checkup" });
    assert_eq!(ended(&clinic, end)["reason"], "booked");
    // A text that was in flight at the cut may have gone twice, never thrice.
    let sendings = stand_in.sendings();
    assert!(
        sendings.len() == 1 && sendings.values().all(|times| *times <= 2),
        "{sendings:?}"
    );
}

#[test]
fn a_no_gives_the_time_back_and_cancel_as_well() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    for (number, (word, time)) in [("NO", "10:00"), ("Cancel", "11:00")]
        .into_iter()
        .enumerate()
    {
        let answer = call(&clinic, &format!("call-{number}"), time);
        stand_in.wait_for(number + 1);
        let hold = clinic.at(&format!(
            "holds/{}",
            answer["hold"].as_str().expect("a hold")
        ));
        told(&clinic, number);
        let answer = text(&world, &format!("SM{number}"), PHONE, word);
        assert!(answer.body.contains("let that time go"), "{}", answer.body);
        assert_eq!(clinic.agent.get(&hold).text("status"), "released");
    }
    assert_eq!(remembered(&clinic)["outcome"], "declined");
}

#[test]
fn whoever_wants_no_texts_is_not_followed_up_and_what_nobody_took_is_given_back() {
    let stand_in = StandIn::start();
    let world = World::by_twilio(&stand_in.url());
    let clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    stand_in.usually(Behaviour::Refuse(400, 21610, None));
    let answer = call(&clinic, "call-1", "10:00");
    let hold = clinic.at(&format!(
        "holds/{}",
        answer["hold"].as_str().expect("a hold")
    ));
    // The provider's word that they want none comes right after its refusal; until then the text waits for its next try.
    let end = |number: usize| {
        let call = format!("later-{number}");
        let end = json!({ "call_id": call, "caller": PHONE, "booking_confirmed": false, "service": "checkup" });
        ended(&clinic, end)["reason"].clone()
    };
    assert!(
        (0..)
            .map(end)
            .any(|reason| reason == "opted-out" || reason == "budget")
    );
    assert_eq!(clinic.agent.get(&hold).status, 200);
    assert_eq!(stand_in.taken().len(), 0);
}

#[test]
fn nothing_personal_is_remembered_shown_or_texted() {
    let stand_in = StandIn::start();
    let mut world = World::by_twilio(&stand_in.url());
    let mut clinic = world.clinic("north");
    store(&clinic, SID, TOKEN);
    let said = "My name is Zebulon Quixworth, quixworth with a q. I live at SW1A 1AA, my number is 07700 900777 or 0 7 7 0 0 9 0 0 7 7 7, \
        zeb@example.org, NHS 943 476 5919. It is about my lymphoma.";
    let transcript =
        format!("AI: Hello?\nUser: {said}\nUser: A check-up on Tuesday at half past ten, {said}");
    let end = json!({
        "call_id": "+447700900777", "caller": PHONE, "booking_confirmed": false, "name": "Zebulon Quixworth", "transcript": transcript,
    });
    assert_eq!(ended(&clinic, end)["follow_up"], "queued");
    let end = json!({
        "call_id": "07700900777", "caller": PHONE, "booking_confirmed": false, "service": "chat", "summary": said,
    });
    assert_eq!(ended(&clinic, end)["follow_up"], "queued");
    text(&world, "SM1", PHONE, said);
    let texts = stand_in.wait_for(2);
    assert!(texts[0].body.contains("Tuesday 10:30"), "{}", texts[0].body);
    for _ in 0..2 {
        let paths = [
            "conversations?phone=07700900001",
            "messages",
            "audit",
            "texts",
            "holds",
        ];
        let mut shown: Vec<String> = paths
            .iter()
            .map(|path| clinic.staff.get(&clinic.at(path)).body)
            .collect();
        shown.push(clinic.staff.get("/metrics").body);
        shown.extend(texts.iter().map(|text| text.body.clone()));
        let memory = &shown[0];
        assert!(
            memory.contains("\"said\":[{") && memory.contains("checkup"),
            "{memory}"
        );
        // The desk's list of holds has their names, of course.
        shown[4].clear();
        for words in &shown {
            for planted in PLANTED {
                let there = words.to_lowercase().contains(&planted.to_lowercase());
                assert!(!there, "{planted} in {words}");
            }
        }
        // Nor after a restart.
        world.restart();
        clinic = Clinic {
            agent: world.again(&clinic.agent),
            staff: world.again(&clinic.staff),
            read: world.again(&clinic.read),
            path: clinic.path,
        };
    }
}
