//! A stand-in for everything that a turn waits for outside: what the old system asked one after the other, and a language model.
//!
//! A small HTTP server on a thread of its own. Every delay is drawn from the run's seed, the name of the step and the turn, so
//! the same turn waits the same in every run, whatever order the turns come in. It writes down when it had read a request and
//! when it began to answer, on the run's own clock: what it took itself can then be subtracted. A turn is known by a word in
//! what was said ([`mark`]); a request without one is answered and not written down.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::server::Error;
use crate::clock::Stopwatch;

/// The steps of the old system before its model, and how long each takes, in milliseconds: facts of that system.
pub const STEPS: [(&str, u64, u64); 5] = [
    ("organisation", 60, 80),
    ("embeddings", 100, 120),
    ("slots", 70, 90),
    ("credentials", 50, 70),
    ("compliance", 40, 50),
];
/// What the model is called in what is written down.
pub const MODEL: &str = "model";

/// Between one token and the next.
const TOKEN_PAUSE: Duration = Duration::from_millis(15);
/// What the model says; in pieces, as models do.
const TOKENS: [&str; 12] = [
    "Of", " course", ",", " let", " me", " see", " what", " we", " can", " do", " for", " you.",
];
/// Numbers that an embedding has.
const DIMENSIONS: usize = 64;
/// Largest body that is read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// One request that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Of which step.
    pub step: &'static str,
    /// When the request had come, on the run's clock.
    pub came: Duration,
    /// When its answer began to go out.
    pub answered: Duration,
}

/// The stand-in. It stops when it is told to.
pub struct StandIn {
    handle: ServerHandle,
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Stopwatch,
    seed: u64,
    ttft: Duration,
    written: Mutex<HashMap<u64, Vec<Span>>>,
}

