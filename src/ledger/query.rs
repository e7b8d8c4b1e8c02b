//! What can be looked up, and what is found. Reading changes nothing and is judged at an instant, like a decision.

use crate::model::{
    AppointmentId, AppointmentStatus, Block, CallId, CallerId, HoldId, HoldStatus, Interval, KeyId,
    KeyRecord, Knowledge, Message, MessageStatus, Models, PersonId, Profile, Resource,
    ResourceKind, SeriesId, Slug, SmsAccount, TenantRecord, Timestamp, VerificationPolicy,
    VoiceSettings, WaitlistId, WaitlistStatus,
};

use super::command::{RequestKey, Wish};
use super::receipt::{
    AppointmentView, ConversationView, Cursor, HoldView, Page, Receipt, SeriesView, ServiceView,
    SlotStatus, SlotView, WaitlistView,
};
use super::rejection::Reason;

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Begin after this row.
    pub after: Option<Cursor>,
    /// At most so many, 1 to 1000.
    pub limit: usize,
}

/// Which slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotSearch {
    /// What for.
    pub service: Slug,
    /// Whose time; `None`: any.
    pub resource: Option<Slug>,
    /// Starting at or after this instant.
    pub from: Timestamp,
    /// Starting before this instant.
    pub to: Timestamp,
    /// Taken ones too.
    pub include_taken: bool,
    /// Which part; a slot cursor is its start and its resource's number.
    pub page: PageRequest,
}

/// Which appointments, by start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentSearch {
    /// Starting at or after this instant.
    pub from: Timestamp,
    /// Starting before this instant.
    pub to: Timestamp,
    /// Of this resource.
    pub resource: Option<Slug>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// That are so.
    pub status: Option<AppointmentStatus>,
    /// Which part.
    pub page: PageRequest,
}

/// A rule that a time has to pass at a resource, in the order in which they are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It is not over.
    Past,
    /// It does not begin too soon.
    Notice,
    /// It does not begin too far ahead.
    Horizon,
    /// The resource is open, from beginning to end.
    OpeningHours,
    /// A slot of the service begins then.
    Step,
    /// The resource's time is not blocked, buffers included.
    Blocks,
    /// Nobody has any of it, buffers included.
    Claims,
}

impl Rule {
    /// All of them, for the resource of the slot.
    pub const ALL: [Self; 7] = [
        Self::Past,
        Self::Notice,
        Self::Horizon,
        Self::OpeningHours,
        Self::Step,
        Self::Blocks,
        Self::Claims,
    ];
    /// Those that no resource has a say in: the same for all of them.
    pub const OF_TIME: [Self; 3] = [Self::Past, Self::Notice, Self::Horizon];
    /// The others.
    pub const OF_RESOURCE: [Self; 4] = [Self::OpeningHours, Self::Step, Self::Blocks, Self::Claims];
    /// Those for a resource that stands beside it.
    pub const BESIDE: [Self; 3] = [Self::OpeningHours, Self::Blocks, Self::Claims];

    /// The rule's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::Notice => "notice",
            Self::Horizon => "horizon",
            Self::OpeningHours => "opening-hours",
            Self::Step => "step",
            Self::Blocks => "blocks",
            Self::Claims => "claims",
        }
    }
}

/// Which holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedHolds {
    /// Those that are so.
    Being(HoldStatus),
    /// Those of which no further code is taken and that were neither confirmed nor given back: a human has to help.
    /// Lapsed ones too: their callers were turned away.
    Locked,
}

/// Which blocks of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSearch {
    /// Whose.
    pub resource: Slug,
    /// Lasting beyond this instant.
    pub from: Timestamp,
    /// Beginning before this instant.
    pub to: Timestamp,
    /// Which part.
    pub page: PageRequest,
}

/// Which appointments that now lie outside what can be booked, by start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictSearch {
    /// Starting at or after this instant.
    pub from: Timestamp,
    /// Starting before this instant.
    pub to: Timestamp,
    /// With this resource; `None`: with any.
    pub resource: Option<Slug>,
    /// Which part.
    pub page: PageRequest,
}

