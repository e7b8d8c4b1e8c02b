//! `holdfast load`: a load test of a running server, through its own HTTP interface and nothing else.
//!
//! It knows no more of the server than a caller does: it makes a clinic of its own, keeps so many callers busy, and writes
//! down how long they waited. A scenario is one folder or file that turns a [`Run`] into an [`Outcome`]; what is printed, written
//! as JSON and drawn is made of the outcome alone, so a new scenario brings no page of its own. It is not a benchmark of the rooms
//! below: for that there is `benches/`. How its figures are to be read is in docs/load.md.

mod figures;

mod disk;
mod machine;
mod pace;

mod asked;
mod outcome;

mod crowd;
mod server;

mod clinic;

mod stand_in;

mod voice;

mod scenario;

mod report;

pub use asked::{Progress, Run, Scenario};
pub use disk::probe;
pub use outcome::Outcome;
pub use report::{as_json, as_page, as_table};
pub use scenario::run;
pub use server::{Error, is_loopback};
