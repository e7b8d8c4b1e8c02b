//! What can be asked of a ledger, and what it is told beside the question.
//!
//! A command carries no clock, no randomness, no name and no telephone number: time, fresh ids and the tenant's code key come
//! in with the [`Context`], contacts have become a [`Party`] before. That is what makes `decide` a pure function.

use crate::model::{
    AppointmentId, Attendance, BlockId, CallId, CallerId, Delivery, EnteredCode, Erasure, Heard,
    HoldId, Interval, KeyId, KeyUse, KnowledgeText, MessageId, Models, Party, PersonId, Principal,
    Profile, ProviderId, Reply, Route, Scope, SealedToken, SendOutcome, Slug, SmsAccount, Times,
    Timestamp, VoiceSettings, WaitlistId,
};
use crate::seal::CodeKey;

use super::drafts::{
    CallEnd, NewResource, NewService, ProfileChange, ResourceChange, ServiceChange,
};
use super::text_limits::TextLimits;

/// A slot as someone wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What for.
    pub service: Slug,
    /// Whose time; `None`: any one of the service's resources, the least loaded that day.
    pub resource: Option<Slug>,
    /// When it begins.
    pub start: Timestamp,
}

/// What someone waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// What for.
    pub service: Slug,
    /// At any of these; `None`: at any that gives the service.
    pub resources: Option<Vec<Slug>>,
    /// When they would come.
    pub times: Times,
}

/// Where an appointment is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// What for; `None`: what it is for now.
    pub service: Option<Slug>,
    /// Whose time; `None`: any one of the service's resources, the least loaded that day.
    pub resource: Option<Slug>,
    /// When it begins.
    pub start: Timestamp,
}

impl From<Wish> for Destination {
    fn from(wish: Wish) -> Self {
        Self {
            service: Some(wish.service),
            resource: wish.resource,
            start: wish.start,
        }
    }
}

