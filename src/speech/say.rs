//! Times as they are said aloud: "Tuesday 1 December at 2:30 pm".
//!
//! Weekday and day always, so that whoever misheard or was misheard notices; the year only where it is not this one. What reads these
//! sentences aloud is a machine: figures, no abbreviations but am and pm, no line breaks.

use jiff::civil::{Date, DateTime, Time};

/// A day: "Tuesday 1 December", "Tuesday 4 January 2028" in another year than today's.
pub fn day(date: Date, today: Date) -> String {
    let said = date.strftime("%A %-d %B").to_string();
    let is_near = date.year() == today.year() || (0..=180).contains(&(date - today).get_days());
    if is_near {
        said
    } else {
        format!("{said} {}", date.year())
    }
}

/// An hour: "9 am", "2:30 pm", "noon", "midnight".
pub fn hour(time: Time) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    match (hour, minute) {
        (0, 0) => return "midnight".to_owned(),
        (12, 0) => return "noon".to_owned(),
        _ => {}
    }
    let half = if hour < 12 { "am" } else { "pm" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    if minute == 0 {
        format!("{hour} {half}")
    } else {
        format!("{hour}:{minute:02} {half}")
    }
}

/// A moment: "Tuesday 1 December at 2:30 pm".
pub fn moment(at: DateTime, today: Date) -> String {
    format!("{} at {}", day(at.date(), today), hour(at.time()))
}

/// A list: "a", "a or b", "a, b or c".
pub fn any_of(items: &[String]) -> String {
    joined(items, "or")
}

/// A list: "a", "a and b", "a, b and c".
pub fn all_of(items: &[String]) -> String {
    joined(items, "and")
}

fn joined(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// What anyone wrote, as one line that can be spoken: no line breaks, no runs of blanks.
pub fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
