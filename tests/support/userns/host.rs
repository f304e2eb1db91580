//! A host of a world: a network namespace with one cable to the switch.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::link::Link;
use super::program::{Program, Start};
use super::request::Request;
use crate::client::Client;

/// After both its outputs are closed, a program is about to end.
const END: Duration = Duration::from_secs(30);

/// A host. It lives as long as its world, whatever becomes of this value.
#[derive(Clone, Debug)]
pub struct Host {
    pub(super) link: Arc<Link>,
    /// `None`: the middle.
    pub(super) name: Option<String>,
}

impl Host {
    /// Its name; none for the middle.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Runs lines of `ip` in it, in one process; the first that fails ends it. Its interface is `eth0`.
    ///
    /// # Errors
    /// What `ip` says.
    pub fn ip(&self, lines: &[impl AsRef<str>]) -> Result<()> {
        let lines = lines.iter().map(|line| line.as_ref().to_owned()).collect();
        let host = self.name.clone();
        self.link.ask(&Request::Ip { host, lines }, &[])?;
        Ok(())
    }

    /// Sets network sysctls in it, named by their path below `/proc/sys/net`.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn sysctl(&self, settings: &[(&str, &str)]) -> Result<()> {
        let settings = settings
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let host = self.name.clone();
        self.link.ask(&Request::Sysctl { host, settings }, &[])?;
        Ok(())
    }

    /// Starts a program in it, as root of the world, with its output added to `log`.
    ///
    /// # Errors
    /// When it cannot be started, or the log not be opened.
    pub fn start(
        &self,
        program: &str,
        arguments: &[impl AsRef<str>],
        log: &Path,
    ) -> Result<Program> {
        let open = || File::options().create(true).append(true).open(log);
        let open = || open().with_context(|| format!("opening {}", log.display()));
        Program::start(
            &self.link,
            Start {
                host: self.name.clone(),
                program,
                arguments: owned(arguments),
                output: open()?.into(),
                errors: open()?.into(),
            },
        )
    }

    /// Runs a program in it to its end and returns its standard output.
    ///
    /// # Errors
    /// When it fails; the error has what it wrote.
    pub fn output(&self, program: &str, arguments: &[impl AsRef<str>]) -> Result<String> {
        let (output, output_end) = pipe2(OFlag::O_CLOEXEC).context("making a pipe")?;
        let (errors, errors_end) = pipe2(OFlag::O_CLOEXEC).context("making a pipe")?;
        let mut program_run = Program::start(
            &self.link,
            Start {
                host: self.name.clone(),
                program,
                arguments: owned(arguments),
                output: output_end,
                errors: errors_end,
            },
        )?;
        let (output, errors) = std::thread::scope(|scope| {
            let errors = scope.spawn(|| text(errors));
            (text(output), errors.join().unwrap_or_default())
        });
        let status = program_run.wait(END)?;
        ensure!(
            status.success(),
            "`{program}` in {:?} ended with {status}: {}{}",
            self.name(),
            errors.trim(),
            output.trim()
        );
        Ok(output)
    }

    /// An HTTP client whose connections are this host's.
    ///
    /// # Errors
    /// When its threads cannot be started.
    pub fn client(&self) -> Result<Client> {
        let host = self.clone();
        Client::with_sockets(Arc::new(move |target| host.tcp_socket(target)))
    }

    /// A TCP socket of this host, to connect to `target`; it does not block.
    fn tcp_socket(&self, target: SocketAddr) -> Result<OwnedFd> {
        let host = self.name.clone();
        let ipv6 = target.is_ipv6();
        self.link.open(&Request::Socket { host, ipv6 })
    }
}

fn owned(arguments: &[impl AsRef<str>]) -> Vec<String> {
    let arguments = arguments.iter();
    arguments.map(|one| one.as_ref().to_owned()).collect()
}

/// Everything that comes out of a pipe until it is closed.
fn text(pipe: OwnedFd) -> String {
    let mut bytes = Vec::new();
    // What came before an error is worth more than the error.
    File::from(pipe).read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}
