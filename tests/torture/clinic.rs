//! Clinics to torture: open day and night, so that there is always time to fight over.

use serde_json::{Value, json};

use crate::http::{Answer, Caller, text};

/// A service whose buffers this program knows, because it recomputes claims by itself.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    pub id: &'static str,
    pub minutes: i64,
    pub before: i64,
    pub after: i64,
    pub step: i64,
}

/// Quarter hours without buffers.
pub const PLAIN: Service = Service {
    id: "plain",
    minutes: 15,
    before: 0,
    after: 0,
    step: 15,
};

/// Longer, with buffers on both sides, at starts that cut across the others.
pub const BUFFERED: Service = Service {
    id: "buffered",
    minutes: 20,
    before: 5,
    after: 10,
    step: 10,
};

/// What the clinics offer, all of it by the same resources.
pub const SERVICES: [Service; 2] = [PLAIN, BUFFERED];

/// A clinic and the keys to it.
#[derive(Clone, Debug)]
pub struct Clinic {
    pub slug: String,
    pub staff: String,
    pub agent: String,
}

impl Clinic {
    /// A path within the clinic.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/{rest}", self.slug)
    }

    /// Opens a clinic with so many resources.
    pub async fn open(caller: &Caller, admin: &str, slug: String, resources: usize) -> Self {
        let tenant = json!({
            "slug": slug, "name": slug, "time_zone": "Europe/London", "country": "GB",
        });
        created(caller.post(admin, "/v1/tenants", &tenant).await);
        let mut clinic = Self {
            slug,
            staff: String::new(),
            agent: String::new(),
        };
        clinic.staff = clinic.key(caller, admin, "staff").await;
        clinic.agent = clinic.key(caller, admin, "agent").await;
        let names: Vec<_> = (0..resources).map(|number| format!("r{number}")).collect();
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        for name in &names {
            let resource = json!({
                "id": name, "kind": "room", "name": name,
                "opening_hours": [{ "days": days, "from": "00:00", "to": "24:00" }],
            });
            let path = clinic.path("resources");
            created(caller.post(&clinic.staff, &path, &resource).await);
        }
        for service in SERVICES {
            let service = json!({
                "id": service.id, "name": service.id, "minutes": service.minutes,
                "buffer_before_minutes": service.before, "buffer_after_minutes": service.after,
                "step_minutes": service.step, "horizon_days": 400, "resources": names,
            });
            let path = clinic.path("services");
            created(caller.post(&clinic.staff, &path, &service).await);
        }
        clinic
    }

    async fn key(&self, caller: &Caller, admin: &str, scope: &str) -> String {
        let body = json!({ "scope": scope, "label": "torture" });
        let made = created(caller.post(admin, &self.path("keys"), &body).await);
        text(&made, "key").to_owned()
    }

    /// The code that was texted to a phone last, among the newest texts.
    pub async fn code(&self, caller: &Caller, phone: &str, limit: usize) -> Option<String> {
        let path = self.path(&format!("inbox?limit={limit}"));
        let answer = caller.get(&self.staff, &path).await.ok()?;
        codes(&answer.body)
            .find(|(to, _)| *to == phone)
            .map(|(_, code)| code.to_owned())
    }
}

/// The phones and codes of an inbox, newest first.
pub fn codes(inbox: &Value) -> impl Iterator<Item = (&str, &str)> {
    let messages = inbox["messages"].as_array().into_iter().flatten();
    messages.map(|message| {
        let body = text(message, "body");
        let digits = body.find(|letter: char| !letter.is_ascii_digit());
        (text(message, "to"), &body[..digits.unwrap_or(body.len())])
    })
}

fn created(answer: Result<Answer, crate::http::Broken>) -> Value {
    let answer = answer.expect("setting up a clinic is not interrupted");
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

/// The number of the nth mobile phone; each request that creates has one of its own.
pub fn phone(number: u64) -> String {
    format!("+4474{:08}", number % 100_000_000)
}

/// Someone with this phone.
pub fn person(phone: &str) -> Value {
    json!({ "name": "Robin Day", "phone": phone })
}
