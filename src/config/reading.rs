//! From a file and the environment to settings that can be used.
//!
//! Whatever cannot be understood is refused with the file and line or the variable, because a misspelt key is a setting that
//! silently does not hold.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::settings::Config;

/// What environment variables begin with.
const PREFIX: &str = "HOLDFAST__";

/// Why the settings cannot be used; each text says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in the file is not understood.
    #[error("{}:{line}: {message}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A variable is not understood.
    #[error("environment variable {name}: {message}")]
    Variable {
        /// Which variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A value is out of range.
    #[error("{key} must be {range}")]
    Range {
        /// Which key.
        key: &'static str,
        /// What it must be.
        range: &'static str,
    },
}

impl Config {
    /// Reads the file, if one is given, and the environment's variables on top of it.
    pub fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut table = match file {
            Some(file) => read_file(file)?,
            None => Table::new(),
        };
        let mut config = understood(&table, PREFIX)?;
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix(PREFIX) {
                let refuse = |message| Error::Variable {
                    name: name.clone(),
                    message,
                };
                set(&mut table, path, &value).map_err(refuse)?;
                config = understood(&table, &name)?;
            }
        }
        config.check()?;
        Ok(config)
    }

    /// The master key's file.
    pub fn master_key_file(&self) -> PathBuf {
        if self.storage.master_key_file.as_os_str().is_empty() {
            self.storage.dir.join("master.key")
        } else {
            self.storage.master_key_file.clone()
        }
    }

    fn check(&self) -> Result<(), Error> {
        let (holds, codes, sms) = (&self.holds, &self.verification, &self.sms);
        let calls = &self.conversations;
        let lifetime = holds.lifetime_seconds_max;
        let in_flight = self.limits.tenant_in_flight_max;
        let public_url = &self.http.public_url;
        let port = self
            .http
            .listen
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        #[rustfmt::skip] // One row a setting: a table is read down its columns.
        let rows = [
            ("http.listen", matches!(port, Some(Ok(_))), "an address and a port, as in 127.0.0.1:8080"),
            ("storage.segment_mib", (1..=1024).contains(&self.storage.segment_mib), "1 to 1024"),
            ("storage.snapshot_entries", (1..=1_000_000).contains(&self.storage.snapshot_entries), "1 to 1000000"),
            ("storage.idle_minutes", self.storage.idle_minutes <= 10_080, "0 to 10080"),
            ("holds.lifetime_seconds_max", (60..=86_400).contains(&lifetime), "60 to 86400, a day"),
            ("holds.ttl_seconds", (1..=lifetime).contains(&holds.ttl_seconds), "1 to holds.lifetime_seconds_max"),
            ("holds.live_per_phone_max", (1..=100).contains(&holds.live_per_phone_max), "1 to 100"),
            ("verification.digits", (4..=8).contains(&codes.digits), "4 to 8"),
            ("verification.ttl_seconds", (30..=600).contains(&codes.ttl_seconds), "30 to 600"),
            ("verification.attempts_max", (1..=10).contains(&codes.attempts_max), "1 to 10"),
            ("verification.attempts_per_hold_max", (codes.attempts_max..=100).contains(&codes.attempts_per_hold_max), "verification.attempts_max to 100"),
            ("verification.resend_delay_seconds", codes.resend_delay_seconds <= 600, "0 to 600"),
            ("sms.code_texts_per_phone_max", sms.code_texts_per_phone_max <= 32, "0 to 32"),
            ("sms.codes_per_phone_max", sms.codes_per_phone_max <= 32, "0 to 32"),
            ("sms.texts_per_day_max", sms.texts_per_day_max <= 1_000_000, "0 to 1000000"),
            ("sms.unused_codes_per_prefix_max", sms.unused_codes_per_prefix_max <= 10_000, "0 to 10000"),
            ("sms.countries", are_countries(&sms.countries), "two-letter countries by comma as in GB,IE, or *, or empty"),
            ("verification.resends_max", codes.resends_max <= 10, "0 to 10"),
            ("voice.model_silence_ms", (500..=15_000).contains(&self.voice.model_silence_ms), "500 to 15000"),
            ("voice.embedding_deadline_ms", (10..=1500).contains(&self.voice.embedding_deadline_ms), "10 to 1500"),
            ("http.public_url", public_url.is_empty() || is_origin(public_url), "https://… or http://… without a query, as in https://booking.example, or empty"),
            ("sms.credential_cache_seconds", self.sms.credential_cache_seconds <= 3600, "0 to 3600"),
            ("sms.twilio.base_url", is_origin(&self.sms.twilio.base_url), "https://… or http://… without a query, as in https://api.twilio.com"),
            ("waitlist.offer_seconds", (60..=86_400).contains(&self.waitlist.offer_seconds), "60 to 86400, a day"),
            ("conversations.kept_days", (1..=365).contains(&calls.kept_days), "1 to 365"),
            ("conversations.follow_up_seconds", (60..=86_400).contains(&calls.follow_up_seconds), "60 to 86400, a day"),
            ("conversations.call_grace_seconds", calls.call_grace_seconds <= 3600, "0 to 3600"),
            ("sms.timeout_ms", (100..=10_000).contains(&self.sms.timeout_ms), "100 to 10000"),
            ("retention.unbooked_days", self.retention.unbooked_days <= 3650, "0 to 3650"),
            ("limits.tenant_in_flight_max", (1..=4096).contains(&in_flight), "1 to 4096"),
        ];
        match rows.into_iter().find(|(_, fits, _)| !fits) {
            Some((key, _, range)) => Err(Error::Range { key, range }),
            None => Ok(()),
        }
    }
}

