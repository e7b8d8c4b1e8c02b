//! The form in which a backup travels: a tar archive (POSIX.1-1988 ustar) that any `tar` unpacks too.
//!
//! Written as it streams; taken in piece by piece, strictly: only the files that a backup has, each once, none bigger than it
//! says. A name from a stranger's archive never leaves the directory that it is unpacked to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::manifest;

/// Everything in an archive comes in blocks of so many bytes.
const BLOCK: usize = 512;
/// Where a header keeps what: (offset, length).
const NAME: (usize, usize) = (0, 100);
const MODE: (usize, usize) = (100, 8);
const SIZE: (usize, usize) = (124, 12);
const TIME: (usize, usize) = (136, 12);
const CHECKSUM: (usize, usize) = (148, 8);
const KIND: usize = 156;
const MAGIC: (usize, &[u8]) = (257, b"ustar\x0000");
/// The folder of a backup's segments.
const JOURNAL: &str = "journal/";

/// Two empty blocks end an archive.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// Why an archive cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be written.
    #[error("cannot write {}: {source}; check the path, its permissions and the free space", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what a server sends.
    #[error("what came is no backup: {0}")]
    Malformed(String),
    /// It ended too early.
    #[error("the backup ended in the middle; look at the server's log and make it again")]
    CutOff,
    /// There is something already.
    #[error("{} is not empty; name a directory that is, or that does not exist yet", .0.display())]
    NotEmpty(PathBuf),
}

/// The header of a file in the archive.
pub fn header(name: &str, bytes: u64, seconds: u64) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let mut put = |(at, length): (usize, usize), text: &[u8]| {
        assert!(text.len() <= length, "a backup's names and sizes are short");
        block[at..at + text.len()].copy_from_slice(text);
    };
    put(NAME, name.as_bytes());
    put(MODE, b"0000600");
    put((108, 8), b"0000000");
    put((116, 8), b"0000000");
    put(SIZE, format!("{bytes:011o}").as_bytes());
    put(TIME, format!("{seconds:011o}").as_bytes());
    put(CHECKSUM, b"        ");
    put((MAGIC.0, MAGIC.1.len()), MAGIC.1);
    block[KIND] = b'0';
    let sum = format!("{:06o}\0 ", checksum(&block));
    block[CHECKSUM.0..CHECKSUM.0 + CHECKSUM.1].copy_from_slice(sum.as_bytes());
    block
}

/// The zeros that follow a file's bytes up to the next block.
pub fn padding(bytes: u64) -> Vec<u8> {
    vec![0; bytes.next_multiple_of(BLOCK as u64).wrapping_sub(bytes) as usize]
}

/// The sum of a header's bytes, its own field taken for blanks.
fn checksum(block: &[u8]) -> u64 {
    let own = CHECKSUM.0..CHECKSUM.0 + CHECKSUM.1;
    let byte = |(at, byte): (usize, &u8)| u64::from(if own.contains(&at) { b' ' } else { *byte });
    block.iter().enumerate().map(byte).sum()
}

/// Whether a backup has a file of this name.
fn is_expected(name: &str) -> bool {
    let segment = name
        .strip_prefix(JOURNAL)
        .and_then(|name| name.strip_suffix(".journal"));
    let is_number = |name: &str| name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit());
    manifest::FILES.contains(&name) || segment.is_some_and(is_number)
}

/// Takes an archive in as it comes and writes its files.
pub struct Unpacker {
    directory: PathBuf,
    /// A header that is not whole yet.
    block: Vec<u8>,
    /// The file that is being written, and how many of its bytes and of its padding are to come.
    current: Option<(File, PathBuf, u64)>,
    padding: u64,
    last: String,
    files: u64,
    is_over: bool,
}

