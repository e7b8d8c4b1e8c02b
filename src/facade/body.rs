//! A request's JSON body: bounded, declared as JSON, without unknown fields; its digest is kept for idempotency.
//!
//! Every fault names the field and says what to do, and none repeats what was sent. Invariant: at most
//! `limits::BODY_BYTES_MAX` bytes are ever held. Handlers take [`Body`] last, after everything that may refuse sooner.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use ring::digest;
use serde::de::DeserializeOwned;

use crate::limits::{BODY_BYTES_MAX, BODY_TIME_MAX};

use super::fault::Fault;
use super::problem::{Code, Problem};

/// A body that was read.
#[derive(Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

impl<T: DeserializeOwned> Body<T> {
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Problem> {
        // Without content there is nothing that a type could describe: some clients send one anyway.
        if !bytes.is_empty() && !is_json(headers) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "Send the body as JSON with `Content-Type: application/json`.",
            ));
        }
        let text = if bytes.is_empty() { b"{}" } else { bytes };
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Ok(Self {
            value: decode(text)?,
            digest,
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let declared = headers.get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
            return Box::pin(async { Err(too_large()) });
        }
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            let payload = payload.await.map_err(|_| broken_off())?;
            Self::read(request.headers(), &read_whole(payload).await?)
        })
    }
}

/// Reads a body of any kind.
pub async fn read_whole(payload: web::Payload) -> Result<web::Bytes, Problem> {
    // A body that trickles in would keep one of the machine's places for as long as it likes.
    let reading = payload.to_bytes_limited(BODY_BYTES_MAX);
    let bytes = tokio::time::timeout(BODY_TIME_MAX, reading).await;
    bytes
        .map_err(|_| too_slow())?
        .map_err(|_| too_large())?
        .map_err(|_| broken_off())
}

/// Reads JSON strictly; a fault names its field.
fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut decoder = serde_json::Deserializer::from_slice(bytes);
    let decoded = serde_path_to_error::deserialize(&mut decoder);
    let value = decoded.map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let fault = Fault::new(&path, &inner.to_string());
            return Problem::invalid_body(fault.field, fault.detail);
        }
        not_json(&inner)
    })?;
    decoder.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::invalid_body(
        "",
        format!(
            "This is not JSON in UTF-8 (line {line}, column {column}); mend it there and send it again."
        ),
    )
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE);
    let declared = declared.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = declared.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn broken_off() -> Problem {
    Problem::invalid_body("", "The body broke off; send the request again.")
}

fn too_slow() -> Problem {
    let detail = "The body did not arrive within 30 seconds; send the request again.";
    Problem::new(Code::BodyTooSlow, detail)
}

fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge, "A body takes up to 1 MiB; send less.")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is asked for")]
    struct Wanted {
        name: String,
        minutes: u32,
        #[serde(default)]
        people: Vec<Person>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is asked for")]
    struct Person {
        phone: String,
    }

    fn fault(text: &str) -> serde_json::Value {
        use actix_web::ResponseError;
        let problem = decode::<Wanted>(text.as_bytes()).expect_err(text);
        let body = problem.error_response().into_body();
        let bytes = actix_web::body::MessageBody::try_into_bytes(body).expect("in one piece");
        serde_json::from_slice(&bytes).expect("a problem")
    }

    #[test]
    fn a_fault_names_its_field_and_never_repeats_what_was_sent() {
        for (text, field) in [
            (r#"{"name":"a"}"#, "minutes"),
            (r#"{"name":"a","minutes":1,"colour":"Ada"}"#, "colour"),
            (r#"{"name":"a","minutes":"Ada, expected u32"}"#, "minutes"),
            (r#"{"name":"a","minutes":-1}"#, "minutes"),
            (r#"{"name":"a","minutes":1e999}"#, ""),
            (r#"{"name":"a","minutes":99999999999999999999}"#, "minutes"),
            (r#"{"name":"a","name":"b","minutes":1}"#, "name"),
            (
                r#"{"name":"a","minutes":1,"people":[{"phone":1}]}"#,
                "people[0].phone",
            ),
            (
                r#"{"name":"a","minutes":1,"people":[{"Ada":1}]}"#,
                "people[0].Ada",
            ),
            (
                r#"{"name":"a","minutes":1,"people":[{}]}"#,
                "people[0].phone",
            ),
            (r#""Ada""#, ""),
            (r#"[]"#, ""),
        ] {
            let fault = fault(text);
            assert_eq!(fault["field"], field, "{text}: {fault}");
            assert_eq!(fault["code"], "invalid-body");
            let detail = fault["detail"].as_str().expect("a sentence");
            assert!(detail.ends_with('.') && detail.len() > 12, "{detail}");
            if field != "people[0].Ada" {
                assert!(!detail.contains("Ada"), "{text}: {detail}");
            }
        }
    }

    #[test]
    fn what_is_not_json_is_refused_without_a_panic() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let broken = [
            "",
            "{",
            "nul",
            "{\"name\":\"\\ud800\",\"minutes\":1}",
            "{} {}",
            "\u{0}",
            &deep,
            "{\"name\":\"a\u{0}\"}",
        ];
        for text in broken {
            assert_eq!(fault(text)["code"], "invalid-body");
        }
        assert!(decode::<Wanted>(&[b'"', 0xff, b'"']).is_err());
    }
}
