//! A line as words: apart by blanks, in double quotes where a word has blanks of its own.
//!
//! Within quotes `\"` is a quote and `\\` a backslash; everything else stands for itself, `|`, `?`
//! and `#` too. A line that begins with `#` is a remark and has no words.

use std::borrow::Cow;
use std::mem;

/// The words of a line, in which `|` has no meaning.
///
/// # Errors
/// When a quote is not closed; one line.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let scan = Scan::of(line, false);
    scan.closed()?;
    Ok(texts(scan.words))
}

/// The commands of a line with pipes (`show log | match eth1 | count`), each as its words.
///
/// # Errors
/// When a quote is not closed, or nothing stands on a side of a pipe; one line.
pub fn pipeline(line: &str) -> Result<Vec<Vec<String>>, String> {
    let scan = Scan::of(line, true);
    scan.closed()?;
    let mut commands: Vec<_> = scan
        .before
        .into_iter()
        .chain([scan.words])
        .map(texts)
        .collect();
    if commands.len() > 1 && commands.iter().any(Vec::is_empty) {
        return Err("|: a command on each side of it".to_owned());
    }
    commands.retain(|words| !words.is_empty());
    Ok(commands)
}

/// A line that is being typed, as far as the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The whole words before the one at the cursor, after the last pipe.
    pub words: Vec<String>,
    /// The word at the cursor so far, without its quotes; empty after a blank.
    pub prefix: String,
    /// Where that word begins in the line, in bytes: with its quote, if it has one.
    pub start: usize,
    /// Whether the cursor is within quotes, where `?` and `|` are characters like others.
    pub is_quoted: bool,
    /// How many pipes stand before.
    pub pipes: usize,
}

/// What of a line has been typed up to the cursor.
#[must_use]
pub fn typed(line: &str) -> Typed {
    let mut scan = Scan::of(line, true);
    let last = scan.words.pop_if(|_| scan.ends_in_word);
    let (prefix, start) = last.map_or_else(
        || (String::new(), line.len()),
        |word| (word.text, word.start),
    );
    Typed {
        words: texts(scan.words),
        prefix,
        start,
        is_quoted: scan.is_open,
        pipes: scan.before.len(),
    }
}

/// The word as it is typed: in quotes where it needs them.
#[must_use]
pub fn quote(word: &str) -> Cow<'_, str> {
    let needs = |c: char| c.is_whitespace() || matches!(c, '"' | '|' | '?');
    if !(word.is_empty() || word.starts_with('#') || word.contains(needs)) {
        return word.into();
    }
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for c in word.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted.into()
}

/// Words as a line that [`split`] gives back.
#[must_use]
pub fn join<W: AsRef<str>>(words: &[W]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| quote(word.as_ref())).collect();
    quoted.join(" ")
}

/// A word, and where it begins.
struct Word {
    text: String,
    start: usize,
}

fn texts(words: Vec<Word>) -> Vec<String> {
    words.into_iter().map(|word| word.text).collect()
}

/// A line read from its begin to its end.
#[derive(Default)]
struct Scan {
    /// The commands before the last pipe.
    before: Vec<Vec<Word>>,
    /// The words after it.
    words: Vec<Word>,
    /// Whether no blank came after the last word.
    ends_in_word: bool,
    /// Whether a quote is not closed.
    is_open: bool,
}

