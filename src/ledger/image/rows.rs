//! Rows of an image whose form in the ledger is another, or that are kept in no order there: both ways.
//!
//! **Stored format.** The order of fields is the format; `whole.rs` says where each stands. Rows are written by key, so that equal
//! ledgers have equal bytes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{CallerId, HoldId, Prefix, Timestamp};

use crate::ledger::budgets::{Budgets, OfPhone, OfPrefix};
use crate::ledger::idempotency::{Remembered, Requests};
use crate::ledger::receipt::Receipt;
use crate::ledger::state::CallerRecord;
use crate::ledger::table::Table;

/// Rows of a table by serial number.
#[derive(Serialize, Deserialize)]
pub(super) struct Rows<'a, V: Clone> {
    last: u64,
    rows: Vec<(u64, Cow<'a, V>)>,
}

/// A phone's wrong codes and open holds.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredCaller<'a> {
    caller: CallerId,
    open_holds: Cow<'a, [HoldId]>,
    failed_attempts: u32,
    locked_at: Option<Timestamp>,
    window_ends_at: Timestamp,
}

/// What a phone got of codes.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPhone<'a> {
    phone: CallerId,
    texts: Cow<'a, [Timestamp]>,
    codes: Cow<'a, [Timestamp]>,
    forget_at: Timestamp,
}

/// What a prefix got of codes.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPrefix {
    prefix: Prefix,
    codes: u32,
    used: u32,
    ends_at: Timestamp,
}

/// A remembered request.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredRequest<'a> {
    key: [u8; 32],
    receipt: Cow<'a, Receipt>,
    until: Timestamp,
}

/// The rows of a table.
pub(super) fn rows<K: std::hash::Hash + Eq, V: Clone>(table: &Table<K, V>) -> Rows<'_, V> {
    let rows = table
        .after(0)
        .map(|(serial, row)| (serial, Cow::Borrowed(row)));
    Rows {
        last: table.last(),
        rows: rows.collect(),
    }
}

/// Of all phones.
pub(super) fn stored_callers<'a>(
    callers: impl Iterator<Item = (&'a CallerId, &'a CallerRecord)>,
) -> Vec<StoredCaller<'a>> {
    let callers = callers.map(|(caller, record)| {
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
    });
    let mut callers: Vec<_> = callers.collect();
    callers.sort_unstable_by_key(|row| row.caller);
    callers
}

/// Of all phones.
pub(super) fn stored_phones(budgets: &Budgets) -> Vec<StoredPhone<'_>> {
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

/// Of all prefixes.
pub(super) fn stored_prefixes(budgets: &Budgets) -> Vec<StoredPrefix> {
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

/// Of all requests.
pub(super) fn stored_requests(requests: &Requests) -> Vec<StoredRequest<'_>> {
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

/// The table again.
pub(super) fn table<K: std::hash::Hash + Eq, V: Clone>(
    stored: Rows<'_, V>,
    key: impl Fn(&V) -> K,
) -> Table<K, V> {
    let rows = stored.rows.into_iter();
    let rows = rows.map(|(serial, row)| (serial, row.into_owned()));
    Table::restored(rows.collect(), stored.last, key)
}

/// The same again.
pub(super) fn restored_caller(stored: StoredCaller<'_>) -> (CallerId, CallerRecord) {
    let record = CallerRecord {
        open_holds: stored.open_holds.into_owned(),
        failed_attempts: stored.failed_attempts,
        locked_at: stored.locked_at,
        window_ends_at: stored.window_ends_at,
    };
    (stored.caller, record)
}

/// The same again.
pub(super) fn restored_phone(stored: StoredPhone<'_>) -> (CallerId, OfPhone) {
    let row = OfPhone {
        texts: stored.texts.into_owned(),
        codes: stored.codes.into_owned(),
        forget_at: stored.forget_at,
    };
    (stored.phone, row)
}

/// The same again.
pub(super) fn restored_prefix(stored: StoredPrefix) -> (Prefix, OfPrefix) {
    let row = OfPrefix {
        codes: stored.codes,
        used: stored.used,
        ends_at: stored.ends_at,
    };
    (stored.prefix, row)
}

/// The same again.
pub(super) fn restored_request(stored: StoredRequest<'_>) -> ([u8; 32], Remembered) {
    let remembered = Remembered {
        receipt: stored.receipt.into_owned(),
        until: stored.until,
    };
    (stored.key, remembered)
}
