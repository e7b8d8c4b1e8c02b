//! What needs root: a mount namespace of this program's own, packages, and saying plainly why something is skipped.
//!
//! Mounts made in the namespace are seen by nobody else and end with the last process in it, also if that is killed; a
//! loop device that `mount` made ends with its mount.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

const ENTERED: &str = "HOLDFAST_TORTURE_MOUNTS_ARE_OWN";

/// Starts this program again in a mount namespace of its own, unless it is in one. Comes back with the reason if it cannot be.
pub fn with_own_mounts() -> Result<(), String> {
    if std::env::var_os(ENTERED).is_some() {
        return Ok(());
    }
    let tried = Command::new("unshare").args(["--mount", "true"]).output();
    match tried {
        Ok(done) if done.status.success() => {}
        Ok(done) => {
            let why = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(format!("mounting needs root ({why})"));
        }
        Err(error) => return Err(format!("unshare (util-linux) is needed: {error}")),
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let failed = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(ENTERED, "1")
        .exec();
    Err(failed.to_string())
}

/// Makes sure that a program is there, by its package if need be.
pub fn need(program: &str, package: &str) -> Result<(), String> {
    if is_there(program) {
        return Ok(());
    }
    eprintln!("torture: installing {package} for {program}");
    let quietly = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        command.stdin(Stdio::null()).stdout(Stdio::null()).status()
    };
    let _ = quietly(&["update", "-qq"]);
    let _ = quietly(&["install", "-y", "-qq", package]);
    match is_there(program) {
        true => Ok(()),
        false => Err(format!(
            "{program} is missing and could not be installed: install {package}"
        )),
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path);
    let usual = ["/usr/sbin", "/sbin"].map(std::path::PathBuf::from);
    own.chain(usual).any(|folder| folder.join(program).exists())
}
