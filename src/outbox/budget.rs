//! How many texts may go again at once: a few at any time, else one for every ten that go for the first time.
//!
//! After a crash, or while a provider is ill, everything wants to go again at once; that must neither crowd out what is new nor
//! double a bill.

use crate::limits;

/// A store of repeats, in tenths.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    tenths: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            tenths: limits::TEXT_REPEATS_MAX * 10,
        }
    }
}

impl Budget {
    /// A text goes for the first time.
    pub fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(limits::TEXT_REPEATS_MAX * 10);
    }

    /// A text wants to go again; whether it may.
    pub fn spend(&mut self) -> bool {
        match self.tenths.checked_sub(10) {
            Some(left) => {
                self.tenths = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_bounded_and_earned_back() {
        let mut budget = Budget::default();
        let spent = (0..1_000).filter(|_| budget.spend()).count();
        assert_eq!(spent, limits::TEXT_REPEATS_MAX as usize);
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
    }
}
