//! System calls that fail on purpose: the server under strace, and what strace wrote down of it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Segments whose files strace watches by name; no run here comes near as many.
const SEGMENTS_MAX: usize = 24;

/// Which calls fail, one of each per run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Sync,
    Write,
    Open,
    Rename,
}

impl Call {
    pub const ALL: [Call; 4] = [Call::Sync, Call::Write, Call::Open, Call::Rename];

    /// The system calls behind it.
    pub fn names(self) -> &'static str {
        match self {
            Call::Sync => "fdatasync,fsync",
            Call::Write => "pwrite64,write",
            Call::Open => "openat",
            Call::Rename => "rename,renameat,renameat2",
        }
    }
}

/// One call that is to fail, once: the nth that a thread makes.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub call: Call,
    pub error: &'static str,
    pub nth: usize,
}

impl Fault {
    /// strace's command line, up to the program.
    pub fn wrapper(self, state: &Path, log: &Path) -> Vec<String> {
        let Self { call, error, nth } = self;
        let names = call.names();
        // -D: the server stays this program's child, its end is its own.
        let words = [
            "strace",
            "-D",
            "-f",
            "-q",
            "-ttt",
            "-y",
            "-e",
            "signal=none",
            "-o",
        ];
        let mut line: Vec<_> = words.map(str::to_owned).into();
        line.push(log.display().to_string());
        line.extend(["-e".to_owned(), format!("trace={names},exit_group")]);
        line.extend([
            "-e".to_owned(),
            format!("inject={names}:error={error}:when={nth}"),
        ]);
        // Writes go to sockets and to wakers too; only the state's are meant.
        if call == Call::Write {
            let files = state_files(state);
            line.extend(files.flat_map(|file| ["-P".to_owned(), file.display().to_string()]));
        }
        line
    }
}

/// Whether strace may trace here.
pub fn try_out() -> Result<(), String> {
    let tried = Command::new("strace")
        .args([
            "-D",
            "-f",
            "-q",
            "-e",
            "trace=fdatasync",
            "-o",
            "/dev/null",
            "true",
        ])
        .output()
        .map_err(|error| format!("strace: {error}"))?;
    match tried.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&tried.stderr).trim().to_owned()),
    }
}

/// The files that the server writes.
fn state_files(state: &Path) -> impl Iterator<Item = PathBuf> {
    let keys = ["admin.key.part", "master.key.part"].map(|name| state.join(name));
    let journal = state.join("journal");
    let segments = (1..=SEGMENTS_MAX).flat_map(move |number| {
        let name = |suffix| journal.join(format!("{number:010}.{suffix}"));
        [name("journal"), name("journal.new")]
    });
    keys.into_iter().chain(segments)
}

/// What strace saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// When the first call was made to fail, in seconds, and its line.
    pub injected: Option<(f64, String)>,
    /// When the process ended by itself.
    pub ended: Option<f64>,
}

impl Seen {
    /// Reads strace's log as it is by now.
    pub fn read(log: &Path) -> Self {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let mut seen = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let at = words.nth(1).and_then(|at| at.parse::<f64>().ok());
            let Some(at) = at else { continue };
            if line.contains("(INJECTED)") && seen.injected.is_none() {
                seen.injected = Some((at, line.to_owned()));
            }
            if line.contains("exit_group(") || line.contains("+++ exited with") {
                seen.ended = Some(at);
            }
        }
        seen
    }

    /// True if the call that failed was to make journal entries durable, which nothing may be acknowledged after.
    pub fn is_fatal(&self) -> bool {
        self.injected.as_ref().is_some_and(|(_, line)| {
            let on_segment = line.contains(".journal>");
            on_segment && (line.contains("fdatasync(") || line.contains("pwrite64("))
        })
    }
}

/// strace's command line, up to the program, to see in which order names are given and made durable.
pub fn names_traced(log: &Path) -> Vec<String> {
    let traced = "trace=rename,renameat,renameat2,mkdir,mkdirat,fsync,pwrite64";
    let words = [
        "strace",
        "-D",
        "-f",
        "-q",
        "-ttt",
        "-y",
        "-e",
        "signal=none",
        "-e",
        traced,
        "-o",
    ];
    let mut line: Vec<_> = words.map(str::to_owned).into();
    line.push(log.display().to_string());
    line
}

/// Files and folders of a state that were given their name without their folder being synced after it and before anything was
/// written into them. Indexes and images are not looked at: they can be made again.
pub fn unsynced_names(log: &Path, state: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut unsynced: Vec<PathBuf> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        if line.contains(" rename") || line.contains(" mkdir") {
            // The last name in quotes is the new one.
            let name = line.rsplit('"').nth(1).map(PathBuf::from);
            let name = name.filter(|name| {
                name.starts_with(state) && !name.starts_with(state.join("snapshots"))
            });
            let failed = line.contains(" = -1 ");
            unsynced.extend(name.filter(|_| !failed));
        }
        let on = line
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'));
        let Some((on, _)) = on else { continue };
        if line.contains(" fsync(") {
            unsynced.retain(|name| name.parent() != Some(Path::new(on)));
        }
        if line.contains(" pwrite64(") && unsynced.iter().any(|name| name == Path::new(on)) {
            found.push(format!("{on} is written to and its folder was not synced"));
        }
    }
    found.extend(
        unsynced
            .iter()
            .map(|name| format!("the folder of {} was never synced", name.display())),
    );
    found
}
