//! An outcome made readable: a table for people, JSON for programs, a page with pictures for whoever was not there.

mod numbers;

mod json;
mod table;

mod plot;
mod waterfall;

mod page;

pub use json::as_json;
pub use page::as_page;
pub use table::as_table;
