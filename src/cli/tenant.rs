//! `holdfast tenant`: the clinics of a running server.

use std::process::ExitCode;

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::remote::Remote;

/// What to do with clinics.
#[derive(Clone, Subcommand)]
pub enum Action {
    /// Add a clinic.
    Create {
        /// Its name in paths: a-z, 0-9, - and _.
        slug: String,
        /// What patients call it.
        #[arg(long)]
        name: String,
        /// Its IANA time zone, as in Europe/London.
        #[arg(long)]
        time_zone: String,
        /// Two letters, as in GB.
        #[arg(long)]
        country: String,
    },
    /// List the clinics.
    List,
}

/// Does it.
pub fn run(remote: &Remote, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Create {
            slug,
            name,
            time_zone,
            country,
        } => {
            let body =
                json!({ "slug": slug, "name": name, "time_zone": time_zone, "country": country });
            remote.show(Method::POST, "/v1/tenants", Some(&body))
        }
        Action::List => remote.show(Method::GET, "/v1/tenants?limit=1000", None),
    }
}
