//! The command line: one file a command. It parses, calls the rooms below, and prints.
//!
//! Errors go to stderr in one sentence that says what to do. Exit status: 0 done, 1 failed, 2 wrong usage, 74 the disk
//! failed a sync.

mod output;
mod progress;

mod remote;

mod running;

mod rows;

mod verify;

mod backup;
mod demo;
mod erase;
mod export;
mod init;
mod key;
mod load;
mod redact;
mod restore;
mod serve;
mod settings;
mod tenant;

mod args;

pub use args::main;
