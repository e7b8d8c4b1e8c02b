//! Whatever a model does, its caller hears a sentence; and nobody is listened to whom nobody hears.

use serde_json::json;

use super::super::SECRET;
use super::{Conversation, PARKING, clinic, give, metric, words_of};
use crate::support::model::{Part, Script, calls, says};
use crate::support::{Model, World};

const ADA: &str = "+447700900123";
const SORRY: &str = "One moment, I cannot look that up just now. Please say it again, or ask for the clinic's desk.";
const LOST: &str = " I am sorry, I have lost my thread. Please say that again.";

/// A house whose models may be silent for a moment only.
fn impatient() -> World {
    let mut config = World::settings();
    config.voice.model_silence_ms = 500;
    World::with(config)
}

#[test]
fn whatever_a_model_does_the_caller_hears_a_sentence() {
    let (world, model) = (impatient(), Model::start());
    clinic(&world, "north", &model);
    let say = |parts: &[Part]| Script::Say(parts.to_vec());
    let raw = |text: &str| Part::Raw(text.to_owned());
    let begun = Part::Words(vec!["Well"]);
    let lost = format!("Well{LOST}");
    let deep = format!("data: {}\n\n", "[".repeat(10_000));
    let far = r#"data: {"choices":[{"delta":{"tool_calls":[{"index":4000000000,"id":"x"}]}}]}"#;
    for (script, heard) in [
        (Script::Answer(500, "{}"), SORRY),
        (Script::Answer(401, r#"{"error":"no such key"}"#), SORRY),
        (Script::Answer(302, ""), SORRY),
        (
            Script::Answer(200, r#"{"choices":[{"message":{"content":"whole"}}]}"#),
            SORRY,
        ),
        (Script::Silence, SORRY),
        (say(&[Part::Hang]), SORRY),
        (say(&[Part::Cut]), SORRY),
        (say(&[Part::End]), SORRY),
        (say(&[raw("<html>all well</html>\n\n")]), SORRY),
        (say(&[raw("data: {oh\n\n")]), SORRY),
        (
            say(&[raw("data: {\"error\":{\"message\":\"quota\"}}\n\n")]),
            SORRY,
        ),
        (say(&[raw(&deep)]), SORRY),
        (say(&[raw(&format!("{far}\n\n"))]), SORRY),
        (say(&[Part::Forever("x".repeat(4_000))]), SORRY),
        (say(&[Part::Forever(":\n\n".repeat(400))]), SORRY),
        (say(&[begun.clone(), Part::Hang]), lost.as_str()),
        (say(&[begun.clone(), Part::Cut]), lost.as_str()),
        (say(&[begun, raw("data: 3\n\n")]), lost.as_str()),
    ] {
        let shown = format!("{script:.200?}");
        model.next([script]);
        let said = Conversation::of(&world, "north", ADA, "c1").asks("Hello there");
        assert_eq!(said, heard, "{shown}");
    }
    model.next([says(&["All well."])]);
    assert_eq!(
        Conversation::of(&world, "north", ADA, "c1").asks("Hello there"),
        "All well."
    );
    assert_eq!(metric(&world, "holdfast_turns_total{end=\"failed\"}"), 18);
}

#[test]
fn a_model_that_cannot_be_reached_is_spoken_for() {
    let (world, model) = (impatient(), Model::start());
    let north = clinic(&world, "north", &model);
    give(
        &world,
        &north,
        &json!({ "base_url": "http://127.0.0.1:9/v1", "model": "m" }),
    );
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    assert_eq!(caller.asks("Hello there"), SORRY);
    // Free is a word of booking, so it is for the model; but the text has the answer, too.
    assert_eq!(
        caller.asks("Where is free parking?"),
        PARKING,
        "what is known here is better"
    );
}

#[test]
fn without_a_model_what_is_known_here_is_said() {
    let (world, model) = (World::start(), Model::start());
    let north = clinic(&world, "north", &model);
    assert_eq!(
        north
            .staff
            .send("DELETE", &north.at("model"), &[], "")
            .status,
        204
    );
    let mut caller = Conversation::of(&world, "north", ADA, "c1");
    assert_eq!(
        caller.asks("When are you open?"),
        "Open Monday to Friday from 9 am to 5 pm, closed Saturday to Sunday."
    );
    let mut other = Conversation::of(&world, "north", ADA, "c2");
    assert!(other.asks("").starts_with("This is north."));
    assert!(model.asked().is_empty());
}

#[test]
fn a_model_that_only_calls_tools_is_stopped() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    model.next((0..20).map(|_| calls("x", "find_appointment", json!({}))));
    assert_eq!(
        Conversation::of(&world, "north", ADA, "c1").asks("Hello there"),
        SORRY
    );
    let asked = model.asked();
    assert_eq!(asked.len(), 5);
    assert_eq!(
        (&asked[3].body["tool_choice"], &asked[4].body["tool_choice"]),
        (&json!("auto"), &json!("none"))
    );
}

#[test]
fn a_model_that_never_ends_is_cut_short() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    let chunk = json!({ "choices": [{ "delta": { "content": "and so on ".repeat(20) } }] });
    model.next([Script::Say(vec![Part::Forever(format!(
        "data: {chunk}\n\n"
    ))])]);
    let said = Conversation::of(&world, "north", ADA, "c1").asks("Hello there");
    assert!(
        said.ends_with(LOST) && said.len() < 20_000,
        "{}",
        said.len()
    );
    model.wait_gone(1);
}

#[test]
fn when_the_platform_goes_the_model_is_let_go() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    model.next([
        Script::Say(vec![Part::Words(vec!["Well"]), Part::Hang]),
        Script::Silence,
    ]);
    let mut heard = Conversation::of(&world, "north", ADA, "c1").begins("Hello there");
    assert_eq!(heard.word(), "Well");
    drop(heard);
    model.wait_gone(1);
    let silent = Conversation::of(&world, "north", ADA, "c1").begins("Hello there");
    model.wait_asked(2);
    drop(silent);
    model.wait_gone(2);
}

