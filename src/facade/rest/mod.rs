//! The REST dialect: one file per resource, which holds its bodies, its three-line handlers and their place in the document.
//!
//! Nothing is decided here. A handler turns a body into an instruction or a query, hands it to the tenant, and turns the
//! receipt or the view into a body.

mod words;

mod event_id;
mod if_match;

mod changes;
mod refusal;
mod visit;
mod wish;

pub mod audit;
pub mod backup;
pub mod blocks;
pub mod events;
pub mod explain;
pub mod keys;
pub mod knowledge;
pub mod redact;
pub mod resources;
pub mod services;
pub mod slots;
pub mod sms;
pub mod tenants;
pub mod text_settings;
pub mod voice_line;

pub mod appointments;
pub mod conflicts;
pub mod conversations;
pub mod holds;
pub mod inbox;
pub mod messages;
pub mod models;
pub mod persons;
pub mod series;
pub mod verification;
pub mod waitlist;

pub mod calls;
