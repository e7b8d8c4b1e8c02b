//! The waitlist's tables: who waits, what is offered to whom, and which time has become free and is not offered yet.
//!
//! Nothing here decides or knows the time. Whoever waits stands in one queue for each service, by their place in order of
//! creation, so that those who were offered something or have ended are not walked; the times that they would come stand
//! there too, so that those whom a time does not suit are not even looked up (measured: an eighth of the time). Invariant: an entry stands in a queue
//! exactly while it waits, and has an offer exactly while it is offered one; `check` walks all of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits;
use crate::model::{
    AppointmentId, CallerId, Claim, EndReason, HoldId, Interval, ResourceId, ServiceId, Times,
    Timestamp, WaitlistEntry, WaitlistId, WaitlistState,
};

use super::table::{FixedMap, Table};

/// Those who wait for one service, by serial number, with the times that they would come.
pub(super) type Queue = BTreeMap<u64, Times>;

/// The waitlist of one tenant.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Waitlist {
    entries: Table<WaitlistId, WaitlistEntry>,
    /// Those that wait, by service. No queue is empty.
    queues: BTreeMap<ServiceId, Queue>,
    /// When those that wait wait no longer.
    ends: BTreeSet<(Timestamp, WaitlistId)>,
    /// Holds that are offers.
    offers: BTreeMap<HoldId, WaitlistId>,
    /// How many entries of a service have not ended. None is zero.
    awaited: BTreeMap<ServiceId, usize>,
    /// The entries of a phone that have not ended, in order of creation. No list is empty.
    phones: FixedMap<CallerId, Vec<WaitlistId>>,
    /// Time that became free while someone waited who might use it, soonest first; and up to whom it was looked at in vain.
    freed: BTreeMap<(Interval, ResourceId), u64>,
    /// Such time that fitted nobody while offers stood: it may fit whoever has no offer any more. Empty without offers.
    kept: BTreeSet<(Interval, ResourceId)>,
}

impl Waitlist {
    /// The waitlist of these entries and this freed time: who stands where follows from the entries.
    pub fn restored(
        entries: Table<WaitlistId, WaitlistEntry>,
        freed: BTreeMap<(Interval, ResourceId), u64>,
        kept: BTreeSet<(Interval, ResourceId)>,
    ) -> Self {
        let mut restored = Self {
            freed,
            kept,
            ..Self::default()
        };
        for (serial, entry) in entries.after(0) {
            match entry.state {
                WaitlistState::Waiting => {
                    let queue = restored.queues.entry(entry.service).or_default();
                    queue.insert(serial, entry.times);
                    restored.ends.insert((entry.ends_at, entry.id));
                }
                WaitlistState::Offered(hold) => {
                    restored.offers.insert(hold, entry.id);
                }
                WaitlistState::Booked(_) | WaitlistState::Withdrawn | WaitlistState::Over(_) => {}
            }
            if entry.ended_at.is_none() {
                let of_phone = restored.phones.entry(entry.party.caller).or_default();
                of_phone.push(entry.id);
                *restored.awaited.entry(entry.service).or_default() += 1;
            }
        }
        Self {
            entries,
            ..restored
        }
    }

    /// What does not follow from anything else.
    #[expect(clippy::type_complexity, reason = "the same three as above")]
    pub fn taken_down(
        &self,
    ) -> (
        &Table<WaitlistId, WaitlistEntry>,
        &BTreeMap<(Interval, ResourceId), u64>,
        &BTreeSet<(Interval, ResourceId)>,
    ) {
        (&self.entries, &self.freed, &self.kept)
    }

    /// An entry.
    pub fn get(&self, id: WaitlistId) -> Option<&WaitlistEntry> {
        self.entries.get(&id)
    }

    /// The entry of this serial number.
    pub fn by_serial(&self, serial: u64) -> Option<&WaitlistEntry> {
        self.entries.by_serial(serial)
    }

    /// The entries made after the one of this serial number, in order of creation.
    pub fn after(&self, serial: u64) -> impl DoubleEndedIterator<Item = (u64, &WaitlistEntry)> {
        self.entries.after(serial)
    }

    /// How many have not ended.
    pub fn open(&self) -> usize {
        self.awaited.values().sum()
    }

    /// How many of a phone have not ended.
    pub fn open_of(&self, caller: CallerId) -> usize {
        self.phones.get(&caller).map_or(0, Vec::len)
    }

    /// Those of a phone that have not ended, in order of creation.
    pub fn open_entries_of(&self, caller: CallerId) -> impl Iterator<Item = &WaitlistEntry> {
        let own = self.phones.get(&caller).into_iter().flatten();
        own.filter_map(|id| self.entries.get(id))
    }

    /// The services that someone waits for or is offered.
    pub fn awaited(&self) -> impl Iterator<Item = ServiceId> {
        self.awaited.keys().copied()
    }

    /// The services that someone waits for, with those who do.
    pub fn queues(&self) -> impl Iterator<Item = (ServiceId, &Queue)> {
        self.queues.iter().map(|(service, queue)| (*service, queue))
    }

