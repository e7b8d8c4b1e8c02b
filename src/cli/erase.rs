//! `holdfast erase`: a person, or a phone and everyone on it, out of a clinic and out of the journal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use reqwest::Method;

use super::remote::Remote;
use super::running::state_settings;
use crate::clock::SystemClock;
use crate::erased::{ErasedList, Whom};
use crate::model::{PersonId, Slug};
use crate::state_dir::StateDir;
use crate::stopped::{Parts, Stopped};
use crate::telemetry;

/// Who goes.
#[derive(Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// The person's id, as in person_0123…
    #[arg(long)]
    person: Option<String>,
    /// A phone, as dialled in the clinic's country or with + and the country code: it goes, and everyone on it.
    #[arg(long)]
    phone: Option<String>,
}

/// Does it, on a running server or on a stopped state.
pub fn run(
    remote: &Remote,
    state: Option<&Path>,
    tenant: &str,
    target: &Target,
) -> anyhow::Result<ExitCode> {
    let tenant: Slug = tenant.parse()?;
    let person = target.person.as_deref().map(person_id).transpose()?;
    match state {
        Some(state) => in_state(state, &tenant, person, target),
        None => {
            let path = match (person, &target.phone) {
                (Some(person), _) => format!("/v1/tenants/{tenant}/persons/{person}"),
                (None, phone) => {
                    let phone = encoded(phone.as_deref().unwrap_or_default());
                    format!("/v1/tenants/{tenant}/persons?phone={phone}")
                }
            };
            remote.show(Method::DELETE, &path, None)
        }
    }
}

fn person_id(text: &str) -> anyhow::Result<PersonId> {
    text.parse().map_err(|_| {
        anyhow::anyhow!(
            "{text} is not a person's id; `holdfast export` shows them, as in person_0123…"
        )
    })
}

/// A value as it stands in a query: whatever is not a letter or a digit is escaped.
fn encoded(text: &str) -> String {
    let escape = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn in_state(
    state: &Path,
    tenant: &Slug,
    person: Option<PersonId>,
    target: &Target,
) -> anyhow::Result<ExitCode> {
    let config = state_settings(state)?;
    telemetry::start(&config.log);
    let opened = StateDir::open(&config)?;
    let mut stopped = Stopped::open(Parts {
        copies: Arc::new(ErasedList::of_stopped(opened.dir(), opened.snapshots_dir())),
        config,
        storage: Box::new(opened.storage),
        master: opened.master,
        clock: Arc::new(SystemClock),
    })?;
    let tenant = stopped.tenant(tenant)?;
    let erased = match (person, &target.phone) {
        (Some(person), _) => stopped.erase(tenant, Whom::Person(person)),
        (None, phone) => stopped.erase_phone(tenant, phone.as_deref().unwrap_or_default()),
    };
    let closed = stopped.close();
    erased?;
    closed?;
    Ok(ExitCode::SUCCESS)
}
