//! A stand-in for an embedding model on loopback, on threads of its own: answers `POST …/embeddings` as told, by meanings that are
//! made by hand, and remembers every request.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::stand_in::{Received, read_request};

/// How long anything here may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the stand-in does with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Answers with what each text means.
    Meanings,
    /// The same, after the test has let it.
    Held,
    /// Never says anything.
    Never,
    /// This status and body.
    Say(u16, String),
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub authorization: String,
    pub model: String,
    pub input: Vec<String>,
    /// As it came.
    pub body: String,
}

/// The stand-in. Clones are the same.
#[derive(Clone)]
pub struct Embedder(Arc<Inner>);

struct Inner {
    address: String,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    asked: Vec<Asked>,
    /// For requests of several texts, and of one.
    texts: Reply,
    questions: Reply,
    is_released: bool,
}

/// Four subjects, by words that a clinic and a caller use for them.
const SUBJECTS: [&[&str]; 4] = [
    &["parking", "vehicle"],
    &["cards", "plastic"],
    &["toys", "little ones"],
    &["lift", "wheelchair"],
];

/// What a text means: its subject, and a little of everything.
pub fn meaning(text: &str) -> Vec<f64> {
    let text = text.to_lowercase();
    let is_of = |subject: &&[&str]| subject.iter().any(|word| text.contains(word));
    let weights = SUBJECTS.iter().map(|subject| match is_of(subject) {
        true => 1.0,
        false => 0.05,
    });
    weights.collect()
}

/// An answer of these vectors.
pub fn answer(vectors: &[Vec<f64>]) -> String {
    let rows = vectors.iter().enumerate().map(
        |(index, embedding)| json!({ "object": "embedding", "index": index, "embedding": embedding }),
    );
    let usage = json!({ "prompt_tokens": 1, "total_tokens": 1 });
    json!({ "object": "list", "data": rows.collect::<Vec<_>>(), "usage": usage }).to_string()
}

impl Embedder {
    /// One that answers everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let stand_in = Self(Arc::new(Inner {
            address,
            state: Mutex::new(State {
                asked: Vec::new(),
                texts: Reply::Meanings,
                questions: Reply::Meanings,
                is_released: false,
            }),
            changed: Condvar::new(),
        }));
        let own = stand_in.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        stand_in
    }

    /// Where its interface begins.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.0.address)
    }

    /// What it does with passages from now on.
    pub fn texts(&self, reply: Reply) {
        self.0.state.lock().unwrap().texts = reply;
    }

    /// What it does with questions from now on.
    pub fn questions(&self, reply: Reply) {
        self.0.state.lock().unwrap().questions = reply;
    }

    /// Answers what is held.
    pub fn release(&self) {
        self.0.state.lock().unwrap().is_released = true;
        self.0.changed.notify_all();
    }

    /// Every request that came, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.state.lock().unwrap().asked.clone()
    }

    /// Requests about one text, as questions are.
    pub fn questions_asked(&self) -> usize {
        let asked = self.asked();
        asked.iter().filter(|asked| asked.input.len() == 1).count()
    }

    /// Waits until so many requests came.
    pub fn wait_for(&self, requests: usize) -> Vec<Asked> {
        let state = self.0.state.lock().unwrap();
        let is_short = |state: &mut State| state.asked.len() < requests;
        let waited = self.0.changed.wait_timeout_while(state, PATIENCE, is_short);
        let (state, late) = waited.unwrap();
        assert!(!late.timed_out(), "only {:?} came", state.asked);
        state.asked.clone()
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        while let Some(received) = read_request(&mut reader) {
            let say = |status: u16, body: &str| {
                let length = body.len();
                format!(
                    "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                )
            };
            let said = match received.path.as_str() {
                "/v1/embeddings" => match self.answer(received) {
                    Some((status, body)) => say(status, &body),
                    None => {
                        // Until the client has gone away.
                        let _ = stream.read(&mut [0; 1]);
                        return;
                    }
                },
                _ => say(404, ""),
            };
            if stream.write_all(said.as_bytes()).is_err() {
                return;
            }
        }
    }

    /// What is said; `None`: nothing.
    fn answer(&self, received: Received) -> Option<(u16, String)> {
        let read: Value = serde_json::from_slice(&received.body).expect("JSON");
        let input = read["input"].as_array().expect("texts").iter();
        let asked = Asked {
            authorization: received.authorization,
            model: read["model"].as_str().expect("a model").to_owned(),
            input: input
                .map(|text| text.as_str().expect("a text").to_owned())
                .collect(),
            body: String::from_utf8(received.body).expect("text"),
        };
        let mut state = self.0.state.lock().unwrap();
        state.asked.push(asked.clone());
        self.0.changed.notify_all();
        let reply = match asked.input.len() {
            1 => state.questions.clone(),
            _ => state.texts.clone(),
        };
        let vectors: Vec<_> = asked.input.iter().map(|text| meaning(text)).collect();
        match reply {
            Reply::Meanings => Some((200, answer(&vectors))),
            Reply::Say(status, body) => Some((status, body)),
            Reply::Never => None,
            Reply::Held => {
                let is_held = |state: &mut State| !state.is_released;
                let waited = self.0.changed.wait_timeout_while(state, PATIENCE, is_held);
                drop(waited.unwrap());
                Some((200, answer(&vectors)))
            }
        }
    }
}
