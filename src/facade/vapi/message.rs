//! A server message as Vapi sends it, read leniently: what is missing or of another kind is simply not there.
//!
//! Lists of tool calls come in three documented shapes and in an older one; all are read. Nothing is repeated to anyone but ids
//! and names of tools. Every reader looks where the platform writes; what a model wrote is in [`Arguments`] alone.

use serde_json::{Map, Value};

/// One message.
#[derive(Debug)]
pub struct Message(Map<String, Value>);

/// A tool that a model calls.
#[derive(Debug)]
pub struct ToolCall {
    /// Which call of it, to the letter.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// With what; `None`: it cannot be read.
    pub arguments: Option<Arguments>,
}

/// What a model gave to a tool.
#[derive(Debug, Default)]
pub struct Arguments(Map<String, Value>);

/// One call of a tool.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which tool.
    pub tool: &'static str,
    /// Which call of it.
    pub id: Option<&'a str>,
    /// With what.
    pub given: &'a Arguments,
}

impl Message {
    /// Reads one; `None`: it is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let Value::Object(mut body) = serde_json::from_slice(bytes).ok()? else {
            return None;
        };
        match body.remove("message") {
            Some(Value::Object(message)) => Some(Self(message)),
            _ => None,
        }
    }

    /// The platform's fields of a completion's body: beside the messages, or else in its metadata.
    pub fn of_completion(mut body: Map<String, Value>) -> Self {
        let metadata = body.remove("metadata");
        for name in ["call", "customer", "phoneNumber"] {
            let beside = metadata.as_ref().and_then(|metadata| metadata.get(name));
            if let (false, Some(beside)) = (body.contains_key(name), beside) {
                body.insert(name.to_owned(), beside.clone());
            }
        }
        Self(body)
    }

    /// What it is about.
    pub fn kind(&self) -> &str {
        self.text(&["type"]).unwrap_or_default()
    }

    /// The text at a path.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// Whatever stands at a path.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let begin = self.0.get(*first)?;
        rest.iter().try_fold(begin, |value, name| value.get(*name))
    }

    /// What the platform calls the conversation.
    pub fn call(&self) -> Option<&str> {
        self.text(&["call", "id"])
    }

    /// The number that calls, as the platform reports it.
    pub fn customer(&self) -> Option<&str> {
        self.text(&["customer", "number"])
            .or_else(|| self.text(&["call", "customer", "number"]))
    }

    /// The number that was dialled.
    pub fn dialled(&self) -> Option<&str> {
        self.text(&["phoneNumber", "number"])
            .or_else(|| self.text(&["call", "phoneNumber", "number"]))
    }

    /// The tools that are called, in order. One without an id cannot be answered and is left out.
    pub fn tool_calls(&self) -> Vec<ToolCall> {
        let lists = ["toolCallList", "toolCalls", "toolWithToolCallList"];
        let lists = lists
            .iter()
            .filter_map(|name| self.0.get(*name)?.as_array());
        let mut read = lists.map(|list| list.iter().filter_map(tool_call).collect::<Vec<_>>());
        read.find(|calls| !calls.is_empty()).unwrap_or_default()
    }

    /// The outdated event's one function.
    pub fn function_call(&self) -> Option<(&str, Option<Arguments>)> {
        let call = self.0.get("functionCall")?;
        let name = call.get("name")?.as_str()?;
        Some((name, arguments(call)))
    }
}

fn tool_call(item: &Value) -> Option<ToolCall> {
    let inner = item.get("toolCall");
    let function = |of: &Value| of.get("function").cloned();
    let id = item.get("id").or_else(|| inner?.get("id"))?.as_str()?;
    let places = [
        Some(item.clone()),
        function(item),
        inner.cloned(),
        inner.and_then(function),
    ];
    let named = |place: &Value| place.get("name")?.as_str().map(str::to_owned);
    let with = |place: &Value| place.get("arguments").or(place.get("parameters")).is_some();
    let mut places: Vec<Value> = places.into_iter().flatten().collect();
    let name = places.iter().find_map(named).unwrap_or_default();
    places.retain(with);
    Some(ToolCall {
        id: id.to_owned(),
        name,
        arguments: places.first().map_or(Some(Arguments::default()), arguments),
    })
}

/// Arguments as an object, as JSON in a string, or absent; `None`: anything else.
fn arguments(place: &Value) -> Option<Arguments> {
    match place.get("arguments").or(place.get("parameters")) {
        None | Some(Value::Null) => Some(Arguments::default()),
        Some(Value::Object(fields)) => Some(Arguments(fields.clone())),
        Some(Value::String(text)) if text.trim().is_empty() => Some(Arguments::default()),
        Some(Value::String(text)) => serde_json::from_str(text).ok().map(Arguments),
        Some(_) => None,
    }
}

