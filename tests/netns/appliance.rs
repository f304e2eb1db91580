//! The appliance between its real peers.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use tests::appliance::{Appliance, binaries};
use tests::arp::Ear;
use tests::census::Census;
use tests::client::http::Connection;
use tests::daemon::Daemon;
use tests::lab::{Lab, MEMBERS, SWITCH_PORTS};
use tests::ovs::{LAGS, LacpRate};
use tests::plan::{self, Family, Method, Subnet, Vip};
use tests::{config, run, wait};

fn raise(rate: LacpRate) -> Result<(Appliance, Lab)> {
    raise_with(rate, &config::appliance(rate))
}

fn raise_with(rate: LacpRate, configuration: &str) -> Result<(Appliance, Lab)> {
    let lab = Lab::raise(rate)?;
    let appliance = lab.start_appliance(&binaries()?, configuration)?;
    lab.wait_for_bond()?;
    Ok((appliance, lab))
}

fn answers(lab: &Lab, address: IpAddr) -> bool {
    let mut ping = lab.client_namespace().command("ping");
    ping.args(["-c", "3", "-i", "0.2", "-W", "1", &address.to_string()]);
    run::output(&mut ping).is_ok()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn it_aggregates_with_open_vswitch_at_both_rates_and_serves_every_vip() -> Result<()> {
    for rate in [LacpRate::Fast, LacpRate::Slow] {
        let (appliance, lab) = raise(rate)?;
        lab.wait_for_services(&Vip::all())?;
        assert!(lab.switch.lacp()?.is_whole());
        appliance.stop()?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn it_answers_echo_for_its_own_addresses_and_its_vips_and_for_no_other() -> Result<()> {
    let (_appliance, lab) = raise(LacpRate::Fast)?;
    lab.wait_for_services(&Vip::all())?;
    for family in [Family::V4, Family::V6] {
        assert!(
            answers(&lab, plan::appliance(family, Subnet::A)),
            "its own address, {family:?}"
        );
        assert!(
            answers(&lab, Vip::rr(Method::Nat, family).address().ip()),
            "a VIP, {family:?}"
        );
        assert!(
            !answers(&lab, plan::address(family, Subnet::A, 77)),
            "nobody's address, {family:?}"
        );
    }
    Ok(())
}

/// The owner's address is its kernel's, and yet answers only while this box is Active.
#[test]
#[ignore = "needs root and the lab's programs"]
fn an_address_owner_answers_for_its_own_address_while_its_lease_holds() -> Result<()> {
    let own = plan::appliance(Family::V4, Subnet::A);
    let owner = format!(
        "\n[vrrp.own]\ninterface = \"bond0\"\nvirtual_router_id = 60\npriority = 255\n\
         advert_int = 0.1\nvirtual_ipaddress = [\"{own}\"]\n"
    );
    let configuration = config::appliance(LacpRate::Fast) + &owner;
    let (appliance, lab) = raise_with(LacpRate::Fast, &configuration)?;
    wait::until("the owner to be Active", Duration::from_secs(20), || {
        let routers = appliance.show("vrrp").ok()?;
        (routers["vrrp"][0]["state"] == "active").then_some(())
    })?;
    assert!(answers(&lab, own), "its kernel answers ping");
    // Without vrrpd's lease nothing answers, the kernel included.
    appliance.signal("vrrpd", Signal::SIGSTOP)?;
    wait::until("the address to fall silent", Duration::from_secs(8), || {
        (!answers(&lab, own)).then_some(())
    })?;
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn no_vip_is_an_address_of_its_kernel() -> Result<()> {
    let (_appliance, lab) = raise(LacpRate::Fast)?;
    lab.wait_for_services(&Vip::all())?;
    let mut list = run::program("ip");
    let addresses = run::output(list.args(["-n", lab.appliance().name(), "-o", "address"]))?;
    let own = plan::appliance(Family::V4, Subnet::A).to_string();
    assert!(addresses.contains(&format!(" {own}/")), "{addresses}");
    for vip in Vip::all() {
        assert!(
            !addresses.contains(&format!(" {}/", vip.address().ip())),
            "{addresses}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_client_is_told_at_once_when_no_real_is_usable() -> Result<()> {
    let rate = LacpRate::Fast;
    let services = [Family::V4, Family::V6].map(|family| Vip::rr(Method::Nat, family));
    let text = services.iter().map(config::service).collect::<String>();
    let text = format!(
        "{}{}",
        config::bond(rate),
        text.replace("weight = 1", "weight = 0")
    );
    let (_appliance, lab) = raise_with(rate, &text)?;
    for vip in services {
        let target = vip.address();
        wait::until("the VIP to answer", Duration::from_secs(10), || {
            answers(&lab, target.ip()).then_some(())
        })?;
        let began = Instant::now();
        let refused = lab
            .client
            .run(async move { Ok(Connection::open(target).await.err()) })?;
        refused.context("connected to a service without reals")?;
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "told only after {:?}",
            began.elapsed()
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_active_backup_bond_serves_and_fails_over() -> Result<()> {
    let rate = LacpRate::Fast;
    let text = config::appliance(rate).replace("802.3ad", "active-backup");
    let announced = "miimon = 100\nnum_grat_arp = 3\n";
    let text = text.replace("lacp_rate = \"fast\"\n", announced);
    let text = text.replace("xmit_hash_policy = \"layer3+4\"\n", "");
    let lab = Lab::raise(rate)?;
    // The switch's end of such a bond is two plain ports.
    lab.switch.dissolve_bond(LAGS[0], &SWITCH_PORTS)?;
    let appliance = lab.start_appliance(&binaries()?, &text)?;
    lab.wait_for_services(&Vip::all())?;
    let heard = Ear::open(lab.cable_namespace(), &lab.places[0].far_ends())?;
    lab.cables()[0].cut_carrier()?;
    let own = plan::appliance(Family::V4, Subnet::A);
    let virtual_address = Vip::rr(Method::Nat, Family::V4).address().ip();
    announcements_heard(&heard, [own, virtual_address], 3)?;
    lab.wait_for_services(&Vip::all())?;
    lab.cables()[0].heal()?;
    lab.cables()[1].cut_carrier()?;
    lab.wait_for_services(&Vip::all())?;
    appliance.stop()
}

/// Waits until each of the addresses was announced so often, and sees that it was not more often.
fn announcements_heard(ear: &Ear, addresses: [IpAddr; 2], times: usize) -> Result<()> {
    let mut counts = [0; 2];
    wait::until_ok(Duration::from_secs(10), || {
        for heard in ear.heard()? {
            let announced = IpAddr::from(heard.target_address);
            let is_announcement = heard.sender_address == heard.target_address;
            for (count, address) in counts.iter_mut().zip(addresses) {
                *count += usize::from(is_announcement && address == announced);
            }
        }
        ensure!(
            counts.iter().all(|count| *count >= times),
            "{counts:?} announcements"
        );
        Ok(())
    })?;
    assert_eq!(counts, [times; 2]);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_orderly_stop_leaves_nothing_and_the_vips_silent() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let (before, interfaces) = (Census::take(), lab.appliance().interfaces()?);
    let appliance = lab.start_appliance(&binaries()?, &config::appliance(LacpRate::Fast))?;
    lab.wait_for_bond()?;
    lab.wait_for_services(&Vip::all())?;
    assert!(lab.appliance().interfaces()?.contains(&"bond0".to_owned()));
    appliance.stop()?;
    assert_eq!(before.left_behind(), Vec::<String>::new());
    assert_eq!(lab.appliance().interfaces()?, interfaces);
    assert_eq!(lab.appliance().processes(), []);
    assert!(!answers(
        &lab,
        Vip::rr(Method::Nat, Family::V4).address().ip()
    ));
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_box_whose_processes_are_all_dead_answers_nobody() -> Result<()> {
    let (mut appliance, lab) = raise(LacpRate::Fast)?;
    lab.wait_for_services(&Vip::all())?;
    appliance.kill_all()?;
    wait::until("every process to be gone", Duration::from_secs(10), || {
        lab.appliance().processes().is_empty().then_some(())
    })?;
    // The members keep an address each for this, so that a kernel that heard would answer.
    let own = "10.80.1.200";
    lab.appliance().ip(&[
        format!("address add {own}/24 dev {}", MEMBERS[0]),
        format!("address add {own}/24 dev {}", MEMBERS[1]),
    ])?;
    for address in [
        own.parse()?,
        Vip::rr(Method::Nat, Family::V4).address().ip(),
    ] {
        assert!(!answers(&lab, address), "{address} answers");
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn lvsd_and_bondd_alone_serve_from_one_file_without_a_supervisor() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let room = lab.room("alone")?;
    let file = room.join("appliance.toml");
    std::fs::write(&file, config::appliance(LacpRate::Fast))?;
    let start = |name: &str| {
        let program = binaries()?.join(name);
        let mut command = lab.appliance().command(&program.display().to_string());
        command.arg("--config").arg(&file);
        command
            .arg("--socket")
            .arg(room.join(format!("{name}.sock")));
        Daemon::start(name, command, &room.join(format!("{name}.log")))
    };
    let mut daemons = [start("lvsd")?, start("bondd")?];
    lab.wait_for_bond()?;
    // What hostd would do.
    let addresses = [Family::V4, Family::V6]
        .into_iter()
        .flat_map(|family| [Subnet::A, Subnet::B].map(|subnet| plan::appliance(family, subnet)));
    let lines: Vec<String> = addresses
        .map(|address| {
            let suffix = if address.is_ipv6() {
                "64 dev bond0 nodad"
            } else {
                "24 dev bond0"
            };
            format!("addr add {address}/{suffix}")
        })
        .collect();
    lab.appliance().ip(&lines)?;
    lab.appliance()
        .sysctl(&[("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")])?;
    lab.wait_for_services(&Vip::all())?;
    for daemon in daemons.iter_mut().rev() {
        assert!(daemon.stop(Duration::from_secs(10))?.success());
    }
    Ok(())
}
