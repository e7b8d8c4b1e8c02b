//! Who someone is: phone, name, e-mail and free text. Personal data, and typed as such.
//!
//! Every type here prints masked, so that neither a log line, a panic nor `{:?}` can leak one; `.expose()` is the only way
//! to the content and is counted by a test of the house. They do not implement the event codec: they can only travel in an
//! entry's personal part, which `entry/` encodes.

use std::fmt;

use phonenumber::Mode;
use phonenumber::metadata::DATABASE;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::ids::{CallerId, PersonId};
use super::route::Route;

/// Longest name in characters.
const NAME_CHARS_MAX: usize = 120;
/// Longest e-mail address in bytes (RFC 5321, section 4.5.3.1).
const EMAIL_BYTES_MAX: usize = 254;
/// Longest free text in characters.
const FREE_TEXT_CHARS_MAX: usize = 500;

/// Why a contact's field cannot be used; each text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Not a telephone number in the clinic's country nor an international one.
    #[error(
        "not a telephone number; write it as dialled in the clinic's country or as +<country><number>"
    )]
    Phone,
    /// Empty, too long or with control characters.
    #[error("a name is 1 to 120 characters without control characters")]
    Name,
    /// Not one address.
    #[error("not an e-mail address")]
    Email,
    /// Too long or with control characters.
    #[error("a text is 1 to 500 characters without control characters")]
    FreeText,
}

/// A telephone number in E.164.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Zeroize, ZeroizeOnDrop)]
pub struct Phone(String);

/// A person's name as the clinic wrote it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PersonName(String);

/// An e-mail address.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Email(String);

/// A reason or note: may hold anything, so it is treated as personal.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct FreeText(String);

impl Phone {
    /// Reads a number as dialled in `country` (ISO 3166-1 alpha-2) or in international form.
    ///
    /// Numbers that are possible but not assigned are taken: the drama numbers of Ofcom (07700 900xxx) are such, and a
    /// numbering plan changes faster than a clinic's software.
    pub fn parse(text: &str, country: &str) -> Result<Self, ContactError> {
        let tidy = text.trim();
        // Longest spelling seen is 30; the parser's work must be bounded before it starts.
        if tidy.is_empty() || tidy.len() > 40 {
            return Err(ContactError::Phone);
        }
        let region = country.parse().ok();
        // The parser knows the plain blank and the no-break one, printed numbers also have narrow ones.
        let blank = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
        let tidy: String = tidy.chars().map(blank).collect();
        let number = phonenumber::parse(region, &tidy).map_err(|_| ContactError::Phone)?;
        let e164 = number.format().mode(Mode::E164).to_string();
        let possible = (8..=16).contains(&e164.len()) && number.national().value() != 0;
        possible.then_some(Self(e164)).ok_or(ContactError::Phone)
    }

    /// The number that a country's plan gives as an example of a mobile one, if it does.
    pub fn example(country: &str) -> Option<Self> {
        let plan = DATABASE.by_id(country)?;
        let example = plan.descriptors().mobile()?.example()?;
        Self::parse(example, country).ok()
    }

    /// A number that is E.164 already: what the journal stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The number. Only encoders and senders may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Where a text to it goes, as little of that as limits need.
    pub fn route(&self) -> Option<Route> {
        Route::to(&self.0)
    }

    /// The number as an answer may show it: country code and last four digits, `+44•••••0123`.
    pub fn masked(&self) -> String {
        let country = phonenumber::parse(None, &self.0)
            .map(|number| number.code().value().to_string())
            .unwrap_or_default();
        let digits = self.0.trim_start_matches('+');
        let tail = &digits[digits.len().saturating_sub(4)..];
        format!("+{country}•••••{tail}")
    }
}

/// Control characters, and those that turn or hide what stands around them. Joiners stay: some scripts need them.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn plain_text(text: &str, chars_max: usize) -> Option<String> {
    let tidy = text.trim();
    let fits = !tidy.is_empty() && tidy.chars().count() <= chars_max;
    (fits && !tidy.chars().any(is_unseen)).then(|| tidy.to_owned())
}

impl PersonName {
    /// 1 to 120 characters without control characters; blanks around it are dropped.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        plain_text(text, NAME_CHARS_MAX)
            .map(Self)
            .ok_or(ContactError::Name)
    }

    /// A name that was checked when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name. Only encoders and senders may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one name are equal: case and runs of blanks do not count.
    pub fn folded(&self) -> String {
        let words: Vec<_> = self.0.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    }
}

impl Email {
    /// One address with something on both sides of one `@`.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let tidy = text.trim();
        let shaped = tidy.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        });
        let plain = tidy.len() <= EMAIL_BYTES_MAX
            && !tidy.chars().any(|c| c.is_control() || c.is_whitespace());
        (shaped && plain)
            .then(|| Self(tidy.to_owned()))
            .ok_or(ContactError::Email)
    }

    /// An address that was checked when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address. Only encoders and senders may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FreeText {
    /// 1 to 500 characters without control characters; blanks around it are dropped.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        plain_text(text, FREE_TEXT_CHARS_MAX)
            .map(Self)
            .ok_or(ContactError::FreeText)
    }

    /// A text that was checked when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text. Only encoders may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

