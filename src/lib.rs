//! holdfast: a booking engine for clinics in one binary: find → hold → verify by a texted code → book.

pub mod limits;
pub mod model;

pub mod clock;
pub mod seal;

pub mod calendar;
pub mod ledger;
pub mod tenant;

pub mod facade;
