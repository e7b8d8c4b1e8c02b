//! One turn from its beginning to its end: what is known is looked up, the model is asked, its words are passed on, its tools are
//! carried out, and whatever fails the caller hears a sentence.
//!
//! It ends when it has spoken, when its time is over, when the house closes, or when nobody listens any more; whichever it is, what
//! was being waited for is dropped, and with it the connection to the model.

use std::time::Duration;

use ring::digest::{Context, SHA256};
use serde_json::{Value, json};

use super::known::Known;
use super::prompt;
use super::request::Request;
use super::stream::Mouth;
use super::veil::{Lifting, Veil};
use crate::clock::Stopwatch;
use crate::facade::redaction::Occasion;
use crate::facade::upstream::{Failure, Wanted};
use crate::facade::vapi::call::Call;
use crate::facade::vapi::line::Line;
use crate::facade::vapi::message::{Arguments, Asked};
use crate::facade::vapi::tools::FOREIGN;
use crate::facade::vapi::words::Said;
use crate::facade::vapi::{clinic, tools};
use crate::limits::{
    TOOL_CALLS_MAX, TURN_CLOSING_TIME_MAX, TURN_ROUNDS_MAX, TURN_TIME_MAX, TURN_WORDS_BYTES_MAX,
    VOICE_TIME_MAX,
};
use crate::metrics::TurnEnd;
use crate::model::{ModelKey, Models};

/// Said where nothing was said yet.
const SORRY: &str = "One moment, I cannot look that up just now. Please say it again, or ask for the clinic's desk.";
/// Said where something was.
const LOST: &str = " I am sorry, I have lost my thread. Please say that again.";

/// Whoever speaks in a turn.
struct Speaker<'a> {
    call: &'a Call<'a>,
    request: &'a Request,
    mouth: &'a Mouth,
    since: Stopwatch,
    /// Time that passed with the model before the first word.
    upstream: Duration,
    /// When the first word was said.
    first: Option<Duration>,
    said_bytes: usize,
    rounds: usize,
    tools: usize,
}

/// Speaks a turn.
pub async fn run(line: Line, request: Request, mouth: Mouth) {
    let call = Call::of(&line, &request.message);
    let mut speaker = Speaker {
        call: &call,
        request: &request,
        mouth: &mouth,
        since: Stopwatch::start(),
        upstream: Duration::ZERO,
        first: None,
        said_bytes: 0,
        rounds: 0,
        tools: 0,
    };
    let closing = async {
        line.facade.readiness.closing().await;
        tokio::time::sleep(TURN_CLOSING_TIME_MAX).await;
    };
    let end = tokio::select! {
        biased;
        () = mouth.unheard() => TurnEnd::Unheard,
        () = closing => speaker.fail(),
        end = tokio::time::timeout(TURN_TIME_MAX, speaker.turn()) => match end {
            Ok(end) => end,
            Err(_) => speaker.fail(),
        },
    };
    speaker.record(end);
}

