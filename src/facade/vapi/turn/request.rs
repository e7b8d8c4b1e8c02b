//! What a voice platform asks of a model, in OpenAI's form, read leniently: the conversation so far, and of which call it is.
//!
//! Who calls and by which number stands in the platform's own fields beside the messages, or in its metadata; what is said in the
//! messages is never asked for it. Tools and settings of the request are the platform's idea of a model and are passed over: the
//! clinic's own hold.

use serde_json::{Map, Value};

use crate::facade::vapi::message::Message;
use crate::limits::{TURN_MESSAGES_BYTES_MAX, TURN_MESSAGES_MAX};

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whoever set the assistant up.
    System,
    /// The caller.
    User,
    /// What answered so far.
    Assistant,
}

impl Role {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who said it.
    pub role: Role,
    /// What.
    pub words: String,
}

/// What is asked.
#[derive(Debug)]
pub struct Request {
    /// What was said so far, oldest first.
    pub lines: Vec<Line>,
    /// Whether the answer is wanted word by word.
    pub is_streamed: bool,
    /// The platform's own fields.
    pub message: Message,
}

impl Request {
    /// Reads one; `None`: it does not even begin as a JSON object. One that says nothing, or breaks off (in half a letter, as
    /// transcripts are cut), is answered too: someone waits for it on the telephone.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let body: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
        let is_streamed = body.get("stream").and_then(Value::as_bool).unwrap_or(true);
        let listed = body.get("messages").and_then(Value::as_array);
        let lines = newest(listed.map_or(&[][..], Vec::as_slice));
        Some(Self {
            lines,
            is_streamed,
            message: Message::of_completion(body),
        })
    }

    /// What the caller said last.
    pub fn question(&self) -> &str {
        let mut lines = self.lines.iter().rev();
        let said = lines.find(|line| line.role == Role::User);
        said.map_or("", |line| &line.words)
    }
}

/// The newest lines, as many as a model gets; what a system says stays whatever comes after it.
fn newest(listed: &[Value]) -> Vec<Line> {
    let (mut lines, mut spoken, mut told) = (Vec::new(), 0, 0);
    let mut is_cut = false;
    for line in listed.iter().rev().filter_map(line) {
        let bytes = line.words.len();
        let (sum, most) = match line.role {
            Role::System => (&mut told, TURN_MESSAGES_BYTES_MAX / 2),
            _ => (&mut spoken, TURN_MESSAGES_BYTES_MAX),
        };
        *sum += bytes;
        let has_room = *sum <= most && lines.len() < TURN_MESSAGES_MAX;
        // Behind a line that is left out there is none of the same side: it would be out of its place.
        is_cut |= !has_room && line.role != Role::System;
        if has_room && (line.role == Role::System || !is_cut) {
            lines.push(line);
        }
    }
    lines.reverse();
    lines
}

fn line(listed: &Value) -> Option<Line> {
    let role = match listed.get("role")?.as_str()? {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // What other servers' tools answered belongs to calls that no model here has made.
        _ => return None,
    };
    let words = match listed.get("content")? {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join(" ").trim().to_owned()
        }
        _ => return None,
    };
    (!words.is_empty()).then_some(Line { role, words })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Request {
        Request::read(body.to_string().as_bytes()).expect("an object")
    }

    #[test]
    fn messages_are_read_in_each_of_their_forms_and_others_left_out() {
        let request = read(&json!({ "stream": false, "messages": [
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": [{ "type": "text", "text": "Hello" }, { "type": "image_url" }] },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "x" }] },
            { "role": "tool", "tool_call_id": "x", "content": "done" },
            { "role": "assistant", "content": " Hi. " },
            { "role": "user" }, 3, { "role": "user", "content": "" },
        ] }));
        let said: Vec<_> = request
            .lines
            .iter()
            .map(|line| (line.role, line.words.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (Role::System, "Be kind."),
                (Role::User, "Hello"),
                (Role::Assistant, "Hi.")
            ]
        );
        assert!(!request.is_streamed);
        assert_eq!(request.question(), "Hello");
    }

    #[test]
    fn what_says_nothing_is_a_request_and_what_is_no_object_is_none() {
        for text in ["{}", "{", "{\"messages\":3}", "{\"messages\":[[]]}"] {
            let request = Request::read(text.as_bytes()).expect("an object");
            assert!(request.lines.is_empty() && request.is_streamed, "{text}");
            assert_eq!(request.question(), "");
        }
        for text in ["", "[]", "3"] {
            assert!(Request::read(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn of_many_messages_the_newest_are_kept_and_what_the_system_says() {
        let long = "x".repeat(TURN_MESSAGES_BYTES_MAX / 4);
        let user = json!({ "role": "user", "content": long });
        let mut messages = vec![json!({ "role": "system", "content": "Be kind." })];
        messages.extend(std::iter::repeat_n(user, 20));
        messages.push(json!({ "role": "user", "content": "last" }));
        let request = read(&json!({ "messages": messages }));
        assert_eq!(request.question(), "last");
        assert_eq!(request.lines.len(), 5);
        assert_eq!(request.lines[0].words, "Be kind.");
        let many = vec![json!({ "role": "user", "content": "a" }); 500];
        let request = read(&json!({ "messages": many }));
        assert_eq!(request.lines.len(), TURN_MESSAGES_MAX);
    }
}
