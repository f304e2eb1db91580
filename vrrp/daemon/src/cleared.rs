//! What was counted when an operator cleared last: `show` tells what came since.
//!
//! The counters themselves go on, for metrics. This is forgotten with the process, as they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::show::DropItem;
use vrrp::{Counters, Status};

use crate::plan::Key;

/// Counts of that moment, which tasks share.
#[derive(Clone, Debug, Default)]
pub struct Cleared(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    routers: Vec<(Key, Counters)>,
    /// In the order of the items, which is always the same.
    drops: Vec<u64>,
}

/// What makes a virtual router the same one, whatever it is called.
fn key(router: &Status) -> Key {
    Key {
        interface: router.interface.clone(),
        family: router.family,
        vrid: router.virtual_router_id,
    }
}

impl Cleared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything counts from here.
    pub fn clear(&self, routers: &[Status], drops: &[DropItem]) {
        let routers = routers.iter().map(|router| (key(router), router.counters));
        *self.counts() = Counts {
            routers: routers.collect(),
            drops: drops.iter().map(|item| item.count).collect(),
        };
    }

    /// After another configuration: what is gone, or counts anew, was not cleared.
    pub fn renew(&self, routers: &[Status], drops: &[DropItem]) {
        let mut counts = self.counts();
        counts.routers.retain(|(then_key, then)| {
            let mut routers = routers.iter();
            let now = routers.find(|router| key(router) == *then_key);
            now.is_some_and(|now| since(&now.counters, then).is_some())
        });
        // Some of them are sums over the virtual routers.
        for (then, now) in counts.drops.iter_mut().zip(drops) {
            *then = now.count.min(*then);
        }
    }

    /// What the virtual routers counted since.
    pub fn routers(&self, routers: &mut [Status]) {
        let counts = self.counts();
        for router in routers {
            let mut known = counts.routers.iter();
            let then = known.find(|(then_key, _)| *then_key == key(router));
            let since = then.and_then(|(_, then)| since(&router.counters, then));
            router.counters = since.unwrap_or(router.counters);
        }
    }

    /// What was dropped since.
    pub fn drops(&self, items: &mut [DropItem]) {
        for (item, then) in items.iter_mut().zip(&self.counts().drops) {
            item.count = item.count.saturating_sub(*then);
        }
    }
}

/// The difference; none when one is less than it was: something else counts by now.
fn since(now: &Counters, then: &Counters) -> Option<Counters> {
    let priority_zero_received = now.priority_zero_received;
    let checksum_pseudo_header = now.checksum_pseudo_header;
    Some(Counters {
        became_active: now.became_active.checked_sub(then.became_active)?,
        adverts_sent: now.adverts_sent.checked_sub(then.adverts_sent)?,
        priority_zero_sent: now
            .priority_zero_sent
            .checked_sub(then.priority_zero_sent)?,
        announcements_sent: now
            .announcements_sent
            .checked_sub(then.announcements_sent)?,
        adverts_received: now.adverts_received.checked_sub(then.adverts_received)?,
        priority_zero_received: priority_zero_received.checked_sub(then.priority_zero_received)?,
        checksum_pseudo_header: checksum_pseudo_header.checked_sub(then.checksum_pseudo_header)?,
        checksum_message_only: now
            .checksum_message_only
            .checked_sub(then.checksum_message_only)?,
        lower_priority: now.lower_priority.checked_sub(then.lower_priority)?,
        interval_differs: now.interval_differs.checked_sub(then.interval_differs)?,
        addresses_differ: now.addresses_differ.checked_sub(then.addresses_differ)?,
        own_frames: now.own_frames.checked_sub(then.own_frames)?,
        late: now.late.checked_sub(then.late)?,
        lost: now.lost.checked_sub(then.lost)?,
    })
}

#[cfg(test)]
mod tests {
    use control::show::Fate;
    use vrrp::Vrid;

    use super::*;

    /// A virtual router that sent and received so many adverts.
    fn router(vrid: u8, name: &str, count: u64) -> Status {
        let config = format!(
            "[bond.bond0]\nmode = 1\nmembers = [\"eth1\"]\n[vrrp.{name}]\ninterface = \"bond0\"\n\
             virtual_router_id = {vrid}\nvirtual_ipaddress = [\"10.0.0.{vrid}\"]\n"
        );
        let config = control::config::parse("a test", &config).expect("legal");
        let router =
            vrrp::VirtualRouter::new(config.routers[0].clone(), wire::Instant::from_nanos(1));
        let mut status = router.status(wire::Instant::from_nanos(1));
        assert_eq!(Some(status.virtual_router_id), Vrid::new(vrid));
        status.counters.adverts_sent = count;
        status.counters.adverts_received = 2 * count;
        status
    }

    fn drops(count: u64) -> Vec<DropItem> {
        vec![DropItem {
            reason: "ttl".into(),
            layer: "vrrp".into(),
            fate: Fate::Drop,
            count,
        }]
    }

    /// What is shown of the adverts that each sent.
    fn sent(cleared: &Cleared, routers: &[Status]) -> Vec<u64> {
        let mut routers = routers.to_vec();
        cleared.routers(&mut routers);
        routers
            .iter()
            .map(|router| router.counters.adverts_sent)
            .collect()
    }

    fn dropped(cleared: &Cleared, count: u64) -> u64 {
        let mut items = drops(count);
        cleared.drops(&mut items);
        items[0].count
    }

    #[test]
    fn what_came_since_is_shown_and_before_a_first_time_everything() {
        let cleared = Cleared::default();
        assert_eq!(sent(&cleared, &[router(51, "a", 9)]), [9]);
        assert_eq!(dropped(&cleared, 4), 4);
        cleared.clear(&[router(51, "a", 9)], &drops(4));
        assert_eq!(sent(&cleared, &[router(51, "a", 9)]), [0]);
        assert_eq!(
            sent(&cleared, &[router(51, "renamed", 12), router(52, "b", 5)]),
            [3, 5]
        );
        assert_eq!(dropped(&cleared, 6), 2);
    }

    #[test]
    fn a_virtual_router_that_comes_anew_is_shown_whole_also_when_it_has_counted_more() {
        let cleared = Cleared::default();
        let both = [router(51, "a", 9), router(52, "b", 9)];
        cleared.clear(&both, &drops(9));
        assert_eq!(sent(&cleared, &[router(51, "a", 1)]), [1]);
        cleared.renew(&[router(51, "a", 0), router(52, "b", 10)], &drops(3));
        assert_eq!(
            sent(&cleared, &[router(51, "a", 20), router(52, "b", 20)]),
            [20, 11]
        );
        assert_eq!(dropped(&cleared, 5), 2, "its own frames went with it");
    }
}
