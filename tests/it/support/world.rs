//! The real application on its own threads, over loopback.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use holdfast::app::{self, App, Parts};
use holdfast::clock::{Clock, ManualClock};
use holdfast::config::{Config, SmsProvider};
use holdfast::erased::{Copies, NoCopies};
use holdfast::journal::MemoryStorage;
use holdfast::model::Timestamp;
use holdfast::outbox::{SmsGateway, Twilio, TwilioOptions};
use holdfast::seal::MasterKey;
use holdfast::tenant::Directory;
use serde_json::{Value, json};

use super::{Carrier, Client};

/// Monday 2026-03-02, 08:00 in London.
pub const MONDAY_EIGHT: Timestamp = Timestamp(1_772_438_400_000);

/// A running server, and what the test holds of it.
pub struct World {
    pub clock: Arc<ManualClock>,
    pub storage: MemoryStorage,
    pub carrier: Carrier,
    /// What has to follow erasures.
    pub copies: Arc<dyn Copies>,
    /// Texts go by Twilio, to whatever the settings say is there, instead of by the carrier above.
    pub by_twilio: bool,
    pub config: Config,
    /// Set: whoever asks the clock next panics.
    pub wire: Arc<AtomicBool>,
    /// Where snapshots are kept; nowhere, unless a test is about them.
    pub snapshots: Option<PathBuf>,
    /// Holds the admin key.
    pub admin: Client,
    running: Option<Running>,
}

struct Running {
    /// Whatever is to be done on the server's thread; it stops when this is dropped.
    jobs: tokio::sync::mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

type Job = Box<dyn FnOnce(Directory) -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// A clock that stands where it is put; whoever asks it after the wire was set panics, once.
struct TripWire(Arc<ManualClock>, Arc<AtomicBool>);

impl Clock for TripWire {
    fn now(&self) -> Timestamp {
        assert!(!self.1.swap(false, Ordering::SeqCst), "the wire was set");
        self.0.now()
    }
}

/// A clinic with one practitioner pair, and its keys.
pub struct Clinic {
    /// `/v1/tenants/{slug}`
    pub path: String,
    pub staff: Client,
    pub agent: Client,
    pub read: Client,
}

impl World {
    /// A server on empty storage, Monday at eight.
    pub fn start() -> Self {
        Self::with(Self::settings())
    }

    /// What such a server is told.
    pub fn settings() -> Config {
        let mut config = Config::default();
        config.http.listen = "127.0.0.1:0".to_owned();
        config.storage.segment_mib = 1;
        config.sms.provider = SmsProvider::Inbox;
        config.sms.timeout_ms = 100;
        // One code's attempts are all that its hold has; tests/tables/limits.txt has them apart.
        config.verification.attempts_per_hold_max = 5;
        config
    }

    /// A server with these settings on empty storage.
    pub fn with(config: Config) -> Self {
        Self::carried(config, false)
    }

    /// A server whose texts go by Twilio, at this address.
    pub fn by_twilio(base_url: &str) -> Self {
        Self::by_twilio_within(base_url, 1_000)
    }

    /// The same, with so many milliseconds for one attempt.
    pub fn by_twilio_within(base_url: &str, timeout_ms: u32) -> Self {
        Self::by_twilio_with(Self::settings(), base_url, timeout_ms)
    }

    /// The same, with these settings beside.
    pub fn by_twilio_with(mut config: Config, base_url: &str, timeout_ms: u32) -> Self {
        config.sms.provider = SmsProvider::Twilio;
        config.sms.twilio.base_url = base_url.to_owned();
        config.http.public_url = "https://booking.example".to_owned();
        config.sms.timeout_ms = timeout_ms;
        Self::carried(config, true)
    }

    fn carried(config: Config, by_twilio: bool) -> Self {
        let mut world = Self {
            clock: Arc::new(ManualClock::at(MONDAY_EIGHT)),
            storage: MemoryStorage::new(),
            carrier: Carrier::default(),
            copies: Arc::new(NoCopies),
            by_twilio,
            config,
            wire: Arc::default(),
            snapshots: None,
            admin: Client {
                address: String::new(),
                key: String::new(),
            },
            running: None,
        };
        let key = world.run(true);
        world.admin.key = key.expect("a first start makes a key");
        world
    }

    /// The instant of its clock, in milliseconds.
    pub fn clock_now(&self) -> i64 {
        self.clock.now().0
    }

    /// Stops in order and starts again on the same storage. Keys stay good.
    pub fn restart(&mut self) {
        self.stop();
        self.run(false);
    }

    /// Stops in order, lets the test at what is stored, and starts again.
    pub fn restart_after(&mut self, act: impl FnOnce(&Self)) {
        self.stop();
        act(self);
        self.run(false);
    }

