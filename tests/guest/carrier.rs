//! When the last frame goes to a member that has lost its carrier, on the image in QEMU.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use control::show::EventItem;
use tests::image::Image;
use tests::pcapng::{self, Recorded};
use tests::qemu::Machine;
use tests::site::{self, Key, Site, one_box};
use tests::wait;

/// An emulated box takes its time.
const LIMIT: Duration = Duration::from_secs(90);
/// The box on the client's network.
const BOND: &str = "10.80.1.2";
/// How often the member goes that frames leave by.
const ROUNDS: usize = 5;
/// Rounds in which the capture has to be whole.
const FEWEST: usize = 2;
/// Answers that tell which member they leave by. All of a round has to happen before LACP times out.
const ANSWERS: u64 = 50;
/// Answers by the other member, until the lost one comes back.
const LATER: u64 = 200;
/// Seconds from ping to ping.
const INTERVAL: &str = "0.002";
/// Addresses, VLAN-less type, IPv4 and ICMP headers: all that tells a ping from another.
const COMPARED: usize = 42;
/// Type and code of an echo's answer, behind Ethernet and IPv4.
const ICMP: usize = 34;
/// What an emulated box gets instead of the 10 ms of one that is not.
const ROOM_MS: f64 = 300.0;

/// A member that lost its carrier: between these times of this host's.
struct Cut {
    member: usize,
    from: u64,
    to: u64,
}

fn unix_nanos() -> Result<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_nanos())?)
}

/// Waits until the box has sent so many frames more by one member; which one.
fn wait_for_answers(site: &Site, answers: u64) -> Result<usize> {
    let before = site.sent(1)?;
    wait::until("answers of the box", LIMIT, || {
        let now = site.sent(1).ok()?;
        (0..now.len()).find(|&member| now[member] >= before[member] + answers)
    })
}

/// So long before and after a cut the box's clock is compared with this host's: an emulated one runs up to a
/// thousandth too fast or too slow.
const ABOUT: u64 = 500_000_000;

/// Takes the carrier of the member that answers leave by, and gives it back.
fn round(site: &Site, machine: &mut Machine) -> Result<Cut> {
    let member = wait_for_answers(site, ANSWERS)?;
    let port = &site::members(1)[member];
    // From here on pings come by the other member only: whether they arrive does not depend on this one.
    site.switch.set_carrier(port, false)?;
    ensure!(
        wait_for_answers(site, ANSWERS)? == member,
        "answers have moved too early"
    );
    let nic = format!("eth{}", member + 1);
    let from = unix_nanos()?;
    machine.qmp.set_link(&nic, false)?;
    let to = unix_nanos()?;
    ensure!(
        wait_for_answers(site, LATER)? != member,
        "answers have not moved"
    );
    machine.qmp.set_link(&nic, true)?;
    site.switch.set_carrier(port, true)?;
    site.wait_for_lacp(1, LIMIT)?;
    Ok(Cut { member, from, to })
}

/// How far the box's clock is ahead of this host's about the time of a cut, in nanoseconds: at least and at
/// most. A ping was written before the box received it, and what the box sent reached the switch later.
fn clock(cut: &Cut, switched: &[Recorded], captured: &[Recorded]) -> Result<(i128, i128)> {
    let about = cut.from.saturating_sub(ABOUT)..cut.to + ABOUT;
    let near = switched.iter().filter(|frame| frame.is_inbound);
    let near = near.filter(|frame| about.contains(&frame.at));
    let reached: HashMap<&[u8], u64> = near
        .filter_map(|frame| Some((frame.bytes.get(..COMPARED)?, frame.at)))
        .collect();
    let (mut least, mut most) = (i128::MIN, i128::MAX);
    for frame in captured.iter().filter(|frame| is_echo(frame)) {
        let at = i128::from(frame.at);
        if frame.is_inbound {
            let written = written(frame).context("a ping without its time")?;
            if about.contains(&written) {
                most = most.min(at - i128::from(written));
            }
        } else if let Some(reached) = frame.bytes.get(..COMPARED).and_then(|key| reached.get(key)) {
            least = least.max(at - i128::from(*reached));
        }
    }
    ensure!(
        least > i128::MIN && most < i128::MAX,
        "no frame was seen at both ends"
    );
    // Where the box's clock has run too fast or too slow meanwhile, they have changed places.
    Ok((least.min(most), most.max(least)))
}

/// When a ping was written, in nanoseconds since 1970 by this host's clock: seconds and microseconds behind
/// the ICMP header, as ping puts them there.
fn written(ping: &Recorded) -> Option<u64> {
    let word = |at: usize| Some(u64::from_le_bytes(*ping.bytes.get(at..)?.first_chunk()?));
    Some(word(COMPARED)? * 1_000_000_000 + word(COMPARED + 8)? * 1_000)
}

/// An echo or its answer.
fn is_echo(frame: &Recorded) -> bool {
    frame.bytes.get(12..14) == Some(&[8, 0]) && matches!(frame.bytes.get(ICMP), Some(0 | 8))
}

fn milliseconds(nanoseconds: i128) -> f64 {
    Duration::from_nanos(u64::try_from(nanoseconds.abs()).unwrap_or(u64::MAX)).as_secs_f64()
        * 1_000.0
        * if nanoseconds < 0 { -1.0 } else { 1.0 }
}

