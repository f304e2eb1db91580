//! `cargo xtask demo`: the lab under load, as a live picture until Ctrl-C.

use std::io::{IsTerminal, Write as _, stdout};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tests::client::load::Tally;
use tests::interrupt::Cleanup;

use crate::check::{Stage, observe};
use crate::report::milliseconds;
use crate::{setup, workspace};

mod picture;

use picture::{Facts, Size};

const PERIOD: Duration = Duration::from_secs(1);

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
        let size = if live { terminal() } else { Size::PAPER };
        let picture = facts(&stage, &former, &now).draw(size);
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

/// The terminal's size now: it may change while the picture is live.
fn terminal() -> Size {
    let asked = Command::new("stty")
        .args(["-F", "/dev/tty", "size"])
        .output();
    asked
        .ok()
        .and_then(|answer| Size::parse(&String::from_utf8_lossy(&answer.stdout)))
        .unwrap_or(Size::SMALL)
}

/// Paints without a line feed behind the last line, which would scroll.
fn paint(picture: &str, live: bool) -> Result<()> {
    let mut out = stdout().lock();
    let painted = if live {
        // Each line is cleared behind its text, then what is left of the screen below.
        let picture = picture.replace('\n', "\x1b[K\n");
        write!(out, "\x1b[H{picture}\x1b[K\x1b[J")
    } else {
        writeln!(out, "{picture}\n")
    };
    painted.and_then(|()| out.flush()).context("painting")
}

fn facts(stage: &Stage, former: &Tally, now: &Tally) -> Facts {
    let show = |noun: &str| -> Result<Vec<Value>, String> {
        let said = stage.appliance.show(noun);
        said.map(|mut answer| match answer.get_mut(noun).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
        .map_err(|error| format!("{error:#}"))
    };
    let lvsd = stage.appliance.daemon("lvsd");
    Facts {
        client: client(former, now),
        failure: now.reasons.first().cloned(),
        switch: switch(stage),
        bonds: show("bond"),
        lacp: show("lacp"),
        services: show("service"),
        drops: show("drops"),
        log: stage.appliance.log(),
        cables: stage.lab.cable_namespace().name().to_owned(),
        run_directory: stage.appliance.run_directory().display().to_string(),
        lvsd: lvsd.map(|process| process.pid),
    }
}

fn client(former: &Tally, now: &Tally) -> String {
    let rates = now.per_real.iter().map(|(real, count)| {
        let rate = count - former.per_real.get(real).copied().unwrap_or(0);
        format!("{real} {rate}/s")
    });
    let rates: Vec<String> = rates.collect();
    let gap = milliseconds(now.longest_gap);
    let (right, failed) = (now.right(), now.failed);
    format!(
        "{}; {right} right, {failed} failed, longest gap {gap}",
        rates.join(" ")
    )
}

fn switch(stage: &Stage) -> String {
    match stage.lab.switch.bond() {
        Err(error) => format!("{error:#}"),
        Ok(bond) => {
            let members = bond.members.iter();
            let members: Vec<String> = members
                .map(|member| format!("{} {}", member.name, member.status))
                .collect();
            format!("LACP {}, {}", bond.lacp_status, members.join(", "))
        }
    }
}
