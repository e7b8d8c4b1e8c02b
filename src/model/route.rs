//! Where a text to a phone goes, as little of it as limits need: a country and a prefix, never the number.
//!
//! A prefix is shared by ten thousand numbers at least, so it may stand in events; whoever is erased is not found by it.

use phonenumber::Type;
use phonenumber::metadata::DATABASE;
use serde::{Deserialize, Serialize};

/// Leading digits of a number that make its prefix: the country's and mostly the network's.
const PREFIX_DIGITS_MAX: usize = 6;
/// Digits of a number that its prefix never has.
const HIDDEN_DIGITS_MIN: usize = 4;

/// Kinds of numbers that no text reaches; of a kind that is not known, one may.
const CANNOT_TAKE_TEXTS: &[Type] = &[
    Type::FixedLine,
    Type::TollFree,
    Type::PremiumRate,
    Type::SharedCost,
    Type::Pager,
    Type::Uan,
    Type::Voicemail,
];

/// The first digits of numbers, country code included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Prefix(pub u32);

/// Where a text goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The country's calling code.
    pub calling_code: u16,
    /// The country, ISO 3166-1 alpha-2; `None`: several share that calling code, and the number is not assigned to any.
    pub country: Option<String>,
    /// The number's prefix.
    pub prefix: Prefix,
    /// Whether a number of its kind can take texts.
    pub takes_texts: bool,
}

impl Route {
    /// The route to a number in E.164; `None`: it is none. Called by [`Phone`](super::Phone) alone.
    pub(super) fn to(e164: &str) -> Option<Self> {
        let number = phonenumber::parse(None, e164).ok()?;
        let calling_code = number.code().value();
        let mut regions = DATABASE.region(&calling_code).unwrap_or_default();
        let country = match regions.len() {
            0 | 1 => regions.pop().map(str::to_owned),
            _ => number.country().id().map(|id| id.as_ref().to_owned()),
        };
        let digits = e164.trim_start_matches('+');
        let shown = digits.len().checked_sub(HIDDEN_DIGITS_MIN)?;
        let prefix = digits.get(..shown.min(PREFIX_DIGITS_MAX))?.parse().ok()?;
        Some(Self {
            calling_code,
            country,
            prefix: Prefix(prefix),
            takes_texts: !CANNOT_TAKE_TEXTS.contains(&number.number_type(&DATABASE)),
        })
    }

    /// Whether it goes to this country, ISO 3166-1 alpha-2; where that cannot be told, whether it may.
    pub fn goes_to(&self, country: &str) -> bool {
        match &self.country {
            Some(own) => own == country,
            None => calling_code(country) == Some(self.calling_code),
        }
    }
}

fn calling_code(country: &str) -> Option<u16> {
    DATABASE.by_id(country).map(|region| region.country_code())
}
