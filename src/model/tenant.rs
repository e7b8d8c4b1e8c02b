//! A tenant: one clinic organisation, as the instance lists it and as it describes itself.

use serde::{Deserialize, Serialize};

use super::ids::TenantId;
use super::slug::Slug;
use super::text_settings::TextSettings;
use super::time::Timestamp;

/// Longest name in characters.
const NAME_CHARS_MAX: usize = 120;

/// Why a profile cannot be used; each text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice())]
pub enum ProfileError {
    /// Empty, too long or with control characters.
    Name,
    /// Not in the IANA time zone database.
    TimeZone,
    /// Not two letters that a numbering plan knows.
    Country,
}

impl ProfileError {
    /// Which field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::TimeZone => "time_zone",
            Self::Country => "country",
        }
    }

    /// What is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Name => "a name is 1 to 120 characters without control characters",
            Self::TimeZone => "not an IANA time zone; write one as in Europe/London",
            Self::Country => "not an ISO 3166-1 alpha-2 country; write two letters as in GB",
        }
    }
}

/// What a clinic says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Counts its changes from 1.
    pub version: u32,
    /// What patients call it.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// ISO 3166-1 alpha-2; how its telephone numbers are read.
    pub country: String,
    /// What it wants of its texts.
    pub texts: TextSettings,
}

impl Profile {
    /// What stands for a profile where there is no clinic: tenant zero.
    pub fn of_instance() -> Self {
        Self {
            version: 1,
            name: "instance".to_owned(),
            time_zone: "UTC".to_owned(),
            country: String::new(),
            texts: TextSettings::default(),
        }
    }

    /// A first one. Checks all three; the country may be in any case.
    pub fn new(name: &str, time_zone: &str, country: &str) -> Result<Self, ProfileError> {
        let name = name.trim();
        let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
        if !fits || name.chars().any(char::is_control) {
            return Err(ProfileError::Name);
        }
        let zone = jiff::tz::TimeZoneDatabase::bundled()
            .get(time_zone)
            .map_err(|_| ProfileError::TimeZone)?;
        let zone_name = zone.iana_name().ok_or(ProfileError::TimeZone)?;
        let country = country.to_ascii_uppercase();
        if country.parse::<phonenumber::country::Id>().is_err() {
            return Err(ProfileError::Country);
        }
        Ok(Self {
            version: 1,
            name: name.to_owned(),
            time_zone: zone_name.to_owned(),
            country,
            texts: TextSettings::default(),
        })
    }
}

/// A tenant as tenant zero lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Its id.
    pub id: TenantId,
    /// Its public name in paths.
    pub slug: Slug,
    /// The profile it was created with; it may since have changed in its own ledger.
    pub founding_profile: Profile,
    /// When it was created.
    pub created_at: Timestamp,
}
