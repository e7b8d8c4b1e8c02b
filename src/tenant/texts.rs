//! The words of a text: a template of `data/messages/` and what fills it. Made when it is sent, kept nowhere.
//!
//! A code text carries no other run of four to eight digits, so that neither a person nor a phone's autofill can take
//! something else for the code; and no clinic's name, because whoever sees the lock screen need not know where someone is treated.

use crate::model::{TextKind, Timestamp};
use crate::seal::CodeKey;

const CODE: &str = include_str!("../../data/messages/en/code.txt");

/// The words of a text, as of `sent_at`.
pub fn words(kind: TextKind, codes: &CodeKey, sent_at: Timestamp) -> String {
    let TextKind::Code {
        verification,
        generation,
        digits,
        expires_at,
        ..
    } = kind;
    let minutes = (expires_at.seconds_since(sent_at) / 60).max(1);
    CODE.trim_end()
        .replace("{code}", &codes.code(verification, generation, digits))
        .replace("{minutes}", &minutes.to_string())
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
        let words = words(kind, &codes, Timestamp(0));
        assert!(words.is_ascii() && words.len() <= 160, "{words}");
        let runs: Vec<_> = words
            .split(|c: char| !c.is_ascii_digit())
            .filter(|run| run.len() >= 4)
            .collect();
        assert_eq!(runs, [codes.code(VerificationId(2), 1, 8)]);
        assert!(words.contains("30 min"));
    }
}
