//! SSH with a real client: keys, passwords, and sessions that are open.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use crate::appliance::Root;
use crate::peers::{CLIENT, MANAGER, MANAGERS_ROUTER, assert_silent, raise};
use crate::stage::{CONFIG, GENEROUS, Host, in_a_namespace, shell, until};

const MANAGEMENT: &str = r#"
[management]
interface = "eth0"
addresses = ["192.0.2.10/24", "2001:db8:7::a/64"]
gateway = ["192.0.2.1", "2001:db8:7::1"]
"#;

/// The hash of the password `right`, as crypt(5) has it.
const HASH: &str = "$6$fourfold$ePmF4ZMCKixYHiiVQb7XbVdC.z42ZM1kCYRDrfwxJgcYLlaSp/mr/d4s0ZM3PafFAAb7Eqa/Zwhl8/G.OLBMT1";

/// What a client has: keys and answers.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    /// With the keys `good` and `other`, and the passwords `right` and `wrong`.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for key in ["good", "other"] {
            shell(&format!(
                "ssh-keygen -q -t ed25519 -N '' -C me@desk -f {}/{key}",
                dir.path().display()
            ));
        }
        for password in ["right", "wrong"] {
            let path = dir.path().join(password);
            fs::write(&path, format!("#!/bin/sh\necho {password}\n")).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
        Self { dir }
    }

    fn public(&self, key: &str) -> String {
        let text = fs::read_to_string(self.dir.path().join(format!("{key}.pub")));
        text.expect("a key").trim().to_owned()
    }

    /// A client in this namespace that has this key or this password and nothing else.
    fn client(&self, from: &str, with: &str, to: &str) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", from, "ssh", "-F", "/dev/null"])
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
            ])
            .args([
                "-o",
                "LogLevel=ERROR",
                "-o",
                "ConnectTimeout=10",
                "-o",
                "IdentitiesOnly=yes",
            ])
            .stdin(Stdio::null());
        if self.dir.path().join(format!("{with}.pub")).exists() {
            command
                .args(["-o", "BatchMode=yes", "-i"])
                .arg(self.dir.path().join(with));
        } else {
            command
                .args([
                    "-o",
                    "PubkeyAuthentication=no",
                    "-o",
                    "NumberOfPasswordPrompts=9",
                ])
                .env("SSH_ASKPASS", self.dir.path().join(with))
                .env("SSH_ASKPASS_REQUIRE", "force");
        }
        command.arg(to);
        command
    }

    fn run(&self, from: &str, with: &str, to: &str, words: &str) -> Output {
        let mut client = self.client(from, with, to);
        client.arg(words).output().expect("a client")
    }

    fn assert_in(&self, from: &str, with: &str, to: &str) {
        let output = self.run(from, with, to, "show version");
        let said = String::from_utf8_lossy(&output.stdout);
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "console: -c show version\n", "{with} to {to}: {why}");
    }

    fn assert_out(&self, from: &str, with: &str, to: &str) {
        let output = self.run(from, with, to, "show version");
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.stdout.is_empty(), "{with} to {to} got in");
        assert!(
            why.contains("Permission denied") || why.contains("closed"),
            "{why}"
        );
    }
}

