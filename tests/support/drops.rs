//! Each reason to drop a frame, with a frame that gives it: sent to the appliance through the
//! switch, and read back through `fourfold show drops --json`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::appliance::Appliance;
use crate::lab::{Lab, SWITCH_PORTS};
use crate::plan::{Family, Method, Vip};
use crate::{run, wait};

mod advert;
mod cause;
pub mod frame;

pub use cause::CAUSES;

/// What a cause acts on.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The lab, its bond whole.
    pub lab: &'a Lab,
    /// The appliance in it.
    pub appliance: &'a Appliance,
    /// The MAC address that answers for the VIPs.
    pub bond: [u8; 6],
    /// The client's MAC address.
    pub client: [u8; 6],
}

/// A reason and what brings it about.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Layer and name in `show drops`, such as `lvs/fragment`.
    pub reason: &'static str,
    /// Sends what is dropped for this reason.
    pub produce: fn(&Scene<'_>) -> Result<()>,
}

/// What a reason's counter did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Layer and name of the reason.
    pub reason: String,
    /// Before its frame was sent.
    pub before: u64,
    /// After it.
    pub after: u64,
    /// Why it could not be produced, if so.
    pub fault: Option<String>,
}

impl<'a> Scene<'a> {
    /// Finds the addresses; the services must have answered the client before.
    pub fn new(lab: &'a Lab, appliance: &'a Appliance) -> Result<Self> {
        let namespace = lab.client_namespace().name();
        let vip = Vip::rr(Method::Nat, Family::V4).address().ip().to_string();
        let neighbours = ask_ip(&["-n", namespace, "-j", "neigh", "show", "to", &vip])?;
        let links = ask_ip(&[
            "-n",
            namespace,
            "-j",
            "link",
            "show",
            "dev",
            crate::host::INTERFACE,
        ])?;
        Ok(Self {
            lab,
            appliance,
            bond: mac(&neighbours[0]["lladdr"])
                .context("the client has no neighbour for the VIP")?,
            client: mac(&links[0]["address"]).context("the client's interface has no address")?,
        })
    }

    /// Sends one frame to the appliance's first member, as it is.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        self.lab.switch.send(SWITCH_PORTS[0], frame)
    }

    /// Every drop counter of the appliance.
    pub fn counts(&self) -> Result<BTreeMap<String, u64>> {
        counts(self.appliance)
    }
}

/// Every drop counter of an appliance, by layer and reason.
pub fn counts(appliance: &Appliance) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    collect(&appliance.show("drops")?, &mut counts);
    ensure!(!counts.is_empty(), "show drops --json has no counters");
    Ok(counts)
}

/// The reasons that no frame on the wire gives by itself: they want a ring that is full, a neighbour
/// that is silent, a bondd that never came. The test `sim` produces them in one process, and reads
/// them back by the same command.
pub const IN_PROCESS: &[&str] = &[
    "lvs/malformed",
    "lvs/nat_conflict",
    "lvs/not_active",
    "lvs/reply_too_long",
    "lvs/table_busy",
    "lvsd/bucket_queue_full",
    "lvsd/host_queue_full",
    "lvsd/host_write_failed",
    "lvsd/malformed",
    "lvsd/neighbour_queue_full",
    "lvsd/neighbour_unresolved",
    "lvsd/no_frame",
    "lvsd/no_route",
    "lvsd/not_active",
    "lvsd/not_attached",
    "lvsd/overlong",
    "lvsd/packet_too_big",
    "lvsd/redirect",
    "lvsd/tx_ring_full",
];

/// The reasons of the elections that no frame to an appliance without virtual routers gives, or none
/// that gets past the kernel's filters; the tests of `vrrp` and of `vrrpd` produce them.
pub const OF_ELECTIONS: &[&str] = &[
    "vrrp/not_vrrp",
    "vrrp/own_frame",
    "vrrp/tagged",
    "vrrpd/inactive_member",
    "vrrpd/no_member",
];

/// Produces every reason that the appliance has a counter for, but those [`IN_PROCESS`] and
/// [`OF_ELECTIONS`], one after the other.
pub fn produce_all(scene: &Scene<'_>) -> Result<Vec<Count>> {
    let reasons = scene.counts()?.into_keys();
    reasons
        .filter(|reason| {
            let elsewhere = [IN_PROCESS, OF_ELECTIONS];
            !elsewhere.iter().any(|list| list.contains(&reason.as_str()))
        })
        .map(|reason| produce(scene, reason))
        .collect()
}

fn produce(scene: &Scene<'_>, reason: String) -> Result<Count> {
    let of_reason = |counts: &BTreeMap<String, u64>| counts.get(&reason).copied().unwrap_or(0);
    let before = of_reason(&scene.counts()?);
    let Some(cause) = CAUSES.iter().find(|cause| cause.reason == reason) else {
        let fault = Some("no frame is known that gives it".to_owned());
        return Ok(Count {
            reason,
            before,
            after: before,
            fault,
        });
    };
    let produced = (cause.produce)(scene).and_then(|()| {
        wait::until(
            &format!("{reason} to be counted"),
            Duration::from_secs(5),
            || Some(of_reason(&scene.counts().ok()?)).filter(|after| *after > before),
        )
    });
    let (after, fault) = match produced {
        Ok(after) => (after, None),
        Err(error) => (before, Some(format!("{error:#}"))),
    };
    Ok(Count {
        reason,
        before,
        after,
        fault,
    })
}

/// The items of `show drops` by `layer/reason`, wherever they stand; what was handed to the kernel is
/// no drop. Counts of one reason are added up.
fn collect(value: &Value, counts: &mut BTreeMap<String, u64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, counts)),
        Value::Object(fields) => {
            let word = |name: &str| fields.get(name).and_then(Value::as_str);
            match (
                word("layer"),
                word("reason"),
                fields.get("count").and_then(Value::as_u64),
            ) {
                (Some(layer), Some(reason), Some(count)) => {
                    if word("fate") != Some("punt") {
                        *counts.entry(format!("{layer}/{reason}")).or_default() += count;
                    }
                }
                (..) => fields.values().for_each(|field| collect(field, counts)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn ask_ip(words: &[&str]) -> Result<Value> {
    let text = run::output(run::program("ip").args(words))?;
    serde_json::from_str(&text).context("reading what ip printed")
}

fn mac(value: &Value) -> Option<[u8; 6]> {
    let bytes: Option<Vec<u8>> = value
        .as_str()?
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_at_any_depth_and_added_up() {
        let item = |reason: &str, fate: &str, count: u64| serde_json::json!({"layer": "lvs", "reason": reason, "fate": fate, "count": count});
        let value = serde_json::json!({"workers": [
            {"drops": [item("malformed", "drop", 2)]},
            {"drops": [item("malformed", "drop", 3), item("fragment", "drop", 0)]},
            {"punts": [item("no_service", "punt", 7)]},
        ]});
        let mut counts = BTreeMap::new();
        collect(&value, &mut counts);
        let wanted = [
            ("lvs/fragment".to_owned(), 0),
            ("lvs/malformed".to_owned(), 5),
        ];
        assert_eq!(counts, BTreeMap::from(wanted));
    }

    #[test]
    fn each_reason_has_one_cause() {
        let mut reasons: Vec<_> = CAUSES.iter().map(|cause| cause.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), CAUSES.len());
    }

    #[test]
    fn a_mac_address_is_read_and_a_short_one_refused() {
        assert_eq!(
            mac(&Value::from("02:00:00:00:00:ff")),
            Some([2, 0, 0, 0, 0, 255])
        );
        assert_eq!(mac(&Value::from("02:00")), None);
    }
}
