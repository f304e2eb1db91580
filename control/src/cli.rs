//! The options that every daemon has, and the one place where a bad configuration ends it.

use std::fs;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process;

use clap::Args;
use nix::sys::socket::SockaddrStorage;

use crate::config::{self, Config, Fault, Interface};

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
    /// `present` tells the interfaces that exist. A NIC that is not among them is a line on standard
    /// error, and the daemon starts without it: [`config::missing`] names it, and
    /// [`config::check_newly_present`] says in a transaction whether the new configuration may name it.
    /// With `--check`, a NIC that somebody else uses is a fault: the supervisor checks before it
    /// starts anything, and a daemon started again is not to stay away.
    #[must_use]
    pub fn load_or_exit(&self, present: impl FnOnce() -> io::Result<Vec<Interface>>) -> Config {
        let present = match present() {
            Ok(present) => present,
            Err(error) => exit_with_lines([format!("reading the interfaces: {error}")]),
        };
        let config = self.load_with_or_exit(|config| {
            if self.check {
                config::check_free(config, &present)
            } else {
                Vec::new()
            }
        });
        let missing = config::check_present(&config, &present);
        tell(missing.iter().map(|fault| format!("{fault} (missing)")));
        if self.check {
            print_and_exit(&config);
        }
        config
    }

    /// As [`load_or_exit`](Self::load_or_exit), for a daemon that needs no interface: whether they
    /// exist does not matter.
    #[must_use]
    pub fn load_anywhere_or_exit(&self) -> Config {
        let config = self.load_with_or_exit(|_| Vec::new());
        if self.check {
            print_and_exit(&config);
        }
        config
    }

    fn load_with_or_exit(&self, host: impl FnOnce(&Config) -> Vec<Fault>) -> Config {
        if let Some(fault) = self.socket.as_deref().and_then(too_long) {
            exit_with_lines([fault]);
        }
        match config::load_with(&self.config, host) {
            Ok(config) => config,
            Err(faults) => exit_with_lines(faults.iter().map(ToString::to_string)),
        }
    }
}

/// The socket of `daemon` in `run_dir`.
#[must_use]
pub fn socket_in(run_dir: &Path, daemon: &str) -> PathBuf {
    run_dir.join(format!("{daemon}.sock"))
}

/// What an operator is told of a path that is too long for a socket; none when it is not.
pub(crate) fn too_long(path: &Path) -> Option<String> {
    const MOST: usize = 107; // sun_path of unix(7), less its NUL
    let bytes = path.as_os_str().len();
    (bytes > MOST).then(|| {
        format!(
            "{}: a socket's path has at most {MOST} bytes, this one {bytes}",
            path.display()
        )
    })
}

/// The interfaces of the calling thread's network namespace.
///
/// # Errors
/// When the kernel does not answer.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let names = nix::net::if_::if_nameindex()?;
    let mut interfaces: Vec<Interface> = names
        .iter()
        .map(|i| interface(&i.name().to_string_lossy(), i.index()))
        .collect();
    for held in nix::ifaddrs::getifaddrs()? {
        let Some(ip) = held.address.as_ref().and_then(ip_address) else {
            continue;
        };
        let of = |interface: &&mut Interface| interface.name == held.interface_name;
        if let Some(interface) = interfaces.iter_mut().find(of) {
            interface.addresses.push(ip);
        }
    }
    Ok(interfaces)
}

/// The interface as sysfs describes it; only its name where sysfs shows another namespace.
fn interface(name: &str, index: std::ffi::c_uint) -> Interface {
    let folder = Path::new("/sys/class/net").join(name);
    let there = fs::read_to_string(folder.join("ifindex"));
    if there.ok().and_then(|text| text.trim().parse().ok()) != Some(index) {
        return Interface::unused(name);
    }
    let master = fs::read_link(folder.join("master")).ok();
    Interface {
        master: master
            .as_deref()
            .and_then(Path::file_name)
            .map(|master| master.to_string_lossy().into_owned()),
        is_tap: folder.join("tun_flags").exists(),
        ..Interface::unused(name)
    }
}

/// An address that somebody configured: not one that the kernel gives each interface.
fn ip_address(address: &SockaddrStorage) -> Option<IpAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(v4.ip().into());
    }
    let v6 = address.as_sockaddr_in6()?.ip();
    (!v6.is_unicast_link_local()).then(|| v6.into())
}

fn print_and_exit(config: &Config) -> ! {
    let text = config::print(config);
    let printed = io::stdout().lock().write_all(text.as_bytes());
    process::exit(i32::from(printed.is_err()));
}

fn exit_with_lines(lines: impl IntoIterator<Item = String>) -> ! {
    tell(lines);
    process::exit(EXIT_USAGE)
}

fn tell(lines: impl IntoIterator<Item = String>) {
    let mut stderr = io::stderr().lock();
    for line in lines {
        if writeln!(stderr, "{line}").is_err() {
            break;
        }
    }
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
    fn the_loopback_is_among_the_interfaces_and_free() {
        let interfaces = interfaces().expect("the kernel's answer");
        let lo = interfaces.iter().find(|interface| interface.name == "lo");
        let lo = lo.expect("a loopback");
        assert_eq!((&lo.master, lo.is_tap), (&None, false));
    }

    #[test]
    fn a_path_is_a_sockets_up_to_107_bytes() {
        assert_eq!(too_long(Path::new(&"x".repeat(107))), None);
        let told = too_long(Path::new(&"x".repeat(108))).expect("too long");
        assert!(told.ends_with(": a socket's path has at most 107 bytes, this one 108"));
    }
}
