//! The clinic that is called: made for the run and sized for it, or one that is there already and is left as it was found.
//!
//! A run books hundreds of times under made-up names. So it goes to a clinic of its own wherever it can, it begins only where
//! texts are captured and none goes out, and of a clinic that was there before it changes neither the voice line nor the model.

use jiff::Span;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

use super::asked::Run;
use super::server::{Error, Server};
use crate::calendar::Zone;
use crate::clock::{Clock, SystemClock};
use crate::seal;

/// Practitioners of a clinic that is made, at the least; one more for every four callers.
const PRACTITIONERS_MIN: usize = 8;
const ZONE: &str = "Europe/London";

/// The clinic that is called.
#[derive(Debug)]
pub struct Clinic {
    /// Its name in paths.
    pub slug: String,
    /// A staff key.
    pub staff: String,
    /// The secret of its voice line.
    pub line_secret: String,
    /// Times that nobody has, each for one call.
    pub slots: Vec<String>,
    /// What is booked.
    pub service: String,
    /// Whether it was made for this run.
    pub is_own: bool,
}

impl Clinic {
    /// Makes one with an admin key; with a staff key takes the one that is named.
    pub async fn open(run: &Run, server: &Server) -> Result<Self, Error> {
        only_captured_texts(server).await?;
        let listed = server
            .send(Method::GET, &run.key, "/v1/tenants?limit=1", None)
            .await;
        match listed {
            Ok(_) => Self::make(run, server).await,
            Err(refused) if refused.status() == 403 => Self::find(run, server).await,
            Err(error) => Err(error),
        }
    }

