//! `cargo xtask demo`: the lab under load, as a live picture until Ctrl-C.

use std::io::{IsTerminal, Write as _, stdout};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use tests::client::load::Tally;
use tests::interrupt::Cleanup;
use tests::pair::Pair;
use tests::plan::{BOXES, Vip};

use crate::check::{load, observe};
use crate::report::milliseconds;
use crate::{setup, workspace};

mod picture;

use picture::{BoxFacts, Facts, Size};

const PERIOD: Duration = Duration::from_secs(1);
/// A box that somebody has killed is started again after this.
const DEAD: Duration = Duration::from_secs(10);

/// Raises the lab and paints until a signal ends the process, which cleans up.
pub fn run() -> Result<()> {
    setup::run()?;
    let binaries = workspace::build_appliance()?;
    println!("raising the lab");
    let mut pair = Pair::raise(&binaries)?;
    let flood = load(&pair.lab.client, &Vip::all(), 200, 16)?;
    let live = stdout().is_terminal();
    let _screen = live.then(open_screen).transpose()?;
    let mut former = flood.tally();
    let mut ended = [None; BOXES as usize];
    loop {
        observe(PERIOD);
        revive(&mut pair, &mut ended)?;
        let now = flood.tally();
        let size = if live { terminal() } else { Size::PAPER };
        let picture = facts(&pair, &ended, &former, &now).draw(size);
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

/// Starts a box again that has ended a while ago; `ended` remembers since when.
fn revive(pair: &mut Pair, ended: &mut [Option<Instant>]) -> Result<()> {
    for (number, since) in (1..).zip(ended) {
        let appliance = pair.at_mut(number);
        if !appliance.has_ended() {
            *since = None;
        } else if since.get_or_insert_with(Instant::now).elapsed() >= DEAD {
            appliance.launch()?;
        }
    }
    Ok(())
}

fn facts(pair: &Pair, ended: &[Option<Instant>], former: &Tally, now: &Tally) -> Facts {
    Facts {
        client: client(former, now),
        failure: now.reasons.first().cloned(),
        switch: switch(pair),
        boxes: (1..)
            .zip(ended)
            .map(|(number, since)| box_facts(pair, number, *since))
            .collect(),
        cables: pair.lab.cable_namespace().name().to_owned(),
    }
}

fn box_facts(pair: &Pair, number: u8, ended: Option<Instant>) -> BoxFacts {
    let appliance = pair.at(number);
    let show = |noun: &str| -> Result<Vec<Value>, String> {
        let said = appliance.show(noun);
        said.map(|mut answer| match answer.get_mut(noun).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
        .map_err(|error| format!("{error:#}"))
    };
    let left = |since: Instant| DEAD.saturating_sub(since.elapsed()).as_secs();
    let namespace = pair.lab.place(number).map(|place| place.namespace.name());
    BoxFacts {
        number,
        ended: ended.map(|since| format!("dead; it is started again in {} s", left(since))),
        bonds: show("bond"),
        lacp: show("lacp"),
        routers: show("vrrp"),
        health: show("health"),
        services: show("service"),
        drops: show("drops"),
        log: appliance.log(),
        namespace: namespace.unwrap_or_default().to_owned(),
        run_directory: appliance.run_directory().display().to_string(),
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

fn switch(pair: &Pair) -> String {
    let lags = pair.lab.places.iter().map(|place| {
        let lag = pair.lab.switch.lag(place.lag());
        lag.bond().map(|bond| {
            let members = bond.members.iter();
            let members: Vec<String> = members
                .map(|member| format!("{} {}", member.name, member.status))
                .collect();
            format!("{} {}", place.lag(), members.join(" "))
        })
    });
    let lags: Result<Vec<String>> = lags.collect();
    lags.map_or_else(|error| format!("{error:#}"), |lags| lags.join(", "))
}
