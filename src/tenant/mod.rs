//! Tenants: one actor each, who owns that clinic's ledger and contacts. The only folder that names actix actors.

mod messages;

mod directory;
mod handle;
mod keyring;

pub use directory::{Directory, Found};
pub use handle::Handle;
pub use keyring::Credential;
pub use messages::{
    Answer, CapturedText, Idempotency, Instruction, PersonCard, PreparedText, Refused, Request,
    Seen,
};
