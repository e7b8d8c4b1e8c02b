//! What a façade may ask of a tenant and what it gets: the ledger's commands in contact words, and answers with the names
//! put back.
//!
//! An [`Instruction`] is a command before the tenant's contacts have turned a name and a number into a party. Nothing here
//! decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ledger::{Awaited, Command, Receipt, Rejection, RequestKey, Twin, View, Wish};
use crate::model::{
    AppointmentId, AuthToken, CallReference, CallerId, Contact, DeliveryStatus, FreeText, Heard,
    Interval, MessageId, ModelKey, Models, PersonId, PersonName, Phone, Principal, ProviderId,
    Remark, Reply, Scope, Slug, SmsAccount, Subject, TextKind, Timestamp, VoiceSecret,
    VoiceSettings,
};
use crate::replay::{PersonCard, Said};

use super::sms_access::SmsAccess;

/// What can be done for someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Claim a slot for a while.
    PlaceHold {
        /// Which slot.
        wish: Wish,
        /// For how long.
        ttl_seconds: Option<u32>,
        /// In which call.
        call: Option<CallReference>,
    },
    /// Book at once, on staff's word.
    BookDirectly {
        /// Which slot.
        wish: Wish,
        /// Also into time that someone else has.
        overbook: bool,
    },
    /// Book the same time of the week several times over, on staff's word.
    BookSeries {
        /// The first slot.
        wish: Wish,
        /// How many weeks from one to the next.
        every_weeks: u32,
        /// How many appointments.
        occurrences: u32,
    },
    /// Wait for a time to become free.
    JoinWaitlist(Awaited),
}

impl Errand {
    /// The call in which it is to be done.
    pub fn call(&self) -> Option<&CallReference> {
        match self {
            Self::PlaceHold { call, .. } => call.as_ref(),
            Self::BookDirectly { .. } | Self::BookSeries { .. } | Self::JoinWaitlist(_) => None,
        }
    }
}

/// A call that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedCall {
    /// What its platform calls it.
    pub reference: CallReference,
    /// From which phone.
    pub from: Phone,
    /// What the caller is called, if that is known.
    pub name: Option<PersonName>,
    /// An appointment was made in it.
    pub booking_confirmed: bool,
    /// What was wished for.
    pub service: Option<Slug>,
    /// Whose time.
    pub resource: Option<Slug>,
    /// When it was to begin.
    pub start: Option<Timestamp>,
    /// When the call ended; `None`: just now.
    pub ended_at: Option<Timestamp>,
    /// What was talked about.
    pub said: Option<Remark>,
}

/// What can be asked of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Do something for someone.
    For(Contact, Errand),
    /// Send texts with this from now on. The token is sealed before anything else is done with it.
    SetSmsCredentials {
        /// The clinic's account with its provider.
        account: SmsAccount,
        /// The account's token.
        token: AuthToken,
    },
    /// The clinic's voice line, from now on. The secret is sealed before anything else is done with it.
    SetVoiceLine {
        /// What it is.
        settings: VoiceSettings,
        /// Its secret.
        secret: VoiceSecret,
    },
    /// The clinic's models, from now on. Keys are sealed before anything else is done with them.
    SetModels(Box<Models<ModelKey>>),
    /// Someone on the telephone wants this done, to what is theirs.
    OnTheLine {
        /// From which phone; `None`: the call has no number.
        phone: Option<Phone>,
        /// In which call.
        call: Option<CallReference>,
        /// What.
        deed: Command,
        /// Why, if it is said of an appointment.
        reason: Option<FreeText>,
    },
    /// Take in that a call has ended.
    EndCall(Box<EndedCall>),
    /// Take in a text as the provider reports it.
    TakeText {
        /// The digest of what the provider calls it.
        text: [u8; 32],
        /// From which phone.
        from: Phone,
        /// What it means.
        heard: Heard,
        /// Its words, if it is no command.
        said: Option<Remark>,
    },
    /// Take in a text that came from a phone.
    TakeReply {
        /// From which phone.
        from: Phone,
        /// What it means.
        reply: Reply,
        /// Its words, if that is unclear.
        said: Option<Remark>,
    },
    /// Make a key; the answer shows its secret, once.
    CreateKey {
        /// What it may do.
        scope: Scope,
        /// What the clinic calls it.
        label: String,
        /// From when on it is refused.
        expires_at: Option<Timestamp>,
    },
    /// Keep a resource's time from being booked.
    BlockTime {
        /// Whose.
        resource: Slug,
        /// From when to when.
        interval: Interval,
        /// Why.
        reason: Option<FreeText>,
    },
    /// Cancel an appointment.
    CancelAppointment {
        /// Which.
        appointment: AppointmentId,
        /// Why.
        reason: Option<FreeText>,
        /// The version it must have.
        if_version: Option<u32>,
    },
    /// Erase a person, and their phone if nobody else is on it.
    ErasePerson(PersonId),
    /// Erase a phone on which nobody is.
    ErasePhone(Phone),
    /// Whatever needs no contact word.
    Plain(Command),
}

