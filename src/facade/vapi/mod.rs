//! The dialect of Vapi: what a voice platform tells this server of a call, and what a model on the telephone asks of it.
//!
//! The credential is judged first; after that the answer is 200, whatever came of it, because a platform that gets anything else
//! tells its caller nothing at all. Who calls is what the platform reports, never what was said. Every sentence is one line that
//! can be read aloud; docs/voice.md describes the whole.

mod proof;

mod line;

mod message;
mod words;

mod refusal;

mod call;

mod meaning;
mod times;

pub mod schema;

mod availability;
mod clinic;

mod bookings;
mod holds;

mod tools;

mod assistant;
mod report;

pub mod turn;

pub mod server;
