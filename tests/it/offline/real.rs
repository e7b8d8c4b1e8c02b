//! The real binary on a directory of its own: started, killed, stopped, and its tools run beside it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Client};

/// A state and, while it runs, the server on it.
pub struct Real {
    dir: TempDir,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
    pub admin: Client,
}

/// A clinic with one practitioner and a key for its desk.
pub struct Desk {
    pub path: String,
    pub staff: Client,
}

impl Real {
    /// A server on a new state.
    pub fn start() -> Self {
        let mut real = Self::on(TempDir::new().expect("a directory"));
        real.run();
        let key = std::fs::read_to_string(real.state().join("admin.key"));
        real.admin.key = key.expect("a first start writes a key").trim().to_owned();
        real
    }

    /// Nothing that runs yet, on this directory.
    pub fn on(dir: TempDir) -> Self {
        Self {
            dir,
            child: None,
            log: Arc::default(),
            admin: Client {
                address: String::new(),
                key: String::new(),
            },
        }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Starts the server and waits until it is ready. Its log is read to the end by a thread.
    pub fn run(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        command.arg("serve");
        self.run_by(command);
    }

    /// The same, where it may have so many files and connections open.
    pub fn run_with_descriptors(&mut self, most: u32) {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {most} && exec \"$0\" serve");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_holdfast")]);
        self.run_by(command);
    }

    fn run_by(&mut self, mut command: Command) {
        let mut child = command
            .current_dir(self.dir.path())
            .env("HOLDFAST__HTTP__LISTEN", "127.0.0.1:0")
            .env("HOLDFAST__STORAGE__DIR", self.state())
            .env("HOLDFAST__STORAGE__SEGMENT_MIB", "1")
            .env("HOLDFAST__SMS__PROVIDER", "inbox")
            .env("HOLDFAST__LOG__FORMAT", "json")
            .env("HOLDFAST__LOG__LEVEL", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        self.child = Some(child);
        self.admin.address = loop {
            let line = lines.next().expect("it gets ready").expect("text");
            self.log
                .lock()
                .expect("no panic")
                .push_str(&format!("{line}\n"));
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if line["fields"]["message"] == "ready" {
                break line["fields"]["address"]
                    .as_str()
                    .expect("an address")
                    .to_owned();
            }
        };
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                log.lock().expect("no panic").push_str(&format!("{line}\n"));
            }
        });
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it is gone");
    }

    /// SIGTERM, and waits for an orderly end.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let pid = child.id().to_string();
        let done = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(done.is_ok_and(|status| status.success()));
        assert!(child.wait().expect("it ends").success());
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// Runs one of the binary's commands.
    pub fn tool(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_holdfast"))
            .args(arguments)
            .current_dir(self.dir.path())
            .output()
            .expect("the binary runs")
    }

    /// Makes a clinic.
    pub fn desk(&self, slug: &str) -> Desk {
        let tenant =
            json!({ "slug": slug, "name": slug, "time_zone": "Europe/London", "country": "GB" });
        created(&self.admin, "/v1/tenants", &tenant);
        let path = format!("/v1/tenants/{slug}");
        let hours = json!([{ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00" }]);
        let resource =
            json!({ "id": "dr-a", "kind": "practitioner", "name": "Dr A", "opening_hours": hours });
        created(&self.admin, &format!("{path}/resources"), &resource);
        let service = json!({ "id": "chat", "name": "Chat", "minutes": 30, "resources": ["dr-a"], "verification": "off" });
        created(&self.admin, &format!("{path}/services"), &service);
        let key = json!({ "scope": "staff", "label": "test" });
        let made = created(&self.admin, &format!("{path}/keys"), &key);
        Desk {
            path,
            staff: self.admin.with_key(&made.text("key")),
        }
    }
}

impl Desk {
    /// Books the so-many-th half hour from a day that is still far away.
    pub fn book(&self, number: u32, name: &str) -> Answer {
        let (day, half_hour) = (1 + number / 48, number % 48);
        let from_now = holdfast::clock::Clock::now(&holdfast::clock::SystemClock);
        let start = from_now.0 / 86_400_000 * 86_400_000 + i64::from(day + 1) * 86_400_000;
        let start = start + i64::from(half_hour) * 1_800_000;
        let start = holdfast::calendar::Zone::utc().rfc3339(holdfast::model::Timestamp(start));
        let body = json!({
            "service": "chat", "resource": "dr-a", "start": start,
            "person": { "name": name, "phone": "07700 900123" },
        });
        self.staff
            .post(&format!("{}/appointments", self.path), &body)
    }

    /// Writes so many entries of some twenty KiB each.
    pub fn fill(&self, entries: u32) {
        let path = format!("{}/resources/dr-a", self.path);
        for number in 0..entries {
            let day = |n: u32| {
                format!(
                    "{}-{:02}-{:02}",
                    2040 + n / 336,
                    1 + n % 336 / 28,
                    1 + n % 28
                )
            };
            let closed: Vec<_> = (0..800)
                .map(|n| json!({ "date": day(n), "closed": true }))
                .collect();
            let body = json!({ "name": format!("Dr {number}"), "exceptions": closed });
            let answer = self.staff.send(
                "PATCH",
                &path,
                &[("Content-Type", "application/json")],
                &body.to_string(),
            );
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
}

fn created(client: &Client, path: &str, body: &Value) -> Answer {
    let answer = client.post(path, body);
    assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    answer
}

impl Drop for Real {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// What a command said, if it ended well.
pub fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    text
}

/// What a command said on stderr when it failed with this status.
pub fn refused(output: &Output, status: i32) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{error}");
    error
}
