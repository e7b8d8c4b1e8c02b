//! The seam to whoever carries texts: one attempt in, one of three outcomes out, and what else the carrier said.

use std::pin::Pin;
use std::time::Duration;

use crate::model::{ProviderId, SendOutcome};
use crate::tenant::PreparedText;

/// What a carrier says of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What became of it.
    pub outcome: SendOutcome,
    /// What the carrier calls the text.
    pub sid: Option<ProviderId>,
    /// How long it wants to be left alone.
    pub rest: Option<Duration>,
    /// The phone's holder wants no texts; the carrier keeps a list of its own.
    pub opted_out: bool,
}

impl Report {
    /// The carrier took it and calls it so.
    pub fn sent(sid: ProviderId) -> Self {
        Self {
            sid: Some(sid),
            ..SendOutcome::Sent.into()
        }
    }
}

impl From<SendOutcome> for Report {
    fn from(outcome: SendOutcome) -> Self {
        Self {
            outcome,
            sid: None,
            rest: None,
            opted_out: false,
        }
    }
}

/// An attempt under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Report> + Send + 'a>>;

/// Carries texts. It must tell *certainly not sent* from *nobody knows*: only the former takes a code back.
pub trait SmsGateway: Send + Sync + 'static {
    /// Makes one attempt. It should end by itself; whoever asked stops waiting after a while.
    fn send<'a>(&'a self, text: &'a PreparedText) -> Sending<'a>;
}
