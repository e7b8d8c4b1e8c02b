//! A streamed turn, between a platform that listens and a model that speaks: what passes on, what is carried out, what goes wrong, and
//! what neither may ever see.

mod failing;
mod planted;
mod speaking;

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use super::{SECRET, connect};
use crate::support::{Answer, Client, Clinic, Model, World};

const KNOWLEDGE: &str = "# Parking\nTwo free places behind the house, the entrance is in Mill Lane.\n\n# Prices\nA check-up is 40 pounds.";

const PARKING: &str = "Two free places behind the house, the entrance is in Mill Lane.";

/// Gives the clinic a model.
fn give(world: &World, clinic: &Clinic, settings: &Value) {
    let headers = [("Content-Type", "application/json")];
    let staff = world.again(&clinic.staff);
    let stored = staff.send("PUT", &clinic.at("model"), &headers, &settings.to_string());
    assert_eq!(stored.status, 204, "{}", stored.body);
}

/// A clinic with a line, a text and a model.
fn clinic(world: &World, slug: &str, model: &Model) -> Clinic {
    let clinic = world.clinic(slug);
    connect(&clinic, json!({}));
    let headers = [("Content-Type", "application/json")];
    let text = json!({ "text": KNOWLEDGE }).to_string();
    let stored = clinic
        .staff
        .send("PUT", &clinic.at("knowledge"), &headers, &text);
    assert_eq!(stored.status, 204, "{}", stored.body);
    let settings =
        json!({ "base_url": model.url(), "model": "small-1", "key": format!("key-of-{slug}") });
    give(world, &clinic, &settings);
    clinic
}

/// A conversation on a clinic's line.
struct Conversation {
    client: Client,
    path: String,
    number: &'static str,
    call: &'static str,
    said: Vec<Value>,
}

impl Conversation {
    fn of(world: &World, slug: &str, number: &'static str, call: &'static str) -> Self {
        Self {
            client: world.admin.with_key(SECRET),
            path: format!("/vapi/{slug}/chat/completions"),
            number,
            call,
            said: Vec::new(),
        }
    }

    fn body(&self, is_streamed: bool) -> Value {
        json!({
            "model": "any", "stream": is_streamed, "messages": self.said,
            "call": { "id": self.call }, "customer": { "number": self.number },
        })
    }

    fn hears(&mut self, role: &str, words: &str) {
        self.said.push(json!({ "role": role, "content": words }));
    }

    /// The caller says something; what is said back, word by word.
    fn says(&mut self, words: &str) -> Vec<String> {
        self.hears("user", words);
        let answer = self.client.post(&self.path, &self.body(true));
        let said = words_of(&answer);
        self.hears("assistant", &said.concat());
        said
    }

    /// The same, as one sentence.
    fn asks(&mut self, words: &str) -> String {
        self.says(words).concat()
    }

    /// The caller says something, and the answer stays on the connection.
    fn begins(&mut self, words: &str) -> Heard {
        self.hears("user", words);
        let headers = [("Content-Type", "application/json")];
        let body = self.body(true).to_string();
        let stream = self.client.open("POST", &self.path, &headers, &body);
        Heard(BufReader::new(stream))
    }
}

/// An answer that is still being spoken.
struct Heard(BufReader<std::net::TcpStream>);

impl Heard {
    /// Reads until a chunk with words has come.
    fn word(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("a line") > 0, "it ended");
            let Some(data) = line.trim_end().strip_prefix("data: ") else {
                continue;
            };
            let chunk: Value = serde_json::from_str(data).expect("a chunk");
            if let Some(words) = chunk["choices"][0]["delta"]["content"].as_str() {
                return words.to_owned();
            }
        }
    }
}

/// The words of a streamed answer, whose form is looked at too.
fn words_of(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let data: Vec<_> = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    let (last, chunks) = data.split_last().expect("chunks");
    assert_eq!(*last, "[DONE]");
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).expect("a chunk"))
        .collect();
    let (end, spoken) = chunks.split_last().expect("an end");
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!(spoken[0]["choices"][0]["delta"]["role"], "assistant");
    let words = spoken.iter().map(|chunk| {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["id"], end["id"]);
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .expect("words")
            .to_owned()
    });
    words.collect()
}

fn metric(world: &World, line: &str) -> u64 {
    let page = world.admin.get("/metrics").body;
    let found = page.lines().find_map(|own| own.strip_prefix(line));
    found.expect(line).trim().parse().expect("a number")
}
