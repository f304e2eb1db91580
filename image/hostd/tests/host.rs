//! `hostd` and the kernel, in a network namespace that is gone with the test's thread.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use netio::netlink::{Netlink, Watch};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use serde_json::Value;
use sys::packet::Packet;
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
    dir: PathBuf,
}

impl Host {
    /// A `hostd` that is ready, in a run directory of this name.
    async fn start(name: &str) -> Self {
        let dir = format!("hostd-test-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        fs::create_dir(&dir).expect("a directory for the test");
        fs::write(dir.join("f.toml"), CONFIG).expect("configuration");
        Self::start_in(dir).await
    }

    /// A `hostd` that is ready, of what is in this run directory.
    async fn start_in(dir: PathBuf) -> Self {
        let netlink = Netlink::new().expect("netlink");
        let watch = netlink.watch().await.expect("watch");
        let hostd = Spawn::new(env!("CARGO_BIN_EXE_hostd"));
        let mut child = hostd
            .args(["--config".into(), dir.join("f.toml")])
            .args(["--socket".into(), dir.join("hostd.sock")])
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
            dir,
        }
    }

    /// Kills it, and starts another one with this configuration.
    async fn restart(mut self, config: &str) -> Self {
        self.child.signal(Signal::SIGKILL).expect("killed");
        self.child.wait().await.expect("dead");
        let dir = std::mem::take(&mut self.dir);
        fs::write(dir.join("f.toml"), config).expect("configuration");
        Self::start_in(dir).await
    }

    /// One step of a transaction, and the answer.
    fn step(&self, peer: &Packet, step: &str, text: Option<&str>) -> Value {
        let memory = text.map(|text| sys::sealed::seal("config", text.as_bytes()).expect("memory"));
        let fds: Vec<_> = memory.iter().map(AsFd::as_fd).collect();
        let record = format!(r#"{{"transaction":{{"{step}":1}}}}"#);
        peer.send(record.as_bytes(), &fds).expect("sent");
        let (answer, _) = peer.recv().expect("an answer");
        serde_json::from_slice(&answer).expect("JSON")
    }

    fn connect(&self) -> Packet {
        let peer = Packet::connect(self.dir.join("hostd.sock")).expect("hostd");
        peer.set_timeout(Some(GENEROUS)).expect("limit");
        peer
    }

    /// A whole transaction; its effect.
    fn commit(&self, text: &str) -> Value {
        let peer = self.connect();
        let prepared = self.step(&peer, "prepare", Some(text));
        assert!(prepared["error"].is_null(), "{prepared}");
        let committed = self.step(&peer, "commit", None);
        assert_eq!(committed["transaction"]["committed"], 1, "{prepared}");
        prepared["transaction"]["prepared"]["effect"].clone()
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
        self.child.signal(Signal::SIGKILL).ok();
        if !self.dir.as_os_str().is_empty() {
            fs::remove_dir_all(&self.dir).ok();
        }
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

/// What the operator added, and another address in a configured address's network.
const OPERATORS: &str = "ip address add 192.0.2.1/24 dev bond0; ip address add 10.1.0.9/24 dev bond0; \
     ip route add 198.51.100.0/24 via 10.1.0.1";

fn bond0() -> (String, String) {
    let addresses = shell("ip -o address show dev bond0 scope global");
    let routes = shell("ip route; ip -6 route");
    (addresses, routes)
}

/// The configuration with one address and one route less, and others instead.
fn changed() -> String {
    CONFIG
        .replace("10.1.0.2/24", "10.1.0.3/24")
        .replace("10.1.0.1", "10.1.0.4")
        .replace("2001:db8:9::/48", "2001:db8:10::/48")
}

fn assert_changed() {
    let (addresses, routes) = bond0();
    for there in [
        "10.1.0.3/24",
        "2001:db8:1::2/64",
        "192.0.2.1/24",
        "10.1.0.9/24",
    ] {
        assert!(addresses.contains(there), "{there} in {addresses}");
    }
    assert!(!addresses.contains("10.1.0.2/24"), "{addresses}");
    for there in [
        "default via 10.1.0.4",
        "198.51.100.0/24 via",
        "2001:db8:10::/48 via",
    ] {
        assert!(routes.contains(there), "{there} in {routes}");
    }
    for gone in ["10.1.0.1 ", "2001:db8:9::/48"] {
        assert!(!routes.contains(&format!("default via {gone}")), "{routes}");
        assert!(!routes.contains(&format!("{gone} via")), "{routes}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_commit_adds_what_is_new_and_removes_what_was_named_and_nothing_of_an_operators() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("commit").await;
        host.until_complete("bond0").await;
        shell(OPERATORS);
        assert_eq!(host.commit(&changed()), "live");
        assert_changed();
        assert_eq!(host.commit(&changed()), "none");
        // What an operator adds later is the operator's, also if it was named once.
        shell("ip address add 10.1.0.2/24 dev bond0");
        assert_eq!(host.commit(&changed()), "none");
        assert!(bond0().0.contains("10.1.0.2/24"));
        // Named again, and no more: then it goes.
        assert_eq!(host.commit(CONFIG), "live");
        assert_eq!(host.commit(&changed()), "live");
        assert_changed();
    });
}

#[test]
#[ignore = "needs root"]
fn a_transaction_that_is_refused_or_broken_off_changes_nothing() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("abort").await;
        host.until_complete("bond0").await;
        let before = bond0();
        let refused = host.step(&host.connect(), "prepare", Some("[bond"));
        assert!(refused["error"].is_string(), "{refused}");
        let peer = host.connect();
        host.step(&peer, "prepare", Some(&changed()));
        let aborted = host.step(&peer, "abort", None);
        assert_eq!(aborted["transaction"]["aborted"], 1);
        let peer = host.connect();
        host.step(&peer, "prepare", Some(&changed()));
        drop(peer);
        // The next transaction comes after its end.
        assert_eq!(host.commit(CONFIG), "none");
        assert_eq!(bond0(), before);
    });
}

#[test]
#[ignore = "needs root"]
fn a_hostd_that_was_killed_is_followed_by_one_that_removes_what_was_named_before() {
    in_a_namespace(async || {
        shell(BOND0);
        let mut host = Host::start("killed").await;
        host.until_complete("bond0").await;
        shell(OPERATORS);
        let host = host.restart(&changed()).await;
        assert_changed();
        // And not again: what an operator adds then stays.
        shell("ip address add 10.1.0.2/24 dev bond0");
        let host = host.restart(&changed()).await;
        assert!(bond0().0.contains("10.1.0.2/24"));
        drop(host);
    });
}
