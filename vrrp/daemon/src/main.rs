//! `vrrpd`: hosts the VRRP engine. Elections, adverts, gratuitous ARP and unsolicited neighbour
//! advertisements over raw sockets, adverts on a real-time thread that does nothing else.
//!
//! Not built yet: this program says so and fails, so that nobody takes it for a running router.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("vrrpd: not built yet: this version holds no virtual router");
    ExitCode::FAILURE
}
