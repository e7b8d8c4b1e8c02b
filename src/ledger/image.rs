//! A ledger as bytes and back: what a snapshot keeps of it.
//!
//! **Stored format.** Version 1: the version in two bytes, then [`Stored`] in bincode; the order of fields is the format, and
//! `tests/golden/` holds its bytes. Whatever came later stands behind that as a list of [`Later`], which is not there while it
//! would be empty: so a ledger without any of it has the bytes that it always had, and a new variant at the end is all it takes. What follows from rows (who has which time, the agenda, deadlines, numbers by name) is
//! not stored but worked out again, by what `apply` and the invariants use, so that it cannot contradict them. Maps are
//! written by key: equal ledgers have equal bytes. Invariant: `decode(&encode(ledger)) == ledger`, which a property test holds
//! over random histories. Sealing, digests and chunks are the business of `snapshots/`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::calendar::Zone;
use crate::model::{
    Appointment, AppointmentId, Block, CallId, CallerId, Conversation, Erasure, Hold, HoldId,
    HoldState, Interval, KeyRecord, Knowledge, Message, MessageState, ModelRecord, PersonId,
    Prefix, Profile, Resource, ResourceId, Series, Service, SmsCredentials, TenantId, TenantRecord,
    Timestamp, VoiceLine, WaitlistEntry,
};

use super::agenda::Agenda;
use super::blocks::Blocks;
use super::budgets::{Budgets, OfPhone, OfPrefix};
use super::calls::{CallRecord, Calls, FollowUpHold};
use super::change::Names;
use super::day_sheets::DaySheets;
use super::erasures::{Erasures, Unbooked};
use super::idempotency::{Remembered, Requests};
use super::occupancy::{Occupancy, Owner};
use super::receipt::Receipt;
use super::reminders::Reminders;
use super::replies::Replies;
use super::state::{CallerRecord, Ledger};
use super::table::Table;
use super::waitlist::Waitlist;

/// The version that this build writes.
const VERSION: u16 = 1;

/// Why bytes are no ledger.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Written by another holdfast.
    #[error("it has version {0}, which this holdfast does not know")]
    UnknownVersion(u16),
    /// They do not decode.
    #[error("it does not decode: {0}")]
    Content(#[from] bincode::error::DecodeError),
    /// They begin too late or end too soon.
    #[error("it is not whole")]
    Length,
}

/// Rows of a table by serial number.
#[derive(Serialize, Deserialize)]
struct Rows<'a, V: Clone> {
    last: u64,
    rows: Vec<(u64, Cow<'a, V>)>,
}

/// A phone's wrong codes and open holds.
#[derive(Serialize, Deserialize)]
struct StoredCaller<'a> {
    caller: CallerId,
    open_holds: Cow<'a, [HoldId]>,
    failed_attempts: u32,
    locked_at: Option<Timestamp>,
    window_ends_at: Timestamp,
}

/// What a phone got of codes.
#[derive(Serialize, Deserialize)]
struct StoredPhone<'a> {
    phone: CallerId,
    texts: Cow<'a, [Timestamp]>,
    codes: Cow<'a, [Timestamp]>,
    forget_at: Timestamp,
}

/// What a prefix got of codes.
#[derive(Serialize, Deserialize)]
struct StoredPrefix {
    prefix: Prefix,
    codes: u32,
    used: u32,
    ends_at: Timestamp,
}

/// A remembered request.
#[derive(Serialize, Deserialize)]
struct StoredRequest<'a> {
    key: [u8; 32],
    receipt: Cow<'a, Receipt>,
    until: Timestamp,
}

