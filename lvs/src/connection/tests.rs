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
fn keys_of_few_bits_and_clients_in_a_row_fill_the_table_evenly() {
    let words = memory(WORDS);
    for seed in [[0, 0], [1, 2], [u64::MAX, 0]] {
        let table = Table::format(&words, seed).unwrap();
        let real = register(&table, &[1]);
        let most = u32::try_from(table.counters().capacity * 17 / 20).unwrap();
        for client in 0..most {
            table
                .insert(&entry(client, real, TcpState::Established), after(0))
                .unwrap();
        }
        let counters = table.counters();
        assert_eq!(
            counters.held,
            u64::from(most),
            "evicted below 85 %: {counters:?}"
        );
    }
}

#[test]
fn a_full_table_evicts_counts_and_never_grows() {
    let words = memory(WORDS);
    let table = Table::format(&words, [5, 6]).unwrap();
    let real = register(&table, &[1]);
    let capacity = u32::try_from(table.counters().capacity).unwrap();
    for client in 0..2 * capacity {
        table
            .insert(&entry(client, real, TcpState::Established), after(0))
            .unwrap();
    }
    let counters = table.counters();
    assert!(
        counters.held > u64::from(capacity) * 99 / 100,
        "{counters:?}"
    );
    assert_eq!(counters.entered, u64::from(2 * capacity));
    assert_eq!(
        counters.held + counters.evicted_established,
        counters.entered
    );
    assert_eq!(table.connections(NOW).count() as u64, counters.held);
}

#[test]
fn displaced_connections_are_found_adopted_and_leave_no_trace() {
    let words = memory(WORDS);
    let table = Table::format(&words, [9, 9]).unwrap();
    let real = register(&table, &[1]);
    let most = u32::try_from(table.counters().capacity * 3 / 4).unwrap();
    for client in 0..most {
        table
            .insert(&entry(client, real, TcpState::Established), after(0))
            .unwrap();
    }
    let displaced = |table: &Table<'_>| -> u32 {
        let buckets = table
            .layout
            .buckets
            .iter()
            .filter_map(super::cell::Bucket::new);
        buckets.map(|bucket| bucket.displaced()).sum()
    };
    assert!(
        displaced(&table) > most / 20,
        "{} of {most}",
        displaced(&table)
    );
    let before = displaced(&table);
    let (table, adopted) = Table::adopt(&words, NOW).unwrap();
    assert_eq!((adopted.dropped, displaced(&table)), (0, before));
    for client in 0..most {
        let found = table.find(&key(client), after(1)).unwrap();
        assert!(table.remove(&found));
        assert!(table.find(&key(client), after(1)).is_none());
    }
    assert_eq!((displaced(&table), table.counters().held), (0, 0));
}

/// A table of two buckets, full of connections of these states and ages; whose turn comes first?
fn victims(states: &[(TcpState, u64)], rounds: usize) -> Vec<usize> {
    let words = memory(512 + 16 * 8 + 2 * 128);
    let table = Table::format(&words, [7, 8]).unwrap();
    let real = register(&table, &[1]);
    assert_eq!(table.counters().capacity, 30);
    for client in 0..30 {
        let (state, age) = states
            .get(client)
            .copied()
            .unwrap_or((TcpState::Established, 0));
        let entry = entry(u32::try_from(client).unwrap(), real, state);
        table.insert(&entry, after(1_000 - age)).unwrap();
    }
    assert_eq!(table.counters().held, 30);
    (0..rounds)
        .map(|round| {
            let before: Vec<bool> = present(&table);
            let next = u32::try_from(100 + round).unwrap();
            table
                .insert(&entry(next, real, TcpState::Established), after(1_000))
                .unwrap();
            let after = present(&table);
            before
                .iter()
                .zip(&after)
                .position(|(old, new)| *old && !*new)
                .unwrap()
        })
        .collect()
}

fn present(table: &Table<'_>) -> Vec<bool> {
    let listed: Vec<_> = table
        .connections(NOW)
        .map(|connection| connection.source)
        .collect();
    (0..30)
        .map(|client| listed.contains(&key(client).client.to_socket()))
        .collect()
}

#[test]
fn eviction_takes_expired_then_closing_then_half_open_then_others_each_the_oldest_first() {
    let states = [
        (TcpState::Established, 100),
        (TcpState::SynRecv, 20),
        (TcpState::TimeWait, 10),
        (TcpState::SynRecv, 30),
        (TcpState::Close, 11),
        (TcpState::FinWait, 50),
        (TcpState::Established, 200),
    ];
    assert_eq!(victims(&states, 7), [4, 5, 2, 3, 1, 6, 0]);
}

