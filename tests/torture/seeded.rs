//! Can the tests fail? Each `tests/seeded/*.patch` puts one fault into a copy of the sources and names the test that must catch it.
//!
//! First the named tests run on the copy as it is, and must pass; then each fault is put in by itself, the sources must still
//! compile, and its test must fail. All builds share one target folder, so a fault costs one build of this crate.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use crate::report::Report;
use crate::watch::Watch;

const FAULT: &str = "Fault: ";
const CAUGHT_BY: &str = "Caught by: ";
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Args)]
pub struct Options {
    /// Only those whose names begin so; all if absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the copies are built; kept, so that the next run is faster. `target/seeded` if absent.
    #[arg(long)]
    target: Option<PathBuf>,
    /// The longest it may take: no further fault is begun then, which is a failure.
    #[arg(long, default_value_t = 3600.0)]
    seconds: f64,
    /// Do not run the named tests without a fault first.
    #[arg(long)]
    without_baseline: bool,
}

/// A patch and what its head says.
struct Seed {
    name: String,
    file: PathBuf,
    fault: String,
    /// Arguments of `cargo test`.
    caught_by: String,
}

/// The copy that is built.
struct Scratch {
    dir: tempfile::TempDir,
    target: PathBuf,
}

pub async fn run(options: &Options, dir: &Path) -> Report {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let watch = Watch::start();
    let mut violations = Vec::new();
    let mut figures = BTreeMap::new();
    let (mut caught, mut left_out) = (0, 0);
    let seeds = seeds(root, &options.only, &mut violations);
    let scratch = Scratch::new(root, dir, options);
    if !options.without_baseline {
        let mut named: Vec<_> = seeds.iter().map(|seed| seed.caught_by.as_str()).collect();
        named.sort_unstable();
        named.dedup();
        for test in named {
            let passed = scratch.test(test).await;
            if !passed.is_well || passed.ran_nothing() {
                let end = passed.end();
                violations.push(format!("without any fault: cargo test {test}: {end}"));
            }
        }
    }
    for seed in &seeds {
        if watch.elapsed().as_secs_f64() > options.seconds {
            violations.push(format!("{}: not tried, the time was over", seed.name));
            continue;
        }
        let one = Watch::start();
        let verdict = scratch.try_out(seed).await;
        let seconds = one.elapsed().as_secs_f64();
        let word = match &verdict {
            Ok(Verdict::Caught) => "caught",
            Ok(Verdict::NotPossible) => "left out",
            Err(_) => "NOT CAUGHT",
        };
        eprintln!("torture: {word} in {seconds:.0} s: {}", seed.name);
        match verdict {
            Ok(Verdict::Caught) => caught += 1,
            Ok(Verdict::NotPossible) => left_out += 1,
            Err(why) => violations.push(format!("{}: {why}", seed.name)),
        }
        figures.insert(seed.name.clone(), seconds);
    }
    let line = format!(
        "{caught} of {} faults caught by the tests that name them, {left_out} left out because their test is not possible here, in {:.0} s",
        seeds.len(),
        watch.elapsed().as_secs_f64()
    );
    Report {
        command: "seeded",
        line,
        figures: json!({ "faults": seeds.len(), "caught": caught, "left_out": left_out, "seconds_each": figures }),
        violations,
    }
}

fn seeds(root: &Path, only: &[String], violations: &mut Vec<String>) -> Vec<Seed> {
    let folder = std::fs::read_dir(root.join("tests/seeded")).expect("the seeded faults");
    let mut files: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|suffix| suffix == "patch"));
    files.sort();
    let mut seeds = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if !only.is_empty() && !only.iter().any(|wanted| name.starts_with(wanted.as_str())) {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a patch");
        let head = |mark: &str| text.lines().find_map(|line| line.strip_prefix(mark));
        match (head(FAULT), head(CAUGHT_BY)) {
            (Some(fault), Some(caught_by)) => seeds.push(Seed {
                name,
                fault: fault.to_owned(),
                caught_by: caught_by.to_owned(),
                file,
            }),
            _ => violations.push(format!("{name}: its head lacks `{FAULT}` or `{CAUGHT_BY}`")),
        }
    }
    seeds
}

/// What came of a fault.
enum Verdict {
    Caught,
    NotPossible,
}

impl Scratch {
    fn new(root: &Path, dir: &Path, options: &Options) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("holdfast-seeded-")
            .tempdir_in(dir)
            .expect("a folder for the copy");
        let listed = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(root)
            .output()
            .expect("git lists the sources");
        for file in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            let to = dir.path().join(file);
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            // What is listed and not there was removed and not committed yet.
            let _ = std::fs::copy(root.join(file), to);
        }
        let target = options.target.clone();
        let target = target.unwrap_or_else(|| root.join("target/seeded"));
        Self { dir, target }
    }

    /// Runs a command to its end; it and all that it started are killed if this is dropped before.
    async fn run(&self, program: &str, words: &[&str]) -> Done {
        let said = self.dir.path().join("said");
        let out = File::create(&said).expect("a file for what is said");
        let err = out.try_clone().expect("a second handle");
        let child = Command::new(program)
            .args(words)
            .current_dir(self.dir.path())
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut running = Running(child);
        let status = loop {
            if let Some(status) = running.0.try_wait().expect("a child can be waited for") {
                break status;
            }
            sleep(PAUSE).await;
        };
        Done {
            is_well: status.success(),
            said: String::from_utf8_lossy(&std::fs::read(said).unwrap_or_default()).into_owned(),
        }
    }

    async fn test(&self, test: &str) -> Done {
        let mut words = vec!["test", "--quiet", "--offline"];
        words.extend(test.split_whitespace());
        self.run("cargo", &words).await
    }

    async fn apply(&self, seed: &Seed, reverse: bool) -> Result<(), String> {
        let file = seed.file.display().to_string();
        let mut words = vec!["apply", file.as_str()];
        if reverse {
            words.push("--reverse");
        }
        let done = self.run("git", &words).await;
        match done.is_well {
            true => Ok(()),
            false => Err(format!("the patch does not apply: {}", done.end())),
        }
    }

    async fn try_out(&self, seed: &Seed) -> Result<Verdict, String> {
        self.apply(seed, false).await?;
        let done = self.test(&seed.caught_by).await;
        self.apply(seed, true).await?;
        if done.said.contains("torture: SKIPPED") {
            return Ok(Verdict::NotPossible);
        }
        let failed = done.said.contains("test result: FAILED") || done.said.contains(": FAILED (");
        match (done.is_well, failed) {
            (true, _) => Err(format!("NOT CAUGHT: {} ({})", seed.caught_by, seed.fault)),
            (false, true) => Ok(Verdict::Caught),
            (false, false) => Err(format!("its test could not be run: {}", done.end())),
        }
    }
}

/// A command and all that it started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let group = format!("-{}", self.0.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = self.0.wait();
        }
    }
}

/// A command that has ended.
struct Done {
    is_well: bool,
    said: String,
}

impl Done {
    /// A test of that name is not there, so nothing was tested.
    fn ran_nothing(&self) -> bool {
        self.said.contains("test result: ok. 0 passed") && !self.said.contains("torture: SKIPPED")
    }

    /// Its last words.
    fn end(&self) -> String {
        let lines = self.said.lines().filter(|line| !line.trim().is_empty());
        let lines: Vec<_> = lines.collect();
        lines[lines.len().saturating_sub(12)..].join(" | ")
    }
}
