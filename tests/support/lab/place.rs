//! Where an appliance runs: a namespace, a directory, and two cables to the switch.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::directory::Directory;
use crate::cable::{Cable, End};
use crate::namespace::Namespace;
use crate::ovs::LAGS;

/// The appliance's ends of the cables, its bond's members.
pub const MEMBERS: [&str; 2] = ["eth1", "eth2"];
/// The switch's ends of the first box's cables.
pub const SWITCH_PORTS: [&str; 2] = ["m1", "m2"];

/// The place of one appliance. Its fields are dropped from top to bottom.
#[derive(Debug)]
pub struct Place {
    /// Which box: 1 or 2.
    pub number: u8,
    /// The network namespace.
    pub namespace: Namespace,
    /// The cables of [`MEMBERS`], in that order.
    pub cables: Vec<Cable>,
    room: PathBuf,
}

impl Place {
    pub(super) fn lay(
        number: u8,
        directory: &Directory,
        wires: &Namespace,
        switch: &Namespace,
    ) -> Result<Self> {
        let name = format!("box{number}");
        let namespace = Namespace::create(&directory.namespace(&name))?;
        let mut place = Self {
            number,
            namespace,
            cables: Vec::new(),
            room: directory.room(&name)?,
        };
        for (wire, member) in place.wires().into_iter().zip(MEMBERS) {
            let port = format!("m{wire}");
            let (near, far) = (End::new(switch, &port), End::new(&place.namespace, member));
            let cable = Cable::lay(wires, wire, near, far)?;
            place.cables.push(cable);
        }
        Ok(place)
    }

    /// The name of its LAG on the switch.
    pub fn lag(&self) -> &'static str {
        LAGS[usize::from(self.number - 1)]
    }

    /// The switch's ends of its cables: `m1` and `m2`, or `m3` and `m4`.
    pub fn switch_ports(&self) -> [String; 2] {
        self.wires().map(|wire| format!("m{wire}"))
    }

    /// The cables' ends towards the box, where all that it sends comes in: `a1` and `a2`, or `a3`
    /// and `a4` in the namespace of the cables.
    pub fn far_ends(&self) -> [String; 2] {
        self.wires().map(|wire| format!("a{wire}"))
    }

    /// The cables' ends towards the switch, where all that is for the box comes in.
    pub fn near_ends(&self) -> [String; 2] {
        self.wires().map(|wire| format!("s{wire}"))
    }

    /// The directory of its configuration, logs and sockets.
    pub fn room(&self) -> &Path {
        &self.room
    }

    /// Its cables' numbers.
    fn wires(&self) -> [u8; 2] {
        [2 * self.number - 1, 2 * self.number]
    }
}
