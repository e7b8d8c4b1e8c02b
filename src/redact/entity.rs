//! What can be found in a text: the kinds of personal data, and where one lies.
//!
//! Passive types only; no recognizer lives here. Invariant: a [`Span`] counts bytes of the text as it was given (never
//! of its folded shadow) and lies on character boundaries. Every file of this room and every caller names these types.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A kind of personal data, in the order in which counts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A telephone or fax number, with its extension.
    Phone,
    /// An e-mail address, written or spelled out.
    Email,
    /// A full UK postcode.
    Postcode,
    /// An NHS number of England, Wales or the Isle of Man.
    NhsNumber,
    /// A US social security number.
    Ssn,
    /// A UK national insurance number.
    NiNumber,
    /// A payment card number.
    CreditCard,
    /// An international bank account number.
    Iban,
    /// An IPv4 or IPv6 address, with its prefix length or zone.
    Ip,
    /// A web address with a scheme or `www.`.
    Url,
    /// A date that a birth cue makes a date of birth.
    Dob,
    /// A medical record, hospital or patient number; only after a cue.
    Mrn,
    /// A condition, drug or procedure.
    Medical,
    /// A person's name (on request).
    Person,
    /// A street address (on request).
    Address,
    /// A US Medicare beneficiary identifier (on request).
    Mbi,
    /// A US ZIP code (on request).
    Zip,
    /// Any other calendar date (on request).
    Date,
    /// An age above 89 (on request).
    Age,
}

/// How many kinds there are.
pub const KIND_COUNT: usize = 19;

impl Kind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; KIND_COUNT] = [
        Self::Phone,
        Self::Email,
        Self::Postcode,
        Self::NhsNumber,
        Self::Ssn,
        Self::NiNumber,
        Self::CreditCard,
        Self::Iban,
        Self::Ip,
        Self::Url,
        Self::Dob,
        Self::Mrn,
        Self::Medical,
        Self::Person,
        Self::Address,
        Self::Mbi,
        Self::Zip,
        Self::Date,
        Self::Age,
    ];

    /// The name that placeholders, reports and policies use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        let (_, inner) = self.opening().split_at(1);
        inner.split_at(inner.len() - 1).0
    }

    /// The front of its placeholders.
    pub(crate) const fn opening(self) -> &'static str {
        match self {
            Self::Phone => "[PHONE_",
            Self::Email => "[EMAIL_",
            Self::Postcode => "[POSTCODE_",
            Self::NhsNumber => "[NHS_NUMBER_",
            Self::Ssn => "[SSN_",
            Self::NiNumber => "[NI_NUMBER_",
            Self::CreditCard => "[CREDIT_CARD_",
            Self::Iban => "[IBAN_",
            Self::Ip => "[IP_",
            Self::Url => "[URL_",
            Self::Dob => "[DOB_",
            Self::Mrn => "[MRN_",
            Self::Medical => "[MEDICAL_",
            Self::Person => "[PERSON_",
            Self::Address => "[ADDRESS_",
            Self::Mbi => "[MBI_",
            Self::Zip => "[ZIP_",
            Self::Date => "[DATE_",
            Self::Age => "[AGE_",
        }
    }

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_name(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown kind {name:?}")))
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u32);

impl Kinds {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set with `kind` added.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// The set with `kind` taken out.
    #[must_use]
    pub const fn without(self, kind: Kind) -> Self {
        Self(self.0 & !(1 << kind as u8))
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// One piece of personal data in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}
