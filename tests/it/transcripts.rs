//! Transcripts: requests and the answers they get, as text that can be read, edited and refreshed.
//!
//! A file is a list of exchanges. They need a server's address, the operator's key and the server's clock, nothing else.
//!
//! ```text
//! @include _clinic.http             runs another file first
//! @advance 601                      moves the clock, in seconds
//!
//! ### A hold is placed              a title
//! POST /v1/tenants/north/holds      the request; {{name}} is a value captured before
//! key: agent                        short for `Authorization: Bearer {{agent}}`
//! until: it fits                    asks again until the answer fits: for what comes about by itself
//!
//! {"slot": "{{slot}}"}              sent as JSON unless a Content-Type is given (`-` sends none)
//!
//! => 201                            the answer's status
//! Location: <_>/holds/<hold>        headers that must be there
//! {"id": "<hold>"}                  the body
//! ```
//!
//! In the answer `<_>` is anything, `<name>` is anything the first time and the same afterwards, `<name#6>` is six digits.
//! `"<...>"` as an object's key or a list's last item lets there be more. A body that is only `<name>` means its bytes; one
//! that is only `...` is not looked at. In the request `{{wrong name}}` is that code with another last digit, `{{date 7}}` the
//! day in seven days, `{{blanks 9}}` nine blanks. `UPDATE_EXPECT=1` rewrites what does not fit.

mod script;
mod template;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use holdfast::calendar::Zone;
use holdfast::clock::{Clock, ManualClock, Stopwatch};
use serde_json::{Map, Value, json};

use crate::support::http::read;
use crate::support::{Answer, Client};

use script::{Exchange, Expected, Script, Step};
use template::matches;

/// How long what comes about by itself may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ids and secrets: what differs from run to run.
const DRAWN: [&str; 12] = [
    "hold_",
    "apt_",
    "series_",
    "key_",
    "person_",
    "tenant_",
    "block_",
    "wait_",
    "hf_",
    "msg_",
    "resource-",
    "service-",
];

/// Runs one file as the operator of a server; panics with every exchange that went otherwise.
pub fn play(admin: &Client, clock: &ManualClock, file: &str) {
    let mut player = Player {
        address: &admin.address,
        clock,
        names: BTreeMap::from([("admin".to_owned(), admin.key.clone())]),
        update: std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1"),
        faults: Vec::new(),
    };
    let mut scripts = vec![Script::read(file)];
    while let Some(included) = scripts.last().and_then(|script| script.include.clone()) {
        scripts.push(Script::read(&included));
    }
    for script in scripts.into_iter().rev() {
        player.play(script);
    }
    assert!(
        player.faults.is_empty(),
        "{file}\n\n{}",
        player.faults.join("\n\n")
    );
}

struct Player<'a> {
    address: &'a str,
    clock: &'a ManualClock,
    names: BTreeMap<String, String>,
    update: bool,
    faults: Vec<String>,
}

