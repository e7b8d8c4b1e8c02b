//! The inbox: a carrier that takes every text and hands it to nobody. For demos, trials and tests.
//!
//! It keeps nothing: what it took is what the ledger has as sent, and the tenant renders it again for whoever looks. So the
//! inbox survives a restart without being a second place of truth.

use crate::model::SendOutcome;
use crate::tenant::PreparedText;

use super::sms::{Sending, SmsGateway};

/// Takes every text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inbox;

impl SmsGateway for Inbox {
    fn send<'a>(&'a self, _: &'a PreparedText) -> Sending<'a> {
        Box::pin(std::future::ready(SendOutcome::Sent.into()))
    }
}
