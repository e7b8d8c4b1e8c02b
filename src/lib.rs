//! holdfast: a booking engine for clinics in one binary: find → hold → verify by a texted code → book.

pub mod redact;
