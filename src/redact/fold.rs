//! The ASCII shadow of a text, in which all matching is done.
//!
//! Full-width, Arabic-Indic, mathematical and other digits become `0`–`9`, Unicode dashes and spaces their ASCII
//! likeness, accents are taken off Latin letters, and invisible characters vanish; each shadow byte remembers the
//! character it came from. A text of ASCII alone is its own shadow and costs one copy. Invariant: shadow offsets grow
//! with text offsets, and each shadow byte stands for exactly one character. Called by the scan alone.

/// Shadow of a letter that has no ASCII likeness but stands in words (Greek, Cyrillic …).
pub(crate) const LETTER: u8 = 0x80;
/// Shadow of a letter of scripts written without blanks; a number may touch it.
pub(crate) const IDEOGRAPH: u8 = 0x81;
/// Shadow of anything else beyond ASCII: emoji, symbols.
pub(crate) const SYMBOL: u8 = 0x82;

/// What stands where a value was found or a placeholder was: nothing looks across it, and no text folds to it.
pub(crate) const MARK: u8 = 0x83;

/// More invisible characters in a row than this stop being invisible, so that a value's length stays bounded.
const INVISIBLE_RUN_MAX: usize = 2;

/// Zero digits of the decimal blocks outside ASCII; each is followed by its other nine.
const ZEROES: [u32; 44] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x11066, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1FBF0,
];

/// Base letters of U+00C0 to U+017F; a blank keeps the letter without likeness.
const LATIN: &[u8; 192] = b"AAAAAAACEEEEIIIIDNOOOOO OUUUUYTsaaaaaaaceeeeiiiidnooooo ouuuuyty\
AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/// Fills `bytes` with the shadow of `text` and `map` with the text offset of each shadow byte; of a text of ASCII alone the
/// map stays empty.
pub(crate) fn fold_into(text: &str, bytes: &mut Vec<u8>, map: &mut Vec<u32>) {
    bytes.clear();
    map.clear();
    if text.is_ascii() {
        bytes.extend_from_slice(text.as_bytes());
        return;
    }
    let mut invisible = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let (eights, _) = rest.as_chunks::<8>();
        let eights = eights.iter().take_while(|eight| eight.is_ascii()).count() * 8;
        let further = rest[eights..].iter().position(|byte| !byte.is_ascii());
        let plain = eights + further.unwrap_or(rest.len() - eights);
        if plain > 0 {
            bytes.extend_from_slice(&text.as_bytes()[at..at + plain]);
            map.extend(offset(at)..offset(at + plain));
            invisible = 0;
            at += plain;
        }
        let Some(character) = text[at..].chars().next() else {
            break;
        };
        match fold(character) {
            Some(byte) => {
                invisible = 0;
                bytes.push(byte);
                map.push(offset(at));
            }
            None if invisible < INVISIBLE_RUN_MAX => invisible += 1,
            None => {
                bytes.push(SYMBOL);
                map.push(offset(at));
            }
        }
        at += character.len_utf8();
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("the scan hands over slices far below 4 GiB")
}

/// What is left of an ASCII byte when values are compared; 0 for nothing.
const SQUASHED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        if byte.is_ascii_alphanumeric() || byte == b'@' {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// A value as it is compared with others: letters, digits and `@` alone, in lower case, digits of any script as ASCII.
pub(crate) fn squash(text: &str) -> String {
    let mut squashed = Vec::with_capacity(text.len());
    squash_into(text, &mut squashed);
    String::from_utf8(squashed).unwrap_or_default()
}

/// Appends the squashed form of `text`.
pub(crate) fn squash_into(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        let mut len = out.len();
        out.resize(len + text.len(), 0);
        for byte in text.bytes() {
            let squashed = SQUASHED[byte as usize];
            out[len] = squashed;
            len += usize::from(squashed != 0);
        }
        out.truncate(len);
        return;
    }
    for character in text.chars() {
        match fold(character) {
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'@' => {
                out.push(byte.to_ascii_lowercase())
            }
            Some(LETTER | IDEOGRAPH) => {
                for lower in character.to_lowercase() {
                    out.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            _ => {}
        }
    }
}

/// The shadow of one character; `None` for those nobody sees.
fn fold(character: char) -> Option<u8> {
    let code = character as u32;
    if code < 0x80 {
        return Some(code as u8);
    }
    Some(match code {
        0x00AD | 0x034F | 0x0300..=0x036F | 0x061C | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E => {
            return None;
        }
        0x2060..=0x2064 | 0x2066..=0x206F | 0x20E3 | 0xFE00..=0xFE0F | 0xFEFF => return None,
        0x0085 | 0x2028 | 0x2029 => b'\n',
        0x00A0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => b' ',
        0x00AA | 0x00BA | 0x00B5 => LETTER,
        0x00B7 | 0x2024 | 0x2027 | 0x30FB | 0x3002 => b'.',
        0x00B9 => b'1',
        0x00B2 | 0x00B3 => (code - 0x80) as u8,
        0x2070 | 0x2074..=0x2079 => (code - 0x2040) as u8,
        0x2080..=0x2089 => (code - 0x2050) as u8,
        0x2460..=0x2468 => (code - 0x2460) as u8 + b'1',
        0x24EA => b'0',
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0x2E3A | 0x2E3B | 0xFE58 | 0xFE63 | 0x30FC => b'-',
        0x2018 | 0x2019 | 0x02BC => b'\'',
        0x201C | 0x201D => b'"',
        0x2044 | 0x2215 => b'/',
        0x00A2..=0x00A5 | 0x20A0..=0x20BF => b'$',
        0x2236 => b':',
        0xFE6B => b'@',
        0xFF0B..=0xFF0F | 0xFF01..=0xFF0A | 0xFF1A..=0xFF5E => (code - 0xFEE0) as u8,
        0x00C0..=0x017F => match LATIN[(code - 0x00C0) as usize] {
            b' ' => SYMBOL,
            letter => letter,
        },
        0x0180..=0x065F | 0x1E00..=0x1FFF => other(character, LETTER),
        0x1D400..=0x1D6A3 => {
            let within = (code - 0x1D400) % 52;
            if within < 26 {
                b'A' + within as u8
            } else {
                b'a' + (within - 26) as u8
            }
        }
        _ => digit(code).unwrap_or_else(|| other(character, IDEOGRAPH)),
    })
}

fn digit(code: u32) -> Option<u8> {
    let at = ZEROES
        .partition_point(|&zero| zero <= code)
        .checked_sub(1)?;
    let value = code - ZEROES[at];
    (value < 10).then(|| b'0' + value as u8)
}

fn other(character: char, letter: u8) -> u8 {
    if character.is_alphabetic() {
        letter
    } else {
        SYMBOL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shadow(text: &str) -> String {
        let (mut bytes, mut map) = (Vec::new(), Vec::new());
        fold_into(text, &mut bytes, &mut map);
        bytes.iter().map(|&byte| byte as char).collect()
    }

    #[test]
    fn digits_of_every_script_become_ascii() {
        assert_eq!(shadow("０٧۷७𝟕𝟽"), "077777");
        assert_eq!(shadow("0️⃣7️⃣"), "07");
    }

    #[test]
    fn blanks_dashes_and_accents_find_their_likeness() {
        assert_eq!(shadow("a\u{a0}b\u{2009}c–d\u{ad}e\u{200b}f"), "a b c-def");
        assert_eq!(shadow("Ménière Ÿż"), "Meniere Yz");
        assert_eq!(LATIN.len(), 192);
    }
}
