//! A commit runs in every daemon, or in none.

use control::configure::{self, ConfigureError};
use control::ipc::Effect;
use control::transaction::DAEMONS;

use crate::crowd::Way;
use crate::stage::{Stage, canonical, text};

fn lines(refused: ConfigureError) -> Vec<String> {
    match refused {
        ConfigureError::Faults(lines) | ConfigureError::Refused(lines) => lines,
        ConfigureError::Client(error) => panic!("{error}"),
    }
}

#[test]
fn what_all_accept_runs_everywhere() {
    let stage = Stage::new();
    let commit = stage.commit(&text(3)).expect("a commit");
    let committed = commit.committed.expect("a change");
    assert_eq!(
        (committed.id, committed.added, committed.removed),
        (2, 1, 1)
    );
    assert_eq!(committed.confirm_by, None);
    let told: Vec<&str> = commit.daemons.iter().map(|one| &*one.daemon).collect();
    assert_eq!(told, DAEMONS);
    for outcome in &commit.daemons {
        assert_eq!(outcome.effect, Some(Effect::Live));
        assert_eq!(outcome.missing, None);
    }
    stage.runs(&text(3));
}

#[test]
fn what_runs_already_is_no_commit() {
    let stage = Stage::new();
    let asked = stage.daemons[0].asked();
    let same = text(2).replace("weight = 2", "# the same\nweight    =    2");
    let commit = stage.commit(&same).expect("an answer");
    assert_eq!(commit.committed, None);
    assert_eq!(stage.daemons[0].asked(), asked, "a daemon was asked");
    assert!(!stage.path("history/0002.toml").exists());
    stage.runs(&text(2));
}

#[test]
fn one_that_refuses_is_named_and_nothing_changes() {
    let mut stage = Stage::new();
    stage.daemon("vrrpd").behave(Way::Refuse("no room for 51"));
    let refused = stage.commit(&text(3)).expect_err("it was committed");
    assert_eq!(lines(refused), ["vrrpd: no room for 51"]);
    stage.runs(&text(2));
    stage.daemon("vrrpd").behave(Way::Accept);
    stage.commit(&text(3)).expect("a commit");
    stage.runs(&text(3));
}

#[test]
fn one_that_hangs_is_named_and_nothing_changes() {
    let mut stage = Stage::new();
    stage.daemon("healthd").behave(Way::Hang);
    let refused = stage.commit(&text(3)).expect_err("it was committed");
    assert_eq!(lines(refused), ["healthd: it did not answer within 5 s"]);
    stage.daemon("healthd").behave(Way::Accept);
    stage.commit(&text(3)).expect("a commit");
    stage.runs(&text(3));
}

#[test]
fn all_that_are_not_there_are_named_and_nothing_changes() {
    let mut stage = Stage::new();
    stage.daemon("bondd").kill();
    stage.daemon("hostd").kill();
    let refused = lines(stage.commit(&text(3)).expect_err("it was committed"));
    assert_eq!(
        refused,
        ["bondd: it is not running", "hostd: it is not running"]
    );
    assert_eq!(stage.file(), text(2));
    for name in ["bondd", "hostd"] {
        stage.daemon(name).revive();
    }
    stage.runs(&text(2));
}

#[test]
fn one_that_dies_when_it_is_told_comes_back_with_the_new_configuration() {
    let mut stage = Stage::new();
    stage.daemon("lvsd").behave(Way::Die);
    let commit = stage.commit(&text(3)).expect("a commit");
    assert!(commit.daemons.iter().all(|one| one.missing.is_none()));
    assert_eq!(stage.daemon("lvsd").starts(), 2);
    stage.runs(&text(3));
}

#[test]
fn one_that_dies_with_the_old_file_read_gets_the_new_configuration_all_the_same() {
    let mut stage = Stage::new();
    stage.hold("journalled");
    let folder = stage.folder.path().to_owned();
    let commit =
        std::thread::spawn(move || configure::commit(&folder, "new.toml", &text(3), None, None));
    stage.held();
    // Dead after its vote, and back before the decision.
    stage.daemon("bondd").kill();
    stage.daemon("bondd").revive();
    assert_eq!(stage.daemon("bondd").running(), text(2));
    stage.go_on();
    let commit = commit.join().expect("no panic").expect("a commit");
    assert!(commit.daemons.iter().all(|one| one.missing.is_none()));
    stage.runs(&text(3));
}

#[test]
fn one_that_dies_before_the_journal_is_written_stops_the_commit() {
    let mut stage = Stage::new();
    stage.hold("preparing");
    let folder = stage.folder.path().to_owned();
    let commit =
        std::thread::spawn(move || configure::commit(&folder, "new.toml", &text(3), None, None));
    stage.held();
    stage.daemon("bondd").kill();
    stage.go_on();
    let refused = commit.join().expect("no panic").expect_err("a commit");
    assert!(lines(refused)[0].starts_with("bondd: "));
    stage.daemon("bondd").revive();
    stage.runs(&text(2));
}

