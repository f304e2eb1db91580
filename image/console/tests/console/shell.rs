//! A person at the prompt.

use std::sync::mpsc::channel;
use std::time::Duration;

use control::show::Noun;
use tests::standin::StandIn;

use crate::stage::{Stage, events};
use crate::terminal::{CTRL_C, CTRL_D, DUMB, SERIAL, Terminal, WINDOW};

#[test]
fn a_question_mark_shows_what_may_stand_next_and_the_line_stays() {
    for kind in [WINDOW, SERIAL] {
        let stage = Stage::new();
        let mut terminal = Terminal::new(&stage, kind);
        terminal.types("show v?");
        terminal.sees("  version  What runs here");
        terminal.sees("  vrrp");
        let shown = terminal.prompt();
        assert!(!shown.contains("bond"), "{shown}");
        // The line is there again; the rest of it is typed behind the cursor.
        terminal.sees("show v");
        terminal.enters("e");
        terminal.sees("hostd is not running");
        terminal.prompt();
    }
}

#[test]
fn on_a_terminal_that_only_prints_a_question_mark_at_the_end_asks() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, DUMB);
    let shown = terminal.does("show ?");
    assert!(
        shown.contains("  vrrp           The virtual routers"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_question_mark_within_quotes_is_a_character() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.enters("ping \"why?\"");
    terminal.sees("ping why?: an address or a host name");
    terminal.prompt();
}

#[test]
fn the_tab_key_completes_a_word_and_lists_where_there_are_several() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.types("sh\t");
    terminal.sees("show ");
    terminal.types("v\t");
    let listed = terminal.sees("vrrp");
    assert!(listed.contains("version"), "{listed}");
    terminal.types("r\t");
    terminal.sees("show vrrp ");
    terminal.enters("");
    terminal.sees("vrrpd is not running");
}

#[test]
fn ctrl_c_drops_the_line_and_ctrl_d_ends_the_session() {
    for kind in [WINDOW, SERIAL, DUMB] {
        let stage = Stage::new();
        let mut terminal = Terminal::new(&stage, kind);
        terminal.types(&format!("show no such thing{CTRL_C}"));
        let dropped = terminal.prompt();
        assert!(!dropped.contains("unknown"), "{kind:?}: {dropped}");
        terminal.types(CTRL_D);
        terminal.ends();
    }
}

#[test]
fn exit_and_quit_end_the_session() {
    for word in ["exit", "quit", "qu"] {
        let stage = Stage::new();
        let mut terminal = Terminal::new(&stage, SERIAL);
        terminal.enters(word);
        terminal.ends();
    }
}

#[test]
fn a_word_that_is_not_known_or_means_several_is_told_and_the_session_goes_on() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, SERIAL);
    let told = terminal.does("shwo vrrp");
    assert!(
        told.contains("shwo: unknown here; known: show | monitor"),
        "{told}"
    );
    let told = terminal.does("show v");
    assert!(
        told.contains("v: more than one word: version | vrrp"),
        "{told}"
    );
    let told = terminal.does("show \"vrrp");
    assert!(told.contains('"'), "{told}");
    let told = terminal.does("show");
    assert!(told.contains("incomplete; next may stand"), "{told}");
}

#[test]
fn what_is_longer_than_the_terminal_is_shown_page_by_page() {
    for kind in [WINDOW, SERIAL, DUMB] {
        let stage = Stage::new();
        let _supervisor = stage.shows("supervisor", events(60));
        let mut terminal = Terminal::new(&stage, kind);
        terminal.enters("show events");
        let page = terminal.sees("--More--");
        assert!(
            page.contains("event 23\r\n") && !page.contains("event 24"),
            "{page}"
        );
        terminal.types("\r");
        let line = terminal.sees("--More--");
        assert!(
            line.contains("event 24\r\n") && !line.contains("event 25"),
            "{line}"
        );
        terminal.types(" ");
        let page = terminal.sees("--More--");
        assert!(
            page.contains("event 47\r\n") && !page.contains("event 48"),
            "{page}"
        );
        terminal.types("q");
        let rest = terminal.prompt();
        assert!(!rest.contains("event"), "{rest}");
    }
}

