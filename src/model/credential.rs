//! Credentials: who may ask for what.

use serde::{Deserialize, Serialize};

use super::ids::KeyId;
use super::time::Timestamp;

/// What a key may do (contract, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The whole instance.
    Admin,
    /// All of one tenant.
    Staff,
    /// What a voice agent needs of one tenant.
    Agent,
    /// Reading one tenant, without what is secret.
    Read,
}

impl Scope {
    /// The scope's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Staff => "staff",
            Self::Agent => "agent",
            Self::Read => "read",
        }
    }
}

/// Who asks: a key, or the house itself (timers, the outbox, the first start).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// holdfast itself.
    System,
    /// Whoever holds this key.
    Key {
        /// The key.
        key: KeyId,
        /// What it may do.
        scope: Scope,
    },
}

impl Principal {
    /// Whether this is a person at the desk, or the operator, who may act without a code.
    pub fn is_staff(self) -> bool {
        matches!(
            self,
            Self::Key {
                scope: Scope::Admin | Scope::Staff,
                ..
            }
        )
    }

    /// Whether this is the clinic's own: its desk, the operator, or the engine on their behalf.
    pub fn is_of_the_house(self) -> bool {
        self.is_staff() || self == Self::System
    }

    /// Whether this is a voice agent, who sees only its own holds.
    pub fn is_agent(self) -> bool {
        matches!(
            self,
            Self::Key {
                scope: Scope::Agent,
                ..
            }
        )
    }
}

/// A key as it is kept: the secret only as its SHA-256, which suffices for 256 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its public half.
    pub id: KeyId,
    /// What it may do.
    pub scope: Scope,
    /// What the clinic calls it.
    pub label: String,
    /// SHA-256 of the secret half.
    pub secret_hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, as far as that is written down.
    pub last_used_at: Option<Timestamp>,
}

/// That a key was used, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// Which key.
    pub key: KeyId,
    /// When.
    pub at: Timestamp,
}
