//! vrrpd and keepalived on one network, in both roles, both families, with its virtual MAC and
//! without.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::daemon::Daemon;
use tests::{prove, wait};
use vrrp::{Family, State};

use super::ours::{LIMIT, Ours, Wish, configuration};
use super::segment::{INTERFACE, Port, Segment, our_address, virtual_addresses};
use super::watcher::{Advert, Watcher};

/// What scheduling may add on a busy machine.
const LATENESS: Duration = Duration::from_millis(250);

/// Active_Down_Interval at 100 ms with this priority.
fn active_down(priority: u8) -> Duration {
    Duration::from_millis(300) + skew(priority)
}

/// Skew_Time at 100 ms with this priority.
fn skew(priority: u8) -> Duration {
    Duration::from_millis(100) * (256 - u32::from(priority)) / 256
}

/// A keepalived; dropping it kills it.
struct Keepalived {
    daemon: Daemon,
    log: PathBuf,
}

impl Keepalived {
    fn start(segment: &Segment, family: Family, priority: u8, more: &str) -> Result<Self> {
        let directory = segment.room("keepalived")?;
        // Duplicate addresses are nobody's wish, and a prefix makes them usable on a macvlan.
        let addresses = virtual_addresses(family)
            .iter()
            .map(|address| match family {
                Family::Ipv4 => format!("    {address}/24\n"),
                Family::Ipv6 => format!("    {address}/64\n"),
            });
        let addresses: String = addresses.collect();
        let text = format!(
            "global_defs {{\n  vrrp_version 3\n  vrrp_rt_priority 50\n  \
             vrrp_rlimit_rttime 5000000\n}}\n\
             vrrp_instance inside {{\n  state BACKUP\n  interface {INTERFACE}\n  \
             virtual_router_id 51\n  priority {priority}\n  advert_int 0.1\n  {more}\n  \
             virtual_ipaddress {{\n{addresses}  }}\n}}\n"
        );
        let file = directory.join("keepalived.conf");
        fs::write(&file, text)?;
        let mut command = segment.peer.command("keepalived");
        command
            .args(["-P", "-n", "-l", "-D", "-G", "-R", "-f"])
            .arg(file);
        command.arg("-p").arg(directory.join("pid"));
        command.arg("-r").arg(directory.join("vrrp_pid"));
        let log = directory.join("log");
        Ok(Self {
            daemon: Daemon::start("keepalived", command, &log)?,
            log,
        })
    }

