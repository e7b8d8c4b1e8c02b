//! A clinic's voice line, as a voice platform calls it: tools by server messages, turns by streamed completions.
//!
//! Whoever calls is made up: numbers are those that the regulator keeps for films and plays, and nobody has them.

use std::rc::Rc;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::load::clinic::Clinic;
use crate::load::server::{Server, broken, wrong};

/// Numbers that nobody has.
const NUMBERS: u64 = 1_000;
/// What everyone is called.
const NAME: &str = "Robin Day";

/// The line of a clinic.
#[derive(Clone)]
pub struct Line {
    pub server: Server,
    pub clinic: Rc<Clinic>,
    /// What the ids of this run's calls begin with.
    pub run: Rc<str>,
}

/// A call that is going on.
pub struct Call {
    id: String,
    /// The number that calls.
    pub phone: String,
}

impl Line {
    /// The call of that number.
    pub fn call(&self, number: u64) -> Call {
        Call {
            id: format!("{}-{number}", self.run),
            phone: format!("+447700900{:03}", number % NUMBERS),
        }
    }

    /// Lets a tool do something in a call; the error says what kind of answer it was.
    pub async fn tool(&self, call: &Call, tool: &str, arguments: &Value) -> Result<(), String> {
        let message = json!({ "message": {
            "type": "tool-calls",
            "call": { "id": call.id, "customer": { "number": call.phone } },
            "toolCallList": [{ "id": format!("{}-{tool}", call.id), "name": tool, "arguments": arguments }],
        } });
        let request = self.server.request(Method::POST, &self.clinic.line(""));
        let request = request.header("X-Vapi-Secret", &self.clinic.line_secret);
        let answer = wrong(request.json(&message).send().await).await?;
        let results: Value = answer
            .json()
            .await
            .map_err(|error| broken(&error).to_owned())?;
        match results["results"][0]["result"].is_string() {
            true => Ok(()),
            false => Err("declined in words".to_owned()),
        }
    }

    /// Opens a turn: what was said goes to the clinic's model, whose answer is streamed.
    pub async fn turn(&self, call: &Call, said: &str) -> Result<Response, String> {
        let body = json!({
            "model": "stand-in", "stream": true,
            "messages": [
                { "role": "system", "content": "You answer the telephone of a clinic. Be brief." },
                { "role": "assistant", "content": "Good morning, how can I help?" },
                { "role": "user", "content": said },
            ],
            "call": { "id": call.id, "customer": { "number": call.phone } },
            "customer": { "number": call.phone },
        });
        let path = self.clinic.line("/chat/completions");
        let request = self.server.request(Method::POST, &path);
        let request = request.bearer_auth(&self.clinic.line_secret).json(&body);
        wrong(request.send().await).await
    }

    /// What the patient of every call is called.
    pub fn patient(&self) -> &'static str {
        NAME
    }

    /// The code that was texted to a call's number last; the inbox shows what the phone would.
    pub async fn code(&self, call: &Call, texts: usize) -> Option<String> {
        let path = self.clinic.path(&format!("inbox?limit={texts}"));
        let asked = self
            .server
            .send(Method::GET, &self.clinic.staff, &path, None);
        let inbox = asked.await.ok()?;
        let texts = inbox["messages"].as_array()?;
        let is_theirs = |text: &&Value| text["kind"] == "code" && text["to"] == call.phone.as_str();
        let body = texts.iter().find(is_theirs)?["body"].as_str()?;
        let digits = body.chars().take_while(char::is_ascii_digit);
        Some(digits.collect())
    }
}
