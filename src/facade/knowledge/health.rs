//! How the embedding models of all clinics are doing: who is left alone, and how many questions are under way.
//!
//! By clinic, because a model is one clinic's: another's faults are none of its. New settings begin anew. Bounded by the number of
//! clinics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::breaker::Breaker;
use crate::clock::Clock;
use crate::facade::upstream::Upstream;
use crate::limits::{EMBEDDING_FAULTS_IN_A_ROW, EMBEDDINGS_IN_FLIGHT_PER_CLINIC_MAX};
use crate::metrics::Metrics;
use crate::model::TenantId;

/// What models are asked with, and what is known of how they do.
#[derive(Clone)]
pub struct Model {
    /// What upstream is asked with.
    pub upstream: Arc<Upstream>,
    /// How all are doing.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// How all are doing.
pub struct Health {
    clock: Arc<dyn Clock>,
    clinics: Mutex<BTreeMap<TenantId, Clinic>>,
}

#[derive(Default)]
struct Clinic {
    /// Of which settings this is known.
    settings: u32,
    questions: Breaker,
    texts: Breaker,
    questions_in_flight: usize,
}

/// A question under way: its place is free again when this is dropped.
pub struct Asking {
    health: Arc<Health>,
    tenant: TenantId,
    settings: u32,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(clinic) = self.health.clinics().get_mut(&self.tenant) {
            clinic.questions_in_flight -= 1;
        }
    }
}

impl Health {
    /// Nothing known yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            clinics: Mutex::default(),
        }
    }

    fn clinics(&self) -> MutexGuard<'_, BTreeMap<TenantId, Clinic>> {
        self.clinics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, tenant: TenantId, settings: u32, act: impl FnOnce(&mut Clinic) -> T) -> T {
        let mut clinics = self.clinics();
        let clinic = clinics.entry(tenant).or_default();
        if clinic.settings < settings {
            let questions_in_flight = clinic.questions_in_flight;
            *clinic = Clinic {
                settings,
                questions_in_flight,
                ..Clinic::default()
            };
        }
        act(clinic)
    }

    /// Whether a clinic's model of these settings may be asked about a question now.
    pub fn ask(self: &Arc<Self>, tenant: TenantId, settings: u32) -> Option<Asking> {
        let now = self.clock.now();
        self.with(tenant, settings, |clinic| {
            let has_room = clinic.questions_in_flight < EMBEDDINGS_IN_FLIGHT_PER_CLINIC_MAX;
            (has_room && clinic.questions.admits(now)).then(|| {
                clinic.questions_in_flight += 1;
                Asking {
                    health: Arc::clone(self),
                    tenant,
                    settings,
                }
            })
        })
    }

    /// Whether it may be asked about a text now.
    pub fn admits_text(&self, tenant: TenantId, settings: u32) -> bool {
        let now = self.clock.now();
        self.with(tenant, settings, |clinic| clinic.texts.admits(now))
    }

    /// Takes in what became of a text: a request about one was made several times already.
    pub fn learn_of_text(&self, tenant: TenantId, settings: u32, is_good: bool) {
        let now = self.clock.now();
        self.with(tenant, settings, |clinic| {
            if clinic.settings == settings {
                clinic.texts.learn(is_good, 1, now);
            }
        });
    }
}

impl Asking {
    /// Takes in whether an answer came in time. Whether the model is left alone from here on.
    pub fn learn(&self, is_good: bool) -> bool {
        let now = self.health.clock.now();
        self.health.with(self.tenant, self.settings, |clinic| {
            clinic.settings == self.settings
                && clinic
                    .questions
                    .learn(is_good, EMBEDDING_FAULTS_IN_A_ROW, now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::model::Timestamp;

    const NORTH: TenantId = TenantId(1);
    const SOUTH: TenantId = TenantId(2);

    #[test]
    fn each_clinic_has_its_own_and_new_settings_begin_anew() {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let health = Arc::new(Health::new(clock));
        for _ in 0..EMBEDDING_FAULTS_IN_A_ROW {
            let asking = health.ask(NORTH, 1).expect("it may be asked");
            asking.learn(false);
        }
        assert!(health.ask(NORTH, 1).is_none() && health.ask(SOUTH, 1).is_some());
        assert!(health.admits_text(NORTH, 1));
        let late = health.ask(NORTH, 2).expect("its settings are others");
        assert!(health.ask(NORTH, 2).is_some());
        late.learn(true);
        health.learn_of_text(NORTH, 2, false);
        assert!(!health.admits_text(NORTH, 2) && health.admits_text(SOUTH, 1));
    }

    #[test]
    fn only_so_many_questions_are_under_way() {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let health = Arc::new(Health::new(clock));
        let ask = || health.ask(NORTH, 1);
        let under_way: Vec<_> = (0..EMBEDDINGS_IN_FLIGHT_PER_CLINIC_MAX)
            .map(|_| ask())
            .collect();
        assert!(under_way.iter().all(Option::is_some) && ask().is_none());
        drop(under_way);
        assert!(ask().is_some());
    }
}