    /// Whose offer a hold is.
    pub fn offered_by(&self, hold: HoldId) -> Option<&WaitlistEntry> {
        self.get(*self.offers.get(&hold)?)
    }

    /// Time that became free and is not offered yet, soonest first, with the serial number of the last entry that it does
    /// not fit.
    pub fn freed(&self) -> impl Iterator<Item = (Claim, u64)> {
        let freed = self.freed.iter();
        freed.map(|((interval, resource), looked)| {
            let (resource, interval) = (*resource, *interval);
            (Claim { resource, interval }, *looked)
        })
    }

    /// Those whose time to wait is over by `now`, in order of that.
    pub fn over_by(&self, now: Timestamp) -> impl Iterator<Item = WaitlistId> {
        let due = self.ends.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, id)| *id)
    }

    /// When the next one waits no longer.
    pub fn next_end(&self) -> Option<Timestamp> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Adds an entry at the end.
    pub fn join(&mut self, entry: WaitlistEntry) {
        assert!(
            entry.state == WaitlistState::Waiting,
            "whoever comes new waits"
        );
        let id = entry.id;
        self.phones.entry(entry.party.caller).or_default().push(id);
        *self.awaited.entry(entry.service).or_default() += 1;
        self.entries.insert(id, entry);
        self.enqueue(id);
    }

    /// A hold was placed for an entry.
    pub fn offer(&mut self, id: WaitlistId, hold: HoldId) {
        self.dequeue(id);
        self.change(id, WaitlistState::Offered(hold));
        let before = self.offers.insert(hold, id);
        assert!(before.is_none(), "a hold is one offer");
    }

    /// An offer was not taken: the entry waits again at its old place, or is over. Gives the entry if it ended.
    pub fn pass_up(
        &mut self,
        hold: HoldId,
        start: Timestamp,
        unanswered: bool,
        at: Timestamp,
    ) -> Option<WaitlistId> {
        let id = self.offers.remove(&hold)?;
        let entry = self.entry_mut(id);
        entry.pass_up(start);
        entry.unanswered += u32::from(unanswered);
        if entry.unanswered >= limits::OFFERS_UNANSWERED_MAX {
            self.end(id, WaitlistState::Over(EndReason::OffersUnanswered), at);
            return Some(id);
        }
        self.change(id, WaitlistState::Waiting);
        self.enqueue(id);
        None
    }

    /// An offer became an appointment. Gives the entry, which ended.
    pub fn book(
        &mut self,
        hold: HoldId,
        appointment: AppointmentId,
        at: Timestamp,
    ) -> Option<WaitlistId> {
        let id = self.offers.remove(&hold)?;
        self.end(id, WaitlistState::Booked(appointment), at);
        Some(id)
    }

    /// An entry waits no longer; its offer, if it has one, is no offer any more.
    pub fn leave(&mut self, id: WaitlistId, state: WaitlistState, at: Timestamp) {
        match self.entry_mut(id).state {
            WaitlistState::Waiting => self.dequeue(id),
            WaitlistState::Offered(hold) => {
                let before = self.offers.remove(&hold);
                assert!(before == Some(id), "an entry's offer is its own");
            }
            _ => unreachable!("an entry ends once"),
        }
        self.end(id, state, at);
    }

    /// Time became free. Beyond the bound nobody is offered it: there is more of it than can be offered in time.
    pub fn note_freed(&mut self, claim: Claim) {
        if self.freed.len() < limits::FREED_MAX {
            self.freed.insert((claim.interval, claim.resource), 0);
        }
    }

    /// It does not fit anyone up to this serial number.
    pub fn note_looked(&mut self, claim: Claim, up_to: u64) {
        let looked = self.freed.get_mut(&(claim.interval, claim.resource));
        *looked.expect("what is looked at was noted") = up_to;
    }

    /// Freed time is taken wholly, over, or of no use to anyone who waits.
    pub fn drop_freed(&mut self, claims: &[Claim]) {
        for claim in claims {
            let there = self.freed.remove(&(claim.interval, claim.resource));
            assert!(there.is_some(), "what is dropped was noted");
        }
    }

    /// Freed time is of no use to anyone as long as no offer ends.
    pub fn keep_freed(&mut self, claims: &[Claim]) {
        self.drop_freed(claims);
        let room = limits::FREED_MAX - self.kept.len();
        let kept = claims.iter().take(room);
        self.kept
            .extend(kept.map(|claim| (claim.interval, claim.resource)));
    }

    /// An offer to this phone has ended: time that its entries might take is looked at again, for everyone. What else was
    /// kept is over with the last offer.
    pub fn look_again(
        &mut self,
        caller: CallerId,
        might_take: impl Fn(&WaitlistEntry, Claim) -> bool,
    ) {
        let of_phone = self.phones.get(&caller).map_or(&[][..], Vec::as_slice);
        let entries = of_phone.iter().filter_map(|id| self.entries.get(id));
        let waiting: Vec<_> = entries
            .filter(|entry| entry.state == WaitlistState::Waiting)
            .collect();
        let is_wanted = |(interval, resource): &(Interval, ResourceId)| {
            let (resource, interval) = (*resource, *interval);
            let claim = Claim { resource, interval };
            waiting.iter().any(|entry| might_take(entry, claim))
        };
        for (freed, looked) in &mut self.freed {
            if *looked > 0 && is_wanted(freed) {
                *looked = 0;
            }
        }
        let again: Vec<_> = self.kept.iter().copied().filter(is_wanted).collect();
        for freed in again {
            self.kept.remove(&freed);
            self.freed.insert(freed, 0);
        }
        if self.offers.is_empty() {
            self.kept.clear();
        }
    }

    /// Whether anyone is being offered something.
    pub fn has_offers(&self) -> bool {
        !self.offers.is_empty()
    }

    /// Drops an entry that ended.
    pub fn forget(&mut self, id: WaitlistId) {
        let entry = self.entries.remove(&id);
        let ended = entry.and_then(|entry| entry.ended_at);
        assert!(ended.is_some(), "only what has ended is forgotten");
    }

    fn entry_mut(&mut self, id: WaitlistId) -> &mut WaitlistEntry {
        let entry = self.entries.get_mut(&id);
        entry.expect("events name known entries")
    }

    fn change(&mut self, id: WaitlistId, state: WaitlistState) {
        let entry = self.entry_mut(id);
        entry.state = state;
        entry.version += 1;
    }

    fn end(&mut self, id: WaitlistId, state: WaitlistState, at: Timestamp) {
        self.change(id, state);
        let entry = self.entry_mut(id);
        entry.ended_at = Some(at);
        let (caller, service) = (entry.party.caller, entry.service);
        let of_service = self.awaited.get_mut(&service);
        let of_service = of_service.expect("a service's open entries are counted");
        *of_service -= 1;
        if *of_service == 0 {
            self.awaited.remove(&service);
        }
        let of_phone = self.phones.get_mut(&caller);
        let of_phone = of_phone.expect("a phone's open entries are listed");
        of_phone.retain(|own| *own != id);
        if of_phone.is_empty() {
            self.phones.remove(&caller);
        }
    }

    fn enqueue(&mut self, id: WaitlistId) {
        let (serial, entry) = self.place(id);
        let (service, times, end) = (entry.service, entry.times, (entry.ends_at, id));
        self.queues
            .entry(service)
            .or_default()
            .insert(serial, times);
        self.ends.insert(end);
    }

    fn dequeue(&mut self, id: WaitlistId) {
        let (serial, entry) = self.place(id);
        let (service, end) = (entry.service, (entry.ends_at, id));
        let queue = self.queues.get_mut(&service);
        let queue = queue.expect("whoever waits stands in a queue");
        let stood = queue.remove(&serial);
        assert!(stood.is_some(), "whoever waits stands in a queue");
        if queue.is_empty() {
            self.queues.remove(&service);
        }
        self.ends.remove(&end);
    }

    fn place(&self, id: WaitlistId) -> (u64, &WaitlistEntry) {
        let serial = self.entries.serial_of(&id);
        let serial = serial.expect("events name known entries");
        let entry = self.entries.by_serial(serial);
        (serial, entry.expect("its serial is known"))
    }

    /// Asserts that every list says what the entries say. Walks everything: for tests, recovery and `verify`.
    pub fn check(&self) {
        let (mut waiting, mut offered) = (0, 0);
        let mut phones: BTreeMap<CallerId, Vec<WaitlistId>> = BTreeMap::new();
        let mut awaited: BTreeMap<ServiceId, usize> = BTreeMap::new();
        for (serial, entry) in self.entries.after(0) {
            let queue = self.queues.get(&entry.service);
            let queued = queue.and_then(|queue| queue.get(&serial));
            let waits = entry.state == WaitlistState::Waiting;
            let times = waits.then_some(&entry.times);
            assert_eq!(queued, times, "whoever waits stands in a queue");
            let ends = self.ends.contains(&(entry.ends_at, entry.id));
            assert_eq!(ends, waits, "whoever waits does so until then");
            waiting += usize::from(waits);
            if let WaitlistState::Offered(hold) = entry.state {
                let known = self.offers.get(&hold);
                assert_eq!(known, Some(&entry.id), "an offer knows whose it is");
                offered += 1;
            }
            if entry.ended_at.is_none() {
                phones.entry(entry.party.caller).or_default().push(entry.id);
                *awaited.entry(entry.service).or_default() += 1;
            }
        }
        let kept = self.kept.is_empty() || self.has_offers();
        assert!(kept, "time is kept for whoever has an offer");
        let queued: usize = self.queues.values().map(BTreeMap::len).sum();
        let counts = (queued, self.ends.len(), self.offers.len());
        assert_eq!(counts, (waiting, waiting, offered), "and nobody else");
        assert_eq!(awaited, self.awaited, "a service's entries are counted");
        let no_queue_is_empty = self.queues.values().all(|queue| !queue.is_empty());
        assert!(no_queue_is_empty, "a queue is of someone");
        assert_eq!(
            phones.len(),
            self.phones.len(),
            "phones are kept for a reason"
        );
        for (caller, own) in phones {
            assert_eq!(
                self.phones.get(&caller),
                Some(&own),
                "a phone's entries are listed"
            );
        }
    }
}
