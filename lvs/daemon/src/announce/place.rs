//! A bond's place, and what is still to be said of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bond::Mode;
use control::config::Config;
use wire::{Duration, Instant, Mac};

use super::announcement;
use super::burst::Burst;
use super::groups::Groups;
use crate::nexthop::NextHops;
use crate::shared::Shared;

/// Between two announcements of an address, unless `peer_notif_delay` or `miimon` says otherwise.
const PACE: Duration = Duration::from_millis(100);
/// Between two reports of a group, as Linux has it.
const REPORT_PACE: Duration = Duration::from_millis(200);

/// What a bond announces, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The addresses of its host interface and of the VLANs on it.
    own: Vec<(Option<u16>, IpAddr)>,
    /// Its host interface and those of its VLANs, which the kernel may be in groups by.
    interfaces: Vec<(Option<u16>, String)>,
    announcements: u32,
    pace: Duration,
    reports: u32,
}

impl Plan {
    /// By bond, in the configuration's order.
    #[must_use]
    pub fn of(config: &Config) -> Vec<Self> {
        config.bonds.iter().map(|bond| plan(config, bond)).collect()
    }
}

impl Plan {
    /// Whether this is an address of the bond's, or of a service that is no virtual router's.
    #[must_use]
    pub fn has(&self, address: IpAddr, virtuals: &[IpAddr]) -> bool {
        let is_link_local = match address {
            IpAddr::V4(_) => false,
            // The kernel's own: none is configured.
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        let mut own = self.own.iter();
        is_link_local || own.any(|(_, own)| *own == address) || virtuals.contains(&address)
    }
}

fn plan(config: &Config, bond: &bond::Config) -> Plan {
    let mut plan = Plan {
        own: bond.addresses.iter().map(|own| (None, own.ip)).collect(),
        interfaces: vec![(None, bond.name.clone())],
        announcements: bond.num_grat_arp.into(),
        pace: pace(bond),
        reports: bond.resend_igmp.into(),
    };
    for vlan in config.vlans.iter().filter(|vlan| vlan.bond == bond.name) {
        let addresses = vlan.addresses.iter();
        plan.own
            .extend(addresses.map(|own| (Some(vlan.id), own.ip)));
        plan.interfaces.push((Some(vlan.id), vlan.interface()));
    }
    plan
}

fn pace(bond: &bond::Config) -> Duration {
    match (bond.peer_notif_delay, bond.miimon) {
        (0, 0) => PACE,
        (0, period) => Duration::from_millis(period.into()),
        (delay, _) => Duration::from_millis(delay.into()),
    }
}

/// Where a bond is, as its network was told last, and what is still to be told.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The member that it is behind, and the bond's MAC.
    behind: Option<(u8, Mac)>,
    /// The member that group reports leave by, where it is always one.
    reporter: Option<u8>,
    /// Virtual addresses to announce as soon as the kernel has a route for them by this bond, and
    /// the snapshot that was looked into last.
    unannounced: Vec<IpAddr>,
    looked_into: Option<Arc<NextHops>>,
    announcements: Burst,
    reports: Burst,
}

impl Place {
    /// bondd has published another table: the bond may be behind another member.
    pub fn follow(&mut self, table: &bond::egress::Table, plan: &Plan, now: Instant) {
        let behind = table.place().map(|member| (member, table.bond_mac));
        if behind.is_some() && behind != self.behind {
            // Only a failover is worth saying more than once: switches may lose frames meanwhile.
            let is_failover = self.behind.is_some() && has_active(table.mode);
            let announcements = if is_failover { plan.announcements } else { 1 };
            self.announcements = Burst::new(announcements, plan.pace, now);
        }
        self.behind = behind;
        let reporter = reporter(table);
        if reporter.is_some() && self.reporter.is_some_and(|before| Some(before) != reporter) {
            self.reports = Burst::new(plan.reports, REPORT_PACE, now);
        }
        // With nobody usable the switch still knows the last one.
        self.reporter = reporter.or(self.reporter);
    }

    /// Virtual addresses that were not ours to announce before: hosts know them by the MAC of the
    /// virtual router that they were in, or do not know them.
    pub fn serve(&mut self, before: &[IpAddr], virtuals: &[IpAddr]) {
        self.unannounced
            .retain(|address| virtuals.contains(address));
        // A bond without a place announces all of them as soon as it has one.
        if self.behind.is_some() {
            let new = virtuals.iter().filter(|address| !before.contains(address));
            self.unannounced.extend(new);
            self.looked_into = None;
        }
    }

