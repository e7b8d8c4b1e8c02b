//! The names of numbers below a hundred, as people say them: codes, days and hours are read by the same list.

const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// The number that a word in small letters names: up to nineteen, or a round one from twenty on.
pub fn cardinal(word: &str) -> Option<u8> {
    if let Some(place) = BELOW_TWENTY.iter().position(|name| *name == word) {
        return u8::try_from(place).ok();
    }
    let place = TENS.iter().position(|name| *name == word)?;
    u8::try_from(10 * (place + 2)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_numbers_are_known() {
        let table = [
            ("zero", Some(0)),
            ("nine", Some(9)),
            ("nineteen", Some(19)),
            ("twenty", Some(20)),
            ("ninety", Some(90)),
            ("hundred", None),
            ("One", None),
            ("", None),
        ];
        for (word, number) in table {
            assert_eq!(cardinal(word), number, "{word}");
        }
    }
}
