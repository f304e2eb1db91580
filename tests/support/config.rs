//! The appliance's configuration for the lab.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Result, anyhow};

use crate::lab::MEMBERS;
use crate::ovs::LacpRate;
use crate::plan::{self, Family, Method, PREFIX_V4, PREFIX_V6, REALS, Scheduler, Subnet, Vip};

mod pair;

pub use pair::{CHECK, Check, EXTRA, METRICS, SPARE, Variant, extra_address};

/// The one form that every configuration of this meaning is committed in.
pub fn canonical(text: &str) -> Result<String> {
    let config = control::config::parse("the lab's", text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow!(lines.join("\n"))
    })?;
    Ok(control::config::print(&config))
}

/// One 802.3ad bond of both members with the appliance's addresses, and the eight services.
pub fn appliance(rate: LacpRate) -> String {
    let mut text = bond(rate);
    for vip in Vip::all() {
        text.push_str(&service(&vip));
    }
    text
}

/// The bond alone, with a lone appliance's addresses.
pub fn bond(rate: LacpRate) -> String {
    bond_with(rate, plan::appliance)
}

/// The bond of box `number` alone, where there are two.
pub fn bond_of(number: u8) -> String {
    bond_with(LacpRate::Fast, |family, subnet| {
        plan::own(number, family, subnet)
    })
}

fn bond_with(rate: LacpRate, own: impl Fn(Family, Subnet) -> IpAddr) -> String {
    let members = MEMBERS.map(|member| format!("\"{member}\"")).join(", ");
    let addresses: Vec<String> = [Family::V4, Family::V6]
        .into_iter()
        .flat_map(|family| [Subnet::A, Subnet::B].map(|subnet| (family, subnet)))
        .map(|(family, subnet)| with_prefix(family, own(family, subnet)))
        .collect();
    format!(
        "[bond.bond0]\nmode = \"802.3ad\"\nmembers = [{members}]\nlacp_rate = \"{}\"\n\
         xmit_hash_policy = \"layer3+4\"\naddresses = [{}]\n",
        rate.word(),
        addresses.join(", ")
    )
}

/// One service with its three reals.
pub fn service(vip: &Vip) -> String {
    service_at(&vip.name(), vip.address(), vip, &vip.reals(), vip.weights())
}

/// A service like that of `vip`, under another name, at another address, with
/// other reals.
fn service_at(
    name: &str,
    address: SocketAddr,
    vip: &Vip,
    reals: &[SocketAddr],
    weights: [u32; REALS as usize],
) -> String {
    let method = match vip.method {
        Method::Nat => "nat",
        Method::Dr => "dr",
    };
    let scheduler = match vip.scheduler {
        Scheduler::RoundRobin => "rr",
        Scheduler::Maglev => "maglev",
    };
    let mut text = format!(
        "\n[service.{name}]\nprotocol = \"tcp\"\naddress = \"{address}\"\nmethod = \"{method}\"\n\
         scheduler = \"{scheduler}\"\n"
    );
    for (real, weight) in reals.iter().zip(weights) {
        // Writing to a string cannot fail.
        writeln!(text, "[service.{name}.real.\"{real}\"]\nweight = {weight}").ok();
    }
    text
}

fn with_prefix(family: Family, address: IpAddr) -> String {
    let prefix = match family {
        Family::V4 => PREFIX_V4,
        Family::V6 => PREFIX_V6,
    };
    format!("\"{address}/{prefix}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_reads_as_the_configuration_format_has_it() {
        let vip = Vip {
            method: Method::Nat,
            family: Family::V4,
            scheduler: Scheduler::Maglev,
        };
        let text = service(&vip);
        assert!(text.contains(
            "[service.nat-v4-maglev]\nprotocol = \"tcp\"\naddress = \"10.80.1.101:80\"\n"
        ));
        assert!(text.contains("[service.nat-v4-maglev.real.\"10.80.2.11:8081\"]\nweight = 5\n"));
    }

    #[test]
    fn the_bond_has_both_members_and_an_address_in_each_subnet_and_family() {
        let text = bond(LacpRate::Slow);
        assert!(text.contains("members = [\"eth1\", \"eth2\"]\nlacp_rate = \"slow\"\n"));
        assert_eq!(
            text.matches("10.80.").count() + text.matches("2001:db8:80:").count(),
            4
        );
    }
}