/// What someone on the telephone has: live holds and what is to come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerSearch {
    /// Who calls; `None`: nobody here knows that phone, or it has no number.
    pub caller: Option<CallerId>,
    /// Everyone who calls by that phone.
    pub persons: Vec<PersonId>,
    /// In which call.
    pub call: Option<CallId>,
    /// The request that is about to be made, if it may have been made before.
    pub request: Option<RequestKey>,
}

/// What can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// What the clinic says of itself.
    Profile,
    /// What the clinic sends its texts with, without what is secret.
    SmsAccount,
    /// The clinic's voice line, without its secret.
    VoiceLine,
    /// The clinic's models, without what is secret.
    Models,
    /// What can be booked and with whom, by the names that patients use.
    Catalogue,
    /// What someone on the telephone has.
    OfCaller(CallerSearch),
    /// What the clinic has written down about itself.
    Knowledge,
    /// The instance's tenants.
    Tenants(PageRequest),
    /// One tenant of the instance.
    Tenant(Slug),
    /// Keys, revoked ones too.
    Keys(PageRequest),
    /// One key.
    Key(KeyId),
    /// Resources.
    Resources(PageRequest),
    /// One resource.
    Resource(Slug),
    /// Blocks of a resource, by start.
    Blocks(BlockSearch),
    /// Services.
    Services(PageRequest),
    /// One service.
    Service(Slug),
    /// Slots.
    Slots(SlotSearch),
    /// Why a time can be had or cannot.
    Explain(Wish),
    /// Holds; an agent sees its own.
    Holds {
        /// That are so; all, if absent.
        status: Option<WantedHolds>,
        /// Which part.
        page: PageRequest,
    },
    /// One hold; an agent sees its own.
    Hold(HoldId),
    /// The waitlist; an agent sees its own entries.
    Waitlist {
        /// That are so.
        status: Option<WaitlistStatus>,
        /// Which part.
        page: PageRequest,
    },
    /// One entry of the waitlist; an agent sees its own.
    WaitlistEntry(WaitlistId),
    /// Texts.
    Messages {
        /// That stand so.
        status: Option<MessageStatus>,
        /// Which part.
        page: PageRequest,
    },
    /// What is remembered of callers; an agent asks after one.
    Conversations {
        /// Of this one; `None`: of all.
        caller: Option<CallerId>,
        /// Which part.
        page: PageRequest,
    },
    /// Appointments.
    Appointments(AppointmentSearch),
    /// One appointment.
    Appointment(AppointmentId),
    /// One series.
    Series(SeriesId),
    /// Appointments that now lie outside hours or in a block.
    Conflicts(ConflictSearch),
    /// A person's appointments, those nearest to now. Whether there is such a person is not the ledger's to know.
    OfPerson {
        /// Whose.
        person: PersonId,
        /// How many to either side of now.
        limit: usize,
    },
}

/// An appointment that now lies outside what can be booked. It stands; someone has to decide what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictView {
    /// The appointment.
    pub appointment: AppointmentView,
    /// Which of its resources, and why: closed, holiday or blocked.
    pub reasons: Vec<(Slug, Reason)>,
}

/// A service by the name that patients use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    /// Its public id.
    pub id: Slug,
    /// What patients call it.
    pub name: String,
    /// How long an appointment lasts, in minutes.
    pub minutes: u32,
    /// Whether a booking needs a code.
    pub verification: VerificationPolicy,
    /// The public ids of those who give it.
    pub resources: Vec<Slug>,
}

/// A resource by the name that patients use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName {
    /// Its public id.
    pub id: Slug,
    /// What patients call it.
    pub name: String,
    /// What it is.
    pub kind: ResourceKind,
}

/// What can be booked and with whom, each in order of creation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// What.
    pub services: Vec<ServiceName>,
    /// With whom, where and with what.
    pub resources: Vec<ResourceName>,
}

/// What someone on the telephone has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerView {
    /// Live holds that are open to whoever looks: of their phone, then of the call; the newest of each last.
    pub holds: Vec<HoldView>,
    /// Booked appointments that have not begun, the next one first.
    pub upcoming: Vec<AppointmentView>,
    /// The answer that the request got when it was made before.
    pub remembered: Option<Receipt>,
}

/// Slots found, by start, then resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPage {
    /// What was found.
    pub page: Page<SlotView>,
    /// Why nothing was, if nothing was.
    pub reason: Option<Reason>,
}