macro_rules! prints_masked {
    ($($name:ident $mask:literal;)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str($mask)
            }
        }
    )*};
}

prints_masked! {
    Phone "<phone>";
    PersonName "<name>";
    Email "<email>";
    FreeText "<text>";
}

/// What a request says of the person it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who is treated.
    pub name: PersonName,
    /// Where the code goes; it names the caller.
    pub phone: Phone,
    /// Where letters go, if anywhere.
    pub email: Option<Email>,
}

/// A contact as the ledger knows it: two numbers, neither of which says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Party {
    /// The phone.
    pub caller: CallerId,
    /// The phone plus a name.
    pub person: PersonId,
}

#[cfg(test)]
mod tests {
    use super::super::route::Prefix;
    use super::*;

    #[test]
    fn one_number_has_one_form_however_it_is_spelt() {
        for text in [
            "07700 900123",
            "+44 7700 900123",
            "(07700) 900-123",
            "0044 7700 900123",
            "+44 (0)7700 900123",
            "07700.900.123",
            "07700\u{a0}900\u{a0}123",
            "07700\u{2011}900\u{2011}123",
            "\u{ff0b}44\u{2009}7700\u{2009}900123",
        ] {
            let phone = Phone::parse(text, "GB").expect(text);
            assert_eq!(phone.expose(), "+447700900123", "{text}");
            assert_eq!(phone.masked(), "+44•••••0123");
        }
        assert_eq!(
            Phone::parse("(202) 555-0123", "US")
                .expect("valid")
                .expose(),
            "+12025550123"
        );
        for text in ["", "abc", "12", "+", "+44", &"1".repeat(60)] {
            assert!(Phone::parse(text, "GB").is_err(), "{text}");
        }
    }

    #[test]
    fn contacts_print_masked() {
        let contact = Contact {
            name: PersonName::parse("Ada Lovelace").expect("a name"),
            phone: Phone::parse("07700900123", "GB").expect("a phone"),
            email: Some(Email::parse("ada@example.org").expect("an address")),
        };
        let printed = format!("{contact:?}");
        for secret in ["Ada", "7700", "example"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn names_are_equal_whatever_their_case_and_blanks() {
        let name = |text| PersonName::parse(text).expect("a name").folded();
        assert_eq!(name("Ada  LOVELACE "), name("ada lovelace"));
        assert!(PersonName::parse("a\u{0}b").is_err());
        assert!(PersonName::parse("\u{202e}eve").is_err());
        assert!(PersonName::parse("  ").is_err());
    }

    #[test]
    fn a_route_says_the_country_and_never_the_number() {
        #[rustfmt::skip] // One row a phone.
        let table = [
            ("07700 900123",    "GB", "FR", 447_700),
            ("020 7946 0123",   "GB", "IE", 442_079),
            ("+33 1 42 68 53 00", "FR", "GB", 331_426),
            ("+1 212 555 0123", "US", "GB", 121_255),
            ("+1 876 555 0123", "JM", "GB", 187_655),
            ("+1 416 555 0123", "CA", "US", 141_655),
            ("+44 7781 100123", "GG", "FR", 447_781),
        ];
        for (phone, inside, outside, prefix) in table {
            let route = Phone::parse(phone, "GB").expect("a phone").route();
            let route = route.expect("a route");
            assert!(route.goes_to(inside), "{phone} {route:?}");
            assert!(!route.goes_to(outside), "{phone} {route:?}");
            assert_eq!(route.prefix, Prefix(prefix), "{phone}");
        }
    }

    #[test]
    fn a_landline_takes_no_texts() {
        #[rustfmt::skip] // One row a phone.
        let table = [
            ("07700 900123", true), ("+44 7911 123456", true), ("+353 85 012 3456", true),
            // In America a number does not tell.
            ("+1 212 555 0123", true),
            ("020 7946 0123", false), ("0161 496 0123", false), ("0800 123 4567", false),
            ("+33 1 42 68 53 00", false), ("+353 1 234 5678", false),
        ];
        for (phone, takes_texts) in table {
            let route = Phone::parse(phone, "GB").expect("a phone").route();
            assert_eq!(route.expect("a route").takes_texts, takes_texts, "{phone}");
        }
    }

    #[test]
    fn of_a_short_number_more_than_four_digits_are_never_shown() {
        let phone = Phone::from_stored("+2901234".to_owned());
        let prefix = phone.route().map(|route| route.prefix);
        assert!(prefix.is_none_or(|prefix| prefix.0 < 1_000), "{prefix:?}");
    }
}
