//! `holdfast load` as it is typed, on real servers: short runs, of which counts and shapes are looked at, never times.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::offline::real::{Real, refused, said};
use crate::support::{Client, World};

/// A run that takes seconds: few callers who think little, and a model that does not think at all.
const SHORT: [&str; 12] = [
    "load",
    "--users",
    "3",
    "--duration",
    "2s",
    "--think",
    "100ms",
    "--ttft",
    "20ms",
    "--seed",
    "7",
    "--url",
];
/// What callers of a run are called, and what their numbers look like.
const PERSONAL: [&str; 5] = ["Robin", "447700900", "07700", "7700 900", "Robin Day"];

const DOCUMENT: &str = include_str!("../../docs/load.md");

fn with<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = SHORT.to_vec();
    arguments.push(url);
    arguments.extend(more);
    arguments
}

/// Runs the command where no server is known of.
fn typed(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .args(arguments)
        .env_remove("HOLDFAST_URL")
        .env_remove("HOLDFAST_KEY")
        .output()
        .expect("the binary runs")
}

fn read(real: &Real, file: &str) -> String {
    std::fs::read_to_string(real.path().join(file)).expect("it was written")
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.map(|item| item["name"].as_str().expect("a name"))
        .collect()
}

#[test]
fn a_short_run_says_how_long_everyone_waited() {
    let real = Real::start();
    let url = format!("http://{}", real.admin.address);
    let more = [
        "--key",
        &real.admin.key,
        "--tenant",
        "tried",
        "--state",
        "state",
        "--json",
        "run.json",
        "--report",
        "run.html",
    ];
    let output = real.tool(&with(&url, &more));
    let (table, page) = (said(&output), read(&real, "run.html"));
    let run = read(&real, "run.json");
    for personal in PERSONAL {
        for text in [
            &table,
            &page,
            &run,
            &String::from_utf8_lossy(&output.stderr).into_owned(),
        ] {
            assert!(!text.contains(personal), "{personal} is in {text}");
        }
    }
    let run: Value = serde_json::from_str(&run).expect("JSON");
    has_the_shape(&run);
    is_a_page_of_its_own(&page);
    has_turns_as_shipped(&run, &page);
    for said in [
        "check_availability",
        "fdatasync",
        "seed: 7",
        "as --state names it",
        "a model of the old system",
    ] {
        assert!(table.contains(said), "{said} is missing in\n{table}");
    }
    // What was counted is what the clinic has: a time for each call that booked.
    let tools = &run["groups"]["tools"]["steps"];
    let booked = tools[3]["count"].as_u64().expect("a count");
    let path = "/v1/tenants/tried/appointments?limit=1000";
    let listed = real.admin.get(path);
    let there = listed.json()["appointments"].as_array().map(Vec::len);
    assert_eq!(there.map(|count| count as u64), Some(booked));
    assert!(booked > 0);
    let again = real.tool(&with(
        &url,
        &["--key", &real.admin.key, "--tenant", "tried"],
    ));
    assert!(refused(&again, 1).contains("there is a clinic tried already"));
}

/// The shape that docs/load.md describes.
fn has_the_shape(run: &Value) {
    for field in run.as_object().expect("an object").keys() {
        assert!(
            DOCUMENT.contains(&format!("`{field}")),
            "{field} is not in docs/load.md"
        );
    }
    assert_eq!(
        (&run["scenario"], &run["settings"]["seed"]),
        (&json!("voice"), &json!("7"))
    );
    assert_eq!(run["settings"]["callers at once"], "3");
    assert!(run["machine"]["cores"].as_u64() > Some(0));
    assert!(run["disk"]["fdatasync"]["count"].as_u64() > Some(0));
    let tools = &run["groups"]["tools"]["steps"];
    assert_eq!(
        names(tools),
        [
            "check_availability",
            "reserve_slot",
            "send_otp",
            "verify_otp"
        ]
    );
    let turns = &run["groups"]["turns"]["steps"];
    let modes = names(turns);
    assert!(
        modes.starts_with(&["in_sequence", "concurrent", "cached"]),
        "{modes:?}"
    );
    let old = (0..3).map(|at| turns[at]["old_system_ms"].as_f64());
    assert!(old.eq([950.0, 850.0, 800.0].map(Some)));
    for step in [tools, turns]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
    {
        assert!(step["count"].as_u64() > Some(0), "{step}");
        assert_eq!(step["errors"], json!({}), "{step}");
        let times: Vec<_> = ["p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"]
            .map(|name| step[name].as_f64().expect("a time"))
            .into();
        assert!(times.is_sorted(), "{step}");
    }
    // As many were held as asked before, or more: no step overtakes the one that it needs.
    let counts: Vec<_> = (0..4).map(|at| tools[at]["count"].as_u64()).collect();
    assert!(
        counts.is_sorted_by(|before, after| before >= after),
        "{counts:?}"
    );
}

