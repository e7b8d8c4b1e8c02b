//! The keyring: whose key this is. The only judge of credentials, rebuilt at start from the ledgers.
//!
//! It is asked before any tenant is woken. A key counts once the entry that made it is durable, and a revocation likewise:
//! what a crash could take back is never acted upon. It also sees when a key was last used; the tenant's actor writes that down
//! from time to time. Secrets are kept as SHA-256 only and compared in constant time.

use std::sync::atomic::{AtomicI64, Ordering};

use dashmap::DashMap;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use crate::journal::Lsn;
use crate::model::{KeyId, KeyRecord, Principal, Scope, Slug, TenantId, Timestamp};

/// What every key begins with, so that scanners for leaked secrets can find one.
const PREFIX: &str = "hf_";

/// Who presented a key that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Who asks.
    pub principal: Principal,
    /// The clinic it belongs to; `None`: the instance.
    pub tenant: Option<Slug>,
}

#[derive(Debug)]
struct Row {
    tenant: Option<Slug>,
    scope: Scope,
    secret_hash: [u8; 32],
    expires_at: Option<Timestamp>,
    valid_from: Lsn,
    revoked_at: Option<Lsn>,
    /// When it was last found good, in milliseconds; `NEVER_USED`: never.
    used_at: AtomicI64,
}

/// Before every instant at which a key can be used.
const NEVER_USED: i64 = i64::MIN;

/// All keys of all tenants.
#[derive(Debug, Default)]
pub struct Keyring {
    rows: DashMap<KeyId, Row>,
}

/// A new secret: what is shown once, and what is kept.
pub struct NewSecret {
    bytes: [u8; 32],
}

impl NewSecret {
    /// A secret of 32 fresh random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.hex().as_bytes())
    }

    /// The whole key: `hf_<id>_<secret>`.
    pub fn key(&self, id: KeyId) -> String {
        let id = id.to_string();
        let id = id.trim_start_matches("key_");
        format!("{PREFIX}{id}_{}", self.hex())
    }

    fn hex(&self) -> String {
        self.bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes)
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

impl Keyring {
    /// Takes in a key as of `lsn`: a new one, or a revocation. Keys of the past are as of [`Lsn::ZERO`].
    pub fn record(&self, tenant: TenantId, slug: Option<&Slug>, key: &KeyRecord, lsn: Lsn) {
        assert!(
            slug.is_some() != (tenant == TenantId::INSTANCE),
            "clinics have names"
        );
        let revoked_at = key.revoked_at.map(|_| lsn);
        let mut row = self.rows.entry(key.id).or_insert_with(|| Row {
            tenant: slug.cloned(),
            scope: key.scope,
            secret_hash: key.secret_hash,
            expires_at: key.expires_at,
            valid_from: lsn,
            revoked_at: None,
            used_at: AtomicI64::new(key.last_used_at.map_or(NEVER_USED, |at| at.0)),
        });
        row.revoked_at = row.revoked_at.or(revoked_at);
    }

    /// Whether this key is good now, whoever has it.
    pub fn is_good(&self, key: KeyId, durable: Lsn, now: Timestamp) -> bool {
        let row = self.rows.get(&key);
        row.is_some_and(|row| row.is_good(durable, now))
    }

    /// When this key was last used, whether or not that is written down; `None`: never.
    pub fn last_use(&self, key: KeyId) -> Option<Timestamp> {
        let at = self.rows.get(&key)?.used_at.load(Ordering::Relaxed);
        (at != NEVER_USED).then_some(Timestamp(at))
    }

    /// Who presents this key; `None`: nobody whom we know, or no longer. This is a use of it.
    pub fn judge(&self, presented: &str, durable: Lsn, now: Timestamp) -> Option<Credential> {
        let (id, secret) = presented.strip_prefix(PREFIX)?.split_once('_')?;
        let id: KeyId = format!("key_{id}").parse().ok()?;
        let secret_hash = sha256(secret.as_bytes());
        let row = self.rows.get(&id)?;
        let same: bool = secret_hash.ct_eq(&row.secret_hash).into();
        if !same || !row.is_good(durable, now) {
            return None;
        }
        row.used_at.fetch_max(now.0, Ordering::Relaxed);
        Some(Credential {
            principal: Principal::Key {
                key: id,
                scope: row.scope,
            },
            tenant: row.tenant.clone(),
        })
    }
}

impl Row {
    fn is_good(&self, durable: Lsn, now: Timestamp) -> bool {
        let made = self.valid_from <= durable;
        let revoked = self.revoked_at.is_some_and(|at| at <= durable);
        let expired = self.expires_at.is_some_and(|at| at <= now);
        made && !revoked && !expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_when_durable_until_revoked_or_expired() {
        let keyring = Keyring::default();
        let secret = NewSecret::new([5; 32]);
        let slug: Slug = "a".parse().expect("a slug");
        let mut key = KeyRecord {
            id: KeyId(7),
            scope: Scope::Staff,
            label: "desk".to_owned(),
            secret_hash: secret.hash(),
            created_at: Timestamp(0),
            expires_at: Some(Timestamp(100)),
            revoked_at: None,
            last_used_at: None,
        };
        keyring.record(TenantId(1), Some(&slug), &key, Lsn(5));
        let text = secret.key(key.id);
        let judge = |text: &str, durable, now| keyring.judge(text, Lsn(durable), Timestamp(now));
        assert!(judge(&text, 4, 0).is_none(), "not durable yet");
        assert_eq!(
            judge(&text, 5, 0).and_then(|who| who.tenant),
            Some(slug.clone())
        );
        assert_eq!(keyring.last_use(key.id), Some(Timestamp(0)));
        assert!(judge(&text, 5, 100).is_none(), "expired");
        assert!(judge(&text[..text.len() - 1], 5, 0).is_none());
        assert!(judge(&text.replace("hf_", "hf-"), 5, 0).is_none());
        key.revoked_at = Some(Timestamp(50));
        keyring.record(TenantId(1), Some(&slug), &key, Lsn(9));
        assert!(
            judge(&text, 8, 70).is_some(),
            "the revocation is not durable yet"
        );
        assert!(judge(&text, 9, 80).is_none());
        let last = keyring.last_use(key.id);
        assert_eq!(last, Some(Timestamp(70)), "what was refused is no use");
    }
}
