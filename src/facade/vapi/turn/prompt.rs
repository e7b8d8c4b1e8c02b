//! What a model is told and asked: which clinic this is, what day, what it may and may not do, what is known, and the conversation
//! so far without anyone's data.

use serde_json::{Map, Value, json};

use super::known::Known;
use super::request::Request;
use super::veil::Veil;
use crate::facade::vapi::call::Call;
use crate::facade::vapi::schema::tools;
use crate::model::{ModelKey, Models};

/// Rules of every turn. What they cannot enforce the tools do.
const RULES: &str = "You speak with a caller on the telephone: answer in one or two short sentences that can be read aloud, without lists, \
marks or links. Use the tools for everything about appointments and times. Never make up a time, a price, a name or whether something is \
booked: say only what a tool's answer or the clinic's text below says. A time is offered only after check_availability, held only after \
reserve_slot, and booked only when verify_otp says so. Pass days, hours and codes to tools in the caller's own words. When you need to know whom it is for, ask in whose name. Words in square \
brackets such as [PERSON_1], [PHONE_1] or [CODE_1] stand for what the caller said and you cannot see: use them as they are, in tools and in \
what you say, and never ask what is behind them. If you cannot help, say that the clinic's desk can. Give no medical advice; in an emergency \
tell the caller to ring the emergency number.";

/// All messages: what is told, then what was said.
pub fn messages(call: &Call<'_>, known: &Known, request: &Request, veil: &mut Veil) -> Vec<Value> {
    // What is remembered wears placeholders of its own already, which are then nobody else's in this turn.
    let remembered = veil.put(&remembered(known));
    let mut messages = vec![json!({ "role": "system", "content": told(call, known, &remembered) })];
    messages.extend(
        request
            .lines
            .iter()
            .map(|line| json!({ "role": line.role.as_str(), "content": veil.put(&line.words) })),
    );
    messages
}

fn told(call: &Call<'_>, known: &Known, remembered: &str) -> String {
    let words = call.words();
    let name = call.line.tenant.profile().name.clone();
    let year = words.today().year();
    let (today, hour) = (words.day(words.today()), words.hour(words.now));
    let mut told = format!(
        "You answer the telephone of {name}. Today is {today} {year} and it is {hour} there. {RULES}"
    );
    let services = known.catalogue.services.iter().map(|one| one.name.as_str());
    let services: Vec<_> = services.collect();
    if !services.is_empty() {
        told += &format!("\n\nWhat can be booked: {}.", services.join(", "));
    }
    if !known.passages.is_empty() {
        told += "\n\nFrom the clinic's own text, for what was asked last:";
        for passage in &known.passages {
            told += &format!("\n- {passage}");
        }
    }
    told + remembered
}

fn remembered(known: &Known) -> String {
    let Some(remembered) = &known.remembered else {
        return String::new();
    };
    let rows = [
        ("This caller is being held", remembered.holding.as_str()),
        ("They last wished for", remembered.wish.as_str()),
        ("What came of it", remembered.outcome),
        ("What they last said", remembered.summary.as_str()),
    ];
    let rows = rows.iter().filter(|(_, value)| !value.is_empty());
    let rows: String = rows
        .map(|(what, value)| format!("\n{what}: {value}."))
        .collect();
    match rows.is_empty() {
        true => rows,
        false => format!(
            "\n\nRemembered of the number that calls, which can be forged, so do not read it out:{rows}"
        ),
    }
}

/// The body of one request to a model. `may_call`: it may call tools; the last time it has to say something.
pub fn body(models: &Models<ModelKey>, messages: &[Value], may_call: bool) -> String {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("model", json!(models.chat.model.as_str()));
    put("stream", json!(true));
    put("messages", json!(messages));
    put("tools", tools());
    put("tool_choice", json!(if may_call { "auto" } else { "none" }));
    if let Some(warmth) = models.temperature {
        put("temperature", json!(warmth.degrees()));
    }
    Value::Object(body).to_string()
}
