//! vrrpd and FRR's vrrpd on one network, in both roles and both families.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::frr::Frr;
use tests::wait;
use vrrp::{Family, State};

use super::ours::{LIMIT, Ours, Wish, configuration};
use super::segment::{INTERFACE, Port, Segment, our_address, virtual_addresses};
use super::watcher::{Advert, Watcher};

/// What scheduling may add on a busy machine.
const LATENESS: Duration = Duration::from_millis(250);
/// FRR counts its skew in whole hundredths of a second.
const EARLY: Duration = Duration::from_millis(20);

/// The macvlan that FRR wants of each family.
fn macvlan(segment: &Segment, family: Family) -> Result<()> {
    let (number, prefix) = match family {
        Family::Ipv4 => (1, 32),
        Family::Ipv6 => (2, 64),
    };
    let mode = match family {
        Family::Ipv4 => "none",
        // It wants a link-local address of its own to speak from.
        Family::Ipv6 => "random",
    };
    let address = virtual_addresses(family).last().context("an address")?;
    segment.peer.ip(&[
        format!("link add name vrrp{number} link {INTERFACE} type macvlan mode bridge"),
        format!("link set dev vrrp{number} address 00:00:5e:00:0{number}:33 addrgenmode {mode}"),
        format!("address add {address}/{prefix} dev vrrp{number}"),
        format!("link set dev vrrp{number} up"),
    ])
}

fn start(segment: &Segment, family: Family, priority: u8) -> Result<Frr> {
    macvlan(segment, family)?;
    let word = match family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ipv6",
    };
    let addresses = virtual_addresses(family).iter();
    let addresses: String = addresses
        .map(|address| format!(" vrrp 51 {word} {address}\n"))
        .collect();
    let configuration = format!(
        "interface {INTERFACE}\n vrrp 51 version 3\n vrrp 51 priority {priority}\n \
         vrrp 51 advertisement-interval 100\n{addresses}"
    );
    Frr::start(
        &segment.peer,
        &segment.room("frr")?,
        "vrrpd",
        &configuration,
    )
}

struct Story {
    ours: Ours,
    frr: Frr,
    watcher: Watcher,
    segment: Segment,
    family: Family,
}

impl Story {
    /// FRR is Active first when its priority is higher, else we are.
    fn begin(ours: Wish, theirs: u8) -> Result<Self> {
        let segment = Segment::raise()?;
        let watcher = Watcher::start(&segment.listener)?;
        let frr = start(&segment, ours.family, theirs)?;
        let family = ours.family;
        let story = Self {
            ours: Ours::start(&segment, &configuration(ours, ""))?,
            frr,
            watcher,
            segment,
            family,
        };
        if ours.priority > theirs {
            story.ours.wait_for(State::Active)?;
        } else {
            let theirs = |advert: &Advert| !story.is_ours(advert);
            let (_, advert) = story
                .watcher
                .wait("FRR's advert", Instant::now(), theirs)
                .with_context(|| story.frr.log())?;
            let (_, active) = story.ours.wait_for_active_router()?;
            ensure!(active.address == advert.source, "{active:?}, {advert:?}");
        }
        Ok(story)
    }

    fn is_ours(&self, advert: &Advert) -> bool {
        advert.source.to_string() == our_address(self.family)
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
    ensure!(
        took + EARLY >= wanted && took < wanted + LATENESS,
        "{took:?} instead of {wanted:?}"
    );
    Ok(())
}

const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

#[test]
#[ignore = "needs root and the lab's programs"]
fn frr_dies_silently_and_we_take_over_and_yield_when_it_is_back() -> Result<()> {
    for family in FAMILIES {
        let story = Story::begin(Wish::new(family, 100), 200)?;
        let cut = Instant::now();
        story.segment.cut(Port::Peer)?;
        let took = story.takeover(cut, true)?;
        println!("{family:?}: FRR silent, we take over after {took:?}");
        is_about(took, Duration::from_millis(361))?;
        story.ours.wait_for(State::Active)?;
        story.segment.heal(Port::Peer)?;
        story.ours.wait_for(State::Backup)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn frr_leaves_and_we_take_over_within_the_skew() -> Result<()> {
    for family in FAMILIES {
        let mut story = Story::begin(Wish::new(family, 100), 200)?;
        let stopped = Instant::now();
        story.frr.daemon.stop(Duration::from_secs(10))?;
        let took = story.takeover(stopped, true)?;
        println!("{family:?}: FRR leaves, we take over after {took:?}");
        is_about(took, Duration::from_millis(61))?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn we_die_silently_or_leave_and_frr_takes_over() -> Result<()> {
    for family in FAMILIES {
        let wish = Wish {
            preempt: true,
            ..Wish::new(family, 200)
        };
        let mut story = Story::begin(wish, 100)?;
        let cut = Instant::now();
        story.segment.cut(Port::Ours)?;
        let took = story.takeover(cut, false)?;
        println!("{family:?}: we fall silent, FRR takes over after {took:?}");
        is_about(took, Duration::from_millis(361))?;
        let healed = Instant::now();
        story.segment.heal(Port::Ours)?;
        story
            .watcher
            .wait("our advert", healed, |advert| story.is_ours(advert))?;
        // FRR yields before it is to take over again.
        let quiet = Instant::now();
        wait::until("FRR to yield", LIMIT, || {
            let adverts = story.watcher.adverts(quiet);
            let last = adverts.iter().rev().take(5);
            (adverts.len() >= 5 && last.clone().all(|(_, advert)| story.is_ours(advert)))
                .then_some(())
        })?;
        let stopped = Instant::now();
        story.ours.stop()?;
        let took = story.takeover(stopped, false)?;
        println!("{family:?}: we leave, FRR takes over after {took:?}");
        is_about(took, Duration::from_millis(61))?;
    }
    Ok(())
}
