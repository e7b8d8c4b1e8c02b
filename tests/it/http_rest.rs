//! The REST dialect, as its callers see it: every transcript of `tests/transcripts/rest` against a server of its own, over a
//! real connection.

use std::collections::BTreeSet;
use std::path::Path;

use holdfast::calendar;
use holdfast::config::{Config, SmsProvider};

use crate::support::World;
use crate::transcripts::play;

/// Played where texts go out by a provider.
const PROVIDER: &str = "provider.http";
/// Played where a key has two requests a second.
const THROTTLED: &str = "throttled.http";
/// A Monday morning, an hour before the clinic opens.
const OPENING: &str = "2027-03-01T08:00:00Z";

fn run(file: &str) {
    play_in(World::start(), file);
}

fn play_in(world: World, file: &str) {
    world
        .clock
        .set(calendar::parse_instant(OPENING).expect("an instant"));
    play(&world.admin, &world.clock, file);
}

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { run(concat!(stringify!($name), ".http")); })*

        #[test]
        fn every_transcript_is_played() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/rest");
            let files = std::fs::read_dir(folder).expect("the folder of transcripts");
            let files: BTreeSet<_> = files
                .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
                .filter(|name| !name.starts_with('_'))
                .collect();
            let played = [$(concat!(stringify!($name), ".http")),*, PROVIDER, THROTTLED];
            assert_eq!(files, BTreeSet::from(played.map(str::to_owned)));
        }
    };
}

transcripts! {
    agents
    appointments
    audit
    backup
    bodies
    booking
    confirm
    conversations
    conflicts
    desk
    erasing
    events
    holds
    idempotency
    isolation
    judgement
    locked
    keys
    knowledge
    paging
    messages
    models
    persons
    practice
    redact
    series
    slots
    together
    verification
    versions
    waitlist
}

fn quiet() -> Config {
    let mut config = Config::default();
    config.http.listen = "127.0.0.1:0".to_owned();
    config.storage.segment_mib = 1;
    config
}

#[test]
fn without_the_local_inbox_there_is_none_and_texts_need_credentials() {
    let mut config = quiet();
    config.sms.provider = SmsProvider::Twilio;
    play_in(World::with(config), PROVIDER);
}

#[test]
fn a_key_that_asks_too_often_waits_and_others_do_not() {
    let mut config = quiet();
    config.limits.requests_per_second = 2;
    play_in(World::with(config), THROTTLED);
}
