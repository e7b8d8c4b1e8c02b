//! The ledger's state: its tables, and the lookups that rules and queries share.
//!
//! Only `apply` changes it. Everything derived (agenda, live holds of a caller, deadlines) is kept in step there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::calendar::Zone;
use crate::limits;
use crate::model::{
    Appointment, AppointmentId, CallId, CallerId, Conversation, Hold, HoldId, HoldState, KeyId,
    KeyRecord, Knowledge, Message, MessageId, MessageState, ModelRecord, Prefix, Profile,
    ProviderId, Resource, ResourceId, SendOutcome, Series, SeriesId, Service, Slug, SmsCredentials,
    TenantId, TenantRecord, Timestamp, VoiceLine, WaitlistId,
};

use super::agenda::Agenda;
use super::blocks::Blocks;
use super::budgets::Budgets;
use super::calls::Calls;
use super::day_sheets::{DaySheet, DaySheets};
use super::erasures::{Erasures, Unbooked};
use super::idempotency::Requests;
use super::occupancy::Occupancy;
use super::query::PageRequest;
use super::receipt::{AppointmentView, Cursor, HoldView, Page, SeriesView, ServiceView};
use super::reminders::Reminders;
use super::replies::Replies;
use super::table::{FixedMap, Table};
use super::waitlist::Waitlist;

/// What is kept of a phone between its holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CallerRecord {
    /// Holds that have not ended (they may have lapsed).
    pub open_holds: Vec<HoldId>,
    /// Wrong codes in the current window.
    pub failed_attempts: u32,
    /// When they became too many.
    pub locked_at: Option<Timestamp>,
    /// When that window ends.
    pub window_ends_at: Timestamp,
}

/// What is dropped when its time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Forget {
    /// A hold that ended.
    Hold(HoldId),
    /// A text that settled.
    Message(MessageId),
    /// That a text which came in was taken.
    TakenText([u8; 32]),
    /// That a phone's holder was answered.
    Answer(CallerId),
    /// A remembered request.
    Request([u8; 32]),
    /// A phone's count of wrong codes.
    Attempts(CallerId),
    /// What a phone got of codes.
    TextsTo(CallerId),
    /// A count of codes to a prefix.
    Prefix(Prefix),
    /// An entry of the waitlist that ended.
    WaitlistEntry(WaitlistId),
    /// A call that is long over.
    Call(CallId),
    /// What is remembered of a caller.
    Conversation(CallerId),
}

