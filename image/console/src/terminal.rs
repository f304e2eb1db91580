//! The terminal: how large it is, what it can do, and its keys one by one.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

/// What a serial line is taken for, which knows nothing of its size.
const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Size {
    /// A size of 0 is one that nobody knows.
    fn new(columns: u16, rows: u16) -> Self {
        let or = |size, unknown| usize::from(if size == 0 { unknown } else { size });
        Self {
            columns: or(columns, COLUMNS),
            rows: or(rows, ROWS),
        }
    }
}

/// The size of the terminal that standard output is.
pub(crate) fn size() -> Size {
    match tcgetwinsize(io::stdout()) {
        Ok(size) => Size::new(size.ws_col, size.ws_row),
        Err(_) => Size::new(0, 0),
    }
}

/// Whether the terminal understands how to clear itself and where to put its cursor.
pub(crate) fn is_capable() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    !matches!(term.as_str(), "" | "dumb" | "unknown" | "cons25" | "emacs")
}

/// A key, as far as anybody asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The next page.
    Space,
    /// The next line.
    Enter,
    /// No more: `q`, Ctrl-C, Ctrl-D, or the line is gone.
    Quit,
    /// Any other.
    Other,
}

/// Keys as they are pressed, unseen, until it is dropped.
#[derive(Debug)]
pub(crate) struct Keys {
    terminal: OwnedFd,
    before: Termios,
}

impl Keys {
    /// The keys of the terminal that standard input is.
    pub(crate) fn new() -> io::Result<Self> {
        let terminal = io::stdin().as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let mut now = before.clone();
        now.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Drain, &now)?;
        Ok(Self { terminal, before })
    }

    /// The next key, if one comes before the time is over.
    pub(crate) fn next(&self, within: PollTimeout) -> io::Result<Option<Key>> {
        let mut fds = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, within) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut byte = [0];
        let key = match nix::unistd::read(&self.terminal, &mut byte) {
            Ok(0) | Err(nix::errno::Errno::EIO) => Key::Quit,
            Ok(_) => key(byte[0]),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(key))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone needs no manners.
        tcsetattr(&self.terminal, OptionalActions::Drain, &self.before).unwrap_or(());
    }
}

const fn key(byte: u8) -> Key {
    match byte {
        b' ' => Key::Space,
        b'\r' | b'\n' => Key::Enter,
        b'q' | b'Q' | 3 | 4 => Key::Quit,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_nobody_knows_is_80_by_24() {
        let size = |columns, rows| Size { columns, rows };
        assert_eq!(Size::new(0, 0), size(80, 24));
        assert_eq!(Size::new(132, 0), size(132, 24));
        assert_eq!(Size::new(40, 10), size(40, 10));
    }
}
