//! The head of an image: which entry it ends with, and what must be known of a tenant that sleeps.
//!
//! All heads together are the catalog: a start reads them, and no image of a tenant that has nothing after it. **Stored format**:
//! the version in one byte, then the fields in bincode. It is sealed with the image it belongs to.

use serde::{Deserialize, Serialize};

use crate::entry::ChainHead;
use crate::journal::Lsn;
use crate::ledger::Names;
use crate::model::{KeyRecord, Profile, Slug, TenantId, Timestamp};
use crate::replay::{Latest, Replayed};

/// The version that this build writes.
const VERSION: u8 = 1;

/// What is known of a tenant without opening its image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Whose.
    pub tenant: TenantId,
    /// The entry that the image ends with.
    pub sequence: u64,
    /// Its hash.
    pub chain: ChainHead,
    /// Its position in the journal.
    pub lsn: u64,
    /// Its instant.
    pub last_at: Timestamp,
    /// When something is to be done for this tenant; `None`: nothing is.
    pub wakes_at: Option<Timestamp>,
    /// What the clinic says of itself.
    pub profile: Option<Profile>,
    /// Its keys.
    pub keys: Vec<KeyRecord>,
    services: Vec<Slug>,
    resources: Vec<Slug>,
}

impl Head {
    /// The head of a tenant as it stands.
    pub fn of(state: &Replayed) -> Self {
        let ledger = &state.ledger;
        let names = ledger.names();
        let (services, resources) = names.taken_down();
        Self {
            tenant: ledger.tenant(),
            sequence: state.sequence,
            chain: state.chain,
            lsn: state.head.0,
            last_at: state.last_at,
            wakes_at: ledger.next_wake(),
            profile: ledger.profile().cloned(),
            keys: ledger.keys().cloned().collect(),
            services: services.to_vec(),
            resources: resources.to_vec(),
        }
    }

    /// The names that the tenant's entries use.
    pub fn names(&self) -> Names {
        Names::restored(self.services.clone(), self.resources.clone())
    }

    /// The entry that the image ends with.
    pub fn latest(&self) -> Latest {
        Latest {
            sequence: self.sequence,
            hash: self.chain,
            at: self.last_at,
            lsn: Lsn(self.lsn),
        }
    }

    /// As bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bincode::serde::encode_into_std_write(self, &mut bytes, bincode::config::standard())
            .expect("a head holds nothing that bincode cannot write");
        bytes
    }

    /// From bytes; what is wrong with them.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (version, content) = bytes.split_first().ok_or("a head is empty")?;
        if *version != VERSION {
            return Err(format!(
                "a head has version {version}, which this holdfast does not know"
            ));
        }
        let decoded = bincode::serde::decode_from_slice(content, bincode::config::standard());
        let (head, used): (Self, usize) = decoded.map_err(|error| error.to_string())?;
        match used == content.len() {
            true => Ok(head),
            false => Err("a head is longer than it says".to_owned()),
        }
    }
}
