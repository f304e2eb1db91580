//! HTTP for the metrics: one question a connection, at most [`MOST`] at a time, each for [`LIMIT`].

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{ask, page};

/// Connections at a time; more wait in the backlog.
const MOST: usize = 8;

/// How long one may take from its acceptance to the last byte of its answer.
const LIMIT: Duration = Duration::from_secs(10);

/// How long it may take to say what it wants.
const HEADER_LIMIT: Duration = Duration::from_secs(2);

/// The most bytes of a question.
const QUESTION_BYTES: usize = 8192;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until it is dropped.
pub async fn run(listener: TcpListener, run_dir: PathBuf) {
    let run_dir = Arc::new(run_dir);
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MOST {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&run_dir)));
                }
                // Out of descriptors, most likely: a pause gives others time to close some.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, run_dir: Arc<PathBuf>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(QUESTION_BYTES)
        .keep_alive(false)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|request| {
                let run_dir = Arc::clone(&run_dir);
                async move { Ok::<_, Infallible>(answer(&request, &run_dir).await) }
            }),
        );
    // A client that is slow, gone or talks nonsense has its connection closed; that is all.
    drop(timeout(LIMIT, connection).await);
}

async fn answer(request: &Request<Incoming>, run_dir: &std::path::Path) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        let body = "metrics are at /metrics\n".to_owned();
        return response(StatusCode::NOT_FOUND, (CONTENT_TYPE, TEXT), body);
    }
    match *request.method() {
        Method::GET | Method::HEAD => {
            let text = page::text(&ask::all(run_dir).await);
            response(StatusCode::OK, (CONTENT_TYPE, TEXT), text)
        }
        _ => response(
            StatusCode::METHOD_NOT_ALLOWED,
            (ALLOW, "GET, HEAD"),
            String::new(),
        ),
    }
}

fn response(
    status: StatusCode,
    (name, value): (HeaderName, &'static str),
    body: String,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let value = hyper::header::HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
    response
}
