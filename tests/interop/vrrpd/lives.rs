//! What becomes of a virtual router when a process around it, or its own, ends or stands still.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use control::ipc::Effect;
use sys::packet::Packet;
use tests::transaction::transact;
use tests::wait;
use vrrp::{Family, Reason, State};

use super::ours::{LIMIT, Ours, Wish, configuration};
use super::segment::{BOND, Segment, our_address};
use super::watcher::{Advert, Watcher};

/// Active_Down_Interval of priority 100 at 100 ms: 300 ms and a skew of 60.9 ms.
const ACTIVE_DOWN: Duration = Duration::from_micros(360_900);
/// What scheduling may add on a busy machine.
const LATENESS: Duration = Duration::from_millis(250);

const WISH: Wish = Wish::new(Family::Ipv4, 100);

struct Story {
    ours: Ours,
    watcher: Watcher,
    segment: Segment,
}

/// A virtual router alone on its network, Active.
fn active() -> Result<Story> {
    let segment = Segment::raise()?;
    let watcher = Watcher::start(&segment.listener)?;
    let ours = Ours::start(&segment, &configuration(WISH, ""))?;
    ours.wait_for(State::Active)?;
    Ok(Story {
        ours,
        watcher,
        segment,
    })
}

fn is_ours(advert: &Advert) -> bool {
    advert.source.to_string() == our_address(Family::Ipv4)
}

