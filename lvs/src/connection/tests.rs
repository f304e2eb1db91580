mod adoption;
mod full;

use std::boxed::Box;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec::Vec;

use wire::Instant;

use super::layout::Layout;
use super::table::Table;
use super::*;
use crate::config::Seconds;
use crate::tcp_state::TcpState;

/// 1 MiB: some 960 buckets, 14,000 connections.
const WORDS: usize = 1 << 17;
const NOW: Instant = Instant::from_nanos(1 << 40);

fn memory(words: usize) -> Box<[AtomicU64]> {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

fn vip() -> crate::address::Endpoint {
    SocketAddr::from(([10, 1, 0, 100], 80)).into()
}

fn key(client: u32) -> Key {
    let [a, b, c, d] = client.to_be_bytes();
    let client = SocketAddr::from(([100, 64 | a, b, c], 1_024 + u16::from(d)));
    Key {
        client: client.into(),
        service: vip(),
        protocol: 6,
    }
}

fn real_key(host: u8) -> RealKey {
    let real = SocketAddr::from(([10, 2, 0, host], 80)).into();
    RealKey {
        protocol: 6,
        service: vip(),
        real,
    }
}

/// Enters reals and returns the id of the first one.
fn register(table: &Table<'_>, hosts: &[u8]) -> RealId {
    let keys: Vec<RealKey> = hosts.iter().map(|host| real_key(*host)).collect();
    table
        .registry()
        .assign(&keys, |slot| table.load(slot) == (0, 0))[&keys[0]]
}

fn entry(client: u32, real: RealId, state: TcpState) -> Entry {
    Entry {
        key: key(client),
        real,
        state,
        one_way: false,
    }
}

fn after(seconds: u64) -> Tick {
    Tick::at(NOW + wire::Duration::from_secs(seconds))
}

fn contents(words: &[AtomicU64]) -> Vec<u64> {
    words
        .iter()
        .map(|word| word.load(Ordering::Relaxed))
        .collect()
}

#[test]
fn what_was_entered_is_found_and_nothing_else() {
    let words = memory(WORDS);
    let table = Table::format(&words, [0, 0]).unwrap();
    let real = register(&table, &[1]);
    for client in 0..1_000 {
        let entered = table.insert(&entry(client, real, TcpState::Established), after(0));
        assert!(matches!(entered, Ok(Inserted::New)));
    }
    for client in 0..1_000 {
        assert!(table.find(&key(client), after(1)).is_some());
    }
    for client in 1_000..2_000 {
        assert!(table.find(&key(client), after(1)).is_none());
    }
    assert_eq!(table.load(real.slot), (1_000, 0));
}

#[test]
fn a_connection_is_entered_once() {
    let words = memory(WORDS);
    let table = Table::format(&words, [0, 0]).unwrap();
    let real = register(&table, &[1]);
    let entry = entry(1, real, TcpState::SynRecv);
    assert!(matches!(table.insert(&entry, after(0)), Ok(Inserted::New)));
    assert!(matches!(
        table.insert(&entry, after(1)),
        Ok(Inserted::Existing(_))
    ));
    assert!(
        matches!(table.insert(&entry, after(61)), Ok(Inserted::New)),
        "it had expired"
    );
    assert_eq!(table.counters().held, 1);
}

#[test]
fn a_removed_connection_cannot_be_followed_into_its_cells_next_use() {
    let words = memory(WORDS);
    let table = Table::format(&words, [0, 0]).unwrap();
    let real = register(&table, &[1]);
    table
        .insert(&entry(1, real, TcpState::Established), after(0))
        .unwrap();
    let stale = table.find(&key(1), after(0)).unwrap();
    assert!(table.remove(&stale));
    table
        .insert(&entry(1, real, TcpState::SynRecv), after(0))
        .unwrap();
    assert!(!table.follow(&stale, after(5), |_| TcpState::Close));
    assert!(!table.remove(&stale));
    assert_eq!(
        table.find(&key(1), after(5)).unwrap().word.state(),
        TcpState::SynRecv
    );
    assert_eq!(table.load(real.slot), (1, 0));
}

#[test]
fn memory_that_is_too_small_is_refused() {
    for words in [0, 1, 511, 512 + 16 * 8 + 2 * 128 - 1] {
        let words = memory(words);
        assert!(matches!(
            Table::format(&words, [0, 0]),
            Err(LayoutError::TooSmall { .. })
        ));
    }
}

#[test]
fn an_id_is_used_again_only_when_no_connection_needs_it() {
    let words = memory(512 + 16 * 8 + 2 * 128);
    let table = Table::format(&words, [1, 1]).unwrap();
    let first = register(&table, &[1]);
    table
        .insert(&entry(1, first, TcpState::Close), after(0))
        .unwrap();
    for host in 2..100 {
        let other = register(&table, &[host]);
        assert_ne!(other.slot, first.slot);
    }
    assert_eq!(register(&table, &[1]), first, "it is recognised");
    register(&table, &[2]);
    table.sweep(NOW + wire::Duration::from_secs(11), usize::MAX / 2);
    let again = register(&table, &[3, 4]);
    assert!(again != first || again.generation != first.generation);
}

#[test]
fn timeouts_apply_to_connections_that_are_there() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    let real = register(&table, &[1]);
    table
        .insert(&entry(1, real, TcpState::Established), after(0))
        .unwrap();
    let shorter = crate::Timeouts {
        established: Seconds(5),
        ..crate::Timeouts::default()
    };
    table.set_timeouts(&shorter);
    assert!(table.find(&key(1), after(4)).is_some());
    assert!(table.find(&key(1), after(6)).is_none());
}

#[test]
fn workers_at_the_same_time_keep_every_count_right() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    let real = register(&table, &[1]);
    std::thread::scope(|scope| {
        for worker in 0..4_u32 {
            let table = &table;
            scope.spawn(move || {
                for turn in 0..20_000_u32 {
                    let client = (turn * 7 + worker) % 500;
                    let state = TcpState::ALL[1 + (turn % 10) as usize];
                    match table.find(&key(client), after(0)) {
                        Some(found) if turn % 3 == 0 => drop(table.remove(&found)),
                        Some(found) => drop(table.follow(&found, after(0), |_| state)),
                        None => drop(table.insert(&entry(client, real, state), after(0))),
                    }
                }
            });
        }
    });
    let listed: Vec<_> = table.connections(NOW).collect();
    let (active, inactive) = table.load(real.slot);
    assert_eq!(usize::try_from(active + inactive).unwrap(), listed.len());
    let sources: std::collections::BTreeSet<_> = listed.iter().map(|one| one.source).collect();
    assert_eq!(sources.len(), listed.len(), "no connection is there twice");
    table.sweep(NOW + wire::Duration::from_secs(10_000), usize::MAX / 2);
    assert_eq!(table.load(real.slot), (0, 0));
}
