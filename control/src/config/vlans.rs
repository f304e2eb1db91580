//! `[bond.NAME.vlan.ID]`: 802.1Q networks on a bond, each an interface `NAME.ID` of the host.

use bond::Address;

use super::section::Section;
use super::value::{INTERFACE_CHARS, addresses};

/// One VLAN on a bond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vlan {
    /// The bond.
    pub bond: String,
    /// The VLAN identifier: 1 to 4094 (IEEE 802.1Q).
    pub id: u16,
    /// The addresses of its interface.
    pub addresses: Vec<Address>,
}

impl Vlan {
    /// The interface's name, `bond0.100`.
    #[must_use]
    pub fn interface(&self) -> String {
        format!("{}.{}", self.bond, self.id)
    }
}

/// The VLANs below the table of a bond, by identifier.
pub(super) fn read(bond: &str, table: &Section<'_, '_>) -> Vec<Vlan> {
    let mut vlans = Vec::new();
    for (id, vlan) in table.named("vlan") {
        let addresses = addresses(&vlan);
        let number = id.parse().ok().filter(|number| (1..=4094).contains(number));
        let Some(number) = number.filter(|number: &u16| number.to_string() == id) else {
            vlan.fault_here("a VLAN identifier: 1 to 4094");
            continue;
        };
        let vlan_config = Vlan {
            bond: bond.to_owned(),
            id: number,
            addresses,
        };
        let name = vlan_config.interface();
        if name.len() > INTERFACE_CHARS {
            let bytes = name.len();
            vlan.fault_here(format!(
                "a VLAN of a bond with a shorter name: its interface {name} has {bytes} bytes, \
                 and {INTERFACE_CHARS} are the most"
            ));
        }
        vlans.push(vlan_config);
    }
    vlans.sort_by_key(|vlan| vlan.id);
    vlans
}
