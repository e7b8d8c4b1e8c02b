//! A disk whose power can be cut: a file system of a given kind on an image, and what the image held at the cut.
//!
//! Two drives in one. The file system under test lies on `disk.img`, which lies on an outer file system on `drive.img`. What
//! the inner one writes is in the outer one's cache, and reaches `drive.img` only when the inner one tells its drive to flush: so a
//! copy of `drive.img` is what a drive with a volatile cache leaves, and a copy of `disk.img` is what a drive leaves that had written everything it was given.
//! A copy is taken while the process is frozen and is taken again if the loop devices wrote anything meanwhile.
//! Invariant: all mounts are in a mount namespace of this program's own (`alone.rs`), so that they end with it, however it ends.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use tempfile::TempDir;

use crate::alone;

/// How often a copy is tried before the writing around it is taken for a fault of this program.
const COPIES_MAX: usize = 50;
const OUTER_BYTES: u64 = 512 << 20;

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileSystem {
    Ext4,
    Xfs,
    Btrfs,
}

impl FileSystem {
    /// Its name to `mount` and to people.
    pub fn name(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "xfs",
            FileSystem::Btrfs => "btrfs",
        }
    }

    /// About the smallest that it takes.
    fn bytes(self) -> u64 {
        match self {
            FileSystem::Ext4 => 48 << 20,
            FileSystem::Xfs => 64 << 20,
            FileSystem::Btrfs => 128 << 20,
        }
    }

    fn make(self) -> &'static [&'static str] {
        match self {
            FileSystem::Ext4 => &["mkfs.ext4", "-q", "-F"],
            // Less than 300 MB must be asked for in so many words.
            FileSystem::Xfs => &["mkfs.xfs", "--unsupported", "-q", "-f", "-l", "size=8m"],
            FileSystem::Btrfs => &["mkfs.btrfs", "-q", "-f", "-m", "single", "-d", "single"],
        }
    }

    /// Whatever would write back by itself is told to wait: it must not rescue a program that did not sync.
    fn options(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "loop,commit=600",
            FileSystem::Xfs => "loop,nouuid",
            FileSystem::Btrfs => "loop,commit=300,nodiscard",
        }
    }

    /// The program that makes it, and its package.
    fn package(self) -> (&'static str, &'static str) {
        match self {
            FileSystem::Ext4 => ("mkfs.ext4", "e2fsprogs"),
            FileSystem::Xfs => ("mkfs.xfs", "xfsprogs"),
            FileSystem::Btrfs => ("mkfs.btrfs", "btrfs-progs"),
        }
    }
}

/// What a drive does at a power cut with what it was not told to flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unflushed {
    Lost,
    Kept,
}

/// Makes drives, all from two images that are made once.
pub struct Drives {
    dir: TempDir,
    fs: FileSystem,
    made: Cell<u64>,
}

