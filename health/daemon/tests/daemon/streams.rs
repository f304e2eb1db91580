//! What lvsd and vrrpd hear.

use std::net::SocketAddr;

use control::ipc::{BATCH, Request};
use health::{Kind, Verdict};
use tokio::net::TcpListener;

use crate::appliance::{Healthd, Listener, check, in_time, target};
use crate::{hostile, probes};

#[tokio::test]
async fn a_real_that_refuses_is_told_down_and_one_that_accepts_up_and_the_service_alive() {
    let (good, bad) = (hostile::says_and_hangs("").await, hostile::nobody().await);
    let healthd = Healthd::start(vec![
        target("web", good, check(Kind::Tcp)),
        target("web", bad, check(Kind::Tcp)),
        target("api", bad, check(Kind::Tcp)),
    ])
    .await;
    let mut lvsd = Listener::bind(&healthd.run, "lvsd").await;
    let mut vrrpd = Listener::bind(&healthd.run, "vrrpd").await;
    let (mut reals, mut pools) = (lvsd.accept().await, vrrpd.accept().await);
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.extend(reals.reals().await);
    }
    heard.sort();
    let mut expected = vec![
        ("api".to_owned(), bad, false),
        ("web".to_owned(), bad, false),
        ("web".to_owned(), good, true),
    ];
    expected.sort();
    assert_eq!(heard, expected);
    let mut heard = Vec::new();
    while heard.len() < 2 {
        heard.extend(pools.pools().await);
    }
    heard.sort();
    assert_eq!(heard, [("api".to_owned(), false), ("web".to_owned(), true)]);
    let shown = healthd.show().await;
    assert_eq!(shown.len(), 3);
    assert_eq!(
        (&*shown[0].service, shown[0].verdict),
        ("api", Verdict::Down)
    );
    assert_eq!(
        (&*shown[0].last, &*shown[0].check),
        ("connect refused", "tcp")
    );
}

#[tokio::test]
async fn a_server_that_dies_and_comes_back_is_told_both_times() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let real = listener.local_addr().expect("an address");
    let healthd = Healthd::start(vec![target("web", real, check(Kind::Tcp))]).await;
    let mut reals = Listener::bind(&healthd.run, "lvsd").await.accept().await;
    assert_eq!(reals.reals().await, [("web".into(), real, true)]);
    drop(listener);
    assert_eq!(reals.reals().await, [("web".into(), real, false)]);
    let _listener = TcpListener::bind(real).await.expect("the port again");
    assert_eq!(reals.reals().await, [("web".into(), real, true)]);
}

#[tokio::test]
async fn a_listener_that_comes_again_hears_everything_anew() {
    let real = hostile::nobody().await;
    let healthd = Healthd::start(vec![target("web", real, check(Kind::Tcp))]).await;
    let down = [("web".to_owned(), real, false)];
    for _ in 0..3 {
        let mut lvsd = Listener::bind(&healthd.run, "lvsd").await;
        assert_eq!(lvsd.accept().await.reals().await, down);
        let mut vrrpd = Listener::bind(&healthd.run, "vrrpd").await;
        assert_eq!(
            vrrpd.accept().await.pools().await,
            [("web".to_owned(), false)]
        );
    }
}

#[tokio::test]
async fn the_first_record_comes_at_once_and_says_nothing_before_there_is_a_verdict() {
    let (real, _listener, _first) = hostile::full().await;
    let mut slow = check(Kind::Tcp);
    slow.timeout = wire::Duration::from_secs(3_600);
    let healthd = Healthd::start(vec![target("web", real, slow)]).await;
    let mut lvsd = Listener::bind(&healthd.run, "lvsd").await;
    let mut vrrpd = Listener::bind(&healthd.run, "vrrpd").await;
    assert_eq!(lvsd.accept().await.next().await, Request::Verdicts(vec![]));
    assert_eq!(vrrpd.accept().await.next().await, Request::Pools(vec![]));
}

#[tokio::test]
async fn after_a_restart_nothing_is_said_before_the_new_verdict() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let real = listener.local_addr().expect("an address");
    let healthd = Healthd::start(vec![target("web", real, check(Kind::Tcp))]).await;
    let mut lvsd = Listener::bind(&healthd.run, "lvsd").await;
    assert_eq!(lvsd.accept().await.reals().await.len(), 1);
    let run = healthd.kill().await;
    drop(listener);
    // It was Up; all that the next one says is what it found itself.
    let _healthd = Healthd::start_in(run, vec![target("web", real, check(Kind::Tcp))]).await;
    let mut reals = lvsd.accept().await;
    assert_eq!(reals.next().await, Request::Verdicts(vec![]));
    assert_eq!(reals.reals().await, [("web".into(), real, false)]);
}

#[tokio::test]
async fn many_verdicts_come_in_batches() {
    let port = hostile::nobody().await.port();
    let reals = (0..1_000_u16).map(|number| {
        let [high, low] = number.to_be_bytes();
        SocketAddr::from(([127, 1, high, low], port))
    });
    let mut once = check(Kind::Tcp);
    once.fall = 1;
    let targets = reals
        .map(|real| target("web", real, once.clone()))
        .collect();
    let healthd = Healthd::start(targets).await;
    // Nobody hears before all have failed.
    in_time(async {
        let is_down = |status: &control::show::HealthItem| status.verdict == Verdict::Down;
        while !healthd.show().await.iter().all(is_down) {}
    })
    .await;
    let mut records = Listener::bind(&healthd.run, "lvsd").await.accept().await;
    let (mut heard, mut sizes) = (Vec::new(), Vec::new());
    while heard.len() < 1_000 {
        let batch = records.reals().await;
        sizes.push(batch.len());
        heard.extend(batch);
    }
    assert_eq!(sizes, [BATCH, BATCH, BATCH, 1_000 - 3 * BATCH]);
    assert!(heard.iter().all(|(_, _, up)| !up));
}

#[tokio::test]
async fn hostile_servers_keep_no_other_from_its_verdict() {
    let good = hostile::says_and_hangs("").await;
    let drips = hostile::drips("HTTP/1.1 200 OK\r\nX: ").await;
    let floods = hostile::floods("HTTP/1.1 200 OK\r\n", "X-Endless: 1\r\n").await;
    let silent = hostile::says_and_hangs("").await;
    let http = || check(Kind::Http(probes::get()));
    let https = || check(Kind::Https(probes::get()));
    let mut targets = vec![target("good", good, check(Kind::Tcp))];
    for (service, real, check) in [
        ("drips", drips, http()),
        ("floods", floods, http()),
        ("silent", silent, https()),
        ("resets", hostile::resets().await, https()),
    ] {
        targets.push(target(service, real, check));
    }
    // Its first probe outlasts the test.
    let mut patient = http();
    patient.timeout = wire::Duration::from_secs(3_600);
    targets.push(target("waits", silent, patient));
    let healthd = Healthd::start(targets).await;
    let mut records = Listener::bind(&healthd.run, "lvsd").await.accept().await;
    let mut heard = Vec::new();
    while heard.len() < 5 {
        heard.extend(records.reals().await);
    }
    for (service, _, up) in heard {
        assert_eq!(up, service == "good", "{service}");
    }
    let lasts = healthd.show().await.into_iter();
    let lasts: Vec<_> = lasts.map(|one| (one.service, one.last)).collect();
    let expected = [
        ("drips", "reply timeout"),
        ("floods", "http malformed"),
        ("good", "ok"),
        ("resets", "reset"),
        ("silent", "tls timeout"),
        ("waits", "none yet"),
    ];
    assert_eq!(lasts, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}
