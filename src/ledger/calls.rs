//! Calls: what is known of each while it lasts, how it ended, and which follow-up came of it.
//!
//! Only `apply` changes this. A record is dropped by its deadline; one that still has open holds is kept until they have
//! ended. A follow-up's hold stands in a list of its own exactly while it is open, so that a text may answer it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{CallId, CallReport, CallerId, FollowUp, HoldId, MessageId, Timestamp, Wished};

use super::table::FixedMap;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    /// As it was reported.
    pub report: CallReport,
    /// What was wished for in it, as far as it is known.
    pub wish: Wished,
    /// Whether its caller is written to.
    pub follow_up: FollowUp,
    /// The text to them.
    pub message: Option<MessageId>,
    /// The hold that the text offers.
    pub hold: Option<HoldId>,
    /// When a text that waits for the morning is decided.
    pub planned_at: Option<Timestamp>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CallRecord {
    /// Its holds that have not ended.
    pub open_holds: Vec<HoldId>,
    /// Its newest hold.
    pub last_hold: Option<HoldId>,
    /// The slot of its newest hold, unless that was given back.
    pub held: Option<Wished>,
    /// A hold of it became an appointment.
    pub booked: bool,
    /// How it ended, once it has.
    pub ended: Option<Ended>,
    /// When it is dropped.
    pub forget_at: Timestamp,
}

impl Default for CallRecord {
    fn default() -> Self {
        Self {
            open_holds: Vec::new(),
            last_hold: None,
            held: None,
            booked: false,
            ended: None,
            forget_at: Timestamp::MIN,
        }
    }
}

/// A hold that a follow-up offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FollowUpHold {
    /// Of which call.
    pub call: CallId,
    /// Who called.
    pub caller: CallerId,
    /// When it was offered.
    pub at: Timestamp,
}

/// The calls of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Calls {
    records: FixedMap<CallId, CallRecord>,
    follow_ups: BTreeMap<HoldId, FollowUpHold>,
    /// Follow-ups that wait for the morning, by when.
    planned: BTreeSet<(Timestamp, CallId)>,
}

impl Calls {
    /// A call.
    pub fn get(&self, call: CallId) -> Option<&CallRecord> {
        self.records.get(&call)
    }

    /// The holds of a call that have not ended, the oldest first.
    pub fn open_holds(&self, call: CallId) -> &[HoldId] {
        self.get(call).map_or(&[], |record| &record.open_holds)
    }

    /// The follow-up that a hold belongs to.
    pub fn follow_up(&self, hold: HoldId) -> Option<&FollowUpHold> {
        self.follow_ups.get(&hold)
    }

    /// The first follow-up that waits for the morning.
    pub fn first_planned(&self) -> Option<(Timestamp, CallId)> {
        self.planned.first().copied()
    }

    /// A call to be changed, kept until then at least; and when it was to be dropped, if that has changed.
    pub fn record(
        &mut self,
        call: CallId,
        until: Timestamp,
    ) -> (&mut CallRecord, Option<Timestamp>) {
        let record = self.records.entry(call).or_default();
        let before = record.forget_at;
        let is_later = before < until;
        record.forget_at = before.max(until);
        (record, is_later.then_some(before))
    }

    /// A call that is there, to be changed.
    pub fn get_mut(&mut self, call: CallId) -> Option<&mut CallRecord> {
        self.records.get_mut(&call)
    }

    /// A follow-up is decided in the morning.
    pub fn plan(&mut self, call: CallId, at: Timestamp) {
        self.drop_plan(call);
        let ended = self.ended_mut(call);
        ended.planned_at = Some(at);
        self.planned.insert((at, call));
    }

    /// It is decided now.
    pub fn drop_plan(&mut self, call: CallId) {
        let before = self.ended_mut(call).planned_at.take();
        if let Some(at) = before {
            self.planned.remove(&(at, call));
        }
    }

    /// The end of a call, to be changed.
    pub fn ended_mut(&mut self, call: CallId) -> &mut Ended {
        let record = self.records.get_mut(&call);
        let ended = record.and_then(|record| record.ended.as_mut());
        ended.expect("only a call that has ended is followed up")
    }

    /// A hold is a follow-up's.
    pub fn offer(&mut self, hold: HoldId, follow_up: FollowUpHold) {
        self.follow_ups.insert(hold, follow_up);
    }

    /// A hold has ended.
    pub fn close(&mut self, call: Option<CallId>, hold: HoldId) -> Option<FollowUpHold> {
        let record = call.and_then(|call| self.records.get_mut(&call));
        if let Some(record) = record {
            record.open_holds.retain(|open| *open != hold);
        }
        self.follow_ups.remove(&hold)
    }

    /// Drops a call; gives it back if holds of it are still open.
    pub fn forget(&mut self, call: CallId) -> Option<&mut CallRecord> {
        if !self.open_holds(call).is_empty() {
            return self.records.get_mut(&call);
        }
        let record = self.records.remove(&call);
        let planned = record.and_then(|record| record.ended?.planned_at);
        if let Some(at) = planned {
            self.planned.remove(&(at, call));
        }
        None
    }

    /// The calls in order of their ids and the holds that are follow-ups', for an image.
    pub fn taken_down(&self) -> (Vec<(CallId, &CallRecord)>, &BTreeMap<HoldId, FollowUpHold>) {
        let records = self.records.iter().map(|(call, record)| (*call, record));
        let mut records: Vec<_> = records.collect();
        records.sort_unstable_by_key(|(call, _)| *call);
        (records, &self.follow_ups)
    }

    /// The same from an image; what waits for the morning follows from the records.
    pub fn restored(
        records: impl IntoIterator<Item = (CallId, CallRecord)>,
        follow_ups: BTreeMap<HoldId, FollowUpHold>,
    ) -> Self {
        let records: FixedMap<_, _> = records.into_iter().collect();
        let planned = records.iter().filter_map(|(call, record)| {
            let at = record.ended?.planned_at?;
            Some((at, *call))
        });
        Self {
            planned: planned.collect(),
            follow_ups,
            records,
        }
    }

    /// Every call and when it is dropped; for checks alone.
    pub fn deadlines(&self) -> impl Iterator<Item = (CallId, Timestamp)> {
        let records = self.records.iter();
        records.map(|(call, record)| (*call, record.forget_at))
    }

    /// How many open holds all calls have; for checks alone.
    pub fn open(&self) -> usize {
        let records = self.records.values();
        records.map(|record| record.open_holds.len()).sum()
    }

    /// Holds that are follow-ups'; for checks alone.
    pub fn follow_up_holds(&self) -> impl Iterator<Item = HoldId> {
        self.follow_ups.keys().copied()
    }

    /// Asserts that the lists say what the records say.
    pub fn check(&self) {
        let mut planned = 0;
        for (call, record) in &self.records {
            if let Some(at) = record.ended.and_then(|ended| ended.planned_at) {
                let listed = self.planned.contains(&(at, *call));
                assert!(listed, "what waits for the morning is on its list");
                planned += 1;
            }
        }
        assert_eq!(planned, self.planned.len(), "and nothing else is");
    }
}