/// What can be asked of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Tenant zero only: a new clinic.
    CreateTenant {
        /// Its name in paths.
        slug: Slug,
        /// What it says of itself.
        profile: Profile,
    },
    /// A clinic's first words of itself; they change nothing where there are some already.
    OpenClinic(Profile),
    /// What the clinic says of itself, from now on.
    ChangeProfile {
        /// What of it.
        change: ProfileChange,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// What the clinic sends its texts with, from now on.
    SetSmsCredentials {
        /// Its account with the provider.
        account: SmsAccount,
        /// The account's token.
        token: SealedToken,
    },
    /// The clinic's voice line, from now on.
    SetVoiceLine {
        /// What it is.
        settings: VoiceSettings,
        /// Its secret.
        secret: SealedToken,
    },
    /// The clinic's models, from now on; `None`: it has none any more.
    SetModels(Option<Box<Models<SealedToken>>>),
    /// Someone on the telephone wants this done: to their own holds and appointments only.
    OnTheLine {
        /// Who calls; `None`: nobody here knows that phone, or it has no number.
        caller: Option<CallerId>,
        /// In which call.
        call: Option<CallId>,
        /// What: about a hold or an appointment.
        deed: Box<Command>,
    },
    /// What the clinic has written down about itself, from now on.
    SetKnowledge(KnowledgeText),
    /// A new key. The secret stays with whoever drew it.
    CreateKey {
        /// What it may do.
        scope: Scope,
        /// What the clinic calls it.
        label: String,
        /// From when on it is refused.
        expires_at: Option<Timestamp>,
        /// SHA-256 of the secret.
        secret_hash: [u8; 32],
    },
    /// Takes a key back.
    RevokeKey(KeyId),
    /// Writes down when keys were last used, up to a bounded number of them.
    NoteKeyUses(Vec<KeyUse>),
    /// Adds a resource.
    AddResource(NewResource),
    /// Changes a resource.
    ChangeResource {
        /// Which.
        resource: Slug,
        /// What of it.
        change: ResourceChange,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Keeps a resource's time from being booked.
    BlockTime {
        /// Whose.
        resource: Slug,
        /// From when to when.
        interval: Interval,
    },
    /// Gives a blocked time back.
    RemoveBlock {
        /// Whose.
        resource: Slug,
        /// Which.
        block: BlockId,
    },
    /// Adds a service.
    AddService(NewService),
    /// Changes a service.
    ChangeService {
        /// Which.
        service: Slug,
        /// What of it.
        change: ServiceChange,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Claims a slot for a while.
    PlaceHold {
        /// Which slot.
        wish: Wish,
        /// Who for.
        party: Party,
        /// For how long; default by policy, capped by the lifetime.
        ttl_seconds: Option<u32>,
        /// In which call.
        call: Option<CallId>,
    },
    /// Keeps a hold longer, up to its lifetime.
    ExtendHold {
        /// Which hold.
        hold: HoldId,
        /// How long from now.
        ttl_seconds: u32,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Gives a hold's time back.
    ReleaseHold {
        /// Which hold.
        hold: HoldId,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Sends the code of a hold, or sends it again.
    SendCode {
        /// Which hold.
        hold: HoldId,
        /// Where the text would go; `None`: nobody knows (any more).
        route: Option<Route>,
    },
    /// Turns a hold into an appointment.
    Confirm {
        /// Which hold.
        hold: HoldId,
        /// The code, if one was said.
        code: Option<EnteredCode>,
        /// The version that the hold must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Books at once, on staff's word.
    BookDirectly {
        /// Which slot.
        wish: Wish,
        /// Who for.
        party: Party,
        /// Also into time that someone else has, where nobody is free.
        overbook: bool,
    },
    /// Books the same time of the week several times over, all or none, on staff's word.
    BookSeries {
        /// The first slot; all others are at its resource.
        wish: Wish,
        /// Who for.
        party: Party,
        /// How many weeks from one to the next.
        every_weeks: u32,
        /// The ids of the appointments, in order of time: one for each occurrence.
        appointments: Vec<AppointmentId>,
    },
    /// Whether the patient came.
    MarkAttendance {
        /// To which appointment.
        appointment: AppointmentId,
        /// Whether.
        attendance: Attendance,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Cancels an appointment.
    CancelAppointment {
        /// Which appointment.
        appointment: AppointmentId,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Moves an appointment to another time, resource or service.
    Reschedule {
        /// Which appointment.
        appointment: AppointmentId,
        /// Where to.
        to: Destination,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// Waits for a time to become free.
    JoinWaitlist {
        /// For which.
        awaited: Awaited,
        /// Who for.
        party: Party,
    },
    /// Waits no longer.
    WithdrawFromWaitlist {
        /// Which entry.
        entry: WaitlistId,
        /// The version it must have, if the caller cares.
        if_version: Option<u32>,
    },
    /// A call has ended.
    EndCall(Box<CallEnd>),
    /// The house's own word after time became free: offer it to whoever waits for it first.
    OfferFreed,
    /// Someone answered a text from their phone.
    AnswerOffer {
        /// Who; `None`: nobody here knows that phone.
        caller: Option<CallerId>,
        /// What they mean.
        reply: Reply,
    },
    /// The outbox is about to send a text again.
    HandOverText(MessageId),
    /// The outbox knows what became of a text.
    SettleText {
        /// Which text.
        message: MessageId,
        /// Which attempt.
        attempt: u32,
        /// What became of it.
        outcome: SendOutcome,
        /// What the provider calls it.
        sid: Option<ProviderId>,
    },
    /// A provider says how far a text has come.
    NoteDelivery {
        /// What the provider calls the text.
        sid: ProviderId,
        /// How far.
        delivery: Delivery,
        /// Which text and attempt it is about, if the callback names them.
        attempt: Option<(MessageId, u32)>,
    },
    /// A text came in.
    TakeText {
        /// The digest of what the provider calls it.
        text: [u8; 32],
        /// From whom; `None`: nobody here knows that phone.
        caller: Option<CallerId>,
        /// What it means.
        heard: Heard,
    },
    /// A phone's holder has told the provider that they want no texts.
    StopTexts(CallerId),
    /// Erases a person.
    ErasePerson {
        /// Who.
        person: PersonId,
        /// By whose phone they call; `None`: nobody knows them.
        caller: Option<CallerId>,
        /// Nobody else is on that phone: it goes, too.
        is_alone: bool,
    },
    /// Erases a phone on which nobody is; `None`: nobody knows it.
    EraseCaller(Option<CallerId>),
    /// The house's own word: these entries are about to be overwritten.
    BeginErasure {
        /// For which erasure.
        of: Erasure,
        /// Their sequences, ascending.
        entries: Vec<u64>,
    },
    /// The house's own word: they are.
    CompleteErasure(Erasure),
    /// The timer's only word: write down what the clock has already decided.
    TimePassed,
}

impl Command {
    /// The id of the block that this command would make, given fresh ids; free text about it is filed under it.
    pub fn new_block_id(fresh: &FreshIds) -> BlockId {
        BlockId(fresh[0])
    }
}

/// Random 128-bit numbers for the ids that a decision may need.
pub type FreshIds = [u128; 5];

/// How texts leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextChannel {
    /// Captured locally; needs no credentials.
    Inbox,
    /// By a paid provider, with the tenant's own credentials.
    Provider,
}

/// The operator's settings that decisions rest on. They shape new events only; replay never reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long a hold lasts unless asked otherwise.
    pub hold_ttl_seconds: u32,
    /// How long a hold can last, extensions included.
    pub hold_lifetime_seconds_max: u32,
    /// Live holds a phone may have.
    pub live_holds_per_phone_max: u32,
    /// Digits of a code, 4 to 8.
    pub code_digits: u8,
    /// How long a code works; never beyond its hold.
    pub code_ttl_seconds: u32,
    /// Wrong codes that are taken for one code.
    pub attempts_max: u32,
    /// Wrong codes a hold takes over all its codes before it is locked.
    pub attempts_per_hold_max: u32,
    /// How often a code can be sent again.
    pub resends_max: u32,
    /// How long an offer to someone who waits lasts; never beyond its start.
    pub offer_seconds: u32,
    /// For how many days nothing may be heard of someone who never booked before they are forgotten; 0: for ever.
    pub unbooked_days: u32,
    /// How long a time is kept for whoever is written to after their call, in seconds; never beyond its start.
    pub follow_up_seconds: u32,
    /// How long holds last after their call has ended, in seconds.
    pub call_grace_seconds: u32,
    /// How long a conversation is remembered after its last contact, in seconds.
    pub conversation_seconds: i64,
    /// How texts leave the house.
    pub texts: TextChannel,
    /// How many of them may.
    pub limits: TextLimits,
}

/// The `Idempotency-Key` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// SHA-256 of principal, route and key.
    pub hash: [u8; 32],
    /// Whether this key was seen before with another body. (The bodies' digests are personal data, so the ledger never has them.)
    pub reused: bool,
    /// Another name of the same request, if it has one.
    pub twin: Option<Twin>,
}

/// Another name of a request, for a while: whoever comes back by either gets the one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin {
    /// SHA-256 of what makes it the same request.
    pub hash: [u8; 32],
    /// For how long it counts.
    pub seconds: i64,
}

/// What a decision rests on beside the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The instant of the decision; never earlier than the latest entry.
    pub now: Timestamp,
    /// Who asks.
    pub principal: Principal,
    /// For the ids of what is new.
    pub fresh: FreshIds,
    /// The operator's settings.
    pub policy: &'a Policy,
    /// The tenant's key for codes.
    pub codes: &'a CodeKey,
    /// The request's idempotency key, if it has one.
    pub request: Option<RequestKey>,
}
