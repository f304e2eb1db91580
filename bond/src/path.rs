//! Micro-BFD's say in which members are used (RFC 7130): the sessions are the host's.
//!
//! A path that is not open keeps its member from sending, and nothing else: LACP goes on, since the
//! other end may have a session only where LACP distributes, and what arrives is taken. Neither
//! `updelay` nor `downdelay` applies.

use crate::Bond;
use crate::bond::Engine;
use crate::lacp::selection::Selected;
use crate::member::Hold;

impl Bond {
    /// Whether a member is to have a session: the mode uses it, or has it in reserve (RFC 7130: a
    /// link that is Distributing or Standby).
    #[must_use]
    pub fn is_path_wanted(&self, i: usize) -> bool {
        let is_standby = match &self.engine {
            Engine::Static | Engine::ActiveBackup { .. } | Engine::Adaptive(_) => false,
            Engine::Ieee8023ad(lacp) => {
                let port = lacp.ports().get(i);
                port.is_some_and(|port| port.selected == Selected::Standby)
            }
        };
        self.config.micro_bfd.is_some() && (self.is_admitted(i) || is_standby)
    }

    /// Whether micro-BFD lets a member be used.
    #[must_use]
    pub fn is_path_open(&self, i: usize) -> bool {
        let member = self.members.get(i);
        member.is_some_and(|member| !member.is_held_by(Hold::Path))
    }

    pub(crate) fn path(&mut self, i: usize, is_open: bool) {
        let is_guarded = self.config.micro_bfd.is_some();
        if let Some(member) = self.members.get_mut(i) {
            member.hold(Hold::Path, is_guarded && !is_open);
        }
    }

    /// With micro-BFD, members that are `affected` are not used until their sessions are up;
    /// without, none is kept from use.
    pub(crate) fn guard_paths(&mut self, affected: impl Fn(usize) -> bool) {
        let is_guarded = self.config.micro_bfd.is_some();
        for (i, member) in self.members.iter_mut().enumerate() {
            if !is_guarded || affected(i) {
                member.hold(Hold::Path, is_guarded);
            }
        }
    }

    /// Micro-BFD was configured, or no longer is: a member that is in use stays so until its session
    /// was up once.
    pub(crate) fn provision_paths(&mut self) {
        let used = self.table.usable.clone();
        self.guard_paths(|i| !used.iter().any(|member| usize::from(*member) == i));
    }
}
