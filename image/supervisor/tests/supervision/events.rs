//! What was said lately, and the shapes that the console reads.

use control::show::{DaemonItem, EventItem};
use nix::sys::signal::Signal;

use crate::stage::{DAEMONS, Stage, Supervisor};

fn events(supervisor: &Supervisor) -> Vec<EventItem> {
    let items = supervisor.items("events").into_iter();
    items
        .map(|item| serde_json::from_value(item).expect("an event"))
        .collect()
}

#[tokio::test]
async fn the_last_lines_of_all_are_shown_also_by_the_next_supervisor() {
    let stage = Stage::of_helpers();
    let mut first = stage.start();
    assert!(first.ready().await);
    stage.tell("hostd", "say hostd: eth1: gone");
    first.until("hostd: eth1: gone").await;
    let before = events(&first);
    let line = before.iter().find(|event| event.text == "eth1: gone");
    let line = line.expect("its line").clone();
    assert_eq!(line.daemon, "hostd");
    assert!(line.unix_ms > 1_600_000_000_000, "{line:?}");
    for name in DAEMONS {
        let up = |event: &&EventItem| event.daemon == name && event.text.starts_with("up ");
        assert_eq!(before.iter().filter(up).count(), 1, "{name}");
    }
    first.signal(Signal::SIGKILL);
    first.end().await;

    let mut next = stage.start();
    assert!(next.ready().await);
    stage.tell("lvsd", "say again");
    next.until("lvsd: again").await;
    let after = events(&next);
    assert_eq!(after[..before.len()], before);
    let own = after.iter().filter(|event| event.daemon == "supervisor");
    assert!(own.count() >= DAEMONS.len(), "{after:?}");
    assert_eq!(after.last().expect("events").text, "again");
}

#[tokio::test]
async fn the_console_understands_what_is_shown_to_the_last_key() {
    let stage = Stage::new();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    supervisor.until("ctld: ready").await;
    for item in supervisor.items("daemons") {
        let read: DaemonItem = serde_json::from_value(item.clone()).expect("a daemon");
        assert_eq!(serde_json::to_value(read).expect("JSON"), item);
    }
    for item in supervisor.items("events") {
        let read: EventItem = serde_json::from_value(item.clone()).expect("an event");
        assert_eq!(serde_json::to_value(read).expect("JSON"), item);
    }
}
