//! Where a command's lines go: through the pipes that stand behind it, then to the terminal page by
//! page, or just out.

use std::io::{self, BufWriter, Stdout, Write};

use nix::poll::PollTimeout;

use crate::interrupt::Interrupt;
use crate::terminal::{self, Key, Keys, Size};

/// What a pipe does with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pipe {
    /// Only lines with this text.
    Match(String),
    /// Only lines without it.
    Except(String),
    /// How many lines there were, instead of them.
    Count(u64),
}

/// The way out. What cannot be written, because the reader has seen enough, is `BrokenPipe`.
#[derive(Debug)]
pub(crate) struct Output<'a> {
    pipes: Vec<Pipe>,
    line: Vec<u8>,
    out: BufWriter<Stdout>,
    pager: Option<Pager>,
    interrupt: Option<&'a Interrupt>,
}

impl<'a> Output<'a> {
    /// Out through `pipes`; with `paged`, which is for terminals only, page by page.
    pub(crate) fn new(pipes: Vec<Pipe>, paged: bool, interrupt: Option<&'a Interrupt>) -> Self {
        Self {
            pipes,
            line: Vec::new(),
            out: BufWriter::new(io::stdout()),
            pager: paged.then(|| Pager::new(terminal::size())),
            interrupt,
        }
    }

    /// What is left, the counts, and the pages.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.whole_line()?;
        }
        for place in 0..self.pipes.len() {
            if let Some(Pipe::Count(lines)) = self.pipes.get(place) {
                let line = format!("{lines} lines\n");
                self.pass(line.as_bytes(), place + 1)?;
            }
        }
        if let Some(pager) = &mut self.pager {
            pager.show(&mut self.out)?;
        }
        self.out.flush()
    }

    fn whole_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let passed = self.pass(&line, 0);
        // Its memory serves the next line.
        self.line = line;
        self.line.clear();
        passed
    }

    /// Hands a line to the pipe at `place`, and so on.
    fn pass(&mut self, line: &[u8], place: usize) -> io::Result<()> {
        if self.interrupt.is_some_and(Interrupt::is_pressed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let has = |text: &str| String::from_utf8_lossy(line).contains(text);
        for pipe in self.pipes.iter_mut().skip(place) {
            let passes = match pipe {
                Pipe::Match(text) => has(text),
                Pipe::Except(text) => !has(text),
                Pipe::Count(lines) => {
                    *lines += 1;
                    false
                }
            };
            if !passes {
                return Ok(());
            }
        }
        match &mut self.pager {
            Some(pager) => pager.take(line),
            None => self.out.write_all(line),
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.whole_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

const MORE: &str = "--More--";

/// The most bytes that are shown in pages.
const MOST: usize = 256 << 20;

/// Pages of a terminal's height. Everything is taken before the first is shown: a daemon waits for a
/// client a few seconds, and a reader of pages may be longer.
#[derive(Debug)]
struct Pager {
    size: Size,
    /// Rows that may be written before somebody is asked.
    left: usize,
    taken: Vec<u8>,
}

impl Pager {
    const fn new(size: Size) -> Self {
        Self {
            size,
            left: size.rows.saturating_sub(1),
            taken: Vec::new(),
        }
    }

    fn take(&mut self, line: &[u8]) -> io::Result<()> {
        if self.taken.len() + line.len() > MOST {
            let why = "too much for pages; | no-more, | match or | count is not";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        self.taken.extend_from_slice(line);
        Ok(())
    }

    /// Shows what was taken.
    fn show(&mut self, out: &mut impl Write) -> io::Result<()> {
        let taken = std::mem::take(&mut self.taken);
        for line in taken.split_inclusive(|byte| *byte == b'\n') {
            self.room_for(line, out)?;
            out.write_all(line)?;
        }
        Ok(())
    }

    /// Waits until there is room for `line`.
    fn room_for(&mut self, line: &[u8], out: &mut impl Write) -> io::Result<()> {
        let rows = self.rows(line);
        if rows > self.left {
            out.write_all(MORE.as_bytes())?;
            out.flush()?;
            let key = wait()?;
            write!(out, "\r{:1$}\r", "", MORE.len())?;
            match key {
                Key::Space => self.left = self.size.rows.saturating_sub(1),
                Key::Enter | Key::Other => self.left = rows,
                Key::Quit => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        self.left = self.left.saturating_sub(rows);
        Ok(())
    }

    /// The rows that a line takes.
    fn rows(&self, line: &[u8]) -> usize {
        let text = String::from_utf8_lossy(line);
        let characters = text.trim_end_matches('\n').chars().count();
        characters.div_ceil(self.size.columns).max(1)
    }
}

/// The next key that means something to a reader of pages.
fn wait() -> io::Result<Key> {
    let keys = Keys::new()?;
    loop {
        match keys.next(PollTimeout::NONE)? {
            Some(key @ (Key::Space | Key::Enter | Key::Quit)) => return Ok(key),
            Some(Key::Other) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_as_many_rows_as_it_has_widths() {
        let pager = Pager::new(Size {
            columns: 10,
            rows: 24,
        });
        let rows = [
            &b"\n"[..],
            b"123456789\n",
            b"1234567890\n",
            b"12345678901\n",
        ];
        assert_eq!(rows.map(|line| pager.rows(line)), [1, 1, 1, 2]);
    }
}
