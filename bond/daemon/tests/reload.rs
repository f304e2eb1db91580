//! `bondd` in a commit, in a network namespace that is gone with the test's thread.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

use std::fs;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use serde_json::Value;
use sys::packet::Packet;
use sys::spawn::{Child, Output, Spawn};
use tests::wait;
use tokio::time::timeout;
use wire::Mac;

const CONFIG: &str = "[bond.bond0]\nmode = \"802.3ad\"\nmembers = [\"eth1\"]\n";

const GENEROUS: Duration = Duration::from_secs(60);

fn shell(script: &str) {
    let status = Command::new("/bin/sh").args(["-ec", script]).status();
    assert!(status.expect("a shell").success(), "{script}");
}

/// Runs a test on a thread of its own in a namespace of its own with the members `eth1` and `eth2`.
fn in_a_namespace(test: impl AsyncFnOnce() + Send + 'static) {
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("root");
        for n in [1, 2] {
            shell(&format!(
                "ip link add eth{n} mtu 9000 type veth peer name far{n} mtu 9000"
            ));
            shell(&format!("ip link set far{n} up"));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("runtime").block_on(test());
    };
    std::thread::spawn(run).join().expect("the test");
}

struct Bondd {
    child: Child,
    output: Output,
    dir: PathBuf,
}

