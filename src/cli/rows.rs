//! JSON as CSV (RFC 4180): a row for each thing, a column for each field that any of them has.
//!
//! Names are given by whoever calls, and spreadsheets take what begins with `=`, `+`, `-` or `@` for a formula: such a value gets
//! an apostrophe in front, unless it is a number or a telephone number.

use serde_json::Value;

/// A thing's fields, those of its own things with a full stop between.
pub fn flat(name: &str, value: &Value, row: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = match name.is_empty() {
                    true => field.clone(),
                    false => format!("{name}.{field}"),
                };
                flat(&name, value, row);
            }
        }
        Value::Null => row.push((name.to_owned(), String::new())),
        Value::String(text) => row.push((name.to_owned(), text.clone())),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            row.push((name.to_owned(), texts.join(" ")));
        }
        other => row.push((name.to_owned(), other.to_string())),
    }
}

/// The rows under one line of column names, in order of their first appearance.
pub fn csv(rows: &[Vec<(String, String)>]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let line = |values: Vec<String>| values.join(",") + "\r\n";
    let mut text = line(columns.iter().map(|name| quoted(name)).collect());
    for row in rows {
        let value = |column: &&str| {
            let value = row.iter().find(|(name, _)| name == column);
            quoted(value.map_or("", |(_, value)| value.as_str()))
        };
        text += &line(columns.iter().map(value).collect());
    }
    text
}

fn quoted(value: &str) -> String {
    let is_formula = value.starts_with(['=', '@', '\t', '\r'])
        || value.starts_with(['+', '-']) && !value[1..].bytes().all(|byte| byte.is_ascii_digit());
    let safe = match is_formula {
        true => format!("'{value}"),
        false => value.to_owned(),
    };
    match safe.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_become_columns_and_nothing_becomes_a_formula() {
        let things = [
            json!({ "id": "a", "person": { "name": "=HYPERLINK(1)", "phone": "+447700900123" } }),
            json!({ "id": "b", "note": "said \"no\", twice", "resources": ["x", "y"], "late": true }),
        ];
        let rows = things.iter().map(|thing| {
            let mut row = Vec::new();
            flat("", thing, &mut row);
            row
        });
        let text = csv(&rows.collect::<Vec<_>>());
        let expected = "id,person.name,person.phone,late,note,resources\r\n\
            a,'=HYPERLINK(1),+447700900123,,,\r\n\
            b,,,true,\"said \"\"no\"\", twice\",x y\r\n";
        assert_eq!(text, expected);
    }
}
