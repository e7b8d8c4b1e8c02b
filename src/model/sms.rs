//! How a clinic sends texts: its account with the provider. The token that proves it is a secret and prints masked.
//!
//! In the ledger the token is sealed under the tenant's key; opened copies live for minutes in memory and are wiped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Longest token in bytes; Twilio's have 32.
const TOKEN_BYTES_MAX: usize = 128;
/// Hexadecimal digits after the two letters of a provider's id.
const SID_DIGITS: usize = 32;
/// Most digits of a telephone number, E.164.
const NUMBER_DIGITS_MAX: usize = 15;
/// Fewest digits that any numbering plan gives with its country code.
const NUMBER_DIGITS_MIN: usize = 7;

/// Why an account cannot be used; each text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice())]
pub enum SmsAccountError {
    /// Not an account's id.
    AccountSid,
    /// Not a token.
    AuthToken,
    /// Neither a number nor a messaging service.
    From,
}

impl SmsAccountError {
    /// Which field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::AccountSid => "account_sid",
            Self::AuthToken => "auth_token",
            Self::From => "from",
        }
    }

    /// What is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AccountSid => {
                "an account's id is AC and 32 hexadecimal digits; copy it from the provider's console"
            }
            Self::AuthToken => {
                "a token is 1 to 128 visible characters without blanks; copy it from the provider's console"
            }
            Self::From => {
                "texts come from a number in E.164 as in +442079460123, or from a messaging service: MG and 32 hexadecimal digits"
            }
        }
    }
}

/// Who a clinic is to its provider, and whom its texts come from. No secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsAccount {
    sid: String,
    from: String,
}

impl SmsAccount {
    /// Checks both.
    pub fn new(sid: &str, from: &str) -> Result<Self, SmsAccountError> {
        if !is_sid(sid, "AC") {
            return Err(SmsAccountError::AccountSid);
        }
        if !is_sid(from, "MG") && !is_number(from) {
            return Err(SmsAccountError::From);
        }
        Ok(Self {
            sid: sid.to_owned(),
            from: from.to_owned(),
        })
    }

    /// The account's id: AC and 32 digits.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// A number, or a messaging service's id.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Whether texts come from a messaging service, which chooses the number.
    pub fn is_from_service(&self) -> bool {
        self.from.starts_with("MG")
    }
}

fn is_sid(text: &str, letters: &str) -> bool {
    text.strip_prefix(letters).is_some_and(|digits| {
        digits.len() == SID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// The secret that proves an account. Prints masked, is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct AuthToken(String);

impl AuthToken {
    /// Checks its shape.
    pub fn new(text: String) -> Result<Self, SmsAccountError> {
        let token = Self(text);
        let fits = (1..=TOKEN_BYTES_MAX).contains(&token.0.len());
        if !fits || !token.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SmsAccountError::AuthToken);
        }
        Ok(token)
    }

    /// The token, for sealing it, for the provider, and for judging what claims to come from there.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<token>")
    }
}

/// A token as the ledger keeps it: sealed, with the nonce it was sealed under.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedToken {
    /// The nonce's prefix.
    pub prefix: [u8; 16],
    /// The nonce's counter.
    pub counter: u64,
    /// The ciphertext and its tag.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<sealed token>")
    }
}

/// What a clinic sends texts with, as its ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsCredentials {
    /// Counts its changes from 1.
    pub version: u32,
    /// The account.
    pub account: SmsAccount,
    /// Its token.
    pub token: SealedToken,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "AC0123456789abcdef0123456789ABCDEF";

    #[test]
    fn an_account_has_its_shape_or_a_sentence_about_it() {
        for from in [
            "+442079460123",
            "+15005550006",
            "MG0123456789abcdef0123456789abcdef",
        ] {
            assert!(SmsAccount::new(SID, from).is_ok(), "{from}");
        }
        for from in [
            "",
            "+",
            "0207946",
            "+0123456789",
            "+4420794601234567",
            "MG12",
            "+44 20 7946 0123",
            "Clinic",
        ] {
            assert_eq!(
                SmsAccount::new(SID, from),
                Err(SmsAccountError::From),
                "{from}"
            );
        }
        for sid in [
            "",
            "AC",
            "SK0123456789abcdef0123456789abcdef",
            "AC0123456789abcdef0123456789abcdeg",
            "ACé123456789abcdef0123456789abcde",
        ] {
            let refused = SmsAccount::new(sid, "+442079460123");
            assert_eq!(refused, Err(SmsAccountError::AccountSid), "{sid}");
        }
    }

    #[test]
    fn a_token_prints_masked_and_has_no_blanks() {
        let token = AuthToken::new("secret-12345".to_owned()).expect("a token");
        assert_eq!(format!("{token:?}"), "<token>");
        for text in ["", " ", "a b", "a\n", "é", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(AuthToken::new(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
