//! Programs as process 1 starts them.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

use std::fs::File;
use std::io::{Read, Write, pipe};
use std::os::fd::OwnedFd;

use nix::pty::openpty;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use sys::program::Program;

fn shell(script: &str) -> Program {
    Program::new("/bin/sh")
        .args(["-c", script])
        .env("PATH", "/usr/bin:/bin")
}

fn end(pid: u32) -> WaitStatus {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid"));
    waitpid(pid, None).expect("a child of ours")
}

/// All that it wrote, after its end.
fn said(program: Program) -> String {
    let (mut reader, writer) = pipe().expect("a pipe");
    let program = program.output(OwnedFd::from(writer)).expect("given");
    let pid = program.start().expect("started");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("text");
    assert!(matches!(end(pid), WaitStatus::Exited(_, 0)), "{text}");
    text
}

#[test]
fn a_program_has_the_environment_it_was_given_and_no_other() {
    let text = said(shell("echo $KEY; echo \"$CARGO_MANIFEST_DIR\"; pwd; cat").env("KEY", "value"));
    assert_eq!(text, "value\n\n/\n");
}

#[test]
fn a_descriptor_is_passed_by_its_number_in_a_variable() {
    let (mut reader, writer) = pipe().expect("a pipe");
    let program = shell("echo here >/proc/self/fd/$WORD_FD").pass("WORD_FD", writer.into());
    let pid = program.start().expect("started");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("text");
    assert_eq!(text, "here\n");
    assert!(matches!(end(pid), WaitStatus::Exited(_, 0)));
}

#[test]
fn neither_blocked_nor_ignored_signals_are_inherited() {
    // In a process of its own: what is ignored is ignored for all threads.
    let this = std::env::current_exe().expect("this test");
    let program = Program::new(this).args([
        "--exact",
        "helper_that_starts_a_program_with_a_mask",
        "--ignored",
        "--nocapture",
    ]);
    let text = said(program);
    let of = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        let mask = line.and_then(|line| line.split_whitespace().nth(1));
        u64::from_str_radix(mask.expect("a mask"), 16).expect("hexadecimal")
    };
    // Signals 32 and 33 are the C library's own.
    let ordinary = (1 << 31) - 1;
    assert_eq!(of("SigBlk:"), 0, "{text}");
    assert_eq!(of("SigIgn:") & ordinary, 0, "{text}");
}

#[test]
#[ignore = "run by the test above"]
fn helper_that_starts_a_program_with_a_mask() {
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGCHLD);
    mask.add(Signal::SIGTERM);
    mask.thread_block().expect("blocked");
    // SAFETY: ignoring a signal installs no handler.
    #[expect(unsafe_code, reason = "a disposition is process-wide state")]
    unsafe { signal(Signal::SIGUSR1, SigHandler::SigIgn) }.expect("ignored");
    let text = said(Program::new("/usr/bin/cat").args(["/proc/self/status"]));
    std::io::stdout().write_all(text.as_bytes()).expect("said");
}

#[test]
fn a_terminal_is_all_streams_and_the_controlling_one() {
    let pty = openpty(None, None).expect("a terminal");
    let program = shell("exec 3<>/dev/tty && test -t 0 && test -t 1 && test -t 2 && exit 7");
    let program = program.terminal(File::from(pty.slave)).expect("given");
    let pid = program.start().expect("started");
    assert!(matches!(end(pid), WaitStatus::Exited(_, 7)));
}

#[test]
fn a_program_without_a_terminal_has_none() {
    let pid = shell("exec 3<>/dev/tty").start().expect("started");
    assert!(!matches!(end(pid), WaitStatus::Exited(_, 0)));
}

#[test]
fn a_name_is_looked_up_in_the_path_that_was_given() {
    let found = Program::new("true").env("PATH", "/usr/bin:/bin").start();
    assert!(matches!(
        end(found.expect("started")),
        WaitStatus::Exited(_, 0)
    ));
    let missing = Program::new("true").env("PATH", "/nowhere").start();
    let missing = missing.expect_err("started").to_string();
    assert!(missing.contains("true"), "{missing}");
}
