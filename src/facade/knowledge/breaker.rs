//! A breaker for one clinic's embedding model: after enough faults in a row it is left alone for a while, then one request goes
//! ahead and tells whether the others may follow. It knows no clock: every call brings the instant.

use crate::limits::EMBEDDING_REST_SECONDS;
use crate::model::Timestamp;

/// How a model has been doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Faults in a row.
    faults: u32,
    /// How often in a row it was left alone.
    rests: u32,
    /// Until when it is.
    until: Option<Timestamp>,
    /// The request that goes ahead is under way.
    is_probing: bool,
}

impl Breaker {
    /// Whether a request may be made now. If so, what became of it must be told.
    pub fn admits(&mut self, now: Timestamp) -> bool {
        match self.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => !std::mem::replace(&mut self.is_probing, true),
        }
    }

    /// Takes in what became of a request; so many faults in a row are enough. Whether it is left alone from here on.
    pub fn learn(&mut self, is_good: bool, enough: u32, now: Timestamp) -> bool {
        self.is_probing = false;
        if is_good {
            *self = Self::default();
            return false;
        }
        self.faults += 1;
        if self.faults < enough {
            return false;
        }
        let [shortest, longest] = EMBEDDING_REST_SECONDS;
        let rest = shortest.saturating_mul(1 << self.rests.min(16));
        self.rests += 1;
        self.until = Some(now.plus_seconds(rest.min(longest)));
        self.rests == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1000;

    #[test]
    fn it_rests_after_enough_in_a_row_and_one_request_goes_ahead() {
        let mut breaker = Breaker::default();
        let at = |seconds: i64| Timestamp(seconds * SECOND);
        assert!(!breaker.learn(false, 2, at(0)));
        assert!(!breaker.learn(true, 2, at(0)));
        assert!(!breaker.learn(false, 2, at(0)), "the row was broken");
        assert!(breaker.admits(at(0)) && breaker.learn(false, 2, at(0)));
        assert!(!breaker.admits(at(29)));
        assert!(breaker.admits(at(30)) && !breaker.admits(at(30)));
        assert!(!breaker.learn(false, 2, at(30)), "it did before");
        assert!(!breaker.admits(at(89)) && breaker.admits(at(90)));
        assert!(!breaker.learn(true, 2, at(90)));
        assert!(breaker.admits(at(90)) && breaker.admits(at(90)));
    }

    #[test]
    fn rests_do_not_grow_for_ever() {
        let mut breaker = Breaker::default();
        for _ in 0..1000 {
            breaker.learn(false, 1, Timestamp(0));
        }
        let [_, longest] = EMBEDDING_REST_SECONDS;
        assert!(!breaker.admits(Timestamp(longest * SECOND - 1)));
        assert!(breaker.admits(Timestamp(longest * SECOND)));
    }
}
