//! Micro-BFD between two of ours: no packaged peer speaks it.

mod ends;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bond::Why;
use control::show::BfdState;
use tests::{prove, run, wait};

use ends::{ADDRESSES, Ends, MEMBERS, both, micro_bfd, state};

/// Rounds of silence that are measured: to prove the figure, and else.
const ROUNDS: [usize; 2] = [10, 3];
/// 3 × 50 ms and what a cut and a question take; beyond it the machine was busy.
const GOAL: Duration = Duration::from_millis(200);
/// Generous room: still far from LACP's three seconds.
const ROOM: Duration = Duration::from_millis(1_000);

fn others(member: usize) -> Vec<&'static str> {
    let all = MEMBERS.into_iter().enumerate();
    let others = all.filter(|(i, _)| *i != member);
    others.map(|(_, name)| name).collect()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_silent_member_is_out_within_200_ms_and_back_when_it_is_heard() -> Result<()> {
    let ends = Ends::up()?;
    let mut took = Vec::new();
    let rounds = ROUNDS[usize::from(!prove::is_asked())];
    for round in 0..rounds {
        let member = round % MEMBERS.len();
        let start = Instant::now();
        ends.cables[member].cut_silently()?;
        took.push(ends.boxes[0].until_out(member, start)?);
        for end in &ends.boxes {
            end.wait_for(&others(member))?;
        }
        ends.cables[member].heal()?;
        ends.wait_for_all()?;
    }
    took.sort();
    let (median, most) = (took[rounds / 2], took[rounds - 1]);
    println!("silent loss at 3 x 50 ms, {rounds} rounds: median {median:?}, most {most:?}");
    ensure!(median <= GOAL || !prove::is_asked(), "median {median:?}");
    ensure!(most <= ROOM, "most {most:?}");
    Ok(())
}

/// One session per address pair: each flow takes the member that its hash has.
fn flow(number: u8) -> [String; 2] {
    [
        format!("10.99.1.{number}"),
        format!("10.99.1.{}", 100 + number),
    ]
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn traffic_goes_on_by_the_other_members() -> Result<()> {
    let mut ends = Ends::lay(&both())?;
    let flows: Vec<[String; 2]> = (1..=12).map(flow).collect();
    for (side, end) in ends.boxes.iter_mut().enumerate() {
        end.start()?;
        let addresses: Vec<String> = flows.iter().map(|flow| flow[side].clone()).collect();
        end.forward(&addresses)?;
    }
    ends.wait_for_all()?;
    let [left, right] = &ends.boxes;
    let answers = |flow: &[String; 2]| {
        let mut ping = left.namespace.command("ping");
        ping.args(["-n", "-q", "-c", "3", "-i", "0.02", "-W", "1", "-I"]);
        run::output(ping.arg(&flow[0]).arg(&flow[1]))
    };
    let sent = |member: usize| left.namespace.frames(MEMBERS[member]).map(|f| f.sent);
    wait::until_ok(Duration::from_secs(20), || answers(&flows[0]))?;
    for (member, name) in MEMBERS.iter().enumerate() {
        let before = sent(member)?;
        flows.iter().try_for_each(|flow| answers(flow).map(drop))?;
        let by_it = sent(member)? - before;
        ends.cables[member].cut_silently()?;
        for end in [left, right] {
            end.until_out(member, Instant::now())?;
        }
        for flow in &flows {
            answers(flow)?;
        }
        println!("{name} carried {by_it} frames; without it all flows go on");
        ends.cables[member].heal()?;
        ends.wait_for_all()?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bondd_that_is_killed_and_started_again_goes_on_with_its_sessions() -> Result<()> {
    let mut ends = Ends::up()?;
    let before = ends.boxes[0].sessions()?;
    let start = Instant::now();
    ends.boxes[0].restart()?;
    println!("bondd answered again after {:?}", start.elapsed());
    ends.wait_for_all()?;
    let after = ends.boxes[0].sessions()?;
    for (before, after) in before.iter().zip(&after) {
        let [before, after] = [before, after].map(|item| item.session.map(|s| s.discriminator));
        assert_eq!(before, after, "the session is the same");
    }
    let downs = |item: &control::show::BfdItem| item.session.map_or(0, |s| s.counters.downs);
    let lost: u64 = ends.boxes[1].sessions()?.iter().map(downs).sum();
    println!(
        "sessions that the peer lost meanwhile: {lost} of {}",
        MEMBERS.len()
    );
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn without_a_peer_that_speaks_it_no_member_is_used_and_lacp_runs() -> Result<()> {
    let [left, right] = ADDRESSES;
    let mut ends = Ends::lay(&[micro_bfd(left, right), String::new()])?;
    for end in &mut ends.boxes {
        end.start()?;
    }
    // The other end has no micro-BFD: it uses all members, and so LACP is well at both.
    ends.boxes[1].wait_for(&MEMBERS)?;
    wait::until_ok(Duration::from_secs(10), || {
        let members = ends.boxes[0].bond()?.members;
        let is_waiting = |m: &bond::MemberStatus| m.why == Some(Why::PathDown);
        ensure!(members.iter().all(is_waiting), "{members:?}");
        Ok(())
    })?;
    let sessions = ends.boxes[0].sessions()?;
    assert!(
        sessions
            .iter()
            .all(|item| state(item) == Some(BfdState::Down))
    );
    assert!(ends.boxes[0].used()?.is_empty());
    assert!(ends.boxes[1].sessions()?.is_empty());
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn it_works_over_ipv6_and_packets_between_other_addresses_are_nothing() -> Result<()> {
    let [left, right] = ["2001:db8:99::1", "2001:db8:99::2"];
    let mut ends = Ends::lay(&[micro_bfd(left, right), micro_bfd(right, left)])?;
    for end in &mut ends.boxes {
        end.start()?;
    }
    ends.wait_for_all()?;
    let mut strangers = Ends::lay(&[micro_bfd(left, right), micro_bfd(right, "2001:db8::9")])?;
    for end in &mut strangers.boxes {
        end.start()?;
    }
    wait::until_ok(Duration::from_secs(20), || {
        let sessions = strangers.boxes[0].sessions()?;
        let counted = sessions.iter().all(|item| item.frames.foreign > 1);
        ensure!(sessions.len() == 3 && counted, "{sessions:?}");
        Ok(())
    })?;
    assert!(strangers.boxes[0].used()?.is_empty());
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_orderly_stop_is_said_as_one() -> Result<()> {
    let mut ends = Ends::up()?;
    ends.boxes[1].stop()?;
    ends.boxes[0].wait_for(&[])?;
    let log = ends.boxes[0].log();
    assert_eq!(
        log.matches("the peer is administratively down").count(),
        3,
        "{log}"
    );
    assert!(!log.contains("nothing was heard"), "{log}");
    Ok(())
}