    /// Starts again on what a power cut would have left, without an orderly stop.
    pub fn restart_after_power_cut(&mut self) {
        self.storage = self.storage.crash();
        self.stop();
        self.run(false);
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.jobs);
            running.thread.join().expect("the server ends well");
        }
    }

    fn run(&mut self, first: bool) -> Option<String> {
        let (jobs, mut work) = tokio::sync::mpsc::channel::<Job>(1);
        let (tell, told) = mpsc::sync_channel(1);
        let parts = Parts {
            config: self.config.clone(),
            storage: Box::new(self.storage.clone()),
            master: MasterKey::new([42; 32]),
            clock: Arc::new(TripWire(Arc::clone(&self.clock), Arc::clone(&self.wire))),
            copies: self.copies.clone(),
            gateway: self.gateway(),
            snapshots: self.snapshots.clone(),
            farewell: Duration::ZERO,
        };
        let thread = std::thread::spawn(move || {
            app::block_on(async {
                let app = App::start(parts).await.expect("the server starts");
                let key = match first {
                    true => {
                        let made = app.directory().create_admin_key("test").await;
                        made.expect("a key").secret.map(|secret| secret.to_string())
                    }
                    false => None,
                };
                app.open();
                tell.send((app.url(), key)).expect("the test waits");
                while let Some(job) = work.recv().await {
                    job(app.directory().clone()).await;
                }
                let _ = app.stop().await;
            });
        });
        self.running = Some(Running { jobs, thread });
        let (url, key) = told.recv().expect("the server starts");
        self.admin.address = url.trim_start_matches("http://").to_owned();
        key
    }

    /// Does something on the server's own thread.
    pub fn within<T: Send + 'static, F: Future<Output = T> + 'static>(
        &self,
        act: impl FnOnce(Directory) -> F + Send + 'static,
    ) -> T {
        let (tell, told) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |directory| {
            Box::pin(async move { tell.send(act(directory).await).expect("the test waits") })
        });
        let running = self.running.as_ref().expect("it runs");
        running.jobs.blocking_send(job).expect("it runs");
        told.recv().expect("it is done")
    }

    fn gateway(&self) -> Arc<dyn SmsGateway> {
        if !self.by_twilio {
            return Arc::new(self.carrier.clone());
        }
        let twilio = Twilio::new(TwilioOptions {
            base_url: self.config.sms.twilio.base_url.clone(),
            public_url: self.config.http.public_url.clone(),
            timeout: Duration::from_millis(self.config.sms.timeout_ms.into()),
        });
        Arc::new(twilio.expect("a client"))
    }

    /// A client for a key that was made before a restart.
    pub fn again(&self, client: &Client) -> Client {
        self.admin.with_key(&client.key)
    }

    /// A clinic in London: `dr-a` and `dr-b`, Monday to Friday 09:00 to 17:00, a `checkup` of 30 minutes at either with a
    /// code, and a `chat` of 30 minutes at `dr-a` without.
    pub fn clinic(&self, slug: &str) -> Clinic {
        let tenant =
            json!({ "slug": slug, "name": slug, "time_zone": "Europe/London", "country": "GB" });
        created(&self.admin, "/v1/tenants", &tenant);
        let path = format!("/v1/tenants/{slug}");
        for id in ["dr-a", "dr-b"] {
            let resource = json!({
                "id": id, "kind": "practitioner", "name": id,
                "opening_hours": [{ "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00" }],
            });
            created(&self.admin, &format!("{path}/resources"), &resource);
        }
        let checkup = json!({
            "id": "checkup", "name": "Check-up", "minutes": 30, "resources": ["dr-a", "dr-b"], "verification": "required",
        });
        let chat = json!({ "id": "chat", "name": "Chat", "minutes": 30, "resources": ["dr-a"], "verification": "off" });
        for service in [checkup, chat] {
            created(&self.admin, &format!("{path}/services"), &service);
        }
        let key = |scope| {
            let body = json!({ "scope": scope, "label": "test" });
            let made = created(&self.admin, &format!("{path}/keys"), &body);
            self.admin.with_key(made["key"].as_str().expect("a key"))
        };
        Clinic {
            staff: key("staff"),
            agent: key("agent"),
            read: key("read"),
            path,
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.storage.release_syncs();
        self.stop();
    }
}

fn created(client: &Client, path: &str, body: &Value) -> Value {
    let answer = client.post(path, body);
    assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    answer.json()
}

impl Clinic {
    /// A path inside the clinic.
    pub fn at(&self, rest: &str) -> String {
        format!("{}/{rest}", self.path)
    }

    /// The body of a hold on `dr-a`'s checkup at this wall-clock time of Tuesday.
    pub fn wish(time: &str, phone: &str) -> Value {
        json!({
            "service": "checkup", "resource": "dr-a", "start": format!("2026-03-03T{time}:00Z"),
            "person": { "name": "Ada Lovelace", "phone": phone },
        })
    }

    /// Places that hold and gives its id.
    pub fn hold(&self, time: &str, phone: &str) -> String {
        let answer = self.agent.post(&self.at("holds"), &Self::wish(time, phone));
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.text("id")
    }
}
