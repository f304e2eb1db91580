//! One HTTP/1.1 connection.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::connect;
use crate::real::{NAME_HEADER, sha256};

/// After this a request or a connection attempt counts as failed. Much longer than any outage that
/// the lab allows, so that a failure is one that retransmission could not mend.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    target: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
}

/// An answer whose body was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The real that answered, by its own header.
    pub real: String,
    /// Bytes of the body.
    pub bytes: usize,
    /// SHA-256 of the body, hexadecimal.
    pub sha256: String,
}

impl Connection {
    /// Opens a TCP connection to `target`.
    pub async fn open(target: SocketAddr) -> Result<Self> {
        let what = || format!("connecting to {target}");
        let stream = timeout(PATIENCE, connect(target))
            .await
            .with_context(what)?;
        let stream = stream.with_context(what)?;
        stream.set_nodelay(true).with_context(what)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.with_context(what)?;
        Ok(Self {
            target,
            sender,
            driver: tokio::spawn(connection),
        })
    }

    /// GET `path`.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// PUT `body` at `path`.
    pub async fn put(&mut self, path: &str, body: Bytes) -> Result<Answer> {
        self.ask(Method::PUT, path, body).await
    }

    /// Closes the connection and waits until it is closed.
    pub async fn close(self) {
        drop(self.sender);
        // How a connection ends that has answered everything is of no interest.
        timeout(PATIENCE, self.driver).await.ok();
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let what = format!("{method} {path} from {}", self.target);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.target.to_string())
            .body(Full::new(body))
            .with_context(|| what.clone())?;
        let whole = async {
            self.sender.ready().await?;
            collect(self.sender.send_request(request).await?).await
        };
        timeout(PATIENCE, whole)
            .await
            .with_context(|| what.clone())?
            .with_context(|| what)
    }
}

impl Answer {
    /// Fails unless the status is 200 and the body's digest is `sha256`.
    pub fn check(&self, sha256: &str) -> Result<()> {
        ensure!(self.status == 200, "{} answered {}", self.real, self.status);
        ensure!(
            self.sha256 == sha256,
            "{} sent a wrong body of {} bytes",
            self.real,
            self.bytes
        );
        Ok(())
    }
}

async fn collect(response: Response<Incoming>) -> hyper::Result<Answer> {
    let status = response.status().as_u16();
    let header = response.headers().get(NAME_HEADER);
    let real = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Answer {
        status,
        real,
        bytes: body.len(),
        sha256: sha256(&body),
    })
}
