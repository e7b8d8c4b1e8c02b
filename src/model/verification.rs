//! A verification: the one-time code of a hold. Codes are derived from it, never stored.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::ids::{MessageId, VerificationId};
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
}

/// What someone said the code is. Prints masked.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnteredCode(String);

impl EnteredCode {
    /// Blanks, dashes and dots between digits do not count; `None` if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
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
