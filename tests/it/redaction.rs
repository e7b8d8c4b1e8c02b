//! Redaction against labelled corpora of both classes, and the properties that hold for any text.
//!
//! `tests/corpora/redaction_open.jsonl` was looked at while the rules were written, `redaction_aside.jsonl` was not.
//! Properties run a few hundred texts each; `HOLDFAST_FUZZ_SECONDS=600 cargo fuzz` runs each for ten minutes.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::time::Duration;

use holdfast::clock::Stopwatch;
use holdfast::redact::{
    Conversation, HOLD_BACK_BYTES_MAX, Kind, Measured, Policy, Profile, Redactor, RunError, Span,
    run,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Deserialize;

const OPEN: &str = include_str!("../corpora/redaction_open.jsonl");
const ADVERSARIAL: &str = include_str!("../corpora/redaction_adversarial.jsonl");
const ASIDE: &str = include_str!("../corpora/redaction_aside.jsonl");

#[derive(Deserialize)]
struct Case {
    id: String,
    text: String,
    spans: Vec<Label>,
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Label {
    start: usize,
    end: usize,
    kind: String,
    /// May be found or not.
    #[serde(default)]
    optional: bool,
}

fn cases(corpus: &str) -> Vec<Case> {
    corpus
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line of a corpus is a case"))
        .collect()
}

fn redactor() -> Redactor {
    Redactor::new(Policy::default())
}

/// What the two sides of one comparison hold, without brackets and blanks at the edges.
fn trimmed(text: &str, start: usize, end: usize) -> &str {
    text[start..end].trim_matches([' ', '(', ')', '.', ',', '[', ']'])
}

#[derive(Default)]
struct Score {
    labelled: usize,
    found: usize,
    hit: usize,
    exact: usize,
}

/// Scores by kind, and the findings in texts that hold nothing.
fn score(
    corpus: &str,
) -> (
    BTreeMap<String, Score>,
    BTreeMap<String, Score>,
    Vec<String>,
) {
    let redactor = redactor();
    let (mut kinds, mut tags) = (
        BTreeMap::<String, Score>::new(),
        BTreeMap::<String, Score>::new(),
    );
    let mut false_positives = Vec::new();
    for case in cases(corpus) {
        let outcome = redactor.redact(&case.text);
        if case.tags.iter().any(|tag| tag == "negative") && !outcome.spans.is_empty() {
            false_positives.push(format!("{}: {} -> {}", case.id, case.text, outcome.text));
        }
        for span in &outcome.spans {
            kinds.entry(span.kind.name().to_owned()).or_default().found += 1;
        }
        for label in case.spans.iter().filter(|label| !label.optional) {
            let overlaps = |span: &&Span| {
                span.kind.name() == label.kind && span.start < label.end && label.start < span.end
            };
            let hit = outcome.spans.iter().any(|span| overlaps(&span));
            let wanted = trimmed(&case.text, label.start, label.end);
            let exact = outcome
                .spans
                .iter()
                .filter(overlaps)
                .any(|span| trimmed(&case.text, span.start, span.end) == wanted);
            let note = |score: &mut Score| {
                score.labelled += 1;
                score.hit += usize::from(hit);
                score.exact += usize::from(exact);
            };
            note(kinds.entry(label.kind.clone()).or_default());
            for tag in &case.tags {
                note(tags.entry(tag.clone()).or_default());
            }
        }
    }
    (kinds, tags, false_positives)
}

fn assert_floors(corpus: &str) {
    let (kinds, tags, false_positives) = score(corpus);
    assert!(
        false_positives.is_empty(),
        "findings in texts that hold nothing: {false_positives:#?}"
    );
    let floor = |name: &str, part: usize, whole: usize, least: f64| {
        let share = part as f64 / whole.max(1) as f64;
        assert!(
            share >= least,
            "{name}: {part} of {whole}, and {least} is the floor"
        );
    };
    for (kind, score) in &kinds {
        let medical = kind == Kind::Medical.name();
        floor(
            &format!("recall of {kind}"),
            score.hit,
            score.labelled,
            if medical { 0.97 } else { 0.99 },
        );
        floor(
            &format!("precision of {kind}"),
            score.hit.min(score.found),
            score.found,
            if medical { 0.98 } else { 0.99 },
        );
    }
    let (exact, labelled) = kinds.values().fold((0, 0), |(exact, labelled), score| {
        (exact + score.exact, labelled + score.labelled)
    });
    floor("exact spans", exact, labelled, 0.98);
    for (tag, least) in [
        ("spoken", 0.95),
        ("unicode", 0.98),
        ("structured", 0.99),
        ("ctx_override", 0.98),
    ] {
        if let Some(score) = tags.get(tag) {
            floor(tag, score.hit, score.labelled, least);
        }
    }
}

#[test]
fn open_corpus_meets_its_floors() {
    assert_floors(OPEN);
}

#[test]
fn corpus_kept_aside_meets_its_floors() {
    assert_floors(ASIDE);
}

#[test]
fn redacting_twice_changes_nothing_in_the_corpora() {
    let redactor = redactor();
    for case in cases(OPEN).into_iter().chain(cases(ASIDE)) {
        let once = redactor.redact(&case.text).text.into_owned();
        assert_eq!(redactor.redact(&once).text, once, "of {}", case.text);
    }
}

#[test]
fn a_value_that_was_found_is_decided_around_as_its_placeholder_will_be() {
    let redactor = redactor();
    for (text, redacted) in [
        // Digits that touch the address are no date; four that stand before its placeholder are one.
        ("DOB 0 0 0 0jane.doe@example.com", "DOB [DOB_1] [EMAIL_1]"),
        (
            "call 07700 900142, 07700 900143",
            "call [PHONE_1], [PHONE_2]",
        ),
        ("+[PHONE_1] 07700 900142", "+[PHONE_1] [PHONE_2]"),
        ("________@example.com", "____[EMAIL_1]"),
    ] {
        let once = redactor.redact(text).text.into_owned();
        assert_eq!(once, redacted);
        assert_eq!(redactor.redact(&once).text, once);
    }
}

#[test]
fn equal_values_share_a_placeholder_and_others_do_not() {
    let outcome = redactor()
        .redact("07700 900142, 07700-900-142, 07700 900143, Jane@example.com, jane@EXAMPLE.com");
    assert_eq!(
        outcome.text,
        "[PHONE_1], [PHONE_1], [PHONE_2], [EMAIL_1], [EMAIL_1]"
    );
}

#[test]
fn a_literal_placeholder_never_shares_its_name() {
    let near = redactor()
        .redact("Say [PHONE_1]: 07700 900142 or 07700 900143, not [PHONE_3].")
        .text
        .into_owned();
    assert_eq!(
        near,
        "Say [PHONE_1]: [PHONE_2] or [PHONE_4], not [PHONE_3]."
    );
    let far = format!("07700 900142 {} [PHONE_1] end", "and so on ".repeat(200));
    assert!(
        redactor().redact(&far).text.ends_with("[PHONE_2] end"),
        "a literal out of view is renamed itself"
    );
}

#[test]
fn a_conversation_keeps_its_placeholders() {
    let (redactor, mut conversation) = (redactor(), Conversation::default());
    assert_eq!(
        redactor
            .redact_in(&mut conversation, "I am on 07700 900142")
            .text,
        "I am on [PHONE_1]"
    );
    assert_eq!(
        redactor
            .redact_in(&mut conversation, "07700 900143, or 07700 900142")
            .text,
        "[PHONE_2], or [PHONE_1]"
    );
}

#[test]
fn a_clean_text_comes_back_borrowed() {
    let outcome = redactor().redact("See you on Tuesday at 10:30, room 4, £45.00.");
    assert!(matches!(outcome.text, std::borrow::Cow::Borrowed(_)));
    assert!(outcome.spans.is_empty());
}

#[test]
fn profiles_differ_in_what_they_take() {
    let text = "Dr Jane Miles, 12 High Street, CA 94105, seen 12 March 2024, aged 93";
    let by = |profile| {
        Redactor::new(Policy::new(profile))
            .redact(text)
            .text
            .into_owned()
    };
    assert_eq!(by(Profile::Default), text);
    assert_eq!(
        by(Profile::Strict),
        "Dr [PERSON_1], [ADDRESS_1], CA [ZIP_1], seen 12 March 2024, aged 93"
    );
    assert_eq!(
        by(Profile::SafeHarbor),
        "Dr [PERSON_1], [ADDRESS_1], CA [ZIP 941], seen [DATE 2024], aged [AGE_1]"
    );
}

#[test]
fn a_tenant_adds_terms_and_excludes_values() {
    let mut policy = Policy::default().without_kind(Kind::Url);
    policy
        .add_term(Kind::Person, "Siân O'Neill")
        .expect("a name is a term");
    policy
        .exclude("020 7946 0018")
        .expect("a number is a value");
    let version = policy.version();
    let outcome = Redactor::new(policy)
        .redact("Sian O'Neill rang 020-7946-0018 from 07700 900142, see www.example.com")
        .text
        .into_owned();
    assert_eq!(
        outcome,
        "[PERSON_1] rang 020-7946-0018 from [PHONE_1], see www.example.com"
    );
    assert_ne!(version, Policy::default().version());
    assert!(Policy::default().add_term(Kind::Person, "…").is_err());
    assert!(Policy::default().exclude(&"x".repeat(200)).is_err());
}

#[test]
fn an_audit_record_counts_and_never_quotes() {
    let redactor = redactor();
    let outcome = redactor.redact("Call 07700 900142 about the asthma, or 07700 900143");
    let record = outcome.audit(redactor.policy(), "key 7", "2026-03-02T08:00:00Z", 12);
    let json = serde_json::to_string(&record).expect("a record is plain");
    assert_eq!(
        json,
        r#"{"who":"key 7","when":"2026-03-02T08:00:00Z","policy":"default/2","counts":{"MEDICAL":1,"PHONE":2},"bytes_in":51,"bytes_out":50,"micros":12}"#
    );
}

fn jsonl(input: &[u8]) -> (String, Result<(), RunError>) {
    let mut output = Vec::new();
    let result = run(
        BufReader::new(input),
        &mut output,
        true,
        &redactor(),
        || Duration::ZERO,
        None,
    );
    (String::from_utf8(output).expect("answers are text"), result)
}

fn plain(input: &[u8]) -> (String, Result<(), RunError>) {
    let mut output = Vec::new();
    let result = run(
        BufReader::new(input),
        &mut output,
        false,
        &redactor(),
        || Duration::ZERO,
        None,
    );
    (String::from_utf8(output).expect("answers are text"), result)
}

#[test]
fn json_lines_are_answered_in_order_with_their_ids() {
    let (output, result) = jsonl(
        b"{\"id\":\"a\",\"text\":\"07700 900142\"}\n\n{\"id\":7,\"text\":\"no\\u0020data\"}\n",
    );
    assert!(result.is_ok());
    assert_eq!(
        output,
        "{\"id\":\"a\",\"redacted\":\"[PHONE_1]\",\"spans\":[{\"start\":0,\"end\":12,\"kind\":\"PHONE\"}],\"us\":0.0}\n\
         {\"id\":7,\"redacted\":\"no data\",\"spans\":[],\"us\":0.0}\n"
    );
}

#[test]
fn a_line_that_is_no_question_ends_the_run_without_quoting_it() {
    for bad in [
        &b"07700 900142\n"[..],
        b"{\"id\":1,\"text\":7700900142}\n",
        b"{\"text\":\"07700 900142\"}\n",
        b"{\"id\":1,\"text\":\"\xff07700 900142\"}\n",
        b"{\"id\":1,\"text\":\"07700 900142",
    ] {
        let (output, result) = jsonl(bad);
        let error = result.expect_err("the line is refused").to_string();
        assert_eq!(output, "");
        assert!(
            error.starts_with("line 1 ") && !error.contains("900142"),
            "{error}"
        );
    }
}

#[test]
fn a_witness_hears_of_every_text_before_it_is_written_and_never_what_it_said() {
    for (jsonl, input) in [
        (true, "{\"id\":1,\"text\":\"07700 900142\"}\n"),
        (false, "07700 900142"),
    ] {
        let mut heard = Vec::new();
        let mut witness = |measured: Measured| {
            heard.push(measured);
            Ok(())
        };
        let mut output = Vec::new();
        let clock = || Duration::ZERO;
        run(
            BufReader::new(input.as_bytes()),
            &mut output,
            jsonl,
            &redactor(),
            clock,
            Some(&mut witness),
        )
        .expect("the input is good");
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].counts, BTreeMap::from([("PHONE", 1)]));
        assert_eq!((heard[0].bytes_in, heard[0].bytes_out), (12, 9));

        let mut deaf = |_: Measured| Err(std::io::Error::other("the disk is full"));
        let mut output = Vec::new();
        let refused = run(
            BufReader::new(input.as_bytes()),
            &mut output,
            jsonl,
            &redactor(),
            clock,
            Some(&mut deaf),
        );
        assert!(matches!(refused, Err(RunError::Witness(_))));
        assert!(output.is_empty(), "what nobody recorded is not written");
    }
}

