//! The one client of everything upstream: its pool of connections outlives requests, so that a turn pays for none.
//!
//! Made when it is first needed: a house without models reads no certificates. It follows no redirect, which would lead past the
//! judgement of addresses, and sends nothing twice. Connections are opened ahead: when a clinic's models are stored, and when a
//! call begins that will need them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, redirect, retry};

use super::reach::{NotReached, Reach};
use crate::limits;
use crate::model::{Endpoint, ModelKey, Models, Timestamp};
use crate::tls::http_client;

/// What upstream is asked with.
pub struct Upstream {
    reach: Reach,
    silence: Duration,
    client: OnceLock<Client>,
    /// By host: when a connection was last opened ahead.
    opened: Mutex<BTreeMap<String, Timestamp>>,
}

impl Upstream {
    /// Nothing connected yet.
    pub fn new(reach: Reach, silence: Duration) -> Self {
        Self {
            reach,
            silence,
            client: OnceLock::new(),
            opened: Mutex::default(),
        }
    }

    /// How long anyone there may say nothing.
    pub fn silence(&self) -> Duration {
        self.silence
    }

    /// Which addresses it goes to.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            http_client()
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .dns_resolver(Arc::new(self.reach.clone()))
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(limits::UPSTREAM_CONNECT_TIME_MAX)
                .pool_max_idle_per_host(limits::UPSTREAM_IDLE_CONNECTIONS_MAX)
                .pool_idle_timeout(limits::UPSTREAM_IDLE_TIME_MAX)
                .build()
                .expect("nothing of what it is made from comes from outside")
        })
    }

    /// A request for a path below an endpoint's address, by its key. `Err`: that address is not reached, which the operator may have
    /// changed since it was stored.
    pub fn request(
        &self,
        method: Method,
        endpoint: &Endpoint<ModelKey>,
        path: &str,
    ) -> Result<RequestBuilder, NotReached> {
        self.reach.judge(&endpoint.base_url)?;
        let url = format!("{}{path}", endpoint.base_url.as_str());
        let request = self.client().request(method, url);
        Ok(match &endpoint.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        })
    }

    /// Opens a connection to each host that these models are at, unless that was done a moment ago; nobody waits for it. What is
    /// answered is of no consequence.
    pub fn open_ahead(&self, models: &Models<ModelKey>, now: Timestamp) {
        let endpoints = [Some(&models.chat), models.embeddings.as_ref()];
        for endpoint in endpoints.into_iter().flatten() {
            let Ok(request) = self.request(Method::HEAD, endpoint, "/models") else {
                continue;
            };
            if !self.is_due(endpoint.base_url.origin(), now) {
                continue;
            }
            let request = request.timeout(limits::UPSTREAM_CONNECT_TIME_MAX);
            // Whether it came to be is seen by whoever needs it.
            tokio::spawn(async move { request.send().await.map(drop) });
        }
    }

    fn is_due(&self, origin: &str, now: Timestamp) -> bool {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = limits::UPSTREAM_AHEAD_SECONDS;
        let is_due = |at: &Timestamp| now.seconds_since(*at) >= pause;
        if opened.get(origin).is_some_and(|at| !is_due(at)) {
            return false;
        }
        if opened.len() >= limits::UPSTREAM_HOSTS_MAX {
            opened.retain(|_, at| !is_due(at));
        }
        let has_room = opened.len() < limits::UPSTREAM_HOSTS_MAX;
        if has_room {
            opened.insert(origin.to_owned(), now);
        }
        has_room
    }
}
