//! Tables: what is remembered and what is there, and who is called what then.

use super::*;

/// What stands for what in these tables: cards, and places.
const WORDS: [(&str, &str); 6] = [
    ("A", "52:54:00:00:00:0a"),
    ("B", "52:54:00:00:00:0b"),
    ("C", "52:54:00:00:00:0c"),
    ("P3", "0000:00:03.0"),
    ("P4", "0000:00:04.0"),
    ("P5", "0000:00:05.0"),
];

fn long(line: &str) -> String {
    let word = |word| {
        WORDS
            .iter()
            .find(|one| one.0 == word)
            .map_or(word, |one| one.1)
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn short(line: &str) -> String {
    let word = |word| {
        WORDS
            .iter()
            .find(|one| one.1 == word)
            .map_or(word, |one| one.0)
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn nic(line: &str) -> Nic {
    let line = long(line);
    let (mac, place) = line.split_once(' ').expect("two words");
    Nic {
        name: "whatever".to_owned(),
        mac: mac_of(mac).expect("an address"),
        place: Place(place.to_owned()),
    }
}

/// What NICs are called, and the file afterwards.
fn named(remembered: &[&str], present: &[&str]) -> (Vec<String>, Vec<String>) {
    let record = |line: &&str| long(line).parse().expect("a record");
    let remembered: Vec<Record> = remembered.iter().map(record).collect();
    let present: Vec<Nic> = present.iter().map(|line| nic(line)).collect();
    let names = names(&remembered, &present);
    let records = names.records.iter().map(|one| short(&one.to_string()));
    (names.present, records.collect())
}

#[test]
fn at_the_first_start_names_follow_the_bus() {
    let (names, file) = named(&[], &["B P4", "A P5", "C P3"]);
    assert_eq!(names, ["eth1", "eth2", "eth0"]);
    assert_eq!(file, ["eth0 C P3", "eth1 B P4", "eth2 A P5"]);
}

#[test]
fn bus_places_are_in_the_order_of_their_numbers_with_others_behind() {
    let (names, _) = named(
        &[],
        &[
            "A vif-0",
            "A 10000:01:00.0",
            "A 0000:00:0a.0",
            "A 0000:0a:00.0",
            "A 0000:00:03.0/1",
            "A 0000:00:03.0",
            "A 0000:00:03.1",
        ],
    );
    assert_eq!(
        names,
        ["eth6", "eth5", "eth3", "eth4", "eth1", "eth0", "eth2"]
    );
}

#[test]
fn a_known_nic_keeps_its_name_whatever_its_place() {
    let file = ["eth0 A P3", "eth1 B P4"];
    let (names, after) = named(&file, &["B P3", "A P4"]);
    assert_eq!(names, ["eth1", "eth0"]);
    assert_eq!(after, ["eth0 A P4", "eth1 B P3"]);
}

#[test]
fn a_missing_nic_leaves_its_name_unused_and_is_remembered() {
    let file = ["eth0 A P3", "eth1 B P4", "eth2 C P5"];
    let (names, after) = named(&file, &["A P3", "C P5"]);
    assert_eq!(names, ["eth0", "eth2"]);
    assert_eq!(after, file);
}

#[test]
fn a_missing_nic_that_comes_back_has_its_name() {
    let file = ["eth0 A P3", "eth1 B P4"];
    let (names, after) = named(&file, &["B P4", "A P3"]);
    assert_eq!(names, ["eth1", "eth0"]);
    assert_eq!(after, file);
}

#[test]
fn a_new_nic_in_a_missing_ones_place_takes_over_its_name() {
    let (names, after) = named(&["eth0 A P3", "eth1 B P4"], &["A P3", "C P4"]);
    assert_eq!(names, ["eth0", "eth1"]);
    assert_eq!(after, ["eth0 A P3", "eth1 C P4"]);
}

#[test]
fn a_new_nic_in_the_place_of_one_that_has_moved_takes_nothing_over() {
    let (names, after) = named(&["eth0 A P3"], &["A P4", "C P3"]);
    assert_eq!(names, ["eth0", "eth1"]);
    assert_eq!(after, ["eth0 A P4", "eth1 C P3"]);
}

#[test]
fn a_further_nic_gets_the_next_free_number_and_never_a_missing_ones() {
    let (names, after) = named(&["eth0 A P3", "eth2 B P4"], &["C P5"]);
    assert_eq!(names, ["eth1"]);
    assert_eq!(after, ["eth0 A P3", "eth1 C P5", "eth2 B P4"]);
}

#[test]
fn two_nics_with_one_address_keep_their_places() {
    let file = ["eth0 A P3", "eth1 A P4"];
    let (names, after) = named(&file, &["A P4", "A P3"]);
    assert_eq!(names, ["eth1", "eth0"]);
    assert_eq!(after, file);
}

#[test]
fn of_two_records_for_one_name_the_first_counts() {
    let (names, after) = named(&["eth0 A P3", "eth0 B P4"], &["B P4", "A P3"]);
    assert_eq!(names, ["eth1", "eth0"]);
    assert_eq!(after, ["eth0 A P3", "eth1 B P4"]);
}

#[test]
fn a_box_without_nics_forgets_none() {
    let file = ["eth0 A P3"];
    let (names, after) = named(&file, &[]);
    assert!(names.is_empty());
    assert_eq!(after, file);
}

#[test]
fn a_line_that_is_none_is_refused_with_what_one_looks_like() {
    for line in [
        "",
        "eth0",
        "eth0 52:54:00:00:00:0a",
        "eth0 52:54:00:00:00:0a 0000:00:03.0 more",
        "eth 52:54:00:00:00:0a 0000:00:03.0",
        "wan0 52:54:00:00:00:0a 0000:00:03.0",
        "eth0 52:54:00:00:00 0000:00:03.0",
        "eth0 52:54:00:00:00:0a:0b 0000:00:03.0",
        "eth0 52:54:00:00:00:xy 0000:00:03.0",
    ] {
        let refused = line.parse::<Record>().expect_err(line);
        assert!(refused.contains("eth0 52:54:00:12:34:56"), "{refused}");
    }
}

#[test]
fn a_place_is_the_last_card_on_the_way_with_what_tells_its_ports_apart() {
    for (device, port, place) in [
        (
            "/sys/devices/pci0000:00/0000:00:03.0/virtio0",
            0,
            "0000:00:03.0",
        ),
        (
            "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0",
            0,
            "0000:02:00.0",
        ),
        (
            "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0",
            1,
            "0000:02:00.0/1",
        ),
        (
            "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0",
            0,
            "0000:00:14.0/1-2:1.0",
        ),
        ("/sys/devices/vif-0", 0, "vif-0"),
        (
            "/sys/devices/pci0000:00/10000:e0:05.5/pci10000:e0/10000:e1:00.0",
            0,
            "10000:e1:00.0",
        ),
    ] {
        assert_eq!(Place::of(device, port), Place(place.to_owned()), "{device}");
    }
}
