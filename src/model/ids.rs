//! Ids: 128 random bits with a prefix that says what they name.
//!
//! They are opaque to the outside and are drawn by the tenant's actor, never from a counter, so that no id tells how many
//! there are or lets anyone guess the next. Resources and services are numbered inside their ledger (`ResourceId`,
//! `ServiceId`) to keep entries small; outside they go by their [`Slug`](super::Slug).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Crockford's base 32 in lower case: no `i`, `l`, `o`, `u`, so that an id can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of one encoded id: 26 × 5 bits hold 128.
const ENCODED_LENGTH: usize = 26;

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct IdError;

fn encode(mut value: u128, prefix: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [b'0'; ENCODED_LENGTH];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    out.write_str(prefix)?;
    out.write_str("_")?;
    out.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn decode(text: &str, prefix: &str) -> Result<u128, IdError> {
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(IdError)?;
    // 26 places hold 130 bits: the first may only carry three.
    if digits.len() != ENCODED_LENGTH || digits.as_bytes()[0] > b'7' {
        return Err(IdError);
    }
    digits.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET
            .iter()
            .position(|letter| *letter == byte)
            .ok_or(IdError)?;
        Ok(value << 5 | digit as u128)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                encode(self.0, $prefix, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                encode(self.0, $prefix, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                decode(text, $prefix).map(Self)
            }
        }
    )*};
}

ids! {
    /// A clinic organisation. The instance itself is [`TenantId::INSTANCE`].
    TenantId "tenant";
    /// An API key; it is public, the secret that goes with it is not.
    KeyId "key";
    /// A timed claim on a slot.
    HoldId "hold";
    /// One verification of one hold; codes are derived from it.
    VerificationId "ver";
    /// A confirmed booking.
    AppointmentId "apt";
    /// Appointments that were booked together, so many weeks apart.
    SeriesId "series";
    /// A phone: who calls.
    CallerId "caller";
    /// A telephone conversation, by whatever name its platform has for it.
    CallId "call";
    /// A caller plus a name: who is treated.
    PersonId "person";
    /// A text message.
    MessageId "msg";
    /// A stretch of time in which a resource is not to be booked.
    BlockId "block";
    /// Someone's place on the waitlist.
    WaitlistId "wait";
}

impl TenantId {
    /// Tenant zero: the instance's own small ledger (tenants and admin keys).
    pub const INSTANCE: Self = Self(0);
}

/// A resource's number inside its ledger, from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceId(pub u32);

/// A service's number inside its ledger, from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceId(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text_and_refuse_any_other() {
        for value in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0011_2233_4455_6677] {
            let id = HoldId(value);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert!(id.to_string().parse::<AppointmentId>().is_err());
        }
        for text in [
            "",
            "hold",
            "hold_",
            "hold_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "hold_0000000000000000000000000I",
            "hold_é0000000000000000000000000",
        ] {
            assert!(text.parse::<HoldId>().is_err(), "{text}");
        }
    }
}
