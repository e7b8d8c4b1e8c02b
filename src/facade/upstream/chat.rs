//! A model's reply as it comes: words to be passed on at once, and the tools that it calls, put together from their pieces.
//!
//! What comes is a stranger's: lines, pieces and the whole have bounds, silence has one, and whatever cannot be read is a
//! [`Failure`], never a panic. Dropping a reply closes its connection; one that ended well is read to its end aside, so that the
//! connection can be used again.

use std::time::Duration;

use reqwest::{Method, Response, header};
use serde::Deserialize;
use serde_json::Value;

use super::client::Upstream;
use crate::limits::{
    TOOL_CALLS_MAX, UPSTREAM_LINE_BYTES_MAX, UPSTREAM_REPLY_BYTES_MAX, UPSTREAM_TOOL_BYTES_MAX,
};
use crate::model::{Endpoint, ModelKey};

/// How long a reply that has ended may take to say so.
const REST_TIME_MAX: Duration = Duration::from_secs(1);

/// Why there is no further word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Its address may not be reached.
    #[error("its address is not reached")]
    NotReached,
    /// No connection, or it broke.
    #[error("the connection failed")]
    Broken,
    /// It said nothing for too long.
    #[error("it was silent")]
    Silent,
    /// It answered with this status.
    #[error("it answered with status {0}")]
    Refused(u16),
    /// What it said cannot be read.
    #[error("its answer cannot be read")]
    Garbled,
    /// It said more than anyone could listen to.
    #[error("its answer is too long")]
    TooMuch,
}

/// A tool that a model calls, put together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which call of it.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// With what: JSON, as the model wrote it.
    pub arguments: String,
}

/// A reply that comes.
pub struct Reply {
    response: Response,
    silence: Duration,
    buffer: Vec<u8>,
    read: usize,
    wanted: Vec<Wanted>,
    has_ended: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    tool_calls: Option<Vec<Piece>>,
}

#[derive(Deserialize)]
struct Piece {
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionPiece>,
}

#[derive(Deserialize)]
struct FunctionPiece {
    name: Option<String>,
    arguments: Option<String>,
}

impl Upstream {
    /// Asks a model.
    pub async fn chat(
        &self,
        endpoint: &Endpoint<ModelKey>,
        body: String,
    ) -> Result<Reply, Failure> {
        let request = self.request(Method::POST, endpoint, "/chat/completions");
        let request = request.map_err(|_| Failure::NotReached)?;
        let request = request
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(body);
        let answered = tokio::time::timeout(self.silence(), request.send()).await;
        let response = answered.map_err(|_| Failure::Silent)?;
        let response = response.map_err(|_| Failure::Broken)?;
        match response.status().as_u16() {
            200 => Ok(Reply {
                response,
                silence: self.silence(),
                buffer: Vec::new(),
                read: 0,
                wanted: Vec::new(),
                has_ended: false,
            }),
            other => Err(Failure::Refused(other)),
        }
    }
}

impl Reply {
    /// The next words; `None`: that was all of them.
    pub async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            while let Some(line) = self.line() {
                if let Some(words) = self.take(&line)? {
                    return Ok(Some(words));
                }
                if self.has_ended {
                    return Ok(None);
                }
            }
            if self.buffer.len() > UPSTREAM_LINE_BYTES_MAX {
                return Err(Failure::TooMuch);
            }
            let more = tokio::time::timeout(self.silence, self.response.chunk()).await;
            let more = more.map_err(|_| Failure::Silent)?;
            // An end without a word that it is one is a break.
            let more = more.ok().flatten().ok_or(Failure::Broken)?;
            self.read += more.len();
            if self.read > UPSTREAM_REPLY_BYTES_MAX {
                return Err(Failure::TooMuch);
            }
            self.buffer.extend_from_slice(&more);
        }
    }

    /// What it calls, once it has ended. Its connection is read to its end for whoever comes next.
    pub fn wanted(self) -> Vec<Wanted> {
        let Self {
            mut response,
            wanted,
            ..
        } = self;
        tokio::spawn(tokio::time::timeout(REST_TIME_MAX, async move {
            while let Ok(Some(_)) = response.chunk().await {}
        }));
        let named = |one: &Wanted| !one.name.is_empty();
        wanted.into_iter().filter(named).collect()
    }

    /// The next whole line.
    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        Some(self.buffer.drain(..=end).collect())
    }

    /// Takes in a line of the stream; words, if it has any.
    fn take(&mut self, line: &[u8]) -> Result<Option<String>, Failure> {
        let line = std::str::from_utf8(line).map_err(|_| Failure::Garbled)?;
        // Comments and other fields say nothing here.
        let Some(told) = line.trim_end().strip_prefix("data:") else {
            return Ok(None);
        };
        let told = told.trim();
        if told == "[DONE]" {
            self.has_ended = true;
            return Ok(None);
        }
        let chunk: Chunk = serde_json::from_str(told).map_err(|_| Failure::Garbled)?;
        if chunk.error.is_some_and(|error| !error.is_null()) {
            return Err(Failure::Garbled);
        }
        let Some(choice) = chunk.choices.into_iter().next() else {
            return Ok(None);
        };
        for piece in choice.delta.tool_calls.unwrap_or_default() {
            self.put(piece)?;
        }
        self.has_ended |= choice.finish_reason.is_some_and(|why| !why.is_null());
        Ok(choice.delta.content.filter(|words| !words.is_empty()))
    }

    /// Puts a piece of a tool's call where it belongs: by its number; without one, an id begins a new call.
    fn put(&mut self, piece: Piece) -> Result<(), Failure> {
        let is_new = piece.id.as_ref().is_some_and(|id| !id.is_empty());
        let place = piece.index.unwrap_or(match is_new {
            true => self.wanted.len(),
            false => self.wanted.len().saturating_sub(1),
        });
        if place >= TOOL_CALLS_MAX {
            return Err(Failure::TooMuch);
        }
        while self.wanted.len() <= place {
            self.wanted.push(Wanted::default());
        }
        let wanted = &mut self.wanted[place];
        if let Some(id) = piece.id.filter(|id| !id.is_empty()) {
            wanted.id = id;
        }
        if let Some(function) = piece.function {
            wanted.name += &function.name.unwrap_or_default();
            wanted.arguments += &function.arguments.unwrap_or_default();
        }
        let bytes: usize = self
            .wanted
            .iter()
            .map(|one| one.id.len() + one.name.len() + one.arguments.len())
            .sum();
        match bytes > UPSTREAM_TOOL_BYTES_MAX {
            true => Err(Failure::TooMuch),
            false => Ok(()),
        }
    }
}
