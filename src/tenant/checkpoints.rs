//! Checkpoints: what every tenant's chain has come to, signed, as entries of the instance's own stream.
//!
//! An actor appends them in its turn like anything else; when the house stops and its actors are gone, whoever stops it
//! appends the last one. Invariant: only heads that are durable are signed, so that a checkpoint never vouches for what a crash took
//! back. `directory.rs` gathers the heads.

use crate::entry::{self, Before, Encoded, Head};
use crate::journal::{self, Journal, Parts, Room, Taken};
use crate::model::{TenantId, Timestamp};
use crate::replay::{Latest, Trail};
use crate::seal::MasterKey;
use crate::signing::Signer;

use super::messages::Refused;

/// Appends a checkpoint of these heads to the instance's trail, in as many parts as it takes.
pub(super) fn append(
    journal: &Journal,
    master: &MasterKey,
    trail: &Trail,
    heads: &[Head],
    now: Timestamp,
) -> Result<(), Refused> {
    let latest = trail.latest();
    let before = Before {
        sequence: latest.sequence,
        hash: latest.hash,
        at: latest.at,
    };
    for (header, encoded) in entry::encode_checkpoint(before, now, heads, master) {
        let taken = take(journal, header.tenant, &encoded, Room::Reserved)?;
        let latest = Latest {
            sequence: header.sequence,
            hash: encoded.hash,
            at: header.at,
            lsn: taken.lsn,
        };
        trail.push_checkpoint(taken.place, latest);
    }
    Ok(())
}

/// Hands an entry to the journal.
pub(super) fn take(
    journal: &Journal,
    tenant: TenantId,
    encoded: &Encoded,
    room: Room,
) -> Result<Taken, Refused> {
    let parts = Parts {
        stream: tenant.0,
        covered: &encoded.covered,
        personal: &encoded.personal,
    };
    journal
        .append_in(room, parts)
        .map_err(|refused| match refused {
            journal::Refused::Full => Refused::Overloaded,
            journal::Refused::NoSpace => Refused::StorageFull,
            journal::Refused::Stopped => Refused::Stopped,
            journal::Refused::TooLarge => {
                // limits.rs keeps every entry below this; should one slip through, one request fails, not a clinic.
                let bytes = encoded.covered.len() + encoded.personal.len();
                tracing::error!(bytes, "an entry is too large for the journal");
                Refused::Overloaded
            }
        })
}

/// Says what was signed, a line for each tenant: a copy of the log that is kept elsewhere makes a rewritten history evident.
pub(super) fn log(master: &MasterKey, heads: &[Head]) {
    let signer = Signer::of(master);
    for head in heads {
        let signature = signer.sign(&entry::head_message(head));
        tracing::info!(
            tenant = %head.tenant,
            sequence = head.sequence,
            hash = hex(&head.hash),
            signature = hex(&signature),
            "checkpoint"
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
