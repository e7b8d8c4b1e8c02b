//! Finding in a clinic's text, over real HTTP: what its words find is prepared once and follows every change; what its meaning adds
//! comes from a stand-in that is right, slow, silent, wrong and absent, and costs nothing but quality when it is not right.

mod stand_in;

use serde_json::json;

use crate::support::logs::listen;
use crate::support::{Client, Clinic, World};
use stand_in::{Embedder, Reply, answer};

const TEXT: &str = "# Parking\nTwo places behind the house.\n\n# Paying\nAll cards but no cheques.\n\n# Children\nToys are in the waiting room.\n";
/// Shares no word with any passage.
const LITTLE_ONES: &str = "my little ones get bored";
const VEHICLE: &str = "room for a vehicle";
/// Where an answer is expected, it may take as long as a tool may: nothing here depends on how busy the machine is.
const PATIENT: u32 = 1_500;
/// Where none is.
const BRIEF: u32 = 250;
const SECRET: &str = "line-secret-1";
const ADA: &str = "+447700900123";

fn put(client: &Client, path: &str, body: &serde_json::Value) {
    let headers = [("Content-Type", "application/json")];
    let stored = client.send("PUT", path, &headers, &body.to_string());
    assert_eq!(stored.status, 204, "{path}: {}", stored.body);
}

fn write(clinic: &Clinic, text: &str) {
    put(
        &clinic.staff,
        &clinic.at("knowledge"),
        &json!({ "text": text }),
    );
}

fn model(clinic: &Clinic, embedder: &Embedder, model: &str) {
    let url = embedder.url();
    let settings = json!({ "base_url": url, "model": "chat", "embeddings": { "model": model, "key": "sk-1" } });
    put(&clinic.staff, &clinic.at("model"), &settings);
}

/// A server whose questions wait so long for what they mean.
fn patient(deadline_ms: u32) -> World {
    let mut config = World::settings();
    config.voice.embedding_deadline_ms = deadline_ms;
    World::with(config)
}

fn connected(world: &World, slug: &str) -> Clinic {
    let clinic = world.clinic(slug);
    put(
        &clinic.staff,
        &clinic.at("vapi"),
        &json!({ "secret": SECRET, "phone_numbers": [] }),
    );
    clinic
}

/// A clinic with this text and model, whose passages' meanings are known.
fn ready(world: &World, slug: &str, embedder: &Embedder) -> Clinic {
    let clinic = connected(world, slug);
    model(&clinic, embedder, "small");
    let before = counted(world, "holdfast_text_embeddings_total{outcome=\"made\"}");
    write(&clinic, TEXT);
    until(
        world,
        "holdfast_text_embeddings_total{outcome=\"made\"}",
        before + 1,
    );
    clinic
}

fn ask_from(world: &World, slug: &str, number: &str, question: &str) -> String {
    let line = world.admin.with_key(SECRET);
    let call = json!({ "id": format!("call-{number}"), "customer": { "number": number } });
    let tool = json!({ "id": "t1", "name": "clinic_info", "arguments": { "question": question } });
    let message =
        json!({ "message": { "type": "tool-calls", "call": call, "toolCallList": [tool] } });
    let answer = line.post(&format!("/vapi/{slug}"), &message);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let said = answer.json()["results"][0]["result"].clone();
    said.as_str().expect("a line").to_owned()
}

fn ask(world: &World, slug: &str, question: &str) -> String {
    ask_from(world, slug, ADA, question)
}

fn counted(world: &World, name: &str) -> u64 {
    let page = world.admin.get("/metrics").body;
    let line = page.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("{name} in {page}"));
    line.trim().parse().expect("a number")
}

/// Asks until the house has counted so many: what is done in the background has no other sign.
fn until(world: &World, name: &str, number: u64) {
    for _ in 0..100_000 {
        if counted(world, name) >= number {
            return;
        }
    }
    panic!("{name} stays below {number}");
}

fn questions(world: &World, outcome: &str) -> u64 {
    counted(
        world,
        &format!("holdfast_question_embeddings_total{{outcome=\"{outcome}\"}}"),
    )
}

