//! active-backup: whose MAC the bond has, and with which MAC a member speaks for itself.
//!
//! A member's NIC keeps its own MAC in every case; what frames carry is decided here. `active` is for
//! networks that let each port speak with one MAC only, as hypervisors and port security do.

use wire::Mac;

use crate::balance_tlb::source;
use crate::egress::Table;
use crate::{Bond, FailOverMac};

impl Bond {
    /// Gives the bond the MAC of its active member, where `fail_over_mac` says so. Without an active
    /// member the MAC stays, as Linux has it.
    pub(crate) fn take_mac_of_active(&mut self) {
        if self.config.fail_over_mac != FailOverMac::Active {
            return;
        }
        let active = self.active().and_then(|active| self.members.get(active));
        let mac = active.map_or(Mac::ZERO, |member| member.interface.mac);
        if mac != Mac::ZERO {
            self.mac = mac;
        }
    }

    /// The MAC that a member speaks with when it is asked for itself, as the monitor does: the bond's,
    /// but the member's own where the bond's goes with the active member.
    pub(crate) fn station(&self, i: usize) -> Mac {
        let own = self
            .members
            .get(i)
            .map_or(Mac::ZERO, |member| member.interface.mac);
        match self.config.fail_over_mac {
            FailOverMac::Active | FailOverMac::Follow
                if self.active() != Some(i) && own != Mac::ZERO =>
            {
                own
            }
            FailOverMac::None | FailOverMac::Active | FailOverMac::Follow => self.mac,
        }
    }
}

impl Table {
    /// active-backup: the bond's MAC, for a frame of the host's that has another member's: it was made before
    /// the failover that gave the bond this one.
    pub(crate) fn renewed(&self, frame: &[u8]) -> Option<Mac> {
        let before = source(frame).filter(|source| *source != self.bond_mac)?;
        let mut members = self.members.iter();
        members
            .any(|member| member.mac == before)
            .then_some(self.bond_mac)
    }
}
