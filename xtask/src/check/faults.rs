//! Point 6: a configuration with faults is refused, one line each, and nothing is started; a NIC that is
//! missing is no fault of the configuration.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tests::appliance::supervisor_command;
use tests::config;
use tests::lab::Lab;
use tests::ovs::LacpRate;
use tests::plan::{Family, Method, Vip};
use tests::wait;

use crate::report::Report;

/// A fault: what it is, the configuration that has it, and what its line must name.
struct Fault {
    what: &'static str,
    text: String,
    names: &'static [&'static str],
}

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let faults = faults();
    for (number, fault) in (1..).zip(&faults) {
        refuse(report, &lab, binaries, number, fault)?;
    }
    all_at_once(report, &lab, binaries)?;
    run_without(report, &lab, binaries)
}

fn faults() -> Vec<Fault> {
    let bond = config::bond(LacpRate::Fast);
    let service = config::service(&Vip::rr(Method::Nat, Family::V4));
    let good = format!("{bond}{service}");
    vec![
        Fault {
            what: "unknown key",
            text: good.replace("lacp_rate", "lacp_speed"),
            names: &["lacp_speed"],
        },
        Fault {
            what: "mixed families",
            text: good.replace("10.80.2.11:8080", "[2001:db8:80:2::11]:8080"),
            names: &["2001:db8:80:2::11"],
        },
        Fault {
            what: "member in two bonds",
            text: format!("{good}\n[bond.bond1]\nmode = \"active-backup\"\nmembers = [\"eth2\"]\n"),
            names: &["eth2"],
        },
        Fault {
            what: "port 70000",
            text: good.replace("10.80.1.100:80\"", "10.80.1.100:70000\""),
            names: &["70000"],
        },
    ]
}

fn refuse(
    report: &mut Report,
    lab: &Lab,
    binaries: &Path,
    number: usize,
    fault: &Fault,
) -> Result<()> {
    let (status, lines, started) = attempt(lab, binaries, number, &fault.text)?;
    let what = fault.what;
    report.figure(&format!("{what}: exit status"), status, "= 2", status == 2);
    let named = |line: &String| fault.names.iter().all(|name| line.contains(name));
    let one = lines.len() == 1 && lines.iter().all(named);
    report.figure(
        &format!("{what}: lines that name it"),
        lines.len(),
        "= 1",
        one,
    );
    if one {
        println!("      {}", lines.concat());
    } else {
        report.because(&lines);
    }
    report.none(
        &format!("{what}: processes, interfaces, sockets started"),
        count(&started),
    );
    report.because(&started);
    Ok(())
}

/// Faults that one daemon's check sees together are told together.
fn all_at_once(report: &mut Report, lab: &Lab, binaries: &Path) -> Result<()> {
    let text = config::appliance(LacpRate::Fast)
        .replace("lacp_rate", "lacp_speed")
        .replace("10.80.1.100:80\"", "10.80.1.100:70000\"");
    let (status, lines, _) = attempt(lab, binaries, 0, &text)?;
    let both = status == 2 && lines.len() == 2;
    report.figure("two faults at once: lines", lines.len(), "= 2", both);
    report.because(&lines);
    Ok(())
}

/// A box that lacks a NIC runs with the others, and says so.
fn run_without(report: &mut Report, lab: &Lab, binaries: &Path) -> Result<()> {
    let text = config::appliance(LacpRate::Fast).replace("\"eth2\"", "\"eth9\"");
    let appliance = lab.start_appliance(binaries, &text)?;
    let log = appliance.log();
    let says = log.lines().filter(|line| line.contains("eth9")).count();
    report.figure("missing NIC: lines that name it", says, ">= 1", says >= 1);
    let bonds = appliance.show("bond")?;
    let member = &bonds["bond"][0]["members"][1];
    let stands = format!("{} {}", member["name"], member["why"]);
    let is_missing = stands == "\"eth9\" \"missing\"";
    report.figure("missing NIC: show bond", stands, "missing", is_missing);
    let carries = wait::until("the other member", Duration::from_secs(20), || {
        let bonds = appliance.show("bond").ok()?;
        (bonds["bond"][0]["members"][0]["usable"] == true).then_some(())
    });
    report.none(
        "missing NIC: the other member unused",
        u64::from(carries.is_err()),
    );
    appliance.stop()
}

fn attempt(
    lab: &Lab,
    binaries: &Path,
    number: usize,
    text: &str,
) -> Result<(i32, Vec<String>, Vec<String>)> {
    let room = lab.room(&format!("fault{number}"))?;
    let (file, run_directory) = (room.join("faulty.toml"), room.join("run"));
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    let before = lab.appliance().interfaces()?;
    let mut command = supervisor_command(lab.appliance(), binaries, &file, &run_directory);
    let (status, lines) = run_to_end(&mut command, &room.join("errors"))?;
    let processes = lab
        .appliance()
        .processes()
        .into_iter()
        .map(|process| process.name);
    let interfaces = lab
        .appliance()
        .interfaces()?
        .into_iter()
        .filter(|name| !before.contains(name));
    let started = processes
        .chain(interfaces)
        .chain(sockets(&run_directory))
        .collect();
    Ok((status, lines, started))
}

/// Exit status (-1 for one that had to be killed) and lines of standard error.
fn run_to_end(command: &mut Command, errors: &Path) -> Result<(i32, Vec<String>)> {
    let file = File::create(errors).with_context(|| format!("creating {}", errors.display()))?;
    let mut child = command
        .stderr(file)
        .spawn()
        .context("starting the supervisor")?;
    let ended = || child.try_wait().ok().flatten();
    let status = wait::until("the supervisor to refuse", Duration::from_secs(20), ended);
    if status.is_err() {
        child.kill().context("killing the supervisor")?;
        child.wait().context("waiting for the supervisor")?;
    }
    let text =
        fs::read_to_string(errors).with_context(|| format!("reading {}", errors.display()))?;
    let code = status.ok().and_then(|status| status.code());
    Ok((
        code.unwrap_or(-1),
        text.lines().map(str::to_owned).collect(),
    ))
}

/// Daemons' sockets in the run directory, if it was made at all.
fn sockets(run_directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(run_directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn count(started: &[String]) -> u64 {
    u64::try_from(started.len()).unwrap_or(u64::MAX)
}
