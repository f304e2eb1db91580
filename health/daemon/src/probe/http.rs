//! An HTTP GET on a connection.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use health::Reason;
use health::config::HttpConfig;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{Failure, tls, within};

/// The most bytes that are read of one server in one probe: its answer is not worth more.
pub const MOST_BYTES: usize = 128 * 1024;
/// The longest head of an answer, in bytes.
const MOST_HEAD: usize = 16 * 1024;
/// How much of an answer's body is waited for, in bytes.
const MOST_BODY: usize = 64 * 1024;

/// Asks, and judges the status. A body that ends early or never is a fault; of a large one only the
/// beginning is read.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    config: &HttpConfig,
    address: SocketAddr,
    deadline: Instant,
) -> Result<(), Failure> {
    let request = request(config, address)?;
    let stream = TokioIo::new(Bounded {
        stream,
        left: MOST_BYTES,
    });
    let exchange = async {
        let mut builder = Builder::new();
        builder.max_buf_size(MOST_HEAD);
        let (sender, connection) = builder.handshake(stream).await.map_err(|e| reason(&e))?;
        let mut connection = pin!(connection);
        let mut answer = pin!(judge(sender, request, config));
        tokio::select! {
            judged = &mut answer => judged,
            // Over, for better or worse: what came by it is with the answer.
            _ = &mut connection => answer.await,
        }
    };
    within(deadline, Reason::ReplyTimeout, exchange).await
}

fn request(config: &HttpConfig, address: SocketAddr) -> Result<Request<Empty<Bytes>>, Failure> {
    let host = config.host.clone().unwrap_or_else(|| address.to_string());
    let request = Request::get(config.path.as_str())
        .header(header::HOST, host)
        .header(header::USER_AGENT, "fourfold-healthd")
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::new());
    request.map_err(|error| Failure::Local(io::Error::other(error)))
}

async fn judge(
    mut sender: SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
    config: &HttpConfig,
) -> Result<(), Reason> {
    let response: Response<Incoming> = sender
        .send_request(request)
        .await
        .map_err(|error| reason(&error))?;
    let status = response.status().as_u16();
    if !config.is_well(status) {
        return Err(Reason::HttpStatus(status));
    }
    let (mut body, mut read) = (response.into_body(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| reason(&error))?;
        read += frame.data_ref().map_or(0, Bytes::len);
        if read >= MOST_BODY {
            break;
        }
    }
    Ok(())
}

/// What an error of the exchange says of the server.
fn reason(error: &hyper::Error) -> Reason {
    if error.is_parse() {
        return Reason::HttpMalformed;
    }
    let source = error.source().and_then(|source| source.downcast_ref());
    match source.map(|source: &io::Error| (source, source.kind())) {
        Some((_, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)) => Reason::Reset,
        Some((_, io::ErrorKind::UnexpectedEof)) => Reason::Closed,
        // TLS 1.3 refuses a client after its own greeting is over.
        Some((source, _)) if is_tls(source) => tls::reason(source),
        Some(_) => Reason::HttpMalformed,
        None => Reason::Closed,
    }
}

fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

/// A connection that is read no further than so many bytes, and whose end is an end also where TLS was
/// not told of it.
struct Bounded<S> {
    stream: S,
    left: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let text = "more than a probe reads";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        let before = buf.filled().len();
        match ready!(Pin::new(&mut self.stream).poll_read(cx, buf)) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Poll::Ready(Err(error));
            }
            Ok(()) | Err(_) => {}
        }
        let read = buf.filled().len().saturating_sub(before);
        self.left = self.left.saturating_sub(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
