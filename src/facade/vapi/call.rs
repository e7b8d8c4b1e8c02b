//! One conversation on a clinic's line: who calls, as the platform reports it, and what can be asked of the clinic for them.
//!
//! Every instruction goes out as one of the line's own, bound to the caller's number and call; the ledger says what is theirs.

use ring::digest::{Context, SHA256};

use super::line::Line;
use super::message::{Arguments, Message};
use super::words::Words;
use crate::facade::redaction::Occasion;
use crate::ledger::{CallerView, Catalogue, Command, HoldView, Query, RequestKey, Twin, View};
use crate::limits;
use crate::model::{CallReference, FreeText, HoldId, Phone};
use crate::speech::Reckoning;
use crate::tenant::{Answer, CallerLook, Idempotency, Instruction, Refused, Request};

/// One conversation.
pub struct Call<'a> {
    /// On which line.
    pub line: &'a Line,
    /// From which phone; `None`: it has no number, as from a web page.
    pub phone: Option<Phone>,
    /// Which; `None`: the platform does not say.
    pub id: Option<CallReference>,
    /// It came by a number that is not this clinic's.
    pub is_foreign: bool,
}

/// The names under which a request is known again: of the tool call, and of what it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    own: [u8; 32],
    twin: Twin,
}

impl Names {
    fn request(self) -> RequestKey {
        RequestKey {
            hash: self.own,
            reused: false,
            twin: Some(self.twin),
        }
    }

    fn idempotency(self) -> Idempotency {
        Idempotency {
            key: self.own,
            // The same tool call is the same request, whatever it says the second time.
            body: self.own,
            twin: Some(self.twin),
        }
    }
}

impl<'a> Call<'a> {
    /// The conversation that a message is part of.
    pub fn of(line: &'a Line, message: &Message) -> Self {
        let country = &line.tenant.profile().country;
        let phone = |text: &str| Phone::parse(text, country).ok();
        let numbers = &line.access.settings.phone_numbers;
        let is_own = |text: &str| match phone(text) {
            Some(dialled) => numbers.iter().any(|own| own == dialled.expose()),
            None => true,
        };
        Self {
            line,
            phone: message.customer().and_then(phone),
            id: message.call().and_then(CallReference::new),
            is_foreign: !numbers.is_empty() && message.dialled().is_some_and(|text| !is_own(text)),
        }
    }

    /// How the clinic speaks now.
    pub fn words(&self) -> Words {
        Words {
            zone: self.line.tenant.zone(),
            now: self.line.facade.clock.now(),
        }
    }

    /// What dates are reckoned from.
    pub fn reckoning(&self) -> Reckoning {
        Reckoning {
            today: self.words().today(),
            day_first: self.line.tenant.profile().country != "US",
        }
    }

    /// This conversation, as the record of a redaction names it.
    pub fn occasion(&self) -> Occasion {
        let words = self.words();
        Occasion {
            principal: self.line.principal(),
            tenant: self.line.tenant.slug().clone(),
            when: words.zone.rfc3339(words.now),
        }
    }

    /// Looks something up.
    pub async fn look(&self, query: Query) -> Result<View, Refused> {
        let seen = self.line.tenant.query(self.line.principal(), query).await;
        seen.map(|seen| seen.view)
    }

    /// What can be booked and with whom.
    pub async fn catalogue(&self) -> Result<Catalogue, Refused> {
        match self.look(Query::Catalogue).await? {
            View::Catalogue(catalogue) => Ok(catalogue),
            _ => unreachable!("a look at the catalogue is answered with it"),
        }
    }

    /// What the caller has, and what a request got that was made before.
    pub async fn theirs(&self, names: Option<Names>) -> Result<CallerView, Refused> {
        let look = CallerLook {
            viewer: self.line.principal(),
            phone: self.phone.clone(),
            call: self.id.clone(),
            request: names.map(Names::request),
        };
        self.line.tenant.of_caller(look).await
    }

    /// Has the clinic do something.
    pub async fn execute(
        &self,
        instruction: Instruction,
        names: Option<Names>,
    ) -> Result<Answer, Refused> {
        let request = Request {
            principal: self.line.principal(),
            idempotency: names.map(Names::idempotency),
            instruction,
        };
        self.line.tenant.execute(request).await
    }

    /// Has it done to what is the caller's.
    pub async fn to_theirs(
        &self,
        deed: Command,
        reason: Option<FreeText>,
        names: Option<Names>,
    ) -> Result<Answer, Refused> {
        let instruction = Instruction::OnTheLine {
            phone: self.phone.clone(),
            call: self.id.clone(),
            deed,
            reason,
        };
        self.execute(instruction, names).await
    }

    /// The names of a request in this call; none where the call has none: nothing else tells two callers apart. `about` is
    /// the hold that it is about, where that stays the same when it is done.
    pub fn names(
        &self,
        tool: &str,
        id: Option<&str>,
        given: &Arguments,
        about: Option<HoldId>,
    ) -> Option<Names> {
        let call = self.id.as_ref()?;
        // The call's own name is as random as it is personal: without it these digests tell nothing of what was said.
        let digest = |what: &str, rest: &str| {
            let mut context = Context::new(&SHA256);
            for part in ["vapi", what, call.expose(), tool, rest] {
                context.update(&(part.len() as u64).to_le_bytes());
                context.update(part.as_bytes());
            }
            let mut digest = [0; 32];
            digest.copy_from_slice(context.finish().as_ref());
            digest
        };
        let about = about.map(|hold| hold.to_string()).unwrap_or_default();
        let wish = digest("wish", &(given.canonical() + &about));
        let is_repeatable = ["send_otp", "extend_hold", "release_hold"].contains(&tool);
        Some(Names {
            own: id.map_or(wish, |id| digest("call", id)),
            twin: Twin {
                hash: wish,
                seconds: match is_repeatable {
                    true => limits::TOOL_TWINS_SHORT_SECONDS,
                    false => limits::TOOL_TWINS_SECONDS,
                },
            },
        })
    }

    /// Keeps what the caller holds while they talk: whatever is about to lapse is held on, as long as a hold can last.
    pub async fn keep_holds(&self) -> Result<(), Refused> {
        if self.phone.is_none() && self.id.is_none() {
            return Ok(());
        }
        let now = self.line.facade.clock.now();
        let is_short = |hold: &HoldView| {
            let left = hold.expires_at.seconds_since(now);
            left < limits::CALL_HOLD_LEFT_SECONDS && hold.expires_at < hold.lifetime_ends_at
        };
        let held = self.theirs(None).await?.holds;
        for hold in held
            .iter()
            .filter(|hold| is_short(hold))
            .map(|hold| hold.id)
        {
            let deed = Command::ExtendHold {
                hold,
                ttl_seconds: limits::CALL_HOLD_SECONDS,
                if_version: None,
            };
            // Whatever it became meanwhile, the tool that is about to be called will say.
            let _ = self.to_theirs(deed, None, None).await;
        }
        Ok(())
    }
}