#[test]
fn one_that_is_started_anew_for_it_is_waited_for() {
    let mut stage = Stage::new();
    stage.daemon("lvsd").behave(Way::Restart);
    let commit = stage.commit(&text(3)).expect("a commit");
    assert_eq!(commit.daemons[0].effect, Some(Effect::Restart));
    assert_eq!(commit.daemons[0].missing, None);
    assert_eq!(stage.daemon("lvsd").starts(), 2);
    stage.runs(&text(3));
}

#[test]
fn one_that_does_not_come_back_is_named_and_starts_from_the_file() {
    let mut stage = Stage::new();
    stage.hold("running");
    let folder = stage.folder.path().to_owned();
    let commit =
        std::thread::spawn(move || configure::commit(&folder, "new.toml", &text(3), None, None));
    stage.held();
    stage.daemon("hostd").kill();
    stage.go_on();
    let commit = commit.join().expect("no panic").expect("a commit");
    for outcome in &commit.daemons {
        let expected = (outcome.daemon == "hostd").then_some("it is not running");
        assert_eq!(outcome.missing.as_deref(), expected);
    }
    stage.daemon("hostd").revive();
    stage.runs(&text(3));
}

#[test]
fn every_fault_is_reported_with_the_file_that_the_client_named() {
    let stage = Stage::new();
    let faulty = text(3)
        .replace("\"rr\"", "\"round\"")
        .replace("weight = 3", "weight = -1");
    let faults = lines(stage.commit(&faulty).expect_err("it was committed"));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("new.toml:"), "{faults:?}");
    assert!(
        faults[0].contains("service.web.scheduler = \"round\""),
        "{faults:?}"
    );
    stage.runs(&text(2));
}

#[test]
fn what_the_next_start_would_not_accept_is_not_committed() {
    let stage = Stage::new();
    let interfaces = control::cli::interfaces().expect("the kernel's answer");
    let mut held = interfaces.iter().filter(|held| held.name != "lo");
    let v4 =
        |held: &control::config::Interface| held.addresses.iter().copied().find(|ip| ip.is_ipv4());
    let Some((name, ip)) = held.find_map(|held| Some((&held.name, v4(held)?))) else {
        return; // a host without any address
    };
    let taken = std::net::SocketAddr::new(ip, 80).to_string();
    let text = text(3).replace("10.80.1.100:80", &taken);
    let faults = match stage.commit(&text).expect_err("it was committed") {
        ConfigureError::Faults(faults) => faults,
        other => panic!("{other}"),
    };
    let end = format!("\"{taken}\": an address that is not the host's own: {name} has it");
    assert!(faults[0].ends_with(&end), "{faults:?}");
    stage.runs(&crate::stage::text(2));
}

#[test]
fn compare_says_what_a_commit_would_change_and_changes_nothing() {
    let stage = Stage::new();
    let folder = stage.folder.path();
    let changes = configure::compare(folder, "new.toml", &text(3)).expect("a difference");
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let key = r#"service.web.real."10.80.2.11:80".weight"#;
    assert_eq!(lines, [format!("- {key} = 2"), format!("+ {key} = 3")]);
    assert_eq!(configure::compare(folder, "x", &text(2)).expect("none"), []);
    assert!(configure::compare(folder, "x", "[lvs]\nqueues = \"two\"").is_err());
    stage.runs(&text(2));
}

#[test]
fn who_may_log_in_waits_for_no_daemon_that_is_away() {
    const HASH: &str = "$6$rounds=1000$saltstring$YiR6NSM0LQXmu7vAhkMXfkdYk7qtFouVx1Mdr3HmzXspT8kONjlpU3CsV7ezCB62uXJoAdaagsH4ck7/tB9js.";
    let mut stage = Stage::new();
    stage.daemon("lvsd").kill();
    let user = format!("[user.admin]\npassword = \"{HASH}\"\n");
    let with = |weight| canonical(&(user.clone() + &text(weight)));
    let refused = lines(stage.commit(&with(3)).expect_err("more than a user"));
    assert_eq!(refused, ["lvsd: it is not running"]);
    let commit = stage.commit(&with(2)).expect("a user alone");
    assert!(commit.committed.is_some(), "{commit:?}");
    assert_eq!(stage.file(), with(2));
    let lvsd = commit.daemons.iter().find(|one| one.daemon == "lvsd");
    assert!(lvsd.expect("named").missing.is_some(), "{commit:?}");
    // Who is there and says no is heard all the same.
    stage.daemon("hostd").behave(Way::Refuse("no"));
    stage.commit(&text(2)).expect_err("refused");
}
