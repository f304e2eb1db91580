//! The states of a balanced TCP connection, as Linux's IPVS has them: what the balancer can tell
//! from the packets that it sees. Rows and columns are those of the tables in Linux 6.12
//! `ip_vs_proto_tcp.c`.

use wire::headers::TcpFlags;

use crate::config::{Seconds, Timeouts};

/// A connection's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TcpState {
    /// None yet, or none any longer.
    None,
    /// Data flows.
    Established,
    /// The real opened it.
    SynSent,
    /// The client opened it.
    SynRecv,
    /// One side has closed; the other side's packets may not come through here.
    FinWait,
    /// Both sides have closed.
    TimeWait,
    /// Reset, or closed without a trace.
    Close,
    /// The client has closed.
    CloseWait,
    /// The last acknowledgement is awaited.
    LastAck,
    /// The real listens again.
    Listen,
    /// The handshake waits for its acknowledgement.
    SynAck,
}

/// Which side of the connection a packet comes from, as far as the method shows both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client, of a connection whose other direction is seen too.
    Input,
    /// From the real.
    Output,
    /// From the client, of a connection whose other direction goes past (DR, tunnel).
    InputOnly,
}

use TcpState::{
    Close as Cl, CloseWait as Cw, Established as Es, FinWait as Fw, LastAck as La, Listen as Li,
    None as No, SynAck as Sa, SynRecv as Sr, SynSent as Ss, TimeWait as Tw,
};

/// By row (SYN, FIN, ACK, RST), the state that follows each state.
type Transitions = [[TcpState; TcpState::ALL.len()]; 4];

//           No  Es  Ss  Sr  Fw  Tw  Cl  Cw  La  Li  Sa
const INPUT: Transitions = [
    /*syn*/ [Sr, Es, Es, Sr, Sr, Sr, Sr, Sr, Sr, Sr, Sr],
    /*fin*/ [Cl, Cw, Ss, Tw, Tw, Tw, Cl, Cw, La, Li, Tw],
    /*ack*/ [Es, Es, Ss, Es, Fw, Tw, Cl, Cw, Cl, Li, Es],
    /*rst*/ [Cl, Cl, Cl, Sr, Cl, Cl, Cl, Cl, La, Li, Sr],
];
const OUTPUT: Transitions = [
    /*syn*/ [Ss, Es, Ss, Sr, Ss, Ss, Ss, Ss, Ss, Li, Sr],
    /*fin*/ [Tw, Fw, Ss, Tw, Fw, Tw, Cl, Tw, La, Li, Tw],
    /*ack*/ [Es, Es, Ss, Es, Fw, Tw, Cl, Cw, La, Es, Es],
    /*rst*/ [Cl, Cl, Ss, Cl, Cl, Tw, Cl, Cl, Cl, Cl, Cl],
];
const INPUT_ONLY: Transitions = [
    /*syn*/ [Sr, Es, Es, Sr, Sr, Sr, Sr, Sr, Sr, Sr, Sr],
    /*fin*/ [Cl, Fw, Ss, Tw, Fw, Tw, Cl, Cw, La, Li, Tw],
    /*ack*/ [Es, Es, Ss, Es, Fw, Tw, Cl, Cw, Cl, Li, Es],
    /*rst*/ [Cl, Cl, Cl, Sr, Cl, Cl, Cl, Cl, La, Li, Cl],
];

impl TcpState {
    /// All states, in the order of the tables' columns.
    pub const ALL: [Self; 11] = [No, Es, Ss, Sr, Fw, Tw, Cl, Cw, La, Li, Sa];

    /// The state after a packet with these flags. RST counts before SYN, SYN before FIN, FIN
    /// before ACK; a packet with none of them changes nothing.
    #[inline]
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "a state's index is below the number of states"
    )]
    pub const fn after(self, direction: Direction, flags: TcpFlags) -> Self {
        let [syn, fin, ack, rst] = match direction {
            Direction::Input => &INPUT,
            Direction::Output => &OUTPUT,
            Direction::InputOnly => &INPUT_ONLY,
        };
        let row = if flags.contains(TcpFlags::RST) {
            rst
        } else if flags.contains(TcpFlags::SYN) {
            syn
        } else if flags.contains(TcpFlags::FIN) {
            fin
        } else if flags.contains(TcpFlags::ACK) {
            ack
        } else {
            return self;
        };
        row[self as usize]
    }

    /// Whether IPVS counts a connection in this state as active.
    #[inline]
    #[must_use]
    pub const fn is_active(self) -> bool {
        match self {
            Es | Ss | Sr | Sa => true,
            No | Fw | Tw | Cl | Cw | La | Li => false,
        }
    }

    /// Whether the handshake is not over.
    #[must_use]
    pub const fn is_half_open(self) -> bool {
        match self {
            Ss | Sr | Sa => true,
            No | Es | Fw | Tw | Cl | Cw | La | Li => false,
        }
    }

    /// The name, as `ipvsadm -lnc` prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            No => "NONE",
            Es => "ESTABLISHED",
            Ss => "SYN_SENT",
            Sr => "SYN_RECV",
            Fw => "FIN_WAIT",
            Tw => "TIME_WAIT",
            Cl => "CLOSE",
            Cw => "CLOSE_WAIT",
            La => "LAST_ACK",
            Li => "LISTEN",
            Sa => "SYNACK",
        }
    }

    /// The state with this place in [`TcpState::ALL`].
    #[inline]
    pub(crate) fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// How long a connection in this state may be silent.
    pub(crate) const fn timeout(self, timeouts: &Timeouts) -> Seconds {
        match self {
            No => Seconds(2),
            Es => timeouts.established,
            Ss => timeouts.syn_sent,
            Sr => timeouts.syn_recv,
            Fw => timeouts.fin_wait,
            Tw => timeouts.time_wait,
            Cl => timeouts.close,
            Cw => timeouts.close_wait,
            La => timeouts.last_ack,
            Li => timeouts.listen,
            Sa => timeouts.synack,
        }
    }
}

#[cfg(test)]
mod tests;
