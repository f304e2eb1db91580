//! What somebody gets who is let in: the shell, and nothing that this process had.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Becomes the shell of this user; returns only when that cannot be.
pub fn become_shell(shell: &Path, user: &str, console: &str) -> io::Error {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = home(&users, user);
    let mut command = Command::new(shell);
    command
        .env_clear()
        .env("HOME", &home)
        .env("USER", user)
        .env("LOGNAME", user)
        .env("SHELL", shell)
        .env("PATH", "/usr/sbin:/usr/bin")
        .env("TERM", terminal(std::env::var("TERM").ok(), console));
    if Path::new(&home).is_dir() {
        command.current_dir(&home);
    }
    let error = command.exec();
    io::Error::new(error.kind(), format!("{}: {error}", shell.display()))
}

/// Gives a box its name that has none: hostd may still be starting.
pub fn name_box(name: &str) {
    /// What the kernel calls a box that nobody has named.
    const UNNAMED: &str = "(none)";
    if nix::unistd::gethostname().is_ok_and(|now| now == UNNAMED) {
        // hostd will do it, and say what is wrong if that fails.
        nix::unistd::sethostname(name).ok();
    }
}

/// The user's home, after passwd(5).
fn home(users: &str, user: &str) -> String {
    let home = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == user).then(|| fields.nth(4).unwrap_or("/").to_owned())
    });
    home.unwrap_or_else(|| "/".to_owned())
}

/// What a terminal can do of which nobody has said it: little on a line, more on the screen.
fn terminal(said: Option<String>, console: &str) -> String {
    let said = said.filter(|said| !said.is_empty());
    said.unwrap_or_else(|| {
        let number = console.strip_prefix("tty").unwrap_or_default();
        let is_screen = number.starts_with(|c: char| c.is_ascii_digit());
        if is_screen { "linux" } else { "vt102" }.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_what_was_said_or_else_what_the_console_is() {
        for (console, expected) in [("tty1", "linux"), ("ttyS0", "vt102"), ("hvc0", "vt102")] {
            assert_eq!(terminal(None, console), expected);
            assert_eq!(terminal(Some(String::new()), console), expected);
            assert_eq!(terminal(Some("vt220".into()), console), "vt220");
        }
    }

    #[test]
    fn a_home_is_the_one_in_passwd() {
        let users = "root:x:0:0::/:/nonexistent\nadmin:x:0:0::/run/home/admin:/usr/bin/fourfold\n";
        assert_eq!(home(users, "admin"), "/run/home/admin");
        assert_eq!(home(users, "adm"), "/");
    }
}
