//! A table that fills up: spread, displacement, eviction, sweeping.

use super::*;

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
fn eviction_takes_expired_closed_half_open_closing_then_others_each_the_oldest_first() {
    let states = [
        (TcpState::Established, 100),
        (TcpState::SynRecv, 20),
        (TcpState::TimeWait, 10),
        (TcpState::SynRecv, 30),
        (TcpState::Close, 11),
        (TcpState::FinWait, 50),
        (TcpState::Established, 200),
    ];
    assert_eq!(victims(&states, 7), [4, 2, 3, 1, 5, 6, 0]);
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