#[test]
fn a_turn_that_is_spoken_does_not_hold_up_the_end() {
    let (mut world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    model.next([Script::Say(vec![Part::Words(vec!["Well"]), Part::Hang])]);
    let mut heard = Conversation::of(&world, "north", ADA, "c1").begins("Hello there");
    assert_eq!(heard.word(), "Well");
    world.restart();
    assert_eq!(heard.word(), LOST);
    model.wait_gone(1);
}

#[test]
fn what_says_nothing_is_answered_and_what_is_no_request_is_refused() {
    let (world, model) = (World::start(), Model::start());
    clinic(&world, "north", &model);
    let line = world.admin.with_key(SECRET);
    let large = format!("{{\"messages\": \"{}\"}}", "x".repeat(1 << 20));
    let send = |body: &str| line.send("POST", "/vapi/north/chat/completions", &[], body);
    for body in [
        "{}",
        "{",
        r#"{"messages": [{"role": "user", "content": "\ud83d"}]}"#,
        "{\"messages\": {}}",
        "{\"messages\": [[[]], 3]}",
    ] {
        assert_eq!(words_of(&send(body)).concat(), "Nothing.", "{body}");
    }
    for body in ["", "[]", "3"] {
        let refused = send(body);
        assert_eq!(
            (refused.status, refused.text("code")),
            (422, "invalid-body".to_owned())
        );
    }
    let refused = send(&large);
    assert_eq!(
        (refused.status, refused.text("code")),
        (413, "body-too-large".to_owned())
    );
    let large_message = line.send("POST", "/vapi/north", &[], &large);
    assert_eq!(
        (large_message.status, large_message.body.as_str()),
        (200, "{}")
    );
}
