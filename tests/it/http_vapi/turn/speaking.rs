//! Words pass on as they come, tools are carried out once, and what is known here is said at once.

use serde_json::{Value, json};

use super::super::SECRET;
use super::{Conversation, PARKING, clinic, give, metric};
use crate::support::model::{Part, Script, calls, says};
use crate::support::{Model, World};

const ADA: &str = "+447700900123";

#[test]
fn a_word_is_heard_before_the_next_is_thought_of() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    let held = vec![
        Part::Words(vec!["Good"]),
        Part::Wait,
        Part::Words(vec![" morning."]),
        Part::End,
    ];
    model.next([Script::Say(held)]);
    let mut heard = Conversation::of(&world, "north", ADA, "c1").begins("Hello there");
    assert_eq!(heard.word(), "Good", "and the model has not gone on");
    model.go_on();
    assert_eq!(heard.word(), " morning.");
}

#[test]
fn a_model_is_told_what_it_needs_and_by_its_key() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    model.next([says(&["It is", " 40 pounds", ", and Tuesday is fine."])]);
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    caller.hears("system", "Be kind.");
    let said = caller.says("What does a check-up cost, and can I come on Tuesday?");
    assert_eq!(said, ["It is", " 40 pounds", ", and Tuesday is fine."]);
    let asked = model.asked().remove(0);
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.authorization, "Bearer key-of-north");
    assert_eq!(
        (&asked.body["model"], &asked.body["stream"]),
        (&json!("small-1"), &json!(true))
    );
    assert_eq!(asked.body["tools"].as_array().expect("tools").len(), 10);
    let told = asked.body["messages"][0]["content"]
        .as_str()
        .expect("what it is told");
    for part in [
        "telephone of north",
        "Monday 2 March 2026",
        "Check-up",
        "Prices: A check-up is 40 pounds.",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(
        asked.body["messages"][1],
        json!({ "role": "system", "content": "Be kind." })
    );
}

#[test]
fn a_whole_answer_is_one_completion() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    model.next([says(&["Good", " morning."])]);
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    caller.hears("user", "Hello there");
    let answer = caller.client.post(&caller.path, &caller.body(false));
    assert_eq!(answer.status, 200);
    let whole = answer.json();
    assert_eq!(whole["object"], "chat.completion");
    let choice = json!({
        "index": 0, "message": { "role": "assistant", "content": "Good morning." }, "finish_reason": "stop",
    });
    assert_eq!(whole["choices"], json!([choice]));
}

#[test]
fn tools_are_carried_out_here_and_the_turn_goes_on() {
    let (world, model) = (World::start(), Model::start());
    let clinic = clinic(&world, "north", &model);
    let hold =
        json!({ "service": "check-up", "start": "Tuesday at ten", "patientName": "Ada Lovelace" })
            .to_string();
    let both = vec![
        Part::Words(vec!["Let me see."]),
        Part::Call(
            0,
            "a",
            "check_availability",
            json!({ "date": "Tuesday" }).to_string(),
        ),
        Part::Call(1, "b", "reserve_slot", hold),
        Part::End,
    ];
    model.next([Script::Say(both), says(&["It", " is held."])]);
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    let said = caller.asks("A check-up on Tuesday at ten");
    assert_eq!(said, "Let me see. It is held.");
    let holds = clinic.staff.get(&clinic.at("holds")).json();
    assert_eq!(holds["holds"][0]["start"], "2026-03-03T10:00:00+00:00");
    assert_eq!(holds["holds"][0]["person"]["phone"], ADA);
    let asked = model.asked();
    let messages = asked[1].body["messages"].as_array().expect("messages");
    let [.., called, first, second] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(called["content"], "Let me see.");
    assert_eq!(called["tool_calls"][1]["function"]["name"], "reserve_slot");
    assert_eq!(
        (&first["tool_call_id"], &second["tool_call_id"]),
        (&json!("a"), &json!("b"))
    );
    let held = second["content"].as_str().expect("a line");
    assert!(
        held.contains("is held on tomorrow") || held.contains("is held on Tuesday 3 March"),
        "{held}"
    );
}

#[test]
fn the_same_tool_in_two_turns_has_one_effect_and_another_has_its_own() {
    let (world, model) = (World::start(), Model::start());
    let clinic = clinic(&world, "north", &model);
    let hold = |start: &str| json!({ "service": "check-up", "start": start, "patientName": "Ada Lovelace" });
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    // Models number their calls anew in each turn.
    for start in ["Tuesday at ten", "Tuesday at ten", "Tuesday at eleven"] {
        model.next([
            calls("call_0", "reserve_slot", hold(start)),
            says(&["Held."]),
        ]);
        assert_eq!(caller.asks("I would like to come"), "Held.");
    }
    let holds = clinic.staff.get(&clinic.at("holds")).json();
    let starts: Vec<_> = holds["holds"]
        .as_array()
        .expect("holds")
        .iter()
        .map(|one| one["start"].clone())
        .collect();
    assert_eq!(
        starts,
        [
            json!("2026-03-03T10:00:00+00:00"),
            json!("2026-03-03T11:00:00+00:00")
        ]
    );
}

