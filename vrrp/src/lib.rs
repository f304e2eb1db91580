//! The VRRP engine: one virtual router as a value, without socket or clock.
//!
//! Empty in this version. The next change builds it here:
//! - standard: RFC 9568 (VRRPv3, IPv4 and IPv6), whose words it uses: `vrid`, `Initialize`, `Backup`,
//!   `Active`, `Active_Down_Interval`, `Skew_Time`, `accept_mode`, `preempt`;
//! - inputs: adverts, the owner's start and stop, the state of the bond, the forwarder's pulse, priority
//!   decrements; outputs: adverts, gratuitous ARP and unsolicited neighbour advertisements, role changes;
//! - bounds: no collection that a peer can grow;
//! - not here: sockets, the virtual MAC's lease (`lvsd` keeps it), peers' BFD sessions (`bfd`).
//!
//! Its host is `vrrpd` in `vrrp/daemon`.
