//! A UDP datagram on a connected socket, so that the kernel hands on what ICMP says of it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use health::{Reason, UdpConfig};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::Failure;

/// Sends the payload and waits for a reply, a refusal, or the deadline.
pub(super) async fn ask(
    address: SocketAddr,
    config: &UdpConfig,
    deadline: Instant,
) -> Result<(), Failure> {
    let socket = open(address).await?;
    match timeout_at(deadline, exchange(&socket, &config.payload)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failure(error)),
        Err(_) if config.require_reply => Err(Reason::NoReply.into()),
        Err(_) => Ok(()),
    }
}

/// A socket that hears also of hosts that cannot be reached (IP_RECVERR): else only a refused port is
/// told, and a dead host would be as silent as a living one. The kernel gives up a host of its own link after
/// 3 s: a shorter timeout does not hear of it.
async fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
            socket
        }
        SocketAddr::V6(_) => {
            let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?;
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
            socket
        }
    };
    socket.connect(address).await?;
    Ok(socket)
}

async fn exchange(socket: &UdpSocket, payload: &[u8]) -> io::Result<()> {
    socket.send(payload).await?;
    let mut first = [0];
    socket.recv(&mut first).await.map(drop)
}

/// What is a refused connection to TCP is an ICMP port unreachable here.
fn failure(error: io::Error) -> Failure {
    match Failure::from(error) {
        Failure::Server(Reason::ConnectRefused) => Reason::IcmpUnreachable.into(),
        other => other,
    }
}
