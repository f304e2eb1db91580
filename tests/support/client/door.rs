//! A door for a person: a port of this host's loopback whose connections go on from the client.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::{Client, connect};

/// Opens a port of 127.0.0.1, and for each connection to it one from the client to `target`, until the
/// client ends. Returns the port.
pub fn open(client: &Client, target: SocketAddr) -> Result<u16> {
    // The listener is made on this thread: it is this host's, not the client's.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("opening a port")?;
    listener.set_nonblocking(true).context("the port's mode")?;
    let port = listener.local_addr().context("the port's number")?.port();
    client.spawn(admit(listener, target));
    Ok(port)
}

async fn admit(listener: std::net::TcpListener, target: SocketAddr) -> Result<()> {
    let listener = TcpListener::from_std(listener).context("the port")?;
    loop {
        let (visitor, _) = listener.accept().await.context("a visitor")?;
        tokio::spawn(pass(visitor, target));
    }
}

/// What ends early ends for both: the visitor sees what the client would.
async fn pass(mut visitor: TcpStream, target: SocketAddr) {
    if let Ok(mut onward) = connect(target).await {
        copy_bidirectional(&mut visitor, &mut onward).await.ok();
    }
}
