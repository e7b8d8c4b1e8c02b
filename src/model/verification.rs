//! A verification: the one-time code of a hold. Codes are derived from it, never stored.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::ids::{MessageId, VerificationId};
use super::route::Prefix;
use super::spoken;
use super::time::Timestamp;

/// Longest text that is looked at as a code, in bytes.
const ENTERED_BYTES_MAX: usize = 64;

/// The newest code of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// What the code is derived from; drawn anew when a text was certainly not sent.
    pub id: VerificationId,
    /// Which code of this verification; begins anew only when the last one's time was over.
    pub generation: u32,
    /// How many digits it has.
    pub digits: u8,
    /// Until when it works. A hold that is over takes no code, so it never works beyond its hold.
    pub expires_at: Timestamp,
    /// The text that last carried it.
    pub message: MessageId,
    /// Texts that carried it, or may have; when the last of them was certainly not sent, the code is withdrawn.
    pub texts: u32,
    /// Wrong codes that were given while this was the newest.
    pub failed_attempts: u32,
    /// The prefix of the phone that it was first sent to, if it was known.
    pub prefix: Option<Prefix>,
}

/// What someone said the code is. Prints masked.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnteredCode(String);

impl EnteredCode {
    /// Digits as they are typed or said; of anything else what is left without blanks, dashes and dots, which is no code.
    /// `None` if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        if let Some(digits) = spoken::digits(text) {
            return Some(Self(digits));
        }
        let tidy: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.'))
            .take(ENTERED_BYTES_MAX)
            .collect();
        (!tidy.is_empty()).then_some(Self(tidy))
    }

    /// Whether it is nothing but what a code can be: four to eight digits.
    pub fn is_bare(&self) -> bool {
        (4..=8).contains(&self.0.len()) && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The digits. Only the comparison may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EnteredCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<code>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_digits_and_anything_else_a_wrong_one() {
        let entered = |text| EnteredCode::new(text).map(|code| code.expose().to_owned());
        let code = Some("100742".to_owned());
        assert_eq!(entered("one double-oh seven four two"), code);
        assert_eq!(entered("100-742"), code);
        assert_eq!(
            entered("what was it again"),
            Some("whatwasitagain".to_owned())
        );
        assert_eq!(entered(" .- "), None);
        let long = entered(&"x".repeat(1_000_000)).expect("something was said");
        assert_eq!(long.len(), ENTERED_BYTES_MAX);
        assert_eq!(format!("{:?}", EnteredCode::new("1234")), "Some(<code>)");
    }
}
