//! A daemon's bytes into lines.

use crate::log::MAX_LINE;

/// What a daemon said, cut into lines as it comes.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    last: Option<String>,
}

impl Lines {
    /// The last line that was ended, if any.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Takes bytes and says the lines that they end.
    pub fn hear(&mut self, bytes: &[u8], mut say: impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' || self.line.len() >= MAX_LINE {
                self.end(&mut say);
            }
            if byte != b'\n' {
                self.line.push(byte);
            }
        }
    }

    /// Says what is there as a line.
    pub fn end(&mut self, mut say: impl FnMut(&str)) {
        if !self.line.is_empty() {
            let text = String::from_utf8_lossy(&self.line).into_owned();
            say(&text);
            self.last = Some(text);
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_lines_and_a_line_without_end_is_cut() {
        let mut lines = Lines::default();
        let mut said = Vec::new();
        for bytes in [&b"one\ntw"[..], b"o\n\nthr", b"ee"] {
            lines.hear(bytes, |line| said.push(line.to_owned()));
        }
        assert_eq!(said, ["one", "two"]);
        lines.end(|line| said.push(line.to_owned()));
        lines.hear(&[b'x'; 2 * MAX_LINE + 1], |line| {
            said.push(line.len().to_string())
        });
        assert_eq!(
            said[2..],
            [
                "three".to_owned(),
                MAX_LINE.to_string(),
                MAX_LINE.to_string()
            ]
        );
        assert_eq!(lines.last().map(str::len), Some(MAX_LINE));
    }
}
