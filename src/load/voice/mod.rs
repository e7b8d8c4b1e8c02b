//! The scenario `voice`: what a clinic's callers wait for on the telephone.
//!
//! Two parts. The tools of a voice agent, each timed by itself, while so many calls are going on. Then streamed turns, up to
//! the first byte that can be spoken, in four arrangements: three replay the system that holdfast replaces, from this command
//! against a stand-in for what that system asked; the fourth is the running server, with the same stand-in as its model.

mod stream;

mod line;
mod old_system;

mod tools;
mod turns;

mod run;

pub use run::run;
