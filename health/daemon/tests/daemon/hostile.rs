//! Servers that do what no server should, each on a port of its own, until the test's runtime ends.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

/// From one byte to the next of a server that drips.
const DRIP: Duration = Duration::from_millis(20);

/// A server that does this with each connection.
pub async fn server<F, A>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> A + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads what the client asks, or some of it.
async fn hear(stream: &mut TcpStream) {
    let mut request = [0; 4_096];
    // A client that has gone is served like others.
    drop(stream.read(&mut request).await);
}

/// Keeps the connection for as long as the client does.
async fn hold(mut stream: TcpStream) {
    drop(tokio::io::copy(&mut stream, &mut tokio::io::sink()).await);
}

/// Hears the request, says this, and closes.
pub async fn says(text: &'static str) -> SocketAddr {
    server(move |mut stream| async move {
        hear(&mut stream).await;
        drop(stream.write_all(text.as_bytes()).await);
    })
    .await
}

/// Says this, and then nothing more.
pub async fn says_and_hangs(text: &'static str) -> SocketAddr {
    server(move |mut stream| async move {
        hear(&mut stream).await;
        drop(stream.write_all(text.as_bytes()).await);
        hold(stream).await;
    })
    .await
}

/// Says this, and then the other thing again and again, as fast as it is taken.
pub async fn floods(first: &'static str, again: &'static str) -> SocketAddr {
    server(move |mut stream| async move {
        hear(&mut stream).await;
        let mut sent = stream.write_all(first.as_bytes()).await;
        let again = again.repeat(1 + 4_096 / again.len());
        while sent.is_ok() {
            sent = stream.write_all(again.as_bytes()).await;
        }
    })
    .await
}

/// Says this a byte at a time, and begins anew at its end.
pub async fn drips(text: &'static str) -> SocketAddr {
    server(move |mut stream| async move {
        hear(&mut stream).await;
        for byte in text.as_bytes().iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(DRIP).await;
        }
    })
    .await
}

/// Ends each connection by a reset, once it has heard the request.
pub async fn resets() -> SocketAddr {
    server(|mut stream| async move {
        hear(&mut stream).await;
        stream.set_zero_linger().expect("an option");
    })
    .await
}

/// A port where nobody listens.
pub async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}

/// A listener that has no room for a connection: it answers no SYN.
pub async fn full() -> (SocketAddr, TcpListener, TcpStream) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a port");
    let listener = socket.listen(0).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let first = TcpStream::connect(address).await.expect("room for one");
    (address, listener, first)
}

/// Answers every datagram.
pub async fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut datagram = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
            drop(socket.send_to(&datagram[..length], from).await);
        }
    });
    address
}
