//! The descriptor store across restarts, with a daemon that uses it.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use crate::stage::{Stage, kill_now};
use sys::memory::SharedMemory;
use sys::store::{FdStore, Stored};

/// So often is no second death early, at most.
const BUSY: u64 = 10;

/// `lvsd` on this stage is the helper below.
fn stage() -> Stage {
    let stage = Stage::new();
    let this = std::env::current_exe().expect("this test");
    let helper = format!(
        "export HELPER_DIR=$dir\nexec {} --exact store::helper_daemon --ignored --nocapture $dir",
        this.display()
    );
    stage.script("lvsd", &helper);
    stage
}

#[tokio::test]
async fn a_killed_daemon_finds_what_it_stored_and_a_second_death_leaves_the_durable_alone() {
    let stage = stage();
    let mut supervisor = stage.start();
    let first = supervisor.up("lvsd").await;
    assert_eq!(supervisor.until("lvsd: fetched: ").await, "nothing");
    supervisor.until("lvsd: stored").await;
    assert!(supervisor.ready().await);
    // It has lived a second: its clock says so, not a pause of the test's.
    supervisor.until("lvsd: a second old").await;

    kill_now(first);
    let mut latest = supervisor.up("lvsd").await;
    for start in 1..BUSY {
        let stored = format!("ring={start} tap={start}");
        assert_eq!(supervisor.until("lvsd: fetched: ").await, stored);
        supervisor.until("lvsd: stored").await;

        kill_now(latest);
        let next = ["supervisor: lvsd: cold start: ", "lvsd: up "];
        match supervisor.first_of(next).await {
            (0, dropped) => {
                assert_eq!(dropped, "1 stored items dropped");
                let durable = format!("tap={}", start + 1);
                assert_eq!(supervisor.until("lvsd: fetched: ").await, durable);
                return;
            }
            // It was a second old, on a busy machine: the next one then.
            (_, pid) => latest = pid.parse().expect("a process id"),
        }
    }
    panic!("no death was early");
}

#[tokio::test]
async fn only_the_daemon_itself_reaches_its_items() {
    let stage = stage();
    let mut supervisor = stage.start();
    supervisor.until("lvsd: stored").await;
    let socket = stage.path("run/supervisor.sock");
    for store in [
        FdStore::new(&socket, "lvsd"),
        FdStore::new(&socket, "unknown"),
    ] {
        let refused = store.fetch().expect_err("fetched");
        assert!(refused.to_string().contains(" is not "), "{refused}");
        assert!(store.store("ring", "{}", &[], false).is_err(), "stored");
        assert!(store.forget("ring").is_err(), "forgotten");
    }
}

#[tokio::test]
async fn what_is_no_question_is_answered_with_an_error() {
    let stage = Stage::new();
    let supervisor = stage.start();
    assert!(supervisor.ready().await);
    for question in [
        &b"?"[..],
        br#"{"show":"bond"}"#,
        br#"{"show":"daemons","more":1}"#,
    ] {
        let answer = supervisor.ask(question);
        assert_eq!(answer.len(), 1);
        assert!(answer[0]["error"].is_string(), "{answer:?}");
    }
}

/// Stores memory with a count of its starts: `tap` durable, `ring` not.
#[test]
#[ignore = "run as lvsd by the tests of this file"]
fn helper_daemon() {
    let Some(store) = FdStore::from_env() else {
        return;
    };
    let items = store.fetch().expect("fetched");
    let seen: Vec<_> = items
        .iter()
        .map(|i| format!("{}={}", i.name, starts(i)))
        .collect();
    println!(
        "fetched: {}",
        if seen.is_empty() {
            "nothing".to_owned()
        } else {
            seen.join(" ")
        }
    );
    let count = items.iter().map(starts).max().unwrap_or(0) + 1;
    for (name, durable) in [("ring", false), ("tap", true)] {
        let memory = SharedMemory::create(name, 8).expect("memory");
        memory.words()[0].store(count, Ordering::Release);
        store
            .store(name, "{}", &[memory.as_fd()], durable)
            .expect("stored");
    }
    println!("stored");
    sys::ready::notify();
    // Its age is what the test is about: a younger one's death makes the next start cold.
    std::thread::sleep(std::time::Duration::from_millis(1_010));
    println!("a second old");
    let dir = std::env::var("HELPER_DIR").expect("its stage");
    let never = File::options()
        .read(true)
        .write(true)
        .open(format!("{dir}/never"));
    never.expect("fifo").read_exact(&mut [0]).expect("never");
}

fn starts(item: &Stored) -> u64 {
    let fd = item.fds[0].as_fd().try_clone_to_owned().expect("dup");
    SharedMemory::from_fd(fd).expect("mapping").words()[0].load(Ordering::Acquire)
}
