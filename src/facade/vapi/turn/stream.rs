//! How a turn is heard: as server-sent events in OpenAI's form while it is spoken, or whole at its end.
//!
//! Words go through a channel of bounded length to the connection. When the platform goes away its end of it is dropped, which is
//! how whoever speaks learns that nobody listens. No byte of a body goes before there is a word to say: a first chunk without one
//! would only look quick. While it takes long, comments go out as signs of life, by which a dead connection shows itself.

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderName;
use actix_web::web::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::limits::{TURN_PIECES_MAX, TURN_SIGN_OF_LIFE};

/// Proxies that collect answers would hold words back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Whoever speaks has this.
pub struct Mouth(mpsc::Sender<String>);

/// Whoever listens has this.
pub struct Ear {
    words: mpsc::Receiver<String>,
    answer: Answer,
    place: Place,
}

/// Which answer it is, as every chunk of it says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its id.
    pub id: String,
    /// When, in seconds.
    pub created: i64,
    /// By which model.
    pub model: String,
}

/// How far it is.
enum Place {
    Begin,
    Middle,
    End,
}

/// A mouth and the ear that hears it.
pub fn line(answer: Answer) -> (Mouth, Ear) {
    let (sender, words) = mpsc::channel(TURN_PIECES_MAX);
    let place = Place::Begin;
    (
        Mouth(sender),
        Ear {
            words,
            answer,
            place,
        },
    )
}

impl Mouth {
    /// Says these words; if nobody listens, to nobody.
    pub async fn say(&self, words: String) {
        let _ = self.0.send(words).await;
    }

    /// Says these and does not wait for whoever is slow to hear them.
    pub fn say_last(&self, words: &str) {
        let _ = self.0.try_send(words.to_owned());
    }

    /// Resolves when nobody listens any more.
    pub async fn unheard(&self) {
        self.0.closed().await;
    }
}

impl Ear {
    /// The answer as it is spoken.
    pub fn streamed(self) -> HttpResponse {
        let mut reply = HttpResponse::Ok();
        reply.content_type("text/event-stream");
        reply.insert_header((UNBUFFERED, "no"));
        reply.streaming(stream::unfold(self, Self::next))
    }

    /// The answer when it is said.
    pub async fn whole(mut self) -> HttpResponse {
        let mut words = String::new();
        while let Some(more) = self.words.recv().await {
            words += &more;
        }
        let choice = json!({
            "index": 0, "message": { "role": "assistant", "content": words }, "finish_reason": "stop",
        });
        HttpResponse::Ok().json(self.answer.object("chat.completion", choice))
    }

    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if let Place::End = self.place {
            return None;
        }
        let heard = tokio::time::timeout(TURN_SIGN_OF_LIFE, self.words.recv()).await;
        let piece = match heard {
            Err(_) => ":\n\n".to_owned(),
            Ok(Some(words)) => self.words_as_chunk(words),
            Ok(None) => {
                self.place = Place::End;
                self.chunk(json!({}), json!("stop")) + "data: [DONE]\n\n"
            }
        };
        Some((Ok(piece.into()), self))
    }

    fn words_as_chunk(&mut self, words: String) -> String {
        let delta = match self.place {
            Place::Begin => json!({ "role": "assistant", "content": words }),
            _ => json!({ "content": words }),
        };
        self.place = Place::Middle;
        self.chunk(delta, Value::Null)
    }

    fn chunk(&self, delta: Value, finish: Value) -> String {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!(
            "data: {}\n\n",
            self.answer.object("chat.completion.chunk", choice)
        )
    }
}

impl Answer {
    fn object(&self, object: &str, choice: Value) -> Value {
        let Self { id, created, model } = self;
        json!({ "id": id, "object": object, "created": created, "model": model, "choices": [choice] })
    }
}
