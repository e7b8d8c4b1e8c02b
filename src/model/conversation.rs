//! A conversation: what is remembered of a caller from one contact to the next, in ids and instants, and how a call ended.
//!
//! No word of it is here: what was said stands beside the ledger as a [`Remark`], which only a redactor can make. Stored
//! formats, like everything that events embed.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::limits;
use crate::redact::Redacted;

use super::contact::Party;
use super::ids::{CallerId, HoldId, ResourceId, ServiceId};
use super::spoken;
use super::time::Timestamp;

/// Digits that the shortest code has.
const CODE_DIGITS_MIN: usize = 4;

/// By what someone was in contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// They called.
    Call,
    /// They sent a text.
    Text,
}

impl Channel {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Text => "text",
        }
    }
}

/// What someone wished for, as far as it was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wished {
    /// What for.
    pub service: Option<ServiceId>,
    /// Whose time.
    pub resource: Option<ResourceId>,
    /// When it was to begin.
    pub start: Option<Timestamp>,
}

impl Wished {
    /// Whether nothing was understood.
    pub fn is_nothing(&self) -> bool {
        self.service.is_none() && self.start.is_none()
    }
}

/// A time that was offered by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// What for.
    pub service: ServiceId,
    /// Whose time.
    pub resource: ResourceId,
    /// When it begins.
    pub start: Timestamp,
}

/// What came of a conversation so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing yet.
    Open,
    /// A time is held until they answer.
    Offered,
    /// They have let it go.
    Declined,
    /// They have not answered in time.
    Lapsed,
    /// An appointment.
    Booked,
}

impl Standing {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Offered => "offered",
            Self::Declined => "declined",
            Self::Lapsed => "lapsed",
            Self::Booked => "booked",
        }
    }
}

/// What is remembered of a caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Who.
    pub caller: CallerId,
    /// By what they were last in contact.
    pub channel: Channel,
    /// What came of it.
    pub standing: Standing,
    /// What they wished for and when they said so, the oldest first.
    pub wishes: Vec<(Timestamp, Wished)>,
    /// What they were offered and when, the oldest first.
    pub offers: Vec<(Timestamp, Offered)>,
    /// The hold that was last placed for them.
    pub last_hold: Option<HoldId>,
    /// The hold that was last offered to them.
    pub offered_hold: Option<HoldId>,
    /// When follow-ups to their calls were decided, the oldest first.
    pub follow_ups: Vec<Timestamp>,
    /// When they were last in contact.
    pub last_contact_at: Timestamp,
    /// When all of this is forgotten.
    pub expires_at: Timestamp,
}

/// How a call ended, as whoever led it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReport {
    /// Who called, and for whom.
    pub party: Party,
    /// An appointment was made in it.
    pub booking_confirmed: bool,
    /// What was wished for.
    pub wish: Wished,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl CallReport {
    /// Whether another report says the same. A name that was new and an instant that was not given are drawn anew each time.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let content = |report: &Self| {
            let caller: CallerId = report.party.caller;
            (caller, report.booking_confirmed, report.wish)
        };
        content(self) == content(other)
    }
}

/// Whether someone is written to after their call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FollowUp {
    /// There is nothing to write: they have booked.
    None,
    /// A text is on its way.
    Queued,
    /// No text, and why.
    Suppressed(Suppression),
}

/// Why nobody is written to after their call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suppression {
    /// A text for this call is out already.
    AlreadySent,
    /// They have booked meanwhile.
    Booked,
    /// The clinic wants no such texts.
    NotWanted,
    /// The clinic has nothing to send texts with.
    NoCredentials,
    /// They want no texts.
    OptedOut,
    /// Their number cannot take texts.
    Landline,
    /// Their number is in a country that is not written to.
    Country,
    /// The clinic's day is full, or this phone's.
    Budget,
    /// They hold as many times as a phone may.
    TooManyHolds,
    /// It is night; the text goes in the morning if it is still of use then.
    QuietHours,
    /// The morning came too late.
    TooLate,
}

impl Suppression {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::AlreadySent,
        Self::Booked,
        Self::NotWanted,
        Self::NoCredentials,
        Self::OptedOut,
        Self::Landline,
        Self::Country,
        Self::Budget,
        Self::TooManyHolds,
        Self::QuietHours,
        Self::TooLate,
    ];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadySent => "already-sent",
            Self::Booked => "booked",
            Self::NotWanted => "not-wanted",
            Self::NoCredentials => "no-credentials",
            Self::OptedOut => "opted-out",
            Self::Landline => "landline",
            Self::Country => "country",
            Self::Budget => "budget",
            Self::TooManyHolds => "too-many-holds",
            Self::QuietHours => "quiet-hours",
            Self::TooLate => "too-late",
        }
    }
}

