//! A whole booking is spoken, with values that stand for a person and a code wherever a caller puts them; neither the model nor any log
//! line ever has one, and yet the right person has the right time.

use serde_json::json;

use super::{Conversation, clinic};
use crate::support::logs::listen;
use crate::support::model::{calls, says};
use crate::support::{Clinic, Model, World};

/// Used by no other test: the logs are those of the whole process.
const NUMBER: &str = "+447700900987";
const PLANTED: [&str; 6] = [
    "7700900987",
    "07700 900987",
    "Wilhelmina",
    "Featherstone",
    "wilhelmina",
    "eczema",
];

#[test]
fn a_booking_is_spoken_and_the_model_never_sees_whose() {
    let logs = listen();
    let (world, model) = (World::start(), Model::start());
    let clinic = clinic(&world, "planted-turn", &model);
    let mut caller = Conversation::of(&world, "planted-turn", NUMBER, "call-wilhelmina-987");
    model.next([
        calls("a", "check_availability", json!({ "date": "tomorrow" })),
        says(&["Ten is free. In whose name", " shall I hold it?"]),
    ]);
    caller.asks("I have eczema and need a check-up with dr-a tomorrow at ten");
    // The bare answer to the question for a name.
    let hold =
        json!({ "service": "check-up", "start": "tomorrow at ten", "patientName": "[PERSON_1]" });
    model.next([
        calls("a", "reserve_slot", hold),
        says(&["Thank you, [PER", "SON_1]. Shall I send", " a code?"]),
    ]);
    let said = caller.says("Wilhelmina Featherstone, my number is 07700 900987");
    assert_eq!(
        said.concat(),
        "Thank you, Wilhelmina Featherstone. Shall I send a code?"
    );
    model.next([
        calls("a", "send_otp", json!({})),
        says(&["Please read it to me."]),
    ]);
    caller.asks("Yes, please. It's wilhelmina featherstone with an e at the end");
    let code = world.carrier.newest_code();
    let spoken: Vec<String> = code.bytes().map(|digit| names(digit).to_owned()).collect();
    model.next([
        calls("a", "verify_otp", json!({ "code": "[CODE_1]" })),
        says(&["It is booked, [PERSON_1]."]),
    ]);
    let said = caller.asks(&format!("It is {}.", spoken.join(" ")));
    assert_eq!(said, "It is booked, Wilhelmina Featherstone.");

    is_booked(&clinic);
    let secrets = [code, "key-of-planted-turn".to_owned(), spoken.join(" ")];
    hidden(&model, &logs.text(), &secrets);
}

/// The right person has the time.
fn is_booked(clinic: &Clinic) {
    let booked = clinic
        .staff
        .get(&clinic.at("appointments?from=2026-03-03T00:00:00Z&to=2026-03-04T00:00:00Z"))
        .json();
    let person = &booked["appointments"][0]["person"];
    assert_eq!(
        (&person["name"], &person["phone"]),
        (&json!("Wilhelmina Featherstone"), &json!(NUMBER))
    );
}

/// Nothing of it was told to the model or is in a log line.
fn hidden(model: &Model, logs: &str, secrets: &[String]) {
    let asked = model.asked();
    assert_eq!(asked.len(), 8);
    assert!(logs.contains("planted-turn"), "the line is in the logs");
    let planted = PLANTED
        .iter()
        .copied()
        .chain(secrets.iter().map(String::as_str));
    for value in planted {
        assert!(!logs.contains(value), "a log line has {value}");
        for asked in &asked {
            assert!(
                !asked.text.contains(value),
                "the model was told {value}: {}",
                asked.text
            );
        }
    }
    let last = &asked[7].text;
    for survives in [
        "dr-a",
        "tomorrow at ten",
        "check-up",
        "[PERSON_1]",
        "[CODE_1]",
    ] {
        assert!(last.contains(survives), "{survives} in {last}");
    }
}

fn names(digit: u8) -> &'static str {
    const NAMES: [&str; 10] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    NAMES[usize::from(digit - b'0')]
}
