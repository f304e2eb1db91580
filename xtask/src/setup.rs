//! Installing what the lab and the build need, on Debian, starting no service.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;
use tests::interrupt::Cleanup;
use tests::run;

/// A package, and how to see that it is there already (from whatever source).
struct Need {
    package: &'static str,
    sign: Sign,
    /// Units that the package would start at the next boot.
    services: &'static [&'static str],
}

enum Sign {
    Program(&'static str),
    File(&'static str),
}

const fn program(package: &'static str, name: &'static str) -> Need {
    Need {
        package,
        sign: Sign::Program(name),
        services: &[],
    }
}

const fn file(package: &'static str, path: &'static str) -> Need {
    Need {
        package,
        sign: Sign::File(path),
        services: &[],
    }
}

const NEEDS: [Need; 22] = [
    program("binutils", "strip"),
    program("clang", "clang"),
    // The keys by which the image's packages are checked.
    file(
        "debian-archive-keyring",
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    ),
    file("linux-libc-dev", "/usr/include/linux/bpf.h"),
    Need {
        package: "openvswitch-switch",
        sign: Sign::Program("ovs-vswitchd"),
        services: &[
            "openvswitch-switch",
            "ovs-vswitchd",
            "ovsdb-server",
            "ovs-record-hostname",
        ],
    },
    Need {
        package: "nginx",
        sign: Sign::Program("nginx"),
        services: &["nginx"],
    },
    Need {
        package: "keepalived",
        sign: Sign::Program("keepalived"),
        services: &["keepalived"],
    },
    Need {
        package: "frr",
        sign: Sign::File("/usr/lib/frr/vrrpd"),
        services: &["frr"],
    },
    Need {
        package: "nftables",
        sign: Sign::Program("nft"),
        services: &["nftables"],
    },
    Need {
        package: "chrony",
        sign: Sign::Program("chronyd"),
        services: &["chrony"],
    },
    program("dropbear-bin", "dropbear"),
    program("openssh-client", "ssh"),
    program("ethtool", "ethtool"),
    program("iproute2", "ip"),
    program("iputils-ping", "ping"),
    program("mtools", "mcopy"),
    file("ovmf", "/usr/share/OVMF/OVMF_CODE_4M.fd"),
    program("procps", "ps"),
    program("qemu-system-x86", "qemu-system-x86_64"),
    file("seabios", "/usr/share/seabios/bios-256k.bin"),
    program("tcpdump", "tcpdump"),
    program("util-linux", "nsenter"),
];

/// Debian's way to say which services a package may start.
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl Need {
    fn is_there(&self) -> bool {
        match self.sign {
            Sign::Program(name) => run::is_installed(name),
            Sign::File(path) => Path::new(path).exists(),
        }
    }
}

/// Installs the packages that are missing; does nothing when all are there.
pub fn run() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    ensure!(
        Uid::effective().is_root(),
        "as root, install: apt-get install {}",
        names.join(" ")
    );
    eprintln!("installing {}", names.join(", "));
    let policy = forbid_service_starts()?;
    let installed = install(&names);
    drop(policy);
    installed?;
    let services = missing.iter().flat_map(|need| need.services);
    services.for_each(|service| keep_from_boot(service));
    let still: Vec<&str> = missing
        .iter()
        .filter(|need| !need.is_there())
        .map(|need| need.package)
        .collect();
    ensure!(
        still.is_empty(),
        "still missing after their installation: {}",
        still.join(" ")
    );
    Ok(())
}

fn install(names: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| {
        let mut command = run::program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        run::output(command.args(["-q", "-y"]).args(arguments))
    };
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(names);
    // Package lists may be old, or not there at all on a fresh machine.
    if apt(&install).is_err() {
        apt(&["update"])?;
        apt(&install)?;
    }
    Ok(())
}

/// Lets no package start a service until the value is dropped. `None` when the machine has a policy
/// of its own, which is left alone.
fn forbid_service_starts() -> Result<Option<Cleanup>> {
    if Path::new(POLICY).exists() {
        return Ok(None);
    }
    let cleanup = Cleanup::register(|| {
        if let Err(error) = fs::remove_file(POLICY) {
            eprintln!("cannot remove {POLICY}: {error}");
        }
    })?;
    // 101 is invoke-rc.d's "action forbidden by policy".
    fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("writing {POLICY}"))?;
    fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("making {POLICY} executable"))?;
    Ok(Some(cleanup))
}

/// A service that this command installed does not come up at the next boot either. A machine
/// without systemd, or a unit that this release does not have, has nothing to disable.
fn keep_from_boot(service: &str) {
    run::output(run::program("systemctl").args(["--no-reload", "disable", service])).ok();
}
