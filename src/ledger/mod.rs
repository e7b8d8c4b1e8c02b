//! The pure ledger of one tenant: `decide` says what a command leads to, `apply` makes it so, `query` looks. No async, IO, clock,
//! randomness or hash-map order, so that the same events replay to the same state; nothing here knows a name or a number.
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
mod made;
mod outgoing;
mod waiting;

mod apply;
mod judgement;

mod choosing;

mod availability;
mod conflicts;
mod decision;
mod explain;
mod rules;

mod decide;
pub mod image;
mod look;

pub use apply::apply;
pub use change::{Change, Names, change};
pub use command::{
    Awaited, CallEnd, Command, Context, Destination, FreshIds, NewResource, NewService, Policy,
    ProfileChange, RequestKey, ResourceChange, ServiceChange, TextChannel, TextsChange, Wish,
};
pub use decide::decide;
pub use decision::Decision;
pub use event::Event;
pub use look::look;
pub use query::{
    AppointmentSearch, BlockSearch, ConflictSearch, ConflictView, Explanation, Finding,
    PageRequest, Query, ResourceFinding, Rule, SlotPage, SlotSearch, View, WantedHolds,
};
pub use receipt::{
    AppointmentView, CodeQueued, ConversationView, Cursor, FollowUpView, HoldView, OfferView, Page,
    Reaction, Receipt, SeriesView, ServiceView, SlotStatus, SlotView, WaitlistView, WishView,
};
pub use rejection::{Bound, CodeBound, Missing, Reason, Rejection};
pub use state::Ledger;
pub use text_limits::{Countries, TextLimits};
