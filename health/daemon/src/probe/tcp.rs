//! A TCP connection.

use std::net::SocketAddr;

use health::Reason;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::{Failure, within};

/// Connects. The connection is closed by a reset, which leaves no TIME_WAIT here: thousands of probes a
/// second would else use up the ports.
pub(super) async fn connect(address: SocketAddr, deadline: Instant) -> Result<TcpStream, Failure> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket?;
    socket.set_zero_linger()?;
    within(deadline, Reason::ConnectTimeout, socket.connect(address)).await
}
