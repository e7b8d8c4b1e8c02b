//! What can be typed, and which command it starts.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::output::print;
use super::remote::Remote;
use super::{
    backup, demo, erase, export, init, key, load, redact, restore, serve, settings, tenant, verify,
};
use crate::facade;

/// A booking engine for clinics: find, hold, verify by a texted code, book.
#[derive(Parser)]
#[command(name = "holdfast", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A ready-to-use server with a made-up clinic, on a state directory that is thrown away.
    Demo {
        /// Where to listen on 127.0.0.1; 0 takes any free port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Print one JSON object with the address and the keys instead of a tour.
        #[arg(long)]
        json: bool,
    },
    /// The server.
    Serve {
        /// The settings; without it ./config.toml if it is there, else the defaults.
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Write a commented config.toml and make the state directory with its keys.
    Init {
        /// Where; made if it is not there.
        dir: PathBuf,
    },
    /// Check everything that a stopped server's journal holds, and change nothing.
    Verify(verify::Arguments),
    /// Copy a running server's state, or a stopped one's, and check the copy.
    Backup(backup::Arguments),
    /// Make a state directory from a backup.
    Restore(restore::Arguments),
    /// The clinics of a running server.
    Tenant {
        #[command(flatten)]
        remote: Remote,
        #[command(subcommand)]
        action: tenant::Action,
    },
    /// The keys of a clinic on a running server.
    Key {
        #[command(flatten)]
        remote: Remote,
        #[command(subcommand)]
        action: key::Action,
    },
    /// Everything that is known of a clinic or of one person, on a running server or in a stopped state.
    Export {
        #[command(flatten)]
        remote: Remote,
        /// The stopped state; without it the running server is asked.
        #[arg(long)]
        state: Option<PathBuf>,
        /// The clinic.
        #[arg(long)]
        tenant: String,
        /// One person only, as in person_0123…
        #[arg(long)]
        person: Option<String>,
        /// How it is printed.
        #[arg(long, value_enum, default_value = "json")]
        format: export::Format,
    },
    /// Erase a person, or a phone and everyone on it, from a clinic and from the journal itself.
    Erase {
        #[command(flatten)]
        remote: Remote,
        /// The stopped state; without it the running server is asked.
        #[arg(long)]
        state: Option<PathBuf>,
        /// The clinic.
        #[arg(long)]
        tenant: String,
        #[command(flatten)]
        target: erase::Target,
    },
    /// Put load on a running server and say how long its callers waited.
    Load(load::Arguments),
    /// Read text on stdin, write it without personal data on stdout.
    Redact {
        /// Lines of {"id","text"} in, lines of {"id","redacted","spans","us"} out.
        #[arg(long)]
        jsonl: bool,
        /// What counts as personal: default, strict or safe_harbor.
        #[arg(long, default_value = "default")]
        profile: String,
        /// Add a record of each redaction to this file: when, by which rules, how many of each kind, never text.
        #[arg(long)]
        audit: Option<PathBuf>,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// The settings as they are understood.
    Config {
        /// The settings; without it ./config.toml if it is there, else the defaults.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        action: settings::Action,
    },
}

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo { port, json } => demo::run(port, json),
        Command::Serve { config } => serve::run(config.as_deref()),
        Command::Init { dir } => init::run(&dir),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Tenant { remote, action } => tenant::run(&remote, &action),
        Command::Key { remote, action } => key::run(&remote, &action),
        Command::Export {
            remote,
            state,
            tenant,
            person,
            format,
        } => export::run(
            &remote,
            state.as_deref(),
            &tenant,
            person.as_deref(),
            format,
        ),
        Command::Erase {
            remote,
            state,
            tenant,
            target,
        } => erase::run(&remote, state.as_deref(), &tenant, &target),
        Command::Load(arguments) => load::run(arguments),
        Command::Redact {
            jsonl,
            profile,
            audit,
        } => redact::redact(jsonl, &profile, audit.as_deref()),
        Command::Openapi => print(facade::document()),
        Command::Config { config, action } => settings::run(config.as_deref(), action),
    };
    match done {
        Ok(status) => status,
        Err(error) => {
            eprintln!("holdfast: {}", in_one_sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, none of them said twice.
fn in_one_sentence(error: &anyhow::Error) -> String {
    let mut sentence = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}