/// One tenant's ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    pub(super) tenant: TenantId,
    pub(super) profile: Option<Profile>,
    pub(super) sms: Option<SmsCredentials>,
    pub(super) voice: Option<VoiceLine>,
    pub(super) knowledge: Option<Knowledge>,
    pub(super) models: Option<ModelRecord>,
    pub(super) zone: Zone,
    pub(super) tenants: Table<Slug, TenantRecord>,
    pub(super) keys: Table<KeyId, KeyRecord>,
    pub(super) resources: Vec<Resource>,
    pub(super) resource_numbers: BTreeMap<Slug, ResourceId>,
    /// By resource number.
    pub(super) blocks: Vec<Blocks>,
    pub(super) services: Vec<Service>,
    pub(super) service_numbers: BTreeMap<Slug, usize>,
    pub(super) occupancy: Occupancy,
    pub(super) holds: Table<HoldId, Hold>,
    pub(super) appointments: Table<AppointmentId, Appointment>,
    pub(super) series: Table<SeriesId, Series>,
    pub(super) agenda: Agenda,
    pub(super) callers: FixedMap<CallerId, CallerRecord>,
    pub(super) calls: Calls,
    pub(super) conversations: Table<CallerId, Conversation>,
    pub(super) messages: Table<MessageId, Message>,
    /// By what the provider calls them.
    pub(super) texts_by_sid: BTreeMap<ProviderId, MessageId>,
    /// Texts handed to the outbox and not settled.
    pub(super) unsettled: BTreeSet<MessageId>,
    /// Texts that were certainly not sent and are to be tried again, by when.
    pub(super) deferred: BTreeSet<(Timestamp, MessageId)>,
    pub(super) reminders: Reminders,
    pub(super) budgets: Budgets,
    pub(super) waitlist: Waitlist,
    pub(super) replies: Replies,
    pub(super) requests: Requests,
    pub(super) erasures: Erasures,
    pub(super) unbooked: Unbooked,
    /// When holds lapse.
    pub(super) lapses: BTreeSet<(Timestamp, HoldId)>,
    /// When rows are dropped.
    pub(super) forgets: BTreeSet<(Timestamp, Forget)>,
    pub(super) sheets: DaySheets,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            profile: None,
            sms: None,
            voice: None,
            knowledge: None,
            models: None,
            zone: Zone::utc(),
            tenants: Table::default(),
            keys: Table::default(),
            resources: Vec::new(),
            resource_numbers: BTreeMap::new(),
            blocks: Vec::new(),
            services: Vec::new(),
            service_numbers: BTreeMap::new(),
            occupancy: Occupancy::default(),
            holds: Table::default(),
            appointments: Table::default(),
            series: Table::default(),
            agenda: Agenda::default(),
            callers: FixedMap::default(),
            calls: Calls::default(),
            conversations: Table::default(),
            messages: Table::default(),
            texts_by_sid: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            deferred: BTreeSet::new(),
            reminders: Reminders::default(),
            budgets: Budgets::default(),
            waitlist: Waitlist::default(),
            replies: Replies::default(),
            requests: Requests::default(),
            erasures: Erasures::default(),
            unbooked: Unbooked::default(),
            lapses: BTreeSet::new(),
            forgets: BTreeSet::new(),
            sheets: DaySheets::default(),
        }
    }

    /// Whose ledger this is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What the clinic says of itself; `None` until its first entry.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// The instance's tenants, in order of creation (tenant zero only).
    pub fn tenants(&self) -> impl Iterator<Item = &TenantRecord> {
        self.tenants.after(0).map(|(_, tenant)| tenant)
    }

    /// The clinic's zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The clinic's voice line, if it has one.
    pub fn voice_line(&self) -> Option<&VoiceLine> {
        self.voice.as_ref()
    }

    /// The clinic's models, if they were ever set.
    pub fn models(&self) -> Option<&ModelRecord> {
        self.models.as_ref()
    }

    /// The keys, revoked ones too, in order of creation.
    pub fn keys(&self) -> impl Iterator<Item = &KeyRecord> {
        self.keys.after(0).map(|(_, key)| key)
    }

    /// The next instant at which something is due: a lapse to write down, a wait to end, a row to drop.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let forget = self.forgets.first().map(|(at, _)| *at);
        self.next_act().into_iter().chain(forget).min()
    }

    /// The same without what is only dropped.
    fn next_act(&self) -> Option<Timestamp> {
        let lapse = self.lapses.first().map(|(at, _)| *at);
        let end = self.waitlist.next_end();
        let reminder = self.reminders.next();
        let planned = self.calls.first_planned().map(|(at, _)| at);
        let due = lapse.into_iter().chain(end).chain(reminder);
        due.chain(planned).min()
    }

    /// When a tenant that sleeps has to be woken. What is only dropped wakes nobody at its instant, but once a day for all of
    /// it; what is to be sent or offered now, at once.
    pub fn next_wake(&self) -> Option<Timestamp> {
        if !self.unsettled.is_empty() || self.has_freed() {
            return Some(Timestamp::MIN);
        }
        let text = self.deferred.first().map(|(at, _)| *at);
        let forget = self.forgets.first().map(|(at, _)| *at);
        let forget = forget.map(|at| at.plus_seconds(limits::SLEEPER_FORGETS_SECONDS));
        let due = self.next_act().into_iter().chain(text).chain(forget);
        due.min()
    }

    /// Whose hold it is.
    pub fn caller_of(&self, hold: HoldId) -> Option<CallerId> {
        self.holds.get(&hold).map(|hold| hold.party.caller)
    }

    /// A text.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(&id)
    }

    /// Texts handed to the outbox that have not settled.
    pub fn unsettled_texts(&self) -> impl Iterator<Item = MessageId> {
        self.unsettled.iter().copied()
    }

    /// Those of them and of the deferred ones that may be tried now.
    pub fn due_texts(&self, now: Timestamp) -> impl Iterator<Item = MessageId> {
        let deferred = self.deferred.iter().take_while(move |(at, _)| *at <= now);
        self.unsettled_texts().chain(deferred.map(|(_, id)| *id))
    }

    /// A page of the texts that were sent, newest first.
    pub fn sent_texts(&self, page: &PageRequest) -> Page<&Message> {
        let before = page.after.map_or(u64::MAX, |cursor| cursor.serial);
        let newest_first = self.messages.before(before).rev();
        let mut sent = newest_first
            .filter(|(_, text)| text.state == MessageState::Settled(SendOutcome::Sent))
            .take(page.limit + 1);
        let mut items = Vec::new();
        let mut last = None;
        for (serial, text) in sent.by_ref().take(page.limit) {
            items.push(text);
            last = Some(Cursor { at: 0, serial });
        }
        let next = last.filter(|_| sent.next().is_some());
        Page { items, next }
    }

    /// The resources, by their number.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Whose the open holds of a call are.
    pub fn callers_in(&self, call: CallId) -> impl Iterator<Item = CallerId> {
        let open = self.calls.open_holds(call).iter();
        open.filter_map(|hold| self.caller_of(*hold))
    }

    pub(super) fn resource(&self, id: &Slug) -> Option<&Resource> {
        let number = self.resource_numbers.get(id)?;
        self.resources.get(number.0 as usize)
    }

    pub(super) fn service(&self, id: &Slug) -> Option<&Service> {
        self.services.get(*self.service_numbers.get(id)?)
    }

    pub(super) fn numbered(&self, number: ResourceId) -> &Resource {
        &self.resources[number.0 as usize]
    }

    /// When a resource is open on a date.
    pub(super) fn sheet(&self, resource: &Resource, date: Date) -> Arc<DaySheet> {
        self.sheets.sheet(&self.zone, resource, date)
    }

    pub(super) fn service_of(&self, hold: &Hold) -> &Service {
        &self.services[hold.service.0 as usize]
    }

    /// Whether a phone has given too many wrong codes lately.
    pub(super) fn caller_is_locked(&self, caller: CallerId, now: Timestamp) -> bool {
        self.attempts_left_of(caller, now) == 0
    }

    /// Wrong codes that a phone may still give.
    pub(super) fn attempts_left_of(&self, caller: CallerId, now: Timestamp) -> u32 {
        let record = self
            .callers
            .get(&caller)
            .filter(|record| now < record.window_ends_at);
        let failed = record.map_or(0, |record| record.failed_attempts);
        limits::CALLER_ATTEMPTS_MAX.saturating_sub(failed)
    }

    /// Whether a human has to help with a hold: too many wrong codes were given for it, or by its phone before its time was
    /// over.
    pub(super) fn is_locked(&self, hold: &Hold, now: Timestamp) -> bool {
        let in_time = |at: Timestamp| at < hold.expires_at;
        let of_phone = || {
            let caller = self.callers.get(&hold.party.caller);
            caller.is_some_and(|caller| {
                now < caller.window_ends_at && caller.locked_at.is_some_and(in_time)
            })
        };
        hold.locked || hold.state.is_unresolved() && of_phone()
    }

    pub(super) fn slugs(&self, numbers: impl IntoIterator<Item = ResourceId>) -> Vec<Slug> {
        numbers
            .into_iter()
            .map(|number| self.numbered(number).id.clone())
            .collect()
    }

    fn slug_lists(&self, lists: &[Vec<ResourceId>]) -> Vec<Vec<Slug>> {
        let lists = lists.iter();
        lists.map(|list| self.slugs(list.iter().copied())).collect()
    }

    pub(super) fn hold_view(&self, hold: &Hold, now: Timestamp) -> HoldView {
        HoldView {
            id: hold.id,
            version: hold.version_at(now),
            service: self.service_of(hold).id.clone(),
            resources: self.slugs(hold.claims.iter().map(|claim| claim.resource)),
            interval: hold.interval,
            status: hold.status(now),
            expires_at: hold.expires_at,
            lifetime_ends_at: hold.lifetime_ends_at,
            party: hold.party,
            appointment: match hold.state {
                HoldState::Confirmed(appointment) => Some(appointment),
                HoldState::Held | HoldState::Released | HoldState::Expired => None,
            },
            locked: self.is_locked(hold, now),
        }
    }

    pub(super) fn appointment_view(&self, appointment: &Appointment) -> AppointmentView {
        AppointmentView {
            id: appointment.id,
            version: appointment.version,
            status: appointment.status,
            service: self.services[appointment.service.0 as usize].id.clone(),
            resources: self.slugs(appointment.claims.iter().map(|claim| claim.resource)),
            interval: appointment.interval,
            party: appointment.party,
            overbooked: appointment.overbooked,
            series: appointment.series,
            hold: appointment.hold,
            booked_at: appointment.booked_at,
            cancellation: appointment.cancellation,
        }
    }

    pub(super) fn series_view(&self, series: &Series) -> SeriesView {
        let booked = series.appointments.iter().map(|id| {
            let appointment = self.appointments.get(id);
            self.appointment_view(appointment.expect("a series names known appointments"))
        });
        SeriesView {
            id: series.id,
            every_weeks: series.every_weeks,
            appointments: booked.collect(),
        }
    }

    pub(super) fn service_view(&self, service: &Service) -> ServiceView {
        ServiceView {
            resources: self.slugs(service.resources.iter().copied()),
            also: self.slug_lists(&service.also),
            service: service.clone(),
        }
    }
}