/// Whether the capture has lost no frame about the time of a cut: else the last one may be missing.
fn is_whole(cut: &Cut, captured: &[Recorded], clock: (i128, i128)) -> bool {
    let from = i128::from(cut.from) + clock.0;
    let window = from..from + 2 * i128::from(AFTERWARDS);
    let mut near = captured
        .iter()
        .filter(|frame| window.contains(&i128::from(frame.at)));
    near.all(|frame| frame.lost == 0)
}

/// When the last answer was given to the member, after its carrier was taken, in milliseconds: at least and
/// at most; and how many were in the 100 ms before.
fn last_answer(cut: &Cut, captured: &[Recorded], clock: (i128, i128)) -> Result<(f64, f64, usize)> {
    let name = format!("eth{}", cut.member + 1);
    let healed = i128::from(cut.to) + clock.0 + i128::from(AFTERWARDS);
    let answers = captured
        .iter()
        .filter(|frame| !frame.is_inbound && is_echo(frame));
    let own = answers.filter(|frame| frame.interface == name);
    let times: Vec<i128> = own
        .map(|frame| i128::from(frame.at))
        .filter(|at| *at < healed)
        .collect();
    let last = times.iter().max().copied();
    let last = last.context("nothing was sent by this member")?;
    let before = times.iter().filter(|at| **at > last - 100_000_000);
    Ok((
        milliseconds(last - clock.1 - i128::from(cut.to)),
        milliseconds(last - clock.0 - i128::from(cut.from)),
        before.count(),
    ))
}

/// When the box first said after a cut that its member has no carrier, in milliseconds: what its own notice
/// takes, with the way to the log.
fn told(cut: &Cut, events: &[EventItem], clock: (i128, i128)) -> Result<f64> {
    let line = format!("eth{}: no carrier", cut.member + 1);
    let from = i128::from(cut.from) + clock.0;
    let own = events.iter().filter(|one| one.text.ends_with(&line));
    let times = own.map(|one| i128::from(one.unix_ms) * 1_000_000 - from);
    let first = times.filter(|since| *since > -1_000_000).min();
    Ok(milliseconds(first.context("the box said nothing of it")?))
}

/// So long after a cut a member has not been healed yet: [`LATER`] answers come before.
const AFTERWARDS: u64 = 380_000_000;

/// Rounds, and what both ends have seen meanwhile.
fn record(site: &Site, machine: &mut Machine, key: &Key, room: &Path) -> Result<Vec<Cut>> {
    let file = room.join("box.pcapng");
    let words = ["capture bond0 length 64 seconds 40"];
    let mut capture = key.ssh(site.ssh_port(1)?, &words);
    capture.stdout(File::create(&file).context("a file for the capture")?);
    let mut capture = capture.spawn().context("starting the capture")?;
    let begun = || {
        std::fs::metadata(&file)
            .is_ok_and(|file| file.len() > 0)
            .then_some(())
    };
    wait::until("the capture to begin", LIMIT, begun)?;
    site.switch.record(None, &room.join("switch.pcapng"))?;
    let pinging = ["-n", "-q", "-i", INTERVAL, BOND];
    let ping = site
        .client_host
        .start("ping", &pinging, &room.join("ping.log"))?;
    let cuts = (0..ROUNDS).map(|_| round(site, machine)).collect();
    drop(ping);
    site.switch.stop_recording(&room.join("switch.pcapng"))?;
    let ended = wait::until("the capture to end", LIMIT, || capture.try_wait().ok()?)?;
    ensure!(ended.success(), "the capture ended with {ended}");
    cuts
}

#[test]
#[ignore = "needs QEMU and FOURFOLD_IMAGE"]
fn the_last_frame_goes_to_a_member_soon_after_its_carrier_was_lost() -> Result<()> {
    let room = tempfile::tempdir()?;
    let key = Key::generate(room.path())?;
    let site = Site::raise(Path::new(env!("CARGO_BIN_EXE_world")), 1)?;
    let mut lines = one_box();
    lines.extend(key.lines());
    let mut machine = site.configured(1, &Image::from_environment()?, &lines)?;
    site.wait_for_lacp(1, LIMIT)?;
    wait::until_ok(LIMIT, || {
        tests::run::output(&mut key.ssh(site.ssh_port(1)?, &["show version"]))
    })?;
    let cuts = record(&site, &mut machine, &key, room.path())?;
    let captured = pcapng::read(&room.path().join("box.pcapng"))?;
    let switched = pcapng::read(&room.path().join("switch.pcapng"))?;
    let events = tests::run::output(&mut key.ssh(site.ssh_port(1)?, &["show events --json"]))?;
    let events: serde_json::Value = serde_json::from_str(&events)?;
    let events: Vec<EventItem> = serde_json::from_value(events["events"].clone())?;
    let mut rounds = 0;
    for cut in &cuts {
        let clock = clock(cut, &switched, &captured)?;
        if !is_whole(cut, &captured, clock) {
            println!("the capture has lost frames: this round tells nothing");
            continue;
        }
        rounds += 1;
        let (least, most, density) = last_answer(cut, &captured, clock)?;
        let member = cut.member + 1;
        let told = told(cut, &events, clock)?;
        println!(
            "the last frame, of {density} in 100 ms, went to eth{member} {least:.1} to {most:.1} ms after QEMU took \
             its carrier; the box said so after {told:.0} ms"
        );
        ensure!(most < ROOM_MS, "{most} ms");
        ensure!(most > -ROOM_MS, "nothing was under way: {most} ms");
    }
    ensure!(rounds >= FEWEST, "{rounds} rounds tell anything");
    Ok(())
}
