//! The seeded faults do not rot: each patch still applies to the sources as they are, and the test that it names is there.
//!
//! That each is caught is `cargo torture seeded`, which builds the crate once per fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn patches() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("tests/seeded")).expect("the seeded faults");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|suffix| suffix == "patch"));
    files.sort();
    files
}

#[test]
fn every_seeded_fault_applies_to_the_sources() {
    let mut faults = Vec::new();
    for file in patches() {
        // Outside a repository too: the sources may have come as an archive.
        let tried = Command::new("git")
            .args(["apply", "--check"])
            .arg(&file)
            .current_dir(root())
            .output()
            .expect("git is there");
        if !tried.status.success() {
            let why = String::from_utf8_lossy(&tried.stderr).into_owned();
            faults.push(format!("{}: {}", file.display(), why.trim()));
        }
    }
    assert!(faults.is_empty(), "make them anew:\n{}", faults.join("\n"));
}

#[test]
fn every_seeded_fault_names_a_test_that_is_there() {
    let files = patches();
    assert!(files.len() >= 14, "{} seeded faults", files.len());
    for file in files {
        let text = fs::read_to_string(&file).expect("a patch");
        let head = |mark: &str| text.lines().find_map(|line| line.strip_prefix(mark));
        assert!(head("Fault: ").is_some(), "{}", file.display());
        let caught_by = head("Caught by: ").unwrap_or_else(|| panic!("{}", file.display()));
        let words: Vec<_> = caught_by.split_whitespace().collect();
        let source = match words.as_slice() {
            ["--test", "torture", "--", ..] => continue,
            ["--test", "it", path] => format!("tests/it/{}", path.split("::").next().unwrap_or("")),
            ["--lib", path] => {
                let (file, _) = path.split_once("::tests::").unwrap_or((path, ""));
                format!("src/{}", file.replace("::", "/"))
            }
            _ => panic!("{}: {caught_by}", file.display()),
        };
        let source = fs::read_to_string(root().join(format!("{source}.rs"))).expect("its file");
        let name = caught_by.rsplit("::").next().unwrap_or_default();
        assert!(
            source.contains(&format!("fn {name}(")),
            "{}: there is no test {name}",
            file.display()
        );
    }
}
