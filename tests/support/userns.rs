//! Hosts for nobody: real programs in network namespaces, without root.
//!
//! A [`World`] is an unprivileged user namespace with a network namespace in the middle and one for each
//! [`Host`], joined by veth. The switch's ends of these cables are packet sockets that come to the owner, so
//! that a [`Switch`](crate::switch::Switch) in the owner's own process, or in the middle, has them for ports.
//! ```text
//! owner: Switch ◄── packet sockets ──┐          ┌ client eth0 ┐
//!   │ wishes                         ├─ middle ─┼ web1   eth0 ┤ veth, offloads off
//!   └─► world ─► process 1 inside ───┘          └ web2   eth0 ┘
//! ```
//! A helper program, `world`, holds it. It is told what to do over a socket, and when that socket ends, be it
//! that the [`World`] is dropped, that its owner panics or that it is killed with SIGKILL, process 1 inside
//! ends, and with it the kernel ends every process, namespace and interface inside. (A death signal alone
//! would not do: it reaches no grandchildren, and comes when the thread ends that made the child.)
//!
//! What may forbid user namespaces is said by the error, with the setting that would allow them. There is one
//! user inside, root, and no other can be had: a program that wants to become somebody else fails.

mod helper;
mod host;
mod inside;
mod link;
mod program;
mod request;
mod web;

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use sys::packet::Packet;

pub use helper::main;
pub use host::Host;
pub use program::Program;
pub use web::WebServer;

use crate::lab::directory::{self, Directory};
use crate::wait;
use link::Link;
use request::Request;

/// How long the end of everything inside may take.
const END: Duration = Duration::from_secs(20);

/// A world; dropping it ends everything inside.
#[derive(Debug)]
pub struct World {
    link: Arc<Link>,
    helper: Child,
    directory: Directory,
}

impl World {
    /// Starts the helper program, which is the binary `world` of this package.
    ///
    /// # Errors
    /// When this user may not have a user namespace, and what would allow it.
    pub fn start(helper: &Path) -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let (socket, theirs) = Packet::pair().context("making the helper's socket")?;
        let mut helper = Command::new(helper)
            .arg(directory.path())
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            // Ctrl-C on the terminal is for the owner, which ends things in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", helper.display()))?;
        let link = Link::new(socket).inspect_err(|_| {
            // It has nothing to do any more.
            helper.wait().ok();
        });
        let link = Arc::new(link?);
        Ok(Self {
            link,
            helper,
            directory,
        })
    }

    /// Adds a host: a namespace whose interface `eth0` is up and has no address yet, and the switch's end of
    /// its cable, for [`Config::socket`](crate::switch::Config::socket). The name is at most 15 bytes.
    ///
    /// # Errors
    /// When there is such a host, or what the kernel says.
    pub fn host(&self, name: &str) -> Result<(Host, OwnedFd)> {
        let request = Request::Host {
            name: name.to_owned(),
        };
        let what = || format!("making host {name}");
        let socket = self.link.open(&request).with_context(what)?;
        let name = Some(name.to_owned());
        let link = Arc::clone(&self.link);
        Ok((Host { link, name }, socket))
    }

    /// The namespace in the middle, where the switch's end of each cable has its host's name.
    #[must_use]
    pub fn middle(&self) -> Host {
        let link = Arc::clone(&self.link);
        Host { link, name: None }
    }

    /// An empty directory of the world's; it goes with it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        self.directory.room(name)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.link.close();
        let ended = wait::until("the helper of a world to end", END, || {
            self.helper.try_wait().ok().flatten()
        });
        if ended.is_err() {
            // Process 1 inside dies with it.
            self.helper.kill().ok();
            self.helper.wait().ok();
        }
    }
}
