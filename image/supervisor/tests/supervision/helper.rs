//! A daemon that is tied to its supervisor, as the real ones are: this test's own program, told by a FIFO
//! what to do.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::process::exit;
use std::sync::atomic::Ordering;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use sys::memory::SharedMemory;
use sys::store::{DAEMON, FdStore};
use sys::supervised::ANEW;

use crate::stage::{DAEMONS, Stage};

impl Stage {
    /// A stage on which every daemon is this one.
    pub fn of_helpers() -> Self {
        let stage = Self::new();
        for name in DAEMONS {
            let fifo = stage.path(&format!("to-{name}"));
            mkfifo(&fifo, Mode::S_IRWXU).expect("fifo");
            stage.helper(name, "");
        }
        stage
    }

    /// Makes `name` the helper; `environment` goes before its program.
    pub fn helper(&self, name: &str, environment: &str) {
        let this = std::env::current_exe().expect("this test");
        let run = "--exact helper::helper_daemon --ignored --nocapture $dir";
        let body = format!(
            "export HELPER_DIR=$dir {environment}\nexec {} {run}",
            this.display()
        );
        self.script(name, &body);
    }

    /// Tells the helper `name` to do something.
    pub fn tell(&self, name: &str, what: &str) {
        fs::write(self.path(&format!("to-{name}")), format!("{what}\n")).expect("told");
    }
}

#[test]
#[ignore = "run as a daemon by the tests of this program"]
fn helper_daemon() {
    let Ok(dir) = std::env::var("HELPER_DIR") else {
        return;
    };
    let supervised = sys::supervised::begin();
    let store = FdStore::from_env().expect("a supervisor");
    println!("has {}", kept(&store));
    if std::env::var_os("HELPER_SLOW").is_none() {
        sys::ready::notify();
    }
    let name = std::env::var(DAEMON).expect("a name");
    let fifo = File::options()
        .read(true)
        .write(true)
        .open(format!("{dir}/to-{name}"));
    let mut told = BufReader::new(fifo.expect("fifo"));
    loop {
        supervised.beat();
        let mut wanted = [PollFd::new(told.get_ref().as_fd(), PollFlags::POLLIN)];
        // What was read with an earlier line is there already.
        if told.buffer().is_empty() && poll(&mut wanted, 100_u16).expect("poll") == 0 {
            continue;
        }
        let mut what = String::new();
        told.read_line(&mut what).expect("told");
        match what.trim_end().split_once(' ').expect("two words") {
            ("say", text) => println!("{text}"),
            ("keep", value) => keep(&store, value, false),
            ("keep-durable", value) => keep(&store, value, true),
            ("be", "ready") => sys::ready::notify(),
            ("be", "hung") => loop {
                std::thread::park();
            },
            ("be", "anew") => {
                assert_eq!(supervised.anew(), ANEW.into());
                exit(ANEW.into());
            }
            (other, _) => panic!("{other}?"),
        }
    }
}

/// The number that is stored; 0 when none is.
fn kept(store: &FdStore) -> u64 {
    let items = store.fetch().expect("fetched");
    items.first().map_or(0, |item| {
        let fd = item.fds[0].as_fd().try_clone_to_owned().expect("dup");
        let memory = SharedMemory::from_fd(fd).expect("mapping");
        memory.words()[0].load(Ordering::Acquire)
    })
}

fn keep(store: &FdStore, value: &str, durable: bool) {
    let memory = SharedMemory::create("kept", 8).expect("memory");
    let number = value.parse().expect("a number");
    memory.words()[0].store(number, Ordering::Release);
    store
        .store("kept", "{}", &[memory.as_fd()], durable)
        .expect("stored");
    println!("kept {value}");
}