#[test]
fn sweeping_in_pieces_removes_what_has_expired_and_nothing_else() {
    let words = memory(WORDS);
    let table = Table::format(&words, [0, 0]).unwrap();
    let real = register(&table, &[1]);
    for client in 0..1_000 {
        let state = if client % 4 == 0 {
            TcpState::SynRecv
        } else {
            TcpState::Established
        };
        table.insert(&entry(client, real, state), after(0)).unwrap();
    }
    let (mut removed, mut turns) = (0, 0);
    loop {
        let swept = table.sweep(NOW + wire::Duration::from_secs(61), 100);
        removed += swept.removed;
        turns += 1;
        if swept.wrapped {
            break;
        }
    }
    assert_eq!((removed, turns), (250, table.buckets().div_ceil(100)));
    assert_eq!(table.load(real.slot), (750, 0));
    assert_eq!(table.counters().expired, 250);
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

/// Replays a change word by word, in the order in which it was made, and hands out each prefix.
fn prefixes(before: &[u64], writes: &[(usize, u64)]) -> Vec<Box<[AtomicU64]>> {
    let mut now: Vec<u64> = before.to_vec();
    let mut all = Vec::new();
    let copy = |now: &[u64]| now.iter().map(|word| AtomicU64::new(*word)).collect();
    all.push(copy(&now));
    for (at, value) in writes {
        now[*at] = *value;
        all.push(copy(&now));
    }
    all
}

/// The words that an action changed, tags first or last as the protocol of entries has it.
fn changes(before: &[u64], after: &[u64], tag_last: bool) -> Vec<(usize, u64)> {
    let mut writes: Vec<(usize, u64)> = (before.iter().zip(after).enumerate())
        .filter(|(_, (old, new))| old != new)
        .map(|(at, (_, new))| (at, *new))
        .collect();
    let first_bucket = Layout::new(&memory(WORDS)).unwrap().buckets_at();
    let is_tag = |at: usize| at >= first_bucket && (at - first_bucket) % 128 < 8;
    writes.sort_by_key(|(at, _)| is_tag(*at) == tag_last);
    writes
}

#[test]
fn a_process_killed_at_any_word_of_an_insertion_leaves_the_entry_whole_or_absent() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    let real = register(&table, &[1]);
    table
        .insert(&entry(1, real, TcpState::Established), after(0))
        .unwrap();
    let before = contents(&words);
    table
        .insert(&entry(2, real, TcpState::Established), after(0))
        .unwrap();
    let writes = changes(&before, &contents(&words), true);
    assert!(writes.len() >= 5, "{writes:?}");
    let images = prefixes(&before, &writes);
    let last = images.len() - 1;
    for (step, image) in images.iter().enumerate() {
        let (next, adopted) = Table::adopt(image, NOW).unwrap();
        assert_eq!(
            (adopted.kept, adopted.dropped),
            (1 + usize::from(step == last), 0)
        );
        assert!(next.find(&key(1), after(0)).is_some());
        assert_eq!(next.find(&key(2), after(0)).is_some(), step == last);
    }
}

#[test]
fn a_process_killed_at_any_word_of_a_replacement_leaves_no_mixture() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    let real = register(&table, &[1]);
    table
        .insert(&entry(1, real, TcpState::Established), after(0))
        .unwrap();
    let full = contents(&words);
    table.remove(&table.find(&key(1), after(0)).unwrap());
    let empty = contents(&words);
    for image in prefixes(&full, &changes(&full, &empty, false))
        .iter()
        .skip(1)
    {
        assert_eq!(
            Table::adopt(image, NOW).unwrap().1,
            Adopted {
                kept: 0,
                dropped: 0
            }
        );
    }
    // The next entry takes the same cell, whose old words are still there.
    let other = Entry {
        key: Key {
            protocol: 6,
            ..key(1)
        },
        ..entry(1, real, TcpState::SynRecv)
    };
    table.insert(&other, after(3)).unwrap();
    let writes = changes(&empty, &contents(&words), true);
    let images = prefixes(&empty, &writes);
    let last = images.len() - 1;
    for (step, image) in images.iter().enumerate() {
        let (_, adopted) = Table::adopt(image, NOW + wire::Duration::from_secs(3)).unwrap();
        assert_eq!(
            (adopted.kept, adopted.dropped),
            (usize::from(step == last), 0)
        );
    }
}

/// Copies memory that another thread changes: the tags before or after all other words.
fn copy_while_changing(words: &[AtomicU64], tags_first: bool) -> Box<[AtomicU64]> {
    let copy = memory(words.len());
    let buckets = Layout::new(words).unwrap().buckets_at();
    let is_tag = |at: usize| at >= buckets && (at - buckets) % 128 < 8;
    for tags in [tags_first, !tags_first] {
        for at in (0..words.len()).filter(|at| is_tag(*at) == tags) {
            copy[at].store(words[at].load(Ordering::Acquire), Ordering::Relaxed);
        }
    }
    copy
}

