//! The store's folder: opened on a thread of its own with a deadline, set aside when that fails, and exchanged whole when no
//! old byte may remain.
//!
//! `snapshots/current` names the folder inside that counts; a store is filled beside it and counts when that file is switched.
//! What fails is renamed `snapshots.broken-N`, and only the latest such folder is kept. Nothing here is of any worth: an
//! empty folder costs the next start its speed and nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::model::TenantId;

use super::chunks::Header;
use super::store::{Broken, Store};

/// How long the store may take to open and to show its heads; it takes some 0.1 s for 10,000 tenants.
const OPEN_DEADLINE: Duration = Duration::from_secs(10);
/// Names the folder that counts.
const CURRENT: &str = "current";
/// What is written over bytes that must go.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// Where a store is.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    deadline: Duration,
}

/// A tenant's header and the sealed chunks of its head.
pub(super) type Row = (TenantId, Header, Vec<Vec<u8>>);

/// An open store and what it shows at first.
pub(super) struct Opened {
    pub store: Store,
    pub rows: Vec<Row>,
}

impl Folder {
    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            deadline: OPEN_DEADLINE,
        }
    }

    /// Opens the store that counts, or makes the first.
    pub fn open(&self) -> Result<Opened, Broken> {
        let number = self.current().map_err(broken)?;
        self.make_dir().map_err(broken)?;
        self.destroy_but(number).map_err(broken)?;
        open_in_time(self.store_dir(number), self.deadline)
    }

    /// An empty store beside the one that counts, and its number.
    pub fn begin_next(&self) -> Result<(u64, Store), Broken> {
        let number = self.current().map_err(broken)? + 1;
        destroy(&self.store_dir(number)).map_err(broken)?;
        let opened = open_in_time(self.store_dir(number), self.deadline)?;
        Ok((number, opened.store))
    }

    /// From now on the store of this number counts, also after a power cut.
    pub fn switch_to(&self, number: u64) -> io::Result<()> {
        File::open(self.store_dir(number))?.sync_all()?;
        let part = self.dir.join("current.part");
        let mut file = File::create(&part)?;
        file.write_all(number.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, self.dir.join(CURRENT))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Removes every store but this one, and what was once set aside, after writing zeros over all of it.
    pub fn destroy_but(&self, number: u64) -> io::Result<()> {
        let kept = self.store_dir(number);
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.is_dir() && path != kept {
                destroy(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what was once set aside, after writing zeros over it.
    pub fn destroy_broken(&self) -> io::Result<()> {
        self.broken()?.iter().try_for_each(|path| destroy(path))
    }

    /// Renames the folder, so that an operator can look at it; earlier ones go. Where it is now.
    pub fn set_aside(&self) -> io::Result<PathBuf> {
        let earlier = self.broken()?;
        let number = |path: &PathBuf| path.to_str()?.rsplit('-').next()?.parse::<u64>().ok();
        let last = earlier.iter().filter_map(number).max().unwrap_or(0);
        let aside = self.broken_dir(last + 1);
        fs::rename(&self.dir, &aside)?;
        for path in earlier {
            destroy(&path)?;
        }
        Ok(aside)
    }

    fn make_dir(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
    }

    fn store_dir(&self, number: u64) -> PathBuf {
        self.dir.join(number.to_string())
    }

    fn broken_dir(&self, number: u64) -> PathBuf {
        let mut name = self.dir.as_os_str().to_owned();
        name.push(format!(".broken-{number}"));
        name.into()
    }

    fn broken(&self) -> io::Result<Vec<PathBuf>> {
        let (Some(parent), Some(name)) = (self.dir.parent(), self.dir.file_name()) else {
            return Ok(Vec::new());
        };
        let parent = match parent.as_os_str().is_empty() {
            true => Path::new("."),
            false => parent,
        };
        let begin = format!("{}.broken-", name.to_string_lossy());
        let mut found = Vec::new();
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&begin) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    fn current(&self) -> io::Result<u64> {
        match fs::read_to_string(self.dir.join(CURRENT)) {
            Ok(text) => text.trim().parse().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "`current` names no folder")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(1),
            Err(error) => Err(error),
        }
    }
}

fn broken(error: io::Error) -> Broken {
    Broken(error.to_string())
}

/// A store that hangs keeps its thread, and no one else.
fn open_in_time(dir: PathBuf, deadline: Duration) -> Result<Opened, Broken> {
    let (sender, opened) = mpsc::sync_channel(1);
    let spawned = thread::Builder::new()
        .name("snapshots-open".to_owned())
        .spawn(move || {
            // Whoever no longer waits has set this store aside.
            let _ = sender.send(open(&dir));
        });
    spawned.map_err(broken)?;
    match opened.recv_timeout(deadline) {
        Ok(opened) => opened,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Broken(format!(
            "it did not open within {} s",
            deadline.as_secs()
        ))),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Broken("the store panicked while it was opened".to_owned()))
        }
    }
}

fn open(dir: &Path) -> Result<Opened, Broken> {
    let store = Store::open(dir)?;
    let mut rows = Vec::new();
    for (tenant, header) in store.headers()? {
        let header = Header::decode(&header).map_err(Broken)?;
        let head = store.chunks(tenant, header.generation, (0, header.head_chunks))?;
        if head.len() != header.head_chunks as usize {
            return Err(Broken("a head is not whole".to_owned()));
        }
        rows.push((tenant, header, head));
    }
    Ok(Opened { store, rows })
}

/// Writes zeros over every file and removes them. On file systems that copy on write the old blocks stay until they are used
/// again; that they are sealed is what counts there.
fn destroy(dir: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            destroy(&entry.path())?;
            continue;
        }
        let mut file = OpenOptions::new().write(true).open(entry.path())?;
        let mut left = file.metadata()?.len();
        while left > 0 {
            let part = left.min(ZEROS.len() as u64);
            file.write_all(&ZEROS[..part as usize])?;
            left -= part;
        }
        file.sync_all()?;
        fs::remove_file(entry.path())?;
    }
    fs::remove_dir(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_takes_too_long_is_left_to_its_thread() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::new(dir.path().join("snapshots"));
        folder.deadline = Duration::ZERO;
        let opened = folder.open().map(|_| ());
        assert!(opened.is_err_and(|broken| broken.0.contains("did not open within")));
    }

    #[test]
    fn the_store_that_counts_is_the_one_that_was_switched_to_and_others_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(dir.path().join("snapshots"));
        drop(folder.open().expect("a first store"));
        let (number, store) = folder.begin_next().expect("a second store");
        assert_eq!(number, 2);
        assert_eq!(folder.current().expect("a number"), 1, "not yet");
        store.sync().expect("it is synced");
        folder.switch_to(number).expect("it counts");
        folder.destroy_but(number).expect("the first goes");
        assert_eq!(folder.current().expect("a number"), 2);
        assert!(!folder.store_dir(1).exists() && folder.store_dir(2).exists());
        let aside = folder.set_aside().expect("it is renamed");
        assert!(aside.ends_with("snapshots.broken-1"));
        drop(folder.open().expect("a new one"));
        let aside = folder.set_aside().expect("it is renamed");
        assert!(aside.ends_with("snapshots.broken-2"));
        assert_eq!(
            folder.broken().expect("a list"),
            [aside],
            "the latest is kept"
        );
    }
}