fn are_countries(list: &str) -> bool {
    let is_country =
        |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    list.is_empty() || list == "*" || list.split(',').all(is_country)
}

/// Whether paths can be put behind it as they are.
fn is_origin(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let is_plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_graphic());
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && is_plain(rest)
            && !rest.contains(['?', '#', '@'])
    })
}

fn read_file(file: &Path) -> Result<Table, Error> {
    let unreadable = |source| Error::Unreadable {
        file: file.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let refuse = |error: toml::de::Error| {
        let begin = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.as_bytes()[..begin]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Error::File {
            file: file.to_owned(),
            line,
            message: one_line(error.message()),
        }
    };
    // Read as settings for its errors' places, then as a table to be overlaid.
    toml::from_str::<Config>(&text).map_err(refuse)?;
    text.parse().map_err(refuse)
}

/// The settings of a table; `variable` is what was set last, and so what is wrong if anything is.
fn understood(table: &Table, variable: &str) -> Result<Config, Error> {
    let config = Value::Table(table.clone()).try_into();
    config.map_err(|error: toml::de::Error| Error::Variable {
        name: variable.to_owned(),
        message: one_line(error.message()),
    })
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sets `SECTION__KEY`, or a key of a section's section; the default tells of what kind the value is.
fn set(table: &mut Table, path: &str, value: &str) -> Result<(), String> {
    let unknown = || "there is no such setting; config.toml lists them all".to_owned();
    let path = path.to_lowercase();
    let (sections, key) = path.rsplit_once("__").ok_or_else(unknown)?;
    let defaults = Table::try_from(Config::default()).map_err(|error| error.to_string())?;
    let mut known = Some(&defaults);
    for section in sections.split("__") {
        known = known.and_then(|known| known.get(section)?.as_table());
    }
    let default = known.and_then(|known| known.get(key)).ok_or_else(unknown)?;
    let value = match default {
        Value::Integer(_) => value
            .parse()
            .map(Value::Integer)
            .map_err(|_| "write a whole number".to_owned())?,
        Value::Boolean(_) => value
            .parse()
            .map(Value::Boolean)
            .map_err(|_| "write true or false".to_owned())?,
        Value::Table(_) => return Err(unknown()),
        _ => Value::String(value.to_owned()),
    };
    let mut within = table;
    for section in sections.split("__") {
        let section = within
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        within = section.as_table_mut().ok_or_else(unknown)?;
    }
    within.insert(key.to_owned(), value);
    Ok(())
}
