//! What the commands print.

use std::io::Write;
use std::process::ExitCode;

/// Prints a line; a reader that has gone away is no failure.
pub fn print(text: &str) -> anyhow::Result<ExitCode> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
