//! Numbering plans: which digits can be a telephone number of Britain, North America or any other country.
//!
//! Tables and arithmetic only, on digits without punctuation. Reserved and fictitious ranges count as numbers, so no
//! list of allocated ranges is kept: such a list ages, and a number it does not know would leak.

use std::sync::LazyLock;

/// Least and greatest length of the national number, by calling code; no code has the length 0.
static CALLING_CODES: LazyLock<Vec<(u8, u8)>> = LazyLock::new(|| {
    let mut codes = vec![(0, 0); 1000];
    let list = include_str!("../../../data/redact/calling_codes.txt");
    for item in list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
    {
        let (code, bounds) = item
            .split_once(':')
            .expect("an item of the list is `code:min-max`");
        let (least, most) = bounds
            .split_once('-')
            .expect("an item of the list is `code:min-max`");
        let number = |text: &str| text.parse::<u16>().expect("the list holds numbers");
        codes[usize::from(number(code))] = (number(least) as u8, number(most) as u8);
    }
    codes
});

/// A calling code at the front of `digits`: how many digits it has, and the bounds of what follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Country {
    /// Digits of the code.
    pub(crate) code_len: usize,
    /// The code.
    pub(crate) code: u16,
    /// Fewest digits after it.
    pub(crate) least: usize,
    /// Most digits after it.
    pub(crate) most: usize,
}

/// The country whose calling code `digits` begin with.
pub(crate) fn country(digits: &[u8]) -> Option<Country> {
    (1..=3.min(digits.len())).find_map(|code_len| {
        let code = digits[..code_len]
            .iter()
            .fold(0, |code, &digit| code * 10 + u16::from(digit - b'0'));
        let (least, most) = CALLING_CODES[usize::from(code)];
        (most > 0).then_some(Country {
            code_len,
            code,
            least: least as usize,
            most: most as usize,
        })
    })
}

/// Whether `digits`, with the leading 0, are a British national number.
pub(crate) fn is_british(digits: &[u8]) -> bool {
    let [b'0', second, third, rest @ ..] = digits else {
        return false;
    };
    let (second, third) = (second - b'0', third - b'0');
    match digits.len() {
        11 => match second {
            1 => third >= 1,
            2 => matches!(third, 0 | 1 | 3 | 4 | 8 | 9),
            3 => matches!(third, 0 | 1 | 3 | 4 | 7),
            5 => matches!(third, 5 | 6),
            7 => true,
            8 => matches!(third, 0 | 2 | 4 | 7),
            9 => matches!(third, 0 | 1 | 8),
            _ => false,
        },
        10 => {
            (second == 8 && third == 0 && rest.first() == Some(&b'0'))
                || (second == 5 && third == 0)
                || (second == 1 && third >= 1)
        }
        _ => false,
    }
}

/// Whether ten digits are a North American number: neither area nor exchange begins with 0 or 1.
pub(crate) fn is_american(digits: &[u8]) -> bool {
    let [
        area,
        area_second,
        _,
        exchange,
        exchange_second,
        exchange_third,
        ..,
    ] = digits
    else {
        return false;
    };
    digits.len() == 10
        && *area >= b'2'
        && *area_second != b'9'
        && *exchange >= b'2'
        && !(*exchange_second == b'1' && *exchange_third == b'1')
}

/// The last digit of an NHS number is right.
pub(crate) fn is_nhs(digits: &[u8]) -> bool {
    if digits.len() != 10 || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let sum: u32 = digits[..9]
        .iter()
        .zip((2..=10).rev())
        .map(|(&digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    match 11 - sum % 11 {
        11 => digits[9] == b'0',
        10 => false,
        check => u32::from(digits[9] - b'0') == check,
    }
}

/// The card check of Luhn.
pub(crate) fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let value = u32::from(digit - b'0');
            match (place % 2 == 1, value) {
                (false, value) => value,
                (true, value) if value < 5 => value * 2,
                (true, value) => value * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether digits of that many and that beginning are issued as payment cards.
pub(crate) fn is_issuer(digits: &[u8]) -> bool {
    let front = |count: usize| {
        digits[..count]
            .iter()
            .fold(0u32, |value, &digit| value * 10 + u32::from(digit - b'0'))
    };
    let len = digits.len();
    if !(12..=19).contains(&len) {
        return false;
    }
    match front(1) {
        1 => len == 15,
        2 => len == 16 && (2221..=2720).contains(&front(4)),
        3 => match front(2) {
            34 | 37 => len == 15,
            35 => (3528..=3589).contains(&front(4)) && len == 16,
            30 | 36 | 38 | 39 => len == 14 || len == 16,
            _ => false,
        },
        4 => matches!(len, 13 | 16 | 19),
        5 => len == 16 || (matches!(front(2), 50 | 56..=58) && (12..=19).contains(&len)),
        6 => match front(2) {
            60 | 62 | 64 | 65 => (16..=19).contains(&len),
            63 | 67..=69 => (12..=19).contains(&len),
            _ => len == 16,
        },
        8 => front(2) == 81 && len == 16,
        _ => false,
    }
}

/// Whether nine digits are a social security number that could be issued.
pub(crate) fn is_social_security(digits: &[u8]) -> bool {
    digits.len() == 9
        && digits[0] != b'9'
        && !matches!(&digits[..3], b"000" | b"666")
        && &digits[3..5] != b"00"
        && &digits[5..] != b"0000"
}
