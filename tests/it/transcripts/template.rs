//! Texts with holes: `<_>`, `<name>` and `<name#digits>`.

use std::collections::BTreeMap;

/// Matches a template with `<_>`, `<name>` and `<name#digits>` against all of a text.
pub fn matches(
    template: &str,
    text: &str,
    names: &BTreeMap<String, String>,
    found: &mut Vec<(String, String)>,
) -> bool {
    let hole = template.split_once('<').and_then(|(before, rest)| {
        let (hole, after) = rest.split_once('>')?;
        Some((before, hole, after))
    });
    let Some((before, hole, after)) = hole else {
        return template == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    let (name, digits) = match hole.split_once('#') {
        Some((name, digits)) => (name, digits.parse().ok()),
        None => (hole, None),
    };
    let known = found
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.clone());
    if let Some(known) = known.or_else(|| names.get(name).cloned()) {
        return rest
            .strip_prefix(known.as_str())
            .is_some_and(|rest| matches(after, rest, names, found));
    }
    let ends = rest
        .char_indices()
        .map(|(place, _)| place)
        .chain([rest.len()]);
    for end in ends {
        let value = &rest[..end];
        let fits = digits.is_none_or(|count: usize| {
            value.len() == count && value.bytes().all(|byte| byte.is_ascii_digit())
        });
        let before = found.len();
        if fits && name != "_" {
            found.push((name.to_owned(), value.to_owned()));
        }
        if fits && matches(after, &rest[end..], names, found) {
            return true;
        }
        found.truncate(before);
    }
    false
}

#[test]
fn a_template_captures_once_and_compares_afterwards() {
    let names = BTreeMap::from([("tenant".to_owned(), "north".to_owned())]);
    let mut found = Vec::new();
    assert!(matches(
        "/t/<tenant>/h/<hold>",
        "/t/north/h/h1",
        &names,
        &mut found
    ));
    assert_eq!(found, [("hold".to_owned(), "h1".to_owned())]);
    assert!(matches("<hold>-<hold>", "h1-h1", &names, &mut found));
    assert!(!matches("<hold>-<hold>", "h1-h2", &names, &mut found));
    let mut found = Vec::new();
    assert!(matches(
        "<_>code <code#6>.<_>",
        "Your code 123456. Bye",
        &names,
        &mut found
    ));
    assert_eq!(found, [("code".to_owned(), "123456".to_owned())]);
}
