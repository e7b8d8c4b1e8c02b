//! What an event means to the outside, in names and ids that stay.

mod names;

mod meaning;

pub use meaning::{Change, change};
pub use names::Names;
