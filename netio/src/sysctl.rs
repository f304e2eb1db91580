//! The kernel's settings per interface, in the network namespace of the calling thread.

use std::fs;

use crate::error::{Context, Result};

/// Keeps the kernel's IPv6 off an interface: a member carries none.
///
/// A kernel without IPv6 needs no telling.
///
/// # Errors
/// When there is no such interface, or root is missing.
pub fn disable_ipv6(ifname: &str, disable: bool) -> Result<()> {
    if !fs::exists("/proc/sys/net/ipv6").unwrap_or(false) {
        return Ok(());
    }
    write("ipv6", ifname, "disable_ipv6", u8::from(disable))
}

/// Sets when the kernel answers ARP on an interface; 8 is never.
///
/// # Errors
/// As [`disable_ipv6`].
pub fn arp_ignore(ifname: &str, value: u8) -> Result<()> {
    write("ipv4", ifname, "arp_ignore", value)
}

fn write(family: &str, ifname: &str, key: &str, value: u8) -> Result<()> {
    let path = format!("/proc/sys/net/{family}/conf/{ifname}/{key}");
    fs::write(&path, value.to_string()).context(|| format!("set {path} to {value}"))
}
