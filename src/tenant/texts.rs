//! The words of a text: a template of `data/messages/` and what fills it. Made when it is sent, kept nowhere.
//!
//! A code text carries no other run of four to eight digits, so that neither a person nor a phone's autofill can take
//! something else for the code; and no text, unless the clinic wants it, names a clinic or who treats there, because whoever sees the lock screen need not
//! know where someone is treated.

use crate::calendar::Zone;
use crate::model::{Notice, Profile, Template, TextKind, Timestamp};
use crate::seal::CodeKey;

/// What the words of a clinic's texts are made from beside their kind.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// What the clinic says of itself, its own templates among that.
    pub profile: Option<&'a Profile>,
    /// Its clock.
    pub zone: &'a Zone,
    /// Its key for codes.
    pub codes: &'a CodeKey,
}

impl Writer<'_> {
    /// The words of a text, as of `sent_at`, with times as the clinic's clock shows them.
    pub fn words(&self, kind: TextKind, sent_at: Timestamp) -> String {
        let minutes = (kind.expires_at().seconds_since(sent_at) / 60).max(1);
        let words = self.template(kind).trim_end();
        match kind {
            TextKind::Code {
                verification,
                generation,
                digits,
                ..
            } => {
                let code = self.codes.code(verification, generation, digits);
                words
                    .replace("{code}", &code)
                    .replace("{minutes}", &minutes.to_string())
            }
            TextKind::Offer { start, .. } => self
                .filled(words, start)
                .replace("{minutes}", &minutes.to_string()),
            TextKind::Notice {
                start,
                appointments,
                ..
            } => self
                .filled(words, start)
                .replace("{count}", &appointments.to_string()),
        }
    }

    fn template(&self, kind: TextKind) -> &str {
        let template = template_of(kind);
        let own = self
            .profile
            .and_then(|profile| profile.texts.templates.get(&template));
        own.map_or(usual(template), String::as_str)
    }

    fn filled(&self, words: &str, start: Timestamp) -> String {
        let (reading, _) = self.zone.wall_clock(start);
        let clinic = self.profile.map_or("", |profile| profile.name.as_str());
        words
            .replace("{day}", &reading.strftime("%a %-d %b").to_string())
            .replace("{time}", &reading.strftime("%H:%M").to_string())
            // Last, so that a name with braces is not filled in turn.
            .replace("{clinic}", clinic)
    }
}

fn template_of(kind: TextKind) -> Template {
    match kind {
        TextKind::Code { .. } => Template::Code,
        TextKind::Offer { .. } => Template::Offer,
        TextKind::Notice {
            notice: Notice::Confirmation,
            appointments,
            ..
        } => match appointments {
            0 | 1 => Template::Confirmation,
            _ => Template::Series,
        },
        TextKind::Notice { notice, .. } => match notice {
            Notice::Confirmation => Template::Confirmation,
            Notice::Cancellation => Template::Cancellation,
            Notice::Reschedule => Template::Reschedule,
            Notice::Reminder => Template::Reminder,
        },
    }
}

/// The words of a clinic that has none of its own.
fn usual(template: Template) -> &'static str {
    match template {
        Template::Code => include_str!("../../data/messages/en/code.txt"),
        Template::Offer => include_str!("../../data/messages/en/offer.txt"),
        Template::Confirmation => include_str!("../../data/messages/en/confirmation.txt"),
        Template::Series => include_str!("../../data/messages/en/series.txt"),
        Template::Cancellation => include_str!("../../data/messages/en/cancellation.txt"),
        Template::Reschedule => include_str!("../../data/messages/en/reschedule.txt"),
        Template::Reminder => include_str!("../../data/messages/en/reminder.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AppointmentId, HoldId, TenantId, VerificationId};
    use crate::seal::MasterKey;

    fn writer<'a>(profile: Option<&'a Profile>, zone: &'a Zone, codes: &'a CodeKey) -> Writer<'a> {
        Writer {
            profile,
            zone,
            codes,
        }
    }

    #[test]
    fn a_code_text_fits_one_segment_and_carries_no_other_run_of_digits() {
        let codes = CodeKey::of(&MasterKey::new([7; 32]), TenantId(1));
        let kind = TextKind::Code {
            hold: HoldId(1),
            verification: VerificationId(2),
            generation: 1,
            digits: 8,
            expires_at: Timestamp(1_800_000),
        };
        let zone = Zone::utc();
        let words = writer(None, &zone, &codes).words(kind, Timestamp(0));
        assert!(words.is_ascii() && words.len() <= 160, "{words}");
        let runs: Vec<_> = words
            .split(|c: char| !c.is_ascii_digit())
            .filter(|run| run.len() >= 4)
            .collect();
        assert_eq!(runs, [codes.code(VerificationId(2), 1, 8)]);
        assert!(words.contains("30 min"));
    }

    #[test]
    fn an_offer_text_fits_one_segment_and_says_when_on_the_clinics_clock() {
        let codes = CodeKey::of(&MasterKey::new([7; 32]), TenantId(1));
        let zone = Zone::named("Europe/London").expect("a zone");
        let sent_at = Timestamp(1_790_000_000_000);
        let kind = |start: i64, seconds: i64| TextKind::Offer {
            hold: HoldId(1),
            start: Timestamp(start),
            expires_at: sent_at.plus_seconds(seconds),
        };
        // 2026-09-30, a Wednesday, in summer time.
        let writer = writer(None, &zone, &codes);
        let words_of = |seconds| writer.words(kind(1_790_757_000_000, seconds), sent_at);
        for seconds in [60, 900, 86_400] {
            let words = words_of(seconds);
            assert!(words.is_ascii() && words.len() <= 160, "{words}");
            assert!(!words.contains(['{', '[', '\\', '^', '~', '|']), "{words}");
        }
        assert_eq!(
            words_of(900),
            "A time you asked for is free: Wed 30 Sep, 09:30. Reply YES within 15 min to take it, or NO to let it go."
        );
    }

    #[test]
    fn notices_fit_one_segment_and_a_clinic_may_have_words_of_its_own() {
        let codes = CodeKey::of(&MasterKey::new([7; 32]), TenantId(1));
        let zone = Zone::named("Europe/London").expect("a zone");
        let kind = |notice, appointments| TextKind::Notice {
            notice,
            appointment: AppointmentId(1),
            version: 1,
            start: Timestamp(1_790_757_000_000),
            appointments,
        };
        for template in Template::ALL {
            assert_eq!(template.check(usual(template)), Ok(()), "{template:?}");
        }
        let notices = [
            (Notice::Confirmation, 1),
            (Notice::Confirmation, 53),
            (Notice::Cancellation, 1),
            (Notice::Reschedule, 1),
            (Notice::Reminder, 1),
        ];
        for (notice, appointments) in notices {
            let words = writer(None, &zone, &codes).words(kind(notice, appointments), Timestamp(0));
            assert!(words.is_ascii() && words.len() <= 160, "{words}");
            assert!(words.contains("Wed 30 Sep, 09:30"), "{words}");
            assert!(!words.contains(['{', '}']), "{words}");
        }
        let mut profile = Profile::new("{time} Clinic", "UTC", "GB").expect("a profile");
        let own = "{clinic}: {day} {time}".to_owned();
        profile.texts.templates.insert(Template::Reminder, own);
        let words =
            writer(Some(&profile), &zone, &codes).words(kind(Notice::Reminder, 1), Timestamp(0));
        assert_eq!(words, "{time} Clinic: Wed 30 Sep 09:30");
    }
}
