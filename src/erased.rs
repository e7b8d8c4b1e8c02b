//! The list of what was erased: beside the journal, so that whoever restores an older copy can erase it again.
//!
//! Ids and times only, one JSON object a line, `{"tenant","person","at"}`, or `{"tenant","caller","at"}` for a phone on which
//! nobody was; synced before an erasure is said to be complete. A line may be there twice. [`Copies`] is the seam: the tenants
//! tell it of every erasure and do not go on before it has followed.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::calendar::Zone;
use crate::model::{CallerId, Erasure, PersonId, TenantId, Timestamp};

/// The list's name in the state directory.
pub const FILE_NAME: &str = "erased.jsonl";

/// Whatever is kept of persons beside the journal and has to follow when one is erased. It may read and write the disk; it is
/// called on threads that may, after the journal's own parts are overwritten and before the erasure is complete, and again if
/// that did not come about.
pub trait Copies: Send + Sync {
    /// Follows an erasure.
    fn follow(&self, tenant: TenantId, of: Erasure, at: Timestamp) -> io::Result<()>;
}

/// Nothing is kept beside the journal.
#[derive(Debug)]
pub struct NoCopies;

impl Copies for NoCopies {
    fn follow(&self, _: TenantId, _: Erasure, _: Timestamp) -> io::Result<()> {
        Ok(())
    }
}

/// The list as a file.
#[derive(Debug)]
pub struct ErasedList {
    file: PathBuf,
    /// A folder of what can be rebuilt and may hold who is erased: nobody else renews it.
    rebuilt: Option<PathBuf>,
    /// Two erasures at once must not write into each other's line.
    writing: Mutex<()>,
}

impl ErasedList {
    /// The list of a state directory; its file is made with the first line.
    pub fn of(state: &Path) -> Self {
        Self {
            file: state.join(FILE_NAME),
            rebuilt: None,
            writing: Mutex::new(()),
        }
    }

    /// That of a stopped state, where nobody renews the snapshots in this folder: it goes with the first erasure.
    pub fn of_stopped(state: &Path, snapshots: PathBuf) -> Self {
        Self {
            rebuilt: Some(snapshots),
            ..Self::of(state)
        }
    }

    fn add(&self, line: &str) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock();
        let is_new = !self.file.exists();
        let mut out = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file)?;
        out.write_all(line.as_bytes())?;
        out.sync_all()?;
        match self.file.parent().filter(|_| is_new) {
            Some(state) => File::open(state)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Copies for ErasedList {
    fn follow(&self, tenant: TenantId, of: Erasure, at: Timestamp) -> io::Result<()> {
        if let Some(rebuilt) = self.rebuilt.as_ref().filter(|folder| folder.exists()) {
            std::fs::remove_dir_all(rebuilt)?;
        }
        let whom = match of.person {
            Some(person) => format!("\"person\":\"{person}\""),
            None => format!("\"caller\":\"{}\"", of.caller),
        };
        let at = Zone::utc().rfc3339(at);
        self.add(&format!(
            "{{\"tenant\":\"{tenant}\",{whom},\"at\":\"{at}\"}}\n"
        ))
    }
}

/// Who is on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// A person.
    Person(PersonId),
    /// A phone.
    Caller(CallerId),
}

/// Reads a list: everyone on it, in order. A file that is not there is an empty list; a last line that a crash cut off is
/// left out, because its erasure was not complete.
pub fn read(file: &Path) -> io::Result<Vec<(TenantId, Whom)>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let whole = text.split_inclusive('\n');
    let whole = whole.filter(|line| line.ends_with('\n') && !line.trim().is_empty());
    (1..)
        .zip(whole)
        .map(|(number, line)| {
            let bad = || {
                io::Error::new(
                    ErrorKind::InvalidData,
                    format!("line {number} names nobody"),
                )
            };
            understood(line).ok_or_else(bad)
        })
        .collect()
}

/// A line of the list. Its values are ids and a time, so none holds a quotation mark.
fn understood(line: &str) -> Option<(TenantId, Whom)> {
    let value = |name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\""))?;
        let (_, rest) = rest.split_once(':')?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    };
    let tenant = value("tenant")?.parse().ok()?;
    let person = value("person").map(|id| id.parse().ok().map(Whom::Person));
    let caller = value("caller").map(|id| id.parse().ok().map(Whom::Caller));
    Some((tenant, person.or(caller)??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_read_again_and_a_line_that_was_cut_off_is_not() {
        let dir = std::env::temp_dir().join(format!("holdfast-erased-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let list = ErasedList::of(&dir);
        let (ada, phone) = (PersonId(7), CallerId(9));
        let at = Timestamp(1_772_438_400_000);
        for of in [Erasure::of_person(ada, phone), Erasure::of_caller(phone)] {
            list.follow(TenantId(3), of, at).expect("it is written");
        }
        let file = dir.join(FILE_NAME);
        let expected = [
            (TenantId(3), Whom::Person(ada)),
            (TenantId(3), Whom::Caller(phone)),
        ];
        assert_eq!(read(&file).expect("a list"), expected);
        let text = std::fs::read_to_string(&file).expect("text");
        assert!(
            text.lines()
                .all(|line| line.ends_with("\"at\":\"2026-03-02T08:00:00+00:00\"}")),
            "{text}"
        );
        std::fs::write(&file, &text[..text.len() - 3]).expect("it is cut");
        assert_eq!(read(&file).expect("a list"), expected[..1]);
        std::fs::write(&file, "{\"tenant\":\"someone\"}\n").expect("it is written");
        assert!(read(&file).is_err());
        assert_eq!(read(&dir.join("none")).expect("no list"), []);
        std::fs::remove_dir_all(&dir).expect("it goes");
    }
}
