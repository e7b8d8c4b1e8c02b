//! The start: what no image covers is read from the journal, the rest sleeps on.
//!
//! A head counts only if the journal has the very entry that it names, at that position and with that hash: an image of
//! another state, or of one that was restored to an earlier day, is no image of this one. Tenants with an image and nothing
//! after it are not opened at all; those with a tail are opened and brought up to it; all others are replayed in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::entry;
use crate::journal::{self, Lsn, Recovered, Row};
use crate::model::TenantId;
use crate::replay::{Fault, Recovery, Replayed, Trail};
use crate::seal::{MasterKey, Opener};

use super::head::Head;
use super::shelf::Snapshots;

/// How a start finds a tenant.
pub enum Found {
    /// Its image has everything; it sleeps on.
    Asleep {
        /// What is known of it.
        head: Arc<Head>,
        /// Where its entries lie.
        trail: Trail,
    },
    /// As its entries leave it.
    Awake(Box<Replayed>),
}

/// Every tenant that has entries. Tenant zero is always awake.
pub fn recover(
    recovered: &Recovered,
    snapshots: &Snapshots,
    master: &MasterKey,
) -> Result<BTreeMap<TenantId, Result<Found, Fault>>, journal::Error> {
    let mut tenants = BTreeMap::new();
    let (mut uncovered, mut of_this_journal) = (BTreeSet::new(), BTreeSet::new());
    // Whose entry is lost is judged over all entries of all: a start that finds damage trusts no image.
    let is_whole = recovered.survey.damages.is_empty();
    for stream in recovered.streams() {
        let tenant = TenantId(stream);
        let rows = recovered.rows(stream, Lsn::ZERO)?;
        let head = snapshots.head(tenant);
        let head = head.filter(|head| is_whole && is_of_this_journal(head, &rows, recovered));
        of_this_journal.extend(head.is_some().then_some(tenant));
        match head.and_then(|head| covered(recovered, snapshots, master, head, &rows)) {
            Some(found) => {
                tenants.insert(tenant, Ok(found));
            }
            None => {
                uncovered.insert(stream);
            }
        }
    }
    snapshots.keep_those_of(&of_this_journal);
    if !uncovered.is_empty() {
        let mut recovery = Recovery::new(master);
        for found in recovered.frames()? {
            let found = found?;
            let is_covered = |frame: &journal::Frame| !uncovered.contains(&frame.stream);
            if !matches!(&found, journal::Found::Frame(frame) if is_covered(frame)) {
                recovery.take(found);
            }
        }
        let replayed = recovery.finish().into_iter();
        tenants.extend(
            replayed
                .map(|(tenant, state)| (tenant, state.map(|state| Found::Awake(Box::new(state))))),
        );
    }
    Ok(tenants)
}

fn is_of_this_journal(head: &Head, rows: &[Row], recovered: &Recovered) -> bool {
    let place = usize::try_from(head.sequence)
        .ok()
        .and_then(|sequence| sequence.checked_sub(1));
    let row = place.and_then(|place| rows.get(place));
    let Some(row) = row.filter(|row| row.lsn.0 == head.lsn) else {
        return false;
    };
    let entry = recovered.read(row.place);
    entry.is_ok_and(|frame| entry::chain_hash(&frame.covered, frame.personal_digest) == head.chain)
}

/// A tenant whose head counts; `None`: its image or its tail is not as it should be, and all of it has to be replayed.
fn covered(
    recovered: &Recovered,
    snapshots: &Snapshots,
    master: &MasterKey,
    head: Arc<Head>,
    rows: &[Row],
) -> Option<Found> {
    let tail = &rows[head.sequence as usize..];
    if tail.is_empty() && head.tenant != TenantId::INSTANCE {
        let trail = Trail::restored(rows, head.latest(), head.names());
        return Some(Found::Asleep { head, trail });
    }
    let mut state = snapshots.load(head.tenant)?;
    let mut opener = Opener::of(master, head.tenant);
    for row in tail {
        let frame = recovered.read(row.place).ok()?;
        state.take_in(&frame, &mut opener).ok()?;
    }
    let mut state = state.finish().ok()?;
    state.trail = Trail::restored(rows, state.latest(), state.ledger.names());
    Some(Found::Awake(Box::new(state)))
}