/// The running server's turns beside the old system's, what was to be reached, and what the median turns waited for.
fn has_turns_as_shipped(run: &Value, page: &str) {
    assert_eq!((&run["ok"], &run["failures"]), (&json!(true), &json!([])));
    let turns = &run["groups"]["turns"]["steps"];
    assert_eq!(names(turns)[3..], ["shipped", "own_share"]);
    assert_eq!(turns[3]["old_system_ms"], 600.0);
    assert_eq!(
        turns[3]["count"], turns[4]["count"],
        "each turn asked the model"
    );
    let goals = run["goals"].as_array().expect("goals");
    let limits: Vec<_> = goals.iter().map(|goal| goal["limit_ms"].as_f64()).collect();
    assert_eq!(limits, [5.0, 20.0, 20.0, 10.0, 600.0].map(Some));
    assert_eq!(
        names(&run["waterfalls"]),
        ["in_sequence", "concurrent", "cached", "shipped"]
    );
    let bars = |at: usize| names(&run["waterfalls"][at]["bars"]);
    let steps = [
        "organisation",
        "embeddings",
        "slots",
        "credentials",
        "compliance",
        "model",
    ];
    assert_eq!(bars(0), steps);
    assert_eq!(bars(2), ["embeddings", "compliance", "slots", "model"]);
    assert!(bars(3).contains(&"model") && bars(3).contains(&"holdfast, before"));
    assert_eq!(page.matches("<svg").count(), 6, "four turns, two plots");
}

