//! An erasure: whose personal data goes. Ids only, so it may stand in events and on lists.

use serde::{Deserialize, Serialize};

use super::ids::{CallerId, PersonId};

/// Whose personal data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Erasure {
    /// By whose phone they call.
    pub caller: CallerId,
    /// Who; `None`: the phone itself, because nobody is on it any more.
    pub person: Option<PersonId>,
}

impl Erasure {
    /// That of a person.
    pub fn of_person(person: PersonId, caller: CallerId) -> Self {
        Self {
            caller,
            person: Some(person),
        }
    }

    /// That of a phone on which nobody is.
    pub fn of_caller(caller: CallerId) -> Self {
        Self {
            caller,
            person: None,
        }
    }
}