impl Drives {
    /// Makes the images; the error says what is not possible here.
    pub fn new(dir: &Path, fs: FileSystem) -> Result<Self, String> {
        let dir = tempfile::Builder::new()
            .prefix("holdfast-drive-")
            .tempdir_in(dir)
            .map_err(|error| format!("{}: {error}", dir.display()))?;
        let drives = Self {
            dir,
            fs,
            made: Cell::new(0),
        };
        let empty = drives.file("empty.img");
        sparse(&empty, OUTER_BYTES)?;
        run(&["mkfs.ext4", "-q", "-F"], &[&empty])?;
        let disk = drives.file("disk.img");
        sparse(&disk, fs.bytes())?;
        run(fs.make(), &[&disk])?;
        Ok(drives)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn folder(&self) -> PathBuf {
        self.made.set(self.made.get() + 1);
        let folder = self.file(&format!("{}", self.made.get()));
        for part in ["outer", "disk"] {
            std::fs::create_dir_all(folder.join(part)).expect("a folder can be made");
        }
        folder
    }

    /// A fresh one.
    pub fn drive(&self) -> Result<Drive, String> {
        let folder = self.folder();
        copy(&self.file("disk.img"), &folder.join("disk.img"))?;
        self.mount(Cut {
            folder,
            unflushed: Unflushed::Kept,
        })
    }

    /// What a cut left, mounted. The drive it was cut from must be gone: two copies of one file system cannot be told apart.
    pub fn mount(&self, cut: Cut) -> Result<Drive, String> {
        let (outer, disk) = (cut.folder.join("outer"), cut.folder.join("disk"));
        let image = cut.folder.join("drive.img");
        if cut.unflushed == Unflushed::Kept {
            copy(&self.file("empty.img"), &image)?;
        }
        let mut drive = Drive {
            folder: cut.folder.clone(),
            mounted: Vec::new(),
        };
        drive.mount("loop,commit=600,nodiscard", &image, &outer)?;
        let disk_image = outer.join("disk.img");
        if cut.unflushed == Unflushed::Kept {
            copy(&cut.folder.join("disk.img"), &disk_image)?;
            // What the copy holds is on the drive, or a later cut would take it back.
            run(&["sync"], &[&disk_image, &outer])?;
        }
        drive.mount(self.fs.options(), &disk_image, &disk)?;
        Ok(drive)
    }

    /// What a power cut at this moment leaves. Whatever writes to the drive must be frozen.
    pub fn cut(&self, drive: &Drive, unflushed: Unflushed) -> Result<Cut, String> {
        let folder = self.folder();
        let (from, to) = match unflushed {
            Unflushed::Lost => ("drive.img", "drive.img"),
            Unflushed::Kept => ("outer/disk.img", "disk.img"),
        };
        for _ in 0..COPIES_MAX {
            let before = written();
            copy(&drive.folder.join(from), &folder.join(to))?;
            if before == written() {
                return Ok(Cut { folder, unflushed });
            }
        }
        Err("the drive is written to without end while it is copied".to_owned())
    }

    /// Another copy of what a cut left.
    pub fn again(&self, cut: &Cut) -> Result<Cut, String> {
        let folder = self.folder();
        let image = match cut.unflushed {
            Unflushed::Lost => "drive.img",
            Unflushed::Kept => "disk.img",
        };
        copy(&cut.folder.join(image), &folder.join(image))?;
        Ok(Cut {
            folder,
            unflushed: cut.unflushed,
        })
    }
}

/// What a power cut left, to be mounted; its files go with the drive that it becomes, or with all drives.
pub struct Cut {
    folder: PathBuf,
    unflushed: Unflushed,
}

/// A mounted drive; unmounted and removed when dropped.
pub struct Drive {
    folder: PathBuf,
    mounted: Vec<PathBuf>,
}

impl Drive {
    /// Where its file system is.
    pub fn path(&self) -> PathBuf {
        self.folder.join("disk")
    }

    fn mount(&mut self, options: &str, image: &Path, at: &Path) -> Result<(), String> {
        run(&["mount", "-o", options], &[image, at])?;
        self.mounted.push(at.to_owned());
        Ok(())
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        for at in self.mounted.iter().rev() {
            let at = at.as_path();
            if run(&["umount"], &[at]).is_err() {
                // Someone still has a file open there; it goes as soon as they let go.
                let _ = run(&["umount", "-l"], &[at]);
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whether such an image can be made and mounted here; installs what makes it.
pub fn try_out(dir: &Path, fs: FileSystem) -> Result<(), String> {
    let (program, package) = fs.package();
    alone::need(program, package)?;
    Drives::new(dir, fs)?.drive().map(drop)
}

/// What all loop devices have written so far, and what they are at: two equal answers, and nothing was written in between.
fn written() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for device in std::fs::read_dir("/sys/block")
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = device.file_name().to_string_lossy().into_owned();
        if !name.starts_with("loop") {
            continue;
        }
        let stat = std::fs::read_to_string(device.path().join("stat")).unwrap_or_default();
        let fields: Vec<_> = stat.split_whitespace().map(str::to_owned).collect();
        if let [_, _, _, _, writes, _, _, _, in_flight, ..] = fields.as_slice() {
            found.push((name, writes.clone(), in_flight.clone()));
        }
    }
    found.sort();
    found
}

fn sparse(file: &Path, bytes: u64) -> Result<(), String> {
    std::fs::File::create(file)
        .and_then(|made| made.set_len(bytes))
        .map_err(|error| format!("{}: {error}", file.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    run(&["cp", "--reflink=auto", "--sparse=auto"], &[from, to])
}

fn run(line: &[&str], files: &[&Path]) -> Result<(), String> {
    let done = Command::new(line[0])
        .args(&line[1..])
        .args(files)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", line[0]))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{} {files:?}: {}",
            line.join(" "),
            String::from_utf8_lossy(&done.stderr).trim()
        )),
    }
}
