//! The power goes in the middle of a commit: afterwards the box has the old configuration or the new one.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::qemu::Machine;
use tests::session::{PASSWORD, Session};
use tests::site::{Site, WEBS, one_box};

use crate::stage::{configured, direct, site, up};

/// ctld's steps (see `ARCHITECTURE.md`, "The way of a configuration line").
const STEPS: [&str; 7] = [
    "validated",
    "preparing",
    "prepared",
    "journalled",
    "running",
    "committing",
    "committed",
];
/// How often the power goes at each step.
const TIMES: usize = 3;
const HELD: Duration = Duration::from_secs(60);

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_power_cut_at_any_step_of_a_commit_leaves_the_old_or_the_new_configuration_whole() -> Result<()>
{
    let site = site(1)?;
    let mut lines = one_box();
    lines.extend(weigh(1));
    configured(&site, 1, &lines)?.kill();
    // Each boot shows what the power cut before it has left, and is held at the next step.
    let mut weight = 1;
    let mut cut = None;
    for step in STEPS.iter().cycle().take(TIMES * STEPS.len()) {
        let mut machine = boot(&site, &format!("fourfold.hold=ctld/{step}"))?;
        let mut session = Session::login(&mut machine.serial, PASSWORD)?;
        weight = old_or_new(weights(&mut session)?, weight, cut)?;
        commit_and_be_held(&mut session, step, weight + 1)?;
        machine.kill();
        cut = Some(*step);
    }
    old_or_new(fresh_weights(&site)?, weight, cut)?;
    Ok(())
}

/// The weight that both reals have: what it was, or what it was to be when the power was cut.
fn old_or_new(found: [u32; 2], weight: u32, cut: Option<&str>) -> Result<u32> {
    let Some(step) = cut else {
        ensure!(found == [weight; 2], "{found:?} instead of {weight}");
        return Ok(weight);
    };
    let new = weight + 1;
    let which = if found == [new; 2] { "new" } else { "old" };
    ensure!(
        found == [weight; 2] || found == [new; 2],
        "at {step}: {found:?} of {weight} and {new}"
    );
    println!("power cut at ctld/{step}: the {which} configuration, whole");
    Ok(found[0])
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn an_unconfirmed_commit_is_rolled_back_by_a_power_cut() -> Result<()> {
    let site = site(1)?;
    let mut lines = one_box();
    lines.extend(weigh(1));
    let mut machine = configured(&site, 1, &lines)?;
    let mut session = Session::resumed(&mut machine.serial)?;
    session.run_when_ready("configure")?;
    session.run_all(weigh(9).iter().map(String::as_str))?;
    session.run("commit confirmed 5")?;
    let running = session.run("run show configuration | no-more")?;
    ensure!(
        running.contains("weight = 9"),
        "the trial runs meanwhile:\n{running}"
    );
    machine.kill();
    ensure!(
        fresh_weights(&site)? == [1; 2],
        "the trial outlived the power cut"
    );
    Ok(())
}

fn weigh(weight: u32) -> Vec<String> {
    WEBS.map(|web| format!("set service web real {web}:8080 weight {weight}"))
        .to_vec()
}

/// Commits other weights, as far as `step`.
fn commit_and_be_held(session: &mut Session<'_>, step: &str, weight: u32) -> Result<()> {
    session.run_when_ready("configure")?;
    session.run_all(weigh(weight).iter().map(String::as_str))?;
    session.type_only("commit")?;
    session.expect(&format!("held at ctld/{step}"), HELD)?;
    Ok(())
}

/// The weights that a fresh boot finds.
fn fresh_weights(site: &Site) -> Result<[u32; 2]> {
    let mut machine = boot(site, "")?;
    weights(&mut Session::login(&mut machine.serial, PASSWORD)?)
}

/// The running weights of both reals.
fn weights(session: &mut Session<'_>) -> Result<[u32; 2]> {
    let text = session.run_when_ready("show configuration set | no-more")?;
    let weight = |web: &str| -> Result<u32> {
        let start = format!("set service web real {web}:8080");
        let mut lines = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(&start));
        let rest = lines
            .next_back()
            .with_context(|| format!("{web} is missing:\n{text}"))?;
        // The default is not printed.
        let number = rest.trim().strip_prefix("weight ").unwrap_or("1");
        number
            .parse()
            .with_context(|| format!("the weight in {rest:?}"))
    };
    Ok([weight(WEBS[0])?, weight(WEBS[1])?])
}

fn boot(site: &Site, more: &str) -> Result<Machine> {
    let hardware = site.hardware(1, direct(more)?, &site.disk(1)?)?;
    let (machine, _, _) = up(&hardware, &site.room(1)?)?;
    Ok(machine)
}