fn texts(outcome: &str) -> String {
    format!("holdfast_text_embeddings_total{{outcome=\"{outcome}\"}}")
}

#[test]
fn a_text_answers_from_the_moment_it_is_written_also_after_sleep_and_a_restart() {
    let mut world = World::start();
    let clinic = connected(&world, "north");
    assert!(!ask(&world, "north", "where can I park").contains("behind"));
    for place in ["behind the house", "in Mill Lane", "nowhere"] {
        write(&clinic, &format!("# Parking\nThere is some {place}.\n"));
        let said = ask(&world, "north", "where can I park");
        assert!(said.contains(place), "{said}");
    }
    // Whatever is under way there is done first.
    let rests = || world.within(|directory| async move { directory.rest().await });
    assert!((0..10_000).any(|_| rests() == 1), "it sleeps");
    assert!(ask(&world, "north", "where can I park").contains("nowhere"));
    world.restart();
    assert!(ask(&world, "north", "where can I park").contains("nowhere"));
}

#[test]
fn meaning_finds_what_no_word_does() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    let clinic = connected(&world, "north");
    write(&clinic, TEXT);
    assert!(ask(&world, "north", LITTLE_ONES).starts_with("This is north"));
    model(&clinic, &embedder, "small");
    // The first question is answered by its words and has the passages asked about; nobody waits for that.
    assert!(ask(&world, "north", LITTLE_ONES).starts_with("This is north"));
    until(&world, &texts("made"), 1);
    assert!(ask(&world, "north", LITTLE_ONES).contains("Toys"));
    assert!(ask(&world, "north", VEHICLE).contains("behind the house"));
    let asked = embedder.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[0].input[2], "Children: Toys are in the waiting room.");
    assert!(
        asked
            .iter()
            .all(|one| one.model == "small" && one.authorization == "Bearer sk-1")
    );
    // What was asked once is known, and what the words answer is not asked at all.
    assert!(ask(&world, "north", LITTLE_ONES).contains("Toys"));
    assert!(ask(&world, "north", "where is the parking").contains("behind"));
    assert_eq!(embedder.asked().len(), 3);
    assert_eq!(
        (questions(&world, "known"), questions(&world, "in-time")),
        (1, 2)
    );
    // What means nothing in particular is nobody's answer.
    assert!(ask(&world, "north", "tra la la").starts_with("This is north"));
    // Another model has other meanings: everything is asked anew.
    model(&clinic, &embedder, "large");
    assert!(ask(&world, "north", LITTLE_ONES).starts_with("This is north"));
    until(&world, &texts("made"), 2);
    assert!(ask(&world, "north", LITTLE_ONES).contains("Toys"));
    assert_eq!(
        embedder.asked().last().map(|one| one.model.clone()),
        Some("large".to_owned())
    );
}

// The stand-in never answers, so whoever gets an answer here did not wait for it; that it was asked is seen before.
#[test]
fn a_silent_model_costs_nothing_but_quality_and_is_left_alone_for_a_while() {
    let (world, embedder) = (patient(BRIEF), Embedder::start());
    ready(&world, "north", &embedder);
    embedder.questions(Reply::Never);
    for number in 1..=5 {
        let said = ask(&world, "north", &format!("{LITTLE_ONES} {number}"));
        assert!(said.starts_with("This is north"), "{said}");
        embedder.wait_for(1 + number);
    }
    until(
        &world,
        "holdfast_question_embeddings_total{outcome=\"late\"}",
        5,
    );
    assert!(ask(&world, "north", LITTLE_ONES).starts_with("This is north"));
    assert!(ask(&world, "north", "where is the parking").contains("behind"));
    assert_eq!(
        (embedder.questions_asked(), questions(&world, "not-asked")),
        (5, 1)
    );
    world.clock.advance_seconds(30);
    let said = ask(&world, "north", LITTLE_ONES);
    assert!(said.starts_with("This is north"), "{said}");
    // One goes ahead, and nobody follows while it is silent.
    embedder.wait_for(7);
    assert!(ask(&world, "north", VEHICLE).starts_with("This is north"));
    assert_eq!(embedder.questions_asked(), 6);
}

