//! What is said over the socket between a world's owner and its helper.

use serde::{Deserialize, Serialize};

/// What the owner wants. A host that is `None` is the middle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// A new host; with the answer comes the packet socket at the switch's end of its cable.
    Host { name: String },
    /// Lines of `ip`, in one process.
    Ip {
        host: Option<String>,
        lines: Vec<String>,
    },
    /// Network sysctls: path below `/proc/sys/net`, value.
    Sysctl {
        host: Option<String>,
        settings: Vec<(String, String)>,
    },
    /// A program; with it come its standard output, its standard error, and where to say how it ended.
    Run {
        host: Option<String>,
        program: String,
        arguments: Vec<String>,
    },
    /// A signal to a program, or to it and all that it has started.
    Signal { pid: i32, signal: i32, group: bool },
    /// A TCP socket; it comes with the answer.
    Socket { host: Option<String>, ipv6: bool },
}

/// What the helper says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It is so.
    Done,
    /// The program runs.
    Running {
        /// Its identifier inside.
        pid: i32,
    },
    /// It is not so.
    Refused {
        /// Why.
        why: String,
    },
}
