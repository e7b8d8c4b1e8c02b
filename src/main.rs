//! The binary's door: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    holdfast::cli::main()
}
