//! Versions on the wire: `ETag` on what is shown, `If-Match` on what is changed.
//!
//! A version is a count, and the tag is the count in quotes. Whether it is still current is the ledger's word; here it is only
//! read and written.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use super::words::Reply;
use crate::facade::problem::Problem;

/// The version that what is to be changed must have, from `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u32>);

/// The header, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only written into the document")]
pub struct MatchHeader {
    /// The version it must have, as `ETag` showed it; if it has changed since, nothing is done and the answer is 412.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all(header::IF_MATCH);
        let lines = lines.map(|value| value.to_str().unwrap_or(""));
        ready(Ok(Self(version_wanted(lines))))
    }
}

/// Tags are versions, quoted or bare; `*` and no header at all take any. Versions only grow, so of several the highest is the
/// only one that can still be current. What is no version of ours matches none: versions count from 1.
fn version_wanted<'a>(lines: impl Iterator<Item = &'a str>) -> Option<u32> {
    let tags: Vec<_> = lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    if tags.is_empty() || tags.contains(&"*") {
        return None;
    }
    let version = |tag: &&str| {
        let bare = tag
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        bare.unwrap_or(tag).parse::<u32>().ok()
    };
    Some(tags.iter().filter_map(version).max().unwrap_or(0))
}

impl Reply {
    /// Says which version it shows.
    pub fn version(self, version: u32) -> Self {
        self.header(header::ETAG, &format!("\"{version}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_quoted_or_bare() {
        let wanted = |line: &str| version_wanted([line].into_iter());
        assert_eq!(wanted("\"3\""), Some(3));
        assert_eq!(wanted("3"), Some(3));
        assert_eq!(wanted("*"), None);
        assert_eq!(wanted("\"2\", \"3\""), Some(3));
        for never in ["W/\"3\"", "\"abc\"", "", "\"3", "-1"] {
            assert_eq!(wanted(never), Some(0), "{never}");
        }
        assert_eq!(version_wanted(std::iter::empty()), None);
    }
}
