//! Two boxes, one virtual router: the Active one loses its power, the other carries on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::client::http::Connection;
use tests::qemu::Machine;
use tests::real::BODY;
use tests::session::Session;
use tests::site::{self, GATEWAY, Site, vip};
use tests::wait;

use crate::stage::{configured, site};

/// A request that has no answer by then is given up, and another is made.
const GIVEN_UP: Duration = Duration::from_millis(250);
/// Bound of the takeover with room for two emulated boxes on two busy processors: three adverts of a second
/// and the skew are 3.6 s.
const TAKEOVER: Duration = Duration::from_secs(30);
const LACP: Duration = Duration::from_secs(60);

fn lines(number: usize) -> Vec<String> {
    let own = number + 1;
    let mut lines = vec![format!("set system host_name lb{number}")];
    lines.extend(site::bond_lines(
        &format!("10.80.1.{own}"),
        &format!("10.80.2.{own}"),
    ));
    lines.extend(site::service_lines("maglev"));
    let priority = if number == 1 { 200 } else { 100 };
    lines.extend([
        "set vrrp inside interface bond0".to_owned(),
        "set vrrp inside virtual_router_id 51".to_owned(),
        format!("set vrrp inside priority {priority}"),
        format!("set vrrp inside virtual_ipaddress {GATEWAY} 10.80.1.100"),
    ]);
    lines
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn the_other_box_carries_on_when_the_active_one_loses_its_power() -> Result<()> {
    let site = site(2)?;
    let mut first = configured(&site, 1, &lines(1))?;
    site.wait_for_lacp(1, LACP)?;
    let mut second = configured(&site, 2, &lines(2))?;
    site.wait_for_lacp(2, LACP)?;
    wait_for(&mut second, "Backup")?;
    wait_for(&mut first, "Active")?;
    let before = site.volley(200)?;
    ensure!((before.right(), before.failed) == (200, 0), "{before:?}");

    let killed = Instant::now();
    first.kill();
    let gap = first_answer_after(&site, killed)?;
    println!(
        "the first answer came {:.1} s after the power went",
        gap.as_secs_f64()
    );
    let after = site.volley(200)?;
    ensure!((after.right(), after.failed) == (200, 0), "{after:?}");
    wait_for(&mut second, "Active")?;
    Ok(())
}

/// Waits until the box is in this state.
fn wait_for(machine: &mut Machine, state: &str) -> Result<()> {
    let mut session = Session::resumed(&mut machine.serial)?;
    wait::until_ok(LACP, || {
        let said = session.run("show vrrp")?;
        ensure!(
            said.contains(&format!(" {state} ")),
            "it is not {state}:\n{said}"
        );
        Ok(())
    })
}

fn first_answer_after(site: &Site, moment: Instant) -> Result<Duration> {
    let target = vip()?;
    wait::until_ok(TAKEOVER, || {
        let asked = site.client.run(async move {
            tokio::time::timeout(GIVEN_UP, ask(target))
                .await
                .context("no answer")?
        });
        asked.map(|()| moment.elapsed())
    })
}

async fn ask(target: SocketAddr) -> Result<()> {
    Connection::open(target).await?.get(BODY).await?;
    Ok(())
}
