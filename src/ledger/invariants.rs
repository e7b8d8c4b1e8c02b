//! What must hold of a ledger after every event, asserted: for tests, recovery and `verify`. Walks everything, changes nothing.

use std::collections::BTreeMap;

use crate::limits;
use crate::model::{
    AppointmentStatus, Claim, HoldState, MessageState, ResourceId, Timestamp, WaitlistState,
};

use super::occupancy::Owner;
use super::state::{Forget, Ledger};

impl Ledger {
    /// Asserts what must hold after every event. Walks everything: for tests, recovery and `verify`.
    pub fn check_invariants(&self) {
        let mut by_resource: BTreeMap<ResourceId, BTreeMap<_, Owner>> = BTreeMap::new();
        for (resource, entry) in self.occupancy.entries() {
            by_resource
                .entry(resource)
                .or_default()
                .insert(entry.interval, entry.owner);
        }
        for entries in by_resource.values() {
            let intervals: Vec<_> = entries.keys().collect();
            let apart = intervals
                .windows(2)
                .all(|pair| pair[0].end() <= pair[1].start());
            assert!(apart, "two claims of one resource never overlap");
        }
        let (overbooked, regular): (Vec<_>, Vec<_>) =
            self.owned().partition(|(_, _, overbooked)| *overbooked);
        for (owner, claim, _) in &regular {
            let entered = by_resource
                .get(&claim.resource)
                .and_then(|e| e.get(&claim.interval));
            assert_eq!(entered, Some(owner), "who owns time is entered for it");
        }
        let entered: usize = by_resource.values().map(BTreeMap::len).sum();
        assert_eq!(
            entered,
            regular.len(),
            "nothing is entered that nobody owns"
        );
        let mut entered: Vec<_> = self
            .occupancy
            .overbooked_entries()
            .map(|(resource, entry)| (entry.owner, resource, entry.interval))
            .collect();
        entered.sort_unstable();
        // One over midnight stands on two days.
        entered.dedup();
        let mut owned: Vec<_> = overbooked
            .into_iter()
            .map(|(owner, claim, _)| (owner, claim.resource, claim.interval))
            .collect();
        owned.sort_unstable();
        assert_eq!(
            entered, owned,
            "what is overbooked stands in the second list"
        );
        let every = Some(self.appointments.len());
        assert_eq!(self.agenda.len(), every, "nothing else is on the agenda");
        for (serial, appointment) in self.appointments.after(0) {
            let place = (appointment.interval.start(), serial);
            let entered = self.agenda.has(appointment.party.person, place);
            assert!(entered, "every appointment is on the agenda");
        }
        self.check_lists();
        self.waitlist.check();
        self.check_deadlines();
        self.check_texts();
    }

    /// What is kept by caller and by call is what the holds say.
    fn check_lists(&self) {
        let unbooked = self.unbooked.len();
        assert!(unbooked.is_some(), "who never booked is on both lists");
        let mut open = 0;
        let mut in_calls = 0;
        for (_, hold) in self.holds.after(0) {
            let of_caller = self.callers.get(&hold.party.caller);
            let listed = of_caller.is_some_and(|caller| caller.open_holds.contains(&hold.id));
            let of_call = hold
                .call
                .map_or(&[][..], |call| self.calls.open_holds(call));
            let in_call = of_call.contains(&hold.id);
            let is_open = hold.state == HoldState::Held;
            assert_eq!(listed, is_open, "a phone lists its open holds");
            assert_eq!(
                in_call,
                is_open && hold.call.is_some(),
                "a call lists its open holds"
            );
            open += usize::from(listed);
            in_calls += usize::from(in_call);
        }
        let by_caller: usize = self.callers.values().map(|c| c.open_holds.len()).sum();
        let counted = (by_caller, self.calls.open());
        assert_eq!(counted, (open, in_calls), "and no others");
        for hold in self.calls.follow_up_holds() {
            let is_open = self.holds.get(&hold).map(|hold| hold.state);
            assert_eq!(is_open, Some(HoldState::Held), "a follow-up's hold is open");
        }
        self.calls.check();
    }

    /// Everything that is kept for a while has its deadline, and every deadline something to end: nothing stays for ever.
    fn check_deadlines(&self) {
        let mut forgets = 0;
        self.each_deadline(|at, row| {
            assert!(self.forgets.contains(&(at, row)), "what is kept is dropped");
            forgets += 1;
        });
        let mut lapses = 0;
        for (_, hold) in self.holds.after(0) {
            if hold.state == HoldState::Held {
                let lapse = (hold.expires_at, hold.id);
                assert!(self.lapses.contains(&lapse), "an open hold has its lapse");
                lapses += 1;
            }
        }
        for (_, entry) in self.waitlist.after(0) {
            if let WaitlistState::Offered(hold) = entry.state {
                let hold = self.holds.get(&hold).map(|hold| hold.state);
                assert_eq!(hold, Some(HoldState::Held), "an offer is a hold");
            }
        }
        for caller in self.callers.values() {
            let is_kept = caller.failed_attempts > 0 || !caller.open_holds.is_empty();
            assert!(is_kept, "a phone is kept for a reason");
        }
        assert_eq!(lapses, self.lapses.len(), "every lapse has its hold");
        assert_eq!(forgets, self.forgets.len(), "every deadline has its row");
    }

