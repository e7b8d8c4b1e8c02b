//! Settings: defaults < file < environment. Read once at the start, checked as a whole, then passed down as values.
//!
//! `config.toml` at the repository's root is the documentation; a test holds it equal to the defaults here. Whatever cannot be
//! understood is refused with the file and line or the variable, because a misspelt key is a setting that silently does not hold.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

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

/// All settings. Each key is described in `config.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server.
    pub http: Http,
    /// The state.
    pub storage: Storage,
    /// Holds.
    pub holds: Holds,
    /// Codes.
    pub verification: Verification,
    /// The waitlist.
    pub waitlist: Waitlist,
    /// Calls, and what is remembered of them.
    pub conversations: Conversations,
    /// Models on the telephone.
    pub voice: Voice,
    /// Texts.
    pub sms: Sms,
    /// How long what is kept.
    pub retention: Retention,
    /// Bounds.
    pub limits: Limits,
    /// Logging.
    pub log: Log,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where the server listens.
    pub listen: String,
    /// Where the world reaches it; empty: nowhere.
    pub public_url: String,
}

/// `[storage]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Where the journal and the keys are kept.
    pub dir: PathBuf,
    /// Size of one journal segment in MiB.
    pub segment_mib: u32,
    /// The file with the master key; empty: in `dir`.
    pub master_key_file: PathBuf,
    /// How long nobody asks a clinic before its state leaves the memory; 0: it never does.
    pub idle_minutes: u32,
    /// The least number of entries after which a clinic's snapshot is made anew.
    pub snapshot_entries: u32,
}

/// `[holds]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Holds {
    /// How long a hold lasts unless asked otherwise.
    pub ttl_seconds: u32,
    /// How long a hold can last.
    pub lifetime_seconds_max: u32,
    /// Live holds one phone may have.
    pub live_per_phone_max: u32,
}

/// `[verification]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Verification {
    /// Digits of a code.
    pub digits: u8,
    /// How long a code works.
    pub ttl_seconds: u32,
    /// Wrong codes that are taken for one code.
    pub attempts_max: u32,
    /// Wrong codes a hold takes.
    pub attempts_per_hold_max: u32,
    /// How often a code can be sent again.
    pub resends_max: u32,
    /// How long before a code is first sent again; 0: by the provider.
    pub resend_delay_seconds: u32,
}

/// `[waitlist]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Waitlist {
    /// How long an offer lasts.
    pub offer_seconds: u32,
}

/// `[conversations]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conversations {
    /// How long a conversation is remembered after its last contact.
    pub kept_days: u32,
    /// How long a time is kept for whoever is written to after their call.
    pub follow_up_seconds: u32,
    /// How long holds last after their call has ended.
    pub call_grace_seconds: u32,
}

/// `[voice]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voice {
    /// Hosts whose models are reached without TLS and at private addresses, by comma.
    pub model_hosts: String,
    /// How long a model may say nothing.
    pub model_silence_ms: u32,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            model_hosts: "localhost,127.0.0.1,::1".to_owned(),
            model_silence_ms: 8_000,
        }
    }
}

/// Who carries texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsProvider {
    /// Twilio, with each clinic's own credentials.
    Twilio,
    /// Captured locally.
    Inbox,
}

/// `[sms]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// Who carries texts.
    pub provider: SmsProvider,
    /// How long a request waits for its text's outcome.
    pub timeout_ms: u32,
    /// Texts with codes to one phone within ten minutes; 0: by the provider, as all of these.
    pub code_texts_per_phone_max: u32,
    /// Codes to one phone within a day.
    pub codes_per_phone_max: u32,
    /// Texts of one clinic within a day.
    pub texts_per_day_max: u32,
    /// Codes to one prefix within a day, if hardly any is used.
    pub unused_codes_per_prefix_max: u32,
    /// Countries that codes are sent to, by comma; `*`: any; empty: by the provider.
    pub countries: String,
    /// How long opened credentials are kept in memory.
    pub credential_cache_seconds: u32,
    /// The provider.
    pub twilio: Twilio,
}

/// `[sms.twilio]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twilio {
    /// Where its interface is.
    pub base_url: String,
}

/// `[retention]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// For how many days someone who never booked is kept; 0: for ever.
    pub unbooked_days: u32,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests one clinic may have in flight.
    pub tenant_in_flight_max: u32,
    /// Requests a second that one key may make; 0: any number.
    pub requests_per_second: u32,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// Text.
    Text,
    /// JSON.
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What needs looking at.
    Warn,
    /// What happened.
    Info,
    /// How.
    Debug,
    /// All of it.
    Trace,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// How much is logged.
    pub level: LogLevel,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: String::new(),
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            dir: "data/state".into(),
            segment_mib: 16,
            master_key_file: PathBuf::new(),
            idle_minutes: 30,
            snapshot_entries: 10_000,
        }
    }
}

impl Default for Holds {
    fn default() -> Self {
        Self {
            ttl_seconds: 600,
            lifetime_seconds_max: 1800,
            live_per_phone_max: 5,
        }
    }
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            digits: 6,
            ttl_seconds: 300,
            attempts_max: 5,
            attempts_per_hold_max: 10,
            resends_max: 3,
            resend_delay_seconds: 0,
        }
    }
}

impl Default for Waitlist {
    fn default() -> Self {
        Self { offer_seconds: 900 }
    }
}

impl Default for Conversations {
    fn default() -> Self {
        Self {
            kept_days: 30,
            follow_up_seconds: 1800,
            call_grace_seconds: 60,
        }
    }
}

impl Default for Sms {
    fn default() -> Self {
        Self {
            provider: SmsProvider::Twilio,
            timeout_ms: 3000,
            code_texts_per_phone_max: 0,
            codes_per_phone_max: 0,
            texts_per_day_max: 0,
            unused_codes_per_prefix_max: 0,
            countries: String::new(),
            credential_cache_seconds: 300,
            twilio: Twilio::default(),
        }
    }
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            base_url: "https://api.twilio.com".to_owned(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { unbooked_days: 30 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tenant_in_flight_max: 2048,
            requests_per_second: 0,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: LogLevel::Info,
        }
    }
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
