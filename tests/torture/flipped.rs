//! Flips one bit somewhere in a state and says what it hit, as far as docs/journal-format.md lets one tell.

use std::path::{Path, PathBuf};

use rand::RngExt;
use rand::rngs::StdRng;

const SEGMENT_HEADER: usize = 40;
const FRAME_HEADER: usize = 44;
const DIGEST: usize = 32;
const MAGIC: [u8; 4] = [0xF5, b'h', b'f', b'1'];

/// Whose business it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One clinic's entry.
    Clinic,
    /// What all need: the instance's own entries, a segment's header, a key.
    Everyones,
    /// What can be made again, or was not used.
    Nobodys,
}

/// What was hit.
#[derive(Debug)]
pub struct Hit {
    pub what: &'static str,
    pub whose: Whose,
    /// Under a checksum or a digest of the journal, so that it must be found.
    pub is_covered: bool,
    #[expect(dead_code, reason = "told with a violation")]
    pub file: PathBuf,
    #[expect(dead_code, reason = "told with a violation")]
    pub byte: usize,
    #[expect(dead_code, reason = "told with a violation")]
    pub bit: u8,
}

/// Flips one: mostly among the bytes in use, each as likely as any other; at times in any file alike, and beyond what is used.
pub fn flip(state: &Path, chance: &mut StdRng) -> Hit {
    let mut files = Vec::new();
    list(state, &mut files);
    files.sort();
    let used: Vec<_> = files
        .iter()
        .map(|file| used(&std::fs::read(file).unwrap_or_default()))
        .collect();
    let at = match chance.random_range(0..4) {
        0 => chance.random_range(0..files.len()),
        _ => {
            let mut place = chance.random_range(0..used.iter().sum::<usize>().max(1));
            let at = used.iter().position(|used| {
                let is_here = place < *used;
                place = place.saturating_sub(*used);
                is_here
            });
            at.unwrap_or(0)
        }
    };
    let file = &files[at];
    let mut bytes = std::fs::read(file).expect("a file of the state can be read");
    let most = match chance.random_range(0..10) {
        0 => bytes.len(),
        _ => used[at],
    };
    let (byte, bit) = (
        chance.random_range(0..most.max(1)),
        chance.random_range(0..8),
    );
    let (what, whose, is_covered) = what(state, file, &bytes, byte);
    bytes[byte] ^= 1 << bit;
    write(file, &bytes);
    Hit {
        what,
        whose,
        is_covered,
        file: file.strip_prefix(state).unwrap_or(file).to_owned(),
        byte,
        bit,
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let length = entry.metadata().map_or(0, |about| about.len());
        match path.is_dir() {
            true => list(&path, files),
            false if length > 0 => files.push(path),
            false => {}
        }
    }
}

fn used(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1)
}

fn write(file: &Path, bytes: &[u8]) {
    use std::io::Write;
    // Sealed segments are read-only for their owner too.
    let mut permissions = std::fs::metadata(file).expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    std::fs::set_permissions(file, permissions).expect("it can be made writable");
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .open(file)
        .expect("it can be opened");
    out.write_all(bytes).expect("it can be written");
}

fn what(state: &Path, file: &Path, bytes: &[u8], byte: usize) -> (&'static str, Whose, bool) {
    let name = file
        .strip_prefix(state)
        .unwrap_or(file)
        .to_string_lossy()
        .into_owned();
    match name.as_str() {
        "master.key" => ("master key", Whose::Everyones, false),
        "admin.key" => ("admin key", Whose::Nobodys, false),
        name if name.starts_with("journal/") && name.ends_with(".journal") => {
            in_segment(bytes, byte)
        }
        name if name.starts_with("snapshots") => ("snapshots", Whose::Nobodys, false),
        _ => ("what can be made again", Whose::Nobodys, false),
    }
}

/// Walks the frames of a segment that is whole.
fn in_segment(bytes: &[u8], byte: usize) -> (&'static str, Whose, bool) {
    if used(bytes) == 0 || byte >= used(bytes) + FRAME_HEADER {
        return ("unused zeros", Whose::Nobodys, false);
    }
    if byte < SEGMENT_HEADER {
        return ("segment header", Whose::Everyones, true);
    }
    let mut start = SEGMENT_HEADER;
    while let Some(header) = bytes.get(start..start + FRAME_HEADER)
        && header[..4] == MAGIC
    {
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
                as usize
        };
        let (covered, personal) = (word(4), word(8));
        let digest = if personal > 0 { DIGEST } else { 0 };
        let end = start + FRAME_HEADER + digest + covered + personal;
        if byte < end {
            if bytes.get(end..end + MAGIC.len()) != Some(&MAGIC) {
                // What damages it cannot be told from a torn tail.
                return ("last entry", Whose::Nobodys, false);
            }
            let is_instance = header[28..44].iter().all(|byte| *byte == 0);
            return match (is_instance, byte < start + FRAME_HEADER) {
                (true, _) => ("instance's entry", Whose::Everyones, true),
                (false, true) => ("header of a clinic's frame", Whose::Clinic, true),
                (false, false) if byte < end - personal => ("clinic's entry", Whose::Clinic, true),
                (false, false) => ("clinic's personal part", Whose::Clinic, true),
            };
        }
        start = end;
    }
    ("zeros just after the end", Whose::Nobodys, false)
}
