//! Every key and its default. `config.toml` at the repository's root is the documentation; a test holds it equal to this.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// How long a question waits for what it means, in milliseconds.
    pub embedding_deadline_ms: u32,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            model_hosts: "localhost,127.0.0.1,::1".to_owned(),
            model_silence_ms: 8_000,
            embedding_deadline_ms: 150,
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
