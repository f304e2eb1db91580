//! How long frames are handed to a member whose carrier is gone. The kernel counts each of them: it drops what
//! is sent by an interface without carrier.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, anyhow, ensure};
use bond::Mode;
use nix::sys::signal::Signal;
use tests::appliance::binaries;
use tests::bonding::{BOND, Bonding, CLIENT, LIMIT};
use tests::namespace::Namespace;
use tests::{prove, wait};

/// The longest that frames may be handed to a member without carrier.
const BOUND: Duration = Duration::from_millis(10);
/// From datagram to datagram, and from look to look at the counter.
const PACE: Duration = Duration::from_micros(100);
/// Longer than frames may go on.
const AFTER: Duration = Duration::from_millis(100);
const FLOWS: u16 = 8;
const PORT: u16 = 5_000;

/// Frames that the kernel could not send by an interface, so far.
fn dropped(interface: &str) -> Result<u64> {
    let table = fs::read_to_string("/proc/thread-self/net/dev").context("the counters")?;
    let mut lines = table.lines().filter_map(|line| line.split_once(':'));
    let (_, counters) = lines
        .find(|(name, _)| name.trim() == interface)
        .context("no such interface")?;
    let dropped = counters.split_whitespace().nth(11);
    Ok(dropped.context("a column")?.parse()?)
}

/// When frames were dropped, looking until `stop`.
fn watch(namespace: &Namespace, interface: &str, stop: &AtomicBool) -> Result<Vec<(Instant, u64)>> {
    namespace.inside(|| {
        let mut before = dropped(interface)?;
        let mut seen = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let now = dropped(interface)?;
            if now != before {
                seen.push((Instant::now(), now - before));
                before = now;
            }
            thread::sleep(PACE);
        }
        Ok(seen)
    })
}

/// Sends of several flows from the box, a datagram after the other, until `stop`.
fn send(namespace: &Namespace, stop: &AtomicBool) -> Result<usize> {
    let sockets = namespace.inside(|| {
        let bind = |flow| Ok(UdpSocket::bind((BOND, 7_000 + flow))?);
        (0..FLOWS).map(bind).collect::<Result<Vec<_>>>()
    })?;
    let to = SocketAddr::from((CLIENT, PORT));
    let mut sent = 0;
    while !stop.load(Ordering::SeqCst) {
        let socket = &sockets[sent % sockets.len()];
        // The host's interface may have no carrier for a moment.
        sent += usize::from(socket.send_to(&[0; 64], to).is_ok());
        thread::sleep(PACE);
    }
    Ok(sent)
}

/// Who sees it.
#[derive(Clone, Copy, Debug)]
enum Watch {
    Both,
    /// bondd stands still.
    ForwarderAlone,
}

/// Cuts a member under load: how many frames it was handed without carrier, and for how long.
fn cut(lab: &Bonding, member: usize, by: Watch) -> Result<(u64, Duration)> {
    let signal = |signal| match by {
        Watch::Both => Ok(()),
        Watch::ForwarderAlone => lab.appliance().signal("bondd", signal).map(drop),
    };
    signal(Signal::SIGSTOP)?;
    let stop = AtomicBool::new(false);
    let name = format!("eth{}", member + 1);
    let seen = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&lab.boxed, &name, &stop));
        let told = lab.cut(member).and_then(|()| {
            let end = Instant::now() + AFTER;
            wait::until("frames that come late", LIMIT, || {
                (Instant::now() > end).then_some(())
            })
        });
        stop.store(true, Ordering::SeqCst);
        let seen = joined(watcher)?;
        told.map(|()| seen)
    })?;
    signal(Signal::SIGCONT)?;
    lab.heal(member)?;
    let span = match (seen.first(), seen.last()) {
        // The first is dropped at most one datagram after the carrier is gone.
        (Some((first, _)), Some((last, _))) => last.duration_since(*first) + PACE,
        _ => Duration::ZERO,
    };
    Ok((seen.iter().map(|(_, frames)| frames).sum(), span))
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a thread panicked"))?
}

fn figure(mode: Mode, options: &str, by: Watch) -> Result<()> {
    let cuts = if prove::is_asked() { 20 } else { 4 };
    let lab = Bonding::raise(&binaries()?, mode, 2, options)?;
    let sink = lab.client.inside(|| Ok(UdpSocket::bind((CLIENT, PORT))?))?;
    let stop = AtomicBool::new(false);
    let (told, sent) = thread::scope(|scope| {
        let sender = scope.spawn(|| send(&lab.boxed, &stop));
        let told: Result<Vec<_>> = (0..cuts).map(|n| cut(&lab, n % 2, by)).collect();
        stop.store(true, Ordering::SeqCst);
        (told, joined(sender))
    });
    drop(sink);
    let (mut told, sent) = (told?, sent?);
    told.sort_by_key(|(_, span)| *span);
    let (half, most) = (told[cuts / 2].1, told[cuts - 1].1);
    let frames: u64 = told.iter().map(|(frames, _)| frames).sum();
    println!(
        "{mode}, {by:?}: {cuts} cuts, {frames} of {sent} frames without carrier, the last {half:.1?} (median), {most:.1?} (most) after its loss"
    );
    ensure!(frames > 0 || !prove::is_asked(), "no frame met a cut");
    ensure!(half <= BOUND, "median {half:?}");
    ensure!(most <= BOUND || !prove::is_asked(), "most {most:?}");
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn no_frame_is_handed_to_a_member_ten_ms_after_its_carrier_is_lost() -> Result<()> {
    let options = "lacp_rate = \"fast\"\nxmit_hash_policy = \"layer3+4\"";
    for by in [Watch::Both, Watch::ForwarderAlone] {
        figure(Mode::ActiveBackup, "", by)?;
        if prove::is_asked() {
            figure(Mode::Ieee8023ad, options, by)?;
        }
    }
    Ok(())
}