#[test]
fn garbage_about_questions_is_no_answer() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    ready(&world, "north", &embedder);
    let flood = " ".repeat(1 << 20);
    let answers = [
        (200, "<html>".to_owned()),
        (200, answer(&[])),
        (200, answer(&[vec![1.0; 4], vec![1.0; 4]])),
        (200, answer(&[vec![0.0; 4]])),
        (500, "{}".to_owned()),
        (200, flood + &answer(&[vec![1.0; 4]])),
        (302, String::new()),
    ];
    for (number, (status, body)) in answers.iter().enumerate() {
        embedder.questions(Reply::Say(*status, body.clone()));
        let said = ask(&world, "north", &format!("{LITTLE_ONES} {number}"));
        assert!(
            said.starts_with("This is north"),
            "{status} {body:.60}: {said}"
        );
        world.clock.advance_seconds(900);
    }
    assert_eq!(questions(&world, "failed"), 7);
    embedder.questions(Reply::Meanings);
    assert!(ask(&world, "north", LITTLE_ONES).contains("Toys"));
}

// A model that has another number of dimensions than it had for the passages is another: its passages are asked about again.
#[test]
fn a_question_of_another_dimension_has_the_passages_asked_about_again() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    ready(&world, "north", &embedder);
    embedder.questions(Reply::Say(200, answer(&[vec![1.0, 0.0]])));
    assert!(ask(&world, "north", LITTLE_ONES).starts_with("This is north"));
    embedder.questions(Reply::Meanings);
    assert!(
        ask(&world, "north", VEHICLE).starts_with("This is north"),
        "after a while"
    );
    world.clock.advance_seconds(30);
    assert!(ask(&world, "north", VEHICLE).starts_with("This is north"));
    until(&world, &texts("made"), 2);
    assert!(ask(&world, "north", VEHICLE).contains("behind the house"));
}

#[test]
fn garbage_about_passages_leaves_the_words_and_is_asked_for_again_later() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    let clinic = connected(&world, "north");
    model(&clinic, &embedder, "small");
    let unlike = answer(&[vec![1.0; 4], vec![1.0; 3], vec![1.0; 4]]);
    let short = answer(&[vec![1.0; 4], vec![1.0; 4]]);
    let huge = answer(&[vec![1.0; 5000], vec![1.0; 5000], vec![1.0; 5000]]);
    let refused = (401, "{}".to_owned());
    let answers = [(200, unlike), (200, short), (200, huge), refused];
    write(&clinic, "Parking is elsewhere.");
    until(&world, &texts("made"), 1);
    for (number, (status, body)) in (1..).zip(answers) {
        embedder.texts(Reply::Say(status, body));
        world.clock.advance_seconds(900);
        write(&clinic, &format!("{TEXT}\n{number}"));
        let _ = ask(&world, "north", LITTLE_ONES);
        until(&world, &texts("failed"), number);
        let requests = embedder.asked().len();
        assert!(ask(&world, "north", LITTLE_ONES).starts_with("This is north"));
        assert!(ask(&world, "north", "where is the parking").contains("behind"));
        assert_eq!(embedder.asked().len(), requests, "it is left alone");
    }
    embedder.texts(Reply::Meanings);
    world.clock.advance_seconds(900);
    let _ = ask(&world, "north", LITTLE_ONES);
    until(&world, &texts("made"), 2);
    assert!(ask(&world, "north", LITTLE_ONES).contains("Toys"));
}

#[test]
fn a_model_that_fails_for_a_moment_is_tried_again() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    let clinic = connected(&world, "north");
    model(&clinic, &embedder, "small");
    embedder.texts(Reply::Say(503, "{}".to_owned()));
    write(&clinic, TEXT);
    embedder.wait_for(1);
    embedder.texts(Reply::Meanings);
    until(&world, &texts("made"), 1);
    assert!(ask(&world, "north", LITTLE_ONES).contains("Toys"));
    assert_eq!(counted(&world, &texts("failed")), 0);
}

