//! When reminders are due: one at the most for an appointment, dropped with every change of it.

use std::collections::BTreeSet;

use crate::model::{AppointmentId, Timestamp};

use super::table::FixedMap;

/// The reminders that are to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reminders {
    by_due: BTreeSet<(Timestamp, AppointmentId)>,
    due: FixedMap<AppointmentId, Timestamp>,
}

impl Reminders {
    /// These reminders.
    pub fn restored(rows: Vec<(Timestamp, AppointmentId)>) -> Self {
        Self {
            due: rows
                .iter()
                .map(|(at, appointment)| (*appointment, *at))
                .collect(),
            by_due: rows.into_iter().collect(),
        }
    }

    /// Every reminder and when it is due, the first first.
    pub fn rows(&self) -> impl Iterator<Item = (Timestamp, AppointmentId)> + '_ {
        self.by_due.iter().copied()
    }

    /// One is to be sent then; it takes the place of what was to be sent before.
    pub fn set(&mut self, appointment: AppointmentId, at: Timestamp) {
        self.drop(appointment);
        self.by_due.insert((at, appointment));
        self.due.insert(appointment, at);
    }

    /// None is to be sent.
    pub fn drop(&mut self, appointment: AppointmentId) {
        if let Some(at) = self.due.remove(&appointment) {
            self.by_due.remove(&(at, appointment));
        }
    }

    /// Those that are due, the first first.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = AppointmentId> + '_ {
        let due = self.by_due.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, appointment)| *appointment)
    }

    /// When the next one is.
    pub fn next(&self) -> Option<Timestamp> {
        self.by_due.first().map(|(at, _)| *at)
    }

    /// Those that are to be sent.
    pub fn all(&self) -> impl Iterator<Item = AppointmentId> + '_ {
        self.by_due.iter().map(|(_, appointment)| *appointment)
    }

    /// Asserts that both ways of looking at them agree.
    pub fn check(&self) {
        assert_eq!(self.by_due.len(), self.due.len(), "one for an appointment");
        let same = |(at, id): &(Timestamp, AppointmentId)| self.due.get(id) == Some(at);
        assert!(self.by_due.iter().all(same), "due when it is due");
    }
}