impl StandIn {
    /// One that listens at this address, on the run's clock.
    pub fn start(
        address: SocketAddr,
        clock: Stopwatch,
        seed: u64,
        ttft: Duration,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            clock,
            seed,
            ttft,
            written: Mutex::default(),
        });
        let own = Arc::clone(&shared);
        let server = HttpServer::new(move || {
            let shared = web::Data::from(Arc::clone(&own));
            let app = App::new().app_data(shared);
            let app = app.app_data(web::PayloadConfig::new(BODY_BYTES_MAX));
            app.route("/v1/chat/completions", web::post().to(speak))
                .route("/v1/embeddings", web::post().to(embed))
                .route("/{step}", web::post().to(step))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .bind(address)?;
        let address = server.addrs().first().copied();
        let address = address.ok_or_else(|| std::io::Error::other("no address was bound"))?;
        let server = server.run();
        let handle = server.handle();
        tokio::task::spawn_local(server);
        Ok(Self {
            handle,
            address,
            shared,
        })
    }

    /// Where an interface like OpenAI's begins.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What was answered for a turn; it is forgotten then.
    pub fn take(&self, turn: u64) -> Vec<Span> {
        self.shared.written().remove(&turn).unwrap_or_default()
    }

    /// Takes no further request.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Shared {
    fn written(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Vec<Span>>> {
        let written = self.written.lock();
        written.expect("nobody panics while writing down a request")
    }

    fn write(&self, turn: Option<u64>, step: &'static str, came: Duration) {
        let answered = self.clock.elapsed();
        if let Some(turn) = turn {
            let mut written = self.written();
            written.entry(turn).or_default().push(Span {
                step,
                came,
                answered,
            });
        }
    }

    /// How long a step takes in a turn.
    fn delay(&self, step: usize, turn: Option<u64>) -> Duration {
        let (_, shortest, longest) = STEPS[step];
        let turn = turn.unwrap_or_default();
        let mut chance = StdRng::seed_from_u64(self.seed ^ (turn << 8) ^ step as u64);
        Duration::from_micros(chance.random_range(shortest * 1000..=longest * 1000))
    }

    async fn wait(&self, length: Duration, came: Duration) {
        let spent = self.clock.elapsed().saturating_sub(came);
        tokio::time::sleep(length.saturating_sub(spent)).await;
    }
}

/// One of the old system's steps: it takes its time and says nothing.
async fn step(shared: web::Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let came = shared.clock.elapsed();
    let name = request.match_info().query("step");
    let Some(step) = STEPS.iter().position(|(own, ..)| *own == name) else {
        return HttpResponse::NotFound().finish();
    };
    let turn = marked(&body);
    shared.wait(shared.delay(step, turn), came).await;
    shared.write(turn, STEPS[step].0, came);
    HttpResponse::Ok().json(json!({}))
}

/// Embeddings of what was sent: the same words point the same way.
async fn embed(shared: web::Data<Shared>, body: Bytes) -> HttpResponse {
    let came = shared.clock.elapsed();
    let turn = marked(&body);
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let texts: Vec<&str> = match &asked["input"] {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let rows = texts.iter().enumerate().map(|(index, text)| {
        json!({ "object": "embedding", "index": index, "embedding": embedding(text) })
    });
    let answer = json!({
        "object": "list", "data": rows.collect::<Vec<_>>(), "model": asked["model"],
        "usage": { "prompt_tokens": 0, "total_tokens": 0 },
    });
    shared.wait(shared.delay(1, turn), came).await;
    shared.write(turn, STEPS[1].0, came);
    HttpResponse::Ok().json(answer)
}

fn embedding(text: &str) -> Vec<f32> {
    let mut numbers = vec![0.0_f32; DIMENSIONS];
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        let hash = word.bytes().fold(5_381_u64, |hash, byte| {
            hash.wrapping_mul(33) ^ u64::from(byte.to_ascii_lowercase())
        });
        numbers[hash as usize % DIMENSIONS] += 1.0;
    }
    let length = numbers.iter().map(|number| number * number).sum::<f32>();
    let length = length.sqrt().max(1.0);
    numbers.iter().map(|number| number / length).collect()
}

/// The model: nothing until its first token is due, then a sentence, token by token.
async fn speak(shared: web::Data<Shared>, body: Bytes) -> HttpResponse {
    let came = shared.clock.elapsed();
    let turn = marked(&body);
    let tokens = stream::unfold(0, move |token: usize| {
        let shared = web::Data::clone(&shared);
        async move {
            match token {
                0 => {
                    shared.wait(shared.ttft, came).await;
                    shared.write(turn, MODEL, came);
                }
                token if token <= TOKENS.len() => tokio::time::sleep(TOKEN_PAUSE).await,
                _ => return None,
            }
            let piece = match TOKENS.get(token) {
                Some(word) => chunk(&json!({ "role": "assistant", "content": word }), None),
                None => chunk(&json!({}), Some("stop")) + "data: [DONE]\n\n",
            };
            Some((Ok::<_, std::io::Error>(Bytes::from(piece)), token + 1))
        }
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(tokens)
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-load", "object": "chat.completion.chunk", "created": 0, "model": "stand-in",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
    });
    format!("data: {chunk}\n\n")
}

const MARK: &str = "zq";
const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvw";
const VOWELS: &[u8; 4] = b"aeio";
/// Pairs of a consonant and a vowel: six bits each.
const PAIRS: usize = 4;

/// A word that no language has, from which a turn is known. It looks neither like a name nor like a number, and ends as no
/// medicine does, so that it passes redaction.
pub fn mark(turn: u64) -> String {
    let pairs = (0..PAIRS).flat_map(|pair| {
        let bits = (turn >> (6 * pair)) as usize;
        let letters = [CONSONANTS[bits >> 2 & 15], VOWELS[bits & 3]];
        letters.map(char::from)
    });
    MARK.chars().chain(pairs).chain(['q']).collect()
}

/// The newest turn that is named in a body.
fn marked(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let word = text.rsplit(MARK).next().filter(|_| text.contains(MARK))?;
    let letters = word.as_bytes().get(..2 * PAIRS)?;
    letters
        .chunks(2)
        .enumerate()
        .try_fold(0, |turn, (pair, letters)| {
            let place = |all: &[u8], letter| all.iter().position(|own| *own == letter);
            let bits = place(CONSONANTS, letters[0])? << 2 | place(VOWELS, letters[1])?;
            Some(turn | (bits as u64) << (6 * pair))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{Policy, Profile, Redactor};

    #[test]
    fn a_turn_is_known_by_its_word() {
        for turn in [0, 1, 63, 64, 4_095, 123_456, (1 << 24) - 1] {
            let body = format!("{{\"content\":\"is there parking, {}?\"}}", mark(turn));
            assert_eq!(marked(body.as_bytes()), Some(turn), "{body}");
        }
        assert_eq!(marked(b"nothing of the kind"), None);
        assert_eq!(marked(b"zqxx"), None);
        assert_eq!(marked("zqüüüü".as_bytes()), None);
        let twice = format!("{} and {}", mark(7), mark(8));
        assert_eq!(marked(twice.as_bytes()), Some(8), "the newest is the turn");
    }

    #[test]
    fn the_word_passes_redaction() {
        for profile in [Profile::Default, Profile::SafeHarbor] {
            let redactor = Redactor::new(Policy::new(profile));
            for turn in (0..1 << 24).step_by(9_973) {
                let said = format!("Is there parking behind the house, {}?", mark(turn));
                let redacted = redactor.redact(&said);
                assert!(redacted.text.contains(&mark(turn)), "{}", redacted.text);
            }
        }
    }

    #[test]
    fn the_same_words_point_the_same_way() {
        let dot = |a: &str, b: &str| -> f32 {
            let (a, b) = (embedding(a), embedding(b));
            a.iter().zip(&b).map(|(a, b)| a * b).sum()
        };
        assert!((dot("is there parking", "Is there parking?") - 1.0).abs() < 0.3);
        assert!(dot("is there parking", "prices of ten sessions") < 0.5);
    }
}
