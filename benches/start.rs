//! How long a start takes: a million entries of twenty clinics, made once through the real application (without HTTP), then
//! started from snapshots, without them, and with the tail that a kill may leave.
//!
//! `HOLDFAST_START_ENTRIES` and `HOLDFAST_START_TENANTS` set other sizes, `HOLDFAST_START_DIR` where the state is made. README.md
//! holds the estimate and the measurement.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use holdfast::app::{App, Parts, block_on};
use holdfast::clock::{ManualClock, Stopwatch};
use holdfast::config::{Config, SmsProvider};
use holdfast::erased::NoCopies;
use holdfast::journal::FileStorage;
use holdfast::ledger::{Command, NewResource, NewService, Query, Receipt, Wish};
use holdfast::model::{
    Contact, KeyId, OpeningHours, PersonName, Phone, Principal, Profile, ResourceKind, Scope, Slug,
    Timestamp, VerificationPolicy, Weekdays, Window,
};
use holdfast::outbox::Inbox;
use holdfast::seal::MasterKey;
use holdfast::tenant::{Directory, Errand, Found, Handle, Instruction, Refused, Request};

/// Monday 2026-03-02, 08:00 in London.
const BEGIN: Timestamp = Timestamp(1_772_438_400_000);
const MINUTE: i64 = 60_000;
const RESOURCES: u64 = 10;
/// Appointments of a quarter of an hour, nine to five.
const STARTS_PER_DAY: u64 = 32;

fn number(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a slug")
}

async fn started(dir: &Path, snapshots: bool) -> App {
    let mut config = Config::default();
    config.http.listen = "127.0.0.1:0".to_owned();
    config.sms.provider = SmsProvider::Inbox;
    let storage = FileStorage::open(dir.join("journal")).expect("the journal's folder opens");
    App::start(Parts {
        copies: Arc::new(NoCopies),
        config,
        storage: Box::new(storage),
        master: MasterKey::new([7; 32]),
        clock: Arc::new(ManualClock::at(BEGIN)),
        gateway: Arc::new(Inbox),
        snapshots: snapshots.then(|| dir.join("snapshots")),
        farewell: Duration::ZERO,
    })
    .await
    .expect("the application starts")
}

fn staff(instruction: Instruction) -> Request {
    Request {
        principal: Principal::Key {
            key: KeyId(1),
            scope: Scope::Staff,
        },
        idempotency: None,
        instruction,
    }
}

async fn clinic(directory: &Directory, name: &str) -> Handle {
    let profile = Profile::new(name, "Europe/London", "GB").expect("a profile");
    let create = Command::CreateTenant {
        slug: slug(name),
        profile,
    };
    let create = Request {
        principal: Principal::System,
        idempotency: None,
        instruction: Instruction::Plain(create),
    };
    directory.create_tenant(create).await.expect("a clinic");
    let Found::Open(handle) = directory.tenant(&slug(name)) else {
        panic!("the clinic is there");
    };
    let time = |text: &str| text.parse().expect("a time");
    let week = OpeningHours {
        days: Weekdays::named(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]).expect("days"),
        window: Window::new(time("09:00"), time("17:00")).expect("a window"),
    };
    let ids: Vec<Slug> = (0..RESOURCES).map(|at| slug(&format!("dr-{at}"))).collect();
    for id in &ids {
        let resource = NewResource {
            id: Some(id.clone()),
            kind: ResourceKind::Practitioner,
            name: id.to_string(),
            opening_hours: vec![week],
            exceptions: Vec::new(),
        };
        let add = Instruction::Plain(Command::AddResource(resource));
        handle.execute(staff(add)).await.expect("a resource");
    }
    let service = NewService {
        id: Some(slug("visit")),
        name: "Visit".to_owned(),
        minutes: 15,
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        step_minutes: None,
        notice_minutes: 0,
        cancel_notice_minutes: 0,
        horizon_days: 730,
        resources: ids,
        also: Vec::new(),
        verification: VerificationPolicy::Off,
    };
    let add = Instruction::Plain(Command::AddService(service));
    handle.execute(staff(add)).await.expect("a service");
    handle
}

