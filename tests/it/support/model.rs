//! A stand-in for an interface like OpenAI's on loopback, on threads of its own: it says what it is told to, piece by piece, and
//! remembers everything that it was asked.
//!
//! It notices when whoever listens goes away, and can hold its next word back until the test lets it go.

use std::collections::VecDeque;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::stand_in::{Received, read_request};

/// How long anything here may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A part of what it says.
#[derive(Debug, Clone)]
pub enum Part {
    /// These words, one chunk each.
    Words(Vec<&'static str>),
    /// It calls a tool, in several pieces: number, id, name, arguments.
    Call(usize, &'static str, &'static str, String),
    /// Bytes as they are.
    Raw(String),
    /// Waits until the test says `go_on`.
    Wait,
    /// The same bytes again and again, until nobody listens.
    Forever(String),
    /// Nothing more, until whoever listens has gone away.
    Hang,
    /// Ends the connection in the middle.
    Cut,
    /// That is all.
    End,
}

/// What it does when it is asked.
#[derive(Debug, Clone)]
pub enum Script {
    /// Streams these parts.
    Say(Vec<Part>),
    /// Answers with this status and body.
    Answer(u16, &'static str),
    /// Says nothing at all until whoever asks has gone away.
    Silence,
}

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub authorization: String,
    pub text: String,
    pub body: Value,
}

#[derive(Default)]
struct State {
    next: VecDeque<Script>,
    asked: Vec<Asked>,
    connections: usize,
    opened_ahead: usize,
    gone: usize,
    permits: usize,
}

/// The stand-in. Clones are the same.
#[derive(Clone)]
pub struct Model {
    address: String,
    inner: Arc<(Mutex<State>, Condvar)>,
}

/// Says these words and ends.
pub fn says(words: &[&'static str]) -> Script {
    Script::Say(vec![Part::Words(words.to_vec()), Part::End])
}

/// Calls this tool and ends.
pub fn calls(id: &'static str, name: &'static str, arguments: Value) -> Script {
    let call = Part::Call(0, id, name, arguments.to_string());
    Script::Say(vec![call, Part::End])
}

impl Model {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let model = Self {
            address: listener.local_addr().expect("an address").to_string(),
            inner: Arc::default(),
        };
        let own = model.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                own.state().connections += 1;
                std::thread::spawn(move || own.serve(&stream));
            }
        });
        model
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What it does when it is asked next, in order.
    pub fn next(&self, scripts: impl IntoIterator<Item = Script>) {
        self.state().next.extend(scripts);
    }

    /// Lets it say what it waits to say.
    pub fn go_on(&self) {
        self.state().permits += 1;
        self.inner.1.notify_all();
    }

    /// All that it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// How many connections it has had.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// Waits until so many connections were opened ahead.
    pub fn wait_ahead(&self, count: usize) {
        self.wait(|state| state.opened_ahead >= count);
    }

    /// Waits until it was asked so often.
    pub fn wait_asked(&self, count: usize) {
        self.wait(|state| state.asked.len() >= count);
    }

    /// Waits until it saw so many listeners go away.
    pub fn wait_gone(&self, count: usize) {
        self.wait(|state| state.gone >= count);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.0.lock().expect("no test panics here")
    }

    fn wait(&self, is_so: impl Fn(&State) -> bool) {
        let waits = |state: &mut State| !is_so(state);
        let waited = self
            .inner
            .1
            .wait_timeout_while(self.state(), PATIENCE, waits);
        let (_state, late) = waited.expect("no test panics here");
        assert!(!late.timed_out(), "it did not come about");
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        while let Some(received) = read_request(&mut reader) {
            let method = received.method.clone();
            let Some(asked) = asked(received) else { return };
            let script = {
                let mut state = self.state();
                match method.as_str() {
                    "POST" => {
                        state.asked.push(asked);
                        state
                            .next
                            .pop_front()
                            .unwrap_or_else(|| says(&["Nothing."]))
                    }
                    _ => {
                        state.opened_ahead += 1;
                        Script::Answer(404, "")
                    }
                }
            };
            self.inner.1.notify_all();
            if self.follow(script, stream, method == "HEAD").is_none() {
                return;
            }
        }
    }

    /// `None`: the connection is over.
    fn follow(&self, script: Script, mut stream: &TcpStream, is_head: bool) -> Option<()> {
        match script {
            Script::Silence => self.until_gone(stream),
            Script::Answer(status, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\n\r\n");
                let body = if is_head { "" } else { body };
                stream.write_all((head + body).as_bytes()).ok()
            }
            Script::Say(parts) => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                stream.write_all(head.as_bytes()).ok()?;
                for part in parts {
                    self.say(part, stream)?;
                }
                stream.write_all(b"0\r\n\r\n").ok()
            }
        }
    }

    fn say(&self, part: Part, stream: &TcpStream) -> Option<()> {
        match part {
            Part::Words(words) => words.iter().try_for_each(|words| {
                chunk(stream, &data(&json!({ "content": words }), &Value::Null))
            }),
            Part::Call(index, id, name, arguments) => {
                let (first, rest) = arguments.split_at(arguments.len() / 2);
                let piece = |function: Value, id: Option<&str>| {
                    let mut call = json!({ "index": index, "function": function });
                    if let Some(id) = id {
                        call["id"] = json!(id);
                        call["type"] = json!("function");
                    }
                    data(&json!({ "tool_calls": [call] }), &Value::Null)
                };
                chunk(
                    stream,
                    &piece(json!({ "name": name, "arguments": "" }), Some(id)),
                )?;
                chunk(stream, &piece(json!({ "arguments": first }), None))?;
                chunk(stream, &piece(json!({ "arguments": rest }), None))
            }
            Part::Raw(text) => chunk(stream, &text),
            Part::Wait => {
                self.wait(|state| state.permits > 0);
                self.state().permits -= 1;
                Some(())
            }
            Part::Forever(text) => {
                while chunk(stream, &text).is_some() {}
                self.note_gone();
                None
            }
            Part::Hang => self.until_gone(stream),
            Part::Cut => None,
            Part::End => {
                let end = data(&json!({}), &json!("stop"));
                chunk(stream, &(end + "data: [DONE]\n\n"))
            }
        }
    }

    fn until_gone(&self, mut stream: &TcpStream) -> Option<()> {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        if matches!(stream.read(&mut [0; 1]), Ok(0)) {
            self.note_gone();
        }
        None
    }

    fn note_gone(&self) {
        self.state().gone += 1;
        self.inner.1.notify_all();
    }
}

fn data(delta: &Value, finish: &Value) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "choices": [choice] });
    format!("data: {chunk}\n\n")
}

fn chunk(mut stream: &TcpStream, text: &str) -> Option<()> {
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    stream.write_all(chunk.as_bytes()).ok()
}

fn asked(received: Received) -> Option<Asked> {
    let text = String::from_utf8(received.body).ok()?;
    Some(Asked {
        path: received.path,
        authorization: received.authorization,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    })
}
