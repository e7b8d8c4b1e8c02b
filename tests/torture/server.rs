//! The server under torture: a real process on a throw-away state directory, on whatever port is free.
//!
//! Invariant: it never outlives this program. Dropping it kills it, and a small shell that waits for this program's end of a
//! pipe kills it should this program itself be killed.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::watch::Watch;

const START_SECONDS_MAX: u64 = 60;
const FREEZE_MAX: Duration = Duration::from_secs(10);
const READ_OUT: Duration = Duration::from_millis(3);

/// Where states are made.
#[derive(Clone)]
pub struct Place {
    dir: PathBuf,
    binary: PathBuf,
    keep: bool,
}

impl Place {
    pub fn new(dir: Option<PathBuf>, binary: Option<PathBuf>, keep: bool) -> Self {
        let dir = dir.unwrap_or_else(std::env::temp_dir);
        // The server runs in its own directory, so a relative path must be made whole here.
        let binary = binary.map(|file| file.canonicalize().expect("the binary is there"));
        let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_holdfast").into());
        Self { dir, binary, keep }
    }

    /// A fresh state, gone when dropped.
    pub fn state(&self) -> State {
        let mut made = tempfile::Builder::new()
            .prefix("holdfast-torture-")
            .tempdir_in(&self.dir)
            .expect("a directory for the state can be made");
        if self.keep {
            made.disable_cleanup(true);
            eprintln!("torture: state and logs stay in {}", made.path().display());
        }
        State {
            state: made.path().join("state"),
            dir: made,
            binary: self.binary.clone(),
            starts: AtomicU32::new(0),
            settings: Vec::new(),
        }
    }

    /// A state that is kept elsewhere, on a drive of this program's own; its logs are not.
    pub fn state_at(&self, state: PathBuf) -> State {
        State {
            state,
            ..self.state()
        }
    }

    /// Where states are made.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Runs the binary to its end: whether it ended well, and what it said.
    pub fn run(&self, words: &[&str]) -> (bool, String) {
        let done = Command::new(&self.binary)
            .args(words)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .output()
            .expect("the binary can be started");
        let said = [&done.stdout[..], &done.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (done.status.success(), said)
    }
}

/// A state directory and the logs of the servers that ran on it.
pub struct State {
    dir: TempDir,
    state: PathBuf,
    binary: PathBuf,
    starts: AtomicU32,
    settings: Vec<(String, String)>,
}

impl State {
    /// What is neither state nor anyone else's.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The state directory itself.
    pub fn state(&self) -> &Path {
        &self.state
    }

