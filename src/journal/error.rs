//! What can go wrong in the journal, each with the file, the place and what the operator can do.
//!
//! `Error` is for opening and for the writer's last words; `Refused` and `Stopped` are what callers of a
//! running journal meet and stay small, because they travel with every request.
//! Not here: how a dialect words them; the facade maps them once, on its own edge.

use std::io;

use super::lsn::Lsn;

/// Why a journal did not open, could not be read, or stopped writing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error(
        "cannot {action} {file}: {source}; check that the path exists, its permissions and the free space"
    )]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        file: String,
        /// The system's own words.
        source: io::Error,
    },
    /// Fewer bytes were taken than were given.
    #[error(
        "{file} took {written} of {wanted} bytes at offset {offset}; the disk may be full or failing, free space or replace it, then start again"
    )]
    ShortWrite {
        /// The segment.
        file: String,
        /// Where the write began.
        offset: u64,
        /// What was taken.
        written: usize,
        /// What was given.
        wanted: usize,
    },
    /// Another process (or another journal in this one) has the directory.
    #[error(
        "{directory} is in use by another process; stop that one first, or give this one its own directory"
    )]
    Locked {
        /// The journal's directory.
        directory: String,
    },
    /// Bytes that were once synced are damaged so that nobody can tell what is lost, or a file is not the one that belongs here.
    #[error(
        "{file} is damaged at offset {offset}, where entry {lsn} should be: {reason}; nothing was changed, restore this file from a backup and start again"
    )]
    Corrupt {
        /// The segment.
        file: String,
        /// The first byte that cannot be accounted for.
        offset: u64,
        /// The entry that should lie there.
        lsn: Lsn,
        /// What was found instead.
        reason: String,
    },
    /// A segment of a format this build does not know.
    #[error(
        "{file} has journal format {version}, this holdfast knows format {known}; run the newer holdfast that wrote it"
    )]
    UnknownFormat {
        /// The segment.
        file: String,
        /// The format it claims.
        version: u32,
        /// The format this build knows.
        known: u32,
    },
    /// A segment in the middle is not there.
    #[error(
        "{file} is missing though later segments exist; restore it from a backup and start again"
    )]
    Missing {
        /// The segment that should be there.
        file: String,
    },
    /// An entry was asked for before it was durable, or its place was never given out.
    #[error("entry {lsn} is not durable yet; wait for its position before reading it")]
    NotDurable {
        /// Which.
        lsn: Lsn,
    },
    /// The journal was closed, or its writer has ended.
    #[error("the journal has stopped; start again to read it")]
    Closed,
    /// Options that cannot work together.
    #[error("journal option {name} is {value}; it must be from {least} to {most}")]
    Option {
        /// The option.
        name: &'static str,
        /// What was given.
        value: u64,
        /// The least that works.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
}

impl Error {
    /// Wraps an error of the system with what was tried on which file.
    pub fn io(action: &'static str, file: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let file = file.into();
        move |source| Error::Io {
            action,
            file,
            source,
        }
    }
}

/// Why an entry was not taken. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The entry is over the limit; trying again cannot help.
    #[error("the entry is larger than the journal takes")]
    TooLarge,
    /// The journal is closed or has failed.
    #[error("the journal has stopped")]
    Stopped,
    /// The queue is full for now; trying again soon helps.
    #[error("the journal's queue is full")]
    Full,
    /// The disk is full; trying again helps once there is space.
    #[error("the disk is full")]
    NoSpace,
}

/// The journal ended before it could confirm: whether the entry is durable is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal stopped before this was durable")]
pub struct Stopped;