/// What stands for or against a time at one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing stands against it.
    Free,
    /// Someone has it.
    Taken {
        /// A hold or an appointment.
        status: SlotStatus,
        /// When a hold lapses; `None`: an appointment does not.
        until: Option<Timestamp>,
    },
    /// It is not offered.
    NotOffered(Reason),
}

impl Finding {
    /// The reason on the wire; `None`: it is free.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Free => None,
            Self::Taken { .. } => Some(Reason::Full),
            Self::NotOffered(reason) => Some(reason),
        }
    }
}

/// A resource, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceFinding {
    /// Its public id.
    pub resource: Slug,
    /// What patients call it.
    pub name: String,
    /// What all rules say together.
    pub finding: Finding,
    /// What each rule says that could be judged.
    pub rules: Vec<(Rule, Finding)>,
}

/// Why a time can be had or cannot, rule by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The service's name; `None`: there is none of this id.
    pub service: Option<String>,
    /// The appointment's own time; `None` without a service.
    pub interval: Option<Interval>,
    /// What it comes to: free if any of the resources can be had.
    pub finding: Finding,
    /// The resources whose slot it could be, by public id.
    pub resources: Vec<ResourceFinding>,
    /// Those who could stand beside, list by list.
    pub also: Vec<Vec<ResourceFinding>>,
    /// The nearest free slots, if it is not free.
    pub alternatives: Vec<SlotView>,
}

impl Explanation {
    /// There is no such service.
    pub fn unknown() -> Self {
        Self {
            service: None,
            interval: None,
            finding: Finding::NotOffered(Reason::Unknown),
            resources: Vec::new(),
            also: Vec::new(),
            alternatives: Vec::new(),
        }
    }
}

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// For [`Query::Profile`].
    Profile(Profile),
    /// For [`Query::SmsAccount`]; `None`: the clinic has none yet.
    SmsAccount(Option<SmsAccount>),
    /// For [`Query::VoiceLine`]; `None`: the clinic has none yet.
    VoiceLine(Option<(KeyId, VoiceSettings)>),
    /// For [`Query::Models`]; `None`: the clinic has none. Keys are told of, not shown.
    Models(Option<Models<()>>),
    /// For [`Query::Catalogue`].
    Catalogue(Catalogue),
    /// For [`Query::OfCaller`].
    OfCaller(CallerView),
    /// For [`Query::Knowledge`]; `None`: nothing yet.
    Knowledge(Option<Knowledge>),
    /// For [`Query::Tenants`].
    Tenants(Page<TenantRecord>),
    /// For [`Query::Tenant`].
    Tenant(TenantRecord),
    /// For [`Query::Keys`].
    Keys(Page<KeyRecord>),
    /// For [`Query::Key`].
    Key(KeyRecord),
    /// For [`Query::Resources`].
    Resources(Page<Resource>),
    /// For [`Query::Resource`].
    Resource(Resource),
    /// For [`Query::Blocks`].
    Blocks(Page<Block>),
    /// For [`Query::Services`].
    Services(Page<ServiceView>),
    /// For [`Query::Service`].
    Service(ServiceView),
    /// For [`Query::Slots`].
    Slots(SlotPage),
    /// For [`Query::Explain`].
    Explanation(Explanation),
    /// For [`Query::Holds`].
    Holds(Page<HoldView>),
    /// For [`Query::Hold`].
    Hold(HoldView),
    /// For [`Query::Waitlist`].
    Waitlist(Page<WaitlistView>),
    /// For [`Query::WaitlistEntry`].
    WaitlistEntry(WaitlistView),
    /// For [`Query::Messages`].
    Messages(Page<Message>),
    /// For [`Query::Conversations`].
    Conversations(Page<ConversationView>),
    /// For [`Query::Appointments`].
    Appointments(Page<AppointmentView>),
    /// For [`Query::Appointment`].
    Appointment(AppointmentView),
    /// For [`Query::Series`].
    Series(SeriesView),
    /// For [`Query::Conflicts`].
    Conflicts(Page<ConflictView>),
    /// For [`Query::OfPerson`].
    OfPerson {
        /// Whose they are.
        person: PersonId,
        /// Those that have not begun, the next one first.
        upcoming: Vec<AppointmentView>,
        /// Those that have, the latest first.
        past: Vec<AppointmentView>,
    },
}
