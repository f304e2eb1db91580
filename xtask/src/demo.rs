//! `cargo xtask demo`: the lab under load, as a live picture until Ctrl-C.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use tests::client::load::Tally;
use tests::interrupt::Cleanup;

use crate::check::{Stage, observe};
use crate::report::milliseconds;
use crate::{setup, workspace};

const PERIOD: Duration = Duration::from_secs(1);
const EVENTS: usize = 8;
/// Lines of one `show` that the picture has room for.
const LINES: usize = 12;
const BAR: u64 = 40;

/// Raises the lab and paints until a signal ends the process, which cleans up.
pub fn run() -> Result<()> {
    setup::run()?;
    let binaries = workspace::build_appliance()?;
    println!("raising the lab");
    let stage = Stage::raise(&binaries)?;
    let flood = stage.load(200, 16)?;
    let live = stdout().is_terminal();
    let _screen = live.then(open_screen).transpose()?;
    let mut former = flood.tally();
    loop {
        observe(PERIOD);
        let now = flood.tally();
        let picture = picture(&stage, &former, &now);
        paint(&picture, live)?;
        former = now;
    }
}

/// Switches to the terminal's second screen, and back when dropped or interrupted.
fn open_screen() -> Result<Cleanup> {
    let cleanup = Cleanup::register(|| print!("\x1b[?25h\x1b[?1049l"))?;
    print!("\x1b[?1049h\x1b[?25l");
    Ok(cleanup)
}

fn paint(picture: &str, live: bool) -> Result<()> {
    let mut out = stdout().lock();
    let painted = if live {
        // Each line is cleared behind its text, then what is left of the screen below.
        write!(out, "\x1b[H{}\x1b[J", picture.replace('\n', "\x1b[K\n"))
    } else {
        writeln!(out, "{picture}")
    };
    painted.and_then(|()| out.flush()).context("painting")
}

fn picture(stage: &Stage, former: &Tally, now: &Tally) -> String {
    let mut text =
        String::from("fourfold demo: client -> 8 services -> r1 r2 r3     Ctrl-C ends it\n");
    text.push_str(&rates(former, now));
    text.push_str(&switch(stage));
    for noun in ["bond", "lacp", "service", "drops"] {
        let said = stage
            .appliance
            .show_text(noun)
            .unwrap_or_else(|error| format!("{error:#}"));
        section(&mut text, &format!("fourfold show {noun}"), &said);
    }
    section(
        &mut text,
        "events",
        &last_lines(&stage.appliance.log(), EVENTS),
    );
    section(&mut text, "to break something", &hints(stage));
    if let Some(reason) = now.reasons.first() {
        section(&mut text, "first failure", reason);
    }
    text
}

fn rates(former: &Tally, now: &Tally) -> String {
    let mut text = String::new();
    for (real, count) in &now.per_real {
        let rate = count - former.per_real.get(real).copied().unwrap_or(0);
        let bar = "#".repeat(usize::try_from((rate / 20).min(BAR)).unwrap_or(0));
        // Writing to a string cannot fail.
        writeln!(text, "  {real} {rate:>6}/s {bar}").ok();
    }
    let gap = milliseconds(now.longest_gap);
    writeln!(
        text,
        "  {} right, {} failed, longest gap {gap}",
        now.right(),
        now.failed
    )
    .ok();
    text
}

fn switch(stage: &Stage) -> String {
    match stage.lab.switch.bond() {
        Err(error) => format!("  switch: {error:#}\n"),
        Ok(bond) => {
            let members: Vec<String> = bond
                .members
                .iter()
                .map(|member| format!("{} {}", member.name, member.status))
                .collect();
            format!(
                "  switch: LACP {}, {}\n",
                bond.lacp_status,
                members.join(", ")
            )
        }
    }
}

fn section(text: &mut String, title: &str, body: &str) {
    writeln!(text, "-- {title}").ok();
    for line in body.lines().take(LINES) {
        writeln!(text, "  {line}").ok();
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn hints(stage: &Stage) -> String {
    let namespace = stage.lab.cable_namespace().name();
    let lvsd = stage
        .appliance
        .daemon("lvsd")
        .map_or(0, |process| process.pid);
    format!(
        "ip -n {namespace} link set s1 down    (cuts the first cable; up heals it)\n\
         kill -9 {lvsd}    (lvsd)"
    )
}