/// An open session: lines go in, and come back.
struct Session {
    client: Child,
    input: ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Session {
    fn open(desk: &Desk, to: &str) -> Self {
        let mut client = desk.client(MANAGERS_ROUTER, "good", to);
        let client = client.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = client.spawn().expect("a client");
        let input = client.stdin.take().expect("piped");
        let output = BufReader::new(client.stdout.take().expect("piped"));
        let mut session = Self {
            client,
            input,
            output,
        };
        assert_eq!(session.line(), "console: ");
        session
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim_end_matches('\n').to_owned()
    }

    fn assert_alive(&mut self, word: &str) {
        writeln!(self.input, "{word}").expect("an open session");
        assert_eq!(self.line(), format!("said {word}"));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.client.kill().ok();
        self.client.wait().ok();
    }
}

fn with_user(desk: &Desk, user: &str) -> String {
    let key = desk.public("good");
    format!("{CONFIG}{MANAGEMENT}\n[user.{user}]\npassword = \"{HASH}\"\nssh_key = [\"{key}\"]\n")
}

async fn until_listening(host: &mut Host) {
    host.until_said(&["hostd: ssh: started"]).await;
    host.until_said(&["hostd: ssh: Not backgrounding"]).await;
    until("it listens", || shell("ss -Hltn").contains(":22 "));
}

#[test]
#[ignore = "needs root"]
fn a_right_key_or_password_gets_the_console_and_a_wrong_one_gets_nowhere() {
    in_a_namespace(async || {
        let root = Root::new("login");
        raise();
        shell("ip link set eth0 up");
        let desk = Desk::new();
        let mut host = Host::start_below(&root, "login", &with_user(&desk, "admin")).await;
        until_listening(&mut host).await;
        for to in ["admin@192.0.2.10", "admin@2001:db8:7::a"] {
            desk.assert_in(MANAGER, "good", to);
            desk.assert_in(MANAGER, "right", to);
            desk.assert_out(MANAGER, "other", to);
        }
        desk.assert_out(MANAGER, "wrong", "admin@192.0.2.10");
        let mut tries = 0;
        while let Some(line) = host.line_within(GENEROUS).await {
            let is_try = line.contains("Bad password attempt for 'admin' from 203.0.113.9");
            tries += u32::from(is_try);
            if line.contains("Max auth tries reached") {
                break;
            }
        }
        assert_eq!(tries, 3, "of nine");
        for user in ["root", "nobody"] {
            desk.assert_out(MANAGER, "good", &format!("{user}@192.0.2.10"));
            desk.assert_out(MANAGER, "right", &format!("{user}@192.0.2.10"));
        }
        assert_silent(CLIENT, "10.1.0.2", 22);
        let mode = |path: &str| {
            fs::metadata(root.join(path))
                .expect("there")
                .permissions()
                .mode()
        };
        assert_eq!(mode("etc/shadow") & 0o777, 0o600);
        assert_eq!(mode("data/ssh/host_key_ed25519") & 0o777, 0o600);
    });
}

#[test]
#[ignore = "needs root"]
fn a_session_that_is_open_survives_commits_and_a_dead_hostd_and_who_is_no_user_gets_no_new_one() {
    in_a_namespace(async || {
        let root = Root::new("session");
        raise();
        shell("ip link set eth0 up");
        let desk = Desk::new();
        let config = with_user(&desk, "admin");
        let mut host = Host::start_below(&root, "session", &config).await;
        until_listening(&mut host).await;
        let mut session = Session::open(&desk, "admin@192.0.2.10");
        session.assert_alive("one");
        // Another address to listen on: another server.
        let more = config.replace(
            "[\"192.0.2.10/24\"",
            "[\"192.0.2.10/24\", \"192.0.2.11/24\"",
        );
        host.commit(&more);
        until_listening(&mut host).await;
        session.assert_alive("two");
        desk.assert_in(MANAGERS_ROUTER, "good", "admin@192.0.2.11");
        host.commit(&with_user(&desk, "second"));
        until_listening(&mut host).await;
        desk.assert_in(MANAGERS_ROUTER, "good", "second@192.0.2.10");
        desk.assert_out(MANAGERS_ROUTER, "good", "admin@192.0.2.10");
        session.assert_alive("three");
        let mut host = host.restart(&config).await;
        until_listening(&mut host).await;
        session.assert_alive("four");
        desk.assert_in(MANAGERS_ROUTER, "good", "admin@192.0.2.10");
    });
}

#[test]
#[ignore = "needs root"]
fn a_server_that_is_killed_comes_again_with_the_same_host_keys() {
    in_a_namespace(async || {
        let root = Root::new("killed-ssh");
        raise();
        shell("ip link set eth0 up");
        let desk = Desk::new();
        let mut host = Host::start_below(&root, "killed-ssh", &with_user(&desk, "admin")).await;
        until_listening(&mut host).await;
        let scan = || {
            shell(&format!(
                "ip netns exec {MANAGERS_ROUTER} ssh-keyscan 192.0.2.10 2>/dev/null | sort"
            ))
        };
        let before = scan();
        assert!(
            before.contains("ssh-ed25519") && before.contains("ecdsa"),
            "{before}"
        );
        let pid = fs::read_to_string(root.join("run/fourfold-ssh.pid")).expect("a pid");
        shell(&format!("kill -9 {pid}"));
        until_listening(&mut host).await;
        assert_eq!(scan(), before);
    });
}

#[test]
#[ignore = "needs root"]
fn nobody_listens_without_a_management_port_or_a_user_and_nobody_does_when_hostd_is_dead() {
    in_a_namespace(async || {
        let root = Root::new("nobody");
        raise();
        shell("ip link set eth0 up");
        let desk = Desk::new();
        let listens = || !shell("ss -Hltn").is_empty();
        let mut host = Host::start_below(&root, "nobody", CONFIG).await;
        host.commit(&format!("{CONFIG}{MANAGEMENT}"));
        assert!(!listens(), "nobody could log in");
        host.commit(&with_user(&desk, "admin"));
        until_listening(&mut host).await;
        host.commit(CONFIG);
        host.until_said(&["hostd: ssh: stopped"]).await;
        assert!(!listens());
        host.commit(&with_user(&desk, "admin"));
        until_listening(&mut host).await;
        host.kill().await;
        until("its server is dead, too", || !listens());
    });
}
