//! This program's own record: what every acknowledged answer said, and which requests were never answered.
//!
//! It is all that the judgement rests on; the server is never asked what it thinks it acknowledged. A thing (hold or
//! appointment) belongs to one caller, who has at most one request in flight, so what an unanswered request may have changed is
//! always one step of one thing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::http::{Answer, text};

/// What was acknowledged of a hold.
#[derive(Clone, Debug)]
pub struct Hold {
    pub clinic: usize,
    pub phone: String,
    /// Its state, in the words of the last answer about it.
    pub body: Value,
    pub code_sent: bool,
    pub code: Option<String>,
    /// Until when it works: never beyond the hold as it was when the code was sent.
    pub code_expires: Option<jiff::Timestamp>,
    pub attempts_left: Option<u64>,
}

/// What was acknowledged of an appointment.
#[derive(Clone, Debug)]
pub struct Appointment {
    pub clinic: usize,
    pub body: Value,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Place,
    Extend,
    Release,
    SendCode,
    Confirm,
    WrongCode,
    Book,
    Cancel,
    Reschedule,
}

/// A request as it was, or will again be, sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub verb: Verb,
    pub clinic: usize,
    pub staff: bool,
    pub method: Method,
    pub path: String,
    pub idempotency_key: Option<String>,
    pub body: Option<Value>,
    /// The phone, if it creates: no two requests have the same.
    pub phone: String,
    /// Which hold or appointment of the record it is about, unless it creates.
    pub about: usize,
}

/// Everything acknowledged, and everything unanswered.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub holds: Vec<Hold>,
    pub appointments: Vec<Appointment>,
    pub unanswered: Vec<Sent>,
    pub acknowledged: usize,
    pub refused: usize,
    pub violations: Vec<String>,
}

/// What became of a request that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Hold(usize),
    Appointment(usize),
    Nothing,
}

impl Record {
    /// Takes an answer down. Whatever the contract does not allow for such a request is a violation.
    pub fn take(&mut self, sent: &Sent, answer: &Answer) -> Became {
        let code = text(&answer.body, "code");
        let at = sent.about;
        let became = match (sent.verb, answer.status, code) {
            (Verb::Place, 201, _) => {
                self.holds.push(Hold {
                    clinic: sent.clinic,
                    phone: sent.phone.clone(),
                    body: answer.body.clone(),
                    code_sent: false,
                    code: None,
                    code_expires: None,
                    attempts_left: None,
                });
                Became::Hold(self.holds.len() - 1)
            }
            (Verb::Extend, 200, _) => {
                self.holds[at].body = answer.body.clone();
                Became::Hold(at)
            }
            (Verb::Release, 204, _) => {
                // A hold that ran out before it was released stays run out; the record cannot tell, `verify` allows for it.
                self.holds[at].body["status"] = json!("released");
                Became::Hold(at)
            }
            (Verb::SendCode, 200 | 202, _) => {
                self.holds[at].code_sent = true;
                self.holds[at].code_expires = text(&answer.body, "expires_at").parse().ok();
                Became::Hold(at)
            }
            (Verb::Confirm, 201, _) | (Verb::Confirm, 200, _) => {
                self.holds[at].body["status"] = json!("confirmed");
                self.holds[at].body["appointment"] = answer.body["id"].clone();
                self.appointment(sent.clinic, answer)
            }
            (Verb::WrongCode, 422, "code-mismatch") => {
                self.count_attempt(sent, answer);
                Became::Nothing
            }
            (Verb::Book, 201, _) => self.appointment(sent.clinic, answer),
            (Verb::Cancel | Verb::Reschedule, 200, _) => {
                self.appointments[at].body = answer.body.clone();
                Became::Appointment(at)
            }
            (Verb::Place | Verb::Book | Verb::Reschedule, 409, "slot-taken")
            | (Verb::Place | Verb::Book | Verb::Reschedule, 422, "slot-not-offered")
            | (Verb::Extend, 409, "hold-lifetime-reached")
            | (Verb::WrongCode, 423, "verification-locked") => {
                self.refused += 1;
                return Became::Nothing;
            }
            (
                Verb::Extend | Verb::SendCode | Verb::Confirm | Verb::WrongCode,
                410,
                "hold-expired",
            ) if self.ran_out(at) => {
                self.refused += 1;
                return Became::Nothing;
            }
            // Its text had to wait until nobody could use it any more, and was not sent then.
            (Verb::SendCode, 502, "sms-not-sent") if self.ran_out(at) => {
                self.refused += 1;
                return Became::Nothing;
            }
            (Verb::Confirm | Verb::WrongCode, 410, "code-expired") if self.code_is_over(at) => {
                self.refused += 1;
                self.holds[at].code_sent = false;
                self.holds[at].code = None;
                return Became::Nothing;
            }
            _ => {
                let fault = format!(
                    "{:?} {} got {} {}",
                    sent.verb, sent.path, answer.status, answer.body
                );
                self.violations.push(fault);
                return Became::Nothing;
            }
        };
        self.acknowledged += 1;
        became
    }

    fn appointment(&mut self, clinic: usize, answer: &Answer) -> Became {
        let mut body = answer.body.clone();
        if let Some(body) = body.as_object_mut() {
            body.remove("replayed");
        }
        self.appointments.push(Appointment { clinic, body });
        Became::Appointment(self.appointments.len() - 1)
    }

    /// Wrong codes are counted for good: the next one must leave fewer, whatever happened in between.
    fn count_attempt(&mut self, sent: &Sent, answer: &Answer) {
        let left = answer.body["attempts_left"].as_u64();
        let before = self.holds[sent.about].attempts_left;
        if let (Some(before), Some(left)) = (before, left)
            && left >= before
        {
            let fault = format!(
                "{} forgot a wrong code: {before} attempts left, then {left}",
                sent.path
            );
            self.violations.push(fault);
        }
        self.holds[sent.about].attempts_left = left;
    }

    fn code_is_over(&self, hold: usize) -> bool {
        let expires = self.holds[hold].code_expires;
        expires.is_some_and(|expires| expires <= crate::watch::now())
    }

    /// By its acknowledged expiry, this hold is over by now.
    pub fn ran_out(&self, hold: usize) -> bool {
        let expires = text(&self.holds[hold].body, "expires_at").parse::<jiff::Timestamp>();
        expires.is_ok_and(|expires| expires <= crate::watch::now())
    }
}
