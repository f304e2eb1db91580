//! Where the supervisor runs: on the appliance, or on a host that is more than that.

/// What changes with the place: docs/adr/0036-mending.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Process 1 has started it: this box is the appliance, and without the supervisor it has nothing.
    Appliance,
    /// By hand, in a lab, under another init.
    Host,
}

impl Place {
    /// Where this process runs. To be asked once, at the start: whose parent dies gets another one.
    pub fn here() -> Self {
        Self::of(nix::unistd::getppid().as_raw())
    }

    fn of(parent: i32) -> Self {
        if parent == 1 {
            Self::Appliance
        } else {
            Self::Host
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_child_of_process_1_is_on_the_appliance_and_no_other() {
        assert_eq!(Place::of(1), Place::Appliance);
        for parent in [0, 2, 4711] {
            assert_eq!(Place::of(parent), Place::Host, "{parent}");
        }
    }
}
