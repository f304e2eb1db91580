//! What could not be done, and why: said once, and again when it changes.

use std::collections::BTreeMap;
use std::io;

/// Standing faults by what they are of.
#[derive(Debug, Default)]
pub struct Faults {
    standing: BTreeMap<String, String>,
}

impl Faults {
    /// Takes an outcome: something `done`, which is said, or a fault, which is said if it is new.
    pub fn note(&mut self, what: impl Into<String>, done: &str, result: io::Result<()>) {
        let what = what.into();
        match result {
            Ok(()) => {
                eprintln!("hostd: {what}: {done}");
                self.standing.remove(&what);
            }
            Err(e) => {
                let why = e.to_string();
                if self.standing.get(&what) != Some(&why) {
                    eprintln!("hostd: {what}: {why}");
                    self.standing.insert(what, why);
                }
            }
        }
    }

    /// As [`note`](Self::note), of what is worth a word only when it goes wrong or is right again.
    pub fn note_change(&mut self, what: &str, done: &str, result: io::Result<()>) {
        if result.is_err() || self.standing.contains_key(what) {
            self.note(what, done, result);
        }
    }

    /// Why something could not be done, as long as that stands.
    pub fn why(&self, what: &str) -> Option<&str> {
        self.standing.get(what).map(String::as_str)
    }

    /// Whether nothing stands.
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Forgets all: it belongs to another configuration.
    pub fn clear(&mut self) {
        self.standing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> io::Result<()> {
        Err(io::Error::other("refused"))
    }

    #[test]
    fn a_fault_stands_until_it_is_done() {
        let mut faults = Faults::default();
        assert!(faults.is_empty());
        faults.note("this", "added", refused());
        assert_eq!(faults.why("this"), Some("refused"));
        assert_eq!(faults.why("that"), None);
        faults.note("this", "added", Ok(()));
        assert!(faults.is_empty());
    }

    #[test]
    fn what_was_right_all_the_time_leaves_no_trace() {
        let mut faults = Faults::default();
        faults.note_change("this", "there", Ok(()));
        assert!(faults.is_empty());
        faults.note_change("this", "there", refused());
        assert!(!faults.is_empty());
        faults.note_change("this", "there", Ok(()));
        assert!(faults.is_empty());
    }
}
