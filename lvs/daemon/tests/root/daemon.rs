//! `lvsd` as a process, in a network namespace that is gone with the test's thread.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use serde_json::Value;
use sys::packet::Packet;
use sys::spawn::{Child, Output, Spawn};
use tests::wait;
use tokio::time::timeout;

/// For what comes at once, on a machine that is busy.
pub const GENEROUS: Duration = Duration::from_secs(60);

pub fn shell(script: &str) {
    let status = Command::new("/bin/sh").args(["-ec", script]).status();
    assert!(status.unwrap().success(), "{script}");
}

/// A NIC with its far end, which is up.
pub fn plug(name: &str) {
    shell(&format!(
        "ip link add {name} type veth peer name far-{name}\n\
         ethtool -K far-{name} tx off txvlan off >/dev/null\nip link set far-{name} up"
    ));
}

/// Runs a test on a thread of its own in a namespace of its own, with `eth1` and `eth2`.
pub fn in_a_namespace(test: impl AsyncFnOnce() + Send + 'static) {
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        plug("eth1");
        plug("eth2");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(test());
    };
    std::thread::spawn(run).join().expect("the test");
}

/// A configuration with these members in `bond0`, which needs no partner.
pub fn configuration(members: &[&str]) -> String {
    format!(
        "[lvs]\nconnection_table = 4\nring_size = 512\n\
         [bond.bond0]\nmode = \"active-backup\"\nmembers = {members:?}\n"
    )
}

pub struct Lvsd {
    pub child: Child,
    output: Output,
    pub dir: PathBuf,
}

impl Lvsd {
    /// An `lvsd` that is ready, in a run directory of this name.
    pub async fn start(name: &str, config: &str) -> Self {
        let dir = format!("lvsd-test-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("f.toml"), config).unwrap();
        Self::start_in(dir).await
    }

    async fn start_in(dir: PathBuf) -> Self {
        let mut child = Spawn::new(env!("CARGO_BIN_EXE_lvsd"))
            .args(["--config".into(), dir.join("f.toml")])
            .args(["--socket".into(), dir.join("lvsd.sock")])
            .start()
            .unwrap();
        let output = child.output().unwrap().unwrap();
        let readiness = child.readiness().unwrap().unwrap();
        let ready = timeout(GENEROUS, readiness.wait()).await.unwrap();
        let mut lvsd = Self { child, output, dir };
        if !ready.unwrap() {
            panic!("not ready: {:?}", lvsd.end().await);
        }
        lvsd
    }

    /// The next one, in the same directory.
    pub async fn follow(mut self) -> Self {
        Self::start_in(std::mem::take(&mut self.dir)).await
    }

    pub fn connect(&self) -> Packet {
        let peer = Packet::connect(self.dir.join("lvsd.sock")).unwrap();
        peer.set_timeout(Some(GENEROUS)).unwrap();
        peer
    }

    /// Sends a request; its first answer.
    pub fn ask(&self, peer: &Packet, record: &str) -> Value {
        peer.send(record.as_bytes(), &[]).unwrap();
        serde_json::from_slice(&peer.recv().unwrap().0).unwrap()
    }

    /// All items of an answer.
    pub fn items(&self, record: &str) -> Vec<Value> {
        let peer = self.connect();
        let begin = self.ask(&peer, record);
        assert!(!begin["begin"].is_null(), "{begin}");
        let mut items = Vec::new();
        loop {
            let record: Value = serde_json::from_slice(&peer.recv().unwrap().0).unwrap();
            match &record["item"] {
                Value::Null => return items,
                item => items.push(item.clone()),
            }
        }
    }

    /// The ports, once they are as `is_right` says.
    pub fn ports(&self, is_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let look = || {
            let ports = self.items(r#"{"show":"ports"}"#);
            Some(ports).filter(|ports| is_right(ports))
        };
        wait::until("the ports", GENEROUS, look).unwrap()
    }

    /// Its exit code, and what it said last.
    pub async fn end(&mut self) -> (Option<i32>, String) {
        let status = timeout(GENEROUS, self.child.wait()).await.unwrap();
        let mut bytes = vec![0; 1 << 16];
        let len = self.output.try_read(&mut bytes).unwrap().unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
        (status.unwrap().code(), text)
    }

    /// Asks it to stop in order; what it said.
    pub async fn stop(mut self) -> String {
        self.child.signal(Signal::SIGTERM).unwrap();
        let (code, text) = self.end().await;
        assert_eq!(code, Some(0), "{text}");
        text
    }
}

impl Drop for Lvsd {
    fn drop(&mut self) {
        self.child.signal(Signal::SIGKILL).ok();
        if !self.dir.as_os_str().is_empty() {
            nix::mount::umount(&self.dir.join("bpf")).ok();
            fs::remove_dir_all(&self.dir).ok();
        }
    }
}