impl Player<'_> {
    fn play(&mut self, script: Script) {
        let mut rewritten: Vec<(Range<usize>, String)> = Vec::new();
        for step in &script.steps {
            let exchange = match step {
                Step::Advance(seconds) => {
                    self.clock.advance_seconds(*seconds);
                    continue;
                }
                Step::Exchange(exchange) => exchange,
            };
            let mut answer = self.ask(exchange);
            let mut fault = self.check(&exchange.expected, &answer);
            let asked_since = Stopwatch::start();
            while fault.is_some() && exchange.waits() && asked_since.elapsed() < PATIENCE {
                answer = self.ask(exchange);
                fault = self.check(&exchange.expected, &answer);
            }
            if self.update && fault.is_some() {
                rewritten.push((
                    exchange.place.clone(),
                    self.written(&exchange.expected, &answer),
                ));
            } else if let Some(fault) = fault {
                let Answer { status, body, .. } = &answer;
                self.faults.push(format!(
                    "### {}\n{fault}\ngot {status} {body}",
                    exchange.title
                ));
            }
        }
        if !rewritten.is_empty() {
            let mut lines = script.lines;
            for (place, text) in rewritten.into_iter().rev() {
                lines.splice(place, text.lines().map(str::to_owned));
            }
            std::fs::write(&script.path, lines.join("\n") + "\n").expect("a writable transcript");
        }
    }

    fn ask(&self, exchange: &Exchange) -> Answer {
        let body = self.filled(&exchange.body);
        let path = self.filled(&exchange.path);
        let mut request = format!(
            "{} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            exchange.method,
            self.address,
            body.len()
        );
        let mut typed = body.is_empty();
        for (name, value) in &exchange.headers {
            let value = self.filled(value);
            typed |= name.eq_ignore_ascii_case("content-type");
            match (name.as_str(), value.as_str()) {
                ("key", name) => {
                    request += &format!("Authorization: Bearer {}\r\n", self.value(name))
                }
                (_, "-") | ("until", _) => {}
                (name, value) => request += &format!("{name}: {value}\r\n"),
            }
        }
        if !typed {
            request += "Content-Type: application/json\r\n";
        }
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        let request = format!("{request}\r\n{body}");
        stream
            .write_all(request.as_bytes())
            .expect("the server reads");
        read(stream)
    }

    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                break;
            };
            filled += before;
            filled += &self.value(name.trim());
            rest = after;
        }
        filled + rest
    }

    fn value(&self, name: &str) -> String {
        let named = |name: &str| {
            let value = self.names.get(name);
            value
                .unwrap_or_else(|| {
                    let faults = self.faults.join("\n\n");
                    panic!("nothing was captured as <{name}>\n\n{faults}")
                })
                .clone()
        };
        match name.split_once(' ') {
            None => named(name),
            Some(("wrong", code)) => {
                let mut code = named(code);
                let last = code
                    .pop()
                    .and_then(|digit| digit.to_digit(10))
                    .expect("a code");
                code + &((last + 1) % 10).to_string()
            }
            Some(("date", days)) => {
                let days: i64 = days.parse().expect("days");
                let zone = Zone::named("Europe/London").expect("a zone");
                zone.date_of(self.clock.now().plus_seconds(days * 86_400))
                    .to_string()
            }
            Some(("blanks", count)) => " ".repeat(count.parse().expect("a count")),
            Some(_) => panic!("no such value: {name}"),
        }
    }

    fn check(&mut self, expected: &Expected, answer: &Answer) -> Option<String> {
        let mut faults = Vec::new();
        if expected.status != answer.status.to_string() {
            faults.push(format!("expected status {}", expected.status));
        }
        for (name, template) in &expected.headers {
            let actual = answer.header(name);
            if !actual.is_some_and(|actual| self.fits_text(template, actual)) {
                faults.push(format!(
                    "expected header {name}: {template}, got {actual:?}"
                ));
            }
        }
        if let Err(fault) = self.check_body(&expected.body, &answer.body) {
            faults.push(fault);
        }
        (!faults.is_empty()).then(|| faults.join("\n"))
    }

    fn check_body(&mut self, template: &str, actual: &str) -> Result<(), String> {
        if template == "..." {
            return Ok(());
        }
        if template.is_empty() || template.starts_with('<') {
            let fits = self.fits_text(template, actual);
            return fits
                .then_some(())
                .ok_or(format!("expected the body {template:?}"));
        }
        let template: Value = serde_json::from_str(template).expect("an expectation in JSON");
        let actual: Value = serde_json::from_str(actual).map_err(|_| "expected JSON".to_owned())?;
        self.fits(&template, &actual, "")
    }

    /// Whether an answer is as expected; the first place where it is not.
    fn fits(&mut self, template: &Value, actual: &Value, place: &str) -> Result<(), String> {
        let fault = || Err(format!("at {place:?} expected {template}, got {actual}"));
        match (template, actual) {
            (Value::String(any), _) if any == "<_>" => Ok(()),
            (Value::String(text), Value::String(actual)) => match self.fits_text(text, actual) {
                true => Ok(()),
                false => fault(),
            },
            (Value::Array(items), Value::Array(actual_items)) => {
                let (items, open) = match items.split_last() {
                    Some((last, items)) if *last == "<...>" => (items, true),
                    _ => (items.as_slice(), false),
                };
                if actual_items.len() < items.len() || !open && actual_items.len() > items.len() {
                    return fault();
                }
                let pairs = items.iter().zip(actual_items).enumerate();
                for (number, (item, actual)) in pairs {
                    self.fits(item, actual, &format!("{place}[{number}]"))?;
                }
                Ok(())
            }
            (Value::Object(fields), Value::Object(actual_fields)) => {
                let open = fields.contains_key("<...>");
                if !open && actual_fields.keys().any(|name| !fields.contains_key(name)) {
                    return fault();
                }
                for (name, field) in fields.iter().filter(|(name, _)| *name != "<...>") {
                    let Some(actual) = actual_fields.get(name) else {
                        return fault();
                    };
                    self.fits(field, actual, &format!("{place}.{name}"))?;
                }
                Ok(())
            }
            _ if template == actual => Ok(()),
            _ => fault(),
        }
    }

    fn fits_text(&mut self, template: &str, actual: &str) -> bool {
        let mut found = Vec::new();
        let fits = matches(template, actual, &self.names, &mut found);
        if fits {
            self.names.extend(found);
        }
        fits
    }

    /// The expectation as it would have to be: what fitted stays as it was written.
    fn written(&mut self, expected: &Expected, answer: &Answer) -> String {
        let mut lines = vec![format!("=> {}", answer.status)];
        for (name, template) in &expected.headers {
            if let Some(actual) = answer.header(name) {
                let fits = self.fits_text(template, actual);
                let value = if fits {
                    template.clone()
                } else {
                    self.general(actual)
                };
                lines.push(format!("{name}: {value}"));
            }
        }
        if self.check_body(&expected.body, &answer.body).is_ok() {
            lines.push(expected.body.clone());
        } else if let Ok(actual) = serde_json::from_str::<Value>(&answer.body) {
            let template = serde_json::from_str(&expected.body).unwrap_or(Value::Null);
            let merged = self.merged(&template, &actual);
            lines.push(serde_json::to_string_pretty(&merged).expect("JSON"));
        } else {
            lines.push(answer.body.clone());
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    fn merged(&mut self, template: &Value, actual: &Value) -> Value {
        if self.fits(template, actual, "").is_ok() {
            return template.clone();
        }
        match (template, actual) {
            (Value::Object(fields), Value::Object(actual)) => {
                let open = fields.contains_key("<...>");
                let kept = actual
                    .iter()
                    .filter(|(name, _)| !open || fields.contains_key(*name));
                let mut merged: Map<String, Value> = kept
                    .map(|(name, actual)| {
                        let template = fields.get(name).unwrap_or(&Value::Null);
                        (name.clone(), self.merged(template, actual))
                    })
                    .collect();
                if open {
                    merged.insert("<...>".to_owned(), json!(true));
                }
                Value::Object(merged)
            }
            (Value::Array(items), Value::Array(actual)) => {
                let nothing = Value::Null;
                let template = |place: usize| items.get(place).unwrap_or(&nothing);
                let merged = actual.iter().enumerate();
                merged
                    .map(|(place, actual)| self.merged(template(place), actual))
                    .collect()
            }
            (_, Value::Object(_)) => self.merged(&json!({}), actual),
            (_, Value::Array(_)) => self.merged(&json!([]), actual),
            (_, Value::String(text)) => Value::String(self.general(text)),
            _ => actual.clone(),
        }
    }

    /// A text with what differs from run to run taken out.
    fn general(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in self.names.iter().filter(|(_, value)| value.len() > 3) {
            text = text.replace(value.as_str(), &format!("<{name}>"));
        }
        for prefix in DRAWN {
            if let Some(start) = text.find(prefix) {
                let drawn = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let length = text[start..]
                    .find(|c| !drawn(c))
                    .unwrap_or(text.len() - start);
                if length > 16 {
                    text.replace_range(start..start + length, "<_>");
                }
            }
        }
        text
    }
}
