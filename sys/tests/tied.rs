//! A tied child ends with who started it; one that is not lives on.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

use std::io::Read;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

/// What a shell of ours says that was started by a thread which has ended since, and was then told to go on.
fn said_by_an_orphan(is_tied: bool) -> String {
    let start = move || {
        let mut command = Command::new("/bin/sh");
        command
            .args([
                "-c",
                "trap 'echo ended; exit' TERM; echo up; while read line; do echo alive; exit; done",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if is_tied {
            sys::tied::tie(&mut command, Signal::SIGTERM);
        }
        let mut child = command.spawn().expect("a shell");
        // Its trap is set once it speaks.
        let mut up = [0; 3];
        let output = child.stdout.as_mut().expect("piped");
        output.read_exact(&mut up).expect("its first line");
        child
    };
    let mut child = std::thread::spawn(start).join().expect("started");
    let mut input = child.stdin.take().expect("piped");
    let mut said = String::new();
    if !is_tied {
        std::io::Write::write_all(&mut input, b"go on\n").expect("it reads");
    }
    let output = child.stdout.as_mut().expect("piped");
    output.read_to_string(&mut said).expect("text");
    child.wait().expect("over");
    drop(input);
    said
}

#[test]
fn a_tied_child_gets_the_signal_when_who_started_it_has_ended() {
    assert_eq!(said_by_an_orphan(true), "ended\n");
}

#[test]
fn a_child_that_is_not_tied_lives_on() {
    assert_eq!(said_by_an_orphan(false), "alive\n");
}
