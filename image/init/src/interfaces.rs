//! The network interfaces of this box get the names that they are to have.

use std::fs;
use std::io;
use std::path::Path;

use crate::durable;
use crate::log::Log;
use crate::nic::{Nic, Place, Record, mac_of, names};

const INTERFACES: &str = "/sys/class/net";

/// Where names are remembered.
const NAMES: &str = "/data/nics";

/// Ethernet (`ARPHRD_ETHER` of linux/if_arp.h).
const ETHERNET: &str = "1";

/// Brings loopback up.
///
/// # Errors
/// What the kernel says.
pub fn loopback() -> io::Result<()> {
    sys::nic::up("lo")
}

/// Gives every NIC its name, and remembers new ones. To be called again when one has come.
pub fn name(log: &Log) {
    let present = present();
    let text = fs::read_to_string(NAMES).unwrap_or_default();
    let remembered: Vec<Record> = text
        .lines()
        .filter_map(|line| {
            let record = line.parse();
            record.map_err(|e| log.warn(&format!("{NAMES}: {e}"))).ok()
        })
        .collect();
    let names = names(&remembered, &present);
    for fault in rename(&present, &names.present) {
        log.warn(&fault);
    }
    let lines: String = names.records.iter().map(|one| format!("{one}\n")).collect();
    if lines != text
        && let Err(e) = durable::replace(Path::new(NAMES), lines.as_bytes())
    {
        log.warn(&format!("{NAMES}: {e}: names are not remembered"));
    }
}

/// By way of names that nobody has, because A's next name may be B's present one.
fn rename(present: &[Nic], names: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut move_to = |from: &str, to: &str| {
        if let Err(e) = sys::nic::rename(from, to) {
            faults.push(format!("interface {from} cannot become {to}: {e}"));
        }
    };
    let wrong = |(nic, name): &(&Nic, &String)| nic.name != **name;
    let moves: Vec<(&Nic, &String)> = present.iter().zip(names).filter(wrong).collect();
    for (nic, name) in &moves {
        move_to(&nic.name, &format!("new-{name}"));
    }
    for (_, name) in &moves {
        move_to(&format!("new-{name}"), name);
    }
    faults
}

/// The Ethernet interfaces with a device behind them.
fn present() -> Vec<Nic> {
    let Ok(entries) = fs::read_dir(INTERFACES) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| nic(&entry.file_name().into_string().ok()?))
        .collect()
}

fn nic(name: &str) -> Option<Nic> {
    let directory = Path::new(INTERFACES).join(name);
    let attribute = |attribute: &str| {
        let value = fs::read_to_string(directory.join(attribute)).ok()?;
        Some(value.trim_end().to_owned())
    };
    let device = fs::canonicalize(directory.join("device")).ok()?;
    if attribute("type")? != ETHERNET {
        return None;
    }
    let permanent = sys::nic::permanent_address(name).ok().flatten();
    let port = attribute("dev_port").and_then(|port| port.parse().ok());
    Some(Nic {
        name: name.to_owned(),
        mac: permanent.or_else(|| mac_of(&attribute("address")?))?,
        place: Place::of(device.to_str()?, port.unwrap_or(0)),
    })
}