    fn stop(&mut self) -> Result<()> {
        self.daemon.stop(Duration::from_secs(10))?;
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

struct Story {
    ours: Ours,
    keepalived: Keepalived,
    watcher: Watcher,
    segment: Segment,
    family: Family,
}

impl Story {
    /// Both on one network: we are Active where our priority is the higher one, else nothing is waited
    /// for.
    fn begin(wish: Wish, theirs: u8, more: &str) -> Result<Self> {
        let segment = Segment::raise()?;
        let watcher = Watcher::start(&segment.listener)?;
        let family = wish.family;
        let ours = Ours::start(&segment, &configuration(wish, ""))?;
        if wish.priority > theirs {
            ours.wait_for(State::Active)?;
        }
        Ok(Self {
            ours,
            keepalived: Keepalived::start(&segment, family, theirs, more)?,
            watcher,
            segment,
            family,
        })
    }

    fn is_ours(&self, advert: &Advert) -> bool {
        advert.source.to_string() == our_address(self.family)
    }

    /// Waits until keepalived is Active and we follow it.
    fn wait_for_theirs(&self) -> Result<()> {
        let theirs = |advert: &Advert| !self.is_ours(advert) && advert.priority != 0;
        let heard = self
            .watcher
            .wait("keepalived's advert", Instant::now(), theirs);
        let (_, advert) = heard.with_context(|| self.keepalived.log())?;
        let (status, active) = self.ours.wait_for_active_router()?;
        ensure!(active.priority == advert.priority && active.address == advert.source);
        ensure!(
            status.counters.addresses_differ == 0,
            "the same addresses: {status:?}"
        );
        Ok(())
    }

    /// Waits until keepalived watches over us.
    fn wait_for_keepalived(&self) -> Result<()> {
        wait::until("keepalived to be Backup", LIMIT, || {
            self.keepalived
                .log()
                .contains("Entering BACKUP STATE")
                .then_some(())
        })?;
        let began = Instant::now();
        let ours = |advert: &Advert| self.is_ours(advert);
        self.watcher.wait("our next advert", began, ours)?;
        Ok(())
    }

    /// From the last advert before `event` of the one, to the first advert after it of the other.
    fn takeover(&self, event: Instant, to_us: bool) -> Result<Duration> {
        let (first, _) = self
            .watcher
            .wait("the successor's advert", event, |advert| {
                self.is_ours(advert) == to_us && advert.priority != 0
            })?;
        let last = self
            .watcher
            .last_before(first, |advert| self.is_ours(advert) != to_us)?;
        Ok(first - last)
    }
}

fn is_about(took: Duration, wanted: Duration) -> Result<()> {
    let least = wanted.saturating_sub(Duration::from_millis(10));
    ensure!(
        took >= least && took < wanted + LATENESS,
        "{took:?} instead of {wanted:?}"
    );
    Ok(())
}

/// As [`is_about`], for a peer that may have reasons of its own to be early.
fn is_within(took: Duration, wanted: Duration) -> Result<()> {
    ensure!(took < wanted + LATENESS, "{took:?} instead of {wanted:?}");
    Ok(())
}

/// All of them where figures are to be proved; else each family once, and each kind of MAC.
fn variants() -> impl Iterator<Item = (Family, &'static str, &'static str)> {
    let all = [
        (Family::Ipv4, "", "IPv4"),
        (Family::Ipv4, "use_vmac vrrp.51", "IPv4, use_vmac"),
        (Family::Ipv6, "", "IPv6"),
        (Family::Ipv6, "use_vmac vrrp.51", "IPv6, use_vmac"),
    ];
    let step = if prove::is_asked() { 1 } else { 3 };
    all.into_iter().step_by(step)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn keepalived_dies_silently_and_we_take_over_and_yield_when_it_is_back() -> Result<()> {
    for (family, more, name) in variants() {
        let story = Story::begin(Wish::new(family, 100), 200, more)?;
        story.wait_for_theirs().context(name)?;
        let cut = Instant::now();
        story.segment.cut(Port::Peer)?;
        let took = story.takeover(cut, true)?;
        println!("{name}: keepalived silent, we take over after {took:?}");
        is_about(took, active_down(100)).context(name)?;
        story.ours.wait_for(State::Active)?;
        story.segment.heal(Port::Peer)?;
        story.wait_for_theirs().context(name)?;
        assert_eq!(story.ours.status()?.counters.became_active, 1);
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn keepalived_leaves_and_we_take_over_within_the_skew() -> Result<()> {
    for (family, more, name) in variants() {
        let mut story = Story::begin(Wish::new(family, 100), 200, more)?;
        story.wait_for_theirs().context(name)?;
        let stopped = Instant::now();
        story.keepalived.stop()?;
        let took = story.takeover(stopped, true)?;
        println!("{name}: keepalived leaves, we take over after {took:?}");
        is_about(took, skew(100)).context(name)?;
        assert_eq!(
            story
                .ours
                .wait_for(State::Active)?
                .counters
                .priority_zero_received,
            1
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn we_die_silently_and_keepalived_takes_over_and_yields_when_we_are_back() -> Result<()> {
    for (family, more, name) in variants() {
        let story = Story::begin(Wish::new(family, 200), 100, more)?;
        story.wait_for_keepalived()?;
        let cut = Instant::now();
        story.segment.cut(Port::Ours)?;
        let took = story
            .takeover(cut, false)
            .with_context(|| story.keepalived.log())?;
        println!("{name}: we fall silent, keepalived takes over after {took:?}");
        is_about(took, active_down(100)).context(name)?;
        story.segment.heal(Port::Ours)?;
        let healed = Instant::now();
        story
            .watcher
            .wait("our advert", healed, |advert| story.is_ours(advert))?;
        assert_eq!(
            story.ours.status()?.counters.became_active,
            1,
            "we were Active all the time"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn we_leave_and_keepalived_takes_over_within_the_skew() -> Result<()> {
    for (family, more, name) in variants() {
        let wish = Wish {
            preempt: true,
            ..Wish::new(family, 200)
        };
        let mut story = Story::begin(wish, 100, more)?;
        story.wait_for_keepalived()?;
        let stopped = Instant::now();
        story.ours.stop()?;
        let took = story
            .takeover(stopped, false)
            .with_context(|| story.keepalived.log())?;
        println!("{name}: we leave, keepalived takes over after {took:?}");
        is_within(took, skew(100)).context(name)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_killed_vrrpd_that_does_not_come_back_is_succeeded_by_keepalived() -> Result<()> {
    let wish = Wish {
        preempt: true,
        ..Wish::new(Family::Ipv4, 200)
    };
    let mut story = Story::begin(wish, 100, "")?;
    story.wait_for_keepalived()?;
    let killed = Instant::now();
    story.ours.kill();
    let took = story.takeover(killed, false)?;
    println!("we are killed, keepalived takes over after {took:?}");
    is_about(took, active_down(100))?;
    // Our lease had ended by then: two boxes never serve at once.
    assert_eq!(story.ours.forwarder()?.lease(Family::Ipv4), None);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_higher_priority_takes_over_from_a_living_keepalived_only_where_it_preempts() -> Result<()> {
    for family in [Family::Ipv4, Family::Ipv6] {
        for preempt in [false, true] {
            let segment = Segment::raise()?;
            let watcher = Watcher::start(&segment.listener)?;
            let keepalived = Keepalived::start(&segment, family, 100, "")?;
            let began = Instant::now();
            let theirs = |advert: &Advert| advert.source.to_string() != our_address(family);
            watcher.wait("keepalived's advert", began, theirs)?;
            let wish = Wish {
                preempt,
                ..Wish::new(family, 200)
            };
            let ours = Ours::start(&segment, &configuration(wish, ""))?;
            if preempt {
                ours.wait_for(State::Active)?;
                // keepalived yields when it has heard the first ones, and is silent from then on.
                let ten_since = |began| {
                    watcher.wait("ten adverts", began, |_| watcher.adverts(began).len() >= 10)
                };
                ten_since(Instant::now())?;
                let silent = Instant::now();
                ten_since(silent)?;
                let last = watcher.last_before(Instant::now(), theirs)?;
                assert!(last < silent, "{}", keepalived.log());
            } else {
                ours.wait_for(State::Backup)?;
                let began = Instant::now();
                watcher.wait("ten adverts of keepalived's", began, |_| {
                    watcher.adverts(began).len() >= 10
                })?;
                assert!(
                    watcher
                        .adverts(began)
                        .iter()
                        .all(|(_, advert)| theirs(advert))
                );
                assert_eq!(ours.status()?.state, State::Backup);
            }
        }
    }
    Ok(())
}
