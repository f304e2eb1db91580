//! One probe: over by its deadline, whatever the server does, with the reason of its failure.

pub mod http;
mod tcp;
mod tls;
mod udp;

use std::future::Future;
use std::io;

use health::{Kind, Reason, TargetConfig};
use nix::errno::Errno;
use tokio::time::{Instant, timeout_at};

pub use tls::Tls;

/// Why a probe was not well.
#[derive(Debug)]
pub enum Failure {
    /// The server, or the way to it.
    Server(Reason),
    /// This host could not make the probe.
    Local(io::Error),
}

impl Failure {
    /// The reason, as the engine takes it.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Server(reason) => *reason,
            Self::Local(_) => Reason::LocalError,
        }
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::Server(reason)
    }
}

impl From<io::Error> for Failure {
    /// What the kernel says of a connection.
    fn from(error: io::Error) -> Self {
        let Some(errno) = error.raw_os_error().map(Errno::from_raw) else {
            return Self::Local(error);
        };
        match errno {
            Errno::ECONNREFUSED => Reason::ConnectRefused.into(),
            Errno::ETIMEDOUT => Reason::ConnectTimeout.into(),
            Errno::EHOSTUNREACH | Errno::EHOSTDOWN => Reason::HostUnreachable.into(),
            Errno::ENETUNREACH | Errno::ENETDOWN | Errno::ENONET => {
                Reason::NetworkUnreachable.into()
            }
            Errno::ECONNRESET | Errno::EPIPE => Reason::Reset.into(),
            Errno::ENOPROTOOPT => Reason::IcmpUnreachable.into(),
            _ => Self::Local(error),
        }
    }
}

/// Makes a probe.
///
/// # Errors
/// Why it was not well; at the deadline at the latest.
pub async fn make(target: &TargetConfig, tls: &Tls, deadline: Instant) -> Result<(), Failure> {
    let address = target.probed();
    match &target.check.kind {
        Kind::Tcp => tcp::connect(address, deadline).await.map(drop),
        // The larger futures are boxed, so that ten thousand TCP probes are small.
        Kind::Http(http) => {
            let stream = tcp::connect(address, deadline).await?;
            Box::pin(http::ask(stream, http, address, deadline)).await
        }
        Kind::Https(http) => {
            let stream = tcp::connect(address, deadline).await?;
            let greeted = tls.greet(stream, http, address, deadline);
            let stream = Box::pin(greeted).await?;
            Box::pin(http::ask(stream, http, address, deadline)).await
        }
        Kind::Udp(udp) => udp::ask(address, udp, deadline).await,
    }
}

/// The outcome of a step that must end by the deadline.
async fn within<T, E: Into<Failure>>(
    deadline: Instant,
    late: Reason,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match timeout_at(deadline, step).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(late.into()),
    }
}
