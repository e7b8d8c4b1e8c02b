//! The waitlist under load: a thousand who wait, a thousand appointments cancelled at once, and others who grab for the same
//! times; then everyone lets their offer lapse, and then everyone answers.
//!
//! Method: the order in which the ledger decided is the order of its list of holds. Going along it, every offer must have gone
//! to the first who waited then and whom the time fitted, and whatever was left to others must have fitted nobody.

mod crowd;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use holdfast::app;
use holdfast::clock::{Clock, ManualClock};
use holdfast::erased::NoCopies;
use holdfast::journal::{Journal, Options};
use holdfast::model::{AppointmentId, KeyId, Principal, Scope, SendOutcome, TenantId};
use holdfast::replay::Recovery;
use holdfast::seal::MasterKey;
use holdfast::tenant::{Core, Instruction, Keyring, Request, Shared};
use serde_json::{Value, json};

use crate::support::{Client, Clinic, World};
use crowd::{Time, Wait, at_once, times};

/// Who waits, who cancels.
const MANY: usize = 1_000;
/// Callers at a time.
const LANES: usize = 8;
/// How often the house is asked again before it is late.
const ASKS_MAX: usize = 20_000;

struct Crowd {
    world: World,
    clinic: Clinic,
    /// Those who wait, in order of creation, with the ids of their entries.
    waits: Vec<(String, Wait)>,
}