/// A ledger as it is stored. Field order is the format.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    tenant: TenantId,
    profile: Option<Cow<'a, Profile>>,
    sms: Option<Cow<'a, SmsCredentials>>,
    voice: Option<Cow<'a, VoiceLine>>,
    knowledge: Option<Cow<'a, Knowledge>>,
    tenants: Rows<'a, TenantRecord>,
    keys: Rows<'a, KeyRecord>,
    resources: Cow<'a, [Resource]>,
    /// By resource: the blocks by start with their serial numbers, and the one that was given last.
    blocks: Vec<(Vec<(u64, Block)>, u64)>,
    services: Cow<'a, [Service]>,
    holds: Rows<'a, Hold>,
    appointments: Rows<'a, Appointment>,
    series: Rows<'a, Series>,
    callers: Vec<StoredCaller<'a>>,
    calls: Vec<(CallId, Cow<'a, CallRecord>)>,
    follow_ups: Cow<'a, BTreeMap<HoldId, FollowUpHold>>,
    conversations: Rows<'a, Conversation>,
    messages: Rows<'a, Message>,
    reminders: Vec<(Timestamp, AppointmentId)>,
    phones: Vec<StoredPhone<'a>>,
    prefixes: Vec<StoredPrefix>,
    texts_today: u32,
    day_ends_at: Timestamp,
    waitlist: Rows<'a, WaitlistEntry>,
    freed: Vec<(Interval, ResourceId, u64)>,
    kept: Vec<(Interval, ResourceId)>,
    stopped: Vec<CallerId>,
    taken_texts: Vec<([u8; 32], Timestamp)>,
    answered: Vec<(CallerId, Timestamp)>,
    requests: Vec<StoredRequest<'a>>,
    erased: Vec<PersonId>,
    erasures: Vec<(Erasure, Vec<u64>)>,
    unbooked: Vec<(PersonId, CallerId, Timestamp)>,
}

/// What a ledger has beyond [`Stored`]. The order of variants is the format.
#[derive(Serialize, Deserialize)]
enum Later<'a> {
    Models(Cow<'a, ModelRecord>),
}

/// The ledger as bytes.
pub fn encode(ledger: &Ledger) -> Vec<u8> {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    bincode::serde::encode_into_std_write(
        take_down(ledger),
        &mut bytes,
        bincode::config::standard(),
    )
    .expect("a ledger holds nothing that bincode cannot write");
    let later = take_down_later(ledger);
    if !later.is_empty() {
        bincode::serde::encode_into_std_write(later, &mut bytes, bincode::config::standard())
            .expect("nor anything of what came later");
    }
    bytes
}

