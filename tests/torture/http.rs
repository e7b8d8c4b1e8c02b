//! One caller: an HTTP client with a pool of its own, so that its requests share one kept-alive connection.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

/// The longest any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection is kept for another request: well below what the server grants (5 s), or a caller that was busy comparing
/// sends on a connection that is just being closed, and takes the reset for a request that was never answered.
const IDLE: Duration = Duration::from_secs(2);

/// An answer that arrived whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// `Idempotency-Replayed: true`.
    pub replayed: bool,
    /// `Retry-After` was there.
    pub says_when: bool,
}

/// No whole answer arrived: nobody knows whether the request had an effect.
#[derive(Debug)]
pub struct Broken(pub String);

/// Every server here speaks plain HTTP; a client wants to know all the same whom it would trust.
fn no_tls() -> rustls::ClientConfig {
    let provider = rustls::crypto::ring::default_provider();
    rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// One caller.
#[derive(Clone, Debug)]
pub struct Caller {
    http: Client,
    url: String,
}

impl Caller {
    /// A caller with no connection yet.
    pub fn new(url: &str) -> Self {
        let http = Client::builder()
            .tls_backend_preconfigured(no_tls())
            .no_proxy()
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .timeout(PATIENCE)
            .build()
            .expect("an HTTP client without TLS");
        Self {
            http,
            url: url.to_owned(),
        }
    }

    pub async fn get(&self, key: &str, path: &str) -> Result<Answer, Broken> {
        self.send(Method::GET, key, path, None, None).await
    }

    pub async fn post(&self, key: &str, path: &str, body: &Value) -> Result<Answer, Broken> {
        self.send(Method::POST, key, path, None, Some(body)).await
    }

    pub async fn send(
        &self,
        method: Method,
        key: &str,
        path: &str,
        idempotency_key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, Broken> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if let Some(name) = idempotency_key {
            request = request.header("Idempotency-Key", name);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let broken = |error: reqwest::Error| Broken(format!("{error:?}"));
        let response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let replayed = response.headers().get("Idempotency-Replayed");
        let replayed = replayed.is_some_and(|value| value == "true");
        let says_when = response.headers().contains_key("Retry-After");
        let bytes = response.bytes().await.map_err(broken)?;
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes)
                .map_err(|error| Broken(format!("not JSON: {error}")))?,
        };
        Ok(Answer {
            status,
            body,
            replayed,
            says_when,
        })
    }

    /// All rows of a list, page by page.
    pub async fn list(&self, key: &str, path: &str, rows: &str) -> Result<Vec<Value>, Broken> {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = format!("{path}{join}limit=1000{cursor}");
            let answer = self.get(key, &page).await?;
            if answer.status != 200 {
                return Err(Broken(format!(
                    "GET {page}: {} {}",
                    answer.status, answer.body
                )));
            }
            found.extend(answer.body[rows].as_array().into_iter().flatten().cloned());
            match answer.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(found),
            }
        }
    }
}

/// A field that must be text.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
