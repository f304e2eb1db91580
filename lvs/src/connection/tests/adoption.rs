//! What a dead process leaves, and what the next one makes of it.

use super::*;

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
    let other = entry(1, real, TcpState::SynRecv);
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