/// The ledger of these bytes. What decodes and contradicts itself fails an assertion, as it would in `apply`; bytes are
/// sealed and have a digest, so that this is a fault of whoever wrote them.
pub fn decode(bytes: &[u8]) -> Result<Ledger, Error> {
    let (version, content) = bytes.split_first_chunk().ok_or(Error::Length)?;
    let version = u16::from_le_bytes(*version);
    if version != VERSION {
        return Err(Error::UnknownVersion(version));
    }
    let decoded = bincode::serde::decode_from_slice(content, bincode::config::standard());
    let (stored, used): (Stored<'_>, usize) = decoded?;
    let mut ledger = restore(stored);
    let rest = &content[used..];
    if rest.is_empty() {
        return Ok(ledger);
    }
    let decoded = bincode::serde::decode_from_slice(rest, bincode::config::standard());
    let (later, used): (Vec<Later<'_>>, usize) = decoded?;
    if used != rest.len() || later.is_empty() {
        return Err(Error::Length);
    }
    for part in later {
        match part {
            Later::Models(models) => ledger.models = Some(models.into_owned()),
        }
    }
    Ok(ledger)
}

impl Ledger {
    /// The public ids that entries name by number: what its events have taught.
    pub fn names(&self) -> Names {
        let services = self.services.iter().map(|service| service.id.clone());
        let resources = self.resources.iter().map(|resource| resource.id.clone());
        Names::restored(services.collect(), resources.collect())
    }
}

/// Every field of the ledger is named here, so that a new one cannot be forgotten.
fn take_down(ledger: &Ledger) -> Stored<'_> {
    let Ledger {
        tenant,
        profile,
        sms,
        knowledge,
        // Among what came later.
        models: _,
        voice,
        tenants,
        keys,
        resources,
        blocks,
        services,
        holds,
        appointments,
        series,
        callers,
        calls,
        conversations,
        messages,
        reminders,
        budgets,
        waitlist,
        replies,
        requests,
        erasures,
        unbooked,
        // From the profile.
        zone: _,
        // From resources and services.
        resource_numbers: _,
        service_numbers: _,
        // From holds and appointments.
        occupancy: _,
        agenda: _,
        lapses: _,
        // From messages.
        texts_by_sid: _,
        unsettled: _,
        deferred: _,
        // From everything that is kept for a while.
        forgets: _,
        // A cache.
        sheets: _,
    } = ledger;
    let mut stored_callers: Vec<_> = callers.iter().map(stored_caller).collect();
    stored_callers.sort_unstable_by_key(|row| row.caller);
    let (calls, follow_ups) = calls.taken_down();
    let calls = calls.into_iter();
    let (entries, freed, kept) = waitlist.taken_down();
    let freed = freed
        .iter()
        .map(|((interval, resource), looked)| (*interval, *resource, *looked));
    Stored {
        tenant: *tenant,
        profile: profile.as_ref().map(Cow::Borrowed),
        sms: sms.as_ref().map(Cow::Borrowed),
        voice: voice.as_ref().map(Cow::Borrowed),
        knowledge: knowledge.as_ref().map(Cow::Borrowed),
        tenants: rows(tenants),
        keys: rows(keys),
        resources: Cow::Borrowed(resources),
        blocks: blocks.iter().map(Blocks::taken_down).collect(),
        services: Cow::Borrowed(services),
        holds: rows(holds),
        appointments: rows(appointments),
        series: rows(series),
        callers: stored_callers,
        calls: calls
            .map(|(call, record)| (call, Cow::Borrowed(record)))
            .collect(),
        follow_ups: Cow::Borrowed(follow_ups),
        conversations: rows(conversations),
        messages: rows(messages),
        reminders: reminders.rows().collect(),
        phones: stored_phones(budgets),
        prefixes: stored_prefixes(budgets),
        texts_today: budgets.texts,
        day_ends_at: budgets.day_ends_at,
        waitlist: rows(entries),
        freed: freed.collect(),
        kept: kept.iter().copied().collect(),
        stopped: replies.stopped.iter().copied().collect(),
        taken_texts: replies.text_deadlines().collect(),
        answered: replies.answer_deadlines().collect(),
        requests: stored_requests(requests),
        erased: erasures.persons.iter().copied().collect(),
        erasures: erasures.open.clone().into_iter().collect(),
        unbooked: unbooked.rows().collect(),
    }
}

fn take_down_later(ledger: &Ledger) -> Vec<Later<'_>> {
    let models = ledger.models.as_ref();
    models
        .map(|models| Later::Models(Cow::Borrowed(models)))
        .into_iter()
        .collect()
}

fn rows<K: std::hash::Hash + Eq, V: Clone>(table: &Table<K, V>) -> Rows<'_, V> {
    let rows = table
        .after(0)
        .map(|(serial, row)| (serial, Cow::Borrowed(row)));
    Rows {
        last: table.last(),
        rows: rows.collect(),
    }
}

fn stored_caller<'a>((caller, record): (&CallerId, &'a CallerRecord)) -> StoredCaller<'a> {
    let CallerRecord {
        open_holds,
        failed_attempts,
        locked_at,
        window_ends_at,
    } = record;
    StoredCaller {
        caller: *caller,
        open_holds: Cow::Borrowed(open_holds),
        failed_attempts: *failed_attempts,
        locked_at: *locked_at,
        window_ends_at: *window_ends_at,
    }
}

