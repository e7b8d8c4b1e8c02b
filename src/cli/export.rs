//! `holdfast export`: everything that is known of a clinic or of one person, as one JSON document or as CSV rows.
//!
//! It is read page by page over HTTP, so it is what the server would answer. A stopped state is read in the same way: a server is
//! started on it on a port of its own, on a frozen copy of its storage and with nobody to carry texts, so nothing of it changes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Span;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::output::print;
use super::remote::Remote;
use super::rows::{csv, flat};
use super::running::{admin_key, state_settings};
use crate::app::{self, App, Parts};
use crate::calendar::{Zone, parse_date};
use crate::clock::{Clock, SystemClock};
use crate::erased::NoCopies;
use crate::journal::FrozenStorage;
use crate::model::{PersonId, Slug};
use crate::outbox::{Sending, SmsGateway};
use crate::state_dir::StateDir;
use crate::telemetry;
use crate::tenant::PreparedText;

/// The lists of a clinic, in the order in which they are printed.
const LISTS: &[&str] = &[
    "resources",
    "services",
    "persons",
    "appointments",
    "holds",
    "waitlist",
    "conversations",
    "messages",
    "audit",
];
/// Days that one look at a clinic's appointments spans.
const SPAN_DAYS: i32 = 365;
/// Days ahead of today that any appointment may lie: the furthest horizon, and a year.
const AHEAD_DAYS: i32 = 730 + SPAN_DAYS;
/// Before any clinic was.
const LONG_AGO: &str = "2020-01-01";

/// How it is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One document.
    Json,
    /// A row for each thing; the first column says which list it is of.
    Csv,
}

/// Does it, on a running server or on a stopped state.
pub fn run(
    remote: &Remote,
    state: Option<&Path>,
    tenant: &str,
    person: Option<&str>,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let tenant: Slug = tenant.parse()?;
    let person: Option<PersonId> = person
        .map(|id| {
            id.parse()
                .map_err(|_| anyhow::anyhow!("{id} is not a person's id, as in person_0123…"))
        })
        .transpose()?;
    let document = app::block_on(async {
        match state {
            None => collect(remote, &tenant, person).await,
            Some(state) => of_state(state, &tenant, person).await,
        }
    })?;
    match format {
        Format::Json => print(&serde_json::to_string_pretty(&document)?),
        Format::Csv => print(csv(&rows(&document)).trim_end()),
    }
}

/// Nobody carries texts meanwhile, and nobody is told that.
struct Silence;

impl SmsGateway for Silence {
    fn send<'a>(&'a self, _: &'a PreparedText) -> Sending<'a> {
        Box::pin(std::future::pending())
    }
}

async fn of_state(state: &Path, tenant: &Slug, person: Option<PersonId>) -> anyhow::Result<Value> {
    let mut config = state_settings(state)?;
    telemetry::start(&config.log);
    config.http.listen = "127.0.0.1:0".to_owned();
    config.retention.unbooked_days = 0;
    config.sms.timeout_ms = u32::MAX;
    let opened = StateDir::open(&config)?;
    let app = App::start(Parts {
        config,
        storage: Box::new(FrozenStorage::over(Box::new(opened.storage))),
        master: opened.master,
        clock: Arc::new(SystemClock),
        copies: Arc::new(NoCopies),
        gateway: Arc::new(Silence),
        snapshots: None,
        farewell: Duration::ZERO,
    })
    .await?;
    let key = admin_key(&app, "export").await?;
    app.open();
    let remote = Remote::new(app.url(), key);
    let document = collect(&remote, tenant, person).await;
    app.stop().await?;
    document
}

