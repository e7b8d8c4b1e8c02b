//! The `Idempotency-Key` header: quoted as draft-ietf-httpapi-idempotency-key-header has it, or bare as most write it.
//!
//! The key itself is never kept: only its SHA-256 together with who asked for what, so that neither two keys' holders nor
//! two routes can meet. Taken by the handlers of every POST that creates, except that of keys, whose secret is shown once.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use ring::digest;

use crate::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use crate::tenant::Idempotency;

use super::auth::Shown;
use super::body::Body;
use super::problem::{Code, Problem};

const HEADER: &str = "Idempotency-Key";

/// A request's idempotency key, if it brought one.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey(Option<[u8; 32]>);

/// The header, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only written into the document")]
pub struct KeyHeader {
    /// 1 to 256 characters, remembered for 24 hours: the same key and body get the same answer, with `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

impl RequestKey {
    /// The key together with the body that it stands for.
    pub fn of<T>(self, body: &Body<T>) -> Option<Idempotency> {
        self.0.map(|key| Idempotency {
            key,
            body: body.digest,
            twin: None,
        })
    }

    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let mut values = request.headers().get_all(HEADER);
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let text = value.to_str().ok().and_then(unquoted);
        let text = text.filter(|_| values.next().is_none()).ok_or_else(|| {
            Problem::new(
                Code::InvalidIdempotencyKey,
                "Send one Idempotency-Key of 1 to 256 printable characters.",
            )
        })?;
        let shown = request.extensions().get::<Shown>().copied();
        let key = shown.ok_or_else(Problem::internal)?.0;
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&key.0.to_le_bytes());
        // Neither a method nor a path holds a line feed, so no two requests run together.
        for part in [request.method().as_str(), request.path(), &text] {
            hash.update(part.as_bytes());
            hash.update(b"\n");
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(hash.finish().as_ref());
        Ok(Self(Some(digest)))
    }
}

impl FromRequest for RequestKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// The key without the quotes of a structured-field string; `None` if it cannot be one.
fn unquoted(text: &str) -> Option<String> {
    let text = text.trim();
    let key = match text.strip_prefix('"') {
        None => text.to_owned(),
        Some(rest) => unescaped(rest.strip_suffix('"')?)?,
    };
    (1..=IDEMPOTENCY_KEY_BYTES_MAX)
        .contains(&key.len())
        .then_some(key)
}

fn unescaped(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => key.push(letters.next().filter(|next| matches!(next, '"' | '\\'))?),
            '"' => return None,
            plain => key.push(plain),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_are_the_same_key() {
        assert_eq!(unquoted("\"a-1\""), unquoted("a-1"));
        assert_eq!(unquoted(r#""a\"b\\""#), Some(r#"a"b\"#.to_owned()));
        let long = "x".repeat(257);
        for text in ["", "\"\"", "\"a", "\"a\"b\"", "\"a\\\"", &long] {
            assert_eq!(unquoted(text), None, "{text}");
        }
    }
}
