//! The rules: one file a subject, each a column of checks that ends in events. Pure, and the only place that refuses.

mod channel;
mod claiming;
mod notices;
mod version;

pub(super) mod holds;
pub(super) mod practice;
pub(super) mod services;

mod follow_ups;

pub(super) mod appointments;
pub(super) mod codes;
pub(super) mod confirm;
pub(super) mod keys;
pub(super) mod line;
pub(super) mod series;
pub(super) mod tenants;
pub(super) mod texts;
pub(super) mod waitlist;

pub(super) mod calls;
pub(super) mod persons;

pub(super) mod time_passed;

pub(super) mod deliveries;

mod search;

pub(super) mod offers;

pub(super) mod inbound;
