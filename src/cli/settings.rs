//! `holdfast config`: the settings as they are understood.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use super::output::print;
use super::running::settings;

/// What to do with the settings.
#[derive(Clone, Copy, Subcommand)]
pub enum Action {
    /// Say whether they can be used.
    Check,
    /// Print all of them, defaults and environment included.
    Print,
}

/// Does it.
pub fn run(config: Option<&Path>, action: Action) -> anyhow::Result<ExitCode> {
    let config = settings(config)?;
    match action {
        Action::Check => print("the settings are good"),
        Action::Print => print(toml::to_string(&config)?.trim_end()),
    }
}
