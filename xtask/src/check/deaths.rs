//! Point 10: the supervisor and each daemon die under load, and what the table of deaths says happens
//! (docs: ARCHITECTURE.md).

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use tests::client::load::Flood;
use tests::namespace::Process;
use tests::pair::Pair;
use tests::plan::{ADVERT_INT, Family, Method, Router, Vip, other};

use super::observe;
use super::pair::{Pulses, arp, load, located, services_of, stays_backup, undisturbed};
use crate::report::{Report, milliseconds};

/// The box that everything dies on: Active for the NAT services, Backup for those by DR.
const BOX: u8 = 1;
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than the supervisor is away.
const WITHOUT: Duration = Duration::from_secs(1);
/// Longer than the switch waits for an LACPDU at the fast rate.
const LACP_WATCHED: Duration = Duration::from_secs(4);
const WATCHED: Duration = Duration::from_secs(1);
/// After this without a pulse lvsd counts as stalled.
const STALE: Duration = Duration::from_millis(500);
/// Taking up the role, the switch's table, and the first connection's way.
const TAKING_OVER: Duration = Duration::from_millis(200);

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let mut pair = Pair::raise(binaries)?;
    // Only services that this box answers for: another's answers would hide a silence.
    let flood = load(&pair.lab.client, &services_of(Method::Nat), 200, 16)?;
    supervisor(report, &mut pair, &flood)?;
    for name in ["lvsd", "bondd", "hostd", "vrrpd", "ctld"] {
        daemon(report, &pair, &flood, name)?;
    }
    healthd(report, &mut pair, &flood)?;
    flood.finish(&pair.lab.client)?;
    stalled_vrrpd(report, &pair)?;
    stalled_lvsd(report, &pair)
}

fn supervisor(report: &mut Report, pair: &mut Pair, flood: &Flood) -> Result<()> {
    let before = pair.at(BOX).daemons()?;
    flood.restart_tally();
    pair.at_mut(BOX).kill_supervisor()?;
    observe(WITHOUT);
    let began = Instant::now();
    pair.at_mut(BOX).start_again()?;
    report.note(
        "supervisor: the new one has all daemons ready after",
        milliseconds(began.elapsed()),
    );
    let after = pair.at(BOX).daemons()?;
    let same = before.iter().filter(|one| after.contains(one)).count();
    report.figure(
        "supervisor: daemons that the new one found alive",
        same,
        &format!("= {}", before.len()),
        same == before.len() && after.len() == before.len(),
    );
    let alone: Vec<String> = after
        .iter()
        .filter(|one| !before.contains(one))
        .map(|one| format!("{} is {} now", one.name, one.pid))
        .collect();
    report.because(&alone);
    observe(WATCHED);
    undisturbed(report, "supervisor", flood);
    homes(report, pair, "supervisor")?;
    // It restarts what it took over, too.
    let (_, killed) = pair.at(BOX).kill("hostd")?;
    successor(report, pair, &killed)
}

fn daemon(report: &mut Report, pair: &Pair, flood: &Flood, name: &str) -> Result<()> {
    let switch = pair.lab.switch.monitor()?;
    flood.restart_tally();
    let (_, killed) = pair.at(BOX).kill(name)?;
    successor(report, pair, &killed)?;
    observe(if name == "bondd" {
        LACP_WATCHED
    } else {
        WATCHED
    });
    let seen = switch.finish()?;
    let left = if seen.none() { "never" } else { "yes" };
    report.figure(
        &format!("{name}: the switch saw a member or the LAG leave"),
        left,
        "never",
        seen.none(),
    );
    report.because(&seen.missing);
    undisturbed(report, name, flood);
    homes(report, pair, name)
}

fn successor(report: &mut Report, pair: &Pair, killed: &Process) -> Result<()> {
    let (began, name) = (Instant::now(), &killed.name);
    pair.at(BOX).wait_for_successor(killed, PATIENCE)?;
    pair.at(BOX).wait_until_ready(PATIENCE)?;
    report.note(
        &format!("{name}: ready again after"),
        milliseconds(began.elapsed()),
    );
    Ok(())
}

