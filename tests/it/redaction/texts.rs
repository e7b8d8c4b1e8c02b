//! Random texts that are full of near misses: pieces of values in any order, and pieces that repeat for long.

use proptest::prelude::*;

use super::{OPEN, cases};

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

pub(super) fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..60).prop_map(|pieces| pieces.concat())
}

/// What may stand between two pieces; most of it joins them.
#[rustfmt::skip] // A list is read along its lines.
const JOINTS: &[&str] = &[ "", "", "", ".", ".", ",", ", ", "-", " ", " ", "  ", "/", ":", ": ", "@", "(", ")", "+", "_", "#", "%", "\n", "\t", "\u{a0}", "\u{200b}", "\u{ad}", "．", "－", "；", "'s ", "x", "[", "]", "[PHONE_1]", "[DATE 1984]" ];

/// A few pieces with joints between them, over and over, so that what is decided about one hangs on all that follow.
pub(super) fn chain() -> impl Strategy<Value = String> {
    let link = (
        prop_oneof![
            6 => prop::sample::select(VALUES).prop_map(str::to_owned),
            2 => prop::sample::select(FRAGMENTS).prop_map(str::to_owned),
            1 => "[0-9]{1,12}",
            1 => fragment(),
        ],
        prop::sample::select(JOINTS),
    )
        .prop_map(|(piece, joint)| piece + joint);
    let period = prop::collection::vec(link, 1..4).prop_map(|links| links.concat());
    let run = (period, 0_usize..2500).prop_map(|(period, length)| {
        let times = length / period.len().max(1) + 1;
        cut(&period.repeat(times.min(400)), length)
    });
    let edge = prop_oneof![2 => Just(String::new()), 1 => prop::collection::vec(fragment(), 0..6).prop_map(|pieces| pieces.concat())];
    (edge.clone(), prop::collection::vec((run, edge), 1..3)).prop_map(|(front, runs)| {
        let runs: String = runs
            .into_iter()
            .map(|(run, behind)| run + &behind)
            .collect();
        front + &runs
    })
}

/// Whole values of every kind, with and without what is said before them.
#[rustfmt::skip] // A list is read along its lines.
const VALUES: &[&str] = &[ "IBAN GB29NWBK60161331926819", "GB29NWBK60161331926819", "GB29 NWBK 6016 1331 9268 19", "DE89370400440532013000", "2001:db8::1", "fe80::1%eth0", "::ffff:10.0.0.1", "192.168.1.10", "192.168.1.10/24", "1.2.3.4", "07700 900142", "07700900142", "+44 7700 900142", "+442079460018", "(020) 7946 0018", "415-555-0132", "(415) 555-0132", "4155550132", "1 415 555 0132 x12", "jane.doe@example.com", "jane_doe@example.com", "jane at example dot com", "j@e.co", "http://example.com/a", "www.example.com", "4111 1111 1111 1111", "4111111111111111", "378282246310005", "943 476 5919", "9434765919", "NHS number 943 476 5919", "123-45-6789", "SSN 123456789", "AB123456C", "AB 12 34 56 C", "NI number AB123456C", "SW1A 1AA", "SW1A1AA", "M1 1AE", "postcode SW1A 1AA", "MRN A123456", "MRN 12345", "DOB 12/03/1984", "born 12 March 1984", "12/03/1984", "12.3.84", "1984-03-12", "20120102", "DOB 12 03 84", "oh seven seven double oh nine hundred one four two", "seven seven", "A B one two three four five six C", "s w one a one a a", "diabetes", "type 2 diabetes", "had a stroke", "cold", "aged 93", "Dr Smith", "my name is Jane", "12 High Street", "CA 94105", "1EG4-TE5-MK73", "order no. 4155550132", "version 1.2.3.4", "a0000000-0000-0000-0000-000000000001", "10:30", "£45.00", "1,234.56", "card 4111", "phone 123456789", "call me on 123 456 789", "my number is 4155550132", "email jane dot doe at example dot com" ];

/// The front of a text, up to `length` bytes or a little more.
fn cut(text: &str, length: usize) -> String {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    text[..end].to_owned()
}

/// Texts of either sort.
pub(super) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![text(), chain()]
}

/// Items of which a list may be as long as it likes.
#[rustfmt::skip] // A list is read along its lines.
pub(super) const LISTS: &[&str] = &[ "36.6", "120/80", "98 %", "12.5 mg", "1.2.3.4.5", "v1.2.3", "2.14.2", "1.2.840.10008.5.1.4", "1.3.6.1.4.1.311", "2026-03-02", "2026-03-02T08:00:00Z", "02/03/2026", "10:30", "10:30-11:00", "12:00:05.123", "£45.00", "$1,234.56", "1,234,567", "0.0012", "-51.507412", "51.5074, -0.1278", "4155550132", "1234567890", "20260114-0032", "INV-2026-00012", "SKU 12345-678", "LOT 4471", "d41d8cd98f00b204e9800998ecf8427e", "a0000000-0000-0000-0000-000000000001", "0xdeadbeef", "1712345678", "1712345678123", "3 x 4 x 5", "A4", "B12", "W2 3rd", "ISBN 978-3-16-148410-0", "10.1000/182", "chr1:12345-67890", "00:1B:44:11:3A:B7", "std::vec", "a::b", "1:2", "3:0:1", "12 345 678", "555-0132", "1-2-3-4-5", "7 8 9 10", "0 0 0 0", "row 12 page 3", "order no. 4155550132", "ref 07700900142", "version 1.2.3.4", "booking 943 476 5919", "ticket 123-45-6789", "item,4,12.50,50.00", "12,0.5,7.25,2026-03-02,ok", "t=12.5ms", "#12345", "GB29", "AB12", "x1", "1a2b3c4d", "10%", "1/2", "4-1 win", "Q3", "5th", "E11.9", "ICD-10 E11.9" ];
