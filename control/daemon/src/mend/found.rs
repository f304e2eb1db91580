//! What there is where the running file should be.

use std::fs;
use std::io;
use std::path::Path;

use control::config::{self, Fault};

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A configuration without a fault, whoever wrote it.
    Whole,
    /// No file.
    Missing,
    /// Something that cannot run, and why: the first fault, as one line.
    Faulty(String),
}

impl Found {
    /// What is in `file`, when the newest commit of the history had the text `newest`.
    pub fn look(file: &Path, newest: Option<&str>) -> Self {
        let name = file.display().to_string();
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::Missing,
            Err(error) => return Self::Faulty(format!("{name}: {error}")),
        };
        let text = match config::text(&name, bytes) {
            Ok(text) => text,
            Err(fault) => return Self::Faulty(fault.to_string()),
        };
        if let Err(faults) = config::parse(&name, &text) {
            return Self::Faulty(words(&faults));
        }
        match newest {
            Some(newest) if text.trim().is_empty() && !newest.trim().is_empty() => {
                Self::Faulty(format!("{name}: empty, though it was not"))
            }
            // A value may be cut off and be legal all the same: 1 of 10.
            Some(newest) if is_cut(&text, newest) => Self::Faulty(format!("{name}: cut off")),
            Some(_) | None => Self::Whole,
        }
    }
}

/// Whether a text is the beginning of what was written, and ends where nobody ends a line.
fn is_cut(text: &str, written: &str) -> bool {
    text.len() < written.len()
        && written.starts_with(text)
        && !text.ends_with('\n')
        && !text.is_empty()
}

fn words(faults: &[Fault]) -> String {
    let first = faults.first().map(ToString::to_string);
    let first = first.unwrap_or_default();
    match faults.len() {
        0 | 1 => first,
        2 => format!("{first} (and one more fault)"),
        more => format!("{first} (and {} more faults)", more - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "[lvs]\nqueues = 16\n";

    fn look(text: impl AsRef<[u8]>, newest: Option<&str>) -> Found {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("f.toml");
        fs::write(&file, text).expect("written");
        match Found::look(&file, newest) {
            Found::Faulty(why) => {
                let folder = folder.path().display().to_string() + "/";
                Found::Faulty(why.replace(&folder, ""))
            }
            found @ (Found::Whole | Found::Missing) => found,
        }
    }

    fn faulty(why: &str) -> Found {
        Found::Faulty(why.to_owned())
    }

    #[test]
    fn what_was_edited_by_hand_and_is_legal_is_whole() {
        let by_hand = [
            "# mine\n[lvs]\nqueues=3",
            "[lvs]\n",
            "# nothing more\n",
            WRITTEN,
        ];
        for text in by_hand {
            assert_eq!(look(text, Some(WRITTEN)), Found::Whole, "{text:?}");
        }
        for text in ["", "\n"] {
            assert_eq!(look(text, None), Found::Whole, "as the first one");
            assert_eq!(look(text, Some("")), Found::Whole, "as it was");
        }
    }

    #[test]
    fn what_was_emptied_or_cut_off_is_not_even_where_it_is_legal() {
        let empty = faulty("f.toml: empty, though it was not");
        assert_eq!(look("", Some(WRITTEN)), empty);
        assert_eq!(look(" \n\n", Some(WRITTEN)), empty);
        let cut = faulty("f.toml: cut off");
        assert_eq!(look("[lvs]\nqueues = 1", Some(WRITTEN)), cut);
        assert_eq!(look("[lvs]\nqueues = 16", Some(WRITTEN)), cut);
        assert_eq!(look("[lvs]", Some(WRITTEN)), cut);
    }

    #[test]
    fn what_cannot_be_read_or_has_faults_is_named_with_its_line_and_how_many_more() {
        let faults = look("[lvs]\nqueues = 0\n", None);
        let Found::Faulty(why) = faults else {
            panic!("{faults:?}")
        };
        assert!(why.starts_with("f.toml:2: lvs.queues = 0: "), "{why}");
        let Found::Faulty(why) = look("[a]\n[b]\n[c]\n", None) else {
            panic!("it is whole")
        };
        assert!(why.starts_with("f.toml:1: a: ") && why.ends_with(" (and 2 more faults)"));
        assert!(matches!(look([0xff, 0xfe], None), Found::Faulty(_)));
        assert!(matches!(look([0; 4096], Some(WRITTEN)), Found::Faulty(_)));
        let folder = tempfile::tempdir().expect("a directory");
        let missing = folder.path().join("none");
        assert_eq!(Found::look(&missing, Some(WRITTEN)), Found::Missing);
        assert!(matches!(Found::look(folder.path(), None), Found::Faulty(_)));
    }
}
