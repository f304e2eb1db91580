//! What init says: everything to the kernel's log, and what an operator must see to the consoles. Never
//! waits: a serial line that nobody reads must not hold up process 1.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::fcntl::OFlag;

/// Below what the kernel shows on a console by default, so that nothing is there twice.
const INFORMATION: &str = "<6>";

/// The kernel takes a record of at most about 1,000 bytes.
const MAX_RECORD: usize = 900;

/// Where lines go.
#[derive(Debug)]
pub struct Log {
    kernel: Option<File>,
    consoles: Vec<File>,
}

impl Log {
    /// To the kernel's log, and to the consoles that the kernel uses now. None of them need be there.
    pub fn open() -> Self {
        Self {
            kernel: OpenOptions::new().write(true).open("/dev/kmsg").ok(),
            consoles: consoles().iter().filter_map(|name| console(name)).collect(),
        }
    }

    /// A line for who looks for it.
    pub fn info(&self, text: &str) {
        let Some(mut kernel) = self.kernel.as_ref() else {
            return;
        };
        let text = &text[..text.floor_char_boundary(MAX_RECORD)];
        // One write is one record. Where there is no log there is nobody to tell.
        kernel
            .write_all(format!("{INFORMATION}init: {text}\n").as_bytes())
            .ok();
    }

    /// A line that the operator must see: something is wrong.
    pub fn warn(&self, text: &str) {
        self.info(text);
        self.say(&format!("init: {text}"));
    }

    /// A line on the consoles.
    pub fn say(&self, line: &str) {
        for mut console in &self.consoles {
            // What does not fit into the line's buffer is lost there; it is in the kernel's log.
            drop(console.write(format!("{line}\r\n").as_bytes()));
        }
    }
}

/// The names of the consoles that the kernel uses.
pub fn consoles() -> Vec<String> {
    let active = fs::read_to_string("/sys/class/tty/console/active").unwrap_or_default();
    active.split_whitespace().map(str::to_owned).collect()
}

fn console(name: &str) -> Option<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(PathBuf::from("/dev").join(name))
        .ok()
}
