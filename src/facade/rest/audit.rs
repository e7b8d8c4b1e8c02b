//! `/v1/tenants/{t}/audit`: who did what and when: every entry of the clinic's journal, in order, with its place in the chain.
//!
//! Read from the journal itself, not from the ledger, so it shows what is on the disk. An entry by which nothing changed that
//! the outside can see is listed all the same: a gap in the sequence would look like a loss.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::changes::{By, Change};
use super::visit::Visit;
use super::words::{Reply, next};
use crate::calendar::Zone;
use crate::facade::params::{After, Limit, Moment, Params, open_range, page};
use crate::facade::problem::Problem;
use crate::ledger::{Cursor, PageRequest};
use crate::limits::AUDIT_CHANGES_MAX;
use crate::model::Timestamp;
use crate::tenant::{History, PastEntry, Refused};

/// An entry of the journal: what happened in one step.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its place among the clinic's entries, from 1 without gaps.
    sequence: u64,
    /// When.
    at: String,
    /// Who asked for it.
    by: By,
    /// What changed; nothing, if it only kept the house in order.
    changes: Vec<Change>,
    /// Its SHA-256 in hexadecimal, which the next entry carries.
    hash: String,
}

/// Entries in order of sequence.
#[derive(Debug, Serialize, ToSchema)]
pub struct Audit {
    /// The entries.
    audit: Vec<AuditEntry>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Which entries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// An instant (RFC 3339) or a date; the beginning if absent.
    #[param(value_type = Option<String>)]
    from: Option<Moment>,
    /// An instant, or a date, which means through its end; no end if absent.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// At most so many, 1 to 1000; 50 if absent. A page with very many changes ends earlier.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<After>,
}

impl AuditEntry {
    fn of(entry: &PastEntry, zone: &Zone) -> Self {
        Self {
            sequence: entry.sequence,
            at: zone.rfc3339(entry.at),
            by: By::of(entry.by),
            changes: Change::all(entry, zone).collect(),
            hash: entry
                .hash
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}

/// Lists the entries of the clinic's journal, oldest first.
#[utoipa::path(get, path = "/v1/tenants/{t}/audit", tag = "audit",
    params(("t" = String, Path, description = "The clinic's slug."), AuditParams),
    responses((status = 200, body = Audit)))]
pub async fn list(visit: Visit, params: Params<AuditParams>) -> Result<HttpResponse, Problem> {
    let AuditParams {
        from,
        to,
        limit,
        cursor,
    } = params.0;
    let zone = visit.zone();
    let (from, to) = open_range(from, to, &zone, Timestamp::MIN)?;
    let page = page(limit, cursor);
    let found = {
        // It reads for some while, so it counts as one of the clinic's requests.
        let _place = visit
            .tenant
            .permit()
            .map_err(|refused| visit.refusal(&refused))?;
        find(visit.tenant.history(), from, to, &page).await
    };
    let (entries, more) = found.map_err(|refused| visit.refusal(&refused))?;
    let last = entries.last().filter(|_| more);
    let next = next(last.map(|last| Cursor {
        at: 0,
        serial: last.sequence,
    }));
    let audit = entries.iter().map(|entry| AuditEntry::of(entry, &zone));
    Ok(Reply::ok().json(&Audit {
        audit: audit.collect(),
        next,
    }))
}

/// A page of entries, and whether there are more.
async fn find(
    history: &History,
    from: Timestamp,
    to: Timestamp,
    page: &PageRequest,
) -> Result<(Vec<PastEntry>, bool), Refused> {
    let mut seen = page.after.map_or(0, |cursor| cursor.serial);
    if from > Timestamp::MIN {
        seen = seen.max(history.before(from).await?);
    }
    let (mut found, mut changes) = (Vec::new(), 0);
    loop {
        // One more than is shown tells whether there is a next page.
        let entries = history.after(seen, page.limit + 1 - found.len()).await?;
        if entries.is_empty() {
            return Ok((found, false));
        }
        for entry in entries {
            if entry.at >= to {
                return Ok((found, false));
            }
            if found.len() == page.limit || changes >= AUDIT_CHANGES_MAX {
                return Ok((found, true));
            }
            seen = entry.sequence;
            changes += entry.changes.len();
            found.push(entry);
        }
    }
}
