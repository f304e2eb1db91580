//! Every advert that was not taken, and every frame that did not leave, by reason.

use std::sync::atomic::{AtomicU64, Ordering};

use control::show::{DropItem, Fate};
use vrrp::DropReason;

/// The counters: the elections count, the main thread reads.
#[derive(Debug)]
pub struct Drops {
    engine: [AtomicU64; DropReason::ALL.len()],
    own: [AtomicU64; OwnReason::ALL.len()],
}

/// Why this daemon, not the engine, let go of a frame.
#[derive(Clone, Copy, Debug)]
pub enum OwnReason {
    /// It came by a member that receives nothing.
    InactiveMember,
    /// No member could send it.
    NoMember,
}

impl OwnReason {
    const ALL: [Self; 2] = [Self::InactiveMember, Self::NoMember];

    const fn index(self) -> usize {
        match self {
            Self::InactiveMember => 0,
            Self::NoMember => 1,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::InactiveMember => "inactive_member",
            Self::NoMember => "no_member",
        }
    }
}

impl Default for Drops {
    fn default() -> Self {
        Self {
            engine: [const { AtomicU64::new(0) }; DropReason::ALL.len()],
            own: [const { AtomicU64::new(0) }; OwnReason::ALL.len()],
        }
    }
}

impl Drops {
    /// The engine's word on a frame.
    pub fn count(&self, reason: DropReason) {
        if let Some(count) = self.engine.get(reason.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// This daemon's.
    pub fn count_own(&self, reason: OwnReason) {
        if let Some(count) = self.own.get(reason.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What `show drops` prints. `own_frames` is what the virtual routers counted themselves.
    pub fn items(&self, own_frames: u64) -> Vec<DropItem> {
        let item = |reason: &str, layer: &str, count| DropItem {
            reason: reason.to_owned(),
            layer: layer.to_owned(),
            fate: Fate::Drop,
            count,
        };
        let engine = DropReason::ALL.into_iter().zip(&self.engine);
        let engine = engine.map(|(reason, count)| {
            let counted = count.load(Ordering::Relaxed);
            let count = match reason {
                DropReason::OwnFrame => own_frames,
                _ => counted,
            };
            item(reason.name(), "vrrp", count)
        });
        let own = OwnReason::ALL.into_iter().zip(&self.own);
        let own =
            own.map(|(reason, count)| item(reason.name(), "vrrpd", count.load(Ordering::Relaxed)));
        engine.chain(own).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_listed_once_with_its_own_count() {
        let drops = Drops::default();
        drops.count(DropReason::Ttl);
        drops.count_own(OwnReason::NoMember);
        drops.count_own(OwnReason::NoMember);
        let items = drops.items(3);
        let counted = items.iter().filter(|item| item.count != 0);
        let counted: Vec<_> = counted
            .map(|item| (item.layer.as_str(), item.reason.as_str(), item.count))
            .collect();
        assert_eq!(
            counted,
            [
                ("vrrp", "ttl", 1),
                ("vrrp", "own_frame", 3),
                ("vrrpd", "no_member", 2)
            ]
        );
        let mut names: Vec<_> = items.iter().map(|item| &item.reason).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), items.len());
    }
}
