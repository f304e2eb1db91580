//! `monitor`: pictures and lines that come by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use control::show::Noun;

use crate::stage::{Stage, events, is_show};
use crate::terminal::{CTRL_C, DUMB, SERIAL, Terminal, WINDOW};

#[test]
fn a_program_gets_as_many_pictures_as_it_wants_a_rule_before_each() {
    let stage = Stage::new();
    let _vrrpd = stage.shows("vrrpd", Vec::new());
    let done = stage.run(&["monitor", "vrrp", "--count", "2"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let rules = done.out.lines().filter(|line| line.starts_with("-- 20"));
    assert_eq!(rules.count(), 2, "{}", done.out);
    assert!(
        done.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        done.out
    );
}

#[test]
fn of_events_only_what_is_new_is_shown() {
    let stage = Stage::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let _supervisor = stage.daemon("supervisor", move |call| {
        assert!(is_show(&call.request, Noun::Events));
        let times = count.fetch_add(1, Ordering::Relaxed);
        call.answer(Noun::Events, events(if times == 0 { 2 } else { 3 }));
    });
    let done = stage.run(&["monitor", "events", "--count", "3"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let texts = done.out.lines().map(|line| line.split("lvsd: ").last());
    let expected = [1, 2, 3].map(|number| format!("event {number}"));
    assert_eq!(texts.flatten().collect::<Vec<_>>(), expected);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[test]
fn a_terminal_is_cleared_for_each_picture_and_a_key_ends_it() {
    for key in ["q", CTRL_C] {
        let stage = Stage::new();
        let _vrrpd = stage.shows("vrrpd", Vec::new());
        let mut terminal = Terminal::new(&stage, SERIAL);
        terminal.enters("monitor vrrp");
        for _ in 0..2 {
            terminal.sees("\u{1b}[H\u{1b}[2J");
            terminal.sees("q ends --");
        }
        terminal.types(key);
        terminal.prompt();
    }
}

#[test]
fn a_picture_fits_the_terminal_and_says_what_is_missing() {
    let stage = Stage::new();
    let reason = |n: u32| serde_json::json!({"reason": format!("r{n}"), "layer": "lvs", "fate": "drop", "count": 1});
    let _lvsd = stage.shows("lvsd", (1..=60).map(reason).collect());
    let _vrrpd = stage.shows("vrrpd", Vec::new());
    let mut terminal = Terminal::new(&stage, WINDOW);
    terminal.enters("monitor drops");
    terminal.sees("\u{1b}[H\u{1b}[2J");
    let picture = terminal.sees("38 more lines; q ends --");
    assert_eq!(picture.lines().count(), 24, "{picture}");
    terminal.types("q");
    terminal.prompt();
}

#[test]
fn on_a_terminal_that_only_prints_pictures_follow_each_other() {
    let stage = Stage::new();
    let _vrrpd = stage.shows("vrrpd", Vec::new());
    let mut terminal = Terminal::new(&stage, DUMB);
    terminal.enters("monitor vrrp");
    for _ in 0..2 {
        terminal.sees("-- 20");
    }
    terminal.types("q");
    assert!(!terminal.prompt().contains('\u{1b}'));
}

#[test]
fn a_daemon_that_is_not_there_is_waited_for_by_a_person_and_not_by_a_program() {
    let stage = Stage::new();
    let done = stage.run(&["monitor", "vrrp"]);
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("vrrpd is not running"), "{}", done.err);
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.enters("monitor vrrp");
    terminal.sees("vrrpd is not running");
    let _vrrpd = stage.shows("vrrpd", Vec::new());
    terminal.sees("\u{1b}[H\u{1b}[2J");
    terminal.types("q");
    terminal.prompt();
}

#[test]
fn a_count_of_nothing_is_bad_usage() {
    let stage = Stage::new();
    for count in ["0", "-1", "many"] {
        let done = stage.run(&["monitor", "vrrp", "--count", count]);
        assert_eq!(done.code, Some(2), "{count}");
    }
}
