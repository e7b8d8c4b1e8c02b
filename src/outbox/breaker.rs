//! A breaker for one account: after enough attempts in a row of which nobody knows what became, nothing more is sent to it
//! for a while; then one attempt goes ahead and tells whether the others may follow.
//!
//! What is not sent then is certainly not sent, so whoever waits for a code is told at once and no phone gets it twice. It
//! also keeps the peace that a provider asks for with `Retry-After`. It knows no clock: every call brings the instant.

use std::time::Duration;

use crate::limits;
use crate::model::{SendOutcome, Timestamp};

/// How an account has been doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Attempts in a row of which nobody knows.
    unknown_in_a_row: u32,
    /// Nothing is sent before this.
    closed_until: Option<Timestamp>,
    /// How often in a row it had to be suspended.
    suspensions: u32,
    /// The attempt that goes ahead is under way.
    probing: bool,
}

impl Breaker {
    /// Whether an attempt may be made now. If so, its outcome must be told.
    pub fn admits(&mut self, now: Timestamp) -> bool {
        if self.closed_until.is_some_and(|until| now < until) {
            return false;
        }
        if self.suspensions == 0 {
            return true;
        }
        // One goes ahead; the others wait for what becomes of it.
        !std::mem::replace(&mut self.probing, true)
    }

    /// Takes in what became of an attempt. `jitter` is between 0 and 1 and spreads what ends at the same time. Whether this
    /// suspended the account.
    pub fn learn(
        &mut self,
        outcome: SendOutcome,
        rest: Option<Duration>,
        jitter: f64,
        now: Timestamp,
    ) -> bool {
        self.probing = false;
        if let Some(rest) = rest {
            self.close(now, rest.mul_f64(1.0 + jitter / 4.0));
        }
        if outcome != SendOutcome::Unknown {
            self.unknown_in_a_row = 0;
            self.suspensions = 0;
            return false;
        }
        self.unknown_in_a_row += 1;
        let is_too_many = self.unknown_in_a_row >= limits::BREAKER_UNKNOWN_IN_A_ROW;
        if !is_too_many {
            return false;
        }
        let doublings = self.suspensions.min(limits::BREAKER_DOUBLINGS_MAX);
        self.suspensions += 1;
        let pause = limits::BREAKER_PAUSE * 2u32.pow(doublings);
        self.close(now, pause.mul_f64(0.75 + jitter / 2.0));
        self.suspensions == 1
    }

    /// Whether attempts are suspended because of what became of others.
    pub fn is_open(&self) -> bool {
        self.suspensions > 0
    }

    /// Whether there is nothing to remember.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.suspensions == 0
            && self.unknown_in_a_row == 0
            && self.closed_until.is_none_or(|until| until <= now)
    }

    fn close(&mut self, now: Timestamp, pause: Duration) {
        let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        let until = Timestamp(now.0.saturating_add(millis));
        self.closed_until = self.closed_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: SendOutcome = SendOutcome::Unknown;

    fn fail(breaker: &mut Breaker, times: u32, now: i64) -> bool {
        let mut opened = false;
        for _ in 0..times {
            opened |= breaker.learn(UNKNOWN, None, 0.5, Timestamp(now));
        }
        opened
    }

    #[test]
    fn it_opens_after_enough_in_a_row_and_one_probe_closes_it() {
        let mut breaker = Breaker::default();
        let enough = limits::BREAKER_UNKNOWN_IN_A_ROW;
        assert!(!fail(&mut breaker, enough - 1, 0));
        assert!(!breaker.learn(SendOutcome::Sent, None, 0.5, Timestamp(0)));
        assert!(!fail(&mut breaker, enough - 1, 0), "the row was broken");
        assert!(breaker.admits(Timestamp(0)));
        assert!(fail(&mut breaker, 1, 0));
        let pause = i64::try_from(limits::BREAKER_PAUSE.as_millis()).expect("short");
        assert!(!breaker.admits(Timestamp(pause - 1)));
        assert!(breaker.admits(Timestamp(pause)), "the probe");
        assert!(!breaker.admits(Timestamp(pause)), "no other beside it");
        assert!(!fail(&mut breaker, 1, pause), "it is not opened anew");
        assert!(
            !breaker.admits(Timestamp(2 * pause)),
            "the pause has doubled"
        );
        assert!(breaker.admits(Timestamp(3 * pause)));
        breaker.learn(SendOutcome::NotSent, None, 0.5, Timestamp(3 * pause));
        assert!(breaker.admits(Timestamp(3 * pause)) && breaker.admits(Timestamp(3 * pause)));
        assert!(breaker.is_idle(Timestamp(3 * pause)));
    }

    #[test]
    fn a_wish_to_be_left_alone_is_kept() {
        let mut breaker = Breaker::default();
        let rest = Some(Duration::from_secs(7));
        assert!(!breaker.learn(SendOutcome::NotSent, rest, 0.0, Timestamp(0)));
        assert!(!breaker.admits(Timestamp(6_999)));
        assert!(!breaker.is_open() && !breaker.is_idle(Timestamp(0)));
        assert!(breaker.admits(Timestamp(7_000)) && breaker.admits(Timestamp(7_000)));
    }

    #[test]
    fn pauses_do_not_grow_for_ever() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 10_000, 0);
        let longest = limits::BREAKER_PAUSE * 2u32.pow(limits::BREAKER_DOUBLINGS_MAX) * 2;
        let longest = i64::try_from(longest.as_millis()).expect("bounded");
        assert!(breaker.admits(Timestamp(longest)));
    }
}
