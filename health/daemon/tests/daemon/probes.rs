//! One probe each: how it ends, and when.

use std::net::SocketAddr;
use std::time::Duration;

use health::config::{HttpConfig, UdpConfig};
use health::{Kind, Reason, StatusRange};
use healthd::probe::{self, Tls};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::appliance::{check, target};
use crate::hostile;

const TIMEOUT: Duration = Duration::from_millis(300);
/// More than a busy machine needs.
const ROOM: Duration = Duration::from_secs(5);

/// A GET of `/`, well with any status of 200 to 299.
pub fn get() -> HttpConfig {
    HttpConfig {
        path: "/".into(),
        host: None,
        status: vec![StatusRange {
            first: 200,
            last: 299,
        }],
    }
}

pub fn udp(require_reply: bool) -> Kind {
    Kind::Udp(UdpConfig {
        payload: b"ping".to_vec(),
        require_reply,
    })
}

/// How a probe ends, and after what time.
pub async fn probe(real: SocketAddr, kind: Kind) -> (Result<(), Reason>, Duration) {
    let target = target("web", real, check(kind));
    let (tls, began) = (Tls::new().expect("TLS"), Instant::now());
    let result = probe::make(&target, &tls, began + TIMEOUT).await;
    (result.map_err(|failure| failure.reason()), began.elapsed())
}

/// A probe that must end before its timeout, so.
async fn ends(real: SocketAddr, kind: Kind, expected: Result<(), Reason>) {
    let (result, took) = probe(real, kind).await;
    assert_eq!(result, expected, "after {took:?}");
}

/// A probe that must end at its timeout, so.
async fn lasts(real: SocketAddr, kind: Kind, expected: Result<(), Reason>) {
    let (result, took) = probe(real, kind).await;
    assert_eq!(result, expected, "after {took:?}");
    assert!(took >= TIMEOUT && took < TIMEOUT + ROOM, "{took:?}");
}

#[tokio::test]
async fn a_connection_that_is_accepted_is_well() {
    let real = hostile::says_and_hangs("").await;
    ends(real, Kind::Tcp, Ok(())).await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let real = hostile::nobody().await;
    for kind in [Kind::Tcp, Kind::Http(get()), Kind::Https(get())] {
        ends(real, kind, Err(Reason::ConnectRefused)).await;
    }
}

#[tokio::test]
async fn a_listener_that_answers_no_syn_is_a_connect_timeout() {
    let (real, _listener, _first) = hostile::full().await;
    for kind in [Kind::Tcp, Kind::Http(get()), Kind::Https(get())] {
        lasts(real, kind, Err(Reason::ConnectTimeout)).await;
    }
}

#[tokio::test]
async fn the_check_may_ask_another_port_than_the_reals() {
    let real = hostile::nobody().await;
    let other = hostile::says_and_hangs("").await;
    let mut target = target("web", real, check(Kind::Tcp));
    target.check.port = Some(other.port());
    let tls = Tls::new().expect("TLS");
    let deadline = Instant::now() + ROOM;
    assert!(probe::make(&target, &tls, deadline).await.is_ok());
}

#[tokio::test]
async fn a_silent_server_is_a_timeout_of_what_was_waited_for() {
    let real = hostile::says_and_hangs("").await;
    lasts(real, Kind::Http(get()), Err(Reason::ReplyTimeout)).await;
    lasts(real, Kind::Https(get()), Err(Reason::TlsTimeout)).await;
}

#[tokio::test]
async fn a_server_that_drips_ends_at_the_timeout() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Long: 0123456789\r\n\r\n";
    let real = hostile::drips(head).await;
    lasts(real, Kind::Http(get()), Err(Reason::ReplyTimeout)).await;
    // A TLS record of 16 KiB, begun.
    let real = hostile::drips("\u{16}\u{3}\u{3}\u{40}\u{0}\u{2}").await;
    lasts(real, Kind::Https(get()), Err(Reason::TlsTimeout)).await;
}

