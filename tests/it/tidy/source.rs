//! Rust read just well enough for the rules of the house: words with their lines, paths spelt out, modules in order.
//!
//! Not a parser: it knows comments, literals, brackets and `use` trees, and nothing of types. Only `tidy` calls it.

use std::fs;
use std::path::Path;

/// A word of the code: a name, a `::`, one other character, or `""` for a literal.
pub struct Word {
    pub text: String,
    pub line: usize,
}

/// A path as it would be without `use` trees, and its line.
pub type Named = (Vec<String>, usize);

/// A file: its path below `src/` or `tests/`, its text, its words and paths without comments and unit tests.
pub struct File {
    pub path: String,
    pub text: String,
    pub words: Vec<Word>,
    pub paths: Vec<Named>,
}

/// The files of one folder, by path.
pub struct Tree(pub Vec<File>);

impl Tree {
    /// What is on disk, but for files of unit tests.
    pub fn read(folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs")
                    && !path.ends_with("tests.rs")
                {
                    let below = path.strip_prefix(&root).expect("below the root");
                    let parts = below.iter().map(|part| part.to_string_lossy());
                    let name = parts.collect::<Vec<_>>().join("/");
                    files.push(File::new(&name, &fs::read_to_string(&path).expect("text")));
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self(files)
    }

    /// The modules a folder declares, in order, and what its door re-exports from which of them.
    pub fn declared(&self, folder: &[String]) -> (Vec<String>, Vec<(String, String)>) {
        let door = match folder {
            [] => "lib.rs".to_owned(),
            _ => format!("{}/mod.rs", folder.join("/")),
        };
        let Some(door) = self.0.iter().find(|file| file.path == door) else {
            return Default::default();
        };
        let declared = door
            .words
            .windows(3)
            .filter(|words| words[0].text == "mod" && words[2].text == ";");
        let names: Vec<String> = declared.map(|words| words[1].text.clone()).collect();
        let exported = door.paths.iter().filter_map(|(path, _)| match &path[..] {
            [module, .., item] if names.contains(module) => Some((item.clone(), module.clone())),
            _ => None,
        });
        let exported = exported.collect();
        (names, exported)
    }
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        let words = without_tests(words(text));
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            paths: paths(&words),
            words,
        }
    }

    pub fn line_count(&self) -> usize {
        self.text.lines().count()
    }

    pub fn is_door(&self) -> bool {
        self.path.ends_with("/mod.rs")
    }

    /// Whether it is one of these files or in one of these folders (`name/`).
    pub fn is_in(&self, rooms: &[&str]) -> bool {
        rooms
            .iter()
            .any(|room| self.path == *room || room.ends_with('/') && self.path.starts_with(room))
    }

    /// Its module: `ledger/rules/holds.rs` and `ledger/rules/mod.rs` are in `ledger::rules`.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs");
        let path = path.trim_end_matches("/mod").trim_end_matches("lib");
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The paths into this crate, from its root. A second `super` is left in.
    pub fn own_paths(&self) -> Vec<Named> {
        let mut above = self.module();
        above.pop();
        let within = self
            .paths
            .iter()
            .filter_map(|(path, line)| match path.split_first()? {
                (root, rest) if root == "crate" => Some((rest.to_vec(), *line)),
                (root, rest) if root == "super" => Some(([&above[..], rest].concat(), *line)),
                _ => None,
            });
        within.filter(|(path, _)| !path.is_empty()).collect()
    }

    /// The lines with a path that has this in it; `name::`: that begins with it.
    pub fn naming(&self, name: &str) -> Vec<usize> {
        let parts: Vec<&str> = name.split("::").filter(|part| !part.is_empty()).collect();
        let names = |path: &Vec<String>| match name.ends_with("::") {
            true => path.len() > 1 && path[0] == parts[0],
            false => path.windows(parts.len()).any(|part| part == parts),
        };
        self.paths
            .iter()
            .filter(|(path, _)| names(path))
            .map(|(_, line)| *line)
            .collect()
    }

    /// Where these words stand in a row: places in `words`.
    pub fn places(&self, pattern: &str) -> Vec<usize> {
        let pattern = words(pattern);
        let same = |at: &usize| {
            let here = &self.words[*at..*at + pattern.len()];
            here.iter()
                .zip(&pattern)
                .all(|(word, wanted)| word.text == wanted.text)
        };
        let places = (self.words.len() + 1).saturating_sub(pattern.len());
        (0..places).filter(same).collect()
    }

    /// Every function: its name, first line and number of lines; unit tests too.
    pub fn functions(&self) -> Vec<(String, usize, usize)> {
        let words = words(&self.text);
        let named = (0..words.len().saturating_sub(1))
            .filter(|at| words[*at].text == "fn" && is_name(&words[*at + 1].text));
        let measured = named.map(|at| {
            let lines = words[end_of_item(&words, at)].line - words[at].line + 1;
            (words[at + 1].text.clone(), words[at].line, lines)
        });
        measured.collect()
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The words of some Rust.
pub fn words(code: &str) -> Vec<Word> {
    let text: Vec<char> = code.chars().collect();
    let (mut words, mut at, mut line) = (Vec::new(), 0, 1);
    while at < text.len() {
        let (end, word) = next(&text, at);
        words.extend(word.map(|text| Word { text, line }));
        line += text[at..end]
            .iter()
            .filter(|letter| **letter == '\n')
            .count();
        at = end;
    }
    words
}

/// Where the word, blank or comment that begins at `at` ends, and what it counts as.
fn next(text: &[char], at: usize) -> (usize, Option<String>) {
    let literal = |end: usize| (end.min(text.len()), Some("\"\"".to_owned()));
    let letter = |place: usize| text.get(place).copied().unwrap_or('\n');
    let name = |letter: char| letter.is_alphanumeric() || letter == '_';
    match (letter(at), letter(at + 1)) {
        ('/', '/') => (
            text[at..]
                .iter()
                .position(|letter| *letter == '\n')
                .map_or(text.len(), |length| at + length),
            None,
        ),
        ('/', '*') => (end_of_comment(text, at), None),
        (':', ':') => (at + 2, Some("::".to_owned())),
        ('"', _) => literal(end_of_text(text, at + 1, '"')),
        ('\'', '\\') => literal(end_of_text(text, at + 1, '\'')),
        ('\'', _) if letter(at + 2) == '\'' => literal(at + 3),
        (blank, _) if blank.is_whitespace() => (at + 1, None),
        (first, _) if name(first) => {
            let end = (at..text.len())
                .find(|place| !name(text[*place]))
                .unwrap_or(text.len());
            let word: String = text[at..end].iter().collect();
            let hashes = text[end..]
                .iter()
                .take_while(|letter| **letter == '#')
                .count();
            match (word.as_str(), letter(end)) {
                ("b" | "c", '"') => literal(end_of_text(text, end + 1, '"')),
                ("b", '\'') => literal(end_of_text(text, end + 1, '\'')),
                ("r" | "br" | "cr", _) if letter(end + hashes) == '"' => {
                    let close: Vec<char> = std::iter::once('"').chain(vec!['#'; hashes]).collect();
                    let rest = &text[end + hashes + 1..];
                    let length = rest
                        .windows(close.len())
                        .position(|letters| letters == close);
                    literal(length.map_or(text.len(), |length| end + 2 * hashes + 2 + length))
                }
                _ => (end, Some(word)),
            }
        }
        (other, _) => (at + 1, Some(other.to_string())),
    }
}

fn end_of_text(text: &[char], mut at: usize, quote: char) -> usize {
    while at < text.len() && text[at] != quote {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn end_of_comment(text: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < text.len() {
        match text[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Where the item that begins at `start` ends: its `;` or its body's last brace.
fn end_of_item(words: &[Word], start: usize) -> usize {
    let (mut depth, mut in_body) = (0usize, false);
    for (at, word) in words.iter().enumerate().skip(start) {
        match word.text.as_str() {
            "{" if depth == 0 => (depth, in_body) = (1, true),
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => return at,
            _ => continue,
        }
        if in_body && depth == 0 {
            return at;
        }
    }
    words.len() - 1
}

fn without_tests(words: Vec<Word>) -> Vec<Word> {
    let marks = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut skipped_to = 0;
    let mut kept = vec![true; words.len()];
    for at in 0..words.len().saturating_sub(marks.len()) {
        let marked = words[at..at + marks.len()]
            .iter()
            .zip(marks)
            .all(|(word, mark)| word.text == mark);
        if marked && at >= skipped_to {
            skipped_to = end_of_item(&words, at) + 1;
            kept[at..skipped_to].fill(false);
        }
    }
    words
        .into_iter()
        .zip(kept)
        .filter_map(|(word, kept)| kept.then_some(word))
        .collect()
}

fn paths(words: &[Word]) -> Vec<Named> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < words.len() {
        let begins = is_name(&words[at].text) && (at == 0 || words[at - 1].text != "::");
        at = if begins {
            spell_out(words, at, Vec::new(), &mut found)
        } else {
            at + 1
        };
    }
    found
}

/// Follows one path and its branches; returns where it ends.
fn spell_out(
    words: &[Word],
    mut at: usize,
    mut path: Vec<String>,
    found: &mut Vec<Named>,
) -> usize {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    loop {
        match text(at) {
            "{" => {
                at += 1;
                while !matches!(text(at), "}" | "") {
                    at = if text(at) == "," {
                        at + 1
                    } else {
                        spell_out(words, at, path.clone(), found)
                    };
                }
                return at + 1;
            }
            word => path.push(word.to_owned()),
        }
        let goes_on =
            text(at + 1) == "::" && (is_name(text(at + 2)) || matches!(text(at + 2), "{" | "*"));
        if !goes_on {
            found.push((path, words[at].line));
            return if text(at + 1) == "as" && is_name(text(at + 2)) {
                at + 3
            } else {
                at + 1
            };
        }
        at += 2;
    }
}