/// What someone said, in one line and without personal data as far as a redactor sees. Personal all the same: it is free text.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Remark(String);

impl Remark {
    /// The beginning of a redacted text; `None` if there is nothing in it. A run of digits, typed or spoken, that could be a
    /// code's is left out: someone may have said theirs.
    pub fn of(text: &Redacted) -> Option<Self> {
        let words = text
            .as_str()
            .split(|letter: char| letter.is_whitespace() || letter.is_control());
        let words = words.filter(|word| !word.is_empty());
        let words: Vec<&str> = words.take(limits::REMARK_CHARS_MAX).collect();
        let mut line = String::new();
        for word in without_numbers(&words) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word.chars().take(limits::REMARK_CHARS_MAX + 1));
            // A character has four bytes at the most, so this much is enough for any line.
            if line.len() > limits::REMARK_CHARS_MAX * 4 {
                break;
            }
        }
        if line.chars().count() > limits::REMARK_CHARS_MAX {
            let cut = line.chars().take(limits::REMARK_CHARS_MAX - 1);
            line = cut.chain(['…']).collect();
        }
        (!line.is_empty()).then_some(Self(line))
    }

    /// A line that was checked when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The line. Only encoders may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The words with every run of digits that is long enough for a code as one word that says so.
fn without_numbers<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut place = 0;
    while place < words.len() {
        let mut digits = digits_in(words[place]);
        let mut end = place + 1;
        // Small words may stand between the digits of one number.
        let mut next = end;
        while digits > 0 && next < words.len() {
            match digits_in(words[next]) {
                0 if is_between_digits(words[next]) => {}
                0 => break,
                more => {
                    digits += more;
                    end = next + 1;
                }
            }
            next += 1;
        }
        match digits >= CODE_DIGITS_MIN {
            true => kept.push("[NUMBER]"),
            false => kept.extend(&words[place..end]),
        }
        place = end;
    }
    kept
}

/// How many digits a word says; of a time of the day, or of what redaction has put in a place, none.
fn digits_in(word: &str) -> usize {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let typed = word.bytes().filter(|byte| is_digit(byte)).count();
    let is_time = |(hour, minute): (&str, &str)| {
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| is_digit(&byte));
        all_digits(hour) && all_digits(minute) && hour.len() <= 2 && minute.len() == 2
    };
    let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    let is_placeholder = word.contains('[');
    if is_placeholder || bare.split_once(':').is_some_and(is_time) {
        return 0;
    }
    typed.max(spoken::digits(word).map_or(0, |digits| digits.len()))
}

fn is_between_digits(word: &str) -> bool {
    let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    let small = [
        "", "and", "then", "um", "uh", "erm", "double", "triple", "treble", "dash", "space",
    ];
    small.contains(&bare.to_lowercase().as_str())
}

impl fmt::Debug for Remark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<remark>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    fn remark(text: &str) -> Option<String> {
        let redacted = Redactor::default().redact(text).into_redacted();
        Remark::of(&redacted).map(|remark| remark.expose().to_owned())
    }

    #[test]
    fn a_remark_is_one_short_line() {
        assert_eq!(remark(" a\n b\u{0}c\t").as_deref(), Some("a b c"));
        assert_eq!(remark("\n \u{0}"), None);
        for long in ["x".repeat(9_000), "é ".repeat(9_000), "🦷".repeat(600)] {
            let line = remark(&long).expect("a line");
            assert_eq!(line.chars().count(), limits::REMARK_CHARS_MAX);
            assert!(line.ends_with('…'));
        }
        for (said, kept) in [
            ("the code is 123456.", "the code is [NUMBER]"),
            ("1 2 3, 4 5 6 I think", "[NUMBER] I think"),
            ("one double-oh seven four two", "[NUMBER]"),
            ("one, um, two three and then four!", "[NUMBER]"),
            ("x123456y", "[NUMBER]"),
            ("3 of us at 14:30 or (9:05)", "3 of us at 14:30 or (9:05)"),
            ("two or three", "two or three"),
        ] {
            assert_eq!(remark(said).as_deref(), Some(kept), "{said}");
        }
        assert_eq!(
            format!("{:?}", Remark::from_stored("Ada".to_owned())),
            "<remark>"
        );
    }
}