impl Arguments {
    /// What a model wrote, each text of it turned into another; `None`: it cannot be read.
    pub fn turned(text: &str, turn: impl Fn(&str) -> String) -> Option<Self> {
        let mut fields: Map<String, Value> = match text.trim() {
            "" => Map::new(),
            text => serde_json::from_str(text).ok()?,
        };
        for value in fields.values_mut() {
            if let Value::String(text) = value {
                *text = turn(text);
            }
        }
        Some(Self(fields))
    }

    /// One of them alone.
    pub fn only(name: &str, words: &str) -> Self {
        Self(Map::from_iter([(name.to_owned(), Value::from(words))]))
    }

    /// The words of the first of these that says anything. Numbers are words, too; models write `null` and `none` for nothing.
    pub fn words(&self, names: &[&str]) -> Option<String> {
        let said = names.iter().filter_map(|name| match self.0.get(*name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let nothing = |text: &str| {
            let nothing = ["", "null", "none", "undefined", "n/a", "unknown"];
            nothing.contains(&text.to_ascii_lowercase().as_str())
        };
        said.into_iter().find(|text| !nothing(text))
    }

    /// All of it in one order, to tell whether two are the same.
    pub fn canonical(&self) -> String {
        let mut fields: Vec<_> = self.0.iter().collect();
        fields.sort_unstable_by_key(|(name, _)| *name);
        let fields = fields.iter();
        fields
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(list: &str) -> Vec<(String, String, Option<String>)> {
        let body = format!(r#"{{"message":{{"type":"tool-calls",{list}}}}}"#);
        let message = Message::read(body.as_bytes()).expect(list);
        let calls = message.tool_calls().into_iter();
        calls
            .map(|call| {
                let slot = call
                    .arguments
                    .map(|given| given.words(&["slotId"]).unwrap_or_default());
                (call.id, call.name, slot)
            })
            .collect()
    }

    #[test]
    fn a_tool_call_is_read_in_each_of_its_shapes() {
        let one = vec![(
            "tc".to_owned(),
            "reserve_slot".to_owned(),
            Some("x".to_owned()),
        )];
        for list in [
            r#""toolCallList":[{"id":"tc","name":"reserve_slot","arguments":{"slotId":"x"}}]"#,
            r#""toolCallList":[{"id":"tc","name":"reserve_slot","parameters":{"slotId":"x"}}]"#,
            r#""toolCallList":[{"id":"tc","type":"function","function":{"name":"reserve_slot","arguments":"{\"slotId\":\"x\"}"}}]"#,
            r#""toolCallList":[{"id":"tc","type":"function","function":{"name":"reserve_slot","arguments":{"slotId":"x"}}}]"#,
            r#""toolCalls":[{"id":"tc","type":"function","function":{"name":"reserve_slot","arguments":{"slotId":"x"}}}]"#,
            r#""toolCallList":[],"toolWithToolCallList":[{"type":"function","name":"reserve_slot","toolCall":{"id":"tc","function":{"name":"reserve_slot","parameters":{"slotId":"x"}}}}]"#,
        ] {
            assert_eq!(calls(list), one, "{list}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_by_its_id_or_not_there() {
        let broken = calls(
            r#""toolCallList":[{"id":"tc","name":"x","arguments":"{oh"},{"id":"tc2","name":"x","arguments":[]},{"name":"x"},{"id":7},3,null]"#,
        );
        let names: Vec<_> = broken
            .iter()
            .map(|(id, _, read)| (id.as_str(), read.is_some()))
            .collect();
        assert_eq!(names, [("tc", false), ("tc2", false)]);
        assert_eq!(calls(r#""toolCallList":{}"#), []);
        for text in [
            "",
            "[]",
            "{}",
            "null",
            r#"{"message":3}"#,
            r#"{"message":[]}"#,
            "\u{0}",
            &"[".repeat(100_000),
        ] {
            assert!(Message::read(text.as_bytes()).is_none(), "{text:.20}");
        }
        let body = format!(
            r#"{{"message":{}1{}}}"#,
            r#"{"call":"#.repeat(200),
            "}".repeat(200)
        );
        assert!(Message::read(body.as_bytes()).is_none(), "too deep");
    }

    #[test]
    fn the_caller_and_the_call_are_where_the_platform_writes_them() {
        let body = br#"{"message":{"call":{"id":"c","customer":{"number":"+1"},"phoneNumber":{"number":"+2"}}}}"#;
        let message = Message::read(body).expect("a message");
        assert_eq!(
            (message.call(), message.customer(), message.dialled()),
            (Some("c"), Some("+1"), Some("+2"))
        );
        let body = br#"{"message":{"call":{"id":7,"customer":"+1"},"customer":{"number":null}}}"#;
        let message = Message::read(body).expect("a message");
        assert_eq!(
            (message.call(), message.customer(), message.kind()),
            (None, None, "")
        );
    }
}