    pub fn journal(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// The state lies elsewhere now.
    pub fn moved_to(&mut self, state: PathBuf) {
        self.state = state;
    }

    /// What every server on it is told besides.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Small segments, and images after a few entries, so that what happens meets the beginning of one and the writing of the other.
    pub fn keep_small(&mut self) {
        self.set("HOLDFAST__STORAGE__SEGMENT_MIB", "1");
        self.set("HOLDFAST__STORAGE__SNAPSHOT_ENTRIES", "20");
    }

    /// A copy of a stopped server's state.
    pub fn twin(&self, place: &Place) -> Self {
        let twin = place.state();
        copy(&self.state, &twin.state);
        twin
    }

    /// The first admin key; the server writes it just after it has said that it is ready.
    pub async fn admin_key(&self) -> String {
        let file = self.state.join("admin.key");
        let watch = Watch::start();
        while !file.exists() && watch.elapsed() < Duration::from_secs(START_SECONDS_MAX) {
            sleep(Duration::from_millis(2)).await;
        }
        let text = std::fs::read_to_string(file).expect("the first start writes an admin key");
        text.trim().to_owned()
    }

    /// Starts a process and does not wait for it.
    pub fn spawn(&self) -> Server {
        self.spawn_under(&[])
    }

    /// The same, under a program that takes another's command line and becomes it.
    pub fn spawn_under(&self, wrapper: &[String]) -> Server {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.dir.path().join(format!("serve-{number}.log"));
        let stderr = File::create(&log).expect("a log file can be made");
        let mut line = wrapper.iter().map(OsStr::new);
        let mut command = Command::new(line.next().unwrap_or(self.binary.as_os_str()));
        command.args(line);
        if !wrapper.is_empty() {
            command.arg(&self.binary);
        }
        let child = command
            .arg("serve")
            .current_dir(self.dir.path())
            .env("HOLDFAST__HTTP__LISTEN", "127.0.0.1:0")
            .env("HOLDFAST__STORAGE__DIR", &self.state)
            .env("HOLDFAST__SMS__PROVIDER", "inbox")
            .env("HOLDFAST__HOLDS__TTL_SECONDS", "1800")
            .env("HOLDFAST__LOG__FORMAT", "json")
            .env("HOLDFAST__LOG__LEVEL", "info")
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("the binary can be started");
        let guard = Command::new("sh")
            .args(["-c", "read -r _; kill -9 \"$1\" 2>/dev/null", "guard"])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        Server {
            child,
            guard,
            log,
            url: String::new(),
        }
    }

    /// Starts a server and waits until it is ready.
    pub async fn start(&self) -> Result<Server, String> {
        self.ready(self.spawn()).await
    }

    /// Waits until a server is ready, or says how it ended.
    pub async fn ready(&self, mut server: Server) -> Result<Server, String> {
        let watch = Watch::start();
        loop {
            if let Some(address) = server.address() {
                server.url = format!("http://{address}");
                return Ok(server);
            }
            if let Ok(Some(status)) = server.child.try_wait() {
                let log = server.log();
                return Err(format!(
                    "the server did not start ({status}): {}",
                    log.trim()
                ));
            }
            if watch.elapsed() > Duration::from_secs(START_SECONDS_MAX) {
                return Err(format!("not ready after {START_SECONDS_MAX} s"));
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from)
        .expect("a folder can be read")
        .flatten()
    {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match from.is_dir() {
            true => copy(&from, &to),
            false => {
                std::fs::copy(&from, &to).expect("a file can be copied");
            }
        }
    }
}

/// True if the system calls every thread of a process stopped, or there is none left.
pub fn all_stopped(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        matches!(state, None | Some('T' | 'Z' | 'X'))
    })
}

/// A running server.
pub struct Server {
    child: Child,
    guard: Child,
    log: PathBuf,
    pub url: String,
}

impl Server {
    fn address(&self) -> Option<String> {
        let log = self.log();
        let ready = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["fields"]["message"] == "ready")?;
        ready["fields"]["address"].as_str().map(str::to_owned)
    }

    /// It has said that it is ready.
    pub fn is_ready(&self) -> bool {
        self.address().is_some()
    }

    /// What it wrote to stderr.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Open sockets of the process, listeners included; `None` where there is no /proc.
    pub fn sockets(&self) -> Option<usize> {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?;
        let is_socket = |fd: &std::fs::DirEntry| {
            std::fs::read_link(fd.path())
                .is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
        };
        Some(fds.flatten().filter(is_socket).count())
    }

    /// Stops every thread where it is, as a power cut would, and waits until none of them is in a system call any more.
    pub async fn freeze(&self) {
        let pid = self.child.id();
        let stopped = Command::new("kill")
            .args(["-STOP", &pid.to_string()])
            .status();
        assert!(
            stopped.is_ok_and(|status| status.success()),
            "SIGSTOP can be sent"
        );
        let watch = Watch::start();
        while !all_stopped(pid) {
            assert!(watch.elapsed() < FREEZE_MAX, "every thread stops soon");
            sleep(Duration::from_micros(200)).await;
        }
        // What was sent before is read before the process goes.
        sleep(READ_OUT).await;
    }

    /// kill -9; whoever has it still has to wait for the corpse.
    pub fn kill_now(&mut self) {
        let _ = self.child.kill();
    }

    /// kill -9, and waits for the corpse.
    pub fn kill(mut self) {
        self.end();
    }

    /// Sends SIGTERM, without holding up the callers.
    pub async fn terminate(&self) {
        let pid = self.child.id().to_string();
        let done = tokio::task::spawn_blocking(move || {
            Command::new("kill").args(["-TERM", &pid]).status()
        });
        let done = done.await.expect("waiting for kill does not panic");
        assert!(
            done.is_ok_and(|status| status.success()),
            "SIGTERM can be sent"
        );
    }

    /// Waits for its own end; `None` if it does not come in time.
    pub async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let watch = Watch::start();
        while watch.elapsed() < within {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            sleep(Duration::from_millis(2)).await;
        }
        None
    }

    fn end(&mut self) {
        // The guard first: once the server is reaped, its number may be someone else's.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
