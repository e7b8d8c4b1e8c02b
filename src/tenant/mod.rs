//! Tenants: one actor each, who owns that clinic's ledger and contacts. The only folder that names actix actors.

mod library;
mod sms_access;

mod opening;

mod messages;

mod doorbell;
mod early;
mod keyring;
mod reserve;
mod resolve;
mod texts;

mod naming;

mod checkpoints;
mod history;

mod core;

mod erasing;
mod texting;

mod gate;

mod bed;

mod asking;

mod actor;

mod looking;
mod sending;

mod sleepers;

mod house;
mod plans;

mod handle;

mod reading;

mod directory;

mod night;

pub use core::{Core, Outcome, Shared};
pub use directory::{Directory, Found, Options, StartError};
pub use doorbell::Doorbell;
pub use erasing::ErasureStep;
pub use handle::Handle;
pub use history::{Follower, History, PastEntry};
pub use keyring::{Credential, Keyring, NewSecret};
pub use library::Library;
pub use messages::{
    Answer, CallerLook, CapturedText, DeliveryNote, EndedCall, Errand, Idempotency, Instruction,
    PreparedText, Refused, Request, Seen,
};
pub use sms_access::{AccessCache, ModelAccess, SmsAccess, VoiceAccess};