    /// What is kept for a while, and when it is dropped: it follows from the rows. An image restores the deadlines from this.
    pub(super) fn each_deadline(&self, mut due: impl FnMut(Timestamp, Forget)) {
        let kept = limits::ENDED_KEPT_SECONDS;
        for (_, hold) in self.holds.after(0) {
            if hold.state != HoldState::Held {
                due(
                    hold.lifetime_ends_at.plus_seconds(kept),
                    Forget::Hold(hold.id),
                );
            }
        }
        for (_, message) in self.messages.after(0) {
            let is_open = matches!(
                message.state,
                MessageState::HandedOver | MessageState::Waiting(_)
            );
            if !is_open {
                due(
                    message.queued_at.plus_seconds(kept),
                    Forget::Message(message.id),
                );
            }
        }
        for (_, entry) in self.waitlist.after(0) {
            if let Some(ended) = entry.ended_at {
                due(ended.plus_seconds(kept), Forget::WaitlistEntry(entry.id));
            }
        }
        for (at, row) in self.kept_rows() {
            due(at, row);
        }
        for (id, caller) in &self.callers {
            if caller.failed_attempts > 0 {
                due(caller.window_ends_at, Forget::Attempts(*id));
            }
        }
    }

    /// What is kept for a while and has no other end, with its deadline.
    fn kept_rows(&self) -> Vec<(Timestamp, Forget)> {
        let calls = self.calls.deadlines();
        let calls = calls.map(|(call, at)| (at, Forget::Call(call)));
        let conversations = self.conversations.after(0).map(|(_, conversation)| {
            let row = Forget::Conversation(conversation.caller);
            (conversation.expires_at, row)
        });
        let phones = self.budgets.phones();
        let phones = phones.map(|(at, phone)| (at, Forget::TextsTo(phone)));
        let prefixes = self.budgets.prefixes();
        let prefixes = prefixes.map(|(at, prefix)| (at, Forget::Prefix(prefix)));
        let texts = self.replies.text_deadlines();
        let texts = texts.map(|(text, until)| (until, Forget::TakenText(text)));
        let answers = self.replies.answer_deadlines();
        let answers = answers.map(|(caller, until)| (until, Forget::Answer(caller)));
        let requests = self.requests.deadlines();
        let requests = requests.map(|(key, until)| (until, Forget::Request(*key)));
        let rows = calls.chain(conversations).chain(phones).chain(prefixes);
        rows.chain(texts).chain(answers).chain(requests).collect()
    }

    /// Texts are on the list of what they wait for, and only who is expected is reminded.
    fn check_texts(&self) {
        let mut deferred = 0;
        for (_, message) in self.messages.after(0) {
            let unsettled = self.unsettled.contains(&message.id);
            let handed_over = message.state == MessageState::HandedOver;
            assert_eq!(unsettled, handed_over, "what is unsettled is on its list");
            if let MessageState::Waiting(until) = message.state {
                let waits = self.deferred.contains(&(until, message.id));
                assert!(waits, "what waits is on its list");
                deferred += 1;
            }
        }
        assert_eq!(deferred, self.deferred.len(), "nothing else waits");
        self.reminders.check();
        for id in self.reminders.all() {
            let appointment = self.appointments.get(&id);
            let is_ahead = appointment.is_some_and(|one| one.status == AppointmentStatus::Booked);
            assert!(is_ahead, "only who is expected is reminded");
        }
    }

    /// What everyone has: whose, what, and whether it is overbooked.
    fn owned(&self) -> impl Iterator<Item = (Owner, Claim, bool)> {
        let holds = self.holds.after(0).map(|(_, hold)| hold);
        let held = holds
            .filter(|hold| hold.state == HoldState::Held)
            .map(|hold| (Owner::Hold(hold.id), &hold.claims, false));
        let booked = self.appointments.after(0).map(|(_, booked)| booked);
        let booked = booked
            .filter(|booked| booked.status.owns_time())
            .map(|booked| {
                let owner = Owner::Appointment(booked.id);
                (owner, &booked.claims, booked.overbooked)
            });
        held.chain(booked).flat_map(|(owner, claims, overbooked)| {
            claims.iter().map(move |claim| (owner, *claim, overbooked))
        })
    }
}
