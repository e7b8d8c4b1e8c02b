//! Callers that book at random: find, hold, extend, release, code, right and wrong confirm, staff booking, cancel, reschedule.
//!
//! Each owns what it made, so that it alone knows what its thing must be. It stops at its first unanswered request, which it
//! leaves in the record word for word.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::clinic::{self, Clinic, SERVICES};
use crate::http::{Answer, Caller, text};
use crate::record::{Became, Record, Sent, Verb};
use crate::watch::Watch;

/// Things one caller goes on working with; older ones stay as they are, to be checked.
const OWN_MAX: usize = 12;
/// Days ahead among which times are looked for.
const DAYS: f64 = 60.0;

/// What all callers share.
pub struct World {
    pub clinics: Vec<Clinic>,
    pub record: RefCell<Record>,
    /// Requests that are under way, and since when.
    pub under_way: Cell<usize>,
    pub requests: Cell<usize>,
    /// Requests that were refused because the disk is full, and those of them without a word on when to come back.
    pub full: Cell<usize>,
    pub full_without_when: Cell<usize>,
    /// When those that got no answer at all were sent, and what happened to them.
    pub broken: RefCell<Vec<(Watch, String)>>,
    numbers: Cell<u64>,
    pub stop: Cell<bool>,
}

impl World {
    pub fn new(clinics: Vec<Clinic>) -> Self {
        Self {
            clinics,
            record: RefCell::default(),
            under_way: Cell::new(0),
            requests: Cell::new(0),
            full: Cell::new(0),
            full_without_when: Cell::new(0),
            broken: RefCell::default(),
            numbers: Cell::new(0),
            stop: Cell::new(false),
        }
    }

    /// The same clinics and record again, for another course of things from here.
    pub fn fork(&self) -> Self {
        let mut fork = Self::new(self.clinics.clone());
        fork.record = self.record.clone();
        fork.numbers = self.numbers.clone();
        fork
    }

    /// A number that nobody else gets.
    pub fn number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// Sends a request as it stands.
    pub async fn deliver(
        &self,
        caller: &Caller,
        sent: &Sent,
    ) -> Result<Answer, crate::http::Broken> {
        let clinic = &self.clinics[sent.clinic];
        let key = if sent.staff {
            &clinic.staff
        } else {
            &clinic.agent
        };
        let idempotency_key = sent.idempotency_key.as_deref();
        let method = sent.method.clone();
        caller
            .send(method, key, &sent.path, idempotency_key, sent.body.as_ref())
            .await
    }
}

/// One caller.
pub struct Client {
    world: Rc<World>,
    caller: Caller,
    chance: StdRng,
    holds: Vec<usize>,
    appointments: Vec<usize>,
    slots: Vec<(usize, Value)>,
}

