use std::vec::Vec;

use super::*;

/// The tables as text: rows as they stand in the reference, columns NO ES SS SR FW TW CL CW LA LI SA.
const REFERENCE: [(Direction, &str); 12] = [
    (Direction::Input, "S SR ES ES SR SR SR SR SR SR SR SR"),
    (Direction::Input, "F CL CW SS TW TW TW CL CW LA LI TW"),
    (Direction::Input, "A ES ES SS ES FW TW CL CW CL LI ES"),
    (Direction::Input, "R CL CL CL SR CL CL CL CL LA LI SR"),
    (Direction::Output, "S SS ES SS SR SS SS SS SS SS LI SR"),
    (Direction::Output, "F TW FW SS TW FW TW CL TW LA LI TW"),
    (Direction::Output, "A ES ES SS ES FW TW CL CW LA ES ES"),
    (Direction::Output, "R CL CL SS CL CL TW CL CL CL CL CL"),
    (Direction::InputOnly, "S SR ES ES SR SR SR SR SR SR SR SR"),
    (Direction::InputOnly, "F CL FW SS TW FW TW CL CW LA LI TW"),
    (Direction::InputOnly, "A ES ES SS ES FW TW CL CW CL LI ES"),
    (Direction::InputOnly, "R CL CL CL SR CL CL CL CL LA LI CL"),
];

fn short(text: &str) -> TcpState {
    match text {
        "NO" => TcpState::None,
        "ES" => TcpState::Established,
        "SS" => TcpState::SynSent,
        "SR" => TcpState::SynRecv,
        "FW" => TcpState::FinWait,
        "TW" => TcpState::TimeWait,
        "CL" => TcpState::Close,
        "CW" => TcpState::CloseWait,
        "LA" => TcpState::LastAck,
        "LI" => TcpState::Listen,
        "SA" => TcpState::SynAck,
        other => panic!("{other}"),
    }
}

#[test]
fn every_state_and_flag_leads_where_linux_leads() {
    for (direction, row) in REFERENCE {
        let words: Vec<&str> = row.split(' ').collect();
        let flags = match words[0] {
            "S" => TcpFlags::SYN,
            "F" => TcpFlags::FIN,
            "A" => TcpFlags::ACK,
            _ => TcpFlags::RST,
        };
        for (state, after) in TcpState::ALL.iter().zip(&words[1..]) {
            assert_eq!(
                state.after(direction, flags),
                short(after),
                "{direction:?} {row} {state:?}"
            );
        }
    }
}

#[test]
fn the_most_decisive_flag_counts() {
    let all = TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::ACK);
    let after = |flags| TcpState::Established.after(Direction::Input, flags);
    assert_eq!(after(all.with(TcpFlags::RST)), TcpState::Close);
    assert_eq!(after(all), TcpState::Established);
    assert_eq!(
        after(TcpFlags::FIN.with(TcpFlags::ACK)),
        TcpState::CloseWait
    );
}

#[test]
fn a_packet_without_flags_changes_nothing() {
    for state in TcpState::ALL {
        for direction in [Direction::Input, Direction::Output, Direction::InputOnly] {
            assert_eq!(state.after(direction, TcpFlags::PSH), state);
        }
    }
}

#[test]
fn timeouts_are_linuxs() {
    let seconds = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];
    for (state, seconds) in TcpState::ALL.iter().zip(seconds) {
        assert_eq!(
            state.timeout(&Timeouts::default()),
            Seconds(seconds),
            "{state:?}"
        );
    }
}

#[test]
fn the_states_of_the_handshake_and_established_are_active_and_no_other() {
    let active: Vec<_> = TcpState::ALL
        .into_iter()
        .filter(|state| state.is_active())
        .collect();
    let expected = ["ES", "SS", "SR", "SA"].map(short);
    assert_eq!(active, expected);
}

#[test]
fn an_index_is_a_states_own() {
    for (index, state) in (0..).zip(TcpState::ALL) {
        assert_eq!(TcpState::from_index(index), Some(state));
    }
    assert_eq!(TcpState::from_index(11), None);
}
