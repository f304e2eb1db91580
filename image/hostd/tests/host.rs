//! `hostd` and the kernel, in a network namespace that is gone with the test's thread.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use netio::netlink::{Netlink, Watch};
use nix::sched::{CloneFlags, unshare};
use sys::spawn::{Child, Spawn};
use tokio::time::timeout;

const CONFIG: &str = include_str!("appliance.toml");

const GENEROUS: Duration = Duration::from_secs(60);

fn shell(script: &str) -> String {
    let output = Command::new("/bin/sh")
        .args(["-ec", script])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a test on a thread of its own in a namespace of its own with the member `eth1`.
fn in_a_namespace(test: impl AsyncFnOnce() + Send + 'static) {
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("root");
        shell("ip link add eth1 type veth peer name far1");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("runtime").block_on(test());
    };
    std::thread::spawn(run).join().expect("the test");
}

struct Host {
    child: Child,
    netlink: Netlink,
    watch: Watch,
    config: PathBuf,
}

impl Host {
    /// A `hostd` that is ready.
    async fn start(name: &str) -> Self {
        let file = format!("hostd-test-{}-{name}.toml", std::process::id());
        let config = std::env::temp_dir().join(file);
        fs::write(&config, CONFIG).expect("configuration");
        let netlink = Netlink::new().expect("netlink");
        let watch = netlink.watch().await.expect("watch");
        let hostd = Spawn::new(env!("CARGO_BIN_EXE_hostd"));
        let mut child = hostd
            .args(["--config".into(), config.clone()])
            .start()
            .expect("hostd");
        let readiness = child.readiness().expect("pipe").expect("first");
        assert!(
            timeout(GENEROUS, readiness.wait())
                .await
                .expect("in time")
                .expect("readiness")
        );
        Self {
            child,
            netlink,
            watch,
            config,
        }
    }

    /// Waits, event by event, until the interface `name` has the addresses and the routes lead there.
    async fn until_complete(&mut self, name: &str) {
        while !self.complete(name).await {
            timeout(GENEROUS, self.watch.next())
                .await
                .expect("in time")
                .expect("event");
        }
    }

    async fn complete(&self, name: &str) -> bool {
        let links = self.netlink.links().await.expect("links");
        let Some(link) = links.iter().find(|link| link.name == name) else {
            return false;
        };
        let addresses = self.netlink.addresses().await.expect("addresses");
        let routes = self.netlink.routes().await.expect("routes");
        let address = |text: &str| {
            addresses
                .iter()
                .any(|a| a.ifindex == link.index && a.address.to_string() == text)
        };
        let gateway = |text: &str| {
            routes.iter().any(|r| {
                r.is_unicast_main()
                    && r.ifindex == link.index
                    && r.gateway.is_some_and(|gateway| gateway.to_string() == text)
            })
        };
        address("10.1.0.2")
            && address("2001:db8:1::2")
            && gateway("10.1.0.1")
            && gateway("2001:db8:1::1")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.child.signal(nix::sys::signal::Signal::SIGKILL).ok();
        fs::remove_file(&self.config).ok();
    }
}

const BOND0: &str =
    "ip link add bond0 type veth peer name far0; ip link set far0 up; ip link set bond0 up";

#[test]
#[ignore = "needs root"]
fn an_interface_gets_addresses_and_routes_when_it_appears_and_when_it_appears_again() {
    in_a_namespace(async || {
        let mut host = Host::start("again").await;
        assert!(
            !host.complete("bond0").await,
            "ready before there is any bond"
        );
        shell(BOND0);
        host.until_complete("bond0").await;
        let v6 = shell("ip -6 -o address show dev bond0 to 2001:db8:1::2");
        assert!(!v6.contains("tentative"), "usable at once: {v6}");
        shell("ip link delete bond0");
        assert!(!host.complete("bond0").await);
        shell(BOND0);
        host.until_complete("bond0").await;
    });
}

#[test]
#[ignore = "needs root"]
fn an_interface_that_went_down_gets_its_routes_again_when_it_is_up() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("down").await;
        host.until_complete("bond0").await;
        shell("ip link set bond0 down");
        assert!(
            !host.complete("bond0").await,
            "the kernel keeps no route of an interface that is down"
        );
        shell("ip link set bond0 up");
        host.until_complete("bond0").await;
    });
}

#[test]
#[ignore = "needs root"]
fn what_an_operator_added_stays_and_other_interfaces_get_nothing() {
    in_a_namespace(async || {
        shell(BOND0);
        shell("ip address add 192.0.2.1/24 dev bond0; ip route add 198.51.100.0/24 via 192.0.2.9");
        shell("ip link add bond1 type veth peer name far2; ip link set bond1 up");
        let mut host = Host::start("operator").await;
        host.until_complete("bond0").await;
        assert!(shell("ip address show dev bond0").contains("192.0.2.1/24"));
        assert!(shell("ip route").contains("198.51.100.0/24 via 192.0.2.9"));
        assert_eq!(shell("ip -4 address show dev bond1"), "");
    });
}

#[test]
#[ignore = "needs root"]
fn the_host_forwards_and_sends_no_redirects() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("settings").await;
        host.until_complete("bond0").await;
        let setting = |path: &str| {
            shell(&format!("cat /proc/sys/net/{path}"))
                .trim()
                .to_owned()
        };
        assert_eq!(setting("ipv4/ip_forward"), "1");
        assert_eq!(setting("ipv6/conf/all/forwarding"), "1");
        assert_eq!(setting("ipv4/conf/bond0/rp_filter"), "2");
        assert_eq!(setting("ipv4/conf/bond0/send_redirects"), "0");
        assert_eq!(setting("ipv6/conf/bond0/accept_dad"), "0");
        assert_ne!(
            setting("ipv6/conf/eth1/accept_dad"),
            "0",
            "a member is not hostd's"
        );
    });
}

#[test]
#[ignore = "needs root"]
fn a_bad_configuration_changes_nothing_and_ends_in_status_2() {
    in_a_namespace(async || {
        shell("echo 0 >/proc/sys/net/ipv4/ip_forward"); // a new namespace may inherit the host's
        let config =
            std::env::temp_dir().join(format!("hostd-test-{}-bad.toml", std::process::id()));
        fs::write(&config, CONFIG.replace("eth1", "eth9")).expect("configuration");
        let hostd = Command::new(env!("CARGO_BIN_EXE_hostd"))
            .arg("--config")
            .arg(&config)
            .output();
        let output = hostd.expect("hostd");
        fs::remove_file(&config).expect("removed");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
        assert_eq!(shell("cat /proc/sys/net/ipv4/ip_forward").trim(), "0");
    });
}
