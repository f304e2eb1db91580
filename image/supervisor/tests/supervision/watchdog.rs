//! The byte each second that says that the loop turns.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::stage::{Stage, Supervisor};

/// What process 1 has of the watchdog.
struct Fed(File);

impl Fed {
    fn begin(stage: &Stage) -> (Supervisor, Self) {
        let path = stage.path("watchdog");
        mkfifo(&path, Mode::S_IRWXU).expect("fifo");
        let mut options = File::options();
        options.read(true).custom_flags(nix::libc::O_NONBLOCK);
        let fed = options.open(&path).expect("fifo");
        let before = format!("export WATCHDOG_FD=9; exec 9>{}", path.display());
        (stage.start_after(&before), Self(fed))
    }

    /// Waits for bytes, and takes them; 0 when nobody can send one any more.
    fn next(&mut self) -> usize {
        let mut wanted = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut wanted, 60_000_u16).expect("poll"), 1, "in time");
        self.0.read(&mut [0; 64]).expect("read")
    }
}

#[tokio::test]
async fn a_byte_comes_each_second_also_when_daemons_are_dead() {
    let stage = Stage::new();
    stage.script("bondd", "exit 1");
    let (mut supervisor, mut fed) = Fed::begin(&stage);
    supervisor
        .until("supervisor: bondd: died too often: in maintenance")
        .await;
    supervisor.up("healthd").await;
    // What has gathered meanwhile, and then one by one.
    fed.next();
    let begin = std::time::Instant::now();
    for turn in 0..3 {
        assert_eq!(fed.next(), 1, "turn {turn}");
    }
    let took = begin.elapsed().as_secs_f32();
    assert!((1.9..60.0).contains(&took), "{took} s");
}

#[tokio::test]
async fn no_byte_comes_when_the_supervisor_is_dead_though_its_daemons_live() {
    let stage = Stage::new();
    let (mut supervisor, mut fed) = Fed::begin(&stage);
    assert!(supervisor.ready().await);
    supervisor.signal(Signal::SIGKILL);
    supervisor.end().await;
    while fed.next() > 0 {}
}
