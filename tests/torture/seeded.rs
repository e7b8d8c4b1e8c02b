//! Can the tests fail? Each `tests/seeded/*.patch` puts one fault into a copy of the sources and names the test that must catch it.
//!
//! First the named tests run on the copy as it is, and must pass; then each fault is put in by itself, the sources must still
//! compile, and its test must fail. All builds share one target folder, so a fault costs one build of this crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use clap::Args;
use serde_json::json;

use crate::report::Report;
use crate::watch::Watch;

const FAULT: &str = "Fault: ";
const CAUGHT_BY: &str = "Caught by: ";

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

pub fn run(options: &Options, dir: &Path) -> Report {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let watch = Watch::start();
    let mut violations = Vec::new();
    let mut figures = BTreeMap::new();
    let (mut caught, mut powercuts_left_out) = (0, 0);
    let seeds = seeds(root, &options.only, &mut violations);
    let scratch = Scratch::new(root, dir, options);
    if !options.without_baseline {
        let mut named: Vec<_> = seeds.iter().map(|seed| seed.caught_by.as_str()).collect();
        named.sort_unstable();
        named.dedup();
        for test in named {
            let passed = scratch.test(test);
            if !passed.status.success() || ran_nothing(&passed) {
                violations.push(format!(
                    "without any fault: cargo test {test}: {}",
                    end(&passed)
                ));
            }
        }
    }
    for seed in &seeds {
        if watch.elapsed().as_secs_f64() > options.seconds {
            violations.push(format!("{}: not tried, the time was over", seed.name));
            continue;
        }
        let one = Watch::start();
        match scratch.try_out(seed) {
            Ok(Verdict::Caught) => caught += 1,
            Ok(Verdict::NotPossible) => powercuts_left_out += 1,
            Err(why) => violations.push(format!("{}: {why}", seed.name)),
        }
        let seconds = one.elapsed().as_secs_f64();
        eprintln!("torture: {} ({}): {seconds:.0} s", seed.name, seed.fault);
        figures.insert(seed.name.clone(), seconds);
    }
    let line = format!(
        "{caught} of {} faults caught by the tests that name them, {powercuts_left_out} left out because their test is not possible here, in {:.0} s",
        seeds.len(),
        watch.elapsed().as_secs_f64()
    );
    Report {
        command: "seeded",
        line,
        figures: json!({ "faults": seeds.len(), "caught": caught, "left_out": powercuts_left_out, "seconds_each": figures }),
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

    fn run(&self, program: &str, words: &[&str]) -> Output {
        Command::new(program)
            .args(words)
            .current_dir(self.dir.path())
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    fn test(&self, test: &str) -> Output {
        let mut words = vec!["test", "--quiet", "--offline"];
        words.extend(test.split_whitespace());
        self.run("cargo", &words)
    }

    fn apply(&self, seed: &Seed, reverse: bool) -> Result<(), String> {
        let file = seed.file.display().to_string();
        let mut words = vec!["apply", file.as_str()];
        if reverse {
            words.push("--reverse");
        }
        let done = self.run("git", &words);
        match done.status.success() {
            true => Ok(()),
            false => Err(format!("the patch does not apply: {}", end(&done))),
        }
    }

    fn try_out(&self, seed: &Seed) -> Result<Verdict, String> {
        self.apply(seed, false)?;
        let done = self.test(&seed.caught_by);
        // Cargo writes its lock file anew where a fault brings a dependency along.
        self.apply(seed, true)?;
        let said = |words: &str| {
            let mut both = [&done.stdout, &done.stderr].into_iter();
            both.any(|bytes| String::from_utf8_lossy(bytes).contains(words))
        };
        if said("torture: SKIPPED") {
            return Ok(Verdict::NotPossible);
        }
        match (
            done.status.success(),
            said("test result: FAILED") || said(": FAILED ("),
        ) {
            (true, _) => Err(format!("NOT CAUGHT: {} ({})", seed.caught_by, seed.fault)),
            (false, true) => Ok(Verdict::Caught),
            (false, false) => Err(format!("its test could not be run: {}", end(&done))),
        }
    }
}

/// A test of that name is not there, so nothing was tested.
fn ran_nothing(done: &Output) -> bool {
    let said = String::from_utf8_lossy(&done.stdout);
    said.contains("test result: ok. 0 passed") && !said.contains("torture: SKIPPED")
}

/// The last words of a command.
fn end(done: &Output) -> String {
    let all = [&done.stdout[..], &done.stderr[..]].concat();
    let text = String::from_utf8_lossy(&all).into_owned();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(12)..].join(" | ")
}
