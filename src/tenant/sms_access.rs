//! What a clinic sends texts with, what its voice line proves itself with and by which keys its models know it, opened: kept
//! for a few minutes, dropped at once when it changes.
//!
//! The sealed forms are in the ledger. The actor opens them; whoever asks next finds them here without asking the actor, also
//! the façade, which judges signatures by them before anything is looked up. A clinic without any is remembered as such, so
//! that strangers cannot keep its actor busy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::model::{
    AuthToken, KeyId, ModelKey, Models, SmsAccount, Timestamp, VoiceSecret, VoiceSettings,
};

/// An account with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsAccess {
    /// The account.
    pub account: SmsAccount,
    /// Its token.
    pub token: AuthToken,
    /// Which of the clinic's credentials this is, from 1.
    pub version: u32,
}

/// A voice line with its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceAccess {
    /// As whom it acts.
    pub key: KeyId,
    /// What it is.
    pub settings: VoiceSettings,
    /// Its secret.
    pub secret: VoiceSecret,
    /// Which of the clinic's lines this is, from 1.
    pub version: u32,
}

/// A clinic's models with their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelAccess {
    /// The models.
    pub models: Models<ModelKey>,
    /// Which of the clinic's settings this is, from 1.
    pub version: u32,
}

/// What is opened and kept.
pub trait Opened {
    /// Which of the clinic's this is, from 1.
    fn version(&self) -> u32;
}

impl Opened for SmsAccess {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Opened for VoiceAccess {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Opened for ModelAccess {
    fn version(&self) -> u32 {
        self.version
    }
}

/// The opened credentials of one clinic, of one kind.
pub struct AccessCache<T> {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    kept_seconds: u32,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Of the newest credentials; 0: there are none.
    version: u32,
    /// What was opened, and until when it is kept.
    kept: Option<(Option<Arc<T>>, Timestamp)>,
}

impl<T: Opened> AccessCache<T> {
    /// Nothing opened yet. `version` is that of the credentials in the ledger, 0 without any.
    pub fn new(
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        kept_seconds: u32,
        version: u32,
    ) -> Self {
        let state = State {
            version,
            kept: None,
        };
        Self {
            clock,
            metrics,
            kept_seconds,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is at hand; `None`: it has to be opened.
    pub fn get(&self) -> Option<Option<Arc<T>>> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.kept.as_ref().is_some_and(|(_, until)| *until <= now) {
            state.kept = None;
        }
        let found = state.kept.as_ref().map(|(access, _)| access.clone());
        match found {
            Some(_) => self.metrics.credential_hits.add_one(),
            None => self.metrics.credential_misses.add_one(),
        }
        found
    }

    /// Keeps what was opened, unless there are newer ones by now.
    pub fn keep(&self, access: Option<Arc<T>>) {
        let until = self.clock.now().plus_seconds(self.kept_seconds.into());
        let mut state = self.state();
        if access.as_ref().map_or(0, |access| access.version()) == state.version {
            state.kept = Some((access, until));
        }
    }

    /// The credentials are others now.
    pub fn change(&self, version: u32) {
        let mut state = self.state();
        state.version = version;
        state.kept = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn access(version: u32) -> Option<Arc<SmsAccess>> {
        let sid = format!("AC{}", "0".repeat(32));
        Some(Arc::new(SmsAccess {
            account: SmsAccount::new(&sid, "+442079460123").expect("an account"),
            token: AuthToken::new("secret".to_owned()).expect("a token"),
            version,
        }))
    }

    #[test]
    fn what_is_opened_is_kept_for_its_time_and_until_it_changes() {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let metrics = Arc::new(Metrics::default());
        let cache = AccessCache::new(
            Arc::<ManualClock>::clone(&clock),
            Arc::clone(&metrics),
            300,
            1,
        );
        assert_eq!(cache.get(), None);
        cache.keep(access(1));
        clock.advance_seconds(299);
        assert_eq!(cache.get(), Some(access(1)));
        clock.advance_seconds(1);
        assert_eq!(cache.get(), None, "its time is over");
        cache.keep(access(1));
        cache.change(2);
        assert_eq!(cache.get(), None, "there are others");
        cache.keep(access(1));
        assert_eq!(cache.get(), None, "an old one that comes late is not kept");
        assert_eq!(
            (
                metrics.credential_hits.get(),
                metrics.credential_misses.get()
            ),
            (1, 4)
        );
    }

    #[test]
    fn that_there_are_none_is_known_too() {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let cache = AccessCache::<SmsAccess>::new(clock, Arc::default(), 300, 0);
        cache.keep(None);
        assert_eq!(cache.get(), Some(None));
        cache.change(1);
        assert_eq!(cache.get(), None);
    }
}