#[test]
fn a_text_that_changes_while_its_model_thinks_is_answered_from_the_new_one() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    let clinic = connected(&world, "north");
    model(&clinic, &embedder, "small");
    embedder.texts(Reply::Held);
    write(&clinic, TEXT);
    embedder.wait_for(1);
    // Another order: a meaning of the old text would point at the wrong passage of the new one.
    write(
        &clinic,
        "# Children\nToys are upstairs now.\n\n# Lift\nThere is a lift.\n\n# Parking\nBehind the library.\n",
    );
    embedder.release();
    until(&world, &texts("made"), 2);
    assert!(ask(&world, "north", LITTLE_ONES).contains("upstairs"));
    assert!(ask(&world, "north", VEHICLE).contains("library"));
    let slug = "north".parse().expect("a slug");
    let books = world.within(move |directory| async move {
        match directory.tenant(&slug) {
            holdfast::tenant::Found::Open(tenant) => tenant.book().await.ok().flatten(),
            _ => None,
        }
    });
    assert_eq!(books.map(|book| book.version()), Some(2));
}

#[test]
fn two_clinics_at_one_model_find_their_own() {
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    ready(&world, "north", &embedder);
    let south = connected(&world, "south");
    model(&south, &embedder, "small");
    write(
        &south,
        "# Lift\nUp to the third floor.\n\n# Toys\nSouth has a playground.\n",
    );
    until(&world, &texts("made"), 2);
    let before = embedder.questions_asked();
    assert!(ask(&world, "north", LITTLE_ONES).contains("waiting room"));
    assert!(ask(&world, "south", LITTLE_ONES).contains("playground"));
    assert_eq!(
        embedder.questions_asked(),
        before + 2,
        "no clinic is given another's"
    );
    embedder.questions(Reply::Say(500, "{}".to_owned()));
    for number in 0..5 {
        let _ = ask(&world, "north", &format!("{VEHICLE} {number}"));
    }
    until(
        &world,
        "holdfast_question_embeddings_total{outcome=\"failed\"}",
        5,
    );
    embedder.questions(Reply::Meanings);
    assert!(
        ask(&world, "south", "is there room for a wheelchair").contains("third floor"),
        "it is not left alone"
    );
}

#[test]
fn personal_values_reach_no_model_and_no_log() {
    let logs = listen();
    let (world, embedder) = (patient(PATIENT), Embedder::start());
    let clinic = connected(&world, "planted-knowledge");
    model(&clinic, &embedder, "small");
    let number = "+447700900984";
    let wish = json!({
        "service": "checkup", "resource": "dr-a", "start": "2026-03-03T09:00:00Z",
        "person": { "name": "Xanthippe Brambleby", "phone": number },
    });
    let held = clinic.agent.post(&clinic.at("holds"), &wish);
    assert_eq!(held.status, 201, "{}", held.body);
    // Somebody has written down what they should not have.
    write(
        &clinic,
        &format!(
            "{TEXT}\n# Ask\nCall Ottoline on 07700 900985 or write to ottoline.q@example.org.\n"
        ),
    );
    until(&world, &texts("made"), 1);
    let said = [
        "I am Zenobia Quillfeather, my number is 07700 900984 and my little ones get bored",
        "it is Xanthippe again, my little ones get bored",
        "my little ones get bored, write to zenobia.q@example.org or 4111 1111 1111 1111",
    ];
    for question in said {
        let said = ask_from(&world, "planted-knowledge", number, question);
        assert!(said.contains("Toys"), "{said}");
    }
    let asked = embedder.asked();
    assert_eq!(asked.len(), 1 + said.len());
    let logs = logs.text();
    assert!(
        logs.contains("planted-knowledge"),
        "the redactions are in the logs"
    );
    for value in [
        "Zenobia",
        "Quillfeather",
        "Xanthippe",
        "Brambleby",
        "900984",
        "900985",
        "zenobia.q",
        "ottoline.q",
        "4111 1111",
        SECRET,
    ] {
        assert!(
            asked.iter().all(|one| !one.body.contains(value)),
            "{value} in {asked:?}"
        );
        assert!(!logs.contains(value), "a log line has {value}");
    }
    assert!(!logs.contains("sk-1"), "a log line has the model's key");
    let shown = asked
        .iter()
        .skip(1)
        .all(|one| one.body.contains("little ones get bored"));
    assert!(shown, "{asked:?}");
}
