//! `holdfast key`: the keys of a clinic on a running server.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::json;

use super::remote::Remote;

/// What a clinic's key may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum Scope {
    /// All of the clinic.
    Staff,
    /// What a voice agent needs.
    Agent,
    /// Reading.
    Read,
}

/// What to do with keys.
#[derive(Clone, Subcommand)]
pub enum Action {
    /// Make a key; it is shown once.
    Create {
        /// Of which clinic.
        #[arg(long)]
        tenant: String,
        /// What it may do.
        #[arg(long)]
        scope: Scope,
        /// What you call it.
        #[arg(long)]
        label: String,
        /// From when on it is refused, as in 2027-01-01T00:00:00Z.
        #[arg(long)]
        expires_at: Option<String>,
    },
    /// List the keys.
    List {
        /// Of which clinic.
        #[arg(long)]
        tenant: String,
    },
    /// Take a key back.
    Revoke {
        /// Of which clinic.
        #[arg(long)]
        tenant: String,
        /// Which key.
        id: String,
    },
}

/// Does it.
pub fn run(remote: &Remote, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Create {
            tenant,
            scope,
            label,
            expires_at,
        } => {
            let scope = scope.to_possible_value().expect("every scope has a name");
            let mut body = json!({ "scope": scope.get_name(), "label": label });
            if let Some(expires_at) = expires_at {
                body["expires_at"] = json!(expires_at);
            }
            remote.show(Method::POST, &keys(tenant)?, Some(&body))
        }
        Action::List { tenant } => {
            remote.show(Method::GET, &format!("{}?limit=1000", keys(tenant)?), None)
        }
        Action::Revoke { tenant, id } => {
            let id: crate::model::KeyId = id.parse().map_err(|_| {
                anyhow::anyhow!(
                    "{id} is not a key's id; `holdfast key list` shows them, as in key_0123…"
                )
            })?;
            remote.show(Method::DELETE, &format!("{}/{id}", keys(tenant)?), None)
        }
    }
}

fn keys(tenant: &str) -> anyhow::Result<String> {
    let tenant: crate::model::Slug = tenant.parse()?;
    Ok(format!("/v1/tenants/{tenant}/keys"))
}
