//! What holdfast itself adds to a text: from the request for a code to the last byte of the provider's request, with a
//! clinic's first text (its credentials are opened) and with the later ones (they are at hand).
//!
//! A stand-in for the provider answers at once; when it has read a request whole is when the text counts as handed over. The
//! time holds one sync of the disk, because the attempt is durable before a byte goes out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use crate::clinic::{self, Clinic, PLAIN};
use crate::http::{Caller, text};
use crate::probe;
use crate::report::{Report, Times};
use crate::server::Place;
use crate::watch::Watch;

/// Numbers the texts.
static SENT: AtomicU64 = AtomicU64::new(1);

const PROBE: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct Options {
    /// Clinics; each has one first text.
    #[arg(long, default_value_t = 100)]
    clinics: usize,
    /// Texts of each clinic after its first.
    #[arg(long, default_value_t = 10)]
    texts: u64,
    /// How many callers at once, level by level.
    #[arg(long, value_delimiter = ',', default_value = "1,16")]
    clients: Vec<usize>,
}

/// When the text to each phone was there, in microseconds of the run.
type Arrived = Rc<RefCell<BTreeMap<String, u64>>>;

pub async fn run(options: Options, place: &Place) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (watch, arrived) = (Rc::new(Watch::start()), Arrived::default());
    let (clock, noted) = (Rc::clone(&watch), Rc::clone(&arrived));
    let note = move |phone| {
        noted.borrow_mut().insert(phone, clock.micros());
    };
    spawn_local(stand_in(listener, Rc::new(note)));
    let mut state = place.state();
    state.set("HOLDFAST__SMS__PROVIDER", "twilio");
    state.set(
        "HOLDFAST__SMS__TWILIO__BASE_URL",
        &format!("http://{address}"),
    );
    let server = state.start().await.expect("the server starts");
    let admin = state.admin_key().await;
    let mut disk = probe::fdatasync(state.path(), PROBE);
    let (mut rows, mut line, mut violations) = (Vec::new(), Vec::new(), Vec::new());
    for clients in options
        .clients
        .iter()
        .copied()
        .filter(|clients| *clients > 0)
    {
        let asking = (0..clients).map(|client| {
            let (watch, arrived) = (Rc::clone(&watch), Rc::clone(&arrived));
            let (url, admin) = (server.url.clone(), admin.clone());
            let clinics = options.clinics.div_ceil(clients);
            let texts = options.texts;
            spawn_local(async move {
                let caller = Caller::new(&url);
                let mut times = [Times::default(), Times::default()];
                for number in 0..clinics {
                    let slug = format!("c{clients}-{client}-{number}");
                    let clinic = ready(&caller, &admin, slug).await;
                    let phones = (clients * 1_000_000 + client * 10_000 + number * 100) as u64;
                    for count in 0..=texts {
                        let phone = clinic::phone(phones + count);
                        let (asked, status) = ask(&caller, &clinic, &phone, count, &watch).await;
                        let there = arrived.borrow().get(&phone).copied();
                        let Some(there) = there.filter(|_| status == 200) else {
                            return Err(format!("a text was not taken: {status}"));
                        };
                        times[usize::from(count > 0)].add(there.saturating_sub(asked));
                    }
                }
                Ok(times)
            })
        });
        let mut times = [Times::default(), Times::default()];
        for one in asking.collect::<Vec<_>>() {
            match one.await.expect("asking does not panic") {
                Ok([first, cached]) => {
                    times[0].merge(first);
                    times[1].merge(cached);
                }
                Err(fault) => violations.push(fault),
            }
        }
        for (name, mut times) in ["first", "cached"].into_iter().zip(times) {
            let (p50, p99) = (times.quantile(0.5), times.quantile(0.99));
            line.push(format!("{clients} {name} {p50}/{p99}"));
            rows.push(json!({
                "clients": clients, "credentials": name, "count": times.count(), "p50_us": p50, "p99_us": p99,
            }));
        }
    }
    disk.merge(probe::fdatasync(state.path(), PROBE));
    line.push(format!(
        "fdatasync {}/{}",
        disk.quantile(0.5),
        disk.quantile(0.99)
    ));
    Report {
        command: "texts",
        line: format!(
            "request in to bytes at the provider, p50/p99 us: {}",
            line.join(", ")
        ),
        figures: json!({ "rows": rows, "fdatasync_p50_us": disk.quantile(0.5), "fdatasync_p99_us": disk.quantile(0.99) }),
        violations,
    }
}

/// A clinic that can send texts.
pub async fn ready(caller: &Caller, admin: &str, slug: String) -> Clinic {
    let clinic = Clinic::open(caller, admin, slug, 1).await;
    let settings = json!({
        "provider": "twilio", "account_sid": format!("AC{}", "0".repeat(32)), "auth_token": "torture", "from": "+442079460123",
    });
    let path = clinic.path("sms");
    let stored = caller
        .send(Method::PUT, &clinic.staff, &path, None, Some(&settings))
        .await;
    assert_eq!(stored.expect("an answer").status, 204);
    clinic
}

/// Holds a slot, then asks for its code; when that was asked, and what was answered.
async fn ask(
    caller: &Caller,
    clinic: &Clinic,
    phone: &str,
    count: u64,
    watch: &Watch,
) -> (u64, u16) {
    let path = clinic.path(&format!("slots?service={}&limit={}", PLAIN.id, count + 1));
    let found = caller
        .get(&clinic.agent, &path)
        .await
        .expect("slots are listed");
    let wish =
        json!({ "slot": text(&found.body["slots"][0], "id"), "person": clinic::person(phone) });
    let held = caller
        .post(&clinic.agent, &clinic.path("holds"), &wish)
        .await;
    let held = held.expect("an answer");
    let path = clinic.path(&format!("holds/{}/verification", text(&held.body, "id")));
    let asked = watch.micros();
    let sent = caller.post(&clinic.agent, &path, &json!({})).await;
    (asked, sent.map_or(0, |answer| answer.status))
}

/// A provider that takes every text and says so at once; whoever is to be told hears of each when it is there whole.
pub async fn stand_in(listener: TcpListener, note: Rc<dyn Fn(String)>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let _ = stream.set_nodelay(true);
        spawn_local(serve(stream, Rc::clone(&note)));
    }
}

/// Answers one request after the other; each comes in one piece or a few.
async fn serve(mut stream: TcpStream, note: Rc<dyn Fn(String)>) {
    let mut bytes = Vec::new();
    loop {
        let Some(body) = body(&bytes) else {
            match stream.read_buf(&mut bytes).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            }
        };
        let fields = form_urlencoded::parse(body).into_owned();
        let to = fields.into_iter().find(|(name, _)| name == "To");
        if let Some((_, phone)) = to {
            note(phone);
        }
        let sid = SENT.fetch_add(1, Ordering::Relaxed);
        let answer = format!(r#"{{"sid":"SM{sid:032x}","status":"queued"}}"#);
        bytes.clear();
        let head = "HTTP/1.1 201 Created\r\nContent-Type: application/json";
        let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The body of a request that is there whole.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end])
        .ok()?
        .to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ")?;
    let length: usize = length.lines().next()?.trim().parse().ok()?;
    bytes.get(end..end + length)
}
