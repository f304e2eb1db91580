//! Programs and lanes of several ports, in the best mode that all of them have.

use std::io;

use super::config::{PortConfig, Shape, XdpMode};
use super::lane::XdpLane;
use super::pin::PinDir;
use super::program::Program;
use crate::error::{Error, Result};

/// What [`open`] has made.
#[derive(Debug)]
pub struct Opened {
    /// The mode that all lanes are in.
    pub mode: XdpMode,
    /// One program per port, in the order of the ports.
    pub programs: Vec<Program>,
    /// One lane per queue; each has all the ports, in their order.
    pub lanes: Vec<XdpLane>,
}

/// Attaches the program to every port and makes a lane per queue, in the first of `modes` that
/// works for all of them.
///
/// # Errors
/// When none of the modes works: why each did not.
pub fn open(
    ifnames: &[String],
    queues: u32,
    shape: Shape,
    dir: &PinDir,
    modes: &[XdpMode],
) -> Result<Opened> {
    let mut faults = Vec::new();
    for &mode in modes {
        match open_in(ifnames, queues, shape, dir, mode) {
            Ok(opened) => return Ok(opened),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    for ifname in ifnames {
        for mode in XdpMode::ALL {
            if let Ok(Some(program)) = Program::adopt(ifname, dir, mode) {
                program.detach()?;
            }
        }
    }
    Err(Error::new(
        "open AF_XDP",
        io::Error::other(faults.join("; ")),
    ))
}

fn open_in(
    ifnames: &[String],
    queues: u32,
    shape: Shape,
    dir: &PinDir,
    mode: XdpMode,
) -> Result<Opened> {
    let mut programs = ifnames
        .iter()
        .map(|ifname| Program::open(ifname, dir, mode))
        .collect::<Result<Vec<_>>>()?;
    let mut lanes = Vec::new();
    for queue in 0..queues {
        let ports: Vec<_> = ifnames
            .iter()
            .map(|ifname| PortConfig {
                ifname: ifname.clone(),
                queue,
            })
            .collect();
        let lane = XdpLane::create(&ports, shape, mode)?;
        for (port, program) in programs.iter_mut().enumerate() {
            if let Some(socket) = lane.socket(port) {
                program.insert(queue, socket)?;
            }
        }
        lanes.push(lane);
    }
    Ok(Opened {
        mode,
        programs,
        lanes,
    })
}
