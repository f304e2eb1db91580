//! Another configuration for a bond that is served: sockets and sessions of members that stay go on.

use std::io;

use bond::monitor::Ear;
use bond::{Config, Renumbering, egress};
use sys::memory::SharedMemory;

use super::{News, Served};
use crate::clock::now;
use crate::inbox::Host;
use crate::interfaces::Interfaces;
use crate::paths::{self, Paths};
use crate::port::{MemberPort, Owner};

impl Served {
    /// From here on the bond has these options and members; its MTU and its MAC are as before.
    ///
    /// # Errors
    /// When there is no memory for an egress table of other members.
    pub async fn set_config(&mut self, config: Config, interfaces: &Interfaces) -> io::Result<()> {
        self.news = News::Change;
        let to = Renumbering::between(self.engine.config(), &config);
        self.take_leave(Some(&config));
        self.part_paths(&to, &config);
        if !to.is_identity() {
            self.renumber(&to, &config)?;
        }
        for port in &mut self.members {
            port.listen_path(paths::family(&config));
        }
        self.engine.set_config(now(), config);
        self.change_paths(&to);
        if !to.is_identity() {
            self.publish();
            self.attach()?;
            self.join(interfaces).await;
        }
        Ok(())
    }

    /// Tells the partners of members that the bond's heir has no longer; without an heir those of all.
    pub fn take_leave(&mut self, heir: Option<&Config>) {
        match heir {
            Some(heir) => {
                self.engine.take_leave(heir);
                self.send();
            }
            None => self.farewell(),
        }
    }

    /// Another table, in memory of its own: whoever still reads the old one knows members by their old
    /// places. What lvsd tells in the old one's places is heard no more, and it has its time to come
    /// for the new one.
    fn renumber(&mut self, to: &Renumbering, config: &Config) -> io::Result<()> {
        self.table = table(&config.name)?;
        self.table_number += 1;
        self.published = 0;
        self.link = None;
        if self.feedback.take().is_some() {
            self.pulse.detach(now());
        }
        *self.ear = Ear::default();
        self.journal.set_members(config);
        let fresh = |i: usize| {
            let name = config.members.get(i).map_or("", |member| &*member.name);
            port(self.bond, name, config, &self.host)
        };
        self.members = to.carry(std::mem::take(&mut self.members), fresh).collect();
        Ok(())
    }

    /// Prepares the members that are new. One that cannot be is as good as missing, and tried again.
    async fn join(&mut self, interfaces: &Interfaces) {
        for port in self.members.iter_mut().filter(|port| port.is_absent()) {
            port.renew(interfaces).await;
        }
        self.observe();
    }

    /// Ends the sessions of members that go, or all of them when they are to have other ends.
    fn part_paths(&mut self, to: &Renumbering, config: &Config) {
        let Some(paths) = &mut self.paths else {
            return;
        };
        if paths.is_between_the_same(config) {
            paths.part(to, &self.members, now());
        } else {
            paths.retire(&self.members, now());
            self.paths = None;
        }
    }

    fn change_paths(&mut self, to: &Renumbering) {
        match &mut self.paths {
            Some(paths) => {
                paths.renumber(to, &self.engine);
                paths.set_config(self.engine.config(), now());
            }
            None => self.paths = Paths::new(self.bond, &self.engine, &paths::Saved::default()),
        }
    }
}

/// Memory for a bond's egress table.
pub(super) fn table(bond: &str) -> io::Result<SharedMemory> {
    SharedMemory::create(&format!("egress.{bond}"), egress::WORDS * 8)
}

/// A member that was not looked at yet.
pub(super) fn port(bond: usize, name: &str, config: &Config, host: &Host) -> MemberPort {
    let member = name.into();
    let owner = Owner { bond, member };
    let mut port = MemberPort::new(owner, config.mtu, host.sender.clone());
    port.listen_path(paths::family(config));
    port
}