impl Bondd {
    /// A `bondd` that is ready, in a run directory of this name.
    async fn start(name: &str) -> Self {
        let dir = format!("bondd-test-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        fs::create_dir(&dir).expect("a directory for the test");
        fs::write(dir.join("f.toml"), CONFIG).expect("configuration");
        Self::start_in(dir).await
    }

    async fn start_in(dir: PathBuf) -> Self {
        let mut child = Spawn::new(env!("CARGO_BIN_EXE_bondd"))
            .args(["--config".into(), dir.join("f.toml")])
            .args(["--socket".into(), dir.join("bondd.sock")])
            .start()
            .expect("bondd");
        let output = child.output().expect("pipe").expect("first");
        let readiness = child.readiness().expect("pipe").expect("first");
        let ready = timeout(GENEROUS, readiness.wait()).await.expect("in time");
        assert!(ready.expect("readiness"));
        Self { child, output, dir }
    }

    /// The next one, with this configuration.
    async fn follow(mut self, config: &str) -> Self {
        let dir = std::mem::take(&mut self.dir);
        fs::write(dir.join("f.toml"), config).expect("configuration");
        Self::start_in(dir).await
    }

    fn ask(&self, peer: &Packet, record: &str, text: Option<&str>) -> Value {
        let memory = text.map(|text| sys::sealed::seal("config", text.as_bytes()).expect("memory"));
        let fds: Vec<_> = memory.iter().map(AsFd::as_fd).collect();
        peer.send(record.as_bytes(), &fds).expect("sent");
        let (answer, _) = peer.recv().expect("an answer");
        serde_json::from_slice(&answer).expect("JSON")
    }

    /// The members, once `is_right` of them.
    fn members(&self, is_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let look = || {
            let peer = self.connect();
            self.ask(&peer, r#"{"show":"bond"}"#, None);
            let (item, _) = peer.recv().expect("an item");
            let item: Value = serde_json::from_slice(&item).expect("JSON");
            let members = item["item"]["members"].as_array().expect("members");
            Some(members.clone()).filter(|members| is_right(members))
        };
        wait::until("the members", GENEROUS, look).expect("in time")
    }

    fn connect(&self) -> Packet {
        let peer = Packet::connect(self.dir.join("bondd.sock")).expect("bondd");
        peer.set_timeout(Some(GENEROUS)).expect("limit");
        peer
    }

    fn prepare(&self, peer: &Packet, text: &str) -> Value {
        self.ask(peer, r#"{"transaction":{"prepare":1}}"#, Some(text))
    }

    /// A whole transaction; its effect.
    fn commit(&self, text: &str) -> Value {
        let peer = self.connect();
        let prepared = self.prepare(&peer, text);
        assert!(prepared["error"].is_null(), "{prepared}");
        let committed = self.ask(&peer, r#"{"transaction":{"commit":1}}"#, None);
        assert_eq!(committed["transaction"]["committed"], 1, "{prepared}");
        prepared["transaction"]["prepared"]["effect"].clone()
    }

    /// What partners know the bond by: its system, and its members' ports.
    fn known_as(&self) -> (String, Vec<(String, u64)>) {
        let peer = self.connect();
        self.ask(&peer, r#"{"show":"lacp"}"#, None);
        let (item, _) = peer.recv().expect("an item");
        let item: Value = serde_json::from_slice(&item).expect("JSON");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let ports = item["item"]["ports"].as_array().expect("ports");
        let ports = ports.iter().map(|port| {
            let number = port["actor"]["port"].as_u64().expect("a number");
            (text(&port["member"]), number)
        });
        (text(&item["item"]["system"]), ports.collect())
    }

    /// What the partner is told: the first member's own state bits.
    fn says_short_timeout(&self) -> bool {
        let peer = self.connect();
        self.ask(&peer, r#"{"show":"lacp"}"#, None);
        let (item, _) = peer.recv().expect("an item");
        let item: Value = serde_json::from_slice(&item).expect("JSON");
        let port = &item["item"]["ports"][0];
        let state = &port["actor"]["state"];
        let bits = state
            .as_u64()
            .unwrap_or_else(|| panic!("no state in {item}"));
        bits & 0b10 != 0
    }

    /// Its exit code, and all that it has said.
    async fn end(&mut self) -> (Option<i32>, String) {
        let status = timeout(GENEROUS, self.child.wait()).await.expect("in time");
        let mut bytes = vec![0; 1 << 16];
        let len = self
            .output
            .try_read(&mut bytes)
            .expect("output")
            .unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
        (status.expect("status").code(), text)
    }
}

impl Drop for Bondd {
    fn drop(&mut self) {
        self.child.signal(Signal::SIGKILL).ok();
        if !self.dir.as_os_str().is_empty() {
            fs::remove_dir_all(&self.dir).ok();
        }
    }
}

#[test]
#[ignore = "needs root"]
fn an_option_of_a_bond_changes_while_it_runs() {
    in_a_namespace(async || {
        let mut bondd = Bondd::start("live").await;
        assert!(!bondd.says_short_timeout());
        let fast = format!("{CONFIG}lacp_rate = \"fast\"\n");
        assert_eq!(bondd.commit(&fast), "live");
        assert!(bondd.says_short_timeout());
        assert_eq!(bondd.commit(&fast), "none");
        let addresses = format!("{fast}addresses = [\"10.1.0.2/24\"]\n");
        assert_eq!(bondd.commit(&addresses), "none");
        assert!(bondd.child.try_wait().expect("status").is_none());
    });
}

#[test]
#[ignore = "needs root"]
fn what_is_refused_or_broken_off_changes_nothing() {
    in_a_namespace(async || {
        let bondd = Bondd::start("refused").await;
        let refused = bondd.prepare(&bondd.connect(), &CONFIG.replace("eth1", "eth9"));
        let why = refused["error"].as_str().expect("a refusal");
        assert!(why.contains("eth9"), "{why}");
        let fast = format!("{CONFIG}lacp_rate = \"fast\"\n");
        let peer = bondd.connect();
        bondd.prepare(&peer, &fast);
        drop(peer);
        assert_eq!(bondd.commit(CONFIG), "none");
        assert!(!bondd.says_short_timeout());
    });
}

#[test]
#[ignore = "needs root"]
fn another_mtu_ends_it_in_75_and_the_next_one_resumes() {
    in_a_namespace(async || {
        let mut bondd = Bondd::start("restart").await;
        let jumbo = format!("{CONFIG}mtu = 3000\n");
        assert_eq!(bondd.commit(&jumbo), "restart");
        assert_eq!(bondd.end().await.0, Some(75));
        let mut next = bondd.follow(&jumbo).await;
        next.child.signal(Signal::SIGTERM).expect("asked");
        let (code, text) = next.end().await;
        assert_eq!(code, Some(0));
        assert!(text.contains("bond0: resumed"), "{text}");
    });
}

#[test]
#[ignore = "needs root"]
fn another_mac_ends_it_in_75_and_the_next_one_begins_anew() {
    in_a_namespace(async || {
        let mut bondd = Bondd::start("mac").await;
        let other = format!("{CONFIG}mac = \"02:00:00:00:00:09\"\n");
        assert_eq!(bondd.commit(&other), "restart");
        assert_eq!(bondd.end().await.0, Some(75));
        let mut next = bondd.follow(&other).await;
        assert_eq!(next.commit(CONFIG), "restart");
        let (code, text) = next.end().await;
        assert_eq!(code, Some(75));
        assert!(!text.contains("resumed"), "{text}");
        let mut last = next.follow(CONFIG).await;
        last.child.signal(Signal::SIGTERM).expect("asked");
        let (_, text) = last.end().await;
        assert!(!text.contains("resumed"), "the old MAC: {text}");
    });
}

#[test]
#[ignore = "needs root"]
fn members_come_and_go_while_it_runs_and_ports_keep_their_numbers_however_long_it_was_dead() {
    in_a_namespace(async || {
        let mut bondd = Bondd::start("member").await;
        let of = |members: &str| CONFIG.replace("\"eth1\"", members);
        let two = of("\"eth2\", \"eth1\"");
        assert_eq!(bondd.commit(&two), "live");
        let up = |members: &[Value]| members.iter().all(|m| m["carrier"] == true);
        let members = bondd.members(up);
        assert_eq!([&members[0]["name"], &members[1]["name"]], ["eth2", "eth1"]);
        assert_eq!(bondd.commit(&two), "none");
        let known = bondd.known_as();
        assert_eq!(known.1, [("eth2".into(), 2), ("eth1".into(), 1)]);
        assert_eq!(bondd.commit(&of("\"eth2\"")), "live");
        let only = (known.0.clone(), vec![("eth2".to_owned(), 2)]);
        assert_eq!(bondd.known_as(), only);
        assert!(bondd.child.try_wait().expect("status").is_none());
        bondd.child.signal(Signal::SIGTERM).expect("asked");
        assert_eq!(bondd.end().await.0, Some(0));
        // It was stopped: no state, yet the same system and the same ports.
        let mut next = bondd.follow(&two).await;
        assert_eq!(next.known_as(), known);
        next.child.signal(Signal::SIGTERM).expect("asked");
        let (_, text) = next.end().await;
        assert!(!text.contains("resumed"), "{text}");
    });
}

/// Every frame in the namespace, from here on.
fn listen() -> OwnedFd {
    let kind = SockFlag::SOCK_CLOEXEC;
    let all = SockProtocol::EthAll;
    let socket = socket(AddressFamily::Packet, SockType::Raw, kind, all).expect("root");
    let limit = TimeVal::seconds(10);
    setsockopt(&socket, sockopt::ReceiveTimeout, &limit).expect("limit");
    socket
}

/// The source of the next LACPDU, and the actor's state bits.
fn next_pdu(socket: &OwnedFd) -> (Mac, u8) {
    loop {
        let mut frame = [0; 2_000];
        let len = recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()).expect("a frame in time");
        if len >= 124 && frame[12..15] == [0x88, 0x09, 1] {
            return (Mac(frame[6..12].try_into().expect("six bytes")), frame[32]);
        }
    }
}

#[test]
#[ignore = "needs root"]
fn a_member_that_a_commit_takes_away_says_goodbye_and_the_one_that_stays_does_not() {
    in_a_namespace(async || {
        let two = CONFIG.replace("\"eth1\"", "\"eth1\", \"eth2\"");
        let bondd = Bondd::start("leaving").await;
        assert_eq!(bondd.commit(&two), "live");
        let is_up = |members: &[Value]| members.iter().all(|m| m["carrier"] == true);
        let macs: Vec<Mac> = bondd
            .members(is_up)
            .iter()
            .map(|member| {
                member["mac"]
                    .as_str()
                    .expect("text")
                    .parse()
                    .expect("a MAC")
            })
            .collect();
        let socket = listen();
        assert_eq!(bondd.commit(CONFIG), "live");
        let aggregates = |state: u8| state & 0b100 != 0;
        let pdus: Vec<(Mac, u8)> = std::iter::repeat_with(|| next_pdu(&socket))
            .scan(false, |is_over, pdu| {
                // When the member that stays has spoken again, that is the end.
                let before = std::mem::replace(is_over, pdu.0 == macs[0]);
                (!before).then_some(pdu)
            })
            .collect();
        let of = |mac: Mac| pdus.iter().filter(move |(source, _)| *source == mac);
        assert!(
            of(macs[1]).any(|(_, state)| !aggregates(*state)),
            "{pdus:?}"
        );
        assert!(of(macs[0]).all(|(_, state)| aggregates(*state)), "{pdus:?}");
    });
}

#[test]
#[ignore = "needs root"]
fn a_member_that_is_missing_at_the_start_is_absent_until_it_comes() {
    in_a_namespace(async || {
        let dir = format!("bondd-test-{}-missing", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        fs::create_dir(&dir).expect("a directory for the test");
        let three = CONFIG.replace("\"eth1\"", "\"eth9\", \"eth1\", \"eth2\"");
        fs::write(dir.join("f.toml"), &three).expect("configuration");
        let mut bondd = Bondd::start_in(dir).await;
        let members = bondd.members(|members| members[1]["carrier"] == true);
        assert_eq!(members[0]["why"], "missing");
        assert_eq!(members[0]["ifindex"], 0);
        assert_ne!(members[1]["why"], "missing");
        shell("ip link add eth9 mtu 9000 type veth peer name far9 && ip link set far9 up");
        bondd.members(|members| members[0]["carrier"] == true);
        shell("ip link delete eth9");
        bondd.members(|members| members[0]["why"] == "missing");
        bondd.child.signal(Signal::SIGTERM).expect("asked");
        let (code, text) = bondd.end().await;
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("eth9"), "{text}");
    });
}

#[test]
#[ignore = "needs root"]
fn a_commit_is_refused_for_a_missing_nic_that_it_names_anew_and_for_no_other() {
    in_a_namespace(async || {
        let two = CONFIG.replace("\"eth1\"", "\"eth1\", \"eth2\"");
        let mut bondd = Bondd::start("away").await;
        assert_eq!(bondd.commit(&two), "live");
        bondd.members(|members| members[1]["carrier"] == true);
        shell("ip link delete eth2");
        bondd.members(|members| members[1]["why"] == "missing");
        let fast = format!("{two}lacp_rate = \"fast\"\n");
        assert_eq!(bondd.commit(&fast), "live");
        let refused = bondd.prepare(&bondd.connect(), &fast.replace("eth1", "eth9"));
        let why = refused["error"].as_str().expect("a refusal");
        assert!(why.contains("eth9") && !why.contains("eth2"), "{why}");
        assert_eq!(bondd.commit(CONFIG), "live", "it may be left out");
        assert!(bondd.child.try_wait().expect("status").is_none());
    });
}
