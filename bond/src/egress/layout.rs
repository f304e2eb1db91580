//! How a table lies in its words.

use wire::Mac;

use super::{MemberEntry, Table, moving, targets};
use crate::resilient::{UNOWNED, WEIGHT_MAX};
use crate::{BUCKETS, MAX_MEMBERS, Mapping, Mode, XmitHashPolicy};

/// Its version, in the low 16 bits of the second word; the first word is the generation.
const LAYOUT: u64 = 8;
const SHAPE: usize = 1;
const BOND_MAC: usize = 2;
const OPTIONS: usize = 3;
const MEMBERS: usize = 4;
const USABLE: usize = MEMBERS + 2 * MAX_MEMBERS;
const BUCKET_WORDS: usize = USABLE + MAX_MEMBERS / 8;
const CLIENT_WORDS: usize = BUCKET_WORDS + BUCKETS / 8;
const MOVING_WORDS: usize = CLIENT_WORDS + BUCKETS / 8;
const TARGET_WORDS: usize = MOVING_WORDS + moving::WORDS;

/// Words that a table takes.
pub const WORDS: usize = TARGET_WORDS + targets::WORDS;

pub(super) fn encode(table: &Table) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let mut put = |at: usize, values: &[u64]| {
        let places = words.get_mut(at..).unwrap_or_default();
        for (place, value) in places.iter_mut().zip(values) {
            *place = *value;
        }
    };
    let active = table.active.unwrap_or(UNOWNED);
    let options = u64::from(table.packets_per_member)
        | u64::from(active) << 16
        | u64::from(table.broadcast_neighbor) << 24;
    put(0, &[table.generation, shape(table)]);
    put(BOND_MAC, &[table.bond_mac.to_bits(), options]);
    for (i, member) in table.members.iter().enumerate() {
        put(MEMBERS + 2 * i, &encode_member(member));
    }
    let mut usable = [UNOWNED; MAX_MEMBERS];
    for (slot, member) in usable.iter_mut().zip(&*table.usable) {
        *slot = *member;
    }
    put(USABLE, &packed::<{ MAX_MEMBERS / 8 }>(&usable));
    put(BUCKET_WORDS, &packed::<{ BUCKETS / 8 }>(&table.buckets));
    put(CLIENT_WORDS, &packed::<{ BUCKETS / 8 }>(&table.clients));
    put(MOVING_WORDS, &moving::encode(&table.moving));
    put(TARGET_WORDS, &targets::encode(&table.targets));
    words
}

fn shape(table: &Table) -> u64 {
    let byte = |value: usize, at: u32| u64::try_from(value & 0xff).unwrap_or(0) << at;
    LAYOUT
        | u64::from(table.mode.number()) << 16
        | u64::from(table.mapping.number()) << 24
        | u64::from(table.policy.number()) << 32
        | byte(table.members.len(), 40)
        | byte(table.usable.len(), 48)
}

fn encode_member(member: &MemberEntry) -> [u64; 2] {
    let flags = u64::from(member.rx_enabled)
        | u64::from(member.tx_enabled) << 1
        | u64::from(member.carrier) << 2
        | u64::from(member.unicast_only) << 3
        | u64::from(member.weight.min(WEIGHT_MAX)) << 8;
    let first = u64::from(member.ifindex) | flags << 32;
    [first, member.mac.to_bits() | u64::from(member.number) << 48]
}

/// Eight bytes to a word.
fn packed<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// None: these are no words of [`encode`].
pub(super) fn decode(generation: u64, words: &[u64; WORDS]) -> Option<Table> {
    let (mut table, members, usable) = decode_head(words)?;
    table.generation = generation;
    let pairs = words.get(MEMBERS..USABLE)?.as_chunks::<2>().0;
    for pair in pairs.iter().take(members) {
        table.members.push(decode_member(*pair)?).ok()?;
    }
    for member in bytes(words.get(USABLE..BUCKET_WORDS)?).take(usable) {
        (usize::from(member) < members && table.usable.push(member)).then_some(())?;
    }
    for (buckets, at) in [
        (&mut table.buckets, BUCKET_WORDS..CLIENT_WORDS),
        (&mut table.clients, CLIENT_WORDS..MOVING_WORDS),
    ] {
        for (owner, byte) in buckets.iter_mut().zip(bytes(words.get(at)?)) {
            *owner = byte;
        }
    }
    table.moving = moving::decode(words.get(MOVING_WORDS..TARGET_WORDS)?)?;
    table.targets = targets::decode(words.get(TARGET_WORDS..)?)?;
    Some(table)
}

/// What stands before the members, and how many of them and of usable ones there are.
fn decode_head(words: &[u64; WORDS]) -> Option<(Table, usize, usize)> {
    let [a, b, mode, mapping, policy, members, usable, _] = words.get(SHAPE)?.to_le_bytes();
    if u64::from(u16::from_le_bytes([a, b])) != LAYOUT {
        return None;
    }
    let (members, usable) = (usize::from(members), usize::from(usable));
    if members > MAX_MEMBERS || usable > members {
        return None;
    }
    let [packets, packets_high, active, neighbours, ..] = words.get(OPTIONS)?.to_le_bytes();
    let table = Table {
        mode: Mode::from_number(u64::from(mode))?,
        mapping: Mapping::from_number(u64::from(mapping))?,
        policy: XmitHashPolicy::from_number(u64::from(policy))?,
        packets_per_member: u16::from_le_bytes([packets, packets_high]),
        active: Some(active).filter(|&active| active != UNOWNED),
        broadcast_neighbor: neighbours != 0,
        bond_mac: Mac::from_bits(*words.get(BOND_MAC)?),
        ..Table::default()
    };
    Some((table, members, usable))
}

fn decode_member([first, second]: [u64; 2]) -> Option<MemberEntry> {
    let flags = first >> 32;
    Some(MemberEntry {
        ifindex: u32::try_from(first & u64::from(u32::MAX)).ok()?,
        number: u16::try_from(second >> 48).ok()?,
        mac: Mac::from_bits(second),
        rx_enabled: flags & 1 != 0,
        tx_enabled: flags & 2 != 0,
        carrier: flags & 4 != 0,
        unicast_only: flags & 8 != 0,
        weight: u32::try_from(flags >> 8).ok()?,
    })
}

fn bytes(words: &[u64]) -> impl Iterator<Item = u8> {
    words.iter().flat_map(|word| word.to_le_bytes())
}
