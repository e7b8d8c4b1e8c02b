//! Nobody carries texts: what stands in while no provider is set up. Every attempt is certainly not sent.

use crate::model::SendOutcome;
use crate::tenant::PreparedText;

use super::sms::{Sending, SmsGateway};

/// Takes no text.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCarrier;

impl SmsGateway for NoCarrier {
    fn send<'a>(&'a self, _: &'a PreparedText) -> Sending<'a> {
        Box::pin(std::future::ready(SendOutcome::NotSent.into()))
    }
}
