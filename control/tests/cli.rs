//! What a daemon does with its configuration before it is a daemon. The process that ends is this
//! test program itself, started again to run [`a_daemon`] only.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::path::PathBuf;
use std::process::{Command, Output};

use control::cli::DaemonArgs;
use control::config::Interface;

/// Where the second process finds its configuration.
const CONFIG: &str = "FOURFOLD_TEST_CONFIG";
const CHECK: &str = "FOURFOLD_TEST_CHECK";

#[test]
fn a_daemon() {
    let Some(config) = std::env::var_os(CONFIG) else {
        return;
    };
    let check = std::env::var_os(CHECK).is_some();
    let args = DaemonArgs {
        config: config.into(),
        check,
        socket: None,
    };
    let config = args.load_or_exit(|| {
        let eth2 = Interface {
            master: Some("br0".to_owned()),
            ..Interface::unused("eth2")
        };
        Ok(vec![
            Interface::unused("lo"),
            Interface::unused("eth1"),
            eth2,
        ])
    });
    print!("serving {} bonds", config.bonds.len());
}

/// A file that goes when the test does.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn start(test: &str, text: &str, check: bool) -> (String, Output) {
    let name = format!("fourfold-control-{}-{test}.toml", std::process::id());
    let file = File(std::env::temp_dir().join(name));
    std::fs::write(&file.0, text).expect("a file");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "a_daemon", "--nocapture", "--quiet"])
        .env(CONFIG, &file.0);
    if check {
        command.env(CHECK, "1");
    }
    (
        file.0.display().to_string(),
        command.output().expect("it runs"),
    )
}

const LEGAL: &str = "[bond.bond0]\nmode = \"active-backup\"\nmembers = [\"eth1\"]\n";

#[test]
fn a_legal_configuration_is_served() {
    let (_, output) = start("legal", LEGAL, false);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("serving 1 bonds"));
}

#[test]
fn a_check_prints_the_canonical_form_and_ends() {
    let (_, output) = start("check", &format!("# note\n{LEGAL}mtu = 1500\n"), true);
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.ends_with(LEGAL), "{printed}");
    assert!(!printed.contains("serving"), "{printed}");
}

#[test]
fn faults_are_lines_on_standard_error_and_exit_code_2() {
    for check in [false, true] {
        let text = LEGAL.replace("eth1", "eth 1") + "mtu = 1\n";
        let (file, output) = start(&format!("faults-{check}"), &text, check);
        assert_eq!(output.status.code(), Some(2));
        let lines = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with(&format!("{file}:3: bond.bond0.members = \"eth 1\": ")));
        assert!(lines[1].starts_with(&format!("{file}:4: bond.bond0.mtu = 1: ")));
    }
}

#[test]
fn a_missing_nic_is_a_line_on_standard_error_and_no_reason_to_stay_away() {
    for check in [false, true] {
        let text = LEGAL.replace("eth1", "eth7");
        let (file, output) = start(&format!("nic-{check}"), &text, check);
        assert_eq!(output.status.code(), Some(0));
        let line = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = format!(
            "{file}:3: bond.bond0.members = \"eth7\": an interface of this host: eth1, eth2 \
             (missing)\n"
        );
        assert_eq!(line, expected);
        let printed = String::from_utf8_lossy(&output.stdout);
        let expected = if check {
            text
        } else {
            "serving 1 bonds".to_owned()
        };
        assert!(printed.contains(&expected), "{printed}");
    }
}

#[test]
fn a_nic_that_is_there_is_no_line() {
    let (_, output) = start("there", LEGAL, false);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_nic_in_use_is_a_fault_before_the_start_and_none_when_a_daemon_comes_back() {
    let text = LEGAL.replace("eth1", "eth2");
    let (file, output) = start("in-use", &text, true);
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        line,
        format!(
            "{file}:3: bond.bond0.members = \"eth2\": a NIC that nothing else uses: \
             it is a port of br0\n"
        )
    );
    let (_, output) = start("came-back", &text, false);
    assert_eq!(output.status.code(), Some(0));
}
