//! What a clinic wants of its texts: notices or none, when reminders go, and words of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::schedule::MinuteOfDay;

/// Longest template, in bytes: two segments of a text.
const TEMPLATE_BYTES_MAX: usize = 306;
/// Longest time between a reminder and its appointment, in hours: a week.
const REMINDER_HOURS_MAX: u32 = 7 * 24;

/// What a text is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Template {
    /// A hold's code.
    Code,
    /// An offer of the waitlist.
    Offer,
    /// After a call in which nothing was booked: the time that was asked for is held.
    FollowUp,
    /// The same, with another time.
    FollowUpOther,
    /// The same, without any.
    FollowUpOpen,
    /// An appointment was booked.
    Confirmation,
    /// A series was.
    Series,
    /// An appointment was cancelled.
    Cancellation,
    /// It was moved.
    Reschedule,
    /// It is near.
    Reminder,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Code,
        Self::Offer,
        Self::FollowUp,
        Self::FollowUpOther,
        Self::FollowUpOpen,
        Self::Confirmation,
        Self::Series,
        Self::Cancellation,
        Self::Reschedule,
        Self::Reminder,
    ];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Offer => "offer",
            Self::FollowUp => "follow-up",
            Self::FollowUpOther => "follow-up-other",
            Self::FollowUpOpen => "follow-up-open",
            Self::Confirmation => "confirmation",
            Self::Series => "series",
            Self::Cancellation => "cancellation",
            Self::Reschedule => "reschedule",
            Self::Reminder => "reminder",
        }
    }

    /// The template of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|template| template.as_str() == name)
    }

    /// What may stand in braces, and whether it must.
    fn fields(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Code => &[("code", true), ("minutes", false)],
            Self::Offer => &[
                ("day", true),
                ("time", true),
                ("minutes", false),
                ("clinic", false),
            ],
            Self::FollowUp => &[
                ("when", true),
                ("with", false),
                ("minutes", false),
                ("clinic", false),
            ],
            Self::FollowUpOther => &[
                ("when", true),
                ("with", false),
                ("minutes", false),
                ("others", false),
                ("clinic", false),
            ],
            Self::FollowUpOpen => &[("clinic", false)],
            Self::Confirmation | Self::Cancellation | Self::Reschedule | Self::Reminder => {
                &[("day", true), ("time", true), ("clinic", false)]
            }
            Self::Series => &[
                ("day", true),
                ("time", true),
                ("count", true),
                ("clinic", false),
            ],
        }
    }

    /// Whether these words can stand for it; if not, what to do.
    pub fn check(self, words: &str) -> Result<(), TextSettingsError> {
        let fits = (1..=TEMPLATE_BYTES_MAX).contains(&words.len());
        // Characters of the default alphabet that take one place each: a text of 160 of them is one segment.
        let is_plain = |byte: u8| {
            (b' '..=b'~').contains(&byte) && !b"[\\]^`|~".contains(&byte) || byte == b'\n'
        };
        if !fits || words.trim().is_empty() || !words.bytes().all(is_plain) {
            return Err(TextSettingsError::Words);
        }
        let mut rest = words.to_owned();
        for (field, is_needed) in self.fields() {
            let placeholder = format!("{{{field}}}");
            if *is_needed && !rest.contains(&placeholder) {
                return Err(TextSettingsError::Placeholder);
            }
            rest = rest.replace(&placeholder, " ");
        }
        if rest.contains(['{', '}']) {
            return Err(TextSettingsError::Placeholder);
        }
        // A person or a phone would take it for the code.
        let digits = |run: &str| run.len() >= 4;
        let mut runs = rest.split(|letter: char| !letter.is_ascii_digit());
        if self == Self::Code && (runs.any(digits) || words.matches("{code}").count() > 1) {
            return Err(TextSettingsError::Digits);
        }
        Ok(())
    }
}

/// Why settings of texts cannot be used; each text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice())]
pub enum TextSettingsError {
    /// Too long a time, or none.
    ReminderHours,
    /// An hour of the day that there is not.
    QuietHours,
    /// There is no template of this name.
    Name,
    /// Too long, empty, or of other letters than a text has.
    Words,
    /// One that is not known or not there.
    Placeholder,
    /// A run of digits beside the code.
    Digits,
}