/// It fetches nothing and runs nothing.
fn is_a_page_of_its_own(page: &str) {
    for foreign in [
        "<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "{{",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for part in [
        "<!doctype html>",
        "prefers-color-scheme: dark",
        "@media print",
        "What a turn waits for",
        "Streamed turns",
        "first byte",
        "fdatasync alone",
        "load average",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
}

#[test]
fn every_flag_is_described() {
    let help = said(&typed(&["load", "--help"]));
    let words = help.split(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
    let flags = words.filter(|word| word.starts_with("--") && *word != "--help");
    for flag in flags {
        assert!(DOCUMENT.contains(flag), "{flag} is not in docs/load.md");
    }
}

#[test]
fn what_was_typed_wrong_is_said_in_a_sentence() {
    let wrong: [(&[&str], &str); 9] = [
        (&["--url", "http://10.1.2.3:8080"], "is not on this machine"),
        (&["--url", "https://clinic.example"], "--allow-remote"),
        (&["--users", "0"], "--users"),
        (&["--users", "501"], "--users"),
        (&["--duration", "fast"], "60s"),
        (&["--duration", "0s"], "--duration is one second"),
        (&["--scenario", "other"], "--scenario"),
        (&["--json", "no/such/folder/run.json"], "cannot be written"),
        (&["--state", "nowhere"], "--state"),
    ];
    for (more, word) in wrong {
        let arguments: Vec<_> = ["load", "--key", "hf_none"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let error = refused(&typed(&arguments), 2);
        assert!(
            error.lines().next().is_some_and(|line| line.contains(word)),
            "{more:?}: {error}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_or_no_such_server_is_named() {
    let key = ["--key", "hf_none"];
    let error = refused(&typed(&with("http://127.0.0.1:1", &key)), 1);
    assert!(error.contains("cannot reach http://127.0.0.1:1"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        }
    });
    let error = refused(&typed(&with(&url, &key)), 1);
    assert!(error.contains("is this a holdfast server?"), "{error}");
    let error = refused(&typed(&with(&url, &[])), 1);
    assert!(error.contains("--key"), "{error}");
}

// Goal: nobody's telephone rings. Method: a server that would send texts is refused before anything is made there.
#[test]
fn a_server_that_sends_real_texts_is_left_alone() {
    let world = World::by_twilio("http://127.0.0.1:1");
    let url = format!("http://{}", world.admin.address);
    let error = refused(&typed(&with(&url, &["--key", &world.admin.key])), 1);
    assert!(error.contains("captures no texts"), "{error}");
    let tenants = world.admin.get("/v1/tenants").json();
    assert_eq!(tenants["tenants"], json!([]));
}

/// An older server: everything that is asked of it goes to the real one, but it knows nothing of models.
fn without_turns(real: &Real) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let address = real.admin.address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let address = address.clone();
            std::thread::spawn(move || pass_on(stream, &address));
        }
    });
    url
}

/// One request on a connection, and its answer.
fn pass_on(mut stream: TcpStream, address: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
        let line = head[from..].to_ascii_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if head.lines().next()?.contains("/model ") {
        let problem = r#"{"code":"not-found","detail":"There is no such path."}"#;
        let length = problem.len();
        let answer = format!(
            "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{problem}"
        );
        return stream.write_all(answer.as_bytes()).ok();
    }
    let mut server = TcpStream::connect(address).ok()?;
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    std::io::copy(&mut server, &mut stream).ok().map(|_| ())
}

#[test]
fn a_server_without_streamed_turns_is_told_so_and_all_else_is_measured() {
    let real = Real::start();
    let url = without_turns(&real);
    let more = ["--key", &real.admin.key, "--json", "run.json"];
    let output = real.tool(&with(&url, &more));
    let error = refused(&output, 1);
    assert!(
        error.contains("this server has no streamed turns"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    let run: Value = serde_json::from_str(&read(&real, "run.json")).expect("JSON");
    assert_eq!(run["ok"], false);
    let turns = &run["groups"]["turns"]["steps"];
    assert_eq!(names(turns), ["in_sequence", "concurrent", "cached"]);
    let tools = &run["groups"]["tools"]["steps"];
    for step in [tools, turns]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
    {
        assert!(step["count"].as_u64() > Some(0), "{step}");
    }
}

fn staff(real: &Real, slug: &str) -> Client {
    let desk = real.desk(slug);
    let service = json!({ "id": "coded", "name": "Coded", "minutes": 15, "resources": ["dr-a"], "verification": "required" });
    assert_eq!(
        desk.staff
            .post(&format!("{}/services", desk.path), &service)
            .status,
        201
    );
    desk.staff
}

#[test]
fn a_clinic_that_was_there_is_left_as_it_was() {
    let real = Real::start();
    let url = format!("http://{}", real.admin.address);
    let staff = staff(&real, "north");
    let key = ["--key", staff.key.as_str()];
    let error = refused(&real.tool(&with(&url, &key)), 1);
    assert!(error.contains("--tenant"), "{error}");
    let put = |path: &str, body: &Value| {
        let headers = [("Content-Type", "application/json")];
        let stored = staff.send("PUT", path, &headers, &body.to_string());
        assert_eq!(stored.status, 204, "{}", stored.body);
    };
    put(
        "/v1/tenants/north/vapi",
        &json!({ "secret": "line-secret-1", "phone_numbers": [] }),
    );
    let model = json!({ "base_url": "http://127.0.0.1:9/v1", "model": "own" });
    put("/v1/tenants/north/model", &model);
    let tenant = ["--tenant", "north"];
    let error = refused(&real.tool(&with(&url, &[key, tenant].concat())), 1);
    assert!(error.contains("--vapi-secret"), "{error}");
    let secret = ["--vapi-secret", "line-secret-1"];
    let output = real.tool(&with(&url, &[key, tenant, secret].concat()));
    let error = refused(&output, 1);
    assert!(error.contains("north has a model already"), "{error}");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(
        table.contains("north (was there)") && table.contains("verify_otp"),
        "{table}"
    );
    let known = staff.get("/v1/tenants/north/model").json();
    assert_eq!(known["base_url"], "http://127.0.0.1:9/v1");
}

#[test]
fn a_key_of_another_clinic_and_no_key_at_all_are_refused_in_the_servers_words() {
    let real = Real::start();
    let url = format!("http://{}", real.admin.address);
    let staff = staff(&real, "north");
    let foreign = with(&url, &["--key", &staff.key, "--tenant", "south"]);
    assert!(refused(&real.tool(&foreign), 1).contains("403 forbidden-tenant"));
    let none = with(&url, &["--key", "hf_nobody"]);
    assert!(refused(&real.tool(&none), 1).contains("401 unauthorized"));
}
