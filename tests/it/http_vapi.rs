//! The dialect of Vapi, as a voice platform sees it: every transcript of `tests/transcripts/vapi`, and what a transcript cannot
//! say: signatures, restarts, a clinic that is busy or slow, and where personal data is looked for and not found.

mod line;
mod planted;
mod speech;
mod turn;

use std::collections::BTreeSet;
use std::path::Path;

use holdfast::calendar;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Clinic, World};
use crate::transcripts::play;

/// A Monday morning, an hour before the clinic opens.
const OPENING: &str = "2027-03-01T08:00:00Z";
const SECRET: &str = "line-secret-1";
const ADA: &str = "+447700900123";

fn run(file: &str) {
    let world = World::start();
    let opening = calendar::parse_instant(OPENING).expect("an instant");
    world.clock.set(opening);
    play(&world.admin, &world.clock, &format!("../vapi/{file}"));
}

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { run(concat!(stringify!($name), ".http")); })*

        #[test]
        fn every_transcript_is_played() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/vapi");
            let files = std::fs::read_dir(folder).expect("the folder of transcripts");
            let files: BTreeSet<_> = files
                .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
                .filter(|name| !name.starts_with('_'))
                .collect();
            let played = [$(concat!(stringify!($name), ".http")),*];
            assert_eq!(files, BTreeSet::from(played.map(str::to_owned)));
        }
    };
}

transcripts! {
    appointments
    availability
    booking
    line
    memory
    shapes
    turn
}

/// A caller on the line of a clinic.
struct Caller {
    client: Client,
    path: String,
    number: Option<&'static str>,
    call: &'static str,
}

/// Gives the clinic a line.
fn connect(clinic: &Clinic, settings: Value) {
    let mut body = json!({ "secret": SECRET, "phone_numbers": [] });
    for (name, value) in settings.as_object().expect("settings") {
        body[name] = value.clone();
    }
    let headers = [("Content-Type", "application/json")];
    let stored = clinic
        .staff
        .send("PUT", &clinic.at("vapi"), &headers, &body.to_string());
    assert_eq!(stored.status, 204, "{}", stored.body);
}

impl Caller {
    fn of(world: &World, slug: &str, number: &'static str, call: &'static str) -> Self {
        Self {
            client: world.admin.with_key(SECRET),
            path: format!("/vapi/{slug}"),
            number: Some(number),
            call,
        }
    }

    fn message(&self, kind: &str, more: Value) -> Value {
        let mut message = json!({ "type": kind, "call": { "id": self.call } });
        if let Some(number) = self.number {
            message["call"]["customer"] = json!({ "number": number });
        }
        for (name, value) in more.as_object().expect("fields") {
            message[name] = value.clone();
        }
        json!({ "message": message })
    }

    fn tell(&self, kind: &str, more: Value) -> Answer {
        self.client.post(&self.path, &self.message(kind, more))
    }

    /// Calls a tool; the line that comes back.
    fn asks(&self, id: &str, tool: &str, arguments: Value) -> String {
        let call = json!({ "toolCallList": [{ "id": id, "name": tool, "arguments": arguments }] });
        let answer = self.tell("tool-calls", call);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let results = answer.json();
        let result = &results["results"][0];
        assert_eq!(
            (&result["toolCallId"], &result["name"]),
            (&json!(id), &json!(tool))
        );
        let said = result["result"].as_str().or(result["error"].as_str());
        let said = said.expect("a line").to_owned();
        assert!(!said.contains('\n') && !said.is_empty(), "{said:?}");
        said
    }
}
