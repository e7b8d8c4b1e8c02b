//! `POST {base_url}/embeddings`: what a model makes of texts, for interfaces like OpenAI's.
//!
//! Only redacted texts go out. What comes back is checked whole before anything of it is used: as many as were asked for, each once,
//! each a direction, and no more bytes than that can have.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::client::Upstream;
use crate::knowledge::Vector;
use crate::limits::{
    EMBEDDING_ANSWER_EXTRA_BYTES_MAX, EMBEDDING_DIMENSIONS_MAX, EMBEDDING_NUMBER_BYTES_MAX,
};
use crate::model::{Endpoint, ModelKey};
use crate::redact::Redacted;

/// Why there is no answer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingFault {
    /// The operator does not let that address be reached.
    #[error("its address is not one that may be reached")]
    NotReached,
    /// No answer came.
    #[error("no answer came")]
    NoAnswer,
    /// It refused.
    #[error("it answered {0}")]
    Refused(u16),
    /// It answered something else, or too much.
    #[error("its answer is not a list of as many embeddings as were asked for")]
    Unreadable,
}

impl EmbeddingFault {
    /// Whether the same request may go better a moment later.
    pub fn is_transient(self) -> bool {
        match self {
            Self::NotReached | Self::Unreadable => false,
            Self::NoAnswer => true,
            Self::Refused(status) => status == 408 || status == 429 || status >= 500,
        }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    /// Of which text; some servers leave it out and keep the order.
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// What a model makes of these texts, in their order, if it says so within this time.
pub async fn embed(
    upstream: &Upstream,
    endpoint: &Endpoint<ModelKey>,
    texts: &[Redacted],
    time_max: Duration,
) -> Result<Vec<Vector>, EmbeddingFault> {
    let request = upstream
        .request(Method::POST, endpoint, "/embeddings")
        .map_err(|_| EmbeddingFault::NotReached)?
        .timeout(time_max)
        .json(&Request {
            model: endpoint.model.as_str(),
            input: texts.iter().map(Redacted::as_str).collect(),
        });
    let response = request.send().await;
    let response = response.map_err(|_| EmbeddingFault::NoAnswer)?;
    if response.status() != StatusCode::OK {
        return Err(EmbeddingFault::Refused(response.status().as_u16()));
    }
    let texts = texts.len();
    let bytes = body(response, texts).await?;
    let read = match texts {
        1 => read(&bytes, texts),
        // Megabytes of numbers: not on a thread that others wait for.
        _ => tokio::task::spawn_blocking(move || read(&bytes, texts))
            .await
            .unwrap_or(None),
    };
    read.ok_or(EmbeddingFault::Unreadable)
}

async fn body(mut response: Response, texts: usize) -> Result<Vec<u8>, EmbeddingFault> {
    let numbers = texts * EMBEDDING_DIMENSIONS_MAX * EMBEDDING_NUMBER_BYTES_MAX;
    let most = numbers + EMBEDDING_ANSWER_EXTRA_BYTES_MAX;
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| EmbeddingFault::NoAnswer)?
    {
        if bytes.len() + chunk.len() > most {
            return Err(EmbeddingFault::Unreadable);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// As many directions as were asked for, in the order of the texts.
fn read(bytes: &[u8], texts: usize) -> Option<Vec<Vector>> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    if answer.data.len() != texts {
        return None;
    }
    let mut vectors: Vec<Option<Vector>> = vec![None; texts];
    for (place, row) in answer.data.into_iter().enumerate() {
        let vector = Vector::new(&row.embedding)?;
        let seat = vectors.get_mut(row.index.unwrap_or(place))?;
        if seat.replace(vector).is_some() {
            return None;
        }
    }
    vectors.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_whole_and_in_order_or_not_at_all() {
        let vector = |numbers: &[f32]| Vector::new(numbers).expect("a direction");
        let read = |text: &str| read(text.as_bytes(), 2);
        let both = Some(vec![vector(&[1.0, 0.0]), vector(&[0.0, 1.0])]);
        for text in [
            r#"{"object":"list","data":[{"index":0,"embedding":[2,0]},{"index":1,"embedding":[0,0.5]}],"usage":{}}"#,
            r#"{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}]}"#,
            r#"{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}"#,
        ] {
            assert_eq!(read(text), both, "{text}");
        }
        for text in [
            "",
            "null",
            "{}",
            r#"{"data":[]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[0,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":2,"embedding":[0,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":-1,"embedding":[0,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,0]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1e300,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1e999,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[null,1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"AAAAAA=="}]}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_may_go_better_later_is_told_from_what_will_not() {
        let transient = [
            EmbeddingFault::NoAnswer,
            EmbeddingFault::Refused(429),
            EmbeddingFault::Refused(503),
        ];
        let lasting = [
            EmbeddingFault::NotReached,
            EmbeddingFault::Refused(401),
            EmbeddingFault::Refused(302),
            EmbeddingFault::Unreadable,
        ];
        assert!(transient.into_iter().all(EmbeddingFault::is_transient));
        assert!(!lasting.into_iter().any(EmbeddingFault::is_transient));
    }
}
