//! What the points on two boxes share.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tests::appliance::Appliance;
use tests::client::Client;
use tests::client::load::{Flood, Load};
use tests::client::pulse::{Beats, Pulse};
use tests::pair::Pair;
use tests::plan::{Family, Method, Router, Vip};

use super::{body_digest, observe};
use crate::report::{Report, milliseconds};

pub mod arp;

/// What scheduling on a busy machine may add to a window that is counted in probes.
pub const SLACK: Duration = Duration::from_millis(500);

/// The longest silence under load where nothing is to happen: what a busy machine may add by itself. A
/// role that changes hands shows as one.
const UNNOTICED: Duration = Duration::from_millis(500);

/// The Maglev service of each family. Without connection synchronisation only these find the same
/// real on either box.
pub fn maglev(method: Method) -> [Vip; 2] {
    [Family::V4, Family::V6].map(|family| Vip::maglev(method, family))
}

/// The four services of a method, which one box is Active for.
pub fn services_of(method: Method) -> Vec<Vip> {
    let all = Vip::all().into_iter();
    all.filter(|vip| vip.method == method).collect()
}

/// A load that runs.
pub fn load(client: &Client, services: &[Vip], per_second: u32, keep_alive: u32) -> Result<Flood> {
    let load = Load {
        targets: services.iter().map(Vip::address).collect(),
        connections_per_second: per_second,
        keep_alive,
        pause: Duration::from_millis(20),
        sha256: body_digest(),
    };
    let flood = load.start(client);
    tests::wait::until("the load to run", Duration::from_secs(20), || {
        (flood.tally().right() > 200).then_some(())
    })?;
    flood.restart_tally();
    Ok(flood)
}

/// A new connection each millisecond to the Maglev service of each family.
pub struct Pulses {
    running: Vec<(Vip, Pulse)>,
}

impl Pulses {
    pub fn start(client: &Client, method: Method) -> Result<Self> {
        let pulse = |vip: Vip| Ok((vip, Pulse::start_anew(client, &[vip.address()])?));
        let running = maglev(method).into_iter().map(pulse);
        let pulses = Self {
            running: running.collect::<Result<_>>()?,
        };
        // Answers before the outage are what it is measured from.
        observe(Duration::from_millis(500));
        Ok(pulses)
    }

    /// The longest silence after `from`, family by family; each must end before the pulses do.
    pub fn judge(
        self,
        report: &mut Report,
        client: &Client,
        what: &str,
        from: Instant,
        bound: Duration,
    ) -> Result<()> {
        observe(Duration::from_secs(1));
        let ending = Instant::now();
        for (vip, pulse) in self.running {
            let beats = pulse.finish(client)?;
            let outage = outage(&beats, from, ending)
                .with_context(|| format!("{what}: {} answered no more", vip.name()))?;
            report.within(&format!("{what}: outage of {}", vip.name()), outage, bound);
            let (sent, unanswered) = beats.count();
            report.note(
                &format!("{what}: {}: new connections, failed", vip.name()),
                format!("{sent}, {unanswered}"),
            );
        }
        Ok(())
    }
}

/// The longest silence between answers; `None` unless there were answers before `from` and again in
/// the last half of a second before `ending`.
fn outage(beats: &Beats, from: Instant, ending: Instant) -> Option<Duration> {
    let late = ending.checked_sub(Duration::from_millis(500))?;
    beats.first_answer_after(late)?;
    Some(beats.longest_gap_after(from))
}

/// The member or port behind which the switch sees a router's virtual MAC must be box `number`'s.
pub fn located(
    report: &mut Report,
    pair: &Pair,
    when: &str,
    router: Router,
    number: u8,
) -> Result<()> {
    let location = pair.lab.switch.location_of(router.virtual_mac())?;
    let location = location.unwrap_or_else(|| "nowhere".to_owned());
    let ports = pair.lab.place(number)?.switch_ports();
    report.figure(
        &format!("{when}: the switch has the MAC of {} behind", router.name()),
        &location,
        &format!("{} or {}", ports[0], ports[1]),
        ports.contains(&location),
    );
    Ok(())
}

/// Watches a box for `length`: it must never be anything but Backup.
pub fn stays_backup(
    report: &mut Report,
    when: &str,
    appliance: &Appliance,
    length: Duration,
) -> Result<()> {
    let (end, mut asked, mut other) = (Instant::now() + length, 0, Vec::new());
    while Instant::now() < end {
        let roles = appliance.roles()?;
        asked += 1;
        other.extend(
            roles
                .into_iter()
                .filter(|(_, role)| role != "backup")
                .map(|(name, role)| format!("{name} {role}")),
        );
        observe(Duration::from_millis(20));
    }
    let seen = u64::try_from(other.len()).unwrap_or(u64::MAX);
    other.truncate(5);
    if seen > 0 {
        other.extend(last_of(&appliance.log(), "vrrpd", 12));
    }
    report.none(&format!("{when}: not Backup, of {asked} times asked"), seen);
    report.because(&other);
    Ok(())
}

/// The last lines of a log that name a daemon: what it says of what went wrong.
fn last_of(log: &str, daemon: &str, count: usize) -> Vec<String> {
    let lines = log.lines().rev().filter(|line| line.contains(daemon));
    let mut lines: Vec<String> = lines.take(count).map(str::to_owned).collect();
    lines.reverse();
    lines
}

/// What a load that nothing was to disturb has come to.
pub fn undisturbed(report: &mut Report, what: &str, flood: &Flood) {
    let tally = flood.tally();
    report.none(&format!("{what}: failed requests"), tally.failed);
    report.because(&tally.reasons);
    let right = tally.right();
    report.figure(&format!("{what}: right answers"), right, "> 0", right > 0);
    report.within(
        &format!("{what}: longest gap"),
        tally.longest_gap,
        UNNOTICED,
    );
    report.note(
        &format!("{what}: slowest request"),
        milliseconds(tally.slowest),
    );
}
