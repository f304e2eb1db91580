extern crate std;

use std::vec::Vec;

use wire::lacp::State as Bits;

use super::choose;
use crate::AdSelect;
use crate::lacp::port::Port;
use crate::lacp::receive;
use crate::lacp::selection::Selected;

/// Ports of answering partners that aggregate: each with its aggregator, speed and priority.
fn ports(of: &[(u8, Option<u32>, u16)]) -> Vec<Port> {
    let numbers = 1..;
    let port = |(number, &(aggregator, speed, priority)): (u16, &(u8, Option<u32>, u16))| {
        let mut port = Port::new(number, priority);
        port.aggregator = Some(aggregator);
        port.selected = Selected::Standby;
        port.receive = receive::State::Current;
        port.partner.state = Bits::AGGREGATION;
        port.speed = speed;
        port
    };
    numbers.zip(of).map(port).collect()
}

const GIGABIT: Option<u32> = Some(1_000);

#[test]
fn a_link_that_can_be_aggregated_goes_before_one_that_cannot() {
    let mut ports = ports(&[(0, Some(100_000), 9), (1, GIGABIT, 1)]);
    ports[0].partner.state = Bits::default();
    for policy in AdSelect::ALL {
        assert_eq!(choose(&ports, *policy, None), Some(1), "{policy}");
    }
    assert_eq!(choose(&ports[..1], AdSelect::Count, None), Some(0), "alone");
}

#[test]
fn each_policy_has_its_order() {
    use AdSelect::{ActorPortPrio, Bandwidth, Count, Stable};
    let ten = Some(10_000);
    let ports = ports(&[
        (0, GIGABIT, 5),
        (0, GIGABIT, 5),
        (0, GIGABIT, 5),
        (1, ten, 7),
        (1, ten, 7),
        (2, ten, 4),
        (2, ten, 4),
        (2, ten, 7),
    ]);
    let best = |policy| choose(&ports, policy, None);
    assert_eq!(best(Bandwidth), Some(2));
    assert_eq!(best(Stable), Some(2));
    assert_eq!(best(Count), Some(2), "as many as the first, and faster");
    assert_eq!(best(ActorPortPrio), Some(2), "15 as the first, and faster");
    assert_eq!(choose(&ports[..5], Count, None), Some(0));
    assert_eq!(choose(&ports[..5], Bandwidth, None), Some(1));
    assert_eq!(choose(&ports[3..5], ActorPortPrio, None), Some(1));
}

#[test]
fn ports_of_unknown_speed_count_as_equal() {
    let unknown = ports(&[(0, Some(100_000), 255), (1, None, 255), (1, None, 255)]);
    assert_eq!(choose(&unknown, AdSelect::Bandwidth, None), Some(1));
    let known = ports(&[
        (0, Some(100_000), 255),
        (1, GIGABIT, 255),
        (1, GIGABIT, 255),
    ]);
    assert_eq!(choose(&known, AdSelect::Bandwidth, None), Some(0));
}

#[test]
fn of_equals_the_one_in_use_stays_and_else_the_first_is_taken() {
    let ports = ports(&[(0, GIGABIT, 255), (1, GIGABIT, 255)]);
    for policy in AdSelect::ALL {
        assert_eq!(choose(&ports, *policy, None), Some(0), "{policy}");
        assert_eq!(choose(&ports, *policy, Some(1)), Some(1), "{policy}");
    }
}

#[test]
fn an_aggregator_whose_partner_is_silent_gives_way_and_stays_when_nobody_answers() {
    let mut ports = ports(&[(0, GIGABIT, 255), (1, GIGABIT, 255)]);
    ports[1].receive = receive::State::Expired;
    for policy in AdSelect::ALL {
        assert_eq!(choose(&ports, *policy, Some(1)), Some(0), "{policy}");
    }
    ports[0].receive = receive::State::Expired;
    for policy in AdSelect::ALL {
        assert_eq!(choose(&ports, *policy, Some(1)), Some(1), "{policy}");
        assert_eq!(choose(&[], *policy, Some(1)), None, "{policy}");
    }
}
