//! The words: passive values that every room above speaks, validated when they are made.
//!
//! Nothing here decides, stores or sends. Contact types print masked and give their content only through `.expose()`.
//! Types that events embed derive serde; they are stored formats, so their fields change only with a new entry version.

mod ids;
mod knowledge;
mod route;
mod schedule;
mod slug;
mod sms;
mod spoken;
mod time;

mod call;
mod contact;
mod conversation;
mod credential;
mod erasure;
mod message;
mod models;
mod personal;
mod reply;
mod resource;
mod service;
mod text_settings;
mod verification;
mod voice;

mod heard;
mod hold;
mod tenant;

mod appointment;
mod waitlist;

pub use appointment::{
    Appointment, AppointmentStatus, AppointmentVerb, Attendance, Cancellation, Proof, Series,
    Transition,
};
pub use call::CallReference;
pub use contact::{Contact, ContactError, Email, FreeText, Party, PersonName, Phone};
pub use conversation::{
    CallReport, Channel, Conversation, FollowUp, Offered, Remark, Standing, Suppression, Wished,
};
pub use credential::{KeyRecord, KeyUse, Principal, Scope};
pub use erasure::Erasure;
pub use heard::Heard;
pub use hold::{Claim, Hold, HoldState, HoldStatus};
pub use ids::{
    AppointmentId, BlockId, CallId, CallerId, HoldId, IdError, KeyId, MessageId, PersonId,
    ResourceId, SeriesId, ServiceId, TenantId, VerificationId, WaitlistId,
};
pub use knowledge::{Knowledge, KnowledgeText, KnowledgeTooLong};
pub use message::{
    Delivery, DeliveryStatus, Kept, Message, MessageState, MessageStatus, Notice, ParkReason,
    ProviderId, SendOutcome, TextKind,
};
pub use models::{BaseUrl, Endpoint, ModelError, ModelKey, ModelName, ModelRecord, Models, Warmth};
pub use personal::{PersonalFact, Subject};
pub use reply::Reply;
pub use resource::{Block, Resource, ResourceKind};
pub use route::{Prefix, Route};
pub use schedule::{
    DayException, MinuteOfDay, OpeningHours, ScheduleError, Weekdays, Window, check_windows,
};
pub use service::{Service, VerificationPolicy};
pub use slug::{Slug, SlugError};
pub use sms::{AuthToken, SealedToken, SmsAccount, SmsAccountError, SmsCredentials};
pub use tenant::{Profile, ProfileError, TenantRecord};
pub use text_settings::{Template, TextSettings, TextSettingsError};
pub use time::{Interval, Timestamp};
pub use verification::{EnteredCode, Verification};
pub use voice::{
    Assistant, SignatureAlgorithm, SignatureEncoding, SignatureForm, VoiceError, VoiceLine,
    VoiceSecret, VoiceSettings,
};
pub use waitlist::{EndReason, Times, WaitlistEntry, WaitlistState, WaitlistStatus};
