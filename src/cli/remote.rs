//! A running server, as the command line talks to it: over its own HTTP interface, with a key.

use clap::Args;
use reqwest::{Method, Response};
use serde_json::Value;

use super::output::print;
use crate::app;
use crate::tls::http_client;

/// Which server, and as whom.
#[derive(Clone, Args)]
pub struct Remote {
    /// The server.
    #[arg(
        long,
        env = "HOLDFAST_URL",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    url: String,
    /// The key; an admin key for clinics, an admin or staff key for keys.
    #[arg(
        long,
        env = "HOLDFAST_KEY",
        hide_env_values = true,
        default_value = "",
        global = true
    )]
    key: String,
}

impl Remote {
    /// A server that this process has just started.
    pub fn new(url: String, key: String) -> Self {
        Self { url, key }
    }

    /// Where it is, without a slash at its end.
    pub fn url(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    /// The key; an error that says where to find one if there is none.
    pub fn key(&self) -> anyhow::Result<&str> {
        anyhow::ensure!(
            !self.key.is_empty(),
            "name a key with --key or HOLDFAST_KEY; the first is in admin.key beside the state"
        );
        Ok(&self.key)
    }

    /// Sends a request and gives the answer's body; a refusal becomes an error in the server's own words.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let text = self.answer(method, path, body).await?.text().await?;
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&text)?)
        }
    }

    /// Sends a request and gives the answer with its body still to come; a refusal becomes an error as above.
    pub async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Response> {
        let key = self.key()?;
        let url = format!("{}{path}", self.url());
        let mut request = http_client()
            .build()?
            .request(method, &url)
            .bearer_auth(key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| {
            anyhow::anyhow!(
                "cannot reach {}: {}; is the server running there?",
                self.url,
                root(&error)
            )
        })?;
        let status = answer.status();
        if !status.is_success() {
            let text = answer.text().await?;
            let problem: Value = serde_json::from_str(&text).unwrap_or_default();
            let detail = problem["detail"].as_str().unwrap_or(&text).to_owned();
            let code = problem["code"].as_str().unwrap_or("error").to_owned();
            anyhow::bail!("{} {code}: {detail}", status.as_u16());
        }
        Ok(answer)
    }

    /// Sends a request and prints the answer as JSON.
    pub fn show(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<std::process::ExitCode> {
        let answer = app::block_on(self.send(method, path, body))?;
        match answer {
            Value::Null => Ok(std::process::ExitCode::SUCCESS),
            answer => print(&serde_json::to_string_pretty(&answer)?),
        }
    }
}

fn root(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