fn stored_phones(budgets: &Budgets) -> Vec<StoredPhone<'_>> {
    let phones = budgets.phones.iter().map(|(phone, row)| {
        let OfPhone {
            texts,
            codes,
            forget_at,
        } = row;
        StoredPhone {
            phone: *phone,
            texts: Cow::Borrowed(texts),
            codes: Cow::Borrowed(codes),
            forget_at: *forget_at,
        }
    });
    let mut phones: Vec<_> = phones.collect();
    phones.sort_unstable_by_key(|row| row.phone);
    phones
}

fn stored_prefixes(budgets: &Budgets) -> Vec<StoredPrefix> {
    let prefixes = budgets.prefixes.iter().map(|(prefix, row)| {
        let OfPrefix {
            codes,
            used,
            ends_at,
        } = *row;
        StoredPrefix {
            prefix: *prefix,
            codes,
            used,
            ends_at,
        }
    });
    let mut prefixes: Vec<_> = prefixes.collect();
    prefixes.sort_unstable_by_key(|row| row.prefix);
    prefixes
}

fn stored_requests(requests: &Requests) -> Vec<StoredRequest<'_>> {
    let requests = requests.rows.iter().map(|(key, remembered)| {
        let Remembered { receipt, until } = remembered;
        StoredRequest {
            key: *key,
            receipt: Cow::Borrowed(receipt),
            until: *until,
        }
    });
    let mut requests: Vec<_> = requests.collect();
    requests.sort_unstable_by_key(|row| row.key);
    requests
}

fn restore(stored: Stored<'_>) -> Ledger {
    let profile = stored.profile.map(Cow::into_owned);
    let zone = profile
        .as_ref()
        .and_then(|profile| Zone::named(&profile.time_zone));
    let resources = stored.resources.into_owned();
    let services = stored.services.into_owned();
    let freed = stored.freed.into_iter();
    let budgets = Budgets {
        phones: stored.phones.into_iter().map(restored_phone).collect(),
        prefixes: stored.prefixes.into_iter().map(restored_prefix).collect(),
        texts: stored.texts_today,
        day_ends_at: stored.day_ends_at,
    };
    let calls = stored.calls.into_iter();
    let mut ledger = Ledger {
        tenant: stored.tenant,
        profile,
        sms: stored.sms.map(Cow::into_owned),
        voice: stored.voice.map(Cow::into_owned),
        knowledge: stored.knowledge.map(Cow::into_owned),
        models: None,
        zone: zone.unwrap_or_else(Zone::utc),
        tenants: table(stored.tenants, |row| row.slug.clone()),
        keys: table(stored.keys, |row| row.id),
        resource_numbers: resources
            .iter()
            .map(|row| (row.id.clone(), row.number))
            .collect(),
        resources,
        blocks: stored
            .blocks
            .into_iter()
            .map(|(rows, last)| Blocks::restored(rows, last))
            .collect(),
        service_numbers: services.iter().map(|row| row.id.clone()).zip(0..).collect(),
        services,
        occupancy: Occupancy::default(),
        holds: table(stored.holds, |row| row.id),
        appointments: table(stored.appointments, |row| row.id),
        series: table(stored.series, |row| row.id),
        agenda: Agenda::default(),
        callers: stored.callers.into_iter().map(restored_caller).collect(),
        calls: Calls::restored(
            calls.map(|(call, record)| (call, record.into_owned())),
            stored.follow_ups.into_owned(),
        ),
        conversations: table(stored.conversations, |row| row.caller),
        messages: table(stored.messages, |row| row.id),
        texts_by_sid: BTreeMap::new(),
        unsettled: BTreeSet::new(),
        deferred: BTreeSet::new(),
        reminders: Reminders::restored(stored.reminders),
        budgets,
        waitlist: Waitlist::restored(
            table(stored.waitlist, |row| row.id),
            freed
                .map(|(interval, resource, looked)| ((interval, resource), looked))
                .collect(),
            stored.kept.into_iter().collect(),
        ),
        replies: Replies {
            stopped: stored.stopped.into_iter().collect(),
            taken: stored.taken_texts.into_iter().collect(),
            answered: stored.answered.into_iter().collect(),
        },
        requests: Requests::restored(stored.requests.into_iter().map(restored_request)),
        erasures: Erasures {
            persons: stored.erased.into_iter().collect(),
            open: stored.erasures.into_iter().collect(),
        },
        unbooked: Unbooked::restored(stored.unbooked),
        lapses: BTreeSet::new(),
        forgets: BTreeSet::new(),
        sheets: DaySheets::default(),
    };
    work_out(&mut ledger);
    ledger
}