/// The `Idempotency-Key` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    /// SHA-256 of principal, route and key.
    pub key: [u8; 32],
    /// SHA-256 of the body. It could be tested against guesses of a name, so it is kept as personal data.
    pub body: [u8; 32],
    /// Another name of the same request, if it has one.
    pub twin: Option<Twin>,
}

/// A look at what someone on the telephone has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerLook {
    /// Who looks.
    pub viewer: Principal,
    /// From which phone they call; `None`: the call has no number.
    pub phone: Option<Phone>,
    /// In which call.
    pub call: Option<CallReference>,
    /// The request that is about to be made, if it may have been made before.
    pub request: Option<RequestKey>,
}

/// One request of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// Under which idempotency key.
    pub idempotency: Option<Idempotency>,
    /// What.
    pub instruction: Instruction,
}

/// What a tenant answers to a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the ledger says.
    pub receipt: Receipt,
    /// The idempotency key had been used: this is the answer it got then.
    pub replayed: bool,
    /// Whom the receipt's party names, unless they were erased.
    pub person: Option<PersonCard>,
    /// The free text filed under what the receipt shows: a reason.
    pub reason: Option<FreeText>,
    /// A new key in full. Shown once and kept nowhere.
    pub secret: Option<Arc<str>>,
}

/// What a tenant answers to a query.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What was found.
    pub view: View,
    /// Whom the parties in it name.
    pub people: BTreeMap<PersonId, PersonCard>,
    /// The reasons filed under the appointments and blocks in it.
    pub reasons: BTreeMap<Subject, FreeText>,
    /// The phones of the texts in it.
    pub phones: BTreeMap<CallerId, Phone>,
    /// What the callers in it said; not for who may only read.
    pub remarks: BTreeMap<CallerId, Vec<Said>>,
    /// What those texts say, for staff alone; never what a code's text says.
    pub bodies: BTreeMap<MessageId, String>,
}

/// A text that the local inbox captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedText {
    /// Who it was for.
    pub to: Phone,
    /// What it said.
    pub body: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// What it was.
    pub kind: TextKind,
}

/// How far a text has come, as its provider calls back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryNote {
    /// What the provider calls the text.
    pub sid: ProviderId,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// The provider's number for why no further.
    pub error: Option<u32>,
    /// Which text and attempt it is about, if the callback names them.
    pub attempt: Option<(MessageId, u32)>,
}

/// A text that the outbox may send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedText {
    /// Which text.
    pub message: MessageId,
    /// Who gets it.
    pub to: Phone,
    /// What it says.
    pub body: String,
    /// Which attempt this is.
    pub attempt: u32,
    /// Whose it is, by its name in paths; empty for the instance, which sends none.
    pub tenant: String,
    /// What the clinic sends its texts with, if it has anything.
    pub access: Option<Arc<SmsAccess>>,
    /// How long it is of use, in seconds from now.
    pub useful_seconds: u64,
}

/// Why a tenant gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The ledger said no.
    Rejected(Rejection),
    /// This tenant has as many requests in flight as it may: nothing was done.
    TenantBusy,
    /// The machine has as much queued as it may: nothing was done.
    Overloaded,
    /// The disk is full: nothing was done.
    StorageFull,
    /// The engine or this tenant stopped meanwhile: whether it was done is not known; the same idempotency key will tell.
    Stopped,
    /// The tenant's actor has panicked or its entries do not replay: it is out of service until the operator has looked.
    Quarantined,
}
