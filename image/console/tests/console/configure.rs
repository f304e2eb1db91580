//! Configure mode, against a ctld that commits to memory.

use control::configure::digest;
use control::ipc::ConfigureRequest;

use crate::ctld::Ctld;
use crate::stage::Stage;
use crate::terminal::{CTRL_D, DUMB, SERIAL, Terminal, WINDOW};

const TEXT: &str = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n";

fn stage() -> (Stage, Ctld) {
    let stage = Stage::new();
    let ctld = Ctld::with(&stage, TEXT);
    (stage, ctld)
}

#[test]
fn what_is_typed_is_a_candidate_until_it_is_committed() {
    for kind in [WINDOW, SERIAL, DUMB] {
        let (stage, ctld) = stage();
        let before = ctld.books().running().to_owned();
        let mut terminal = Terminal::new(&stage, kind);
        terminal.configures("configure");
        terminal.configures("set bond bond0 members eth2");
        terminal.configures("se bo bond0 addr 10.0.0.2/24");
        let shown = terminal.configures("show bond bond0 members");
        assert!(shown.contains("set bond bond0 members eth1\r\n"), "{shown}");
        assert!(shown.contains("set bond bond0 members eth2\r\n"), "{shown}");
        let compared = terminal.configures("compare");
        assert!(
            compared.contains("+ set bond bond0 members eth2\r\n"),
            "{compared}"
        );
        assert!(
            compared.contains("+ set bond bond0 addresses 10.0.0.2/24\r\n"),
            "{compared}"
        );
        assert_eq!(ctld.books().running(), before, "nothing runs yet");
        let told = terminal.configures("commit comment \"two members\"");
        assert!(told.contains("commit 2: lines added 1"), "{told}");
        let books = ctld.books();
        assert!(books.running().contains("eth2"), "{}", books.running());
        let Some(ConfigureRequest::Commit {
            comment,
            base,
            confirmed,
            ..
        }) = books.asked.last()
        else {
            panic!("{:?}", books.asked);
        };
        assert_eq!(comment.as_deref(), Some("two members"));
        assert_eq!(
            (base.as_deref(), *confirmed),
            (Some(digest(&before).as_str()), None)
        );
        drop(books);
        assert_eq!(terminal.configures("compare").matches("set").count(), 0);
        terminal.does("exit");
    }
}

#[test]
fn a_fault_is_one_line_and_the_candidate_stays() {
    let (stage, ctld) = stage();
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.configures("configure");
    let told = terminal.configures("set bond bond0 mtu 9216");
    assert!(
        told.contains("bond bond0 mtu 9216: an integer from 68 to 9000 bytes"),
        "{told}"
    );
    let told = terminal.configures("delete bond bond1");
    assert!(told.contains("bond1"), "{told}");
    terminal.configures("set bond bond1 mode active-backup");
    let told = terminal.configures("commit");
    assert!(told.contains("bond bond1"), "{told}");
    assert!(
        ctld.books().asked.is_empty(),
        "what is not whole goes nowhere"
    );
    let shown = terminal.configures("show bond bond1");
    assert!(
        shown.contains("set bond bond1 mode active-backup"),
        "{shown}"
    );
    terminal.configures("delete bond bond1");
    terminal.configures("set bond bond0 members eth2");
    ctld.books().refusal = Some("lvsd: eth2 is not there");
    let told = terminal.configures("commit");
    assert!(told.contains("refused: lvsd: eth2 is not there"), "{told}");
    ctld.books().refusal = None;
    let told = terminal.configures("commit");
    assert!(told.contains("commit 2:"), "{told}");
}

#[test]
fn who_commits_after_somebody_else_is_told_and_loses_nothing() {
    let (stage, ctld) = stage();
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.configures("configure");
    terminal.configures("set bond bond0 members eth2");
    ctld.books().take(&TEXT.replace("eth1", "eth7"), "plain");
    let told = terminal.configures("compare");
    assert!(told.contains("somebody changed what is running"), "{told}");
    assert!(told.contains("- set bond bond0 members eth7"), "{told}");
    let told = terminal.configures("commit");
    assert!(
        told.contains("refused: admin has committed 2 meanwhile"),
        "{told}"
    );
    assert!(terminal.configures("show").contains("members eth2"));
    terminal.configures("discard");
    let shown = terminal.configures("show");
    assert!(shown.contains("eth7") && !shown.contains("eth2"), "{shown}");
}

