//! Twilio carries texts: one POST for each attempt, with the clinic's own account.
//!
//! Twilio takes no idempotency key, so everything rests on telling *certainly not sent* from *nobody knows*. What failed
//! before a byte of the request could go out (no connection, no name, no TLS) was not sent, nor was what it refused with a
//! 4xx; whatever broke after that may have been taken. tests/it/twilio tries each against a stand-in.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect, retry};
use serde::Deserialize;

use crate::limits;
use crate::model::{ProviderId, SendOutcome};
use crate::tenant::{PreparedText, SmsAccess};
use crate::tls::http_client;

use super::sms::{Report, Sending, SmsGateway};

/// Seconds that Twilio takes for how long a text is of use.
const VALIDITY_SECONDS: (u64, u64) = (1, 14_400);
/// Twilio's word for a phone whose holder has answered STOP.
const OPTED_OUT: u32 = 21_610;
/// Twilio's word for an account or token that it does not know.
const NOT_AUTHENTICATED: u32 = 20_003;

/// Where Twilio is, and where it can reach this server.
#[derive(Debug, Clone)]
pub struct TwilioOptions {
    /// Where its interface is.
    pub base_url: String,
    /// Where the world reaches this server; empty: nowhere, and no callbacks are asked for.
    pub public_url: String,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// Sends texts by Twilio.
pub struct Twilio {
    http: Client,
    options: TwilioOptions,
}

/// The part of Twilio's answers that matters here, whether it took the text or not.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    code: Option<u32>,
}

impl Twilio {
    /// A carrier with a pool of connections of its own.
    pub fn new(options: TwilioOptions) -> Result<Self, reqwest::Error> {
        let http = http_client()
            .redirect(redirect::Policy::none())
            // Whatever can go again is the ledger's to say.
            .retry(retry::never())
            .timeout(options.timeout)
            // A connection that does not come to be leaves time to say so: nothing was sent.
            .connect_timeout(options.timeout / 2)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(limits::CARRIER_IDLE_CONNECTIONS_MAX)
            .build()?;
        Ok(Self { http, options })
    }

    async fn attempt(&self, text: &PreparedText) -> Report {
        let Some(access) = &text.access else {
            return SendOutcome::NotSent.into();
        };
        let sid = access.account.sid();
        let base_url = self.options.base_url.trim_end_matches('/');
        let request = self
            .http
            .post(format!(
                "{base_url}/2010-04-01/Accounts/{sid}/Messages.json"
            ))
            .basic_auth(sid, Some(access.token.expose()))
            .form(&self.form(text, access))
            .send();
        match request.await {
            Ok(response) => understood(response).await,
            Err(error) => {
                let outcome = outcome_of(&error);
                tracing::warn!(
                    tenant = text.tenant,
                    ?outcome,
                    timeout = error.is_timeout(),
                    connect = error.is_connect(),
                    "the provider of texts could not be asked"
                );
                outcome.into()
            }
        }
    }

    fn form(&self, text: &PreparedText, access: &SmsAccess) -> Vec<(&'static str, String)> {
        let account = &access.account;
        let from = match account.is_from_service() {
            true => "MessagingServiceSid",
            false => "From",
        };
        let (shortest, longest) = VALIDITY_SECONDS;
        let validity = text.useful_seconds.clamp(shortest, longest);
        let mut form = vec![
            ("To", text.to.expose().to_owned()),
            (from, account.from().to_owned()),
            ("Body", text.body.clone()),
            // A code that arrives after its time only confuses.
            ("ValidityPeriod", validity.to_string()),
        ];
        if !self.options.public_url.is_empty() {
            let public_url = self.options.public_url.trim_end_matches('/');
            let PreparedText {
                tenant,
                message,
                attempt,
                ..
            } = text;
            // Names the text, so that its state is known even if the answer to this request is lost.
            let callback =
                format!("{public_url}/twilio/{tenant}/status?message={message}&attempt={attempt}");
            form.push(("StatusCallback", callback));
        }
        form
    }
}

impl SmsGateway for Twilio {
    fn send<'a>(&'a self, text: &'a PreparedText) -> Sending<'a> {
        Box::pin(self.attempt(text))
    }
}

/// What a request that got no answer came to.
fn outcome_of(error: &reqwest::Error) -> SendOutcome {
    match error.is_connect() || error.is_builder() {
        true => SendOutcome::NotSent,
        false => SendOutcome::Unknown,
    }
}

async fn understood(response: Response) -> Report {
    let status = response.status();
    let rest = rest(response.headers());
    let answer = body(response).await;
    let outcome = match status {
        StatusCode::REQUEST_TIMEOUT => SendOutcome::Unknown,
        _ if status.is_client_error() => SendOutcome::NotSent,
        _ if status.is_success() => {
            let sid = answer.and_then(|answer| answer.sid?.parse::<ProviderId>().ok());
            // Taken, by the status; but of an answer without the text's name nothing can be followed up.
            return sid.map_or(SendOutcome::Unknown.into(), Report::sent);
        }
        _ => SendOutcome::Unknown,
    };
    let code = answer.and_then(|answer| answer.code);
    tracing::warn!(
        status = status.as_u16(),
        code,
        ?outcome,
        "the provider of texts did not take one"
    );
    if code == Some(NOT_AUTHENTICATED) {
        tracing::error!(
            "the provider does not know a clinic's account or token; its staff has to store them again"
        );
    }
    Report {
        rest: rest.filter(|_| status == StatusCode::TOO_MANY_REQUESTS),
        opted_out: code == Some(OPTED_OUT),
        ..outcome.into()
    }
}

/// How long the provider wants to be left alone, in whole seconds; a date is not understood and means the least.
fn rest(headers: &HeaderMap) -> Option<Duration> {
    let wanted = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let wanted = Duration::from_secs(wanted.trim().parse().unwrap_or(1));
    Some(wanted.min(limits::CARRIER_REST_MAX))
}

/// The answer's body, if it is JSON, whole, and of a size that an answer can have.
async fn body(mut response: Response) -> Option<Answer> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if bytes.len() + chunk.len() > limits::CARRIER_ANSWER_BYTES_MAX {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).ok()
}
