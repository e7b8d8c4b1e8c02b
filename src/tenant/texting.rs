//! What the outbox, the provider's callbacks, and whoever waits for a text may ask of a tenant's actor.
//!
//! Only the messages; `actor.rs` answers them.

use std::sync::Arc;

use actix::Message;
use tokio::sync::oneshot;

use crate::journal::Unconfirmed;
use crate::ledger::{Page, PageRequest};
use crate::model::{MessageId, ProviderId, SendOutcome};

use super::messages::{CapturedText, DeliveryNote, PreparedText, Refused};
use super::sms_access::SmsAccess;

/// What the outbox, and whoever waits for it, may ask.
pub enum Texting {
    /// Which texts can be taken now.
    Due,
    /// Take this one: its attempt is journaled, here are its words.
    Prepare(MessageId),
    /// What became of this attempt.
    Settle(MessageId, u32, SendOutcome, Option<ProviderId>),
    /// What the clinic sends texts with.
    Access,
    /// The provider says how far one has come.
    Note(DeliveryNote),
    /// The provider says that whoever should get this one wants no texts.
    Stop(MessageId),
    /// Tell me what becomes of it.
    Await(MessageId),
    /// A page of the texts that were sent, newest first.
    Captured(PageRequest),
}

/// What they get.
pub enum Texted {
    /// For [`Texting::Due`].
    Due(Unconfirmed<Vec<MessageId>>),
    /// For [`Texting::Prepare`]; `None`: it is not to be sent.
    Prepared(Unconfirmed<Option<PreparedText>>),
    /// For [`Texting::Settle`], [`Texting::Note`] and [`Texting::Stop`].
    Settled(Unconfirmed<()>),
    /// For [`Texting::Access`].
    Access(Unconfirmed<Option<Arc<SmsAccess>>>),
    /// For [`Texting::Await`]: it is known.
    Known(Unconfirmed<Option<SendOutcome>>),
    /// For [`Texting::Await`]: it will be.
    Pending(oneshot::Receiver<Unconfirmed<SendOutcome>>),
    /// For [`Texting::Captured`].
    Captured(Unconfirmed<Page<CapturedText>>),
}

impl Message for Texting {
    type Result = Result<Texted, Refused>;
}
