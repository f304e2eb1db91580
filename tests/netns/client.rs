//! The client's measures, against real servers straight through the switch: quiet when nothing
//! happens, and telling when something does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tests::client::held::Held;
use tests::client::load::Load;
use tests::client::pulse::Pulse;
use tests::lab::Lab;
use tests::ovs::LacpRate;
use tests::plan::{self, Family, VIP_PORT};
use tests::real::{BODY_BYTES, content, sha256};
use tests::wait;

const OUTAGE: Duration = Duration::from_millis(400);

fn body() -> String {
    sha256(&content(BODY_BYTES))
}

fn targets(numbers: &[u8]) -> Vec<SocketAddr> {
    let families = [Family::V4, Family::V6];
    let addresses = numbers
        .iter()
        .flat_map(|number| families.map(|family| plan::real(family, *number)));
    addresses
        .map(|address| SocketAddr::new(address, VIP_PORT))
        .collect()
}

/// Takes the client's cable away for [`OUTAGE`]; returns when.
fn interrupt(lab: &Lab) -> Result<Instant> {
    lab.switch_namespace().ip(&["link set dev client down"])?;
    let began = Instant::now();
    wait::until("the outage's end", OUTAGE * 2, || {
        (began.elapsed() >= OUTAGE).then_some(())
    })?;
    lab.switch_namespace().ip(&["link set dev client up"])?;
    Ok(began)
}

fn steady() -> Load {
    Load {
        targets: targets(&[1, 2, 3]),
        connections_per_second: 100,
        keep_alive: 10,
        pause: Duration::from_millis(10),
        sha256: body(),
    }
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_load_records_the_gap_of_an_outage_and_no_failure() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let flood = steady().start(&lab.client);
    let runs = |count: u64| {
        wait::until("the load to run", Duration::from_secs(30), || {
            (flood.tally().right() > count).then_some(())
        })
    };
    runs(500)?;
    let quiet = flood.tally();
    assert_eq!(
        (quiet.failed, quiet.per_real.len()),
        (0, 3),
        "{:?}",
        quiet.reasons
    );
    assert!(quiet.longest_gap < OUTAGE, "{quiet:?}");
    let began = interrupt(&lab)?;
    runs(flood.tally().right() + 500)?;
    let tally = flood.finish(&lab.client)?;
    assert_eq!(tally.failed, 0, "{:?}", tally.reasons);
    assert!(tally.longest_gap >= OUTAGE, "{tally:?}");
    assert!(
        tally
            .last_hindered
            .is_some_and(|asked| asked + Duration::from_millis(200) > began)
    );
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_pulse_times_an_outage_and_finds_none_where_none_is() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let pulse = Pulse::start(&lab.client, &targets(&[1, 2, 3]), 600)?;
    let quiet_from = Instant::now();
    wait::until("a second of pulse", Duration::from_secs(3), || {
        (quiet_from.elapsed() > Duration::from_secs(1)).then_some(())
    })?;
    let began = interrupt(&lab)?;
    wait::until("a second of pulse", Duration::from_secs(3), || {
        (began.elapsed() > OUTAGE + Duration::from_secs(1)).then_some(())
    })?;
    let beats = pulse.finish(&lab.client)?;
    let (sent, unanswered) = beats.count();
    assert!(
        sent > 800 && unanswered == 0,
        "{unanswered} of {sent} beats had no answer"
    );
    let before = beats.first_answer_after(quiet_from);
    assert!(
        before.is_some_and(|after| after < Duration::from_millis(100)),
        "{before:?}"
    );
    let outage = beats.first_answer_after(began);
    assert!(outage.is_some_and(|after| after >= OUTAGE), "{outage:?}");
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn held_connections_go_on_with_their_real_until_it_ends() -> Result<()> {
    let mut lab = Lab::raise(LacpRate::Fast)?;
    let mut held = Held::open(&lab.client, &targets(&[1, 2, 3]), 300, &body())?;
    assert!(
        held.per_real().values().all(|count| *count == 100),
        "{:?}",
        held.per_real()
    );
    let resets = lab.client_namespace().established_resets()?;
    assert!(held.each_continues(&lab.client)?.all(300));
    assert_eq!(lab.client_namespace().established_resets()?, resets);
    drop(lab.reals.remove(0));
    let continued = held.each_continues(&lab.client)?;
    assert_eq!(
        (continued.same, continued.moved, continued.failed),
        (200, 0, 100)
    );
    Ok(())
}