impl Speaker<'_> {
    async fn turn(&mut self) -> TurnEnd {
        if self.call.is_foreign {
            self.say(FOREIGN.to_owned()).await;
            return TurnEnd::Known;
        }
        let Some(_share) = self
            .call
            .line
            .facade
            .turns
            .take(self.call.line.tenant.slug())
        else {
            return self.fail();
        };
        // A turn is a sign of life of its call; what it takes to write that down is not waited for.
        let call = self.call;
        let (end, _) = tokio::join!(self.answer(), call.keep_holds());
        end
    }

    async fn answer(&mut self) -> TurnEnd {
        let known = Known::of(self.call, self.request).await;
        if let Some(answer) = known.at_once(self.call, self.request) {
            self.say(answer.to_owned()).await;
            return TurnEnd::Known;
        }
        let Some(access) = known.models.clone() else {
            let words = self.without_model().await;
            self.say(words).await;
            return TurnEnd::Known;
        };
        match self.converse(&known, &access.models).await {
            Ok(()) => TurnEnd::Spoken,
            Err(failure) => {
                let tenant = self.call.line.tenant.slug();
                tracing::warn!(%tenant, %failure, "a clinic's model did not finish a turn");
                match known.answer.filter(|_| self.said_bytes == 0) {
                    Some(answer) => {
                        self.say(answer).await;
                        TurnEnd::Failed
                    }
                    None => self.fail(),
                }
            }
        }
    }

    /// What is known here of what was asked.
    async fn without_model(&self) -> String {
        let given = Arguments::only("question", self.request.question());
        let asked = Asked {
            tool: "clinic_info",
            id: None,
            given: &given,
        };
        let answered = tokio::time::timeout(VOICE_TIME_MAX, clinic::info(self.call, &asked)).await;
        match answered {
            Ok(Ok(said)) => said.words().to_owned(),
            _ => SORRY.to_owned(),
        }
    }

    /// Asks the model, as often as it calls tools.
    async fn converse(&mut self, known: &Known, models: &Models<ModelKey>) -> Result<(), Failure> {
        let facade = &self.call.line.facade;
        let awaited = known.is_holding.then_some(facade.options.code_digits);
        let mut veil = Veil::new(&known.names, &known.catalogue, awaited);
        let mut messages = prompt::messages(self.call, known, self.request, &mut veil);
        veil.record(&self.occasion());
        while self.rounds < TURN_ROUNDS_MAX {
            self.rounds += 1;
            let body = prompt::body(models, &messages, self.rounds < TURN_ROUNDS_MAX);
            let (spoken, wanted) = self.listen(models, body, &veil).await?;
            if wanted.is_empty() {
                return match self.said_bytes {
                    0 => Err(Failure::Silent),
                    _ => Ok(()),
                };
            }
            messages.push(called(&spoken, &wanted));
            for one in &wanted {
                let said = self.carry_out(one, &veil).await?;
                let content = veil.put(said.words());
                messages
                    .push(json!({ "role": "tool", "tool_call_id": one.id, "content": content }));
            }
        }
        Err(Failure::TooMuch)
    }

    /// Passes on what the model says, and gives it with the tools that it calls.
    async fn listen(
        &mut self,
        models: &Models<ModelKey>,
        body: String,
        veil: &Veil,
    ) -> Result<(String, Vec<Wanted>), Failure> {
        let upstream = &self.call.line.facade.upstream;
        let watch = Stopwatch::start();
        let mut reply = upstream.chat(&models.chat, body).await?;
        self.waited(&watch);
        let (mut lifting, mut spoken) = (Lifting::default(), String::new());
        loop {
            let watch = Stopwatch::start();
            let words = reply.next().await?;
            self.waited(&watch);
            let Some(words) = words else { break };
            // What is said before a tool and after it are two sentences.
            let is_joined = self.said_bytes > 0 && spoken.is_empty() && !words.starts_with(' ');
            let lifted = lifting.feed(veil, &words);
            spoken += &words;
            self.say(if is_joined {
                format!(" {lifted}")
            } else {
                lifted
            })
            .await;
            if self.said_bytes > TURN_WORDS_BYTES_MAX {
                return Err(Failure::TooMuch);
            }
        }
        self.say(lifting.finish()).await;
        let mut wanted = reply.wanted();
        for (place, one) in wanted
            .iter_mut()
            .enumerate()
            .filter(|(_, one)| one.id.is_empty())
        {
            one.id = format!("call_{}_{place}", self.rounds);
        }
        Ok((spoken, wanted))
    }

    /// Carries out a tool, with what the model could not see put back into what it gave.
    async fn carry_out(&mut self, wanted: &Wanted, veil: &Veil) -> Result<Said, Failure> {
        self.tools += 1;
        if self.tools > TOOL_CALLS_MAX {
            return Err(Failure::TooMuch);
        }
        let given = Arguments::turned(&wanted.arguments, |text| veil.lift(text));
        let id = self.id_of(&wanted.id);
        let (name, given) = (wanted.name.as_str(), given.as_ref());
        Ok(tools::answer(self.call, name, Some(&id), given, VOICE_TIME_MAX).await)
    }

    /// A tool call's id, for this turn alone: models number their calls anew each time, and two that are called the same are not.
    fn id_of(&self, id: &str) -> String {
        let mut context = Context::new(&SHA256);
        let lines = self.request.lines.iter();
        for part in lines.map(|line| line.words.as_str()).chain([id]) {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let digest = context.finish();
        let digest: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("turn {digest} {} {}", self.rounds, self.tools)
    }

    async fn say(&mut self, words: String) {
        if words.is_empty() {
            return;
        }
        self.said_bytes += words.len();
        self.mouth.say(words).await;
        let since = &self.since;
        self.first.get_or_insert_with(|| since.elapsed());
    }

    /// Time that passed with the model.
    fn waited(&mut self, watch: &Stopwatch) {
        if self.first.is_none() {
            self.upstream += watch.elapsed();
        }
    }

    /// Says that it does not go on.
    fn fail(&mut self) -> TurnEnd {
        self.mouth.say_last(match self.said_bytes {
            0 => SORRY,
            _ => LOST,
        });
        TurnEnd::Failed
    }

    fn occasion(&self) -> Occasion {
        let line = self.call.line;
        Occasion {
            principal: line.principal(),
            tenant: line.tenant.slug().clone(),
            when: line.tenant.zone().rfc3339(line.facade.clock.now()),
        }
    }

    /// Counts the turn, and writes a line that says how long it took and nothing of what was said.
    fn record(&self, end: TurnEnd) {
        let metrics = &self.call.line.facade.metrics;
        let first = self.first;
        let own = first.map(|first| first.saturating_sub(self.upstream));
        metrics.count_turn(end, first.zip(own));
        let micros = |time: Option<Duration>| time.map(|time| time.as_micros());
        tracing::info!(
            tenant = %self.call.line.tenant.slug(),
            end = end.as_str(),
            rounds = self.rounds,
            tools = self.tools,
            first_word_us = ?micros(first),
            own_us = ?micros(own),
            took_us = self.since.elapsed().as_micros(),
            "a turn was spoken"
        );
    }
}

/// What the model said and called, as it is told again: in its own words, placeholders and all.
fn called(spoken: &str, wanted: &[Wanted]) -> Value {
    let calls = wanted.iter().map(|one| {
        json!({
            "id": one.id, "type": "function",
            "function": { "name": one.name, "arguments": one.arguments },
        })
    });
    let content = (!spoken.is_empty()).then_some(spoken);
    json!({ "role": "assistant", "content": content, "tool_calls": calls.collect::<Vec<_>>() })
}
