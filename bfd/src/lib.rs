//! The BFD engine: one session as a value, without socket or clock.
//!
//! Empty in this version. A later change builds it here:
//! - standard: RFC 5880 (sessions), RFC 5881 (single hop), RFC 7130 (micro-BFD on the members of a LAG);
//! - states: `AdminDown`, `Down`, `Init`, `Up`; timers: detection time and transmit interval with jitter;
//! - inputs: control packets and time; outputs: control packets and session changes;
//! - not here: sockets, authentication, echo mode.
//!
//! Its hosts are `vrrpd` (peers) and `bondd` (members).