impl Unpacker {
    /// One that writes to this directory, which must be empty or not be there.
    pub fn to(directory: &Path) -> Result<Self, Error> {
        empty_directory(directory)?;
        let unpacker = Self {
            directory: directory.to_owned(),
            block: Vec::with_capacity(BLOCK),
            current: None,
            padding: 0,
            last: String::new(),
            files: 0,
            is_over: false,
        };
        make_directory(&unpacker.directory.join(JOURNAL))?;
        Ok(unpacker)
    }

    /// How many files have begun.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Takes in what came.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() && !self.is_over {
            if let Some((file, path, left)) = &mut self.current {
                let now = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                file.write_all(&bytes[..now]).map_err(at(path))?;
                *left -= now as u64;
                bytes = &bytes[now..];
                if *left == 0 {
                    file.sync_all().map_err(at(path))?;
                    self.current = None;
                }
            } else if self.padding > 0 {
                let now = bytes.len().min(self.padding as usize);
                self.padding -= now as u64;
                bytes = &bytes[now..];
            } else {
                let now = bytes.len().min(BLOCK - self.block.len());
                self.block.extend_from_slice(&bytes[..now]);
                bytes = &bytes[now..];
                if self.block.len() == BLOCK {
                    let block = std::mem::take(&mut self.block);
                    self.begin(&block)?;
                }
            }
        }
        Ok(())
    }

    /// Makes what came durable; an error unless all of it came.
    pub fn finish(self) -> Result<(), Error> {
        if !self.is_over || self.last != manifest::MANIFEST {
            return Err(Error::CutOff);
        }
        let journal = self.directory.join(JOURNAL);
        for directory in [&journal, &self.directory] {
            sync_directory(directory)?;
        }
        match self
            .directory
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty())
        {
            Some(parent) => sync_directory(parent),
            None => sync_directory(Path::new(".")),
        }
    }

    /// Takes away again what came: the directory is as empty as it was.
    pub fn discard(self) {
        // What cannot be removed stays, and the next attempt says that the directory is not empty.
        let _ = fs::remove_dir_all(self.directory.join(JOURNAL));
        for name in manifest::FILES {
            let _ = fs::remove_file(self.directory.join(name));
        }
    }

    fn begin(&mut self, block: &[u8]) -> Result<(), Error> {
        if block.iter().all(|byte| *byte == 0) {
            self.is_over = true;
            return Ok(());
        }
        let malformed = |what: &str| Error::Malformed(what.to_owned());
        let field = |(at, length): (usize, usize)| {
            let field = &block[at..at + length];
            let end = field.iter().position(|byte| *byte == 0 || *byte == b' ');
            std::str::from_utf8(&field[..end.unwrap_or(length)]).unwrap_or_default()
        };
        let number = |place| u64::from_str_radix(field(place), 8).ok();
        if number(CHECKSUM) != Some(checksum(block)) || block[KIND] != b'0' {
            return Err(malformed("a file's header in it does not hold"));
        }
        let size = number(SIZE).ok_or_else(|| malformed("a file in it has no size"))?;
        let name = field(NAME).to_owned();
        if !is_expected(&name) || self.last == manifest::MANIFEST {
            return Err(Error::Malformed(format!("it has a file {name:?}")));
        }
        let path = self.directory.join(&name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600);
        let file = file.open(&path).map_err(at(&path))?;
        self.padding = padding(size).len() as u64;
        self.current = (size > 0).then_some((file, path, size));
        self.last = name;
        self.files += 1;
        Ok(())
    }
}

/// Makes a directory for a copy, or takes one that is empty.
pub fn empty_directory(directory: &Path) -> Result<(), Error> {
    match fs::read_dir(directory) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::NotEmpty(directory.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_directory(directory),
        Err(error) => Err(at(directory)(error)),
    }
}

/// Makes a directory for its owner alone.
pub fn make_directory(directory: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(at(directory))
}

/// Makes the names in a directory durable.
pub fn sync_directory(directory: &Path) -> Result<(), Error> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(at(directory))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
