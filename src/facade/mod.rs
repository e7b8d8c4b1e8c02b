//! The façade: the world's requests over HTTP. The only folder that names actix-web and JSON.
//!
//! It routes, judges access, reads bodies, hands instructions to the tenants' handles and renders what they answer. It
//! decides nothing about a booking. Rooms that any dialect needs stand here; each dialect has a folder and none names
//! another.

mod fault;
mod problem;
mod redaction;
mod slot_id;
mod speech;
mod throttle;
mod wishes;

mod call_words;

mod upstream;

mod state;

mod auth;
mod body;
mod params;
mod request_key;

mod rest;
mod twilio;
mod vapi;

mod docs_page;
mod health;
mod metrics;

mod openapi;

mod frame;

mod routes;

mod server;

pub use openapi::document;
pub use server::Server;
pub use state::{Facade, Options, Phase, Readiness};
pub use vapi::schema::tools as voice_tools;
