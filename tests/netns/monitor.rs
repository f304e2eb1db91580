//! Paths that fall silent while their carrier stays, and who notices.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::appliance::{Appliance, binaries};
use tests::client::pulse::Pulse;
use tests::lab::{Lab, MEMBERS, SWITCH_PORTS};
use tests::ovs::{LAGS, LacpRate};
use tests::plan::{self, CLIENT, Family, Method, Subnet, Vip};
use tests::{config, wait};

/// More than an outage has milliseconds, so that a request leaves in each.
const CONNECTIONS: usize = 800;

/// A lab whose appliance has an active-backup bond with these options, on plain ports of the switch.
fn raise(options: &str) -> Result<(Appliance, Lab)> {
    let rate = LacpRate::Fast;
    let text = config::appliance(rate).replace("802.3ad", "active-backup");
    let text = text.replace("lacp_rate = \"fast\"\n", options);
    let text = text.replace("xmit_hash_policy = \"layer3+4\"\n", "");
    let lab = Lab::raise(rate)?;
    lab.switch.dissolve_bond(LAGS[0], &SWITCH_PORTS)?;
    let appliance = lab.start_appliance(&binaries()?, &text)?;
    lab.wait_for_services(&Vip::all())?;
    Ok((appliance, lab))
}

/// Whether member 1 is active and member 2 has this to say.
fn wait_for(appliance: &Appliance, active: usize, other: &str) -> Result<()> {
    wait::until_ok(Duration::from_secs(10), || {
        let bond = &appliance.show("bond")?["bond"][0];
        let why = &bond["members"][1 - active]["why"];
        ensure!(bond["active"] == MEMBERS[active] && why == other, "{bond}");
        Ok(())
    })
}

/// The client's address as a target.
fn target(family: Family) -> String {
    let key = match family {
        Family::V4 => "arp_ip_target",
        Family::V6 => "ns_ip6_target",
    };
    format!(
        "{key} = [\"{}\"]\n",
        plan::address(family, Subnet::A, CLIENT)
    )
}

/// Silences the active path under load, and back: how long nobody was answered.
fn outages(family: Family) -> Result<[Duration; 2]> {
    let options = "arp_interval = 100\narp_validate = \"all\"\n".to_owned() + &target(family);
    let (appliance, lab) = raise(&options)?;
    let vip = Vip::rr(Method::Nat, family).address();
    let mut outages = [Duration::ZERO; 2];
    for (active, outage) in outages.iter_mut().enumerate() {
        wait_for(&appliance, active, "backup")?;
        let pulse = Pulse::start(&lab.client, &[vip], CONNECTIONS)?;
        lab.cables()[active].cut_silently()?;
        let cut = Instant::now();
        wait_for(&appliance, 1 - active, "silent")?;
        lab.wait_for_services(&[Vip::rr(Method::Nat, family)])?;
        let beats = pulse.finish(&lab.client)?;
        *outage = beats.first_answer_after(cut).context("no answer")?;
        // Where the path works again its member is heard, and waits.
        lab.cables()[active].heal()?;
        wait_for(&appliance, 1 - active, "backup")?;
    }
    appliance.stop()?;
    Ok(outages)
}

fn is_within_three_intervals(outages: [Duration; 2]) {
    println!("outages: {outages:?}");
    for outage in outages {
        assert!(outage > Duration::from_millis(50), "{outage:?}");
        assert!(outage < Duration::from_millis(600), "{outage:?}");
    }
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_path_that_falls_silent_is_left_when_arp_is_answered_no_longer() -> Result<()> {
    is_within_three_intervals(outages(Family::V4)?);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_path_that_falls_silent_is_left_when_solicitations_are_answered_no_longer() -> Result<()> {
    is_within_three_intervals(outages(Family::V6)?);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_monitor_of_carrier_does_not_notice_a_path_that_falls_silent() -> Result<()> {
    let (appliance, lab) = raise("miimon = 100\n")?;
    wait_for(&appliance, 0, "backup")?;
    let vip = Vip::rr(Method::Nat, Family::V4).address();
    let pulse = Pulse::start(&lab.client, &[vip], CONNECTIONS)?;
    lab.cables()[0].cut_silently()?;
    let cut = Instant::now();
    // Several times as long as an ARP monitor needs.
    let span = Duration::from_secs(2);
    wait::until("two seconds", Duration::from_secs(5), || {
        (cut.elapsed() > span).then_some(())
    })?;
    wait_for(&appliance, 0, "backup")?;
    lab.cables()[0].heal()?;
    let outage = pulse.finish(&lab.client)?.first_answer_after(cut);
    assert!(outage.is_none_or(|outage| outage > span), "{outage:?}");
    appliance.stop()
}