impl Client {
    pub fn new(world: &Rc<World>, seed: u64) -> Self {
        Self {
            world: Rc::clone(world),
            caller: Caller::new(""),
            chance: StdRng::seed_from_u64(seed),
            holds: Vec::new(),
            appointments: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// Books at random at this server until told to stop, or until an answer stays out.
    pub async fn run(mut self, url: String) -> Self {
        self.caller = Caller::new(&url);
        while !self.world.stop.get() {
            if self.step().await.is_none() {
                break;
            }
        }
        self
    }

    async fn step(&mut self) -> Option<()> {
        let chance = self.chance.random_range(0..100);
        let held = self.own_hold(|hold| hold.body["status"] == "held");
        let fresh = self.own_hold(|hold| hold.body["status"] == "held" && !hold.code_sent);
        let coded = self.own_hold(|hold| hold.body["status"] == "held" && hold.code_sent);
        let booked = self.own_appointment();
        match (chance, held, fresh, coded, booked) {
            (30..40, ..) => self.create(Verb::Book).await,
            (40..48, Some(hold), ..) => self.extend(hold).await,
            (48..56, Some(hold), ..) => self.release(hold).await,
            (56..70, _, Some(hold), ..) => self.send_code(hold).await,
            (70..74, _, _, Some(hold), _) => self.confirm(hold, false).await,
            (74..88, _, _, Some(hold), _) => self.confirm(hold, true).await,
            (88..92, .., Some(appointment)) => self.cancel(appointment).await,
            (92..100, .., Some(appointment)) => self.reschedule(appointment).await,
            _ => self.create(Verb::Place).await,
        }
    }

    fn own_hold(&mut self, fits: impl Fn(&crate::record::Hold) -> bool) -> Option<usize> {
        let record = self.world.record.borrow();
        let fitting = self.holds.iter().copied();
        let fitting: Vec<_> = fitting.filter(|at| fits(&record.holds[*at])).collect();
        let pick = self.chance.random_range(0..fitting.len().max(1));
        fitting.get(pick).copied()
    }

    fn own_appointment(&mut self) -> Option<usize> {
        let record = self.world.record.borrow();
        let booked = self.appointments.iter().copied();
        let booked: Vec<_> = booked
            .filter(|at| record.appointments[*at].body["status"] == "booked")
            .collect();
        let pick = self.chance.random_range(0..booked.len().max(1));
        booked.get(pick).copied()
    }

    /// A slot that was free when it was last looked at.
    async fn slot(&mut self, clinic: Option<usize>) -> Option<(usize, Value)> {
        loop {
            let known = self
                .slots
                .iter()
                .position(|(at, _)| clinic.is_none_or(|clinic| clinic == *at));
            if let Some(known) = known {
                return Some(self.slots.swap_remove(known));
            }
            self.slots.truncate(40);
            let at =
                clinic.unwrap_or_else(|| self.chance.random_range(0..self.world.clinics.len()));
            let service = SERVICES[self.chance.random_range(0..SERVICES.len())].id;
            let ahead = 2.0 + DAYS * self.chance.random::<f64>().powi(3);
            let from = crate::watch::now() + jiff::SignedDuration::from_secs_f64(ahead * 86_400.0);
            let place = &self.world.clinics[at];
            let path = place.path(&format!("slots?service={service}&from={from}&limit=10"));
            let agent = place.agent.clone();
            let answer = self.caller.get(&agent, &path).await.ok()?;
            self.world.requests.set(self.world.requests.get() + 1);
            if answer.status != 200 {
                return None;
            }
            let found = answer.body["slots"].as_array().cloned().unwrap_or_default();
            self.slots.extend(found.into_iter().map(|slot| (at, slot)));
        }
    }

    fn sent(&self, verb: Verb, clinic: usize, rest: &str, about: usize, body: Value) -> Sent {
        Sent {
            verb,
            clinic,
            staff: matches!(verb, Verb::Book | Verb::Cancel | Verb::Reschedule),
            method: Method::POST,
            path: self.world.clinics[clinic].path(rest),
            idempotency_key: Some(format!("torture-{}", self.world.number())),
            body: Some(body),
            phone: String::new(),
            about,
        }
    }

    /// Sends a request and takes down what comes of it.
    async fn send(&mut self, sent: Sent) -> Option<(Answer, Became)> {
        let world = Rc::clone(&self.world);
        let watch = Watch::start();
        world.requests.set(world.requests.get() + 1);
        world.under_way.set(world.under_way.get() + 1);
        let answer = world.deliver(&self.caller, &sent).await;
        world.under_way.set(world.under_way.get() - 1);
        if let Ok(answer) = &answer
            && matches!(answer.status, 503 | 507)
        {
            world.full.set(world.full.get() + 1);
            let without = usize::from(!answer.says_when);
            world
                .full_without_when
                .set(world.full_without_when.get() + without);
        }
        let mut record = world.record.borrow_mut();
        match answer {
            // 507 says that nothing was done: whatever is found of it later was not asked for.
            Ok(answer) if answer.status == 507 => None,
            // 503 says that nobody knows, or that nothing was done: ask again later.
            Ok(answer) if answer.status != 503 => {
                let became = record.take(&sent, &answer);
                Some((answer, became))
            }
            other => {
                if let Err(broken) = other {
                    let words = format!("{:?} {}: {}", sent.verb, sent.path, broken.0);
                    world.broken.borrow_mut().push((watch, words));
                }
                record.unanswered.push(sent);
                None
            }
        }
    }

    async fn create(&mut self, verb: Verb) -> Option<()> {
        let (clinic, slot) = self.slot(None).await?;
        let phone = clinic::phone(self.world.number());
        let mut body = match self.chance.random_range(0..5) {
            0 => json!({ "service": slot["service"], "start": slot["start"] }),
            _ => json!({ "slot": slot["id"] }),
        };
        body["person"] = clinic::person(&phone);
        let rest = match verb {
            Verb::Book => "appointments",
            _ => "holds",
        };
        if verb == Verb::Place && self.chance.random_range(0..10) == 0 {
            body["ttl_seconds"] = json!(2);
        }
        let mut sent = self.sent(verb, clinic, rest, 0, body);
        sent.phone = phone;
        let (answer, became) = self.send(sent).await?;
        let alternatives = answer.body["alternatives"].as_array().into_iter().flatten();
        self.slots
            .extend(alternatives.map(|slot| (clinic, slot.clone())));
        self.own(became);
        Some(())
    }

    fn own(&mut self, became: Became) {
        match became {
            Became::Hold(at) if !self.holds.contains(&at) => self.holds.push(at),
            Became::Appointment(at) if !self.appointments.contains(&at) => {
                self.appointments.push(at)
            }
            _ => {}
        }
        let chance = self.chance.random_range(0..OWN_MAX);
        if self.holds.len() > OWN_MAX {
            self.holds.swap_remove(chance);
        }
        if self.appointments.len() > OWN_MAX {
            self.appointments.swap_remove(chance);
        }
    }

    fn about_hold(&self, verb: Verb, at: usize, step: &str, body: Value) -> Sent {
        let record = self.world.record.borrow();
        let hold = &record.holds[at];
        let rest = format!("holds/{}{step}", text(&hold.body, "id"));
        self.sent(verb, hold.clinic, &rest, at, body)
    }

    async fn extend(&mut self, at: usize) -> Option<()> {
        let sent = self.about_hold(Verb::Extend, at, "/extend", json!({ "ttl_seconds": 900 }));
        self.send(sent).await.map(|_| ())
    }

    async fn release(&mut self, at: usize) -> Option<()> {
        let mut sent = self.about_hold(Verb::Release, at, "", Value::Null);
        (sent.method, sent.body, sent.idempotency_key) = (Method::DELETE, None, None);
        self.send(sent).await.map(|_| ())
    }

    async fn send_code(&mut self, at: usize) -> Option<()> {
        let sent = self.about_hold(Verb::SendCode, at, "/verification", json!({}));
        let (answer, _) = self.send(sent).await?;
        match answer.status {
            200 => self.read_code(at, 200).await,
            _ => Some(()),
        }
    }

    /// Reads what the phone would show. A text acknowledged as sent must be there.
    async fn read_code(&mut self, at: usize, limit: usize) -> Option<()> {
        let world = Rc::clone(&self.world);
        let (clinic, phone) = {
            let record = world.record.borrow();
            (record.holds[at].clinic, record.holds[at].phone.clone())
        };
        let clinic = &world.clinics[clinic];
        let path = clinic.path(&format!("inbox?limit={limit}"));
        let answer = self.caller.get(&clinic.staff, &path).await.ok()?;
        world.requests.set(world.requests.get() + 1);
        let mut body = answer.body;
        let is_there = |body: &Value| clinic::codes(body).any(|(to, _)| *to == phone);
        if answer.status == 200 && limit < 1000 && !is_there(&body) {
            // Many more may have been told since this one was: it must be further back.
            let inbox = clinic.path("inbox");
            let all = self.caller.list(&clinic.staff, &inbox, "messages");
            body = json!({ "messages": all.await.ok()? });
        }
        let code = clinic::codes(&body).find(|(to, _)| *to == phone);
        let mut record = world.record.borrow_mut();
        match code {
            Some((_, code)) => record.holds[at].code = Some(code.to_owned()),
            // Thousands of texts later only the newest are listed: no word on this one then.
            None if limit == 1000 => record.holds[at].code_sent = false,
            None if answer.status == 200 => {
                let fault =
                    format!("{path}: no text for a hold whose text was acknowledged as sent");
                record.violations.push(fault);
            }
            None => return None,
        }
        Some(())
    }

    async fn confirm(&mut self, at: usize, right: bool) -> Option<()> {
        let (code, left) = {
            let record = self.world.record.borrow();
            (
                record.holds[at].code.clone(),
                record.holds[at].attempts_left,
            )
        };
        let Some(code) = code else {
            return self.read_code(at, 1000).await;
        };
        // Two wrong guesses a hold, so that it is not locked by them.
        let right = right || left.is_some_and(|left| left < 4);
        let (verb, code) = match right {
            true => (Verb::Confirm, code),
            false => (Verb::WrongCode, wrong(&code)),
        };
        let mut sent = self.about_hold(verb, at, "/confirm", json!({ "code": code }));
        sent.phone = self.world.record.borrow().holds[at].phone.clone();
        let (_, became) = self.send(sent).await?;
        self.own(became);
        Some(())
    }

    fn about_appointment(&self, verb: Verb, at: usize, step: &str, body: Value) -> Sent {
        let record = self.world.record.borrow();
        let appointment = &record.appointments[at];
        let rest = format!("appointments/{}/{step}", text(&appointment.body, "id"));
        self.sent(verb, appointment.clinic, &rest, at, body)
    }

    async fn cancel(&mut self, at: usize) -> Option<()> {
        let sent =
            self.about_appointment(Verb::Cancel, at, "cancel", json!({ "reason": "torture" }));
        self.send(sent).await.map(|_| ())
    }

    async fn reschedule(&mut self, at: usize) -> Option<()> {
        let clinic = self.world.record.borrow().appointments[at].clinic;
        let (_, slot) = self.slot(Some(clinic)).await?;
        let sent = self.about_appointment(
            Verb::Reschedule,
            at,
            "reschedule",
            json!({ "slot": slot["id"] }),
        );
        self.send(sent).await.map(|_| ())
    }
}

/// Another code of the same length.
fn wrong(code: &str) -> String {
    let last = code
        .bytes()
        .last()
        .map_or(b'0', |digit| b'0' + (digit - b'0' + 1) % 10);
    format!("{}{}", &code[..code.len() - 1], char::from(last))
}
