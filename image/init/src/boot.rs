//! The start of the machine, step by step, up to the supervisor's.

use std::convert::Infallible;
use std::fs::{self, OpenOptions};
use std::io::{self, PipeReader};
use std::os::fd::AsFd;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::reboot::{RebootMode, reboot, set_cad_enabled};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::cmdline::{CommandLine, banner};
use crate::disk::BootDisk;
use crate::feeder::{Feeder, now};
use crate::hold::Hold;
use crate::load::Loader;
use crate::log::{Log, consoles};
use crate::logins::Logins;
use crate::notice::Notices;
use crate::plug::{self, Plugged};
use crate::running::Running;
use crate::signals::Signals;
use crate::slot::Trial;
use crate::supervisor::{RUN_DIR, Supervisor};
use crate::{boot_partition, data, interfaces, mount, tool};

/// Drivers look for their devices: at most this long, then it goes on with what there is.
const SETTLING: Duration = Duration::from_secs(60);

/// A disk on USB or behind a slow controller comes this late.
const DISK: Duration = Duration::from_secs(20);

/// ctld puts the books in order within this time.
const MENDING: Duration = Duration::from_secs(60);

/// Logins begin when the supervisor is ready, and after this time in any case.
const LOGINS: Duration = Duration::from_secs(30);

const RESCUE: &str = "/run/rescue.toml";

/// Starts the machine and runs it. Never comes back.
pub fn run() -> ! {
    // Before any thread is there.
    let signals = Signals::take();
    let faults = mount::system();
    let log = Log::open();
    for fault in &faults {
        log.warn(fault);
    }
    if let Err(e) = standard_streams() {
        log.warn(&format!("standard streams: {e}"));
    }
    let why = match signals.and_then(|signals| start(signals, &log)) {
        Ok(never) => match never {},
        Err(e) => e,
    };
    give_up(&log, &why)
}

/// Without what it needs itself, process 1 can only have the machine started anew: that costs a try.
fn give_up(log: &Log, why: &io::Error) -> ! {
    log.warn(&format!("cannot go on: {why}"));
    loop {
        thread::sleep(Duration::from_secs(10));
        // Refused: then the watchdog, which nobody feeds, or the next time.
        reboot(RebootMode::RB_AUTOBOOT).ok();
    }
}

/// What is printed by a panic is in the kernel's log; a console could make it wait.
fn standard_streams() -> io::Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    let kernel = OpenOptions::new().write(true).open("/dev/kmsg")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&kernel)?;
    Ok(())
}

fn start(signals: Signals, log: &Log) -> io::Result<Infallible> {
    let command_line = CommandLine::read();
    let mut feeder = Feeder::new(SETTLING);
    log.say(&banner(command_line.slot));
    let mut plug = devices(&mut feeder, log)?;
    settings(log);

    feeder.busy(SETTLING + DISK);
    if !wait(&mut plug, SETTLING, |word| word == Plugged::Settled) {
        log.warn("some drivers are still looking for their devices");
    }
    feeder.arm(log);
    if !feeder.is_armed() {
        log.info("no watchdog: a machine that hangs is not reset");
    }

    let mut notices = Notices::default();
    let disk = storage(&mut plug, &mut feeder, &mut notices, log);
    interfaces::name(log);
    books(&mut feeder, &mut notices, log);
    notices.say(log);

    let trial = Trial::new(disk.as_ref().and_then(BootDisk::boot), command_line.slot);
    let running = Running {
        hold: Hold::new(command_line.hold, log),
        logins: Logins::new(&consoles(), now() + LOGINS),
        supervisor: Supervisor::new(),
        signals,
        plug: Some(plug),
        feeder,
        trial,
        disk,
        end: None,
    };
    running.run(log)
}

/// The watchdog, and then all other devices' drivers.
fn devices(feeder: &mut Feeder, log: &Log) -> io::Result<PipeReader> {
    let mut loader = Loader::open()?;
    for fault in plug::watchdogs(&mut loader) {
        log.info(&fault);
    }
    feeder.arm(log);
    plug::start(loader)
}

/// What the kernel is to know of this system.
fn settings(log: &Log) {
    let settings = [
        // This program, which is no process 1 then.
        ("/proc/sys/kernel/modprobe", "/init"),
        // Few lines, and none of them may be lost. (With the line's end: else the kernel refuses it.)
        ("/proc/sys/kernel/printk_devkmsg", "on\n"),
    ];
    for (file, value) in settings {
        if let Err(e) = fs::write(file, value) {
            log.info(&format!("{file}: {e}"));
        }
    }
    // Ctrl-Alt-Del is a signal to process 1 then, no reset.
    if let Err(e) = set_cad_enabled(false) {
        log.info(&format!("Ctrl-Alt-Del: {e}"));
    }
    if let Err(e) = interfaces::loopback() {
        log.warn(&format!("loopback: {e}"));
    }
}

/// Waits for something that comes, for at most `limit`. Whether it came.
fn wait(plug: &mut PipeReader, limit: Duration, mut is_it: impl FnMut(Plugged) -> bool) -> bool {
    let end = now() + limit;
    loop {
        let Some(left) = end.checked_sub(now()) else {
            return false;
        };
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut readable = [PollFd::new(plug.as_fd(), PollFlags::POLLIN)];
        if poll(&mut readable, timeout) == Ok(0) {
            return false;
        }
        let words = plug::read(plug);
        if words.is_empty() {
            // The thread is gone, and has said why.
            return false;
        }
        if words.into_iter().any(&mut is_it) {
            return true;
        }
    }
}

/// The disk, `/data`, and what hostd has kept for a box without data.
fn storage(
    plug: &mut PipeReader,
    feeder: &mut Feeder,
    notices: &mut Notices,
    log: &Log,
) -> Option<BootDisk> {
    let mut disk = BootDisk::find(log);
    if disk.is_none() {
        wait(plug, DISK, |word| {
            if word == Plugged::Block {
                disk = BootDisk::find(log);
            }
            disk.is_some()
        });
    }
    feeder.busy(data::MAKING + data::CHECKING);
    let stays = data::open(disk.as_mut(), log, notices);
    let boot = disk.as_ref().and_then(BootDisk::boot);
    let rescue = Path::new(RESCUE);
    let copied = boot.map(|boot| boot_partition::copy_rescue(&boot, rescue));
    if let Some(Err(e)) = copied {
        log.warn(&format!("the boot partition cannot be read: {e}"));
    }
    let directory = Path::new(data::CONFIG).parent();
    if let Some(Err(e)) = directory.map(fs::create_dir_all) {
        log.warn(&format!("{}: {e}", data::CONFIG));
    }
    if !stays {
        match data::rescue(rescue) {
            Ok(true) => {
                let line = "the box runs from what was kept of its configuration: system, management, users";
                notices.write("rescue", line, log);
            }
            Ok(false) => {}
            Err(e) => log.warn(&format!("{}: {e}", data::CONFIG)),
        }
    }
    disk
}

/// ctld puts the configuration's books in order before any daemon reads them.
fn books(feeder: &mut Feeder, notices: &mut Notices, log: &Log) {
    if let Err(e) = fs::create_dir_all(RUN_DIR) {
        log.warn(&format!("{RUN_DIR}: {e}"));
    }
    feeder.busy(MENDING);
    let why = match tool::run("ctld", &["--config", data::CONFIG, "--mend"], MENDING) {
        Ok(ended) if ended.status == Some(0) => return,
        Ok(ended) => ended.last_line().to_owned(),
        Err(e) => e.to_string(),
    };
    let line = format!("the configuration could not be put in order: {why}");
    notices.write("mend", &line, log);
}
