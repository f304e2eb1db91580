//! Interfaces, addresses and configuration of the stand.

use std::time::Duration;

use anyhow::Result;

use crate::namespace::Namespace;
use crate::plan::{self, Family, Method, PREFIX_V4, REALS, Scheduler, Subnet, Vip};
use crate::{config, wait};

/// The generator's interface to the appliance.
pub const TO_FOURFOLD: &str = "to-fourfold";
/// The generator's interface to the loop.
pub const TO_LOOP: &str = "to-loop";
/// The forwarder's interface, in either namespace.
pub const PORT: &str = "eth1";
/// Its MAC address, and so the bond's.
pub const PORT_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

/// The service that is measured for a method.
pub fn vip(method: Method) -> Vip {
    Vip {
        method,
        family: Family::V4,
        scheduler: Scheduler::Maglev,
    }
}

/// Lays a veth pair from the generator's `interface` to [`PORT`] of `forwarder`.
pub fn connect(generator: &Namespace, interface: &str, forwarder: &Namespace) -> Result<()> {
    let [a, b, c, d, e, f] = PORT_MAC;
    let mac = format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
    let name = forwarder.name();
    generator.ip(&[
        format!("link add name {interface} type veth peer name {PORT} address {mac} netns {name}"),
        format!("link set dev {interface} arp off up"),
    ])?;
    forwarder.ip(&[format!("link set dev {PORT} up")])
}

/// One bond of one member, and one service of each method; room for every new connection.
pub fn configuration() -> String {
    let addresses = [Subnet::A, Subnet::B]
        .map(|subnet| plan::appliance(Family::V4, subnet))
        .map(|address| format!("\"{address}/{PREFIX_V4}\""))
        .join(", ");
    let bond = format!(
        "[lvs]\nconnection_table = 512\n\
         [bond.bond0]\nmode = \"active-backup\"\nmembers = [\"{PORT}\"]\naddresses = [{addresses}]\n"
    );
    let services = [Method::Dr, Method::Nat].map(|method| config::service(&vip(method)));
    [bond, services.concat()].concat()
}

/// Tells the appliance's kernel where the reals are, for none is there to answer.
pub fn set_neighbours(appliance: &Namespace) -> Result<()> {
    let lines: Vec<String> = (1..=REALS)
        .map(|number| {
            let address = plan::real(Family::V4, number);
            format!("neighbour replace {address} lladdr 02:00:00:00:01:{number:02x} dev bond0 nud permanent")
        })
        .collect();
    // The bond's interface comes up with its first carrier.
    wait::until_ok(Duration::from_secs(10), || appliance.ip(&lines))
}
