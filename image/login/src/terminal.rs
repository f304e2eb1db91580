//! The terminal on standard input: whatever the one before has left it in, it asks and says.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{
    ControlFlags, FlushArg, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices,
    Termios, tcflush, tcgetattr, tcsetattr,
};
use nix::unistd::{read, ttyname};

/// The longest line that a terminal gives at once.
const LINE: usize = 4096;

/// The terminal.
#[derive(Debug)]
pub struct Terminal {
    input: io::Stdin,
}

impl Terminal {
    /// The one on standard input, made fit for asking.
    ///
    /// # Errors
    /// When that is none.
    pub fn begin() -> io::Result<Self> {
        let terminal = Self { input: io::stdin() };
        if !terminal.input.is_terminal() {
            let why = "standard input is no terminal";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        terminal.set(Echo::On, Keys::Plain)?;
        Ok(terminal)
    }

    /// Its name without the folder: `ttyS0`.
    pub fn name(&self) -> String {
        let path = ttyname(&self.input).unwrap_or_default();
        let name = path.strip_prefix("/dev").unwrap_or(&path);
        name.to_string_lossy().into_owned()
    }

    /// Says something, as it is.
    ///
    /// # Errors
    /// When nobody is there any more.
    pub fn say(&self, text: &str) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(text.as_bytes())?;
        output.flush()
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// `UnexpectedEof` when there will be none: the line is hung up, or somebody typed the end.
    pub fn ask(&self, prompt: &str) -> io::Result<String> {
        self.say(prompt)?;
        self.line()
    }

    /// Asks for a line that is not to be seen. What was typed before is forgotten.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_secret(&self, prompt: &str) -> io::Result<String> {
        self.set(Echo::Off, Keys::Plain)?;
        let line = self.say(prompt).and_then(|()| self.line());
        self.set(Echo::On, Keys::Plain)?;
        line
    }

    /// Waits. What was typed meanwhile is forgotten.
    ///
    /// # Errors
    /// `UnexpectedEof` when the line is hung up meanwhile.
    pub fn wait(&self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = left.as_millis().saturating_add(u128::from(!left.is_zero()));
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            // A hang-up is told without being asked for.
            let mut hangup = [PollFd::new(self.input.as_fd(), PollFlags::empty())];
            match poll(&mut hangup, left) {
                Ok(0) if until <= Instant::now() => break,
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(e) => return Err(e.into()),
            }
        }
        tcflush(&self.input, FlushArg::TCIFLUSH)?;
        Ok(())
    }

    /// Hands it over to a program that somebody works with.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn hand_over(&self) -> io::Result<()> {
        self.set(Echo::On, Keys::Signals)
    }

    fn line(&self) -> io::Result<String> {
        let mut bytes = [0; LINE];
        loop {
            match read(&self.input, &mut bytes) {
                Ok(0) | Err(Errno::EIO) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => return Ok(typed(&bytes[..length])),
                Err(Errno::EINTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn set(&self, echo: Echo, keys: Keys) -> io::Result<()> {
        let mut settings = tcgetattr(&self.input)?;
        make_fit(&mut settings, echo, keys);
        let when = match echo {
            Echo::On => SetArg::TCSADRAIN,
            Echo::Off => SetArg::TCSAFLUSH,
        };
        tcsetattr(&self.input, when, &settings)?;
        Ok(())
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }
}

/// Whether what is typed is to be seen.
#[derive(Clone, Copy)]
enum Echo {
    On,
    Off,
}

/// What keys such as ^C do.
#[derive(Clone, Copy)]
enum Keys {
    /// Nothing: there is nothing to interrupt.
    Plain,
    /// Send signals.
    Signals,
}

/// Lines, 8 bits, no parity, no modem to wait for; the speed stays.
fn make_fit(settings: &mut Termios, echo: Echo, keys: Keys) {
    settings.input_flags = InputFlags::ICRNL | InputFlags::IXON | InputFlags::IUTF8;
    settings.output_flags = OutputFlags::OPOST | OutputFlags::ONLCR;
    settings
        .control_flags
        .remove(ControlFlags::CSIZE | ControlFlags::PARENB);
    settings
        .control_flags
        .insert(ControlFlags::CS8 | ControlFlags::CREAD | ControlFlags::CLOCAL);
    let echoing = LocalFlags::ECHO | LocalFlags::ECHOE | LocalFlags::ECHOK | LocalFlags::ECHOKE;
    settings.local_flags = LocalFlags::ICANON | LocalFlags::IEXTEN;
    settings.local_flags |= match echo {
        Echo::On => echoing | LocalFlags::ECHOCTL,
        Echo::Off => LocalFlags::ECHONL,
    };
    if let Keys::Signals = keys {
        settings.local_flags |= LocalFlags::ISIG;
    }
    for (key, byte) in [
        (SpecialCharacterIndices::VINTR, 0x03),
        (SpecialCharacterIndices::VQUIT, 0x1c),
        (SpecialCharacterIndices::VERASE, 0x7f),
        (SpecialCharacterIndices::VKILL, 0x15),
        (SpecialCharacterIndices::VEOF, 0x04),
        (SpecialCharacterIndices::VSTART, 0x11),
        (SpecialCharacterIndices::VSTOP, 0x13),
        (SpecialCharacterIndices::VSUSP, 0x1a),
        (SpecialCharacterIndices::VWERASE, 0x17),
        (SpecialCharacterIndices::VLNEXT, 0x16),
    ] {
        settings.control_chars[key as usize] = byte;
    }
}

/// What somebody meant whose terminal sends ^H where others send DEL.
fn typed(bytes: &[u8]) -> String {
    let mut line = String::new();
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '\u{8}' => drop(line.pop()),
            // The line's end, and keys that mean nothing here.
            other if other.is_control() => {}
            other => line.push(other),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_is_left_of_what_was_typed() {
        assert_eq!(typed(b"admin\n"), "admin");
        assert_eq!(typed(b"\x08adx\x08min\n"), "admin");
        assert_eq!(typed(b"a\x08\x08\x08b\n"), "b");
        assert_eq!(typed(b"\x03\x1b\n"), "");
    }
}
