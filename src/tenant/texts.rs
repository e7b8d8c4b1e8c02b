//! The words of a text: a template of `data/messages/` and what fills it. Made when it is sent, kept nowhere.
//!
//! A code text carries no other run of four to eight digits, so that neither a person nor a phone's autofill can take
//! something else for the code; and no text, unless the clinic wants it, names a clinic, because whoever sees the lock screen need not
//! know where someone is treated. A follow-up to a call names who would treat, unless that name says what is treated.

use std::sync::LazyLock;

use crate::calendar::Zone;
use crate::model::{
    Kept, Notice, Profile, Resource, ResourceId, ResourceKind, Template, TextKind, Timestamp,
};
use crate::redact::{Kind, Redactor};
use crate::seal::CodeKey;

/// Longest text that is one segment, in characters of the default alphabet.
const SEGMENT_CHARS: usize = 160;
/// A day of the week alone says which day is meant for so many days.
const WEEKDAY_ALONE_DAYS: i32 = 6;

/// What finds words about health.
static MEDICAL: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// What the words of a clinic's texts are made from beside their kind.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// What the clinic says of itself, its own templates among that.
    pub profile: Option<&'a Profile>,
    /// Its clock.
    pub zone: &'a Zone,
    /// Its key for codes.
    pub codes: &'a CodeKey,
    /// Its resources, by their number.
    pub resources: &'a [Resource],
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
            TextKind::FollowUp {
                kept: Some(kept), ..
            } => {
                let words = words.replace("{minutes}", &minutes.to_string());
                self.following_up(&words, &kept, sent_at)
            }
            TextKind::FollowUp { kept: None, .. } => words.replace("{clinic}", self.clinic()),
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

    /// With who treats, unless the text would be longer than one segment for it.
    fn following_up(&self, words: &str, kept: &Kept, sent_at: Timestamp) -> String {
        let others: Vec<String> = (kept.others.iter().flatten())
            .map(|start| self.when(*start, sent_at))
            .collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!(" Also free: {}.", others.join(", ")),
        };
        let filled = |with: &str, others: &str| {
            words
                .replace("{when}", &self.when(kept.start, sent_at))
                .replace("{others}", others)
                .replace("{with}", with)
                .replace("{clinic}", self.clinic())
        };
        let with = self.with(kept.resource);
        let tries = [
            (with.as_str(), others.as_str()),
            (with.as_str(), ""),
            ("", ""),
        ];
        let mut tries = tries.iter().map(|(with, others)| filled(with, others));
        let fits = |text: &String| text.len() <= SEGMENT_CHARS;
        tries.find(fits).unwrap_or_else(|| filled("", ""))
    }

    /// A time as it is read at a glance: `Tuesday 14:30`, with its date if it is further away.
    fn when(&self, start: Timestamp, sent_at: Timestamp) -> String {
        let (reading, _) = self.zone.wall_clock(start);
        let (today, day) = (self.zone.date_of(sent_at), reading.date());
        let away = today.until(day).map_or(i32::MAX, |span| span.get_days());
        let form = match (0..=WEEKDAY_ALONE_DAYS).contains(&away) {
            true => "%A %H:%M",
            false => "%a %-d %b, %H:%M",
        };
        reading.strftime(form).to_string()
    }

    /// ` with Dr Patel`, where that is a person's name and says nothing of what is treated.
    fn with(&self, resource: ResourceId) -> String {
        let resource = self.resources.get(resource.0 as usize);
        let named = resource.filter(|resource| {
            let name = resource.name.as_str();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" .,'-".contains(&byte);
            let found = MEDICAL.redact(name);
            resource.kind == ResourceKind::Practitioner
                && name.bytes().all(is_plain)
                && !found.spans.iter().any(|span| span.kind == Kind::Medical)
        });
        named.map_or(String::new(), |resource| format!(" with {}", resource.name))
    }

    fn clinic(&self) -> &str {
        self.profile.map_or("", |profile| profile.name.as_str())
    }

    fn filled(&self, words: &str, start: Timestamp) -> String {
        let (reading, _) = self.zone.wall_clock(start);
        let clinic = self.clinic();
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
        TextKind::FollowUp { kept, .. } => match kept {
            Some(kept) if kept.as_wished => Template::FollowUp,
            Some(_) => Template::FollowUpOther,
            None => Template::FollowUpOpen,
        },
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
        Template::FollowUp => include_str!("../../data/messages/en/follow-up.txt"),
        Template::FollowUpOther => include_str!("../../data/messages/en/follow-up-other.txt"),
        Template::FollowUpOpen => include_str!("../../data/messages/en/follow-up-open.txt"),
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
    use crate::model::{AppointmentId, CallId, HoldId, TenantId, VerificationId};
    use crate::seal::MasterKey;

    fn writer<'a>(profile: Option<&'a Profile>, zone: &'a Zone, codes: &'a CodeKey) -> Writer<'a> {
        Writer {
            profile,
            zone,
            codes,
            resources: &[],
        }
    }

    fn resource(name: &str, kind: ResourceKind) -> Resource {
        Resource {
            number: ResourceId(0),
            id: "r".parse().expect("a slug"),
            version: 1,
            kind,
            name: name.to_owned(),
            opening_hours: Vec::new(),
            exceptions: Vec::new(),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn a_follow_up_fits_one_segment_and_names_who_treats_but_not_what() {
        let codes = CodeKey::of(&MasterKey::new([7; 32]), TenantId(1));
        let zone = Zone::named("Europe/London").expect("a zone");
        // 2026-09-25, a Friday; the Wednesday after it.
        let (sent_at, start) = (Timestamp(1_790_348_400_000), Timestamp(1_790_757_000_000));
        let text = |resource: Resource, as_wished, others| {
            let writer = Writer {
                resources: std::slice::from_ref(&resource),
                ..writer(None, &zone, &codes)
            };
            let kept = Kept {
                hold: HoldId(1),
                resource: ResourceId(0),
                start,
                as_wished,
                others,
            };
            let kind = TextKind::FollowUp {
                call: CallId(1),
                ended_at: sent_at,
                until: sent_at.plus_seconds(1800),
                kept: Some(kept),
            };
            let words = writer.words(kind, sent_at);
            assert!(words.is_ascii() && words.len() <= 160, "{words}");
            assert!(!words.contains(['{', '}']), "{words}");
            words
        };
        let doctor = |name| resource(name, ResourceKind::Practitioner);
        assert_eq!(
            text(doctor("Dr Patel"), true, [None; 2]),
            "Thank you for calling. Nothing is booked yet. Reply YES to keep Wednesday 09:30 with Dr Patel. It is held for 30 min. Reply NO to let it go."
        );
        let later = Some(start.plus_seconds(7 * 86_400));
        assert_eq!(
            text(doctor("Dr A"), false, [later, None]),
            "Thank you for calling. The nearest free time is Wednesday 09:30 with Dr A. Reply YES to take it, held for 30 min. Also free: Wed 7 Oct, 09:30."
        );
        let nobody = "keep Wednesday 09:30. It is";
        for silent in [
            doctor("Dr Patel, chemotherapy"),
            doctor("Dr M\u{fc}ller"),
            doctor("Dr [x]"),
            doctor(&"x".repeat(100)),
            resource("MRI room", ResourceKind::Room),
        ] {
            let words = text(silent, true, [None; 2]);
            assert!(words.contains(nobody), "{words}");
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
