//! Phones of those who were erased, for as long as wrong codes are counted: whoever comes back within that time is the same
//! caller, so that being erased gives nobody new attempts.
//!
//! The number is not here, only what it hashes to under a key of this process alone: nothing of it is ever stored, a restart
//! forgets it, and nobody can test guesses against it without this process.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use crate::limits;
use crate::model::{CallerId, Phone, Timestamp};

/// Phones of those who were erased.
#[derive(Default)]
pub struct Former {
    key: RandomState,
    callers: HashMap<u64, CallerId>,
    order: VecDeque<(Timestamp, u64)>,
}

/// It is no part of what entries leave behind: two that replayed the same are equal whatever they remember of this process.
impl PartialEq for Former {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Former {
    /// Keeps whose phone this was.
    pub fn keep(&mut self, phone: &Phone, caller: CallerId, at: Timestamp) {
        let hash = self.key.hash_one(phone);
        self.callers.insert(hash, caller);
        let until = at.plus_seconds(limits::FORMER_CALLER_SECONDS);
        self.order.push_back((until, hash));
    }

    /// Whose phone this was.
    pub fn caller(&self, phone: &Phone) -> Option<CallerId> {
        self.callers.get(&self.key.hash_one(phone)).copied()
    }

    /// Drops those whose time is over.
    pub fn forget(&mut self, now: Timestamp) {
        while let Some((_, hash)) = self.order.front().filter(|(until, _)| *until <= now) {
            let hash = *hash;
            self.order.pop_front();
            // One that was kept again meanwhile has a later time.
            if self.order.iter().all(|(_, later)| *later != hash) {
                self.callers.remove(&hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_the_same_until_its_time_is_over_counted_from_the_last() {
        let phone = Phone::parse("07700 900123", "GB").expect("a phone");
        let other = Phone::parse("07700 900124", "GB").expect("a phone");
        let day = limits::FORMER_CALLER_SECONDS;
        let mut former = Former::default();
        former.keep(&phone, CallerId(1), Timestamp(0));
        assert_eq!(former.caller(&phone), Some(CallerId(1)));
        assert_eq!(former.caller(&other), None);
        former.keep(&phone, CallerId(1), Timestamp(5_000));
        former.forget(Timestamp(0).plus_seconds(day));
        assert_eq!(former.caller(&phone), Some(CallerId(1)));
        former.forget(Timestamp(5_000).plus_seconds(day));
        assert_eq!(former.caller(&phone), None);
    }
}
