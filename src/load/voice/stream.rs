//! A streamed answer, as whoever speaks it reads it: the first byte that counts is the first of a token, not of a header or of an
//! event that says only that someone is there.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use crate::clock::Stopwatch;
use crate::load::server::broken;

/// Longest line that is read, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;
const DATA: &[u8] = b"data:";

/// Reads a stream to its end and gives the instant at which its first token was there.
pub async fn first_token(clock: &Stopwatch, mut answer: Response) -> Result<Duration, String> {
    let (mut first, mut is_done, mut rest) = (None, false, Vec::new());
    while let Some(bytes) = answer
        .chunk()
        .await
        .map_err(|error| broken(&error).to_owned())?
    {
        let now = clock.elapsed();
        rest.extend_from_slice(&bytes);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            match line.strip_prefix(DATA).map(<[u8]>::trim_ascii) {
                Some(b"[DONE]") => is_done = true,
                Some(chunk) if first.is_none() && has_words(chunk) => first = Some(now),
                _ => {}
            }
        }
        if rest.len() > LINE_BYTES_MAX {
            return Err("a line of the stream has no end".to_owned());
        }
    }
    match first {
        _ if !is_done => Err("the stream broke off".to_owned()),
        None => Err("the stream said nothing".to_owned()),
        Some(first) => Ok(first),
    }
}

fn has_words(chunk: &[u8]) -> bool {
    let chunk: Value = serde_json::from_slice(chunk).unwrap_or_default();
    let words = chunk["choices"][0]["delta"]["content"].as_str();
    words.is_some_and(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_spoken() {
        assert!(has_words(br#"{"choices":[{"delta":{"content":"Of"}}]}"#));
        for silent in [
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[]}"#,
            "[DONE]",
            "",
        ] {
            assert!(!has_words(silent.as_bytes()), "{silent}");
        }
    }
}
