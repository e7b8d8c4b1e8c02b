//! Tenants: one actor each, who owns that clinic's ledger and contacts. The only folder that names actix actors.

mod messages;

pub use messages::{
    Answer, CapturedText, Idempotency, Instruction, PersonCard, PreparedText, Refused, Request,
    Seen,
};