#[test]
fn bytes_that_are_no_text_end_the_run_closed() {
    let (output, result) = plain(b"call 07700 900142 \xff 07700 900143");
    assert_eq!(
        result.expect_err("the byte is refused").to_string(),
        "the input is not UTF-8 at byte 18: convert it first; nothing after this byte was written"
    );
    assert!(!output.contains("9001"));
    let (output, result) = plain("caf\u{e9} 07700 900142".as_bytes());
    assert!(result.is_ok());
    assert_eq!(output, "café [PHONE_1]");
    assert_eq!(plain(b"").0, "");
}

#[test]
fn one_line_of_ten_megabytes_is_answered() {
    let text = "call 07700 900142 or mail jane@example.com on 12/03/2026; ".repeat(180_000);
    let outcome = redactor().redact(&text);
    assert_eq!(outcome.spans.len(), 360_000);
    assert!(!outcome.text.contains("900142"));
}

/// Pieces that values are made of, so that random texts are full of near misses.
#[rustfmt::skip] // A list is read along its lines.
const FRAGMENTS: &[&str] = &[ "07700 900142", "07700", "900142", "+44", "+", "(", ")", "0", "415-555-0132", "415", "4155550132", " ", " ", " ", ", ", ". ", "\n", "-", "/", ":", "@", "jane", "jane.doe@example.com", "example.com", "at", "dot", "com", "https://", "www.", "http://example.com/a?b=c", "192.168.1.10", "192.168", "2001:db8::1", "::", "::1", "4111 1111 1111 1111", "4111", "GB29 NWBK 6016 1331 9268 19", "GB29", "NWBK", "AB 12 34 56 C", "AB123456C", "SW1A 1AA", "SW1A", "1AA", "943 476 5919", "123-45-6789", "NHS number", "NHS", "SSN", "MRN", "DOB", "born", "my number is", "card", "order no.", "ref", "is", "call me on", "phone", "A123456", "12/03/1984", "12 March 1984", "1984", "March", "oh", "seven", "double", "nine hundred", "um", "twelfth", "of", "diabetes", "type 2", "stroke", "cold", "had a", "asthma", "[PHONE_1]", "[EMAIL_2]", "[", "]", "_", "x12", "ext 4", "#", "£", "é", "\u{200b}", "\u{a0}", "０７", "📞", "电话", "a0000000-0000-0000-0000-000000000001", "Dr", "Smith", "12 High Street", "CA 94105", "aged 93", "'s", "%", "postcode", ];