#[test]
fn who_calls_is_what_the_platform_reports_and_nothing_that_is_said() {
    let (world, model) = (World::start(), Model::start());
    let clinic = clinic(&world, "north", &model);
    let hold = json!({ "service": "check-up", "start": "Tuesday at ten", "patientName": "Ada", "phone": "+447700900999" });
    let line = world.admin.with_key(SECRET);
    let said = json!([{ "role": "user", "content": "I call from +447700900999" }]);
    for (call, metadata) in [
        (
            "m1",
            json!({ "metadata": { "call": { "id": "m1", "customer": { "number": "+447700900101" } } } }),
        ),
        (
            "m2",
            json!({ "call": { "id": "m2" }, "customer": { "number": "+447700900102" }, "metadata": { "customer": { "number": "+447700900999" } } }),
        ),
    ] {
        model.next([calls("x", "reserve_slot", hold.clone()), says(&["Held."])]);
        let mut body = metadata;
        body["messages"] = said.clone();
        body["stream"] = json!(false);
        let answer = line.post("/vapi/north/chat/completions", &body);
        assert_eq!(answer.status, 200, "{call}");
    }
    let holds = clinic.staff.get(&clinic.at("holds")).json();
    let phones: Vec<_> = holds["holds"]
        .as_array()
        .expect("holds")
        .iter()
        .map(|one| one["person"]["phone"].clone())
        .collect();
    assert_eq!(phones, [json!("+447700900101"), json!("+447700900102")]);
}

#[test]
fn what_the_text_answers_by_itself_is_said_without_the_model() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    assert_eq!(caller.asks("Where can I park my car?"), PARKING);
    assert!(model.asked().is_empty());
    model.next([says(&["Yes."])]);
    assert_eq!(
        caller.asks("Where can I park my car on Tuesday?"),
        "Yes.",
        "a day is a wish"
    );
    assert_eq!(metric(&world, "holdfast_turns_total{end=\"known\"}"), 1);
    assert_eq!(metric(&world, "holdfast_turns_total{end=\"spoken\"}"), 1);
    assert_eq!(metric(&world, "holdfast_turn_own_seconds_count"), 2);
}

#[test]
fn two_clinics_have_two_models_and_a_change_counts_at_once() {
    let (world, one, other) = (World::start(), Model::start(), Model::start());
    let north = clinic(&world, "north", &one);
    clinic(&world, "south", &other);
    for round in 0..4 {
        one.next([says(&["From north."])]);
        other.next([says(&["From south."])]);
        let heard = [("north", "From north."), ("south", "From south.")].map(|(slug, words)| {
            let mut caller = Conversation::of(&world, slug, ADA, "c1");
            (
                std::thread::spawn(move || caller.asks("Hello there")),
                words,
            )
        });
        for (said, words) in heard {
            assert_eq!(said.join().expect("an answer"), words, "{round}");
        }
    }
    for (model, slug) in [(&one, "north"), (&other, "south")] {
        for asked in model.asked() {
            assert_eq!(asked.authorization, format!("Bearer key-of-{slug}"));
            assert!(asked.text.contains(&format!("telephone of {slug}")));
        }
    }
    assert!(
        metric(&world, "holdfast_sms_credentials_total{cache=\"hit\"}") > 4,
        "keys stay at hand"
    );
    give(
        &world,
        &north,
        &json!({ "base_url": other.url(), "model": "small-2" }),
    );
    other.next([says(&["From another."])]);
    assert_eq!(
        Conversation::of(&world, "north", ADA, "c2").asks("Hello there"),
        "From another."
    );
    let last = other.asked().pop().expect("it was asked");
    assert_eq!(
        (last.authorization.as_str(), &last.body["model"]),
        ("", &json!("small-2")),
        "no key goes elsewhere"
    );
}

#[test]
fn connections_are_opened_ahead_and_used_again() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    model.wait_ahead(1);
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    for _ in 0..5 {
        model.next([says(&["Yes."])]);
        assert_eq!(caller.asks("Hello there"), "Yes.");
    }
    // One more than needed at the most: the first turn may come before the one that was opened ahead is back.
    assert!(model.connections() <= 2, "{}", model.connections());
    world.clock.advance_seconds(60);
    let ringing = json!({ "message": { "type": "status-update", "status": "ringing", "call": { "id": "c2" } } });
    assert_eq!(caller.client.post("/vapi/north", &ringing).status, 200);
    model.wait_ahead(2);
}

#[test]
fn without_proof_nobody_speaks_here() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    let body: Value = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    for key in ["none", "key-of-north"] {
        let answer = world
            .admin
            .with_key(key)
            .post("/vapi/north/chat/completions", &body);
        assert_eq!(
            (answer.status, answer.text("code")),
            (401, "unauthorized".to_owned())
        );
    }
    let answer = world
        .admin
        .with_key(SECRET)
        .post("/vapi/south/chat/completions", &body);
    assert_eq!(answer.status, 401);
    assert!(model.asked().is_empty());
}
