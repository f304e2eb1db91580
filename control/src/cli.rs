//! The options that every daemon has, and the one place where a bad configuration ends it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use clap::Args;

use crate::config::{self, Config};

/// Where the daemons keep their sockets and states unless told otherwise.
pub const RUN_DIR: &str = "/run/fourfold";

/// The exit code for a bad configuration or bad usage.
pub const EXIT_USAGE: i32 = 2;

/// The options of every daemon.
#[derive(Args, Clone, Debug)]
pub struct DaemonArgs {
    /// The appliance's configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// Validate the configuration, print its canonical form and exit
    #[arg(long)]
    pub check: bool,

    /// The socket to answer on [default: /run/fourfold/NAME.sock]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

impl DaemonArgs {
    /// The socket of the daemon called `daemon`.
    #[must_use]
    pub fn socket(&self, daemon: &str) -> PathBuf {
        self.socket
            .clone()
            .unwrap_or_else(|| socket_in(Path::new(RUN_DIR), daemon))
    }

    /// The directory of the sockets: where this daemon's own is.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        match self.socket.as_deref().and_then(Path::parent) {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_owned(),
            None => PathBuf::from(RUN_DIR),
        }
    }

    /// The configuration; or the end of the process, when it has faults (each a line on standard
    /// error, exit code 2), or when only `--check` was asked for (exit code 0).
    ///
    /// `present` names the interfaces that exist; a member that is not among them is a fault.
    /// With `--check` it is asked too: what passes the check must also start.
    #[must_use]
    pub fn load_or_exit(&self, present: impl FnOnce() -> io::Result<Vec<String>>) -> Config {
        let present = match present() {
            Ok(present) => present,
            Err(error) => exit_with_lines([format!("reading the interfaces' names: {error}")]),
        };
        let config = match config::load_with(&self.config, &present) {
            Ok(config) => config,
            Err(faults) => exit_with_lines(faults.iter().map(ToString::to_string)),
        };
        if self.check {
            let printed = io::stdout()
                .lock()
                .write_all(config::print(&config).as_bytes());
            process::exit(i32::from(printed.is_err()));
        }
        config
    }
}

/// The socket of `daemon` in `run_dir`.
#[must_use]
pub fn socket_in(run_dir: &Path, daemon: &str) -> PathBuf {
    run_dir.join(format!("{daemon}.sock"))
}

/// The interfaces of the calling thread's network namespace.
///
/// # Errors
/// When the kernel does not answer.
pub fn interfaces() -> io::Result<Vec<String>> {
    let interfaces = nix::net::if_::if_nameindex()?;
    Ok(interfaces
        .iter()
        .map(|i| i.name().to_string_lossy().into_owned())
        .collect())
}

fn exit_with_lines(lines: impl IntoIterator<Item = String>) -> ! {
    let mut stderr = io::stderr().lock();
    for line in lines {
        if writeln!(stderr, "{line}").is_err() {
            break;
        }
    }
    process::exit(EXIT_USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(socket: Option<&str>) -> DaemonArgs {
        DaemonArgs {
            config: "x.toml".into(),
            check: false,
            socket: socket.map(PathBuf::from),
        }
    }

    #[test]
    fn without_a_socket_option_the_daemons_name_makes_the_path() {
        assert_eq!(
            args(None).socket("lvsd"),
            Path::new("/run/fourfold/lvsd.sock")
        );
        assert_eq!(args(None).run_dir(), Path::new("/run/fourfold"));
    }

    #[test]
    fn the_run_directory_is_where_the_socket_is() {
        assert_eq!(
            args(Some("/tmp/lab/a.sock")).run_dir(),
            Path::new("/tmp/lab")
        );
        assert_eq!(args(Some("a.sock")).run_dir(), Path::new("."));
        assert_eq!(
            args(Some("/tmp/lab/a.sock")).socket("lvsd"),
            Path::new("/tmp/lab/a.sock")
        );
    }

    #[test]
    fn the_loopback_is_among_the_interfaces() {
        assert!(
            interfaces()
                .expect("a mounted /sys")
                .contains(&"lo".to_owned())
        );
    }
}
