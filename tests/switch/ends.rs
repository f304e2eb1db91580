//! How a world ends, and that nothing of it is left then.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::namespace::all_processes;
use tests::userns::WebServer;
use tests::wait;

use crate::world::{LIMIT, Stage};

/// Has [`owner_of_a_world`] write what it made to this file.
const OWNER: &str = "TEST_WORLD_OWNER";

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and nginx"]
fn a_world_that_is_dropped_leaves_nothing() -> Result<()> {
    let (stage, server, traces) = stage_with_traces()?;
    assert!(!speaking_of(&traces).is_empty() && Path::new(&traces).exists());
    drop(server);
    drop(stage);
    assert!(!Path::new(&traces).exists());
    wait_for_none(&traces)
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and nginx"]
fn a_world_whose_owner_panics_leaves_nothing() -> Result<()> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let owner = std::thread::spawn(move || {
        let stage = stage_with_traces().unwrap();
        sender.send(stage.2.clone()).unwrap();
        panic!("on purpose");
    });
    let traces = receiver.recv()?;
    assert!(owner.join().is_err());
    assert!(!Path::new(&traces).exists());
    wait_for_none(&traces)
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and nginx"]
fn a_world_whose_owner_is_killed_or_interrupted_leaves_nothing() -> Result<()> {
    for signal in [Signal::SIGKILL, Signal::SIGINT, Signal::SIGTERM] {
        let directory = tempfile::tempdir()?;
        let said = directory.path().join("traces");
        let mut owner = run_again("owner_of_a_world", |command| {
            command.env(OWNER, &said);
        })?;
        let traces = wait::until("the owner's world", LIMIT, || {
            let text = fs::read_to_string(&said).ok()?;
            text.strip_suffix('\n').map(str::to_owned)
        })?;
        assert_eq!(speaking_of(&traces).len(), 3, "the helper's two and nginx");
        kill(Pid::from_raw(i32::try_from(owner.id())?), signal)?;
        owner.wait()?;
        wait_for_none(&traces)?;
        wait::until("the directory to go", LIMIT, || {
            (!Path::new(&traces).exists()).then_some(())
        })?;
    }
    Ok(())
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and nginx"]
fn a_world_whose_helper_is_killed_is_over_and_its_owner_is_told() -> Result<()> {
    let (stage, _server, traces) = stage_with_traces()?;
    let helper = all_processes().into_iter().find(|process| {
        let line = command_line(process.pid);
        process.name == "world" && line.contains(&traces) && !line.contains("--inside")
    });
    let helper = helper.context("the helper")?;
    kill(Pid::from_raw(helper.pid), Signal::SIGKILL)?;
    wait_for_none(&traces)?;
    let error = stage.hosts[0].ip(&["link"]).unwrap_err();
    assert!(
        format!("{error:#}").contains("the helper is gone"),
        "{error:#}"
    );
    drop(stage);
    assert!(!Path::new(&traces).exists());
    Ok(())
}

/// Not a test: raises a world, says so, and waits to be killed.
#[test]
#[ignore = "run by another test"]
fn owner_of_a_world() -> Result<()> {
    let Some(said) = std::env::var_os(OWNER).map(PathBuf::from) else {
        return Ok(());
    };
    let (_stage, _server, traces) = stage_with_traces()?;
    let new = said.with_extension("new");
    fs::write(&new, format!("{traces}\n"))?;
    fs::rename(new, said)?;
    loop {
        std::thread::park();
    }
}

/// A world with a web server, and the path that the arguments of all its processes have in them.
fn stage_with_traces() -> Result<(Stage, WebServer, String)> {
    let stage = Stage::raise(&["web1"])?;
    let room = stage.world.room("web1")?;
    let server = WebServer::start(&stage.hosts[0], &[80], &room)?;
    let directory = room.parent().context("the world's directory")?;
    let traces = directory.display().to_string();
    Ok((stage, server, traces))
}

/// Processes with such an argument.
pub fn speaking_of(word: &str) -> Vec<String> {
    let processes = all_processes().into_iter();
    let lines = processes.map(|process| command_line(process.pid));
    lines.filter(|line| line.contains(word)).collect()
}

/// A process's arguments; none when it is gone.
fn command_line(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// Waits until there are no processes with such an argument.
pub fn wait_for_none(word: &str) -> Result<()> {
    wait::until_ok(LIMIT, || {
        let left = speaking_of(word);
        ensure!(left.is_empty(), "left: {left:?}");
        Ok(())
    })
}

/// Runs a test of this binary in a process of its own.
fn run_again(test: &str, change: impl FnOnce(&mut Command)) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--ignored", "--exact", &format!("ends::{test}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0);
    change(&mut command);
    command.spawn().context("starting the test binary again")
}
