//! The configurations of two boxes that watch each other and their reals.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{bond_of, service_at};
use crate::plan::{ADVERT_INT, Family, Method, NAT_REAL_PORTS, REALS, Router, Scheduler, Vip};
use crate::real::BODY;

/// Where metrics are served, in each box's own namespace.
pub const METRICS: &str = "127.0.0.1:9105";
/// The name of the service that comes and goes.
pub const EXTRA: &str = "extra";
/// The bond's address that comes and goes.
pub const SPARE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 80, 3, 1));

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// From the end of one probe to the start of the next.
    pub interval: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Successes in a row that bring a real back.
    pub rise: u32,
    /// Failures in a row that take it out.
    pub fall: u32,
}

/// The check of every real: an HTTP GET of [`BODY`].
pub const CHECK: Check = Check {
    interval: Duration::from_millis(500),
    timeout: Duration::from_millis(500),
    rise: 2,
    fall: 2,
};

impl Check {
    /// After this at the latest no new connection reaches a dead real.
    pub fn failure_window(&self) -> Duration {
        (self.interval + self.timeout) * self.fall
    }

    /// After this at the latest a real that is well again gets connections.
    pub fn success_window(&self) -> Duration {
        self.interval * self.rise
    }
}

/// What can differ between two configurations of one box; the rest is as the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Which box: 1 or 2.
    pub number: u8,
    /// Whether a preferred box takes over from a living Active.
    pub preempt: bool,
    /// The weights of the reals of each Maglev service.
    pub weights: [u32; REALS as usize],
    /// Whether there is a service [`EXTRA`] at [`extra_address`].
    pub extra: bool,
    /// Where metrics are served.
    pub metrics: String,
    /// What a router's priority changes by when no real of its rr service is up.
    pub track_weight: i16,
    /// Whether the bond has the address [`SPARE`] too.
    pub spare: bool,
}

impl Variant {
    /// What the plan gives box `number`: nobody preempts.
    pub fn new(number: u8) -> Self {
        let vip = Vip::maglev(Method::Nat, Family::V4);
        Self {
            number,
            preempt: false,
            weights: vip.weights(),
            extra: false,
            metrics: METRICS.to_owned(),
            track_weight: -50,
            spare: false,
        }
    }

    /// The same, and each box becomes Active for what it is preferred for.
    pub fn preempting(number: u8) -> Self {
        Self {
            preempt: true,
            ..Self::new(number)
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        let mut bond = bond_of(self.number);
        if self.spare {
            let more = format!("addresses = [\"{SPARE}/24\", ");
            bond = bond.replace("addresses = [", &more);
        }
        let mut text = format!("[metrics]\nlisten = \"{}\"\n\n{bond}", self.metrics);
        for router in Router::all() {
            text.push_str(&self.virtual_router(router));
        }
        for vip in Vip::all() {
            let weights = match vip.scheduler {
                Scheduler::RoundRobin => vip.weights(),
                Scheduler::Maglev => self.weights,
            };
            text.push_str(&service_at(
                &vip.name(),
                vip.address(),
                &vip,
                &vip.reals(),
                weights,
            ));
            text.push_str(&check(&vip.name()));
        }
        if self.extra {
            let like = Vip::rr(Method::Nat, Family::V4);
            text.push_str(&service_at(
                EXTRA,
                extra_address(),
                &like,
                &like.reals_at(NAT_REAL_PORTS[2]),
                like.weights(),
            ));
            text.push_str(&check(EXTRA));
        }
        text
    }

    fn virtual_router(&self, router: Router) -> String {
        let addresses = router.addresses().into_iter();
        let addresses: Vec<String> = addresses.map(|address| format!("\"{address}\"")).collect();
        let (name, service) = (router.name(), Vip::rr(router.method, router.family).name());
        let mut text = format!(
            "\n[vrrp.{name}]\ninterface = \"bond0\"\nvirtual_router_id = {}\npriority = {}\n\
             advert_int = {}\npreempt = {}\nvirtual_ipaddress = [{}]\n",
            router.vrid(),
            router.priority(self.number),
            ADVERT_INT.as_secs_f64(),
            self.preempt,
            addresses.join(", ")
        );
        let weight = self.track_weight;
        // Writing to a string cannot fail.
        writeln!(
            text,
            "[vrrp.{name}.track_service.{service}]\nweight = {weight}"
        )
        .ok();
        text
    }
}

/// Another port of a VIP of the inside router.
pub fn extra_address() -> SocketAddr {
    let vip = Vip::rr(Method::Nat, Family::V4);
    SocketAddr::new(vip.address().ip(), 81)
}

fn check(service: &str) -> String {
    format!(
        "[service.{service}.check]\ntype = \"http\"\ninterval = {}\ntimeout = {}\nrise = {}\n\
         fall = {}\npath = \"{BODY}\"\n",
        CHECK.interval.as_secs_f64(),
        CHECK.timeout.as_secs_f64(),
        CHECK.rise,
        CHECK.fall
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_boxes_differ_in_their_own_addresses_and_priorities_only() {
        let [one, two] = [1, 2].map(|number| Variant::new(number).text());
        let differing = one.lines().zip(two.lines()).filter(|(a, b)| a != b);
        let keys: Vec<&str> = differing
            .map(|(line, _)| line.split(" = ").next().unwrap_or_default())
            .collect();
        assert_eq!(
            keys,
            ["addresses", "priority", "priority", "priority", "priority"]
        );
        assert_eq!(one.lines().count(), two.lines().count());
    }

    #[test]
    fn every_service_has_its_check_and_every_router_its_words() {
        let text = Variant::new(1).text();
        assert_eq!(text.matches(".check]\ntype = \"http\"\n").count(), 8);
        assert!(text.contains(
            "[vrrp.inside-v4]\ninterface = \"bond0\"\nvirtual_router_id = 51\npriority = 200\n\
             advert_int = 0.1\npreempt = false\n\
             virtual_ipaddress = [\"10.80.1.100\", \"10.80.1.101\", \"10.80.2.1\"]\n\
             [vrrp.inside-v4.track_service.nat-v4-rr]\nweight = -50\n"
        ));
        assert!(!text.contains(EXTRA) && !text.contains("10.80.3.1"));
    }

    #[test]
    fn what_comes_and_goes_is_there_when_it_is_asked_for() {
        let more = Variant {
            extra: true,
            spare: true,
            weights: [1, 3, 5],
            ..Variant::preempting(2)
        };
        let text = more.text();
        assert!(text.contains("[service.extra]\n") && text.contains("\"10.80.1.100:81\""));
        assert!(text.contains("addresses = [\"10.80.3.1/24\", "));
        assert!(
            text.contains("[service.dr-v6-maglev.real.\"[2001:db8:80:2::13]:80\"]\nweight = 5\n")
        );
        assert!(text.contains("preempt = true\n") && !text.contains("preempt = false\n"));
    }

    #[test]
    fn every_variant_is_a_legal_configuration_and_no_two_read_the_same() {
        let whole = Variant {
            extra: true,
            spare: true,
            ..Variant::preempting(1)
        };
        let variants = [
            Variant::new(1),
            Variant::new(2),
            Variant::preempting(1),
            whole,
        ];
        let texts = variants.map(|variant| super::super::canonical(&variant.text()).unwrap());
        let mut different = texts.to_vec();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), texts.len());
    }

    #[test]
    fn the_windows_are_the_operators_formulas() {
        assert_eq!(CHECK.failure_window(), Duration::from_secs(2));
        assert_eq!(CHECK.success_window(), Duration::from_secs(1));
    }
}