/// Nothing changes hands.
fn homes(report: &mut Report, pair: &Pair, what: &str) -> Result<()> {
    let mut kept = 0;
    for router in Router::all() {
        kept += u8::from(
            pair.active_for(router)
                .is_ok_and(|active| active == router.home()),
        );
    }
    let all = Router::all().len();
    report.figure(
        &format!("{what}: virtual routers with the same Active as before"),
        kept,
        &format!("= {all}"),
        usize::from(kept) == all,
    );
    Ok(())
}

/// The last verdicts hold: a real that is down stays out while healthd is dead and when it returns.
fn healthd(report: &mut Report, pair: &mut Pair, flood: &Flood) -> Result<()> {
    let real = pair.lab.reals.last_mut().context("no real")?;
    let name = real.name().to_owned();
    real.kill()?;
    let counted = Vip::all().len();
    tests::wait::until("every check of the dead real to fail", PATIENCE, || {
        let verdicts = pair.at(BOX).verdicts().ok()?;
        let down = verdicts.iter().filter(|(_, verdict)| verdict == "down");
        (down.count() == counted).then_some(())
    })?;
    // The other box may be a probe behind.
    observe(WATCHED);
    flood.restart_tally();
    let (_, killed) = pair.at(BOX).kill("healthd")?;
    successor(report, pair, &killed)?;
    observe(WATCHED);
    let reached = flood.tally().per_real.get(&name).copied().unwrap_or(0);
    report.none("healthd: connections to a real that was down", reached);
    undisturbed(report, "healthd", flood);
    homes(report, pair, "healthd")?;
    pair.lab
        .reals
        .last_mut()
        .context("no real")?
        .start_again()?;
    pair.at(BOX).wait_for_health(PATIENCE)
}

/// A vrrpd that renews no lease any more: its box falls silent by itself, and the other takes over.
fn stalled_vrrpd(report: &mut Report, pair: &Pair) -> Result<()> {
    let router = Vip::maglev(Method::Nat, Family::V4).router();
    let heir = other(BOX);
    let pulses = Pulses::start(&pair.lab.client, Method::Nat)?;
    let (at, _) = pair.at(BOX).signal("vrrpd", Signal::SIGSTOP)?;
    pair.at(heir).wait_for_roles(|_| true, ADVERT_INT * 50)?;
    arp::judge(report, pair, "vrrpd stopped", Method::Nat, BOX)?;
    let bound = router.active_down_interval(heir) + TAKING_OVER;
    pulses.judge(report, &pair.lab.client, "vrrpd stopped", at, bound)?;
    located(report, pair, "vrrpd stopped", router, heir)?;
    // It may have been ended as hung meanwhile.
    pair.at(BOX).signal("vrrpd", Signal::SIGCONT)?;
    pair.at(BOX).wait_until_ready(PATIENCE)?;
    pair.at(BOX).wait_for_roles(|_| false, PATIENCE)?;
    stays_backup(report, "vrrpd goes on", pair.at(BOX), WATCHED)
}

/// A forwarder that stands still takes its box out of every election until it goes on.
fn stalled_lvsd(report: &mut Report, pair: &Pair) -> Result<()> {
    // It has taken over everything.
    let (stalled, heir) = (other(BOX), BOX);
    let router = Vip::maglev(Method::Dr, Family::V4).router();
    let pulses = Pulses::start(&pair.lab.client, Method::Dr)?;
    let (at, _) = pair.at(stalled).signal("lvsd", Signal::SIGSTOP)?;
    pair.at(heir).wait_for_roles(|_| true, ADVERT_INT * 50)?;
    let skew = router.active_down_interval(heir) - ADVERT_INT * 3;
    // The election itself takes a step more than after a death.
    let bound = STALE + skew + 2 * TAKING_OVER;
    pulses.judge(report, &pair.lab.client, "lvsd stopped", at, bound)?;
    located(report, pair, "lvsd stopped", router, heir)?;
    pair.at(stalled).wait_for_roles(|_| false, PATIENCE)?;
    stays_backup(report, "lvsd stopped", pair.at(stalled), WATCHED)?;
    pair.at(stalled).signal("lvsd", Signal::SIGCONT)?;
    pair.at(stalled).wait_until_ready(PATIENCE)?;
    pair.lab.wait_for_bond_of(stalled)?;
    stays_backup(report, "lvsd goes on", pair.at(stalled), WATCHED)?;
    pair.lab.wait_for_services(&Vip::all())
}
