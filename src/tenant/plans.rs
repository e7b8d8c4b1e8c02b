//! The numbering plans of the countries that clinics are in, loaded before the first of their numbers is read.
//!
//! The library compiles a country's patterns with its first number, which takes some ten milliseconds, and the world's with the
//! first number of all, which takes a hundred. No caller should wait for that. Called whenever a clinic's handle is made.

use std::sync::LazyLock;
use std::thread;

use dashmap::DashSet;

use crate::model::Phone;

/// Countries whose plans are loaded, or are being; no more than there are.
static LOADED: LazyLock<DashSet<String>> = LazyLock::new(DashSet::new);

/// Loads a country's plan on a thread of its own, if that was not done yet.
pub(super) fn load(country: &str) {
    if LOADED.insert(country.to_owned()) {
        let country = country.to_owned();
        // If there is no thread to be had, the first caller waits.
        let _ = thread::Builder::new().spawn(move || Phone::example(&country)?.route());
    }
}