#[test]
fn leaving_asks_when_something_would_be_lost() {
    let (stage, ctld) = stage();
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.configures("configure");
    terminal.configures("delete bond bond0 members eth1");
    for leave in ["exit\r", "quit\r", CTRL_D] {
        terminal.types(leave);
        terminal.sees("not committed. Leave it behind? (yes/no) ");
        terminal.enters("perhaps");
        terminal.sees("yes, or no");
        terminal.sees("(yes/no) ");
        terminal.enters("no");
        terminal.configure_prompt();
    }
    terminal.enters("exit");
    terminal.sees("(yes/no) ");
    terminal.enters("yes");
    terminal.prompt();
    terminal.configures("configure");
    let compared = terminal.configures("compare");
    assert!(!compared.contains("eth1"), "it was left behind: {compared}");
    terminal.configures("delete bond bond0 members eth1");
    assert!(!terminal.does("exit discard").contains("yes/no"));
    assert!(ctld.books().asked.is_empty());
}

#[test]
fn who_answers_nothing_to_the_question_ends_the_session() {
    let (stage, ctld) = stage();
    for kind in [SERIAL, DUMB] {
        let mut terminal = Terminal::new(&stage, kind);
        terminal.configures("configure");
        terminal.configures("set bond bond0 members eth2");
        terminal.types(CTRL_D);
        terminal.sees("(yes/no) ");
        terminal.types(CTRL_D);
        terminal.ends();
    }
    assert!(ctld.books().asked.is_empty());
}

#[test]
fn rollback_fetches_what_ran_and_commit_makes_it_run() {
    let (stage, ctld) = stage();
    ctld.books().take(&TEXT.replace("eth1", "eth7"), "plain");
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.configures("configure");
    let told = terminal.configures("rollback 5");
    assert!(told.contains("rollback 5: from 0 to 1"), "{told}");
    terminal.configures("rollback 1");
    let compared = terminal.configures("compare");
    assert!(
        compared.contains("- set bond bond0 members eth7"),
        "{compared}"
    );
    assert!(
        compared.contains("+ set bond bond0 members eth1"),
        "{compared}"
    );
    assert!(ctld.books().running().contains("eth7"), "nothing runs yet");
    terminal.configures("commit");
    assert!(ctld.books().running().contains("eth1"));
}

#[test]
fn a_trial_is_counted_down_until_it_is_confirmed() {
    let (stage, ctld) = stage();
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.configures("configure");
    terminal.configures("set bond bond0 members eth2");
    ctld.books().confirm_by = Some(sys::clock::unix_millis() / 1000 + 300);
    let told = terminal.configures("commit confirmed 5");
    assert!(told.contains("unless confirm is given"), "{told}");
    assert!(
        told.contains("commit 2 is on trial: 4:5") || told.contains(": 5:00 left"),
        "{told}"
    );
    let told = terminal.does("exit");
    assert!(told.contains("left to confirm it"), "{told}");
    let told = terminal.does("confirm");
    assert!(
        told.contains("commit 2 stays") && !told.contains("trial"),
        "{told}"
    );
    let minutes = |request: &ConfigureRequest| match request {
        ConfigureRequest::Commit { confirmed, .. } => *confirmed,
        _ => None,
    };
    assert_eq!(ctld.books().asked.iter().find_map(minutes), Some(5));
}

#[test]
fn a_trial_that_went_back_is_told_at_the_next_prompt_once() {
    let (stage, ctld) = stage();
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.configures("configure");
    terminal.configures("set bond bond0 members eth2");
    ctld.books().confirm_by = Some(sys::clock::unix_millis() / 1000 + 60);
    terminal.configures("commit confirmed 1");
    ctld.books().take(TEXT, "plain");
    let told = terminal.configures("");
    assert!(
        told.contains("commit 2 went back: nobody confirmed it"),
        "{told}"
    );
    assert!(!terminal.configures("").contains("went back"));
}

#[test]
fn run_does_a_command_of_the_mode_outside() {
    let (stage, _ctld) = stage();
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.configures("configure");
    let shown = terminal.configures("run show configuration");
    assert!(shown.contains("members = [\"eth1\"]"), "{shown}");
    let shown = terminal.configures("run sh conf set");
    assert!(shown.contains("set bond bond0 members eth1"), "{shown}");
    let told = terminal.configures("run configure");
    assert!(told.contains("that is what you are doing"), "{told}");
}

#[test]
fn the_keys_know_the_configuration() {
    let (stage, _ctld) = stage();
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.configures("configure");
    terminal.types("set bo\t");
    terminal.sees("bond ");
    terminal.types("b\t");
    terminal.sees("bond0 ");
    terminal.types("mod?");
    terminal.sees("  mode");
    terminal.configure_prompt();
    terminal.types("e ?");
    terminal.sees("802.3ad");
    terminal.configure_prompt();
    terminal.types("act\t");
    terminal.sees("active-backup ");
}

#[test]
fn without_ctld_there_is_nothing_to_configure() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, SERIAL);
    let told = terminal.does("configure");
    assert!(told.contains("ctld is not running"), "{told}");
}