fn table<K: std::hash::Hash + Eq, V: Clone>(
    stored: Rows<'_, V>,
    key: impl Fn(&V) -> K,
) -> Table<K, V> {
    let rows = stored.rows.into_iter();
    let rows = rows.map(|(serial, row)| (serial, row.into_owned()));
    Table::restored(rows.collect(), stored.last, key)
}

fn restored_caller(stored: StoredCaller<'_>) -> (CallerId, CallerRecord) {
    let record = CallerRecord {
        open_holds: stored.open_holds.into_owned(),
        failed_attempts: stored.failed_attempts,
        locked_at: stored.locked_at,
        window_ends_at: stored.window_ends_at,
    };
    (stored.caller, record)
}

fn restored_phone(stored: StoredPhone<'_>) -> (CallerId, OfPhone) {
    let row = OfPhone {
        texts: stored.texts.into_owned(),
        codes: stored.codes.into_owned(),
        forget_at: stored.forget_at,
    };
    (stored.phone, row)
}

fn restored_prefix(stored: StoredPrefix) -> (Prefix, OfPrefix) {
    let row = OfPrefix {
        codes: stored.codes,
        used: stored.used,
        ends_at: stored.ends_at,
    };
    (stored.prefix, row)
}

fn restored_request(stored: StoredRequest<'_>) -> ([u8; 32], Remembered) {
    let remembered = Remembered {
        receipt: stored.receipt.into_owned(),
        until: stored.until,
    };
    (stored.key, remembered)
}

/// Works out what follows from the rows, in order of creation: so overbooked entries stand as they were entered.
fn work_out(ledger: &mut Ledger) {
    let held = ledger.holds.after(0).map(|(_, hold)| hold);
    for hold in held.filter(|hold| hold.state == HoldState::Held) {
        let owner = Owner::Hold(hold.id);
        ledger.occupancy.enter(owner, &hold.claims, hold.expires_at);
        ledger.lapses.insert((hold.expires_at, hold.id));
    }
    for (serial, appointment) in ledger.appointments.after(0) {
        let place = (appointment.interval.start(), serial);
        ledger.agenda.enter(appointment.party.person, place);
        let (owner, claims) = (Owner::Appointment(appointment.id), &appointment.claims);
        match (appointment.status.owns_time(), appointment.overbooked) {
            (false, _) => {}
            (true, true) => ledger.occupancy.enter_overbooked(owner, claims),
            (true, false) => ledger.occupancy.enter(owner, claims, Timestamp::MAX),
        }
    }
    for (_, text) in ledger.messages.after(0) {
        if let Some(sid) = &text.sid {
            ledger.texts_by_sid.insert(sid.clone(), text.id);
        }
        match text.state {
            MessageState::HandedOver => {
                ledger.unsettled.insert(text.id);
            }
            MessageState::Waiting(until) => {
                ledger.deferred.insert((until, text.id));
            }
            MessageState::Settled(_) | MessageState::Parked(_) => {}
        }
    }
    let mut forgets = BTreeSet::new();
    ledger.each_deadline(|at, row| {
        forgets.insert((at, row));
    });
    ledger.forgets = forgets;
}