    /// What is to be said now, as frames.
    pub fn say(
        &mut self,
        shared: &Shared,
        bond: usize,
        (plan, virtuals): (&Plan, &[IpAddr]),
        mac: Mac,
        now: Instant,
    ) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        if self.announcements.take(now) {
            self.unannounced = virtuals.to_vec();
            self.looked_into = None;
            let own = plan.own.iter();
            frames.extend(own.map(|(vlan, address)| announcement(mac, *vlan, *address)));
        }
        if self.reports.take(now) {
            frames.extend(reports(plan, mac));
        }
        let routed = self.routed(shared, bond);
        frames.extend(routed.map(|address| announcement(mac, None, address)));
        frames
    }

    /// The virtual addresses that waited and have a route by this bond now.
    fn routed(&mut self, shared: &Shared, bond: usize) -> std::vec::IntoIter<IpAddr> {
        if self.unannounced.is_empty() {
            return Vec::new().into_iter();
        }
        let hops = shared.hops.load_full();
        let before = self.looked_into.as_ref();
        if before.is_some_and(|before| Arc::ptr_eq(before, &hops)) {
            return Vec::new().into_iter();
        }
        let is_here = |address: &IpAddr| hops.bond_towards(*address) == Some(bond);
        let (here, elsewhere) = self
            .unannounced
            .iter()
            .partition(|address| is_here(address));
        self.unannounced = elsewhere;
        self.looked_into = Some(hops);
        Vec::into_iter(here)
    }
}

/// Whether the bond is behind one member, which may be another one.
const fn has_active(mode: Mode) -> bool {
    match mode {
        Mode::ActiveBackup | Mode::BalanceTlb | Mode::BalanceAlb => true,
        Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast | Mode::Ieee8023ad => false,
    }
}

/// In these modes a snooping switch hears of groups by one member only, which may change.
fn reporter(table: &bond::egress::Table) -> Option<u8> {
    match table.mode {
        Mode::BalanceRr | Mode::ActiveBackup => table.usable.first().copied(),
        Mode::BalanceTlb | Mode::BalanceAlb => table.place(),
        Mode::BalanceXor | Mode::Broadcast | Mode::Ieee8023ad => None,
    }
}

/// The reports of all groups that the kernel is in by the bond and its VLANs.
fn reports(plan: &Plan, mac: Mac) -> Vec<Vec<u8>> {
    let of = |(vlan, interface): &(Option<u16>, String)| {
        Groups::of(interface).reports(mac, *vlan, source(plan, *vlan))
    };
    plan.interfaces.iter().flat_map(of).collect()
}

/// An address of ours of each family on that network. A report without one is legal (RFC 3376 4.2.13,
/// RFC 3590 section 4).
fn source(plan: &Plan, vlan: Option<u16>) -> (Ipv4Addr, Ipv6Addr) {
    let own = || plan.own.iter().filter(|(of, _)| *of == vlan);
    let v4 = own().find_map(|(_, address)| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    });
    // Only a link-local address may say more than none, and no configuration has one.
    (v4.unwrap_or(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED)
}

#[cfg(test)]
mod tests {
    use bond::egress::Table;

    use super::*;

