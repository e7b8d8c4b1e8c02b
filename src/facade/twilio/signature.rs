//! Twilio's signature: HMAC-SHA1 under the account's token, over the address that was called and what was sent.
//!
//! The address is the one that Twilio called, so it is made of `http.public_url` and the path and query as they came, to the
//! byte; neither `Host` nor any header of a proxy has a say. Pure: a room of its own so that every documented vector is a test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;

/// The query parameter that carries the digest of a body that is no form.
const BODY_DIGEST: &str = "bodySHA256=";
/// Bytes of a SHA-1.
const TAG_BYTES: usize = 20;

/// What was sent, as far as it is signed.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// A form's fields, in any order.
    Form(&'a [(String, String)]),
    /// Anything else, which the query has a digest of.
    Bytes(&'a [u8]),
}

/// Whether this is the signature of that, in time that does not depend on how much of it is right.
pub fn is_right(token: &str, url: &str, content: Content<'_>, signature: &str) -> bool {
    let Ok(tag) = STANDARD.decode(signature.trim()) else {
        return false;
    };
    if tag.len() != TAG_BYTES {
        return false;
    }
    let fields = match content {
        Content::Form(fields) => in_order(fields),
        Content::Bytes(bytes) if is_digest_of(url, bytes) => String::new(),
        Content::Bytes(_) => return false,
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let verifies = |url: &str| {
        let signed = [url.as_bytes(), fields.as_bytes()].concat();
        hmac::verify(&key, &signed, &tag).is_ok()
    };
    // Twilio signs the address with or without its port, depending on the product and on the day.
    verifies(url) || other_spelling(url).is_some_and(|url| verifies(&url))
}

/// Key and value of each field, by key, then by value; what is there twice counts once.
fn in_order(fields: &[(String, String)]) -> String {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_unstable();
    fields.dedup();
    fields
        .iter()
        .flat_map(|(key, value)| [key.as_str(), value.as_str()])
        .collect()
}

/// The same address with the port it left out, or without the one it names.
fn other_spelling(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    // A colon inside brackets is part of an address of IPv6.
    let named = host.rfind(':').filter(|at| !host[*at..].contains(']'));
    Some(match (named, scheme) {
        (Some(at), _) => format!("{scheme}://{}{path}", &host[..at]),
        (None, "https") => format!("{scheme}://{host}:443{path}"),
        (None, _) => format!("{scheme}://{host}:80{path}"),
    })
}

fn is_digest_of(url: &str, bytes: &[u8]) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut wanted = query
        .split('&')
        .filter_map(|part| part.strip_prefix(BODY_DIGEST));
    let Some(wanted) = wanted.next() else {
        return false;
    };
    let found = digest(&SHA256, bytes);
    let found: String = found
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // No secret: it stands in the address. What is signed is the address.
    wanted.eq_ignore_ascii_case(&found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let fields = fields.iter();
        fields
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn call() -> Vec<(String, String)> {
        form(&[
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Digits", "1234"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
        ])
    }

    fn right(url: &str, fields: &[(String, String)], signature: &str) -> bool {
        is_right(TOKEN, url, Content::Form(fields), signature)
    }

    // The vectors of Twilio's helper libraries.
    #[test]
    fn every_documented_vector_is_right() {
        let cases = [
            (URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (
                "https://mycompany.com:443/myapp.php?foo=1&bar=2",
                "kvajT1Ptam85bY51eRf/AJRuM3w=",
            ),
            (
                "http://mycompany.com:80/myapp.php?foo=1&bar=2",
                "0ZXoZLH/DfblKGATFgpif+LLRf4=",
            ),
            (
                "http://mycompany.com:1234/myapp.php?foo=1&bar=2",
                "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
            ),
        ];
        for (url, signature) in cases {
            assert!(right(url, &call(), signature), "{url}");
        }
        // With and without the default port, whichever of them was signed.
        assert!(right(URL, &call(), "kvajT1Ptam85bY51eRf/AJRuM3w="));
        assert!(right(
            "https://mycompany.com:443/myapp.php?foo=1&bar=2",
            &call(),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        ));
        assert!(right(
            "http://mycompany.com/myapp.php?foo=1&bar=2",
            &call(),
            "0ZXoZLH/DfblKGATFgpif+LLRf4="
        ));
    }

    #[test]
    fn keys_that_are_there_more_than_once_count_with_each_of_their_values() {
        let fields = form(&[
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
        ]);
        assert!(right(URL, &fields, "IK+Dwps556ElfBT0I3Rgjkr1wJU="));
    }

    #[test]
    fn a_body_that_is_no_form_is_signed_by_its_digest_in_the_query() {
        let body = br#"{"property": "value", "boolean": true}"#;
        let url = format!(
            "{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
        );
        let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
        assert!(is_right(TOKEN, &url, Content::Bytes(body), signature));
        assert!(!is_right(TOKEN, &url, Content::Bytes(b"{}"), signature));
        assert!(!is_right(
            TOKEN,
            URL,
            Content::Bytes(body),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        ));
    }

    #[test]
    fn whatever_is_altered_is_wrong() {
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(right(URL, &call(), signature));
        assert!(!is_right("12346", URL, Content::Form(&call()), signature));
        let elsewhere = [
            "http://mycompany.com/myapp.php?foo=1&bar=2",
            "https://mycompany.com/myapp.php?bar=2&foo=1",
            "https://mycompany.com/myapp.php?foo=1&bar=2&",
            "https://mycompany.com/myapp.PHP?foo=1&bar=2",
            "https://mycompany.com.evil.example/myapp.php?foo=1&bar=2",
            "",
        ];
        for url in elsewhere {
            assert!(!right(url, &call(), signature), "{url}");
        }
        for place in 0..call().len() {
            let mut fewer = call();
            fewer.remove(place);
            assert!(!right(URL, &fewer, signature));
            let mut other = call();
            other[place].1.push('0');
            assert!(!right(URL, &other, signature));
        }
        for forged in [
            "",
            "RSOYDt4T1cUTdK1PDd93",
            "RSOYDt4T1cUTdK1PDd93/VVr8B9=",
            "rSOYDt4T1cUTdK1PDd93/VVr8B8=",
            "é",
            &"A".repeat(10_000),
        ] {
            assert!(!right(URL, &call(), forged), "{forged}");
        }
        for place in 0..27 {
            let mut letters: Vec<char> = signature.chars().collect();
            letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
            assert!(!right(URL, &call(), &letters.iter().collect::<String>()));
        }
    }
}
