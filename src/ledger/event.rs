//! What happened: the only way a ledger changes, and what the journal keeps for ever.
//!
//! **Stored format.** The order of variants and fields is the format (bincode is positional). From the first release on
//! a change means a new entry version and an upcast in `entry/`; golden files hold the bytes. Events carry no name, no
//! number and no free text: those are personal facts and travel beside them.

use serde::{Deserialize, Serialize};

use crate::model::{
    AppointmentId, Attendance, Block, BlockId, CallId, CallReport, CallerId, Channel, Claim,
    Delivery, Erasure, FollowUp, HoldId, Interval, KeyId, KeyRecord, KeyUse, Knowledge, MessageId,
    ModelRecord, Offered, ParkReason, Party, PersonId, Principal, Profile, Proof, ProviderId,
    Resource, ResourceId, SendOutcome, Series, SeriesId, Service, ServiceId, SmsCredentials,
    TenantRecord, TextKind, Times, Timestamp, Verification, VoiceLine, WaitlistId, Wished,
};

use super::receipt::Receipt;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A clinic joined the instance (tenant zero only).
    TenantCreated(TenantRecord),
    /// The clinic says this of itself.
    ProfileSet(Profile),
    /// The clinic sends its texts with these.
    SmsCredentialsSet(SmsCredentials),
    /// The clinic's voice line is now so.
    VoiceLineSet(VoiceLine),
    /// The clinic has written this down about itself.
    KnowledgeSet(Knowledge),
    /// A key was made.
    KeyCreated(KeyRecord),
    /// A key was taken back.
    KeyRevoked {
        /// Which.
        key: KeyId,
        /// When.
        at: Timestamp,
    },
    /// Keys were used; each once at the most, with its latest use.
    KeysUsed(Vec<KeyUse>),
    /// A resource was added.
    ResourceAdded(Resource),
    /// A resource is now so.
    ResourceChanged(Resource),
    /// A resource's time was blocked.
    BlockAdded(Block),
    /// A block was taken away.
    BlockRemoved {
        /// Whose.
        resource: ResourceId,
        /// Which.
        block: BlockId,
    },
    /// A service was added.
    ServiceAdded(Service),
    /// A service is now so.
    ServiceChanged(Service),
    /// A slot was claimed.
    HoldPlaced {
        /// The hold.
        hold: HoldId,
        /// What for.
        service: ServiceId,
        /// The appointment's own time.
        interval: Interval,
        /// What it takes.
        claims: Vec<Claim>,
        /// Who for.
        party: Party,
        /// In which call.
        call: Option<CallId>,
        /// By whom.
        by: Principal,
        /// When.
        at: Timestamp,
        /// Until when.
        expires_at: Timestamp,
        /// Until when at most.
        lifetime_ends_at: Timestamp,
    },
    /// The same caller came back for their hold by another key.
    HoldTakenUp {
        /// Which.
        hold: HoldId,
        /// By which key.
        by: Principal,
    },
    /// A hold lasts longer.
    HoldExtended {
        /// Which.
        hold: HoldId,
        /// Until when.
        expires_at: Timestamp,
    },
    /// A hold lasts only until then: its call has ended.
    HoldShortened {
        /// Which.
        hold: HoldId,
        /// Until when.
        expires_at: Timestamp,
    },
    /// A hold was given back.
    HoldReleased {
        /// Which.
        hold: HoldId,
    },
    /// A hold's time was over; written down when it stood in the way or was swept.
    HoldExpired {
        /// Which.
        hold: HoldId,
    },
    /// A hold has this code now.
    CodeIssued {
        /// Which hold.
        hold: HoldId,
        /// Its code.
        verification: Verification,
    },
    /// A hold's text was certainly not sent: it has no code.
    CodeWithdrawn {
        /// Which hold.
        hold: HoldId,
    },
    /// A wrong code was given.
    AttemptFailed {
        /// For which hold.
        hold: HoldId,
        /// By whom.
        caller: CallerId,
        /// When.
        at: Timestamp,
    },
    /// Too many wrong codes: no further one is taken.
    HoldLocked {
        /// Which hold.
        hold: HoldId,
    },
    /// A hold became an appointment.
    HoldConfirmed {
        /// Which hold.
        hold: HoldId,
        /// Which appointment.
        appointment: AppointmentId,
        /// On whose word.
        proof: Proof,
        /// By whom.
        by: Principal,
        /// When.
        at: Timestamp,
    },
    /// Staff booked at once.
    AppointmentBooked {
        /// Which appointment.
        appointment: AppointmentId,
        /// What.
        service: ServiceId,
        /// Its own time.
        interval: Interval,
        /// What it takes.
        claims: Vec<Claim>,
        /// Someone else had part of that: staff overbooked it.
        overbooked: bool,
        /// The series it is part of.
        series: Option<SeriesId>,
        /// Who for.
        party: Party,
        /// By whom.
        by: Principal,
        /// When.
        at: Timestamp,
    },
    /// A series was booked; its appointments follow in the same step.
    SeriesBooked(Series),
    /// Whether the patient came.
    AppointmentMarked {
        /// Of which appointment.
        appointment: AppointmentId,
        /// Whether.
        attendance: Attendance,
    },
    /// An appointment was cancelled.
    AppointmentCancelled {
        /// Which.
        appointment: AppointmentId,
        /// Later than the service lets others than the house cancel.
        late: bool,
        /// By whom.
        by: Principal,
        /// When.
        at: Timestamp,
    },
    /// An appointment moved, in one step: its old time is free, its new one taken.
    AppointmentMoved {
        /// Which.
        appointment: AppointmentId,
        /// What it is now for.
        service: ServiceId,
        /// Its new time.
        interval: Interval,
        /// What it now takes.
        claims: Vec<Claim>,
    },
    /// Someone waits for a time to become free.
    WaitlistJoined {
        /// Their place on the waitlist.
        entry: WaitlistId,
        /// What for.
        service: ServiceId,
        /// At any of these; none named: at any that gives the service.
        resources: Vec<ResourceId>,
        /// When they would come.
        times: Times,
        /// Who for.
        party: Party,
        /// By whom.
        by: Principal,
        /// When.
        at: Timestamp,
        /// From when on they wait no longer.
        ends_at: Timestamp,
    },
    /// An entry of the waitlist was taken back.
    WaitlistWithdrawn {
        /// Which.
        entry: WaitlistId,
        /// When.
        at: Timestamp,
    },
    /// An entry's last date has passed.
    WaitlistOver {
        /// Which.
        entry: WaitlistId,
        /// When that was written down.
        at: Timestamp,
    },
    /// A hold is an offer to someone who waits; it was placed in the same step.
    OfferMade {
        /// To whom.
        entry: WaitlistId,
        /// Which hold.
        hold: HoldId,
    },
    /// An offer's text was certainly not sent; the hold is given back in the same step. It counts for nothing but the record.
    OfferUnsent {
        /// Which hold.
        hold: HoldId,
    },
    /// Time that had become free does not fit anyone up to here; whoever waits after them is looked at next.
    FreedLooked {
        /// Of whom and when.
        claim: Claim,
        /// The place of the last who was looked at, in order of creation.
        up_to: u64,
    },
    /// Time that had become free is of no use to anyone now, and is looked at again when an offer has ended.
    FreedKept {
        /// Of whom and when.
        claims: Vec<Claim>,
    },
    /// Time that had become free is offered wholly, over, or of no use to anyone who waits.
    FreedDropped {
        /// Of whom and when.
        claims: Vec<Claim>,
    },
    /// A call has ended.
    CallEnded {
        /// Which call.
        call: CallId,
        /// As it was reported.
        report: CallReport,
        /// What was wished for in it, as far as it is known.
        wish: Wished,
        /// Whether its caller is written to.
        follow_up: FollowUp,
        /// Until when it is known.
        until: Timestamp,
    },
    /// Whether a call's caller is written to is decided in the morning.
    FollowUpPlanned {
        /// Which call.
        call: CallId,
        /// When.
        at: Timestamp,
    },
    /// It is morning, and this was decided.
    FollowUpDecided {
        /// Of which call.
        call: CallId,
        /// What.
        follow_up: FollowUp,
    },
    /// A hold is kept for a call's caller until they answer the text of the same step.
    FollowUpMade {
        /// Of which call.
        call: CallId,
        /// Which hold.
        hold: HoldId,
        /// Which time.
        offered: Offered,
        /// Until when.
        expires_at: Timestamp,
        /// When that was decided.
        at: Timestamp,
    },
    /// Someone was in contact: by a call, or by a text that is no command.
    Conversed {
        /// Who.
        caller: CallerId,
        /// By what.
        channel: Channel,
        /// What they wished for.
        wish: Option<Wished>,
        /// When.
        at: Timestamp,
        /// Until when it is remembered.
        until: Timestamp,
    },
    /// A text was decided and its first attempt handed over in the same step.
    TextQueued {
        /// Which text.
        message: MessageId,
        /// What it says.
        kind: TextKind,
        /// Who gets it.
        to: CallerId,
        /// When.
        at: Timestamp,
    },
    /// A text is about to be sent again.
    TextHandedOver {
        /// Which text.
        message: MessageId,
        /// Which attempt.
        attempt: u32,
    },
    /// An attempt was certainly not sent; the text waits for the next.
    TextDeferred {
        /// Which text.
        message: MessageId,
        /// Until when.
        until: Timestamp,
    },
    /// A text that was certainly never sent is given up.
    TextParked {
        /// Which text.
        message: MessageId,
        /// Why.
        reason: ParkReason,
    },
    /// A patient is to be reminded of an appointment then.
    ReminderSet {
        /// Of which.
        appointment: AppointmentId,
        /// When.
        at: Timestamp,
    },
    /// Or not at all.
    ReminderDropped {
        /// Of which.
        appointment: AppointmentId,
    },
    /// What became of a text.
    TextSettled {
        /// Which text.
        message: MessageId,
        /// What.
        outcome: SendOutcome,
        /// What the provider calls it.
        sid: Option<ProviderId>,
    },
    /// A text has come further, as its provider says.
    DeliveryNoted {
        /// Which text.
        message: MessageId,
        /// How far.
        delivery: Delivery,
    },
    /// A text that came in was taken; the same one says nothing more for a while.
    TextTaken {
        /// The digest of what the provider calls it.
        text: [u8; 32],
        /// Until when that is remembered.
        until: Timestamp,
    },
    /// A phone's holder was answered; they are not again for a while.
    TextAnswered {
        /// Who.
        caller: CallerId,
        /// Until when.
        until: Timestamp,
    },
    /// A phone's holder wants no texts.
    TextsStopped {
        /// Who.
        caller: CallerId,
    },
    /// They want texts again.
    TextsStarted {
        /// Who.
        caller: CallerId,
    },
    /// A request with an idempotency key succeeded; the same key gets this again.
    RequestRemembered {
        /// SHA-256 of principal, route and key.
        key: [u8; 32],
        /// The answer.
        receipt: Receipt,
        /// Until when.
        until: Timestamp,
    },
    /// A person is erased: nobody knows them any more, and what is stored of them is to be overwritten.
    PersonErased {
        /// Who.
        person: PersonId,
        /// By whose phone they called.
        caller: CallerId,
        /// When.
        at: Timestamp,
    },
    /// A phone is erased: nobody is on it any more.
    CallerErased {
        /// Whose.
        caller: CallerId,
        /// When.
        at: Timestamp,
    },
    /// The personal parts of these entries are about to be overwritten. What they say of others is said again beside this.
    PersonErasureBegun {
        /// For which erasure.
        of: Erasure,
        /// Their sequences, ascending.
        entries: Vec<u64>,
    },
    /// All that an erasure listed is overwritten.
    PersonErasureCompleted {
        /// Which.
        of: Erasure,
    },
    /// Someone who never booked still waits for something: they are kept a while longer.
    PersonKept {
        /// Who.
        person: PersonId,
        /// From when on they are kept as long again.
        at: Timestamp,
    },
    /// Rows that were only kept for a while are dropped up to here.
    Forgotten {
        /// What was due by then.
        up_to: Timestamp,
    },
    /// The models that speak for the clinic are now these.
    ModelsSet(ModelRecord),
}

impl Event {
    /// The hold that this says something new about: what its version counts. Its placing is its first version.
    pub fn changed_hold(&self) -> Option<HoldId> {
        match self {
            Self::HoldTakenUp { hold, .. }
            | Self::HoldExtended { hold, .. }
            | Self::HoldShortened { hold, .. }
            | Self::FollowUpMade { hold, .. }
            | Self::HoldReleased { hold }
            | Self::HoldExpired { hold }
            | Self::CodeIssued { hold, .. }
            | Self::CodeWithdrawn { hold }
            | Self::AttemptFailed { hold, .. }
            | Self::HoldLocked { hold }
            | Self::HoldConfirmed { hold, .. } => Some(*hold),
            _ => None,
        }
    }
}
