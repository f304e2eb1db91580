//! Programs that init runs to their end: mke2fs, e2fsck, ctld --mend.

use std::io::{self, PipeReader, Read, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use sys::program::Program;

use crate::feeder::now;

/// Where programs are looked for.
pub const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// The lines that it wrote, without empty ones.
    pub lines: Vec<String>,
}

impl Ended {
    /// The last line: most programs say there why they have failed.
    pub fn last_line(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }
}

/// Runs a program of this system, for at most `limit`.
///
/// # Errors
/// When it cannot be started.
pub fn run(program: &str, arguments: &[&str], limit: Duration) -> io::Result<Ended> {
    let (reader, writer) = pipe()?;
    let pid = Program::new(program)
        .args(arguments)
        .env("PATH", PATH)
        .output(OwnedFd::from(writer))?
        .start()?;
    let pid = process(pid)?;
    let text = all(reader, limit);
    if text.is_none() {
        // Already over, or it cannot be: both are seen by waiting.
        kill(pid, Signal::SIGKILL).ok();
    }
    let status = match waitpid(pid, None)? {
        WaitStatus::Exited(_, status) => Some(status),
        // The only other end: nothing else was asked for.
        _ => None,
    };
    let text = text.unwrap_or_else(|| format!("not done after {} s", limit.as_secs()));
    let lines = text.lines().map(|line| line.trim().to_owned());
    let lines = lines.filter(|line| !line.is_empty()).collect();
    Ok(Ended { status, lines })
}

/// A process id as the signal and wait calls take it.
pub fn process(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .map(Pid::from_raw)
        .map_err(io::Error::other)
}

/// All that is written until the other end is closed; `None` when that takes too long.
fn all(mut reader: PipeReader, limit: Duration) -> Option<String> {
    let end = now() + limit;
    let mut text = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        let left = end.checked_sub(now())?;
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut readable = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
        if poll(&mut readable, timeout) != Ok(0) {
            match reader.read(&mut bytes) {
                Ok(0) | Err(_) => return Some(String::from_utf8_lossy(&text).into_owned()),
                Ok(len) => text.extend_from_slice(bytes.get(..len)?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        run("sh", &["-c", script], limit).expect("a shell")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_program_is_waited_for_and_its_lines_kept() {
        let ended = shell("echo first; echo second >&2; echo; exit 3", LONG);
        assert_eq!(ended.status, Some(3));
        assert_eq!(ended.lines, ["first", "second"]);
        assert_eq!(ended.last_line(), "second");
        assert_eq!(shell("exit 0", LONG).last_line(), "");
    }

    #[test]
    fn a_program_that_a_signal_ends_has_no_status() {
        assert_eq!(shell("kill -9 $$", LONG).status, None);
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let ended = shell("echo; kill -STOP $$", Duration::from_millis(10));
        assert_eq!(ended.status, None);
        assert_eq!(ended.last_line(), "not done after 0 s");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_with_its_name() {
        let missing = run("no-such-program", &[], LONG).expect_err("started");
        assert!(missing.to_string().contains("no-such-program"), "{missing}");
    }
}
