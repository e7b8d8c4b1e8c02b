//! Keys: making one, taking one back, writing down their uses. Admin keys belong to tenant zero, all others to a clinic.

use crate::ledger::command::Context;
use crate::ledger::decision::Decision;
use crate::ledger::event::Event;
use crate::ledger::receipt::Receipt;
use crate::ledger::rejection::{Bound, Missing, Rejection};
use crate::ledger::state::Ledger;
use crate::limits;
use crate::model::{KeyId, KeyRecord, KeyUse, Scope, TenantId, Timestamp};

use super::practice::check_name;

/// Makes a key.
pub fn create(
    ledger: &Ledger,
    scope: Scope,
    label: &str,
    expires_at: Option<Timestamp>,
    secret_hash: [u8; 32],
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let of_instance = ledger.tenant() == TenantId::INSTANCE;
    if of_instance != (scope == Scope::Admin) {
        return Err(Rejection::Invalid {
            field: "scope",
            detail: "a clinic's key has the scope staff, agent or read",
        });
    }
    check_name("label", label)?;
    if expires_at.is_some_and(|at| at <= context.now) {
        let detail = "it must lie in the future";
        return Err(Rejection::Invalid {
            field: "expires_at",
            detail,
        });
    }
    if ledger.keys.len() >= limits::KEYS_MAX {
        return Err(Rejection::LimitReached(Bound::Keys));
    }
    let key = KeyRecord {
        id: KeyId(context.fresh[0]),
        scope,
        label: label.trim().to_owned(),
        secret_hash,
        created_at: context.now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    Ok(Decision::new(
        vec![Event::KeyCreated(key.clone())],
        Receipt::Key(key),
    ))
}

/// Takes a key back; one that is revoked already stays so.
pub fn revoke(ledger: &Ledger, key: KeyId, context: &Context<'_>) -> Result<Decision, Rejection> {
    let record = ledger
        .keys
        .get(&key)
        .ok_or(Rejection::NotFound(Missing::Key))?;
    if record.revoked_at.is_some() {
        return Ok(Decision::quiet(Receipt::Key(record.clone())));
    }
    let revoked = KeyRecord {
        revoked_at: Some(context.now),
        ..record.clone()
    };
    let event = Event::KeyRevoked {
        key,
        at: context.now,
    };
    Ok(Decision::new(vec![event], Receipt::Key(revoked)))
}

/// Writes down the uses that are newer than what is written of their keys.
pub fn note_uses(ledger: &Ledger, uses: &[KeyUse]) -> Decision {
    let is_newer = |used: &&KeyUse| {
        let key = ledger.keys.get(&used.key);
        key.is_some_and(|key| key.last_used_at < Some(used.at))
    };
    let newer = uses.iter().filter(is_newer).copied();
    let newer: Vec<_> = newer.take(limits::KEY_USES_PER_ENTRY_MAX).collect();
    if newer.is_empty() {
        return Decision::quiet(Receipt::Nothing);
    }
    Decision::new(vec![Event::KeysUsed(newer)], Receipt::Nothing)
}
