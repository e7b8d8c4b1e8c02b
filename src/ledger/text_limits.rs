//! How many texts the operator affords: a part of the policy. What was sent is counted in `budgets.rs`, judged in
//! `rules/limits_of_codes.rs`.

/// Bounds on texts; `None`: none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextLimits {
    /// How long after a text of a hold its code is first sent again, in seconds; each further time twice as long.
    pub resend_delay_seconds: u32,
    /// Texts with codes that one phone gets within ten minutes.
    pub code_texts_per_phone_max: Option<u32>,
    /// Codes that one phone gets within a day.
    pub codes_per_phone_max: Option<u32>,
    /// Texts that the clinic sends within a day.
    pub texts_per_day_max: Option<u32>,
    /// Codes to numbers of one prefix within a day of which hardly any is ever used.
    pub unused_codes_per_prefix_max: Option<u32>,
    /// Countries to which codes are sent.
    pub countries: Countries,
}

/// Countries to which codes are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Countries {
    /// All of them.
    #[default]
    Any,
    /// The clinic's own.
    OfClinic,
    /// These, ISO 3166-1 alpha-2.
    Listed(Vec<String>),
}
