//! Where the switch has seen an address: `fdb/show` with the ports' names of `dpif/show`.

use anyhow::{Context, Result};

use super::{BRIDGE, Control};

/// The port behind which `mac` was seen last. A LAG counts as one port, which the switch calls by
/// any of its members.
pub(super) fn locate(control: &Control, mac: [u8; 6]) -> Result<Option<String>> {
    let Some(number) = number_of(&control.ask("fdb/show", &[BRIDGE])?, mac) else {
        return Ok(None);
    };
    let ports = control.ask("dpif/show", &[])?;
    let name = name_of(&ports, &number);
    name.map(Some)
        .with_context(|| format!("the switch has no port {number}:\n{ports}"))
}

/// Lines of port, VLAN, MAC address and age below a line of titles.
fn number_of(table: &str, mac: [u8; 6]) -> Option<String> {
    let wanted = mac.map(|byte| format!("{byte:02x}")).join(":");
    let mut rows = table.lines().map(str::split_whitespace);
    rows.find_map(|mut row| {
        let (number, _vlan, mac) = (row.next()?, row.next()?, row.next()?);
        (mac == wanted).then(|| number.to_owned())
    })
}

/// Lines such as `m1 2/3: (system)`: name, OpenFlow's number, the datapath's number.
fn name_of(ports: &str, number: &str) -> Option<String> {
    let mut rows = ports.lines().map(str::split_whitespace);
    rows.find_map(|mut row| {
        let (name, numbers) = (row.next()?, row.next()?);
        (numbers.split('/').next() == Some(number)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = " port  VLAN  MAC                Age\n\
                         LOCAL     0  9a:2b:4f:00:00:4a    3\n    \
                         5     0  00:00:5e:00:01:33    0\n";
    const PORTS: &str = "netdev@ovs-netdev: hit:12 missed:5\n  br0:\n    \
                         br0 65534/1: (tap)\n    m1 5/6: (system)\n    m15 15/7: (system)\n";

    #[test]
    fn an_address_is_found_with_the_name_of_its_port() {
        let number = number_of(TABLE, [0, 0, 0x5e, 0, 1, 0x33]);
        assert_eq!(number.as_deref(), Some("5"));
        assert_eq!(name_of(PORTS, "5").as_deref(), Some("m1"));
    }

    #[test]
    fn an_address_that_was_never_seen_and_a_port_that_is_not_there_are_not_found() {
        assert_eq!(number_of(TABLE, [0, 0, 0x5e, 0, 1, 0x34]), None);
        assert_eq!(name_of(PORTS, "6"), None);
    }
}