#[test]
fn nothing_waits_where_the_end_is_near_or_no_more_stands_behind_it() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(60));
    let mut terminal = Terminal::new(&stage, WINDOW);
    for line in [
        "show events | no-more",
        "show events | match \"event 5\"",
        "show events | count",
    ] {
        let shown = terminal.does(line);
        assert!(!shown.contains("--More--"), "{line}: {shown}");
    }
}

#[test]
fn a_line_may_end_in_pipes() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(60));
    let mut terminal = Terminal::new(&stage, WINDOW);
    let shown = terminal.does("show events | match \"event 5\" | except 55");
    assert!(
        shown.contains("event 5\r\n") && shown.contains("event 59"),
        "{shown}"
    );
    assert!(
        !shown.contains("event 55") && !shown.contains("event 60"),
        "{shown}"
    );
    let shown = terminal.does("sh ev | m \"event 5\" | cou");
    assert!(shown.contains("\n11 lines\r\n"), "{shown}");
    let shown = terminal.does("exit | count");
    assert!(shown.contains("exit: nothing to pipe"), "{shown}");
    terminal.types("show events | n?");
    terminal.sees("  no-more  Without a pause");
}

#[test]
fn lines_that_come_at_once_are_all_done() {
    for kind in [WINDOW, DUMB] {
        let stage = Stage::new();
        let _supervisor = stage.shows("supervisor", events(3));
        let mut terminal = Terminal::new(&stage, kind);
        terminal.types("show events\rshow log\rshow events | count\r");
        for _ in 0..2 {
            terminal.sees("event 3");
        }
        terminal.sees("3 lines");
    }
}

#[test]
fn lines_that_were_typed_come_back() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(3));
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.does("show events");
    terminal.types("\u{1b}[A\r");
    terminal.sees("event 3");
    terminal.prompt();
}

#[test]
fn help_lists_every_command_of_the_mode() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, WINDOW);
    let help = terminal.does("help");
    for word in ["show", "monitor", "capture", "request", "configure", "| "] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn a_daemon_does_not_wait_for_who_reads_pages() {
    let stage = Stage::new();
    let (sender, all_taken) = channel();
    let _supervisor = stage.daemon("supervisor", move |call| {
        let (mut reply, sender) = (call.reply(), sender.clone());
        tokio::spawn(async move {
            reply.begin(Noun::Events).await?;
            for event in events(20_000) {
                reply.item(&event).await?;
            }
            reply.end().await?;
            sender.send(()).map_err(std::io::Error::other)
        });
    });
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.enters("show events");
    terminal.sees("--More--");
    let taken = all_taken.recv_timeout(Duration::from_secs(20));
    assert_eq!(taken, Ok(()));
    terminal.types("q");
    terminal.prompt();
}

/// A supervisor whose events come without an end.
fn endless(stage: &Stage) -> StandIn {
    stage.daemon("supervisor", |call| {
        let mut reply = call.reply();
        tokio::spawn(async move {
            reply.begin(Noun::Events).await?;
            let event = events(1).remove(0);
            loop {
                reply.item(&event).await?;
            }
            #[expect(unreachable_code, reason = "the type of what ends it")]
            std::io::Result::Ok(())
        });
    })
}

#[test]
fn ctrl_c_ends_what_is_printed_and_not_the_session() {
    for kind in [WINDOW, DUMB] {
        let stage = Stage::new();
        let _supervisor = endless(&stage);
        let mut terminal = Terminal::new(&stage, kind);
        terminal.enters("show events | no-more");
        terminal.sees("event 1");
        terminal.types(CTRL_C);
        terminal.prompt();
        assert!(terminal.does("help").contains("show"));
    }
}
