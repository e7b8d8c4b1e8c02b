//! Segments as files of one directory: `0000000001.journal`, `0000000002.journal`, … and an `.index` beside each that is full.
//!
//! A segment is filled with real zeros before it gets its name: a sync that must also grow a file costs 20 times
//! more at p99, and holes or `fallocate` would leave that work to the commit path. It is built under a `.new`
//! name, synced, renamed, and the directory is synced, so that a crash leaves a whole segment or none.
//! Invariant: one process has the directory, by an exclusive lock on its `lock` file, until the storage is dropped.
//! `app.rs` and the offline tools make one; not here: any knowledge of frames.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::storage::{Segment, Storage};

const LOCK: &str = "lock";
const SUFFIX: &str = ".journal";
const INDEX_SUFFIX: &str = "index";
const UNFINISHED: [&str; 2] = [".journal.new", ".index.new"];
const NUMBER_DIGITS: usize = 10;
const FILL_BYTES: usize = 1 << 20;

/// A directory of segment files, held by a lock.
#[derive(Debug)]
pub struct FileStorage {
    directory: PathBuf,
    /// Nothing is created, opened for writing or cleaned.
    is_read_only: bool,
    /// Held, never read: dropping it gives the directory back. `None`: no process ever wrote there, as in a backup.
    _lock: Option<File>,
}

impl FileStorage {
    /// Opens the directory, making it if need be, and locks it.
    pub fn open(directory: impl Into<PathBuf>) -> Result<FileStorage, Error> {
        let directory = directory.into();
        let shown = directory.display().to_string();
        make_directory(&directory).map_err(Error::io("create", &*shown))?;
        let lock = lock(&directory, &shown)?;
        remove_unfinished(&directory).map_err(Error::io("clean", &*shown))?;
        Ok(FileStorage {
            directory,
            is_read_only: false,
            _lock: Some(lock),
        })
    }

    /// Opens an existing directory to read it, and locks it if it was ever written to, so that no process begins to write.
    /// Nothing in it is changed, not even a leftover of a crash.
    pub fn open_to_read(directory: impl Into<PathBuf>) -> Result<FileStorage, Error> {
        let directory = directory.into();
        let shown = directory.display().to_string();
        std::fs::read_dir(&directory).map_err(Error::io("read", &*shown))?;
        let path = directory.join(LOCK);
        let lock = match File::open(&path) {
            Ok(file) => Some(exclusive(file, &path, &shown)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("open", path.display().to_string())(error)),
        };
        Ok(FileStorage {
            directory,
            is_read_only: true,
            _lock: lock,
        })
    }

    fn may_write(&self) -> io::Result<()> {
        match self.is_read_only {
            true => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the journal was opened to be read only",
            )),
            false => Ok(()),
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory
            .join(format!("{number:0width$}{SUFFIX}", width = NUMBER_DIGITS))
    }
}

impl Storage for FileStorage {
    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(segment_number));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn name(&self, number: u64) -> String {
        self.path(number).display().to_string()
    }

    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        std::fs::read(self.path(number))
    }

    fn read_at(&self, number: u64, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        // Opened for each read: that is a microsecond, and no bound on open files has to be kept.
        let file = File::open(self.path(number))?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match file.read_at(&mut bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn create(&self, number: u64, bytes: u64) -> io::Result<Box<dyn Segment>> {
        self.may_write()?;
        let path = self.path(number);
        let unfinished = path.with_extension("journal.new");
        let made = fill(&unfinished, bytes).and_then(|file| {
            std::fs::rename(&unfinished, &path)?;
            sync_directory(&self.directory)?;
            Ok(file)
        });
        if made.is_err() {
            // A disk that is full must not stay full because of the attempt; a leftover is also cleaned at the next start.
            let _ = std::fs::remove_file(&unfinished);
        }
        Ok(Box::new(FileSegment {
            number,
            bytes,
            file: made?,
        }))
    }

    fn open(&self, number: u64) -> io::Result<Box<dyn Segment>> {
        self.may_write()?;
        let file = open_to_write(&self.path(number))?;
        let bytes = file.metadata()?.len();
        Ok(Box::new(FileSegment {
            number,
            bytes,
            file,
        }))
    }

    fn length(&self, number: u64) -> io::Result<u64> {
        Ok(std::fs::metadata(self.path(number))?.len())
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        let found = rustix::fs::statvfs(&self.directory)?;
        Ok(Some(found.f_bavail.saturating_mul(found.f_frsize)))
    }

    fn read_index(&self, number: u64) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(number).with_extension(INDEX_SUFFIX)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_index(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(number).with_extension(INDEX_SUFFIX);
        let unfinished = path.with_extension("index.new");
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            std::fs::rename(&unfinished, &path)
        };
        let written = write();
        if written.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        written
    }
}

#[derive(Debug)]
struct FileSegment {
    number: u64,
    bytes: u64,
    file: File,
}

impl Segment for FileSegment {
    fn number(&self) -> u64 {
        self.number
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn seal(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        self.bytes = bytes;
        self.file.set_permissions(Permissions::from_mode(0o440))?;
        self.file.sync_all()
    }
}

fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => sync_directory(Path::new(".")),
    }
}

fn lock(directory: &Path, shown: &str) -> Result<File, Error> {
    let path = directory.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(Error::io("open", path.display().to_string()))?;
    exclusive(file, &path, shown)
}

fn exclusive(file: File, path: &Path, shown: &str) -> Result<File, Error> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            directory: shown.to_owned(),
        }),
        Err(TryLockError::Error(source)) => {
            Err(Error::io("lock", path.display().to_string())(source))
        }
    }
}

/// A sealed segment is read-only also for its owner, who may change that: then it is so again.
fn open_to_write(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().read(true).write(true).open(path);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let kept = std::fs::metadata(path)?.permissions();
            std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
            let opened = open();
            std::fs::set_permissions(path, kept)?;
            opened
        }
        opened => opened,
    }
}

fn remove_unfinished(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_str()
            .is_some_and(|name| UNFINISHED.iter().any(|end| name.ends_with(end)))
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == NUMBER_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn fill(path: &Path, bytes: u64) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let zeros = vec![0; FILL_BYTES];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(FILL_BYTES as u64) as usize;
        file.write_all(&zeros[..part])?;
        left -= part as u64;
    }
    file.sync_all()?;
    Ok(file)
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
