//! The access list: there as long as a management port is configured.

use std::io;

use control::show::DropItem;

use super::Host;
use crate::access;

/// The access list.
const ACCESS: &str = "access list of the management port";

impl Host {
    /// What the access list has dropped; nothing where there is none.
    pub async fn drops(&self) -> Vec<DropItem> {
        if self.access.is_none() {
            return Vec::new();
        }
        access::drops().await.unwrap_or_default()
    }

    /// What keeps the access list from being as configured.
    pub fn access_fault(&self) -> Option<&str> {
        self.faults.why(ACCESS)
    }

    /// Loads the access list, unless it is there.
    pub(super) async fn guard(&mut self) {
        let Some(management) = &self.config.management else {
            return;
        };
        let script = access::script(Some(management));
        if self.access.as_ref() != Some(&script) {
            let result = access::load(&script).await;
            self.access = result.is_ok().then_some(script);
            self.faults.note(ACCESS, "loaded", result);
        }
    }

    /// Removes the access list of a management port that is configured no more.
    pub(super) async fn unguard(&mut self) -> bool {
        if self.before.management.is_empty() || self.config.management.is_some() {
            return true;
        }
        let result = match access::load(&access::script(None)).await {
            // Nor has it loaded one.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        };
        self.access = None;
        let is_removed = result.is_ok();
        self.faults.note(ACCESS, "removed", result);
        is_removed
    }
}
