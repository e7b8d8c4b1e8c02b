//! `holdfast demo`: a made-up clinic to try everything on, gone when it stops.
//!
//! The clinic is `data/demo/clinic.toml`, in the words of the HTTP interface, and is set up through that interface: the demo
//! is its first user. Only dates are translated, so that the clinic never grows old.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use jiff::ToSpan;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

use super::output::print;
use super::remote::Remote;
use super::running::{Signals, admin_key, start, until_stopped};
use crate::app::{self, App};
use crate::calendar::Zone;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, LogLevel, SmsProvider};
use crate::seal;

const CLINIC: &str = include_str!("../../data/demo/clinic.toml");

/// Serves the demo until it is told to stop.
pub fn run(port: u16, json: bool) -> anyhow::Result<ExitCode> {
    let name = u64::from_le_bytes(seal::random_bytes());
    let state = std::env::temp_dir().join(format!("holdfast-demo-{name:016x}"));
    let mut config = Config::default();
    config.http.listen = format!("127.0.0.1:{port}");
    config.storage.dir.clone_from(&state);
    config.sms.provider = SmsProvider::Inbox;
    config.log.level = LogLevel::Warn;
    let done = app::block_on(async {
        let signals = Signals::new()?;
        let app = start(config).await?;
        let clinic = set_up(&app, &state).await?;
        print(&if json {
            clinic.to_string()
        } else {
            tour(&clinic)
        })?;
        until_stopped(app, signals).await
    });
    // Thrown away whatever happened; what a kill leaves lies in the system's folder for such things.
    let _ = std::fs::remove_dir_all(&state);
    done
}

async fn set_up(app: &App, state: &Path) -> anyhow::Result<Value> {
    let clinic: Value = serde_json::to_value(toml::from_str::<toml::Value>(CLINIC)?)?;
    let admin_key = admin_key(app, "demo").await?;
    let admin = Remote::new(app.url(), admin_key.clone());
    let tenant = &clinic["tenant"];
    admin
        .send(Method::POST, "/v1/tenants", Some(tenant))
        .await?;
    let slug = tenant["slug"]
        .as_str()
        .context("the demo clinic has a slug")?;
    let zone = tenant["time_zone"]
        .as_str()
        .and_then(Zone::named)
        .context("the demo clinic has a zone")?;
    let path = format!("/v1/tenants/{slug}");
    let today = zone.date_of(SystemClock.now());
    for resource in items(&clinic["resources"]) {
        add_resource(&admin, &path, resource, &zone, today).await?;
    }
    for service in items(&clinic["services"]) {
        admin
            .send(Method::POST, &format!("{path}/services"), Some(service))
            .await?;
    }
    let mut keys = Vec::new();
    for scope in ["staff", "agent", "read"] {
        let body = json!({ "scope": scope, "label": "demo" });
        let made = admin
            .send(Method::POST, &format!("{path}/keys"), Some(&body))
            .await?;
        keys.push(made["key"].clone());
    }
    let vapi_secret = secret();
    let body = json!({ "secret": vapi_secret, "phone_numbers": [] });
    admin
        .send(Method::PUT, &format!("{path}/vapi"), Some(&body))
        .await?;
    Ok(json!({
        "url": app.url(),
        "tenant": slug,
        "admin_key": admin_key,
        "staff_key": keys[0],
        "agent_key": keys[1],
        "read_key": keys[2],
        "vapi_secret": vapi_secret,
        "state_dir": state,
        "first_service": clinic["services"][0]["id"],
    }))
}

fn secret() -> String {
    let bytes: [u8; 24] = seal::random_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

async fn add_resource(
    admin: &Remote,
    path: &str,
    resource: &Value,
    zone: &Zone,
    today: Date,
) -> anyhow::Result<()> {
    let mut body = resource.clone();
    let blocks = body
        .as_object_mut()
        .and_then(|body| body.remove("blocks"))
        .unwrap_or_default();
    for exception in body["exceptions"].as_array_mut().into_iter().flatten() {
        exception["date"] = json!(date(&exception["date"], today)?.to_string());
    }
    let added = admin
        .send(Method::POST, &format!("{path}/resources"), Some(&body))
        .await?;
    let id = added["id"].as_str().context("a resource has an id")?;
    for block in items(&blocks) {
        let day = date(&block["day"], today)?;
        let body = json!({
            "start": instant(zone, day, &block["from"])?,
            "end": instant(zone, day, &block["to"])?,
            "reason": block["reason"],
        });
        admin
            .send(
                Method::POST,
                &format!("{path}/resources/{id}/blocks"),
                Some(&body),
            )
            .await?;
    }
    Ok(())
}

/// `+9d` is today in nine days.
fn date(text: &Value, today: Date) -> anyhow::Result<Date> {
    let days = text
        .as_str()
        .and_then(|text| text.strip_prefix('+')?.strip_suffix('d'));
    let days: i64 = days.context("a demo date is written +9d")?.parse()?;
    Ok(today.checked_add(days.days())?)
}

fn instant(zone: &Zone, day: Date, time: &Value) -> anyhow::Result<String> {
    use crate::calendar::Instants;
    let minute: crate::model::MinuteOfDay =
        time.as_str().context("a time is written 13:00")?.parse()?;
    match zone.instants(day, minute.get()) {
        Some(Instants::Skipped(at) | Instants::Once(at) | Instants::Twice(at, _)) => {
            Ok(zone.rfc3339(at))
        }
        None => anyhow::bail!("{day} is out of range"),
    }
}

/// What a stranger types to book: README.md has the same lines, and a test runs them.
fn tour(clinic: &Value) -> String {
    let word = |name: &str| clinic[name].as_str().unwrap_or_default().to_owned();
    format!(
        r#"Larkspur House Practice is open at {url} until you press Ctrl-C. Texts go to a local inbox.
The interface is described at {url}/docs.

Paste this into another terminal to book from find to confirm:

T={url}/v1/tenants/{tenant}
AGENT='Authorization: Bearer {agent}'
STAFF='Authorization: Bearer {staff}'
JSON='Content-Type: application/json'

# find
SLOT=$(curl -s -H "$AGENT" "$T/slots?service={service}&limit=2" | tee /dev/stderr | grep -o '"id":"[^"]*' | head -1 | cut -d'"' -f4)
# hold
HOLD=$(curl -s -H "$AGENT" -H "$JSON" "$T/holds" -d '{{"slot":"'$SLOT'","person":{{"name":"Ada Lovelace","phone":"07700 900123"}}}}' | tee /dev/stderr | grep -o 'hold_[a-z0-9]*' | head -1)
# verify: a code goes out by text; the local inbox shows what the phone would
curl -s -X POST -H "$AGENT" "$T/holds/$HOLD/verification"
CODE=$(curl -s -H "$STAFF" "$T/inbox?limit=1" | tee /dev/stderr | grep -o '"body":"[0-9]*' | cut -d'"' -f4)
# book
curl -s -H "$AGENT" -H "$JSON" "$T/holds/$HOLD/confirm" -d '{{"code":"'$CODE'"}}'

The admin key is {admin}"#,
        url = word("url"),
        tenant = word("tenant"),
        agent = word("agent_key"),
        staff = word("staff_key"),
        admin = word("admin_key"),
        service = word("first_service"),
    )
}
