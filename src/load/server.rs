//! The server under test, as its callers reach it. What it refuses comes back in its own words.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use crate::tls::http_client;

/// The longest any answer may take: a caller on the telephone has hung up long before.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection waits for the next request: well below what servers grant (5 s), or a request now and then meets one that is
/// just being closed, and counts as an error of the server's.
const IDLE: Duration = Duration::from_secs(2);

/// Why a run could not begin, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer came.
    #[error("cannot reach {url}: {why}; is the server running there?")]
    Unreachable {
        /// Where.
        url: String,
        /// What the network says.
        why: String,
    },
    /// The server refused.
    #[error("{what}: {status} {code}: {detail}")]
    Refused {
        /// What was asked of it.
        what: String,
        /// The status.
        status: u16,
        /// The problem's code.
        code: String,
        /// The problem's words.
        detail: String,
    },
    /// It answered something that it should not.
    #[error("{0}")]
    Unfit(String),
    /// This machine would not.
    #[error(transparent)]
    Machine(#[from] std::io::Error),
}

impl Error {
    /// The status of a refusal; 0 if it was none.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            _ => 0,
        }
    }
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &str) -> bool {
    let parsed = reqwest::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| url.host_str());
    host.is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// The server under test. Clones share their connections, as a platform's requests do.
#[derive(Clone, Debug)]
pub struct Server {
    http: Client,
    url: String,
}

impl Server {
    /// The server at this address.
    pub fn at(url: &str) -> Result<Self, Error> {
        let client = http_client()
            .pool_max_idle_per_host(usize::MAX)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .timeout(PATIENCE)
            .build();
        let url = url.trim_end_matches('/').to_owned();
        let unusable = |error: reqwest::Error| Error::Unfit(root(&error));
        Ok(Self {
            http: client.map_err(unusable)?,
            url,
        })
    }

    /// A request that whoever asked for it sends and times.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request with a key and gives the answer's body; a refusal becomes an error.
    pub async fn send(
        &self,
        method: Method,
        key: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let what = format!("{method} {path}");
        let mut request = self.request(method, path);
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| Error::Unreachable {
            url: self.url.clone(),
            why: root(&error),
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        let json: Option<Value> = serde_json::from_str(&text).ok();
        if !status.is_success() {
            return Err(refused(what, status.as_u16(), json.as_ref()));
        }
        match json {
            Some(json) => Ok(json),
            None if text.is_empty() => Ok(Value::Null),
            None => Err(Error::Unfit(format!(
                "{what}: the answer is no JSON; is this a holdfast server?"
            ))),
        }
    }

    /// The same for a list, page by page, until so many rows are there.
    pub async fn list(
        &self,
        key: &str,
        path: &str,
        rows: &str,
        most: usize,
    ) -> Result<Vec<Value>, Error> {
        let join = if path.contains('?') { '&' } else { '?' };
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = format!("{path}{join}limit=1000{cursor}");
            let mut answer = self.send(Method::GET, key, &page, None).await?;
            if let Value::Array(more) = answer[rows].take() {
                found.extend(more);
            }
            match answer["next"].as_str() {
                Some(next) if found.len() < most => cursor = format!("&cursor={next}"),
                _ => return Ok(found),
            }
        }
    }
}

/// What a request is called whose answer did not come or was not wanted: a status and a code, never what it said.
pub async fn wrong(answer: Result<Response, reqwest::Error>) -> Result<Response, String> {
    let answer = answer.map_err(|error| broken(&error).to_owned())?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    let problem: Value = serde_json::from_str(&text).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or("without a code");
    Err(format!("{} {code}", status.as_u16()))
}

/// Why no whole answer came, in words that hold nothing of it.
pub fn broken(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer within 30 s"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer broke off"
    }
}

fn refused(what: String, status: u16, problem: Option<&Value>) -> Error {
    let word = |field: &str| problem.and_then(|problem| problem[field].as_str());
    Error::Refused {
        what,
        status,
        code: word("code").unwrap_or("error").to_owned(),
        detail: word("detail")
            .unwrap_or("the server did not say why")
            .to_owned(),
    }
}

fn root(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_this_machine_is_loopback() {
        let own = [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:8080",
            "http://127.9.9.9",
        ];
        for url in own {
            assert!(is_loopback(url), "{url}");
        }
        let others = [
            "https://clinic.example",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://user@clinic.example",
            "nothing",
            "",
        ];
        for url in others {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
