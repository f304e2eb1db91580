//! A stage for one test: namespaces of its own, and a `hostd` in them.

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use netio::netlink::{Netlink, Watch};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use serde_json::Value;
use sys::packet::Packet;
use sys::spawn::{Child, Output, Spawn};
use tokio::time::timeout;

pub const CONFIG: &str = include_str!("appliance.toml");

pub const GENEROUS: Duration = Duration::from_secs(60);

pub const BOND0: &str =
    "ip link add bond0 type veth peer name far0; ip link set far0 up; ip link set bond0 up";

pub fn shell(script: &str) -> String {
    let output = Command::new("/bin/sh")
        .args(["-ec", script])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Looks again and again until something is so of which no event tells.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < GENEROUS, "not in time: {what}");
        std::thread::yield_now();
    }
}

/// Runs a test on a thread of its own, in network, mount and name namespaces of its own, with the member
/// `eth1`.
pub fn in_a_namespace(test: impl AsyncFnOnce() + Send + 'static) {
    let run = || {
        let all = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS;
        unshare(all).expect("root");
        // Named namespaces are this test's, too.
        shell("mount --make-rprivate /; mkdir -p /run/netns; mount -t tmpfs hostd /run/netns");
        shell("ip link set lo up; ip link add eth1 type veth peer name far1");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("runtime").block_on(test());
    };
    std::thread::spawn(run).join().expect("the test");
}

pub struct Host {
    child: Child,
    pub netlink: Netlink,
    pub watch: Watch,
    output: Output,
    said: String,
    dir: PathBuf,
    root: Option<PathBuf>,
}

impl Host {
    /// A `hostd` that is ready, in a run directory of this name.
    pub async fn start(name: &str) -> Self {
        Self::start_with(name, CONFIG).await
    }

    /// The same with another configuration.
    pub async fn start_with(name: &str, config: &str) -> Self {
        Self::start_in(directory(name, config), None).await
    }

    /// The same on a system of its own, whose files are below `root`.
    pub async fn start_below(root: &Path, name: &str, config: &str) -> Self {
        let dir = directory(name, config);
        let there = root.join(dir.strip_prefix("/").expect("absolute"));
        let (here, there) = (dir.display(), there.display());
        shell(&format!("mkdir -p {there}; mount --bind {here} {there}"));
        Self::start_in(dir, Some(root.to_owned())).await
    }

    /// A `hostd` that is ready, of what is in this run directory.
    async fn start_in(dir: PathBuf, root: Option<PathBuf>) -> Self {
        let netlink = Netlink::new().expect("netlink");
        let watch = netlink.watch().await.expect("watch");
        let program = env!("CARGO_BIN_EXE_hostd");
        let hostd = match &root {
            // The clock is the machine's, and no test's.
            Some(root) => Spawn::new("setpriv")
                .args(["--bounding-set=-sys_time", "chroot"])
                .args([root.as_os_str(), program.as_ref()]),
            None => Spawn::new(program),
        };
        let mut child = hostd
            .args(["--config".into(), dir.join("f.toml")])
            .args(["--socket".into(), dir.join("hostd.sock")])
            .start()
            .expect("hostd");
        let output = child.output().expect("pipe").expect("first");
        let readiness = child.readiness().expect("pipe").expect("first");
        let ready = timeout(GENEROUS, readiness.wait()).await.expect("in time");
        let mut host = Self {
            child,
            netlink,
            watch,
            output,
            said: String::new(),
            dir,
            root,
        };
        assert!(ready.expect("readiness"), "{}", host.said_so_far());
        host
    }

    /// Kills it, and starts another one with this configuration.
    pub async fn restart(mut self, config: &str) -> Self {
        self.kill().await;
        let dir = std::mem::take(&mut self.dir);
        fs::write(dir.join("f.toml"), config).expect("configuration");
        Self::start_in(dir, self.root.take()).await
    }