/// All of it.
async fn collect(
    remote: &Remote,
    tenant: &Slug,
    person: Option<PersonId>,
) -> anyhow::Result<Value> {
    let path = format!("/v1/tenants/{tenant}");
    let mut document = Map::new();
    document.insert(
        "tenant".to_owned(),
        remote.send(Method::GET, &path, None).await?,
    );
    let known = match person {
        None => None,
        Some(person) => {
            let path = format!("{path}/persons/{person}");
            Some(remote.send(Method::GET, &path, None).await?)
        }
    };
    let begin = document["tenant"]["created_at"].as_str();
    let spans = spans(begin.and_then(|at| at.get(..10)).unwrap_or(LONG_AGO));
    for list in LISTS {
        if known.is_some() && ["resources", "services", "persons"].contains(list) {
            continue;
        }
        let path = format!("{path}/{list}?limit=1000");
        let items = match *list {
            "appointments" => {
                let whose = person.map_or_else(String::new, |id| format!("&person={id}"));
                let mut items = Vec::new();
                for (from, to) in &spans {
                    let path = format!("{path}{whose}&from={from}&to={to}");
                    items.append(&mut all(remote, &path, list).await?);
                }
                items
            }
            _ => all(remote, &path, list).await?,
        };
        document.insert((*list).to_owned(), Value::Array(items));
    }
    if let Some(known) = known {
        only_theirs(&mut document, known);
    }
    Ok(Value::Object(document))
}

/// Dates from the day before a clinic began to the last on which anything can be booked, in stretches that one look spans.
fn spans(begin: &str) -> Vec<(Date, Date)> {
    let later = |date: Date, days: i32| date.saturating_add(Span::new().days(days));
    let today = Zone::utc().date_of(SystemClock.now());
    let last = later(today, AHEAD_DAYS);
    let first = later(parse_date(begin).unwrap_or(today), -1);
    let starts = std::iter::successors(Some(first), |from| Some(later(*from, SPAN_DAYS)));
    starts
        .take_while(|from| *from <= last)
        .map(|from| (from, later(from, SPAN_DAYS - 1)))
        .collect()
}

/// Every page of a list.
async fn all(remote: &Remote, path: &str, list: &str) -> anyhow::Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let after = cursor.map_or_else(String::new, |cursor: String| format!("&cursor={cursor}"));
        let mut page = remote
            .send(Method::GET, &format!("{path}{after}"), None)
            .await?;
        let name = match list {
            "waitlist" => "entries",
            list => list,
        };
        if let Some(found) = page[name].as_array_mut() {
            items.append(found);
        }
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(items),
        }
    }
}

/// Leaves what is of one person: what names them, texts to their phone, and entries on anything of theirs.
fn only_theirs(document: &mut Map<String, Value>, known: Value) {
    let id = known["id"].clone();
    let mut theirs: BTreeSet<String> = id.as_str().map(str::to_owned).into_iter().collect();
    for list in ["appointments", "holds", "waitlist"] {
        keep(document, list, |item| item["person"]["id"] == id);
        let items = document.get(list).and_then(Value::as_array);
        let ids = items.into_iter().flatten();
        theirs.extend(ids.filter_map(|item| item["id"].as_str().map(str::to_owned)));
    }
    let is_theirs = |value: &Value| value.as_str().is_some_and(|id| theirs.contains(id));
    let on_theirs = |item: &Value| {
        let fields = ["person", "hold", "appointment", "entry"];
        fields.iter().any(|field| is_theirs(&item[*field]))
    };
    let phone = &known["phone"];
    keep(document, "conversations", |item| item["phone"] == *phone);
    keep(document, "messages", |item| {
        item["to"] == *phone || on_theirs(item)
    });
    keep(document, "audit", |entry| {
        entry["changes"]
            .as_array()
            .is_some_and(|changes| changes.iter().any(on_theirs))
    });
    let person = json!({
        "id": known["id"], "name": known["name"], "phone": known["phone"],
        "email": known["email"], "created_at": known["created_at"],
    });
    document.insert("person".to_owned(), person);
}

fn keep(document: &mut Map<String, Value>, list: &str, wanted: impl Fn(&Value) -> bool) {
    if let Some(items) = document.get_mut(list).and_then(Value::as_array_mut) {
        items.retain(wanted);
    }
}

/// A row for each thing, with which list it is of in front.
fn rows(document: &Value) -> Vec<Vec<(String, String)>> {
    let mut rows = Vec::new();
    for (list, content) in document.as_object().into_iter().flatten() {
        let items = match content {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        rows.extend(items.iter().map(|item| {
            let mut row = vec![("list".to_owned(), list.clone())];
            flat("", item, &mut row);
            row
        }));
    }
    rows
}
