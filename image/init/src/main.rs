//! `init`: process 1 of the appliance. No async, and no work of its own but to start, to listen and to end.
//!
//! - `boot` is the start, step by step: the watchdog (`watchdog` the policy, `feeder` the thread), file systems
//!   (`mount`), drivers (`plug` finds, `module` decides, `load` loads), the data partition (`disk`, `gpt`,
//!   `data`), names of NICs (`nic` decides, `interfaces` does), the configuration's books.
//! - `running` is the loop: the supervisor, logins, orphans, the slot's trial (`slot`, `grubenv`).
//! - `end` is the end.
//! - What decides is a value without a clock or a file; what does is small.
//! - It never ends by itself: an error is told (`log`, `notice`), and it goes on with what there is. A panic is the
//!   kernel's panic, a restart, and a try of the slot.
//! - Started by anybody but the kernel at its start, it is modprobe (`modprobe`).

mod backoff;
mod boot;
mod boot_partition;
mod cmdline;
mod data;
mod disk;
mod durable;
mod end;
mod feeder;
mod gpt;
mod grubenv;
mod hold;
mod interfaces;
mod load;
mod log;
mod logins;
mod modprobe;
mod module;
mod mount;
mod nic;
mod notice;
mod plug;
mod running;
mod signals;
mod slot;
mod supervisor;
mod tool;
mod transcript;
mod uevent;
mod watchdog;

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::process::id() == 1 {
        boot::run();
    }
    modprobe::run(std::env::args().skip(1))
}