/// Holds and confirms one slot; the texts about it follow by themselves.
async fn book(handle: &Handle, place: u64) {
    let (slot, resource) = (place / RESOURCES, place % RESOURCES);
    let (day, quarter) = (slot / STARTS_PER_DAY, slot % STARTS_PER_DAY);
    // Nine o'clock is an hour away; the clock of the summer goes an hour ahead, so the first hour of its days is not used.
    let minutes = 1_440 * (day as i64 + 1) + 60 + 15 * quarter as i64;
    let wish = Wish {
        service: slug("visit"),
        resource: Some(slug(&format!("dr-{resource}"))),
        start: Timestamp(BEGIN.0 + minutes * MINUTE),
    };
    let contact = Contact {
        name: PersonName::parse(&format!("Patient {}", place % 5_000)).expect("a name"),
        phone: Phone::parse(&format!("+4479{:08}", place % 5_000), "GB").expect("a phone"),
        email: None,
    };
    let hold = Errand::PlaceHold {
        wish,
        ttl_seconds: None,
        call: None,
    };
    let held = loop {
        match handle
            .execute(staff(Instruction::For(contact.clone(), hold.clone())))
            .await
        {
            Err(Refused::Overloaded | Refused::TenantBusy) => tokio::task::yield_now().await,
            // Beyond closing time of a summer's day: another slot will do.
            Err(_) => return,
            Ok(held) => break held,
        }
    };
    let Receipt::Hold(held) = held.receipt else {
        panic!("a hold is answered with it");
    };
    let confirm = Command::Confirm {
        hold: held.id,
        code: None,
        if_version: None,
    };
    loop {
        let confirm = staff(Instruction::Plain(confirm.clone()));
        match handle.execute(confirm).await {
            Err(Refused::Overloaded | Refused::TenantBusy) => tokio::task::yield_now().await,
            confirmed => return drop(confirmed.expect("it is booked")),
        }
    }
}

/// Books until the journal has so many entries; how many bookings that took.
async fn fill(app: &App, handles: &[Handle], first: u64, entries: u64) -> u64 {
    let mut place = first;
    while app.directory().journal_positions().0 < entries {
        let round = place..place + 64;
        let jobs = round.flat_map(|place| handles.iter().map(move |handle| book(handle, place)));
        stream::iter(jobs)
            .buffer_unordered(256)
            .collect::<()>()
            .await;
        place += 64;
    }
    place
}

async fn stopped(app: App) {
    app.stop().await.expect("it stops in order");
}

fn disk(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path().is_dir() {
            true => disk(&entry.path()),
            false => entry.metadata().map_or(0, |file| file.len()),
        })
        .sum()
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) / 1024
    };
    format!("{} MiB, at most {} MiB", of("VmRSS"), of("VmHWM"))
}

/// Says to this program, when it runs itself, what to start and what that is called.
const MEASURE: &str = "HOLDFAST_START_MEASURE";

/// Starts in a process of its own, so that nothing is in memory yet.
fn measure(what: &str, dir: &Path) {
    let own = std::env::current_exe().expect("this program");
    let status = std::process::Command::new(own)
        .env(MEASURE, what)
        .env("HOLDFAST_START_DIR", dir)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{what}");
}

/// Starts, says how long that took and how it stands, and stops.
async fn measured(what: &str, dir: &Path) {
    let begun = Stopwatch::start();
    let app = started(dir, true).await;
    let took = begun.elapsed().as_secs_f64();
    let asleep = app.directory().asleep();
    println!("{what}: {took:.3} s, {asleep} asleep, memory {}", memory());
    if asleep > 0 {
        let Found::Open(handle) = app.directory().tenant(&slug("clinic-0")) else {
            panic!("the clinic is there");
        };
        let begun = Stopwatch::start();
        handle
            .query(Principal::System, Query::Profile)
            .await
            .expect("it answers");
        println!(
            "  waking one of them: {:.3} s",
            begun.elapsed().as_secs_f64()
        );
    }
    stopped(app).await;
}

async fn run(dir: &Path) {
    let (entries, tenants) = (
        number("HOLDFAST_START_ENTRIES", 1_000_000),
        number("HOLDFAST_START_TENANTS", 20),
    );
    let begun = Stopwatch::start();
    let app = started(dir, true).await;
    let mut handles = Vec::new();
    for at in 0..tenants {
        handles.push(clinic(app.directory(), &format!("clinic-{at}")).await);
    }
    let bookings = fill(&app, &handles, 0, entries).await;
    let seconds = begun.elapsed().as_secs_f64();
    let made = app.directory().journal_positions().0;
    println!(
        "{made} entries of {} bookings of {tenants} clinics in {seconds:.1} s, memory {}",
        bookings * tenants,
        memory()
    );
    let begun = Stopwatch::start();
    while app.directory().rest().await < tenants as usize {
        tokio::task::yield_now().await;
    }
    app.directory().imager().look().await;
    println!(
        "all images made in {:.1} s, memory {}",
        begun.elapsed().as_secs_f64(),
        memory()
    );
    stopped(app).await;
    let (journal, snapshots) = (disk(&dir.join("journal")), disk(&dir.join("snapshots")));
    let each = |bytes: u64| bytes / (bookings * tenants);
    println!(
        "journal {} bytes, snapshots {} bytes a booking",
        each(journal),
        each(snapshots)
    );
    for what in ["from snapshots", "again"] {
        measure(what, dir);
    }
    std::fs::remove_dir_all(dir.join("snapshots")).expect("the folder is there");
    measure("without snapshots", dir);
}

fn main() {
    let parent =
        std::env::var_os("HOLDFAST_START_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    if let Ok(what) = std::env::var(MEASURE) {
        return block_on(measured(&what, &parent));
    }
    let dir = tempfile::tempdir_in(parent).expect("a folder");
    block_on(run(dir.path()));
}
