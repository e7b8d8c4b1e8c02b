//! What a handle and the directory may ask of a tenant's actor, texts apart.
//!
//! Only the messages; `actor.rs` answers them.

use std::sync::Arc;

use actix::Message;

use crate::entry::Head;
use crate::journal::Unconfirmed;
use crate::ledger::{Page, PageRequest, Query};
use crate::model::{Phone, Principal};
use crate::replay::{PersonCard, PersonSearch};

use super::core::Outcome;
use super::messages::{Answer, CallerLook, Refused, Request, Seen};
use super::sms_access::{ModelAccess, VoiceAccess};

/// Carry out a request.
pub struct Execute(pub Request);

impl Message for Execute {
    type Result = Result<Outcome<Answer>, Refused>;
}

/// Look something up.
pub struct Look {
    /// Who looks.
    pub viewer: Principal,
    /// At what.
    pub query: Query,
}

impl Message for Look {
    type Result = Outcome<Seen>;
}

/// Go to sleep now, if nothing is under way: whether it does.
pub struct LieDown;

impl Message for LieDown {
    type Result = bool;
}

/// Append a checkpoint of these heads, which are durable; the instance's actor only.
pub struct Checkpoint(pub Vec<Head>);

impl Message for Checkpoint {
    type Result = Result<Unconfirmed<()>, Refused>;
}

/// Look what is remembered of callers.
pub struct Recall {
    /// Who looks.
    pub viewer: Principal,
    /// Of those with this phone; `None`: of all.
    pub phone: Option<Phone>,
    /// Which part.
    pub page: PageRequest,
}

impl Message for Recall {
    type Result = Outcome<Seen>;
}

/// Look for persons.
pub struct LookForPersons(pub PersonSearch);

impl Message for LookForPersons {
    type Result = Unconfirmed<Page<PersonCard>>;
}

/// Look for what someone on the telephone has.
pub struct LookForCaller(pub CallerLook);

impl Message for LookForCaller {
    type Result = Outcome<Seen>;
}

/// Open the voice line.
pub struct OpenVoiceLine;

impl Message for OpenVoiceLine {
    type Result = Unconfirmed<Option<Arc<VoiceAccess>>>;
}

/// Open the models' keys.
pub struct OpenModels;

impl Message for OpenModels {
    type Result = Unconfirmed<Option<Arc<ModelAccess>>>;
}