fn rows(client: &Client, path: &str, list: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}limit=1000{cursor}")).json();
        rows.extend(page[list].as_array().expect("a list").iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Crowd {
    fn staff(&self) -> Client {
        self.world.again(&self.clinic.staff)
    }

    fn entries(&self) -> Vec<Value> {
        rows(&self.staff(), &self.clinic.at("waitlist?"), "entries")
    }

    fn holds(&self) -> Vec<Value> {
        rows(&self.staff(), &self.clinic.at("holds?"), "holds")
    }

    fn appointments(&self) -> Vec<Value> {
        let path = self.clinic.at("appointments?status=booked&");
        rows(&self.staff(), &path, "appointments")
    }

    /// A clinic of ten, with a thousand appointments and one more, and a thousand who wait.
    fn gather() -> (Self, Vec<String>) {
        let world = World::start();
        let clinic = world.clinic("a");
        crowd::furnish(&clinic);
        let times: Vec<_> = times().take(MANY + 1).collect();
        let booked = at_once(LANES, &times, |time| {
            let answer = clinic
                .staff
                .post(&clinic.at("appointments"), &time.wish("07700 900000"));
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer.text("id")
        });
        let waits: Vec<_> = (0..MANY).map(Wait::of).collect();
        at_once(LANES, &waits, |wait| {
            let answer = clinic.agent.post(&clinic.at("waitlist"), &wait.body());
            assert_eq!(answer.status, 201, "{}", answer.body);
        });
        let mut crowd = Self {
            world,
            clinic,
            waits: Vec::new(),
        };
        let by_name: BTreeMap<_, _> = waits.into_iter().map(|wait| (wait.name(), wait)).collect();
        let in_order = crowd.entries().into_iter().map(|entry| {
            let name = text(&entry["person"]["name"]);
            (text(&entry["id"]), by_name[&name].clone())
        });
        crowd.waits = in_order.collect();
        (crowd, booked)
    }

    /// Which entry each hold is offered to by now.
    fn offers(&self) -> BTreeMap<String, usize> {
        let place: BTreeMap<_, _> = self.waits.iter().map(|(id, _)| id).zip(0..).collect();
        let entries = self.entries();
        let offered = entries.iter().filter(|entry| !entry["offer"].is_null());
        offered
            .map(|entry| (text(&entry["offer"]["hold"]), place[&text(&entry["id"])]))
            .collect()
    }

    /// Waits until every offer was told: what nobody has heard of cannot be answered.
    fn wait_until_told(&self) {
        let path = self.clinic.at("messages?status=handed-over&");
        let mut asks = 0..ASKS_MAX;
        let all_told = |_| rows(&self.staff(), &path, "messages").is_empty();
        assert!(asks.any(all_told), "the house sends by itself");
    }

    /// Nobody has what another has.
    fn check_owners(&self) {
        let mut taken = BTreeSet::new();
        let holds = self.holds();
        let live = holds.iter().filter(|hold| hold["status"] == "held");
        for row in live.chain(&self.appointments()) {
            assert!(taken.insert(Time::of(row)), "two have {row}");
        }
    }

    /// A restart changes nothing that anyone can see.
    fn restart(&mut self) {
        let before = (self.entries(), self.holds(), self.appointments());
        self.world.restart();
        let after = (self.entries(), self.holds(), self.appointments());
        assert!(before == after, "a restart gives the same waitlist");
    }
}

/// Cancels a thousand appointments while others try to have their times, and some of what is left in the end; gives the times.
fn cancel_all(crowd: &Crowd, booked: &[String]) -> Vec<Time> {
    let freed: Vec<_> = times().take(MANY).collect();
    let clinic = &crowd.clinic;
    let (over, callers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let grab = |time: &Time| {
        let phone = format!("+1 202 55{:05}", callers.fetch_add(1, Ordering::Relaxed));
        let answer = clinic.agent.post(&clinic.at("holds"), &time.wish(&phone));
        assert!([201, 409].contains(&answer.status), "{}", answer.body);
    };
    std::thread::scope(|scope| {
        for lane in 0..LANES / 2 {
            let times = freed.iter().cycle().skip(lane * 7).step_by(3);
            let (grab, over) = (&grab, &over);
            scope.spawn(move || {
                let until_over = times.take_while(|_| !over.load(Ordering::Relaxed));
                until_over.for_each(grab);
            });
        }
        at_once(LANES, &booked[..MANY], |id| {
            let path = clinic.at(&format!("appointments/{id}/cancel"));
            let answer = clinic.staff.send("POST", &path, &[], "");
            assert_eq!(answer.status, 200, "{}", answer.body);
        });
        over.store(true, Ordering::Relaxed);
    });
    freed.iter().step_by(2).for_each(grab);
    freed
}

#[test]
fn every_freed_time_goes_to_the_first_whom_it_fits_and_to_one_at_a_time() {
    let (mut crowd, booked) = Crowd::gather();
    let freed = cancel_all(&crowd, &booked);

    // Nobody's offer has ended yet, so whoever was offered something has it still, and nobody waits twice.
    let offers = crowd.offers();
    let mut waiting: BTreeSet<usize> = (0..MANY).collect();
    let mut had = BTreeSet::new();
    for hold in crowd.holds() {
        let time = Time::of(&hold);
        assert!(had.insert(time.clone()), "one time went out twice: {hold}");
        let mut first = waiting.iter().copied();
        let first = first.find(|place| crowd.waits[*place].1.fits(&time, &[]));
        let offered = offers.get(&text(&hold["id"])).copied();
        assert_eq!(offered, first, "not the first whom it fits: {hold}");
        offered.inspect(|place| assert!(waiting.remove(place)));
    }
    let (many, others) = (offers.len(), had.len() - offers.len());
    assert!(
        many > MANY / 2 && others > 0,
        "{many} offers, {others} others"
    );
    for time in freed.iter().filter(|time| !had.contains(time)) {
        let forgotten = waiting
            .iter()
            .find(|place| crowd.waits[**place].1.fits(time, &[]));
        assert_eq!(forgotten, None, "{time:?} was not offered");
    }
    crowd.check_owners();
    crowd.restart();

    let passed = lapse_all(&crowd, &booked[MANY], &offers);
    crowd.check_owners();
    crowd.restart();
    answer_all(&crowd, &passed);
    crowd.check_owners();
    crowd.restart();
}

/// Lets every offer lapse; each then goes to the first who has not passed it up. Gives who has passed up what.
fn lapse_all(crowd: &Crowd, trigger: &str, offers: &BTreeMap<String, usize>) -> Vec<Vec<Time>> {
    let mut passed = vec![Vec::new(); MANY];
    // What others grabbed lapses as well, and what fitted nobody while all offers stood is looked at again.
    let free: BTreeSet<_> = times().take(MANY + 1).collect();
    for hold in crowd.holds() {
        if let Some(place) = offers.get(&text(&hold["id"])) {
            passed[*place].push(Time::of(&hold));
        }
    }
    // One more cancellation makes the house look at what the clock has decided.
    crowd.world.clock.advance_seconds(901);
    let path = crowd.clinic.at(&format!("appointments/{trigger}/cancel"));
    assert_eq!(crowd.staff().send("POST", &path, &[], "").status, 200);

    let mut expected = BTreeMap::new();
    for time in free {
        let mut everyone = 0..MANY;
        let first = everyone.find(|place| {
            !expected.contains_key(place) && crowd.waits[*place].1.fits(&time, &passed[*place])
        });
        if let Some(place) = first {
            expected.insert(place, time);
        }
    }
    let mut asks = 0..ASKS_MAX;
    let count = || {
        rows(
            &crowd.staff(),
            &crowd.clinic.at("waitlist?status=offered&"),
            "entries",
        )
    };
    assert!(
        asks.any(|_| count().len() >= expected.len()),
        "the house goes on by itself"
    );
    let place: BTreeMap<_, _> = crowd.waits.iter().map(|(id, _)| id).zip(0..).collect();
    let found: BTreeMap<usize, Time> = count()
        .iter()
        .map(|entry| (place[&text(&entry["id"])], Time::of(&entry["offer"])))
        .collect();
    assert!(
        found == expected,
        "lapsed times go to the first who have not passed them up"
    );
    for (place, time) in &expected {
        passed[*place].push(time.clone());
    }
    passed
}

/// Everyone who was offered something answers at once: every other takes it, the rest lets it go to the next.
fn answer_all(crowd: &Crowd, passed: &[Vec<Time>]) {
    crowd.wait_until_told();
    let asked: Vec<_> = (0..MANY).filter(|place| passed[*place].len() > 1).collect();
    let staff = crowd.staff();
    let answers = at_once(LANES, &asked, |place| {
        let body = if place % 2 == 0 { "Yes please" } else { "no" };
        let from = crowd.waits[*place].1.phone();
        let answer = staff.post(
            &crowd.clinic.at("inbox"),
            &json!({ "from": from, "body": body }),
        );
        assert_eq!(answer.status, 200, "{}", answer.body);
        (*place, answer.text("understood"))
    });
    let entries = crowd.entries();
    let mut booked = BTreeSet::new();
    for (place, understood) in answers {
        let expected = if place % 2 == 0 { "taken" } else { "declined" };
        assert_eq!(understood, expected, "{}", crowd.waits[place].0);
        if understood == "taken" {
            assert_eq!(entries[place]["status"], "booked");
            assert!(booked.insert(text(&entries[place]["appointment"])));
        } else {
            assert_ne!(entries[place]["status"], "booked");
        }
    }
    let appointments = crowd.appointments();
    let ids: BTreeSet<_> = appointments.iter().map(|one| text(&one["id"])).collect();
    assert_eq!(ids, booked, "what was taken is booked, and nothing else is");
    assert!(booked.len() > MANY / 5, "{} booked", booked.len());
}

#[test]
fn an_offer_is_told_by_a_text_that_says_when_and_names_nobody() {
    let world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    let wait = json!({ "service": "checkup", "person": { "name": "Ada Lovelace", "phone": "07700 900002" } });
    assert_eq!(clinic.staff.post(&clinic.at("waitlist"), &wait).status, 201);
    let path = clinic.at(&format!("holds/{hold}"));
    assert_eq!(clinic.agent.send("DELETE", &path, &[], "").status, 204);
    let inbox = || clinic.staff.get(&clinic.at("inbox")).json()["messages"].clone();
    let mut asks = 0..ASKS_MAX;
    assert!(asks.any(|_| inbox()[0].is_object()), "the text goes out");
    let text = &inbox()[0];
    assert_eq!(
        (&text["kind"], &text["to"]),
        (&json!("offer"), &json!("+447700900002"))
    );
    assert_eq!(
        text["body"],
        "A time you asked for is free: Tue 3 Mar, 10:00. Reply YES within 15 min to take it, or NO to let it go."
    );
}

#[test]
fn a_text_that_was_not_sent_gives_the_time_to_the_next() {
    let world = World::start();
    let clinic = world.clinic("a");
    let hold = clinic.hold("10:00", "07700 900001");
    for phone in ["07700 900002", "07700 900003"] {
        let wait =
            json!({ "service": "checkup", "person": { "name": "Ada Lovelace", "phone": phone } });
        assert_eq!(clinic.staff.post(&clinic.at("waitlist"), &wait).status, 201);
    }
    world.carrier.next([Some(SendOutcome::NotSent)]);
    let path = clinic.at(&format!("holds/{hold}"));
    assert_eq!(clinic.agent.send("DELETE", &path, &[], "").status, 204);
    let statuses = || {
        let entries = rows(&clinic.staff, &clinic.at("waitlist?"), "entries");
        let statuses = entries.iter().map(|entry| text(&entry["status"]));
        statuses.collect::<Vec<_>>()
    };
    let mut asks = 0..ASKS_MAX;
    assert!(
        asks.any(|_| statuses() == ["waiting", "offered"]),
        "{:?}",
        statuses()
    );
}

/// Cancels an appointment by the clinic's core alone: what a crash leaves between that step and the offer that follows it.
fn cancel_and_crash(world: &World, appointment: AppointmentId) {
    let master = MasterKey::new([42; 32]);
    let options = Options {
        segment_bytes: 1 << 20,
        ..Options::default()
    };
    let (journal, found) =
        Journal::open(Box::new(world.storage.clone()), options).expect("the journal opens");
    let mut recovery = Recovery::new(&master);
    for found in found.frames().expect("frames") {
        recovery.take(found.expect("a frame"));
    }
    let mut tenants = recovery.finish();
    tenants.remove(&TenantId::INSTANCE);
    let (_, clinic) = tenants.pop_first().expect("a clinic");
    let shared = Shared {
        journal: journal.clone(),
        policy: Arc::new(app::policy(&world.config)),
        keyring: Arc::new(Keyring::default()),
        master: Arc::new(master),
        copies: Arc::new(NoCopies),
        clock: Arc::<ManualClock>::clone(&world.clock),
        metrics: Arc::default(),
        library: Arc::default(),
        credential_cache_seconds: 300,
    };
    let clinic = clinic.unwrap_or_else(|fault| panic!("{fault}"));
    let slug = "a".parse().expect("a slug");
    let mut core = Core::new(shared, Some(slug), clinic, [7; 32]);
    let request = Request {
        principal: Principal::Key {
            key: KeyId(1),
            scope: Scope::Staff,
        },
        idempotency: None,
        instruction: Instruction::CancelAppointment {
            appointment,
            reason: None,
            if_version: None,
        },
    };
    let cancelled = core.execute(request, world.clock.now());
    assert!(cancelled.is_ok() && core.ledger().has_freed());
    core.ledger().check_invariants();
    drop(core);
    journal.close().expect("what was cancelled is durable");
}

#[test]
fn what_a_crash_left_unoffered_is_offered_by_the_next_start() {
    let mut world = World::start();
    let clinic = world.clinic("a");
    let booking = Clinic::wish("10:00", "07700 900001");
    let booked = clinic.staff.post(&clinic.at("appointments"), &booking);
    let appointment = booked.text("id").parse().expect("an id");
    let wait = json!({ "service": "checkup", "person": { "name": "Ada Lovelace", "phone": "07700 900002" } });
    let entry = clinic.staff.post(&clinic.at("waitlist"), &wait).text("id");
    world.restart_after(|world| cancel_and_crash(world, appointment));
    let staff = world.again(&clinic.staff);
    let seen = staff.get(&clinic.at(&format!("waitlist/{entry}")));
    assert_eq!(seen.text("status"), "offered");
    // Nobody came in between.
    let other = staff.post(&clinic.at("holds"), &Clinic::wish("10:00", "07700 900003"));
    assert_eq!(other.status, 409, "{}", other.body);
}