/// Adopts copies that are made while `change` runs; `tags_first` when it only enters connections,
/// and not when it only removes them. Returns how many copies caught it at work.
fn adopt_meanwhile(words: &[AtomicU64], tags_first: bool, change: impl FnOnce() + Send) -> usize {
    let done = std::sync::atomic::AtomicBool::new(false);
    let mut amid = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            change();
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let (_, adopted) = Table::adopt(&copy_while_changing(words, tags_first), NOW).unwrap();
            assert_eq!(adopted.dropped, 0, "an entry in part");
            amid += usize::from(adopted.kept > 0);
        }
    });
    amid
}

#[test]
fn tags_are_written_last_when_connections_come_and_first_when_they_go() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    let real = register(&table, &[1]);
    let turns = 20;
    let mut amid = 0;
    for _ in 0..turns {
        amid += adopt_meanwhile(&words, true, || {
            for client in 0..8_000 {
                table
                    .insert(&entry(client, real, TcpState::Established), after(0))
                    .unwrap();
            }
        });
        amid += adopt_meanwhile(&words, false, || {
            for client in 0..8_000 {
                assert!(table.remove(&table.find(&key(client), after(0)).unwrap()));
            }
        });
    }
    assert!(amid > 0, "{amid} copies caught the table at work");
}

#[test]
fn a_process_killed_at_any_word_of_a_registration_gives_no_id_a_wrong_meaning() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    register(&table, &[1]);
    let before = contents(&words);
    let id = register(&table, &[2]);
    let slot = 512 + usize::from(id.slot) * 8;
    let mut writes = changes(&before, &contents(&words), true);
    writes.sort_by_key(|(at, _)| *at == slot);
    // The slot is marked unused first.
    writes.insert(0, (slot, u64::from(id.generation)));
    for image in prefixes(&before, &writes) {
        let (next, _) = Table::adopt(&image, NOW).unwrap();
        for (key, _) in next.registry().entered() {
            assert!(key == real_key(1) || key == real_key(2), "{key:?}");
        }
    }
}

#[test]
fn adoption_drops_what_does_not_fit_and_keeps_the_rest() {
    let words = memory(WORDS);
    let table = Table::format(&words, [1, 1]).unwrap();
    let real = register(&table, &[1]);
    for client in 0..100 {
        table
            .insert(&entry(client, real, TcpState::Established), after(0))
            .unwrap();
    }
    let buckets = Layout::new(&words).unwrap().buckets_at();
    let cells: Vec<usize> = (buckets..words.len() - 8)
        .step_by(8)
        .filter(|at| (at - buckets) % 128 >= 8 && words[*at + 3].load(Ordering::Relaxed) != 0)
        .collect();
    assert_eq!(cells.len(), 100);
    // A client elsewhere, an unknown real, no such state, a protocol that is not balanced, the
    // future, another service.
    let damage: [(usize, u64); 6] = [
        (1, 1 << 3),
        (4, 1 << 18),
        (5, 0xff << 8),
        (5, 0xff),
        (5, 1 << 63),
        (3, 1),
    ];
    for (cell, (word, bits)) in cells.iter().zip(damage) {
        words[cell + word].fetch_xor(bits, Ordering::Relaxed);
    }
    let (next, adopted) = Table::adopt(&words, NOW).unwrap();
    assert_eq!(
        adopted,
        Adopted {
            kept: 94,
            dropped: 6
        }
    );
    assert_eq!(next.load(real.slot), (94, 0));
    assert_eq!(next.connections(NOW).count(), 94);
}

#[test]
fn any_memory_is_adopted_or_refused_without_a_panic() {
    let words = memory(WORDS);
    assert_eq!(Table::adopt(&words, NOW).unwrap_err(), AdoptError::NoTable);
    drop(Table::format(&words, [1, 1]).unwrap());
    let longer = memory(WORDS + 128);
    for (to, from) in longer.iter().zip(&words) {
        to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    assert_eq!(Table::adopt(&longer, NOW).unwrap_err(), AdoptError::NoTable);
    let mut state = 88_172_645_463_325_252_u64;
    for word in &words[512..] {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.store(state, Ordering::Relaxed);
    }
    let (table, adopted) = Table::adopt(&words, NOW).unwrap();
    assert_eq!(adopted.kept, 0);
    assert_eq!(table.connections(NOW).count(), 0);
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
