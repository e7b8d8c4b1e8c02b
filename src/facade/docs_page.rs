//! The page of `/docs`: the OpenAPI document as one page that asks nothing of any other server.
//!
//! Rendered from the document once, without scripts, so that it works offline and under a strict content policy. (A
//! bundled viewer would bring some thirty packages and four megabytes for the same.)

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430}\
h2{margin-top:2.5rem;border-bottom:1px solid #cbd5e1}h3{font-size:1rem;margin:1.5rem 0 .25rem}\
code{background:#f1f5f9;padding:.1rem .3rem;border-radius:.2rem}table{border-collapse:collapse;width:100%;font-size:.9rem}\
td{border-top:1px solid #e2e8f0;padding:.25rem .5rem;vertical-align:top}td:first-child{white-space:nowrap;width:14rem}\
summary{cursor:pointer}.method{text-transform:uppercase;font-weight:700}";
/// What the page may load: nothing but its own style.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page of a document.
pub fn page(document: &str) -> String {
    render(&serde_json::from_str(document).unwrap_or(Value::Null))
}

fn render(document: &Value) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>holdfast</title><style>{STYLE}</style></head><body>\
         <h1>holdfast {}</h1><p>{}</p><p>The document itself: <a href=\"/openapi.json\">/openapi.json</a>.</p>",
        text(&document["info"]["version"]),
        text(&document["info"]["description"]),
    );
    let nothing = Map::new();
    // By tag, so that what belongs together stands together.
    let mut by_tag: BTreeMap<String, Vec<(&str, &str, &Value)>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap_or(&nothing) {
        for (method, operation) in item.as_object().unwrap_or(&nothing) {
            let tag = text(&operation["tags"][0]);
            by_tag
                .entry(tag)
                .or_default()
                .push((method, path, operation));
        }
    }
    for (tag, operations) in by_tag {
        push(&mut page, format_args!("<h2>{tag}</h2>"));
        for (method, path, operation) in operations {
            render_operation(&mut page, method, path, operation);
        }
    }
    page.push_str("<h2>Bodies</h2>");
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .unwrap_or(&nothing)
    {
        render_schema(&mut page, name, schema);
    }
    page.push_str("</body></html>");
    page
}

fn render_operation(page: &mut String, method: &str, path: &str, operation: &Value) {
    let summary = text(&operation["summary"]);
    push(
        page,
        format_args!(
            "<h3><span class=\"method\">{}</span> <code>{}</code></h3><p>{summary} {}</p><table>",
            escaped(method),
            escaped(path),
            text(&operation["description"])
        ),
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = text(&parameter["in"]);
        row(
            page,
            &format!("{} ({place})", text(&parameter["name"])),
            &text(&parameter["description"]),
        );
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        row(page, "body", &kind(body));
    }
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let shape = kind(&answer["content"]["application/json"]["schema"]);
        row(
            page,
            &escaped(status),
            &format!("{shape} {}", text(&answer["description"])),
        );
    }
    page.push_str("</table>");
}

fn render_schema(page: &mut String, name: &str, schema: &Value) {
    let name = escaped(name);
    push(
        page,
        format_args!(
            "<h3 id=\"{name}\">{name}</h3><p>{}</p><table>",
            text(&schema["description"])
        ),
    );
    let required = schema["required"].as_array();
    for (field, shape) in schema["properties"].as_object().into_iter().flatten() {
        let needed = required.is_some_and(|names| names.iter().any(|name| name == field));
        let optional = if needed { "" } else { "?" };
        row(
            page,
            &format!("{}{optional}: {}", escaped(field), kind(shape)),
            &text(&shape["description"]),
        );
    }
    page.push_str("</table>");
}

/// A schema in a word, linked where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        let name = escaped(name);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        let words: Vec<_> = choices
            .iter()
            .map(kind)
            .filter(|word| word != "null")
            .collect();
        return words.join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => {
            format!("list of {}", self::kind(&schema["items"]))
        }
        Value::String(kind) => escaped(kind),
        Value::Array(kinds) => {
            let words: Vec<_> = kinds
                .iter()
                .map(text)
                .filter(|word| word != "null")
                .collect();
            words.join(" or ")
        }
        _ => String::new(),
    }
}

fn row(page: &mut String, name: &str, words: &str) {
    push(
        page,
        format_args!("<tr><td>{name}</td><td>{words}</td></tr>"),
    );
}

fn push(page: &mut String, words: std::fmt::Arguments<'_>) {
    page.write_fmt(words).expect("a String takes any text");
}

/// Words of the document, in which `code` stands between backticks.
fn text(value: &Value) -> String {
    let words = escaped(value.as_str().unwrap_or(""));
    let pieces = words.split('`').enumerate();
    pieces
        .map(|(place, piece)| match place % 2 {
            0 => piece.to_owned(),
            _ => format!("<code>{piece}</code>"),
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