    /// One step of a transaction, and the answer.
    pub fn step(&self, peer: &Packet, step: &str, text: Option<&str>) -> Value {
        let memory = text.map(|text| sys::sealed::seal("config", text.as_bytes()).expect("memory"));
        let fds: Vec<_> = memory.iter().map(AsFd::as_fd).collect();
        let record = format!(r#"{{"transaction":{{"{step}":1}}}}"#);
        peer.send(record.as_bytes(), &fds).expect("sent");
        let (answer, _) = peer.recv().expect("an answer");
        serde_json::from_slice(&answer).expect("JSON")
    }

    pub fn connect(&self) -> Packet {
        let peer = Packet::connect(self.dir.join("hostd.sock")).expect("hostd");
        peer.set_timeout(Some(GENEROUS)).expect("limit");
        peer
    }

    /// A whole transaction; its effect.
    pub fn commit(&self, text: &str) -> Value {
        let peer = self.connect();
        let prepared = self.step(&peer, "prepare", Some(text));
        assert!(prepared["error"].is_null(), "{prepared}");
        let committed = self.step(&peer, "commit", None);
        assert_eq!(committed["transaction"]["committed"], 1, "{prepared}");
        prepared["transaction"]["prepared"]["effect"].clone()
    }

    /// The items that it shows of this noun.
    pub fn show(&self, noun: &str) -> Vec<Value> {
        let peer = self.connect();
        let request = format!(r#"{{"show":"{noun}"}}"#);
        peer.send(request.as_bytes(), &[]).expect("sent");
        let mut items = Vec::new();
        loop {
            let (answer, _) = peer.recv().expect("an answer");
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            assert!(answer["error"].is_null(), "{answer}");
            if !answer["end"].is_null() {
                return items;
            }
            if !answer["item"].is_null() {
                items.push(answer["item"].clone());
            }
        }
    }

    /// Waits until it has said a line with all of these words; forgets what it said before.
    pub async fn until_said(&mut self, words: &[&str]) {
        loop {
            let mut lines = self.said.split_inclusive('\n');
            let is_it = |line: &str| line.ends_with('\n') && words.iter().all(|w| line.contains(w));
            if let Some(at) = lines.clone().position(is_it) {
                self.said = lines.by_ref().skip(at + 1).collect();
                return;
            }
            let mut bytes = [0; 4096];
            let read = timeout(GENEROUS, self.output.read(&mut bytes)).await;
            let read = read.unwrap_or_else(|_| panic!("{words:?} not in {}", self.said));
            let read = read.expect("a pipe");
            assert!(read > 0, "it ended: {}", self.said);
            self.said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    /// The next whole line that it says within this time.
    pub async fn line_within(&mut self, limit: Duration) -> Option<String> {
        loop {
            if let Some((line, rest)) = self.said.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.said = rest;
                return Some(line);
            }
            let mut bytes = [0; 4096];
            let read = timeout(limit, self.output.read(&mut bytes)).await.ok()?;
            let read = read.expect("a pipe");
            self.said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    /// Kills it without a word.
    pub async fn kill(&mut self) {
        self.child.signal(Signal::SIGKILL).expect("killed");
        self.child.wait().await.expect("dead");
    }

    /// What it has said and nobody has waited for.
    pub fn said_so_far(&mut self) -> &str {
        let mut bytes = [0; 4096];
        while let Ok(Some(read @ 1..)) = self.output.try_read(&mut bytes) {
            self.said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        &self.said
    }

    /// Waits, event by event, until the interface `name` has the addresses and the routes lead there.
    pub async fn until_complete(&mut self, name: &str) {
        while !self.complete(name).await {
            timeout(GENEROUS, self.watch.next())
                .await
                .expect("in time")
                .expect("event");
        }
    }

    pub async fn complete(&self, name: &str) -> bool {
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

/// A run directory of this name, with this configuration.
fn directory(name: &str, config: &str) -> PathBuf {
    let dir = format!("hostd-test-{}-{name}", std::process::id());
    let dir = std::env::temp_dir().join(dir);
    fs::create_dir(&dir).expect("a directory for the test");
    fs::write(dir.join("f.toml"), config).expect("configuration");
    dir
}
