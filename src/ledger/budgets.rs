//! What texts have cost so far: counts by phone, by prefix and for the clinic's day, so that a restart resets none of them.
//!
//! Pure counting: `spending.rs` keeps it in step with the ledger, and what a count means is the rules' business. Rows are
//! dropped by their deadline, and what was certainly not sent is given back.

use crate::limits;
use crate::model::{CallerId, Prefix, Timestamp};

use super::table::FixedMap;

/// What one phone got: instants in order, the oldest dropped first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OfPhone {
    /// Texts with codes.
    pub texts: Vec<Timestamp>,
    /// Codes that were new.
    pub codes: Vec<Timestamp>,
    /// When this row is dropped.
    pub forget_at: Timestamp,
}

/// Codes to numbers of one prefix within a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OfPrefix {
    /// Codes that went there.
    pub codes: u32,
    /// Those of them that were used.
    pub used: u32,
    /// When the day is over.
    pub ends_at: Timestamp,
}

/// The counts of one clinic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Budgets {
    pub(super) phones: FixedMap<CallerId, OfPhone>,
    pub(super) prefixes: FixedMap<Prefix, OfPrefix>,
    /// Texts within the clinic's day, which begins with its first text.
    pub(super) texts: u32,
    pub(super) day_ends_at: Timestamp,
}

impl Budgets {
    /// When this phone may get a further text with a code; `None`: now.
    pub fn next_text_to(&self, phone: CallerId, most: u32, now: Timestamp) -> Option<Timestamp> {
        let texts = self.phones.get(&phone).map(|row| row.texts.as_slice());
        full_until(texts, most, limits::PHONE_TEXTS_WINDOW_SECONDS, now)
    }

    /// When this phone may get a further code; `None`: now.
    pub fn next_code_to(&self, phone: CallerId, most: u32, now: Timestamp) -> Option<Timestamp> {
        let codes = self.phones.get(&phone).map(|row| row.codes.as_slice());
        full_until(codes, most, limits::BUDGET_DAY_SECONDS, now)
    }

    /// When the clinic may send a further text; `None`: now.
    pub fn next_text(&self, most: u32, now: Timestamp) -> Option<Timestamp> {
        let is_spent = now < self.day_ends_at && self.texts >= most;
        if most == 0 {
            return Some(now.plus_seconds(limits::BUDGET_DAY_SECONDS));
        }
        is_spent.then_some(self.day_ends_at)
    }

    /// How many further texts the clinic may send now.
    pub fn room(&self, most: u32, now: Timestamp) -> u32 {
        match now < self.day_ends_at {
            true => most.saturating_sub(self.texts),
            false => most,
        }
    }

    /// Until when no further code goes to a prefix, because too few of those before were ever used; `None`: one may.
    pub fn closed_until(&self, prefix: Prefix, most: u32, now: Timestamp) -> Option<Timestamp> {
        let row = self.prefixes.get(&prefix).filter(|row| now < row.ends_at)?;
        let hardly_used = u64::from(row.used) * limits::PREFIX_USED_ONE_IN < u64::from(row.codes);
        (row.codes >= most && hardly_used).then_some(row.ends_at)
    }

    /// Rows of phones, and when they are dropped.
    pub fn phones(&self) -> impl Iterator<Item = (Timestamp, CallerId)> + '_ {
        let phones = self.phones.iter();
        phones.map(|(phone, row)| (row.forget_at, *phone))
    }

    /// Rows of prefixes, and when they are dropped.
    pub fn prefixes(&self) -> impl Iterator<Item = (Timestamp, Prefix)> + '_ {
        let prefixes = self.prefixes.iter();
        prefixes.map(|(prefix, row)| (row.ends_at, *prefix))
    }

    /// A text is on its way.
    pub fn count_text(&mut self, at: Timestamp) {
        if self.day_ends_at <= at {
            self.texts = 0;
            self.day_ends_at = at.plus_seconds(limits::BUDGET_DAY_SECONDS);
        }
        self.texts = self.texts.saturating_add(1);
    }

    /// It carries a code, perhaps a new one. When the phone's row was to be dropped, and when it is now.
    pub fn count_for_phone(
        &mut self,
        phone: CallerId,
        is_new: bool,
        at: Timestamp,
    ) -> (Timestamp, Timestamp) {
        let row = self.phones.entry(phone).or_default();
        let before = row.forget_at;
        row.forget_at = at.plus_seconds(limits::BUDGET_DAY_SECONDS);
        push(&mut row.texts, at);
        if is_new {
            push(&mut row.codes, at);
        }
        (before, row.forget_at)
    }

    /// A new code goes to a prefix. When the prefix's row was to be dropped, and when it is now.
    pub fn count_for_prefix(&mut self, prefix: Prefix, at: Timestamp) -> (Timestamp, Timestamp) {
        let row = self.prefixes.entry(prefix).or_insert(OfPrefix {
            codes: 0,
            used: 0,
            ends_at: Timestamp::MIN,
        });
        let before = row.ends_at;
        if before <= at {
            *row = OfPrefix {
                codes: 0,
                used: 0,
                ends_at: at.plus_seconds(limits::BUDGET_DAY_SECONDS),
            };
        }
        row.codes = row.codes.saturating_add(1);
        (before, row.ends_at)
    }

    /// A code was used.
    pub fn note_used(&mut self, prefix: Prefix) {
        if let Some(row) = self.prefixes.get_mut(&prefix) {
            row.used = row.used.saturating_add(1);
        }
    }

    /// A text that was counted at this instant was certainly not sent.
    pub fn give_text_back(&mut self, at: Timestamp) {
        if self.day_ends_at <= at.plus_seconds(limits::BUDGET_DAY_SECONDS) {
            self.texts = self.texts.saturating_sub(1);
        }
    }

    /// Nor was the code in it, which was new or was not.
    pub fn give_code_back(
        &mut self,
        phone: CallerId,
        prefix: Option<Prefix>,
        was_new: bool,
        at: Timestamp,
    ) {
        if let Some(row) = self.phones.get_mut(&phone) {
            take(&mut row.texts, at);
            if was_new {
                take(&mut row.codes, at);
            }
        }
        let row = prefix.and_then(|prefix| self.prefixes.get_mut(&prefix));
        if let Some(row) = row.filter(|_| was_new) {
            row.codes = row.codes.saturating_sub(1);
        }
    }

    /// Drops a phone's row.
    pub fn forget_phone(&mut self, phone: CallerId) {
        self.phones.remove(&phone);
    }

    /// Drops a prefix's row.
    pub fn forget_prefix(&mut self, prefix: Prefix) {
        self.prefixes.remove(&prefix);
    }
}

/// Of instants in order: when fewer than so many lie within the window; `None`: now.
fn full_until(
    instants: Option<&[Timestamp]>,
    most: u32,
    window_seconds: i64,
    now: Timestamp,
) -> Option<Timestamp> {
    let instants = instants.unwrap_or_default();
    let oldest = instants.len().checked_sub(most as usize)?;
    let ends = match instants.get(oldest) {
        Some(at) => at.plus_seconds(window_seconds),
        // None may be sent at all.
        None => now.plus_seconds(window_seconds),
    };
    (now < ends).then_some(ends)
}

fn push(instants: &mut Vec<Timestamp>, at: Timestamp) {
    if instants.len() >= limits::PHONE_TEXTS_KEPT {
        instants.remove(0);
    }
    instants.push(at);
}

fn take(instants: &mut Vec<Timestamp>, at: Timestamp) {
    if let Some(place) = instants.iter().rposition(|own| *own == at) {
        instants.remove(place);
    }
}