impl Scan {
    fn of(line: &str, with_pipes: bool) -> Self {
        let mut scan = Self::default();
        if line.trim_start().starts_with('#') {
            return scan;
        }
        let mut chars = line.char_indices().peekable();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    scan.is_open = !scan.is_open;
                    scan.word(place);
                }
                '\\' if scan.is_open => {
                    let escaped = chars.next_if(|(_, next)| matches!(next, '"' | '\\'));
                    scan.word(place).push(escaped.map_or(c, |(_, next)| next));
                }
                _ if scan.is_open => scan.word(place).push(c),
                '|' if with_pipes => {
                    let words = mem::take(&mut scan.words);
                    scan.before.push(words);
                    scan.ends_in_word = false;
                }
                _ if c.is_whitespace() => scan.ends_in_word = false,
                _ => scan.word(place).push(c),
            }
        }
        scan
    }

    /// The word that goes on at `place`, or begins there.
    fn word(&mut self, start: usize) -> &mut String {
        let last = self.words.pop_if(|_| self.ends_in_word);
        let word = last.unwrap_or_else(|| Word {
            text: String::new(),
            start,
        });
        self.ends_in_word = true;
        &mut self.words.push_mut(word).text
    }

    fn closed(&self) -> Result<(), String> {
        if self.is_open {
            Err("a closing quote is missing: \"".to_owned())
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).expect("closed quotes")
    }

    #[test]
    fn words_are_apart_by_blanks_and_quotes_keep_blanks_together() {
        assert_eq!(
            words("  set\tlvs  queues 4 "),
            ["set", "lvs", "queues", "4"]
        );
        assert_eq!(words(r#"a "b c" d"e f"g"#), ["a", "b c", "de fg"]);
        assert_eq!(words(r#""" x"#), ["", "x"]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn within_quotes_a_backslash_escapes_quote_and_backslash_only() {
        assert_eq!(words(r#""a\"b\\c\d" e\f"#), [r#"a"b\c\d"#, r"e\f"]);
    }

    #[test]
    fn an_open_quote_is_an_error_and_a_closed_one_is_none() {
        let error = "a closing quote is missing: \"";
        assert_eq!(split(r#"set "a b"#), Err(error.to_owned()));
        assert_eq!(pipeline(r#"set "a b"#), Err(error.to_owned()));
        assert_eq!(words(r#"set "a b""#), ["set", "a b"]);
    }

    #[test]
    fn a_remark_has_no_words_and_a_hash_within_a_line_is_a_character() {
        assert_eq!(words("  # set lvs"), [""; 0]);
        assert_eq!(words("set #1 a#b"), ["set", "#1", "a#b"]);
    }

    #[test]
    fn pipes_part_commands_unless_they_are_quoted() {
        let commands = pipeline(r#"show log|match "a|b" | count"#).expect("whole");
        assert_eq!(
            commands,
            [vec!["show", "log"], vec!["match", "a|b"], vec!["count"]]
        );
        assert_eq!(words("a|b"), ["a|b"]);
        assert_eq!(pipeline(" "), Ok(Vec::new()));
        for half in ["show log |", "| count", "a || b"] {
            assert_eq!(
                pipeline(half),
                Err("|: a command on each side of it".to_owned())
            );
        }
    }

    #[test]
    fn of_a_line_that_is_being_typed_the_last_word_is_a_prefix() {
        let at = |line| {
            let t = typed(line);
            (t.words.join(" "), t.prefix, t.start, t.is_quoted, t.pipes)
        };
        let text = str::to_owned;
        assert_eq!(at("set bo"), (text("set"), text("bo"), 4, false, 0));
        assert_eq!(at("set bo "), (text("set bo"), text(""), 7, false, 0));
        assert_eq!(at("set \"a b"), (text("set"), text("a b"), 4, true, 0));
        assert_eq!(at("show log | ma"), (text(""), text("ma"), 11, false, 1));
        assert_eq!(at(""), (text(""), text(""), 0, false, 0));
    }

    proptest! {
        #[test]
        fn joined_words_are_split_again(words in proptest::collection::vec("[a-z\"\\\\|?# ]{0,6}", 1..5)) {
            // A line that begins with a remark's sign has none of its own, since that word is quoted.
            prop_assert_eq!(split(&join(&words)).expect("closed"), words.clone());
            prop_assert_eq!(pipeline(&join(&words)).expect("closed"), [words]);
        }
    }
}
