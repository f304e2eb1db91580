//! The program in a network namespace of its own: its file, its log, its end, and hosts that are dead.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

use control::cli::socket_in;
use health::{Kind, Reason};
use healthd::probe::{self, Tls};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::appliance::{check, target};
use crate::probes::udp;

/// An address of this namespace, and one on its link that nobody has.
const REAL: &str = "192.0.2.11:80";
const DEAD: &str = "192.0.2.99:80";

/// Runs a test on a thread of its own in a namespace of its own.
fn in_a_namespace(test: impl AsyncFnOnce() + Send + 'static) {
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("root");
        for line in [
            "link set lo up",
            "address add 192.0.2.11/32 dev lo",
            "link add eth1 type veth peer name far1",
            "link set eth1 up",
            "link set far1 up",
            "address add 192.0.2.1/24 dev eth1",
        ] {
            let done = Command::new("ip").args(line.split(' ')).status();
            assert!(done.expect("ip").success(), "{line}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(test());
    };
    std::thread::spawn(run).join().expect("the test");
}

/// A healthd of its own process.
struct Program {
    run: TempDir,
    child: Child,
    log: BufReader<ChildStderr>,
}

const CONFIG: &str = r#"
[bond.bond0]
mode = "active-backup"
members = ["eth1"]
[service.web]
protocol = "tcp"
address = "198.51.100.1:80"
method = "nat"
scheduler = "rr"
[service.web.real."192.0.2.11:80"]
[service.web.check]
type = "tcp"
interval = 0.1
timeout = 0.5
rise = 1
"#;

#[test]
fn a_nic_that_is_not_there_keeps_nobody_from_checking() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&file, CONFIG.replace("eth1", "nowhere0")).expect("written");
    let mut healthd = Command::new(env!("CARGO_BIN_EXE_healthd"));
    let healthd = healthd.arg("--check").arg("--config").arg(file.path());
    let output = healthd.output().expect("healthd");
    assert!(output.status.success(), "{output:?}");
}

impl Program {
    fn start(config: &str) -> Self {
        let run = tempfile::tempdir().expect("a directory");
        let file = run.path().join("appliance.toml");
        std::fs::write(&file, config).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_healthd"))
            .arg("--config")
            .arg(file)
            .arg("--socket")
            .arg(socket_in(run.path(), "healthd"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("healthd");
        let log = BufReader::new(child.stderr.take().expect("its log"));
        Self { run, child, log }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.log.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    fn terminate(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a pid"));
        kill(pid, Signal::SIGTERM).expect("a process");
        self.child.wait().expect("its end")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
#[ignore = "needs root for a namespace"]
fn a_verdict_is_a_line_and_sigterm_an_orderly_end() {
    in_a_namespace(async || {
        let mut program = Program::start(CONFIG);
        let expected = format!("service web real {REAL}: Down: connect refused (3 of 3)");
        assert_eq!(program.line(), expected);
        assert_eq!(program.line(), "service web: no real is up");
        let listener = TcpListener::bind(REAL).await.expect("the port");
        assert_eq!(
            program.line(),
            format!("service web real {REAL}: Up (1 of 1)")
        );
        assert_eq!(program.line(), "service web: has a real that is up");
        drop(listener);
        assert!(program.terminate().success());
        assert!(!socket_in(program.run.path(), "healthd").exists());
    });
}

#[test]
#[ignore = "needs root for a namespace"]
fn a_host_that_is_dead_fails_every_check_also_one_that_takes_silence_for_well() {
    in_a_namespace(async || {
        let tls = Tls::new().expect("TLS");
        for kind in [Kind::Tcp, udp(false)] {
            let dead = target("web", DEAD.parse().expect("an address"), check(kind));
            // The kernel asks for the neighbour three times, a second apart.
            let deadline = Instant::now() + Duration::from_secs(10);
            let failed = probe::make(&dead, &tls, deadline).await;
            let reason = failed.expect_err("a failure").reason();
            assert_eq!(reason, Reason::HostUnreachable);
        }
    });
}

#[test]
#[ignore = "needs root for a namespace"]
fn a_network_without_a_way_fails_at_once() {
    in_a_namespace(async || {
        let tls = Tls::new().expect("TLS");
        for kind in [Kind::Tcp, udp(false)] {
            let real = "203.0.113.1:80".parse().expect("an address");
            let deadline = Instant::now() + Duration::from_secs(10);
            let failed = probe::make(&target("web", real, check(kind)), &tls, deadline).await;
            let reason = failed.expect_err("a failure").reason();
            assert_eq!(reason, Reason::NetworkUnreachable);
        }
    });
}
