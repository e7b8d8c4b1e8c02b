//! The pure ledger of one tenant: `decide` says what a command leads to, `apply` makes it so, `query` looks. No async, IO, clock,
//! randomness or hash-map order, so that the same events replay to the same state; nothing here knows a name or a number.

mod drafts;
mod receipt;
mod rejection;
mod text_limits;

mod command;
mod event;
mod query;

mod change;
mod matching;
mod table;

mod agenda;
mod blocks;
mod budgets;
mod calls;
mod day_sheets;
mod erasures;
mod idempotency;
mod occupancy;
mod reminders;
mod replies;
mod waitlist;

mod state;

mod attempts;
mod conversing;
mod erasing;
mod freeing;
mod invariants;
mod judgement;
mod made;
mod outgoing;
mod waiting;

mod apply;
mod choosing;

mod availability;
mod conflicts;
mod decision;
mod explain;
mod rules;

mod decide;

mod callers;
pub mod image;
mod look;

pub use apply::apply;
pub use change::{Change, Names, change};
pub use command::{
    Awaited, Command, Context, Destination, FreshIds, Policy, RequestKey, TextChannel, Twin, Wish,
};
pub use decide::decide;
pub use decision::Decision;
pub use drafts::{
    CallEnd, NewResource, NewService, ProfileChange, ResourceChange, ServiceChange, TextsChange,
};
pub use event::Event;
pub use look::look;
pub use query::{
    AppointmentSearch, BlockSearch, CallerSearch, CallerView, Catalogue, ConflictSearch,
    ConflictView, Explanation, Finding, PageRequest, Query, ResourceFinding, ResourceName, Rule,
    ServiceName, SlotPage, SlotSearch, View, WantedHolds,
};
pub use receipt::{
    AppointmentView, CodeQueued, ConversationView, Cursor, FollowUpView, HoldView, OfferView, Page,
    Reaction, Receipt, SeriesView, ServiceView, SlotStatus, SlotView, WaitlistView, WishView,
};
pub use rejection::{Bound, CodeBound, Missing, Reason, Rejection};
pub use state::Ledger;
pub use text_limits::{Countries, TextLimits};
