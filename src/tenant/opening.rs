//! A clinic's credentials, opened from its ledger and kept at hand: what it sends texts with, the secret of its voice line, and
//! the keys of its models.

use std::sync::Arc;

use crate::clock::Clock;
use crate::ledger::{Event, Ledger};
use crate::metrics::Metrics;
use crate::model::{ModelRecord, SmsCredentials};
use crate::model_keys::open_models;
use crate::seal::{DoesNotOpen, MasterKey, open_secret, open_token};

use super::sms_access::{AccessCache, ModelAccess, Opened, SmsAccess, VoiceAccess};

/// Opens what is sealed, and keeps it a while.
pub struct Opening {
    master: Arc<MasterKey>,
    sms: Arc<AccessCache<SmsAccess>>,
    voice: Arc<AccessCache<VoiceAccess>>,
    models: Arc<AccessCache<ModelAccess>>,
}

impl Opening {
    /// Nothing opened yet of what this ledger has.
    pub fn new(
        master: Arc<MasterKey>,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
        kept_seconds: u32,
        ledger: &Ledger,
    ) -> Self {
        let credentials = ledger.sms_credentials().map_or(0, |known| known.version);
        let line = ledger.voice_line().map_or(0, |known| known.version);
        Self {
            master,
            sms: cache(clock, metrics, kept_seconds, credentials),
            voice: cache(clock, metrics, kept_seconds, line),
            models: cache(
                clock,
                metrics,
                kept_seconds,
                ledger.models().map_or(0, shown),
            ),
        }
    }

    /// Where what it sends texts with is kept, for whoever need not ask.
    pub fn sms_cache(&self) -> &Arc<AccessCache<SmsAccess>> {
        &self.sms
    }

    /// Where its voice line is kept, likewise.
    pub fn voice_cache(&self) -> &Arc<AccessCache<VoiceAccess>> {
        &self.voice
    }

    /// Where its models are kept, likewise.
    pub fn models_cache(&self) -> &Arc<AccessCache<ModelAccess>> {
        &self.models
    }

    /// What the clinic sends texts with, opened if it is not at hand.
    pub fn sms(&self, ledger: &Ledger) -> Option<Arc<SmsAccess>> {
        if let Some(access) = self.sms.get() {
            return access;
        }
        self.open_sms(ledger)
    }

    /// The same without looking whether it is at hand.
    pub fn open_sms(&self, ledger: &Ledger) -> Option<Arc<SmsAccess>> {
        let opened = ledger.sms_credentials().map(|credentials| {
            let SmsCredentials {
                version,
                account,
                token,
            } = credentials;
            let token = open_token(&self.master, ledger.tenant(), account, token)?;
            Ok(Arc::new(SmsAccess {
                account: account.clone(),
                token,
                version: *version,
            }))
        });
        let opened = opened.transpose().unwrap_or_else(|error: DoesNotOpen| {
            tracing::error!(%error, "a clinic's credentials for texts cannot be used; set them again");
            None
        });
        self.sms.keep(opened.clone());
        opened
    }

    /// The clinic's voice line, opened.
    pub fn open_voice(&self, ledger: &Ledger) -> Option<Arc<VoiceAccess>> {
        let opened = ledger.voice_line().map(|line| {
            Ok(Arc::new(VoiceAccess {
                key: line.key,
                settings: line.settings.clone(),
                secret: open_secret(&self.master, ledger.tenant(), &line.secret)?,
                version: line.version,
            }))
        });
        let opened = opened.transpose().unwrap_or_else(|error: DoesNotOpen| {
            tracing::error!(%error, "a clinic's voice line cannot be used; set its secret again");
            None
        });
        self.voice.keep(opened.clone());
        opened
    }

    /// The clinic's models, their keys opened.
    pub fn open_models(&self, ledger: &Ledger) -> Option<Arc<ModelAccess>> {
        let known = ledger.models();
        let models = known.and_then(|known| Some((known.version, known.models.as_ref()?)));
        let opened = models.map(|(version, models)| {
            let models = open_models(&self.master, ledger.tenant(), models)?;
            Ok(Arc::new(ModelAccess { models, version }))
        });
        let opened = opened.transpose().unwrap_or_else(|error: DoesNotOpen| {
            tracing::error!(%error, "a clinic's models cannot be used; set their keys again");
            None
        });
        self.models.keep(opened.clone());
        opened
    }

    /// Drops what an event has replaced.
    pub fn notice(&self, event: &Event) {
        match event {
            Event::SmsCredentialsSet(credentials) => self.sms.change(credentials.version),
            Event::VoiceLineSet(line) => self.voice.change(line.version),
            Event::ModelsSet(models) => self.models.change(shown(models)),
            _ => {}
        }
    }
}

/// The version under which models are kept; 0: there are none, or none any more.
fn shown(models: &ModelRecord) -> u32 {
    models.models.as_ref().map_or(0, |_| models.version)
}

fn cache<T: Opened>(
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    kept_seconds: u32,
    version: u32,
) -> Arc<AccessCache<T>> {
    let (clock, metrics) = (Arc::clone(clock), Arc::clone(metrics));
    Arc::new(AccessCache::new(clock, metrics, kept_seconds, version))
}
