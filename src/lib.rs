//! holdfast: a booking engine for clinics in one binary: find → hold → verify by a texted code → book.
//!
//! The rooms, from ground to roof; each names only those before it (a test checks it). A pure ledger decides; the journal is
//! the truth; one actor per tenant does decide → append → apply in one synchronous step; answers travel as values that
//! nobody can open before the journal has synced what they rest on. ARCHITECTURE.md is the map.

pub mod limits;

pub mod knowledge;
pub mod redact;

pub mod model;

pub mod clock;
pub mod config;
pub mod descriptors;
pub mod metrics;
pub mod seal;
pub mod signing;
pub mod telemetry;

pub mod model_keys;
pub mod tls;

pub mod journal;

pub mod calendar;
pub mod ledger;
pub mod speech;

pub mod entry;

pub mod erased;

pub mod replay;

pub mod snapshots;

pub mod offline;

pub mod tenant;

pub mod facade;
pub mod outbox;

pub mod load;

pub mod state_dir;

pub mod app;

pub mod stopped;

pub mod cli;
