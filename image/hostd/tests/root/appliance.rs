//! `hostd` on a system of its own: an overlay of this machine's, in which nothing but memory is written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stage::{CONFIG, Host, in_a_namespace, shell};

/// What stands in for the console: it says how it was called, and repeats lines.
const CONSOLE: &str =
    "#!/bin/sh\necho \"console: $*\"\nwhile read -r line; do echo \"said $line\"; done\n";

/// A root directory that takes this host for the appliance.
pub struct Root {
    place: PathBuf,
    root: PathBuf,
}

impl Root {
    pub fn new(name: &str) -> Self {
        let place = format!("hostd-root-{}-{name}", std::process::id());
        let place = std::env::temp_dir().join(place);
        let root = place.join("root");
        fs::create_dir(&place).expect("a directory");
        let program = Path::new(env!("CARGO_BIN_EXE_hostd"));
        let bin = program.parent().expect("a directory").display();
        let (at, below) = (place.display(), root.display());
        shell(&format!(
            "mount -t tmpfs hostd {at}; mkdir {at}/upper {at}/work {below}
             mount -t overlay hostd -o lowerdir=/,upperdir={at}/upper,workdir={at}/work {below}
             mkdir -p {below}{bin}; mount --bind {bin} {below}{bin}
             mount --rbind /proc {below}/proc; mount --rbind /dev {below}/dev
             mount -t sysfs hostd {below}/sys; mount -t tmpfs hostd {below}/run
             mkdir -p {below}/etc/fourfold {below}/data; rm -f {below}/etc/motd"
        ));
        fs::write(root.join("etc/fourfold/release"), "VERSION=0.2.0\n").expect("written");
        fs::write(root.join("usr/bin/fourfold"), CONSOLE).expect("written");
        shell(&format!("chmod 755 {below}/usr/bin/fourfold"));
        Self { place, root }
    }
}

impl std::ops::Deref for Root {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.root
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let place = self.place.display();
        let removal = format!("umount -l {place} && rmdir {place}");
        Command::new("/bin/sh").args(["-c", &removal]).status().ok();
    }
}

pub fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

const SYSTEM: &str = r#"
[system]
host_name = "lb1.example.net"
name_server = ["10.1.0.53"]
ntp_server = ["10.1.0.123"]
"#;

#[test]
#[ignore = "needs root"]
fn the_appliance_is_called_as_configured_and_a_commit_calls_it_otherwise() {
    in_a_namespace(async || {
        let root = Root::new("named");
        let mut host = Host::start_below(&root, "named", &format!("{CONFIG}{SYSTEM}")).await;
        assert_eq!(shell("uname -n"), "lb1.example.net\n");
        assert_eq!(read(&root, "etc/hostname"), "lb1.example.net\n");
        assert_eq!(read(&root, "etc/resolv.conf"), "nameserver 10.1.0.53\n");
        host.until_said(&["ntp", "started"]).await;
        let time = read(&root, "run/fourfold-chrony.conf");
        assert!(time.starts_with("server 10.1.0.123 iburst\n"), "{time}");
        let shown = &host.show("version")[0];
        assert_eq!(
            (&shown["version"], &shown["host_name"]),
            (&"0.2.0".into(), &"lb1.example.net".into())
        );
        assert_eq!(
            host.commit(&format!("{CONFIG}\n[system]\nhost_name = \"lb2\"\n")),
            "live"
        );
        assert_eq!(shell("uname -n"), "lb2\n");
        assert_eq!(read(&root, "etc/resolv.conf"), "");
        host.until_said(&["rescue.toml", "no boot partition"]).await;
        let notices = host.show("version")[0]["notices"].to_string();
        assert!(notices.contains("rescue.toml"), "{notices}");
    });
}

#[test]
#[ignore = "needs root"]
fn a_time_client_that_does_not_stay_is_started_again_and_stops_with_its_last_server() {
    in_a_namespace(async || {
        let root = Root::new("time");
        let mut host = Host::start_below(&root, "time", &format!("{CONFIG}{SYSTEM}")).await;
        // It may not touch the clock here, says so, and ends.
        for pause in ["100 ms", "200 ms", "400 ms"] {
            host.until_said(&["hostd: ntp:", "again in", pause]).await;
        }
        host.commit(CONFIG);
        let mut after = String::new();
        // What it was about to say, and then nothing more.
        while let Some(line) = host.line_within(std::time::Duration::from_secs(2)).await {
            after = line;
        }
        assert!(!after.contains("again in"), "{after}");
    });
}

#[test]
#[ignore = "needs root"]
fn a_host_that_is_no_appliance_keeps_its_name_and_its_users() {
    in_a_namespace(async || {
        let root = Root::new("developer");
        fs::remove_file(root.join("etc/fourfold/release")).expect("removed");
        let before = (
            shell("uname -n"),
            read(&root, "etc/passwd"),
            read(&root, "etc/hosts"),
        );
        let users = "\n[user.admin]\nssh_key = [\"ssh-ed25519 \
            AAAAC3NzaC1lZDI1NTE5AAAAIGpQnfTm3PJ9wsqGbUb7xKFVD7yWQ8yR9nOQUgr2Xj6h\"]\n";
        let text = format!("{CONFIG}{SYSTEM}{users}");
        let host = Host::start_below(&root, "developer", &text).await;
        host.commit(&text.replace("lb1", "lb2"));
        let after = (
            shell("uname -n"),
            read(&root, "etc/passwd"),
            read(&root, "etc/hosts"),
        );
        assert_eq!(after, before);
        assert!(!root.join("run/home").exists() && !root.join("data/ssh").exists());
    });
}
