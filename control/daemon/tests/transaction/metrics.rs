//! Metrics, as Prometheus asks for them, and as a part of a commit.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use tests::wait;

use crate::stage::{BOUND, Stage, canonical, text};

/// A configuration with metrics there.
pub fn with_metrics(listen: SocketAddr) -> String {
    canonical(&format!("{}\n[metrics]\nlisten = \"{listen}\"\n", text(2)))
}

/// An address that is free, most likely for a while.
pub fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn ask(address: SocketAddr, question: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a server");
    stream.set_read_timeout(Some(BOUND)).expect("a limit");
    stream.write_all(question.as_bytes()).expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn get(address: SocketAddr) -> String {
    ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[test]
fn a_commit_begins_moves_and_ends_them() {
    let stage = Stage::new();
    let (first, second) = (free(), free());
    stage.commit(&with_metrics(first)).expect("a commit");
    assert!(get(first).contains("fourfold_daemon_up{daemon=\"lvsd\"} 1\n"));
    stage.commit(&with_metrics(second)).expect("a commit");
    assert!(get(second).starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(TcpStream::connect(first).is_err(), "the old one is left");
    stage.commit(&text(2)).expect("a commit");
    wait::until("the end of metrics", BOUND, || {
        TcpStream::connect(second).err()
    })
    .expect("an end");
}

#[test]
fn they_move_to_another_address_with_the_same_port_and_back() {
    let stage = Stage::new();
    let one = free();
    let every = SocketAddr::new([0, 0, 0, 0].into(), one.port());
    let other = SocketAddr::new([127, 0, 0, 2].into(), one.port());
    for (listen, is_served, is_left) in
        [(one, one, other), (every, other, other), (one, one, other)]
    {
        stage.commit(&with_metrics(listen)).expect("a commit");
        let served = wait::until("metrics", BOUND, || TcpStream::connect(is_served).ok());
        drop(served.expect("a server"));
        assert!(get(is_served).starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(is_served == is_left || TcpStream::connect(is_left).is_err());
    }
    assert!(!stage.log().contains("trying on"), "{}", stage.log());
}

#[test]
fn an_address_that_is_not_there_or_in_use_stops_the_commit() {
    let stage = Stage::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken
        .local_addr()
        .map(|address| (address, taken))
        .expect("an address");
    for (listen, why) in [
        (
            "192.0.2.1:9105".parse().expect("legal"),
            "an address of this host, which this is not",
        ),
        (taken.0, "a port that nobody uses, which this is not"),
    ] {
        let refused = stage
            .commit(&with_metrics(listen))
            .expect_err("it was committed");
        let line = format!("not committed: ctld: metrics.listen = \"{listen}\": {why}");
        assert_eq!(refused.to_string(), line);
    }
    stage.runs(&text(2));
}

#[test]
fn a_daemon_that_does_not_answer_is_down_and_the_rest_is_served() {
    let mut stage = Stage::new();
    let address = free();
    stage.commit(&with_metrics(address)).expect("a commit");
    stage.daemon("healthd").kill();
    let page = get(address);
    for (daemon, up) in [
        ("lvsd", 1),
        ("healthd", 0),
        ("supervisor", 0),
        ("ctld", 1),
        ("hostd", 1),
    ] {
        let line = format!("fourfold_daemon_up{{daemon=\"{daemon}\"}} {up}\n");
        assert!(page.contains(&line), "{line} in\n{page}");
    }
}

#[test]
fn drops_are_those_of_the_forwarder_and_of_the_virtual_routers() {
    let mut stage = Stage::new();
    let address = free();
    stage.commit(&with_metrics(address)).expect("a commit");
    let line = |layer| format!("drops_total{{layer=\"{layer}\",reason=\"too_much\"}} 7\n");
    let page = get(address);
    assert!(page.contains(&line("lvsd")), "{page}");
    assert!(page.contains(&line("vrrpd")), "{page}");
    stage.daemon("lvsd").kill();
    let page = get(address);
    assert!(!page.contains(&line("lvsd")), "{page}");
    assert!(page.contains(&line("vrrpd")), "{page}");
}

#[test]
fn bad_questions_and_slow_clients_are_bounded() {
    let stage = Stage::new();
    let address = free();
    stage.commit(&with_metrics(address)).expect("a commit");
    // As many as are served at a time, none of which says anything.
    let silent: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(address).expect("a server"))
        .collect();
    assert!(get(address).starts_with("HTTP/1.1 200 OK\r\n"));
    drop(silent);
    for (question, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        ("\r\r\r\r", "400"),
        (
            &format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(9000)),
            "431",
        ),
    ] {
        let answer = ask(address, question);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{question:.40}: {answer}"
        );
    }
}

#[test]
fn an_address_that_comes_later_is_no_reason_not_to_start() {
    let mut stage = Stage::new();
    stage.kill();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    std::fs::write(stage.path("appliance.toml"), with_metrics(address)).expect("written");
    stage.start();
    assert!(
        stage.commit(&with_metrics(address)).is_ok(),
        "it does not serve"
    );
    drop(taken);
    let page = wait::until("metrics", BOUND, || TcpStream::connect(address).ok());
    page.expect("metrics as soon as they can be served");
    assert!(get(address).starts_with("HTTP/1.1 200 OK\r\n"));
}
