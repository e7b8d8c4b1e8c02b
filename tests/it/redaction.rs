//! Redaction against labelled corpora of both classes, and by examples.
//!
//! `tests/corpora/redaction_open.jsonl` was looked at while the rules were written, `redaction_aside.jsonl` was not.
//! What holds for any text is in `properties`, and the texts that it is tried on are made in `texts`.

mod properties;
mod texts;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::time::Duration;

use holdfast::redact::{
    Conversation, Kind, Measured, Policy, Profile, Redactor, RunError, Span, run,
};
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
fn chains_of_values_that_uncover_each_other_are_found_whole() {
    // Each runs into the one after it and is seen only once that is a placeholder, back through the whole text.
    let redactor = redactor();
    for (unit, telling) in [
        ("IBAN GB29NWBK60161331926819", "GB29"),
        ("IBAN GB30NWBK60161331926819", "GB30"),
        ("IBAN GB29 NWBK 6016 1331 9268 19", "9268"),
        ("2001:db8::1.", "2001"),
        ("2001:db8::1:", "2001"),
    ] {
        for times in [2, 3, 7, 8, 9, 12, 17, 18, 25, 60, 200] {
            for behind in ["", ".", " and so on", "\nthe end", "[PHONE_1]"] {
                let text = unit.repeat(times) + behind;
                let whole = redactor.redact(&text);
                let found = unit.repeat(2) + behind;
                if !redactor.redact(&found).text.contains(telling) {
                    assert!(
                        !whole.text.contains(telling),
                        "{times} times {unit:?} and {behind:?}: {}",
                        whole.text
                    );
                }
                assert!(redactor.redact(&whole.text).spans.is_empty());
                let (mut stream, mut out) = (redactor.stream(), String::new());
                for piece in text.as_bytes().chunks(7) {
                    let piece = std::str::from_utf8(piece).expect("the text is ASCII");
                    stream.push(piece, &mut out);
                }
                stream.finish(&mut out);
                assert_eq!(out, whole.text);
            }
        }
    }
}

#[test]
fn a_long_address_of_wide_characters_is_cut_alike_however_it_comes() {
    let redactor = redactor();
    for wide in [".\u{200b}", "a\u{200b}\u{200b}", "é", "𝟏"] {
        let address = format!("http://example.com/{}", "a/b/c".repeat(50));
        let text = format!("{address}{} and so on", wide.repeat(300));
        let whole = redactor.redact(&text);
        let (mut stream, mut out) = (redactor.stream(), String::new());
        for piece in text.chars() {
            stream.push(piece.encode_utf8(&mut [0; 4]), &mut out);
        }
        stream.finish(&mut out);
        assert_eq!(out, whole.text);
        assert!(redactor.redact(&out).spans.is_empty());
    }
}

#[test]
fn long_lists_that_hold_nothing_are_kept() {
    let redactors = [redactor(), Redactor::new(Policy::new(Profile::Strict))];
    for unit in texts::LISTS {
        for joint in ["", " ", ", ", ",", "; ", "\n", "\t", " | "] {
            let item = format!("{unit}{joint}");
            let text = item.repeat(1500 / item.len() + 1);
            for redactor in &redactors {
                let few = redactor.redact(&item.repeat(3)).spans.len();
                let many = redactor.redact(&text);
                assert!(few > 0 || many.spans.is_empty(), "{item:?}: {}", many.text);
            }
        }
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
