//! What holds for any text: offsets, replacement, idempotence, and any split into chunks.
//!
//! Each property runs over a few hundred texts; `HOLDFAST_FUZZ_SECONDS=600 cargo fuzz` runs each for ten minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast::clock::Stopwatch;
use holdfast::redact::{HOLD_BACK_BYTES_MAX, Policy, Profile, Redactor, Span};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::redactor;
use super::texts::any_text;

/// Runs a property over random texts: a few hundred, or as many as the seconds asked for allow.
fn hold<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let asked = std::env::var("HOLDFAST_FUZZ_SECONDS").ok();
    let seconds = asked.and_then(|seconds| seconds.parse().ok());
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let stopwatch = Stopwatch::start();
    let mut texts = 0_u64;
    loop {
        if let Err(failure) = TestRunner::new(config.clone()).run(&strategy, &property) {
            panic!("{failure}");
        }
        texts += u64::from(config.cases);
        if stopwatch.elapsed() >= Duration::from_secs(seconds.unwrap_or(0)) {
            break;
        }
    }
    if seconds.is_some() {
        println!("{texts} texts");
    }
}

fn profiles() -> [Redactor; 3] {
    [Profile::Default, Profile::Strict, Profile::SafeHarbor]
        .map(|profile| Redactor::new(Policy::new(profile)))
}

#[test]
fn spans_are_sorted_disjoint_and_on_boundaries() {
    let redactors = profiles();
    hold(any_text(), |text| {
        for redactor in &redactors {
            let outcome = redactor.redact(&text);
            let mut last = 0;
            for span in &outcome.spans {
                prop_assert!(last <= span.start && span.start < span.end && span.end <= text.len());
                prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
                last = span.end;
            }
        }
        Ok(())
    });
}

/// The placeholder of each span, and the text between them; fails if the redacted text is anything else.
fn replaced(
    text: &str,
    redacted: &str,
    spans: &[Span],
) -> Result<(Vec<String>, String), TestCaseError> {
    let (mut rest, mut last) = (redacted, 0);
    let (mut placeholders, mut kept) = (Vec::new(), String::new());
    for span in spans {
        rest = rest
            .strip_prefix(&text[last..span.start])
            .ok_or_else(|| TestCaseError::fail("kept text differs"))?;
        kept.push_str(&text[last..span.start]);
        let close = rest
            .find(']')
            .ok_or_else(|| TestCaseError::fail("no placeholder"))?;
        let opening = format!("[{}_", span.kind);
        prop_assert!(
            rest.starts_with(&opening),
            "{rest} does not begin with {opening}"
        );
        placeholders.push(rest[..=close].to_owned());
        rest = &rest[close + 1..];
        last = span.end;
    }
    prop_assert_eq!(rest, &text[last..]);
    kept.push_str(rest);
    Ok((placeholders, kept))
}

#[test]
fn the_redacted_text_is_the_text_with_each_span_replaced() {
    let redactor = redactor();
    hold(any_text(), |text| {
        let outcome = redactor.redact(&text);
        let (placeholders, kept) = replaced(&text, &outcome.text, &outcome.spans)?;
        let (mut values, mut names) = (BTreeMap::new(), BTreeMap::new());
        for (placeholder, span) in placeholders.iter().zip(&outcome.spans) {
            prop_assert!(
                !kept.contains(placeholder.as_str()),
                "{placeholder} was in the text"
            );
            // What other scripts' digits and letters are equal to is the room's own business.
            let value = &text[span.start..span.end];
            if !value.is_ascii() {
                continue;
            }
            let value = (
                span.kind,
                value.replace(|c: char| !c.is_alphanumeric() && c != '@', ""),
            );
            let value = (value.0, value.1.to_lowercase());
            prop_assert_eq!(
                values
                    .entry(placeholder.clone())
                    .or_insert_with(|| value.clone()),
                &value,
                "two values, one name"
            );
            prop_assert_eq!(
                names.entry(value).or_insert_with(|| placeholder.clone()),
                placeholder,
                "one value, two names"
            );
        }
        Ok(())
    });
}

#[test]
fn redacting_twice_changes_nothing() {
    let redactors = profiles();
    hold(any_text(), |text| {
        for redactor in &redactors {
            let once = redactor.redact(&text).text.into_owned();
            let twice = redactor.redact(&once);
            prop_assert_eq!(&twice.text, &once, "of {:?}", text);
            prop_assert!(twice.spans.is_empty());
        }
        Ok(())
    });
}

#[test]
fn chunks_give_what_the_whole_gives() {
    let redactors = profiles();
    hold(
        (
            any_text(),
            prop::collection::vec(prop_oneof![3 => 1_usize..90, 1 => 90_usize..700], 1..40),
        ),
        |(text, cuts)| {
            // Three times the text, so that decisions fall on both sides of the horizon.
            let text = format!("{text} {text}\n{text}");
            for redactor in &redactors {
                let whole = redactor.redact(&text);
                let (mut stream, mut out, mut spans) =
                    (redactor.stream(), String::new(), Vec::new());
                let (mut from, mut turn) = (0, 0);
                while from < text.len() {
                    let mut to = (from + cuts[turn % cuts.len()]).min(text.len());
                    while !text.is_char_boundary(to) {
                        to += 1;
                    }
                    stream.push(&text[from..to], &mut out);
                    spans.extend(stream.take_spans());
                    prop_assert!(stream.pending() <= HOLD_BACK_BYTES_MAX);
                    (from, turn) = (to, turn + 1);
                }
                spans.extend(stream.finish(&mut out));
                prop_assert_eq!(&out, &whole.text);
                prop_assert_eq!(&spans, &whole.spans);
            }
            Ok(())
        },
    );
}
