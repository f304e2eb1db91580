use std::fs;

use tokio::time::timeout;

use super::*;

const GENEROUS: Duration = Duration::from_secs(30);

fn shell(script: &str, dir: &Path) -> Program {
    Program {
        path: "/bin/sh",
        args: vec![
            "-c".into(),
            script.into(),
            "sh".into(),
            dir.display().to_string(),
        ],
        config: Some((dir.join("config"), "text".to_owned())),
        pid_file: dir.join("pid"),
        prefix: Prefix::Timestamp,
    }
}

/// What the scripts say, line by line: a FIFO has no other end to wait for.
struct Said {
    lines: tokio::io::Lines<tokio::io::BufReader<tokio::net::unix::pipe::Receiver>>,
}

impl Said {
    fn in_dir(dir: &Path) -> Self {
        use tokio::io::AsyncBufReadExt;
        let path = dir.join("said");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        let mut options = tokio::net::unix::pipe::OpenOptions::new();
        let end = options.read_write(true).open_receiver(&path);
        let lines = tokio::io::BufReader::new(end.expect("its end")).lines();
        Self { lines }
    }

    async fn next(&mut self) -> String {
        let line = timeout(GENEROUS, self.lines.next_line()).await;
        line.expect("in time").expect("a line").expect("no end")
    }
}

#[tokio::test]
async fn a_program_that_ends_is_started_again_with_its_configuration_and_without_an_old_pid_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut said = Said::in_dir(dir.path());
    fs::write(dir.path().join("pid"), "1").expect("left by another one");
    let foreign = Foreign::new("test");
    let script = r#"test -e "$1/pid" || echo "$(cat "$1/config")" >"$1/said"; echo 1 >"$1/pid""#;
    foreign.want(Some(shell(script, dir.path())));
    assert_eq!(said.next().await, "text");
    assert_eq!(said.next().await, "text");
}

#[tokio::test]
async fn another_program_takes_its_place_once_the_first_has_ended_and_the_same_one_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut said = Said::in_dir(dir.path());
    let foreign = Foreign::new("test");
    let script = |name: &str| {
        let script = format!(
            r#"trap 'echo {name} ended >"$1/said"; exit' TERM; echo {name} >"$1/said"; while :; do sleep 0.05; done"#
        );
        shell(&script, dir.path())
    };
    foreign.want(Some(script("one")));
    assert_eq!(said.next().await, "one");
    foreign.want(Some(script("one")));
    foreign.want(Some(script("two")));
    assert_eq!(said.next().await, "one ended", "and not \"one\" again");
    assert_eq!(said.next().await, "two");
    foreign.want(None);
    assert_eq!(said.next().await, "two ended");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_tried_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut said = Said::in_dir(dir.path());
    let foreign = Foreign::new("test");
    let missing = Program {
        path: "/nowhere/program",
        ..shell("", dir.path())
    };
    foreign.want(Some(missing));
    foreign.want(Some(shell(r#"echo here >"$1/said""#, dir.path())));
    assert_eq!(said.next().await, "here");
}

#[test]
fn the_pause_begins_anew_after_a_minute_of_life() {
    assert_eq!(first_after(Duration::from_secs(59), LONGEST), LONGEST);
    assert_eq!(first_after(HEALTHY, LONGEST), FIRST);
}