    /// A path within the clinic.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/{rest}", self.slug)
    }

    /// Where the voice platform calls it.
    pub fn line(&self, rest: &str) -> String {
        format!("/vapi/{}{rest}", self.slug)
    }

    async fn make(run: &Run, server: &Server) -> Result<Self, Error> {
        let drawn = u32::from_le_bytes(seal::random_bytes());
        let slug = run.tenant.clone();
        let slug = slug.unwrap_or_else(|| format!("load-{drawn:08x}"));
        let tenant =
            json!({ "slug": slug, "name": "Load Test Clinic", "time_zone": ZONE, "country": "GB" });
        let made = server
            .send(Method::POST, &run.key, "/v1/tenants", Some(&tenant))
            .await;
        if made.as_ref().is_err_and(|refused| refused.status() == 409) {
            return Err(Error::Unfit(format!(
                "there is a clinic {slug} already; leave out --tenant and one is made for this run"
            )));
        }
        made?;
        let mut clinic = Self {
            slug,
            staff: String::new(),
            line_secret: String::new(),
            slots: Vec::new(),
            service: "consultation".to_owned(),
            is_own: true,
        };
        let key = json!({ "scope": "staff", "label": "holdfast load" });
        let made = server
            .send(Method::POST, &run.key, &clinic.path("keys"), Some(&key))
            .await?;
        clinic.staff = text(&made, "key");
        clinic.fill(run, server).await?;
        Ok(clinic)
    }

    /// Practitioners with long days, three services, and what the clinic says about itself.
    async fn fill(&self, run: &Run, server: &Server) -> Result<(), Error> {
        let practitioners = PRACTITIONERS_MIN.max(run.users / 4);
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let ids: Vec<_> = (1..=practitioners).map(|n| format!("doctor-{n}")).collect();
        for (number, id) in (1..).zip(&ids) {
            let resource = json!({
                "id": id, "kind": "practitioner", "name": format!("Doctor {number}"),
                "opening_hours": [{ "days": days, "from": "07:00", "to": "21:00" }],
            });
            self.post(server, "resources", &resource).await?;
        }
        let few = &ids[..ids.len().min(4)];
        let services = [
            ("consultation", "Consultation", 15, 90, ids.as_slice()),
            ("check-up", "Check-up", 30, 90, few),
            ("physiotherapy", "Physiotherapy", 45, 60, few),
        ];
        for (id, name, minutes, horizon, resources) in services {
            let service = json!({
                "id": id, "name": name, "minutes": minutes, "step_minutes": minutes, "horizon_days": horizon,
                "resources": resources, "verification": "required",
            });
            self.post(server, "services", &service).await?;
        }
        let knowledge = json!({ "text": KNOWLEDGE });
        let path = self.path("knowledge");
        let stored = server.send(Method::PUT, &self.staff, &path, Some(&knowledge));
        stored.await.map(|_| ())
    }

    async fn post(&self, server: &Server, rest: &str, body: &Value) -> Result<(), Error> {
        let path = self.path(rest);
        let posted = server.send(Method::POST, &self.staff, &path, Some(body));
        posted.await.map(|_| ())
    }

    async fn find(run: &Run, server: &Server) -> Result<Self, Error> {
        let Some(slug) = run.tenant.clone() else {
            return Err(Error::Unfit(
                "this is no admin key: name the clinic that it belongs to with --tenant".to_owned(),
            ));
        };
        let mut clinic = Self {
            slug,
            staff: run.key.clone(),
            line_secret: String::new(),
            slots: Vec::new(),
            service: String::new(),
            is_own: false,
        };
        let path = clinic.path("services");
        let services = server
            .list(&clinic.staff, &path, "services", usize::MAX)
            .await?;
        let coded = |service: &&Value| service["verification"] == "required";
        let Some(service) = services.iter().find(coded) else {
            return Err(Error::Unfit(format!(
                "{} has no service that is verified by a code, so there is no call to make; use an admin key and a clinic is made",
                clinic.slug
            )));
        };
        clinic.service = text(service, "id");
        Ok(clinic)
    }

    /// Gives the clinic a voice line, unless it has one, whose secret must then be known.
    pub async fn connect(&mut self, run: &Run, server: &Server) -> Result<(), Error> {
        let path = self.path("vapi");
        let line = server.send(Method::GET, &self.staff, &path, None).await?;
        if let Some(secret) = &run.line_secret {
            self.line_secret.clone_from(secret);
            return Ok(());
        }
        if line["secret_set"] == true {
            return Err(Error::Unfit(format!(
                "{} has a voice line already, which is left as it is: give its secret with --vapi-secret",
                self.slug
            )));
        }
        let drawn: [u8; 24] = seal::random_bytes();
        self.line_secret = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = json!({ "secret": self.line_secret, "phone_numbers": [] });
        let stored = server.send(Method::PUT, &self.staff, &path, Some(&line));
        stored.await.map(|_| ())
    }

    /// Looks for so many free times from tomorrow on; it may find fewer, but not none.
    pub async fn find_slots(&mut self, needed: usize, server: &Server) -> Result<(), Error> {
        let service = &self.service;
        let today = today()?;
        let mut from = 1;
        // A stretch of a week at a time, for as long as the shortest horizon of a clinic that is made.
        while self.slots.len() < needed && from < 60 {
            let days = [from, from + 6].map(|days| today.saturating_add(Span::new().days(days)));
            let path = self.path(&format!(
                "slots?service={service}&from={}&to={}",
                days[0], days[1]
            ));
            let most = needed - self.slots.len();
            let found = server.list(&self.staff, &path, "slots", most).await?;
            self.slots.extend(found.iter().map(|slot| text(slot, "id")));
            from += 7;
        }
        self.slots.truncate(needed);
        match self.slots.is_empty() {
            true => Err(Error::Unfit(format!(
                "{} has no free time in the next weeks, so nothing can be held",
                self.slug
            ))),
            false => Ok(()),
        }
    }
}

fn today() -> Result<Date, Error> {
    let zone = Zone::named(ZONE).ok_or_else(|| Error::Unfit(format!("{ZONE} is unknown here")))?;
    Ok(zone.date_of(SystemClock.now()))
}

/// Where texts are paid for, a run would write to strangers. Whether there is an inbox shows without a key: what is not
/// there is not found, before anyone asks who is asking.
async fn only_captured_texts(server: &Server) -> Result<(), Error> {
    let asked = server.send(Method::GET, "", "/v1/tenants/any/inbox", None);
    match asked.await {
        Err(Error::Refused { status: 401, .. }) => Ok(()),
        Err(Error::Refused { status: 404, .. }) => Err(Error::Unfit(
            "this server captures no texts but sends them, so no load is put on it; start one with sms.provider = \"inbox\", as `holdfast demo` does".to_owned(),
        )),
        Err(error) => Err(error),
        Ok(_) => Err(Error::Unfit("this is no holdfast server".to_owned())),
    }
}

/// A field that must be text.
fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

/// What the clinic says about itself.
const KNOWLEDGE: &str = include_str!("../../data/load/knowledge.md");
