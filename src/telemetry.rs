//! Logs: to stderr, text or JSON, never a name, a number, a code, a body or a path with an id in it.
//!
//! What is logged are typed fields that were chosen one by one; contact types print masked in any case. A panic logs its place
//! and not its words, because words may quote what they were about.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts logging. The first call in a process counts; later ones change nothing.
pub fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    // Other people's crates log what they are given; only ours has been read with that in mind.
    let ours = tracing_subscriber::filter::Targets::new()
        .with_target("holdfast", level)
        .with_default(LevelFilter::WARN.min(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry();
    let started = if json {
        registry.with(lines.json().with_filter(ours)).try_init()
    } else {
        registry.with(lines.with_filter(ours)).try_init()
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(String::new, ToString::to_string);
    let thread = std::thread::current()
        .name()
        .unwrap_or("unnamed")
        .to_owned();
    tracing::error!(
        place,
        thread,
        "a panic; its words are withheld because they may quote personal data"
    );
}