fn fragment() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(FRAGMENTS).prop_map(str::to_owned);
    // What real texts are made of, cut anywhere.
    let lines: Vec<String> = cases(OPEN).into_iter().map(|case| case.text).collect();
    let slices = (prop::sample::select(lines), 0_usize..80, 1_usize..40)
        .prop_map(|(line, from, count)| line.chars().skip(from).take(count).collect());
    // Runs that no view reaches across.
    let runs = (
        prop::sample::select(&[' ', 'a', '1', '.', '-', '\u{200b}'][..]),
        0_usize..120,
    )
        .prop_map(|(character, count)| character.to_string().repeat(count));
    prop_oneof![
        16 => pieces,
        2 => "\\PC{0,6}",
        2 => "[0-9 ]{1,14}",
        2 => "[a-z]{1,9}",
        2 => slices,
        1 => runs,
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..60).prop_map(|pieces| pieces.concat())
}

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
    hold(text(), |text| {
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
    hold(text(), |text| {
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
    hold(text(), |text| {
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
            text(),
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

#[test]
fn texts_that_repeat_one_thing_keep_the_properties() {
    let redactor = redactor();
    for line in ADVERSARIAL.lines() {
        let family: serde_json::Value = serde_json::from_str(line).expect("a family is JSON");
        let unit = family["unit"].as_str().expect("a family has a unit");
        let text = unit.repeat(70_000 / unit.len());
        let whole = redactor.redact(&text);
        let (mut stream, mut out) = (redactor.stream(), String::new());
        stream.push(&text, &mut out);
        stream.finish(&mut out);
        assert_eq!(out, whole.text, "{unit:?}");
        assert!(redactor.redact(&whole.text).spans.is_empty(), "{unit:?}");
    }
}

#[test]
fn values_found_only_because_of_the_next_one_end_where_a_stream_must_let_go() {
    // Each account runs into the label after it and is seen only once the next is a placeholder: such a chain goes back
    // through the whole text, and a stream has given most of that out.
    let redactor = redactor();
    for unit in ["IBAN GB29NWBK60161331926819", "2001:db8::1."] {
        let text = unit.repeat(60);
        let whole = redactor.redact(&text);
        let (mut stream, mut out) = (redactor.stream(), String::new());
        for piece in text.as_bytes().chunks(7) {
            stream.push(
                std::str::from_utf8(piece).expect("the text is ASCII"),
                &mut out,
            );
        }
        stream.finish(&mut out);
        assert_eq!(out, whole.text);
        assert!(!whole.spans.is_empty());
    }
}

#[test]
fn every_corpus_text_survives_every_split() {
    let redactor = redactor();
    for case in cases(OPEN) {
        let whole = redactor.redact(&case.text).text.into_owned();
        for cut in (0..=case.text.len()).filter(|&cut| case.text.is_char_boundary(cut)) {
            let (mut stream, mut out) = (redactor.stream(), String::new());
            stream.push(&case.text[..cut], &mut out);
            stream.push(&case.text[cut..], &mut out);
            stream.finish(&mut out);
            assert_eq!(out, whole);
        }
    }
}
