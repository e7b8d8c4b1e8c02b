//! The seam to whoever carries texts: one attempt in, one of three outcomes out.

use std::pin::Pin;

use crate::model::SendOutcome;
use crate::tenant::PreparedText;

/// An attempt under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = SendOutcome> + Send + 'a>>;

/// Carries texts. It must tell *certainly not sent* from *nobody knows*: only the former takes a code back.
pub trait SmsGateway: Send + Sync + 'static {
    /// Makes one attempt. It must end by itself.
    fn send<'a>(&'a self, text: &'a PreparedText) -> Sending<'a>;
}
