//! The outbox: what the world must hear. It asks the tenants for texts that are due, sends them, and tells what became of each.
//!
//! It decides nothing and keeps nothing but what is in flight: every text, attempt and outcome is in its tenant's ledger, so a
//! crash at any instant loses none. It never names the façade, nor the façade it.

mod sms;

mod inbox;
mod no_carrier;
mod twilio;

mod breaker;
mod budget;
mod dispatcher;

pub use dispatcher::{Dispatcher, DispatcherOptions};
pub use inbox::Inbox;
pub use no_carrier::NoCarrier;
pub use sms::{Report, Sending, SmsGateway};
pub use twilio::{Twilio, TwilioOptions};
