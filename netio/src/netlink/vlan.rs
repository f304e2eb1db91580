//! 802.1Q interfaces.

use rtnetlink::LinkVlan;

use super::request::{Netlink, fault, unless_missing};
use crate::error::Result;

impl Netlink {
    /// Makes the interface `name` for the VLAN `id` of the interface `parent`. It is down.
    ///
    /// # Errors
    /// When the name or the VLAN is taken, there is no such parent, or the kernel has no 802.1Q.
    pub async fn add_vlan(&self, name: &str, parent: u32, id: u16) -> Result<()> {
        let link = LinkVlan::new(name, parent, id).build();
        let request = self.handle.link().add(link);
        request
            .execute()
            .await
            .map_err(|error| fault(format!("make {name}, VLAN {id}"), error))
    }

    /// Removes a virtual interface; that there is none is no fault.
    ///
    /// # Errors
    /// When it is hardware; else what the kernel says.
    pub async fn remove_link(&self, ifindex: u32) -> Result<()> {
        let removed = self.handle.link().del(ifindex).execute().await;
        unless_missing(removed, || format!("remove interface {ifindex}"))
    }
}
