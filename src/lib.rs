//! holdfast: a booking engine for clinics in one binary: find → hold → verify by a texted code → book.

pub mod limits;
pub mod model;

pub mod clock;
pub mod config;
pub mod seal;
pub mod telemetry;

pub mod journal;

pub mod calendar;
pub mod ledger;

pub mod entry;

pub mod tenant;

pub mod facade;
pub mod outbox;

pub mod state_dir;

pub mod app;

pub mod cli;