    fn ip(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn behind(member: u8, mode: Mode) -> Table {
        Table {
            mode,
            usable: [member].into_iter().collect(),
            ..Table::default()
        }
    }

    /// When a burst is due, of the second after a bond has come up and moved.
    fn times(mode: Mode, take: impl Fn(&mut Place, Instant) -> bool) -> Vec<u64> {
        let plan = Plan {
            announcements: 3,
            pace: PACE,
            reports: 2,
            ..Plan::default()
        };
        let mut place = Place::default();
        place.follow(&behind(0, mode), &plan, at(0));
        let mut times: Vec<u64> = (0..500).filter(|ms| take(&mut place, at(*ms))).collect();
        place.follow(&behind(1, mode), &plan, at(500));
        times.extend((500..2_000).filter(|ms| take(&mut place, at(*ms))));
        times
    }

    #[test]
    fn a_bond_that_comes_up_is_announced_once_and_a_failover_as_often_as_configured() {
        let announced = |place: &mut Place, now| place.announcements.take(now);
        assert_eq!(times(Mode::ActiveBackup, announced), [0, 500, 600, 700]);
        let reported = |place: &mut Place, now| place.reports.take(now);
        assert_eq!(times(Mode::ActiveBackup, reported), [500, 700]);
        assert_eq!(times(Mode::BalanceRr, reported), [500, 700]);
        for mode in [Mode::BalanceTlb, Mode::BalanceAlb] {
            assert_eq!(times(mode, announced), [0, 500, 600, 700]);
            assert_eq!(times(mode, reported), [500, 700]);
        }
        assert_eq!(times(Mode::BalanceXor, reported), [0; 0]);
    }

    #[test]
    fn a_bond_that_stays_where_it_is_is_announced_as_after_a_failover_when_its_mac_is_another() {
        let with = |mac| Table {
            bond_mac: Mac([2, 0, 0, 0, 0, mac]),
            ..behind(0, Mode::ActiveBackup)
        };
        let plan = Plan {
            announcements: 3,
            pace: PACE,
            ..Plan::default()
        };
        for (mac, times) in [(1, 1), (2, 4)] {
            let mut place = Place::default();
            place.follow(&with(1), &plan, at(0));
            assert!(place.announcements.take(at(0)));
            place.follow(&with(mac), &plan, at(1));
            let again = (1..1_000).filter(|ms| place.announcements.take(at(*ms)));
            assert_eq!(again.count() + 1, times, "MAC {mac}");
        }
    }

    #[test]
    fn an_aggregation_is_one_place_whatever_its_members_do() {
        let announced = |place: &mut Place, now| place.announcements.take(now);
        assert_eq!(times(Mode::Ieee8023ad, announced), [0]);
    }

    #[test]
    fn the_pace_is_the_configured_delay_or_the_monitors_period_or_100_ms() {
        let mut bond = bond::Config::new("bond0", Mode::ActiveBackup, &["eth1"]);
        assert_eq!(pace(&bond), PACE);
        bond.miimon = 50;
        assert_eq!(pace(&bond), Duration::from_millis(50));
        bond.peer_notif_delay = 300;
        assert_eq!(pace(&bond), Duration::from_millis(300));
    }

    #[test]
    fn a_plan_has_the_addresses_of_the_bond_and_of_the_vlans_on_it_and_no_others() {
        let text = "[bond.bond0]\nmode = \"active-backup\"\nmembers = [\"eth1\"]\n\
                    addresses = [\"10.0.0.2/24\"]\n[bond.bond0.vlan.100]\naddresses = [\"10.1.0.2/24\"]\n\
                    [bond.bond1]\nmode = \"active-backup\"\nmembers = [\"eth2\"]\naddresses = [\"10.2.0.2/24\"]\n";
        let config = control::config::parse("test", text).unwrap();
        let plans = Plan::of(&config);
        assert_eq!(
            plans[0].own,
            [(None, ip(2)), (Some(100), [10, 1, 0, 2].into())]
        );
        assert_eq!(plans[0].interfaces[1], (Some(100), "bond0.100".to_owned()));
        assert_eq!(plans[1].own, [(None, [10, 2, 0, 2].into())]);
        let from = source(&plans[0], Some(100));
        assert_eq!(from, ([10, 1, 0, 2].into(), Ipv6Addr::UNSPECIFIED));
        assert_eq!(source(&plans[0], Some(7)).0, Ipv4Addr::UNSPECIFIED);
    }

    #[test]
    fn an_address_that_no_virtual_router_has_any_more_is_announced_and_one_that_joins_is_not() {
        let mut place = Place {
            behind: Some((0, Mac::ZERO)),
            unannounced: vec![ip(1), ip(2)],
            looked_into: Some(Arc::default()),
            ..Place::default()
        };
        place.serve(&[ip(1), ip(2), ip(3)], &[ip(2), ip(3), ip(4)]);
        assert_eq!(place.unannounced, [ip(2), ip(4)]);
        assert!(place.looked_into.is_none(), "its route is there already");
    }

    #[test]
    fn an_address_is_spoken_for_that_is_the_bonds_a_services_or_the_kernels_own() {
        let plan = Plan {
            own: vec![(None, ip(1)), (Some(7), ip(2))],
            ..Plan::default()
        };
        let has = |address| plan.has(address, &[ip(100)]);
        assert!(has(ip(1)) && has(ip(2)) && has(ip(100)));
        assert!(has("fe80::1".parse().unwrap()));
        assert!(!has(ip(3)) && !has("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_bond_without_a_usable_member_announces_nothing_yet() {
        let mut place = Place::default();
        place.serve(&[], &[ip(1)]);
        assert!(place.unannounced.is_empty());
    }
}