impl TextSettingsError {
    /// Which field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::ReminderHours => "reminder_hours",
            Self::QuietHours => "quiet_hours",
            Self::Name | Self::Words | Self::Placeholder | Self::Digits => "templates",
        }
    }

    /// What is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::ReminderHours => "0 to 168 hours before the appointment; 0 sends no reminders",
            Self::QuietHours => "two different times of the day, as in 21:00 and 08:00",
            Self::Name => {
                "the templates are code, offer, follow-up, follow-up-other, follow-up-open, confirmation, series, cancellation, reschedule and reminder"
            }
            Self::Words => {
                "a template is 1 to 306 plain characters: letters without accents, digits and common signs"
            }
            Self::Placeholder => {
                "code needs {code} and may have {minutes}; follow-up and follow-up-other need {when} and may have {with}, {minutes} and {clinic}, the latter {others}; follow-up-open may have {clinic}; all others need {day} and {time} and may have {clinic}; offer may have {minutes}, series needs {count}"
            }
            Self::Digits => "beside one {code} there is no run of four or more digits in its text",
        }
    }
}

/// What a clinic wants of its texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSettings {
    /// Whether patients are told of bookings, changes and cancellations, and reminded.
    pub notices: bool,
    /// Whether someone is written to whose call has ended without an appointment.
    pub follow_ups: bool,
    /// How long before its appointment a reminder goes, in hours; 0: none does.
    pub reminder_hours: u32,
    /// From when on no reminder goes, on the clinic's clock.
    pub quiet_from: MinuteOfDay,
    /// Until when.
    pub quiet_to: MinuteOfDay,
    /// Words of its own.
    pub templates: BTreeMap<Template, String>,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            notices: true,
            follow_ups: true,
            reminder_hours: 24,
            quiet_from: MinuteOfDay::of_hour(21),
            quiet_to: MinuteOfDay::of_hour(8),
            templates: BTreeMap::new(),
        }
    }
}

impl TextSettings {
    /// Whether all of it can be used.
    pub fn check(&self) -> Result<(), TextSettingsError> {
        if self.reminder_hours > REMINDER_HOURS_MAX {
            return Err(TextSettingsError::ReminderHours);
        }
        let within_day = |minute: MinuteOfDay| minute < MinuteOfDay::of_hour(24);
        if !within_day(self.quiet_from) || !within_day(self.quiet_to) {
            return Err(TextSettingsError::QuietHours);
        }
        if self.quiet_from == self.quiet_to {
            return Err(TextSettingsError::QuietHours);
        }
        let mut templates = self.templates.iter();
        templates.try_for_each(|(template, words)| template.check(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_it_must_and_nothing_that_is_not_known() {
        use TextSettingsError::{Digits, Placeholder, Words};
        let long = "x".repeat(TEMPLATE_BYTES_MAX);
        #[rustfmt::skip] // One row a template.
        let table = [
            (Template::Code, "Your code is {code}.", Ok(())),
            (Template::Code, "{code}, for {minutes} min; call 123", Ok(())),
            (Template::Code, "Your code.", Err(Placeholder)),
            (Template::Code, "{code} or call 01234", Err(Digits)),
            (Template::Code, "{code} {code}", Err(Digits)),
            (Template::Code, "{code} at {clinic}", Err(Placeholder)),
            (Template::Reminder, "{day} {time} at {clinic}. Call 020 7946 0123", Ok(())),
            (Template::Reminder, "{day}", Err(Placeholder)),
            (Template::Reminder, "{day} {time} {name}", Err(Placeholder)),
            (Template::Reminder, "{day} {time} {", Err(Placeholder)),
            (Template::Series, "{count} from {day}, {time}", Ok(())),
            (Template::Series, "{day}, {time}", Err(Placeholder)),
            (Template::Reminder, "", Err(Words)),
            (Template::Reminder, "{day} {time} \u{e9}", Err(Words)),
            (Template::Reminder, "{day} {time} [1]", Err(Words)),
            (Template::Reminder, "{day} {time}\t", Err(Words)),
        ];
        for (template, words, expected) in table {
            assert_eq!(template.check(words), expected, "{words}");
        }
        let reminder = Template::Reminder;
        assert_eq!(
            reminder.check(&format!("{{day}}{{time}}{long}")),
            Err(Words)
        );
    }

    #[test]
    fn settings_are_checked_as_a_whole() {
        let usual = TextSettings::default();
        assert_eq!(usual.check(), Ok(()));
        let often = TextSettings {
            reminder_hours: 169,
            ..usual.clone()
        };
        assert_eq!(often.check(), Err(TextSettingsError::ReminderHours));
        let never_quiet = TextSettings {
            quiet_to: usual.quiet_from,
            ..usual.clone()
        };
        assert_eq!(never_quiet.check(), Err(TextSettingsError::QuietHours));
        for template in Template::ALL {
            assert_eq!(Template::named(template.as_str()), Some(template));
        }
    }
}
