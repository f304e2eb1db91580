//! `[bond.NAME.vlan.ID]`: 802.1Q networks on a bond, each an interface `NAME.ID` of the host.

use bond::Address;

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
