//! The recognizers: one file per family of kinds, each a pure function from a window to a finding.
//!
//! No recognizer keeps state, allocates or looks beyond its window; which one is asked is decided by the scan (words)
//! and by `redact::number` (digits). Listed from the ground up.

pub(crate) mod plan;

pub(crate) mod groups;

pub(crate) mod phone;

pub(crate) mod national_id;

pub(crate) mod card;

pub(crate) mod ip;

pub(crate) mod url;

pub(crate) mod email;

pub(crate) mod postcode;

pub(crate) mod date;

pub(crate) mod mrn;

pub(crate) mod medical;

pub(crate) mod name;

pub(crate) mod address;
