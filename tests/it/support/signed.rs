//! What Twilio sends, signed as Twilio signs it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{Answer, Client};

/// Where the servers of tests say that the world reaches them.
pub const PUBLIC_URL: &str = "https://booking.example";
const FORM: &str = "application/x-www-form-urlencoded";

/// The signature of a form that is sent to a path.
pub fn signature(token: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let mut fields = fields.to_vec();
    fields.sort_unstable();
    fields.dedup();
    let fields: String = fields
        .iter()
        .flat_map(|(key, value)| [*key, *value])
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(
        &key,
        format!("{PUBLIC_URL}{path}{fields}").as_bytes(),
    ))
}

/// A form as it is sent.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Sends a form with a signature.
pub fn send(client: &Client, path: &str, fields: &[(&str, &str)], signature: &str) -> Answer {
    let headers = [("Content-Type", FORM), ("X-Twilio-Signature", signature)];
    client
        .with_key("none")
        .send("POST", path, &headers, &form(fields))
}

/// Sends a form as the holder of a token would.
pub fn call_back(client: &Client, token: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    send(client, path, fields, &signature(token, path, fields))
}
