//! The system that holdfast replaces, as far as its waiting goes: which step waits for which before its model is asked.
//!
//! A model of it, replayed from this command against the stand-in; no line of it is run. Known are how long its steps take and
//! what its first bytes came to, not how it was arranged. The arrangement is the one with which its steps come out near its
//! published first bytes: what was concurrent waited for the organisation and was waited for by the look for free times; what
//! was cached were the organisation and the credentials.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::stream::first_token;
use crate::clock::Stopwatch;
use crate::load::outcome::Bar;
use crate::load::server::{Server, wrong};
use crate::load::stand_in::mark;

/// How its steps were arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// One after the other, and nothing is kept from one turn to the next.
    InSequence,
    /// What can be asked at once is.
    Concurrent,
    /// The same, and organisation and credentials are at hand.
    Cached,
}

/// The old system, before the stand-in.
#[derive(Clone)]
pub struct OldSystem {
    pub upstream: Server,
    pub clock: Stopwatch,
}

impl OldSystem {
    /// One turn: when its first token was there, and what it waited for.
    pub async fn turn(
        &self,
        arrangement: Arrangement,
        turn: u64,
        said: &str,
        started: Duration,
    ) -> Result<(Duration, Vec<Bar>), String> {
        let step = |name| self.step(name, turn, started);
        let mut bars = Vec::new();
        match arrangement {
            Arrangement::InSequence => {
                for name in [
                    "organisation",
                    "embeddings",
                    "slots",
                    "credentials",
                    "compliance",
                ] {
                    bars.push(step(name).await?);
                }
            }
            Arrangement::Concurrent => {
                bars.push(step("organisation").await?);
                let (embeddings, credentials, compliance) =
                    tokio::join!(step("embeddings"), step("credentials"), step("compliance"));
                bars.extend([embeddings?, credentials?, compliance?]);
                bars.push(step("slots").await?);
            }
            Arrangement::Cached => {
                let (embeddings, compliance) = tokio::join!(step("embeddings"), step("compliance"));
                bars.extend([embeddings?, compliance?]);
                bars.push(step("slots").await?);
            }
        }
        let asked = self.clock.elapsed();
        let body = json!({
            "model": "stand-in", "stream": true,
            "messages": [{ "role": "user", "content": said }],
        });
        let request = self.upstream.request(Method::POST, "/v1/chat/completions");
        let answer = wrong(request.json(&body).send().await).await?;
        let first = first_token(&self.clock, answer).await?;
        bars.push(bar("model", started, asked, first));
        Ok((first, bars))
    }

    async fn step(&self, name: &'static str, turn: u64, started: Duration) -> Result<Bar, String> {
        let asked = self.clock.elapsed();
        let request = self.upstream.request(Method::POST, &format!("/{name}"));
        let answer = request.json(&json!({ "turn": mark(turn) })).send().await;
        wrong(answer).await?;
        Ok(bar(name, started, asked, self.clock.elapsed()))
    }
}

fn bar(name: &'static str, started: Duration, from: Duration, to: Duration) -> Bar {
    Bar {
        name,
        start: from.saturating_sub(started),
        length: to.saturating_sub(from),
        is_own: false,
    }
}
