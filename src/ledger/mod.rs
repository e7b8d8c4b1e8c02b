//! The pure ledger of one tenant: `decide` says what a command leads to, `apply` makes it so, `query` looks. No async, IO, clock,
//! randomness or hash-map order, so that the same events replay to the same state; nothing here knows a name or a number.
mod agenda;
mod apply;
mod attempts;
mod availability;
mod blocks;
mod budgets;
mod callers;
mod calls;
mod change;
mod choosing;
mod command;
mod conflicts;
mod conversing;
mod day_sheets;
mod decide;
mod decision;
mod drafts;
mod erasing;
mod erasures;
mod essential;
mod event;
mod explain;
mod freeing;
mod idempotency;
pub mod image;
mod invariants;
mod judgement;
mod look;
mod made;
mod matching;
mod occupancy;
mod outgoing;
mod query;
mod receipt;
mod rejection;
mod reminders;
mod replies;
mod rules;
mod state;
mod table;
mod text_limits;
mod waiting;
mod waitlist;

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
