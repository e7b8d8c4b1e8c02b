//! Tenants: one actor each, who owns that clinic's ledger and contacts. The only folder that names actix actors.

mod sms_access;

mod opening;

mod messages;

mod doorbell;
mod early;
mod keyring;
mod resolve;
mod texts;

mod naming;

mod checkpoints;
mod history;

mod core;

mod asking;
mod texting;

mod actor;

mod handle;

mod directory;

pub use core::{Core, Outcome, Shared};
pub use directory::{Directory, Found, StartError};
pub use doorbell::Doorbell;
pub use handle::Handle;
pub use history::{Follower, History, PastEntry};
pub use keyring::{Credential, Keyring, NewSecret};
pub use messages::{
    Answer, CallerLook, CapturedText, DeliveryNote, EndedCall, Errand, Idempotency, Instruction,
    PreparedText, Refused, Request, Seen,
};
pub use sms_access::{AccessCache, SmsAccess, VoiceAccess};
