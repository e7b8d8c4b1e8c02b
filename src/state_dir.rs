//! The state directory: the journal's folder and the two key files. Made at the first start, private to its owner.
//!
//! `master.key` is the root of all sealing and is never written anywhere else; whoever loses it loses every entry. `admin.key` is
//! a convenience for the first operator: if the file is not there, the next start makes a new admin key and writes it, so
//! that whoever owns the machine can always get in. An empty file means the operator has taken the key away on purpose.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::journal::{self, FileStorage};
use crate::seal::{self, MasterKey};
use crate::signing::{PublicKey, Signer};

/// What checkpoints are checked with.
const PUBLIC_KEY: &str = "checkpoint.pub";

/// Why the state cannot be opened; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a journal but no key that opens it.
    #[error("{} is missing, but there is a journal: put the master key back, nothing can be read without it", .0.display())]
    MasterKeyMissing(PathBuf),
    /// Neither a state nor a backup of one.
    #[error("there is no journal in {}: name the state directory with --state", .0.display())]
    NoState(PathBuf),
    /// There was a journal, and now there is none.
    #[error("{} is there, but the journal is gone: put it back; for a fresh start on purpose take that file away", .0.display())]
    JournalMissing(PathBuf),
    /// The file does not hold a key.
    #[error("{} does not hold 64 hexadecimal digits", .0.display())]
    MasterKeyMalformed(PathBuf),
    /// The file does not hold a public key.
    #[error("{} does not hold 64 hexadecimal digits: put back the copy that was kept, or take it away and let the server write it", .0.display())]
    PublicKeyMalformed(PathBuf),
    /// The journal's folder cannot be used.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// An opened state directory.
pub struct StateDir {
    dir: PathBuf,
    /// The root of all keys.
    pub master: MasterKey,
    /// Where the journal is.
    pub storage: FileStorage,
}

impl StateDir {
    /// Opens the directory of these settings, or makes it.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let dir = config.storage.dir.clone();
        let journal = dir.join("journal");
        make_dir(&dir)?;
        // The lock comes first: two processes that start at once must not both make a key.
        let storage = FileStorage::open(&journal)?;
        let has_journal = !journal::Storage::segments(&storage)
            .map_err(at(&journal))?
            .is_empty();
        // An admin key is written only after the entry that made it, so there was a journal once: an unmounted disk, say.
        let admin_key = dir.join("admin.key");
        if !has_journal && admin_key.exists() {
            return Err(Error::JournalMissing(admin_key));
        }
        let master = master_key(&config.master_key_file(), has_journal)?;
        write_public_key(&dir.join(PUBLIC_KEY), Signer::of(&master).public())?;
        Ok(Self {
            dir,
            master,
            storage,
        })
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where snapshots are kept. What is in it can be deleted at any time; the next start takes longer.
    pub fn snapshots_dir(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    /// The file with the first admin key.
    pub fn admin_key_file(&self) -> PathBuf {
        self.dir.join("admin.key")
    }
}

/// A state that no server has open, for tools that only read it.
pub struct StoppedState {
    /// Where the journal is.
    pub storage: FileStorage,
    /// What opens it, if that was asked for.
    pub master: Option<MasterKey>,
    /// What its checkpoints are checked with: by the master key, else as it lies beside the journal.
    pub public: Option<PublicKey>,
}

impl StoppedState {
    /// Opens a state, or a backup of one, to read it; with the key in this file, if one is named. Nothing is made or changed.
    pub fn open(dir: &Path, key_file: Option<&Path>) -> Result<Self, Error> {
        let journal = dir.join("journal");
        if !journal.is_dir() {
            return Err(Error::NoState(dir.to_owned()));
        }
        let storage = FileStorage::open_to_read(&journal)?;
        let master = key_file.map(|file| master_key(file, true)).transpose()?;
        let public = match &master {
            Some(master) => Some(Signer::of(master).public()),
            None => public_key(&dir.join(PUBLIC_KEY))?,
        };
        Ok(Self {
            storage,
            master,
            public,
        })
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}

/// Makes the directory and whatever is missing above it, so that a power cut does not take them back with all that is in them.
fn make_dir(dir: &Path) -> Result<(), Error> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.is_dir();
    let missing: Vec<_> = dir.ancestors().take_while(is_missing).collect();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(at(dir))?;
    for made in missing {
        let above = made
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::File::open(above)
            .and_then(|above| above.sync_all())
            .map_err(at(above))?;
    }
    Ok(())
}

fn master_key(file: &Path, has_journal: bool) -> Result<MasterKey, Error> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let text = zeroize::Zeroizing::new(text);
            let key = from_hex(text.trim());
            key.map(MasterKey::new)
                .ok_or_else(|| Error::MasterKeyMalformed(file.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if has_journal {
                return Err(Error::MasterKeyMissing(file.to_owned()));
            }
            let key = MasterKey::new(seal::random_bytes());
            write_secret(file, &hex(&key))?;
            Ok(key)
        }
        Err(error) => Err(at(file)(error)),
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Reads a master key from its file.
pub fn read_master_key(file: &Path) -> Result<MasterKey, Error> {
    master_key(file, true)
}

/// Puts a master key into a state directory that was restored.
pub fn keep_master_key(dir: &Path, key: &MasterKey) -> Result<(), Error> {
    write_secret(&dir.join("master.key"), &hex(key))
}

fn hex(key: &MasterKey) -> zeroize::Zeroizing<String> {
    let digits = key.expose().iter().map(|byte| format!("{byte:02x}"));
    zeroize::Zeroizing::new(digits.collect())
}

/// Writes what checkpoints are checked with beside the journal, for whoever checks without the master key.
fn write_public_key(file: &Path, key: PublicKey) -> Result<(), Error> {
    let text = format!("{key}\n");
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let part = file.with_extension("pub.part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, file))
        .map_err(at(file))
}

fn public_key(file: &Path) -> Result<Option<PublicKey>, Error> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let key = from_hex(text.trim()).map(PublicKey);
            let malformed = || Error::PublicKeyMalformed(file.to_owned());
            key.ok_or_else(malformed).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(file)(error)),
    }
}

/// Writes a secret so that a crash leaves the whole file or none, readable by its owner alone.
pub fn write_secret(file: &Path, secret: &str) -> Result<(), Error> {
    let part = file.with_extension("key.part");
    let write = || -> io::Result<()> {
        let mut out = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        writeln!(out, "{secret}")?;
        out.sync_all()?;
        fs::rename(&part, file)?;
        match file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            Some(dir) => fs::File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(at(file))
}
