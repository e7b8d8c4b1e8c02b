//! What proves that a request comes from a clinic's voice platform: the shared secret itself, or a signature under it.
//!
//! Pure, so that every form is a test. Comparisons take the same time however much is right; a signature that has a time in it
//! is good for five minutes.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::digest::{SHA256, digest};
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::limits::VOICE_SIGNATURE_SECONDS;
use crate::model::{SignatureAlgorithm, SignatureEncoding, SignatureForm, Timestamp, VoiceSecret};

/// Numbers beyond this are milliseconds: as seconds they would lie three thousand years ahead.
const SECONDS_MAX: i64 = 100_000_000_000;
/// Base64 as it is written with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request showed of a signature.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The signature.
    pub text: &'a str,
    /// Its time.
    pub timestamp: Option<&'a str>,
}

/// Whether this is the secret.
pub fn is_secret(secret: &VoiceSecret, presented: &str) -> bool {
    let digested = |text: &str| digest(&SHA256, text.as_bytes());
    let (own, other) = (digested(secret.expose()), digested(presented));
    own.as_ref().ct_eq(other.as_ref()).into()
}

/// Whether a signature can be right at all, before a byte of the body is read: its time, if it is signed, is about now.
pub fn is_timely(form: &SignatureForm, signature: Signature<'_>, now: Timestamp) -> bool {
    if !form.is_timed() {
        return true;
    }
    let at = signature
        .timestamp
        .and_then(|text| text.trim().parse().ok());
    let at = at.map(
        |number: i64| match number.unsigned_abs() > SECONDS_MAX.unsigned_abs() {
            true => number,
            false => number * 1000,
        },
    );
    at.is_some_and(|at| now.0.abs_diff(at) <= VOICE_SIGNATURE_SECONDS.unsigned_abs() * 1000)
}

/// Whether this is the signature of that body.
pub fn is_signature(
    form: &SignatureForm,
    secret: &VoiceSecret,
    signature: Signature<'_>,
    body: &[u8],
) -> bool {
    let Some(written) = signature.text.trim().strip_prefix(form.prefix.as_str()) else {
        return false;
    };
    let tag = match form.encoding {
        SignatureEncoding::Hex => hex(written),
        SignatureEncoding::Base64 => BASE64.decode(written).ok(),
    };
    let timestamp = signature.timestamp.map(str::trim);
    let (Some(tag), Some((before, after))) = (tag, form.around_body(timestamp)) else {
        return false;
    };
    let key = match form.secret_is_base64 {
        false => Some(secret.expose().as_bytes().to_vec()),
        true => BASE64.decode(secret.expose()).ok(),
    };
    let algorithm = match form.algorithm {
        SignatureAlgorithm::Sha256 => hmac::HMAC_SHA256,
        SignatureAlgorithm::Sha512 => hmac::HMAC_SHA512,
    };
    let Some(key) = key.map(|key| hmac::Key::new(algorithm, &key)) else {
        return false;
    };
    let signed = [before.as_bytes(), body, after.as_bytes()].concat();
    hmac::verify(&key, &signed, &tag).is_ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"message":{"type":"hang"}}"#;
    const NOW: Timestamp = Timestamp(1_795_600_000_000);

    fn secret() -> VoiceSecret {
        VoiceSecret::new("c2VjcmV0".to_owned()).expect("a secret")
    }

    fn signed(form: &SignatureForm, key: &[u8], timestamp: &str) -> String {
        let (before, after) = form.around_body(Some(timestamp)).expect("a form");
        let algorithm = match form.algorithm {
            SignatureAlgorithm::Sha256 => hmac::HMAC_SHA256,
            SignatureAlgorithm::Sha512 => hmac::HMAC_SHA512,
        };
        let content = [before.as_bytes(), BODY, after.as_bytes()].concat();
        let tag = hmac::sign(&hmac::Key::new(algorithm, key), &content);
        let written = match form.encoding {
            SignatureEncoding::Hex => tag.as_ref().iter().map(|b| format!("{b:02x}")).collect(),
            SignatureEncoding::Base64 => BASE64.encode(tag),
        };
        format!("{}{written}", form.prefix)
    }

    #[test]
    fn the_secret_is_known_and_nothing_like_it() {
        assert!(is_secret(&secret(), "c2VjcmV0"));
        for other in ["", "c2VjcmV", "c2VjcmV00", "C2VjcmV0", "é"] {
            assert!(!is_secret(&secret(), other), "{other}");
        }
    }

    #[test]
    fn a_body_is_signed_in_every_form_and_in_no_other() {
        let usual = SignatureForm::default();
        let forms = [
            usual.clone(),
            SignatureForm {
                format: "{body}".to_owned(),
                header: "x-vapi-signature".to_owned(),
                ..usual.clone()
            },
            SignatureForm {
                algorithm: SignatureAlgorithm::Sha512,
                prefix: "sha512=".to_owned(),
                ..usual.clone()
            },
            SignatureForm {
                encoding: SignatureEncoding::Base64,
                prefix: "v1,".to_owned(),
                ..usual.clone()
            },
            SignatureForm {
                secret_is_base64: true,
                format: "v0:{timestamp}:{body}".to_owned(),
                ..usual
            },
        ];
        for form in &forms {
            let key: &[u8] = if form.secret_is_base64 {
                b"secret"
            } else {
                b"c2VjcmV0"
            };
            let text = signed(form, key, "1795600000");
            let right = Signature {
                text: &text,
                timestamp: Some("1795600000"),
            };
            assert!(is_signature(form, &secret(), right, BODY), "{form:?}");
            assert!(is_timely(form, right, NOW));
            assert!(!is_signature(form, &secret(), right, b"{}"), "{form:?}");
            let later = Signature {
                timestamp: Some("1795600001"),
                ..right
            };
            assert_eq!(is_signature(form, &secret(), later, BODY), !form.is_timed());
            for other in forms.iter().filter(|other| *other != form) {
                assert!(
                    !is_signature(other, &secret(), right, BODY),
                    "{form:?} {other:?}"
                );
            }
            for forged in ["", "00", "zz", &text[1..], &text.replace('a', "b")] {
                let forged = Signature {
                    text: forged,
                    ..right
                };
                assert!(!is_signature(form, &secret(), forged, BODY) || forged.text == text);
            }
        }
    }

    #[test]
    fn a_time_is_in_seconds_or_milliseconds_and_about_now() {
        let form = SignatureForm::default();
        let timely = |timestamp| {
            is_timely(
                &form,
                Signature {
                    text: "",
                    timestamp,
                },
                NOW,
            )
        };
        for near in [
            "1795600000",
            "1795600300",
            "1795599700",
            "1795600000000",
            "1795599700000",
            " 1795600000 ",
        ] {
            assert!(timely(Some(near)), "{near}");
        }
        for far in [
            "1795600301",
            "1795599699",
            "1795600300001",
            "0",
            "-1",
            "",
            "now",
            "9223372036854775807",
            "-9223372036854775808",
            "99999999999999999999",
        ] {
            assert!(!timely(Some(far)), "{far}");
        }
        assert!(!timely(None));
        let bare = SignatureForm {
            format: "{body}".to_owned(),
            ..form
        };
        assert!(is_timely(
            &bare,
            Signature {
                text: "",
                timestamp: None
            },
            NOW
        ));
    }
}
