//! The lab without an appliance: client, switch and real servers are what the other tests trust.

use std::net::SocketAddr;

use anyhow::Result;
use tests::client::http::Connection;
use tests::client::volley::Volley;
use tests::lab::Lab;
use tests::ovs::LacpRate;
use tests::plan::{self, Family, Method, NAT_REAL_PORTS, VIP_PORT, Vip};
use tests::real::{BODY, BODY_BYTES, LARGE, LARGE_BYTES, content, sha256};

#[test]
#[ignore = "needs root and the lab's programs"]
fn every_real_serves_the_known_bodies_under_its_own_name_in_both_families() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let (small, large) = (sha256(&content(BODY_BYTES)), sha256(&content(LARGE_BYTES)));
    for (number, real) in (1..).zip(&lab.reals) {
        for family in [Family::V4, Family::V6] {
            for port in [VIP_PORT].into_iter().chain(NAT_REAL_PORTS) {
                let target = SocketAddr::new(plan::real(family, number), port);
                let answers = lab.client.run(async move {
                    let mut connection = Connection::open(target).await?;
                    Ok([connection.get(BODY).await?, connection.get(LARGE).await?])
                })?;
                answers[0].check(&small)?;
                answers[1].check(&large)?;
                assert!(answers.iter().all(|answer| answer.real == real.name()));
            }
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_upload_arrives_whole_at_the_real_that_took_it_and_at_no_other() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let body = content(1_000_000);
    let digest = sha256(&body);
    let target = SocketAddr::new(plan::real(Family::V4, 2), VIP_PORT);
    let answer = lab.client.run(async move {
        Connection::open(target)
            .await?
            .put("/upload/one", body.into())
            .await
    })?;
    assert_eq!((answer.status, answer.real.as_str()), (201, "r2"));
    assert_eq!(lab.reals[1].uploaded("one"), Some(digest));
    assert_eq!(lab.reals[0].uploaded("one"), None);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_volley_through_the_switch_loses_nothing_and_sees_a_wrong_digest() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let target = SocketAddr::new(plan::real(Family::V4, 1), VIP_PORT);
    let sha256 = sha256(&content(BODY_BYTES));
    let volley = Volley {
        target,
        connections: 2000,
        concurrency: 32,
        sha256,
    };
    let good = lab.client.run(volley.clone().send())?;
    assert_eq!((good.right(), good.failed), (2000, 0), "{:?}", good.reasons);
    let expects_another = Volley {
        sha256: "0".repeat(64),
        connections: 10,
        ..volley
    };
    let bad = lab.client.run(expects_another.send())?;
    assert_eq!((bad.right(), bad.failed), (0, 10));
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn the_reals_do_not_answer_for_the_vips_on_their_loopback() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    for family in [Family::V4, Family::V6] {
        let reachable = |address: std::net::IpAddr| {
            let mut ping = lab.client_namespace().command("ping");
            ping.args(["-c", "2", "-i", "0.2", "-W", "1", &address.to_string()]);
            tests::run::output(&mut ping).is_ok()
        };
        assert!(
            reachable(plan::real(family, 1)),
            "a real's own address answers"
        );
        let vip = Vip::rr(Method::Dr, family);
        assert!(
            !reachable(vip.address().ip()),
            "{} is answered for by a real",
            vip.name()
        );
    }
    Ok(())
}
