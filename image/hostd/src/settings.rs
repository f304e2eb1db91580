//! The kernel's settings (sysctl) that this host needs.

use std::fs;
use std::io;
use std::path::Path;

const ROOT: &str = "/proc/sys/net";

/// For the whole host: it is the gateway of NAT's real servers, so it forwards; and it sends no redirect,
/// which would lead their answers around the load balancer.
const HOST: [(&str, &str); 3] = [
    ("ipv4/ip_forward", "1"),
    ("ipv6/conf/all/forwarding", "1"),
    ("ipv4/conf/all/send_redirects", "0"),
];

/// For the interface `IF` of a bond or a VLAN, before it gets its addresses.
const INTERFACE: [(&str, &str); 5] = [
    // Loose: a packet may come by one bond and its answer leave by another. The stricter of `all` and
    // this one counts, and 2 counts over 1.
    ("ipv4/conf/IF/rp_filter", "2"),
    ("ipv4/conf/IF/send_redirects", "0"),
    // An address that is removed does not take with it those of its network that were added after it.
    ("ipv4/conf/IF/promote_secondaries", "1"),
    ("ipv6/conf/IF/disable_ipv6", "0"),
    // An address is usable at once, also after a restart of the forwarder: configured, not negotiated.
    ("ipv6/conf/IF/accept_dad", "0"),
];

/// For the management port `IF`, before it gets its addresses, besides [`INTERFACE`].
const MANAGEMENT: [(&str, &str); 4] = [
    // It is no way into the data plane's networks: what comes in by it ends here.
    ("ipv4/conf/IF/forwarding", "0"),
    ("ipv6/conf/IF/forwarding", "0"),
    // A host that forwards nothing on a link would take its addresses and routers from there.
    ("ipv6/conf/IF/accept_ra", "0"),
    // Nobody learns the data plane's addresses there.
    ("ipv4/conf/IF/arp_ignore", "1"),
];

/// Settles the host.
pub fn host() -> io::Result<()> {
    HOST.iter()
        .try_for_each(|(path, value)| set(Path::new(ROOT), path, value))
}

/// Settles one interface of the data plane.
pub fn interface(name: &str) -> io::Result<()> {
    settle(name, &INTERFACE)
}

/// Settles the management port.
pub fn management(name: &str) -> io::Result<()> {
    settle(name, &INTERFACE)?;
    settle(name, &MANAGEMENT)
}

fn settle(name: &str, settings: &[(&str, &str)]) -> io::Result<()> {
    settings
        .iter()
        .try_for_each(|(path, value)| set(Path::new(ROOT), &path.replace("IF", name), value))
}

/// Writes a setting that has another value. What this kernel does not have (IPv6 switched off, an interface
/// that is gone again) needs no setting.
fn set(root: &Path, path: &str, value: &str) -> io::Result<()> {
    let file = root.join(path);
    let named = |e: io::Error| io::Error::new(e.kind(), format!("set {}: {e}", file.display()));
    match fs::read_to_string(&file) {
        Ok(current) if current.trim_end() == value => Ok(()),
        Ok(_) => fs::write(&file, value).map_err(named),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(named(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_with_another_value_is_written_and_one_that_is_not_there_is_not() {
        let root = std::env::temp_dir().join(format!("hostd-test-{}", std::process::id()));
        fs::create_dir(&root).expect("a directory for the test");
        fs::write(root.join("there"), "0\n").expect("setting");
        set(&root, "there", "1").expect("set");
        set(&root, "missing", "1").expect("nothing to set");
        assert_eq!(
            fs::read_to_string(root.join("there")).expect("setting"),
            "1"
        );
        assert!(!root.join("missing").exists());
        fs::remove_dir_all(&root).expect("removed");
    }

    #[test]
    fn a_setting_that_is_right_already_is_not_written() {
        // Read-only for root, too.
        let version = fs::read_to_string("/proc/version").expect("version");
        set(Path::new("/proc"), "version", version.trim_end()).expect("already so");
        let refused = set(Path::new("/proc"), "version", "other").expect_err("written");
        assert!(refused.to_string().contains("/proc/version"), "{refused}");
    }
}
