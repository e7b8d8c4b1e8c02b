//! What can be looked up, and what is found. Reading changes nothing and is judged at an instant, like a decision.

use crate::model::{
    AppointmentId, AppointmentStatus, HoldId, HoldStatus, KeyId, KeyRecord, PersonId, Profile,
    Resource, Slug, TenantRecord, Timestamp, WaitlistId, WaitlistStatus,
};

use super::receipt::{
    AppointmentView, Cursor, HoldView, Page, ServiceView, SlotView, WaitlistView,
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

/// What can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// What the clinic says of itself.
    Profile,
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
    /// Services.
    Services(PageRequest),
    /// One service.
    Service(Slug),
    /// Slots.
    Slots(SlotSearch),
    /// Holds; an agent sees its own.
    Holds {
        /// That are so.
        status: Option<HoldStatus>,
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
    /// Appointments.
    Appointments(AppointmentSearch),
    /// One appointment.
    Appointment(AppointmentId),
}

/// Slots found, by start, then resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPage {
    /// What was found.
    pub page: Page<SlotView>,
    /// Why nothing was, if nothing was.
    pub reason: Option<Reason>,
}

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// For [`Query::Profile`].
    Profile(Profile),
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
    /// For [`Query::Services`].
    Services(Page<ServiceView>),
    /// For [`Query::Service`].
    Service(ServiceView),
    /// For [`Query::Slots`].
    Slots(SlotPage),
    /// For [`Query::Holds`].
    Holds(Page<HoldView>),
    /// For [`Query::Hold`].
    Hold(HoldView),
    /// For [`Query::Waitlist`].
    Waitlist(Page<WaitlistView>),
    /// For [`Query::WaitlistEntry`].
    WaitlistEntry(WaitlistView),
    /// For [`Query::Appointments`].
    Appointments(Page<AppointmentView>),
    /// For [`Query::Appointment`].
    Appointment(AppointmentView),
}
