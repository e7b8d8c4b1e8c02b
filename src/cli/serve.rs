//! `holdfast serve`: the server.

use std::path::Path;
use std::process::ExitCode;

use super::running::{Signals, settings, start, until_stopped};
use crate::app;

/// Serves until it is told to stop.
pub fn run(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = settings(config)?;
    app::block_on(async {
        let signals = Signals::new()?;
        let app = start(config).await?;
        until_stopped(app, signals).await
    })
}
