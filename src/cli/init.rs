//! `holdfast init DIR`: a commented config.toml, and the state directory with its keys.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::output::print;
use super::running::{settings, start};
use crate::app;

const CONFIG: &str = include_str!("../../config.toml");

/// Makes both; a config.toml that is there is left alone.
pub fn run(dir: &Path) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let dir = dir.canonicalize()?;
    let file = dir.join("config.toml");
    let state = dir.join("state");
    let state_text = state
        .to_str()
        .context("the path of the directory is not valid UTF-8; choose another")?;
    let text = CONFIG.replace("dir = \"data/state\"", &format!("dir = {state_text:?}"));
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .with_context(|| format!("cannot write {}; it is left as it is", file.display()))?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    let mut config = settings(Some(&file))?;
    // The first start makes the keys; it needs no particular port for that.
    config.http.listen = "127.0.0.1:0".to_owned();
    config.log.level = crate::config::LogLevel::Warn;
    app::block_on(async {
        start(config)
            .await?
            .stop()
            .await
            .map_err(anyhow::Error::from)
    })?;
    print(&format!(
        "settings   {}\nstate      {}\nadmin key  {}\nmaster key {} (keep a copy elsewhere: without it nothing can be read)\n\nnext: holdfast serve --config {}",
        file.display(),
        state.display(),
        state.join("admin.key").display(),
        state.join("master.key").display(),
        file.display()
    ))
}
