//! bondd and the forwarder it publishes its decisions to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use bond::Why;
use nix::sys::signal::Signal;
use tests::appliance::binaries;
use tests::client::load::Load;
use tests::lab::Lab;
use tests::ovs::LacpRate;
use tests::plan::Vip;
use tests::real::{BODY_BYTES, content, sha256};
use tests::{config, prove, wait};

use crate::bondd::{self, ALL, Bonding, LIMIT};
use crate::forwarder::Forwarder;

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_stalled_forwarder_takes_the_bond_out_at_the_switch_until_it_goes_on() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let appliance = lab.start_appliance(&binaries()?, &config::appliance(LacpRate::Fast))?;
    let run_directory = appliance.run_directory();
    bondd::wait_for_cables(&lab, &run_directory, &ALL)?;
    let forwarder = bondd::bond(&run_directory)?.forwarder;
    assert_eq!(forwarder, bond::Forwarder::Alive);
    let (stalled, _) = appliance.signal("lvsd", Signal::SIGSTOP)?;
    bondd::wait_for_switch(&lab, &[])?;
    let took = stalled.elapsed();
    println!("a stalled forwarder is out at the switch after {took:?}");
    assert!(
        took > Duration::from_millis(400),
        "a pause of 450 ms is allowed, this took {took:?}"
    );
    assert!(took < Duration::from_millis(2_000), "a stall took {took:?}");
    let members = bondd::bond(&run_directory)?.members;
    assert!(members.iter().all(|m| m.why == Some(Why::ForwarderStale)));
    appliance.signal("lvsd", Signal::SIGCONT)?;
    bondd::wait_for_cables(&lab, &run_directory, &ALL)
}

/// How long the load lasts, unless figures are to be proved; and then.
const LOADED: Duration = Duration::from_secs(10);
const LOADED_LONG: Duration = Duration::from_secs(600);

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_forwarder_under_full_load_is_never_taken_for_one_that_stands_still() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    let appliance = lab.start_appliance(&binaries()?, &config::appliance(LacpRate::Fast))?;
    bondd::wait_for_cables(&lab, &appliance.run_directory(), &ALL)?;
    lab.wait_for_services(&Vip::all())?;
    let switch = lab.switch.monitor()?;
    let load = Load {
        targets: Vip::all().iter().map(Vip::address).collect(),
        connections_per_second: 300,
        keep_alive: 32,
        pause: Duration::ZERO,
        sha256: sha256(&content(BODY_BYTES)),
    };
    let cores = busy_cores();
    let load = load.start(&lab.client);
    let length = if prove::is_asked() {
        LOADED_LONG
    } else {
        LOADED
    };
    let stalled = wait::until("a stalled forwarder", length, || {
        appliance.log().contains("forwarder stale").then_some(())
    });
    drop(cores);
    let (tally, seen) = (load.finish(&lab.client)?, switch.finish()?);
    println!(
        "{length:?} of full load: {} right answers, {} failed",
        tally.right(),
        tally.failed
    );
    assert!(stalled.is_err(), "{}", appliance.log());
    assert!(seen.none(), "{seen:?}");
    assert!(tally.right() > 0);
    Ok(())
}

/// Every processor has somebody who wants all of it, until this is dropped.
fn busy_cores() -> Busy {
    let ending = Arc::new(AtomicBool::new(false));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let spin = |_| {
        let ending = Arc::clone(&ending);
        std::thread::spawn(move || {
            while !ending.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        })
    };
    let threads = (0..cores).map(spin).collect();
    Busy { ending, threads }
}

struct Busy {
    ending: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_silent_member_leaves_the_forwarders_table_and_comes_back() -> Result<()> {
    let mut bonding = Bonding::prepare(LacpRate::Fast, LacpRate::Fast)?;
    bonding.start()?;
    let forwarder = Forwarder::attach(bonding.run_directory())?;
    bonding.wait_for_cables(&ALL)?;
    assert_eq!(forwarder.usable(), [0, 1]);
    bonding.lab.cables()[0].cut_silently()?;
    wait::until("the member to leave the table", LIMIT, || {
        (forwarder.usable() == [1]).then_some(())
    })?;
    bonding.lab.cables()[0].heal()?;
    bonding.wait_for_cables(&ALL)?;
    assert_eq!(forwarder.usable(), [0, 1]);
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn without_a_forwarder_nothing_is_stale_and_a_second_one_is_found_again() -> Result<()> {
    let bonding = Bonding::raise_fast()?;
    drop(Forwarder::attach(bonding.run_directory())?);
    let second = Forwarder::attach(bonding.run_directory())?;
    wait::until("the table", LIMIT, || {
        (second.usable() == [0, 1]).then_some(())
    })?;
    assert_eq!(bonding.bond()?.forwarder, bond::Forwarder::Alive);
    Ok(())
}
