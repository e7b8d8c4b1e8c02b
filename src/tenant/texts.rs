//! The words of a text: a template of `data/messages/` and what fills it. Made when it is sent, kept nowhere.
//!
//! A code text carries no other run of four to eight digits, so that neither a person nor a phone's autofill can take
//! something else for the code; and no text names a clinic or who treats there, because whoever sees the lock screen need not
//! know where someone is treated.

use crate::calendar::Zone;
use crate::model::{TextKind, Timestamp};
use crate::seal::CodeKey;

const CODE: &str = include_str!("../../data/messages/en/code.txt");
const OFFER: &str = include_str!("../../data/messages/en/offer.txt");

/// The words of a text, as of `sent_at`, with times as the clinic's clock shows them.
pub fn words(kind: TextKind, codes: &CodeKey, zone: &Zone, sent_at: Timestamp) -> String {
    let minutes = (kind.expires_at().seconds_since(sent_at) / 60).max(1);
    let filled = match kind {
        TextKind::Code {
            verification,
            generation,
            digits,
            ..
        } => CODE.replace("{code}", &codes.code(verification, generation, digits)),
        TextKind::Offer { start, .. } => {
            let (reading, _) = zone.wall_clock(start);
            let day = reading.strftime("%a %-d %b").to_string();
            OFFER
                .replace("{day}", &day)
                .replace("{time}", &reading.strftime("%H:%M").to_string())
        }
    };
    filled.trim_end().replace("{minutes}", &minutes.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HoldId, TenantId, VerificationId};
    use crate::seal::MasterKey;

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
        let words = words(kind, &codes, &Zone::utc(), Timestamp(0));
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
        let words_of = |seconds| words(kind(1_790_757_000_000, seconds), &codes, &zone, sent_at);
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
}
