//! From a flashed disk to a service that survives a cut link and a reboot, over the serial console only.

use std::time::Duration;

use anyhow::Result;
use tests::client::volley::Outcome;
use tests::session::Session;
use tests::site::{self, Site, one_box};

use crate::stage::{configured, site};

/// Emulated boxes take their time.
const LACP: Duration = Duration::from_secs(60);

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_first_boot_becomes_a_service_that_survives_a_cut_link_and_a_reboot() -> Result<()> {
    let site = site(1)?;
    let mut lines = one_box();
    lines.push("set bond bond0 xmit_hash_policy layer3+4".to_owned());
    let mut machine = configured(&site, 1, &lines)?;
    site.wait_for_lacp(1, LACP)?;
    let before = site.sent(1)?;
    all_right(&site.volley(1000)?, 1000);
    let after = site.sent(1)?;
    let by_member = [after[0] - before[0], after[1] - before[1]];
    println!("frames by the members, whose speed nobody knows: {by_member:?}");
    assert!(
        by_member.iter().all(|frames| *frames > 1000),
        "{by_member:?}"
    );
    let bond = Session::resumed(&mut machine.serial)?.run("show bond | no-more")?;
    for both in ["Speed: Unknown", "Carries Traffic: yes"] {
        assert_eq!(bond.matches(both).count(), 2, "{both}:\n{bond}");
    }

    // One member's link goes while requests are under way.
    let cut = std::thread::scope(|scope| {
        let requests = scope.spawn(|| site.volley(1000));
        let cut = machine.qmp.set_link("eth1", false);
        let outcome = requests
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        cut.and(outcome)
    })?;
    all_right(&cut, 1000);
    let mut session = Session::resumed(&mut machine.serial)?;
    let bond = session.run("show bond | no-more")?;
    assert!(bond.contains("eth1") && bond.contains("down"), "{bond}");
    machine.qmp.set_link("eth1", true)?;
    site.wait_for_lacp(1, LACP)?;

    let mut session = Session::resumed(&mut machine.serial)?;
    session.type_only("request reboot --yes")?;
    let mut session = Session::open(&mut machine.serial)?;
    let configuration = session.run_when_ready("show configuration set | no-more")?;
    for line in lines {
        // A list's elements each have a line of their own.
        let words: Vec<&str> = line.split(' ').collect();
        let last = words.last().copied().unwrap_or_default();
        assert!(
            configuration.contains(last),
            "{last} is missing:\n{configuration}"
        );
    }
    site.wait_for_lacp(1, LACP)?;
    all_right(&site.volley(1000)?, 1000);
    Ok(())
}

/// Every request was answered rightly, by both servers alike.
fn all_right(outcome: &Outcome, wanted: u32) {
    assert_eq!(
        (outcome.right(), outcome.failed),
        (wanted, 0),
        "{outcome:?}"
    );
    let [web1, web2] = ["web1", "web2"].map(|web| outcome.per_real.get(web).copied().unwrap_or(0));
    assert!(web1.abs_diff(web2) <= wanted / 10, "{outcome:?}");
    println!("{wanted} requests: web1 {web1}, web2 {web2}, failed 0");
}