fn is_farewell(advert: &Advert) -> bool {
    is_ours(advert) && advert.priority == 0
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn alone_a_virtual_router_becomes_active_sends_adverts_from_the_virtual_mac_and_has_its_lease()
-> Result<()> {
    for family in [Family::Ipv4, Family::Ipv6] {
        let segment = Segment::raise()?;
        let watcher = Watcher::start(&segment.listener)?;
        let wish = Wish { family, ..WISH };
        let mut ours = Ours::start(&segment, &configuration(wish, ""))?;
        let status = ours.wait_for(State::Active)?;
        assert!(ours.forwarder()?.lease(family).is_some());
        watcher.wait("an advert", Instant::now(), |advert| {
            advert.source.to_string() == our_address(family) && advert.priority == 100
        })?;
        let heard = watcher.heard();
        let mut adverts = heard.iter().filter(|one| one.advert.is_some());
        assert!(adverts.all(|one| one.mac == status.virtual_mac));
        // One announcement for each address: ARP, or ICMPv6 to all nodes.
        let is_announcement = |frame: &[u8]| match family {
            Family::Ipv4 => frame.get(12..14) == Some(&[0x08, 0x06]),
            Family::Ipv6 => frame.get(..6) == Some(&[0x33, 0x33, 0, 0, 0, 1]),
        };
        let announced = heard
            .iter()
            .filter(|one| one.mac == status.virtual_mac && is_announcement(&one.frame));
        assert!(announced.count() >= 2);
        assert_eq!(ours.why()?[0].reason, Reason::ActiveDownTimer);
        assert!(
            !ours.log().contains("late"),
            "a real-time thread: {}",
            ours.log()
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn without_lvsd_none_becomes_active_and_the_log_says_so_once() -> Result<()> {
    let segment = Segment::raise()?;
    let watcher = Watcher::start(&segment.listener)?;
    let started = Instant::now();
    let mut ours = Ours::prepare(&segment, &configuration(WISH, ""))?;
    ours.run(&segment)?;
    let line = "no virtual router becomes Active without it";
    wait::until("a line in the log", LIMIT, || {
        ours.log().contains(line).then_some(())
    })?;
    // Long enough for five Active_Down_Intervals.
    wait::until("two seconds", LIMIT, || {
        (started.elapsed() > Duration::from_secs(2)).then_some(())
    })?;
    assert_eq!(ours.status()?.state, State::Initialize);
    assert_eq!(watcher.adverts(started), []);
    assert_eq!(ours.log().matches(line).count(), 1, "{}", ours.log());
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_killed_vrrpd_resumes_while_its_lease_holds_and_nobody_notices() -> Result<()> {
    let mut story = active()?;
    let lease = story
        .ours
        .forwarder()?
        .lease(Family::Ipv4)
        .context("a lease")?;
    let killed = Instant::now();
    story.ours.kill();
    story.ours.run(&story.segment)?;
    story.ours.wait_for(State::Active)?;
    assert_eq!(
        story.ours.why()?[0].reason,
        Reason::Resumed,
        "{}",
        story.ours.log()
    );
    assert_eq!(
        story.ours.forwarder()?.lease(Family::Ipv4),
        Some(lease),
        "the same lease"
    );
    let last = story.watcher.last_before(killed, is_ours)?;
    let (next, advert) = story.watcher.wait("an advert", killed, is_ours)?;
    assert_eq!(advert.priority, 100);
    println!("killed and resumed: {:?} between two adverts", next - last);
    assert!(next - last < ACTIVE_DOWN, "{:?}", next - last);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_vrrpd_that_comes_back_after_its_lease_has_ended_listens_first() -> Result<()> {
    let mut story = active()?;
    story.ours.kill();
    wait::until("the end of the lease", LIMIT, || {
        let lease = story.ours.forwarder.as_ref()?.lease(Family::Ipv4);
        lease.is_none().then_some(())
    })?;
    let started = Instant::now();
    story.ours.run(&story.segment)?;
    let (first, _) = story.watcher.wait("an advert", started, is_ours)?;
    assert!(first - started > Duration::from_millis(300));
    assert_eq!(
        story.ours.wait_for(State::Active)?.counters.became_active,
        1
    );
    assert_eq!(story.ours.why()?[0].reason, Reason::ActiveDownTimer);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_forwarder_that_stands_still_for_half_a_second_costs_the_role_until_it_goes_on() -> Result<()> {
    let mut story = active()?;
    let stopped = Instant::now();
    story.ours.forwarder()?.set_beating(false);
    let (farewell, _) = story.watcher.wait("priority 0", stopped, is_farewell)?;
    let took = farewell - stopped;
    println!("a stalled forwarder was noticed after {took:?}");
    assert!(took > Duration::from_millis(480), "{took:?}");
    assert!(took < Duration::from_millis(520) + LATENESS, "{took:?}");
    let status = story.ours.wait_for(State::Backup)?;
    assert_eq!(status.forwarder, vrrp::Forwarder::Stale);
    assert_eq!(story.ours.forwarder()?.lease(Family::Ipv4), None);
    story.ours.forwarder()?.set_beating(true);
    story.ours.wait_for(State::Active)?;
    assert!(story.ours.forwarder()?.lease(Family::Ipv4).is_some());
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_forwarder_that_is_gone_for_half_a_second_costs_the_role_and_one_that_returns_does_not()
-> Result<()> {
    let mut story = active()?;
    let gone = Instant::now();
    story.ours.forwarder = None;
    let (farewell, _) = story.watcher.wait("priority 0", gone, is_farewell)?;
    assert!(
        farewell - gone > Duration::from_millis(480),
        "{:?}",
        farewell - gone
    );
    let directory = story.segment.room("vrrpd")?;
    let start = || super::standin::StandIn::start(&directory, &story.segment.ours);
    story.ours.forwarder = Some(start()?);
    story.ours.wait_for(State::Active)?;
    // Another lvsd at once: the leases are new, the role is not.
    let replaced = Instant::now();
    story.ours.forwarder = None;
    story.ours.forwarder = Some(start()?);
    wait::until("the new lease", LIMIT, || {
        story.ours.forwarder.as_ref()?.lease(Family::Ipv4)
    })?;
    wait::until("a second", LIMIT, || {
        (replaced.elapsed() > Duration::from_secs(1)).then_some(())
    })?;
    let adverts = story.watcher.adverts(replaced);
    assert!(
        adverts.iter().all(|(_, advert)| !is_farewell(advert)),
        "{adverts:?}"
    );
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_stopped_vrrpd_says_priority_zero_keeps_its_lease_for_a_while_and_ends() -> Result<()> {
    let mut story = active()?;
    let stopped = Instant::now();
    story.ours.stop()?;
    assert!(
        stopped.elapsed() < Duration::from_secs(1),
        "{:?}",
        stopped.elapsed()
    );
    let (_, _) = story.watcher.wait("priority 0", stopped, is_farewell)?;
    let farewells = story
        .watcher
        .adverts(stopped)
        .into_iter()
        .filter(|(_, one)| is_farewell(one));
    assert_eq!(farewells.count(), 1);
    assert_eq!(story.ours.forwarder()?.lease(Family::Ipv4), None);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn without_a_usable_member_or_an_address_a_virtual_router_takes_no_part() -> Result<()> {
    let mut story = active()?;
    story.ours.forwarder()?.publish(true, false);
    story.ours.wait_for(State::Initialize)?;
    assert_eq!(story.ours.forwarder()?.lease(Family::Ipv4), None);
    story.ours.forwarder()?.publish(true, true);
    story.ours.wait_for(State::Active)?;
    let address = format!("address del 10.81.0.2/24 dev {BOND}");
    story.segment.ours.ip(&[address])?;
    story.ours.wait_for(State::Initialize)?;
    story
        .segment
        .ours
        .ip(&[format!("address add 10.81.0.2/24 dev {BOND}")])?;
    story.ours.wait_for(State::Active)?;
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_dead_service_lowers_the_priority_and_healthds_last_word_holds() -> Result<()> {
    let segment = Segment::raise()?;
    let more = "[vrrp.inside.track_service.web]\nweight = -50\n\
        [service.web]\nprotocol = \"tcp\"\naddress = \"10.81.0.100:80\"\nmethod = \"nat\"\n\
         scheduler = \"rr\"\n[service.web.check]\ntype = \"tcp\"\n\
        [service.web.real.\"10.81.0.3:80\"]\nweight = 1\n";
    let ours = Ours::start(&segment, &configuration(WISH, more))?;
    ours.wait_for(State::Active)?;
    let say = |healthd: &Packet, alive: bool| {
        let record = format!(r#"{{"pools":[{{"service":"web","alive":{alive}}}]}}"#);
        healthd.send(record.as_bytes(), &[])
    };
    let wait_for = |priority: u8| {
        wait::until_ok(LIMIT, || {
            let counts = ours.status()?.effective_priority;
            ensure!(counts == priority, "the priority that counts is {counts}");
            Ok(())
        })
    };
    let healthd = ours.connect()?;
    say(&healthd, true)?;
    wait_for(100)?;
    say(&healthd, false)?;
    wait_for(50)?;
    drop(healthd);
    let next = ours.connect()?;
    say(&next, false)?;
    wait_for(50)?;
    say(&next, true)?;
    wait_for(100)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn switches_are_told_that_adverts_and_solicitations_of_a_routers_family_are_wanted() -> Result<()> {
    for family in [Family::Ipv4, Family::Ipv6] {
        let segment = Segment::raise()?;
        let wish = Wish { family, ..WISH };
        let _ours = Ours::start(&segment, &configuration(wish, ""))?;
        let groups = segment.ours.inside(|| {
            let read =
                |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}"));
            // 224.0.0.18, as the kernel writes it, and ff02::12.
            let is_in = |text: &str, group: &str| text.contains(group);
            let ipv4 = is_in(&read("igmp")?, "120000E0");
            let ipv6 = read("igmp6")?;
            let adverts = is_in(&ipv6, "ff020000000000000000000000000012");
            // The solicited-node groups of fe80::51:1 and 2001:db8:81::100.
            let of_node = |low: &str| is_in(&ipv6, &format!("ff0200000000000000000001ff{low}"));
            Ok([ipv4, adverts, of_node("510001"), of_node("000100")])
        })?;
        let is_ipv6 = family == Family::Ipv6;
        assert_eq!(groups, [!is_ipv6, is_ipv6, is_ipv6, is_ipv6]);
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_transaction_changes_what_it_names_while_the_others_go_on() -> Result<()> {
    let story = active()?;
    let began = Instant::now();
    let other = "[vrrp.other]\ninterface = \"bond0\"\nvirtual_router_id = 52\nadvert_int = 0.1\n\
        virtual_ipaddress = [\"10.81.0.200\"]\n";
    let same = configuration(WISH, "");
    assert_eq!(transact(&story.ours.connect()?, &same)?, Effect::None);
    assert_eq!(
        transact(&story.ours.connect()?, &configuration(WISH, other))?,
        Effect::Live
    );
    wait::until_ok(LIMIT, || {
        let all = story.ours.statuses()?;
        ensure!(all.len() == 2 && all.iter().all(|one| one.state == State::Active));
        Ok(())
    })?;
    let lower = Wish {
        priority: 90,
        ..WISH
    };
    assert_eq!(
        transact(&story.ours.connect()?, &configuration(lower, other))?,
        Effect::Live
    );
    story.watcher.wait("priority 90", began, |advert| {
        is_ours(advert) && advert.priority == 90
    })?;
    assert_eq!(
        transact(&story.ours.connect()?, &configuration(lower, ""))?,
        Effect::Live
    );
    wait::until_ok(LIMIT, || {
        ensure!(story.ours.statuses()?.len() == 1);
        Ok(())
    })?;
    let status = story.ours.wait_for(State::Active)?;
    assert_eq!(
        status.counters.became_active, 1,
        "it was Active all the time"
    );
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn what_is_cleared_counts_from_zero_and_figures_and_roles_go_on() -> Result<()> {
    let story = active()?;
    let sent = |verb: &str| -> Result<u64> {
        let request = format!(r#"{{"{verb}":"vrrp"}}"#);
        let all: Vec<vrrp::Status> = story.ours.ask(&request)?;
        Ok(all[0].counters.adverts_sent)
    };
    wait::until_ok(LIMIT, || {
        ensure!(sent("show")? > 10);
        Ok(())
    })?;
    let peer = story.ours.connect()?;
    peer.send(br#""clear""#, &[])?;
    assert_eq!(peer.recv()?.0, br#""done""#);
    let (shown, figures) = (sent("show")?, sent("figures")?);
    assert!(shown < 10 && figures > 10, "{shown} shown, {figures}");
    wait::until_ok(LIMIT, || {
        ensure!(sent("show")? > shown);
        Ok(())
    })?;
    let status = story.ours.wait_for(State::Active)?;
    assert_eq!(status.counters.became_active, 0, "not since");
    Ok(())
}