#[tokio::test]
async fn a_head_or_a_body_that_never_ends_is_a_reply_timeout() {
    for begun in [
        "HTTP/1.1 200 OK\r\nX-Slow: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let real = hostile::says_and_hangs(begun).await;
        lasts(real, Kind::Http(get()), Err(Reason::ReplyTimeout)).await;
    }
}

#[tokio::test]
async fn endless_headers_end_at_what_a_probe_reads() {
    for (first, again) in [
        ("HTTP/1.1 200 OK\r\n", "X-Endless: 0123456789\r\n"),
        ("HTTP/1.1 200 OK\r\nX-Endless: ", "0123456789"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "\r\n"),
    ] {
        let real = hostile::floods(first, again).await;
        ends(real, Kind::Http(get()), Err(Reason::HttpMalformed)).await;
    }
}

#[tokio::test]
async fn an_endless_body_is_well_because_only_its_beginning_is_read() {
    let real = hostile::floods("HTTP/1.1 200 OK\r\n\r\n", "0123456789").await;
    ends(real, Kind::Http(get()), Ok(())).await;
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_well() {
    let real = hostile::says("HTTP/1.0 200 OK\r\n\r\nhello").await;
    ends(real, Kind::Http(get()), Ok(())).await;
}

#[tokio::test]
async fn what_is_no_http_is_malformed() {
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 9999 Many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\u{0}\u{1}\u{2}\u{3}",
    ] {
        let real = hostile::says(text).await;
        ends(real, Kind::Http(get()), Err(Reason::HttpMalformed)).await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_closed() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
    ] {
        let real = hostile::says(text).await;
        ends(real, Kind::Http(get()), Err(Reason::Closed)).await;
    }
    let real = hostile::says("").await;
    ends(real, Kind::Https(get()), Err(Reason::Closed)).await;
}

#[tokio::test]
async fn a_server_that_resets_is_told_so() {
    let real = hostile::resets().await;
    ends(real, Kind::Http(get()), Err(Reason::Reset)).await;
    ends(real, Kind::Https(get()), Err(Reason::Reset)).await;
}

#[tokio::test]
async fn what_is_no_tls_is_a_tls_handshake() {
    for text in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{28}",
    ] {
        let real = hostile::says(text).await;
        ends(real, Kind::Https(get()), Err(Reason::TlsHandshake)).await;
    }
}

#[tokio::test]
async fn a_status_is_well_only_among_those_that_are_configured() {
    let real = hostile::says("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n").await;
    ends(real, Kind::Http(get()), Err(Reason::HttpStatus(503))).await;
    let mut either = get();
    either.status.push(StatusRange {
        first: 503,
        last: 503,
    });
    ends(real, Kind::Http(either), Ok(())).await;
}

#[tokio::test]
async fn a_closed_udp_port_is_icmp_unreachable() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let closed = socket.local_addr().expect("an address");
    drop(socket);
    for require_reply in [false, true] {
        ends(closed, udp(require_reply), Err(Reason::IcmpUnreachable)).await;
    }
}

#[tokio::test]
async fn silence_on_udp_is_well_unless_a_reply_is_required() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let real = silent.local_addr().expect("an address");
    lasts(real, udp(false), Ok(())).await;
    lasts(real, udp(true), Err(Reason::NoReply)).await;
    ends(hostile::echo().await, udp(true), Ok(())).await;
}

#[tokio::test]
async fn an_address_that_this_host_has_no_way_to_is_a_local_matter_or_the_networks() {
    // Reserved, so that no host routes it: the kernel refuses the connection itself.
    let nowhere = "255.255.255.255:80".parse().expect("an address");
    let (result, _) = probe(nowhere, Kind::Tcp).await;
    let reason = result.expect_err("no connection");
    let expected = [Reason::LocalError, Reason::NetworkUnreachable];
    assert!(expected.contains(&reason), "{reason}");
}
