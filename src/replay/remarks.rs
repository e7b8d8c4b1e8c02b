//! What callers said, line by line and for a while: the words beside the ledger's conversations.
//!
//! Redacted, and personal all the same; `contacts.rs` alone fills and reads it.

use std::collections::BTreeMap;

use crate::limits;
use crate::model::{CallerId, Channel, Remark, Timestamp};

/// Something that someone said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// By what.
    pub channel: Channel,
    /// What.
    pub remark: Remark,
    /// Until when it is remembered.
    pub until: Timestamp,
}

/// What callers said. No list is empty.
#[derive(Default)]
pub struct Remarks {
    pub(super) lines: BTreeMap<CallerId, Vec<Said>>,
    /// No later than the first end of any line.
    first_end: Option<Timestamp>,
}

/// When to look for lines that are over says nothing of what was said.
impl PartialEq for Remarks {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Remarks {
    /// What a caller said that is still remembered, the oldest first.
    pub fn of(&self, caller: CallerId, now: Timestamp) -> Vec<Said> {
        let lines = self.lines.get(&caller).into_iter().flatten();
        lines.filter(|said| now < said.until).cloned().collect()
    }

    /// A caller said something; of too many lines the oldest gives way.
    pub fn enter(&mut self, caller: CallerId, said: Said) {
        let first = self.first_end.map_or(said.until, |end| end.min(said.until));
        self.first_end = Some(first);
        let lines = self.lines.entry(caller).or_default();
        if lines.len() >= limits::REMARKS_PER_CALLER_MAX {
            lines.remove(0);
        }
        lines.push(said);
    }

    /// Drops what a caller said.
    pub fn forget_caller(&mut self, caller: CallerId) {
        self.lines.remove(&caller);
    }

    /// Drops the lines whose time is over.
    pub fn forget(&mut self, now: Timestamp) {
        if self.first_end.is_none_or(|end| now < end) {
            return;
        }
        self.lines.retain(|_, lines| {
            lines.retain(|said| now < said.until);
            !lines.is_empty()
        });
        let ends = self.lines.values().flatten().map(|said| said.until);
        self.first_end = ends.min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    #[test]
    fn lines_are_bounded_and_forgotten_in_time() {
        let mut remarks = Remarks::default();
        let redacted = Redactor::default().redact("tomorrow").into_redacted();
        for at in 0..20 {
            let said = Said {
                at: Timestamp(at),
                channel: Channel::Text,
                remark: Remark::of(&redacted).expect("a line"),
                until: Timestamp(at + 100),
            };
            remarks.enter(CallerId(1), said);
        }
        let kept = |remarks: &Remarks, now| remarks.of(CallerId(1), Timestamp(now)).len();
        assert_eq!(kept(&remarks, 0), limits::REMARKS_PER_CALLER_MAX);
        assert_eq!(kept(&remarks, 118), 1);
        remarks.forget(Timestamp(118));
        assert_eq!(kept(&remarks, 0), 1, "the others are gone");
        remarks.forget(Timestamp(119));
        assert!(remarks.lines.is_empty() && remarks.first_end.is_none());
    }
}
